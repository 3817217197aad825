"""A private PostgreSQL server for tests, on a socket in a folder of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

USER = "fileroom"
START_SECONDS = 30
STOP_SECONDS = 30


@contextmanager
def running_server() -> Iterator[Path]:
    """The folder of the socket of a server that trusts whoever can reach it; there is no network port.

    A missing program skips the test, or fails it where the environment says ``FILEROOM_REQUIRE_PEERS=1``.
    """
    programs = _programs()
    if programs is None:
        if os.environ.get("FILEROOM_REQUIRE_PEERS") == "1":
            pytest.fail("PostgreSQL is not installed, and FILEROOM_REQUIRE_PEERS=1 wants it")
        pytest.skip("PostgreSQL is not installed (initdb and postgres)")
    # The path of a socket has room for about 100 characters, so this is not a folder of pytest's.
    with tempfile.TemporaryDirectory(prefix="fileroom-pg-") as name, _running(programs, Path(name)) as folder:
        yield folder


def _programs() -> Path | None:
    """The folder of the server's programs; distributions keep them off PATH."""
    found = shutil.which("postgres")
    candidates = [Path(found).resolve().parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    usable = (one for one in candidates if (one / "initdb").exists() and (one / "postgres").exists())
    return next(usable, None)


def _unprivileged() -> dict[str, Any]:
    """Arguments for a child process that is not root, since PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return {}
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        account = pwd.getpwnam("nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextmanager
def _running(programs: Path, folder: Path) -> Iterator[Path]:
    as_whom = _unprivileged()
    if as_whom:
        os.chown(folder, as_whom["user"], as_whom["group"])
    data = folder / "data"
    common: dict[str, Any] = {
        "cwd": folder,
        "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        **as_whom,
    }
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
        check=True,
        capture_output=True,
        timeout=120,
        **common,
    )
    options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, *options], stdout=log, stderr=log, **common
        ) as server,
    ):
        try:
            _wait_until_it_answers(folder, server)
            yield folder
        finally:
            server.send_signal(2)  # SIGINT: a fast shutdown, which ends sessions
            server.wait(STOP_SECONDS)


def _wait_until_it_answers(folder: Path, server: subprocess.Popen[bytes]) -> None:
    ended = False
    for _ in range(START_SECONDS * 20):
        ended = server.poll() is not None
        if ended:
            break
        try:
            psycopg.connect(f"host={folder} user={USER} dbname=postgres").close()
            return
        except psycopg.OperationalError:
            try:
                server.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
    pytest.fail(f"PostgreSQL did not start{' and ended' * ended}: {(folder / 'log').read_text()}")
