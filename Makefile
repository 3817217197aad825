# One recipe for people, commit hooks and CI: `make check`.

SHELL := /bin/bash
.DEFAULT_GOAL := check

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXTRAS := dev,tui,codecs,postgresql
# The first interpreter that is new enough; `make PYTHON=... ` chooses another.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# Programs that are started again and again are compiled once, also where the environment says otherwise.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install demo check lint test format bench clean

install: $(STAMP)

# A virtual environment that is there already is kept and brought up to date.
$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "fileroom needs Python 3.11 or newer" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$(EXTRAS)]"
	touch $@

demo: $(STAMP)
	$(BIN)/fileroom demo

check: lint test

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# FILEROOM_REQUIRE_PEERS=1 makes a missing DCMTK, Orthanc or PostgreSQL a failure; otherwise those tests are skipped.
# A file goes to one process whole: what talks to peers starts them once a file.
test: $(STAMP)
	$(BIN)/pytest --numprocesses auto --dist loadfile $(ARGS)

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# `make bench` measures beside other programs and takes a while; ARGS="network receive", ARGS="compare --quick" or
# ARGS=object_store measure a part of it, less of it, something else; `python -m bench` tells what there is.
bench: $(STAMP)
	$(BIN)/python -m bench $(or $(ARGS),compare)

clean:
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
