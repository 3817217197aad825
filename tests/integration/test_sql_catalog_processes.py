"""Several processes on one SQLite catalog: none loses a write, and what was acknowledged survives a kill."""

import subprocess
import sys
from pathlib import Path

import pytest

from fileroom.adapters.catalog.sql.catalog import SqlCatalog
from tests.builders import a_uid
from tests.contract.catalogs import ALL, FIRST_PAGE

ROOT = Path(__file__).parents[2]
PROCESSES, EACH = 4, 30

# A writer in a process of its own: says when it is ready, waits for a line, and prints what has been acknowledged.
WRITER = """
import os, sys, threading
from fileroom.adapters.catalog.sql.catalog import SqlCatalog
from tests.builders import a_record, an_entry

url, study, count, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
catalog = SqlCatalog(url)

def write(series):
    for number in range(1, count + 1):
        entry = an_entry(a_record(number, series=series, study=study, PatientID="P"))
        catalog.record([entry])
        os.write(1, (entry.record.sop_instance_uid + "\\n").encode())  # a line is written whole or not at all

running = [threading.Thread(target=write, args=(series,)) for series in range(1, threads + 1)]
for thread in running:
    thread.start()
for thread in running:
    thread.join()
catalog.close()
"""


def start_writer(url: str, *, study: int, count: int, threads: int = 1) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(study), str(count), str(threads)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_processes_make_and_fill_one_catalog_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'catalog.sqlite3'}"
    writers = [start_writer(url, study=study, count=EACH) for study in range(1, PROCESSES + 1)]
    for writer in writers:
        let_go(writer)
    acknowledged = [line for writer in writers for line in writer.communicate(timeout=100)[0].split()]
    assert [writer.returncode for writer in writers] == [0] * PROCESSES
    catalog = SqlCatalog(url)
    assert catalog.present(acknowledged) == set(acknowledged)
    assert len(set(acknowledged)) == PROCESSES * EACH
    totals = catalog.totals()
    assert (totals.patients, totals.studies, totals.instances) == (1, PROCESSES, PROCESSES * EACH)
    assert [study.instance_count for study in catalog.studies(ALL, FIRST_PAGE)] == [EACH] * PROCESSES
    catalog.close()


@pytest.mark.parametrize("threads", [1, 4])
def test_acknowledged_instances_survive_when_the_process_is_killed(tmp_path: Path, threads: int) -> None:
    url = f"sqlite:///{tmp_path / 'catalog.sqlite3'}"
    writer = start_writer(url, study=1, count=1_000_000, threads=threads)
    let_go(writer)
    assert writer.stdout is not None
    acknowledged = [writer.stdout.readline().strip() for _ in range(100)]
    writer.kill()
    acknowledged += writer.communicate(timeout=100)[0].split()
    catalog = SqlCatalog(url)
    assert catalog.present(acknowledged) == set(acknowledged)
    totals = catalog.totals()
    (study,) = catalog.studies(ALL, FIRST_PAGE)
    series = catalog.series(a_uid(1), ALL, FIRST_PAGE)
    assert study.instance_count == totals.instances == sum(one.instance_count for one in series)
    assert [one.instance_count for one in series] == [
        catalog.count_instances(one.series_instance_uid, ALL) for one in series
    ]
    catalog.close()
