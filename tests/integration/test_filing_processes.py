"""Two processes that file the same instances at once, the catalog following their answers: one of each stays."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fileroom.adapters.catalog.sql.catalog import SqlCatalog
from fileroom.domain.filing import DuplicatePolicy
from tests.builders import a_record
from tests.entrypoints.agreement import assert_agreement
from tests.integration.filing_room import OBJECTS, send_all, writing_room

ROOT = Path(__file__).parents[2]
THREADS = 3

OTHER = """
import sys
from pathlib import Path
from fileroom.domain.filing import DuplicatePolicy
from tests.integration.filing_room import send_all, writing_room

with writing_room(Path(sys.argv[1]), DuplicatePolicy(sys.argv[2])) as receive:
    print("ready", flush=True)
    sys.stdin.readline()
    send_all(receive, pixel_bytes=int(sys.argv[3]))
"""


@pytest.mark.parametrize("policy", DuplicatePolicy)
@pytest.mark.parametrize("their_bytes", [512, 1024], ids=["same content", "other content"])
def test_processes_that_file_the_same_instances_leave_one_of_each(
    tmp_path: Path, policy: DuplicatePolicy, their_bytes: int
) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(tmp_path), policy.value, str(their_bytes)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "ready\n"
    with writing_room(tmp_path, policy) as receive:
        crew = [
            threading.Thread(target=send_all, args=(receive,), kwargs={"pixel_bytes": 512})
            for _ in range(THREADS)
        ]
        assert other.stdin is not None
        other.stdin.write("\n")
        other.stdin.flush()
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
        other.communicate(timeout=60)
        assert other.returncode == 0

    assert set(assert_agreement(tmp_path)) == {
        a_record(number).sop_instance_uid for number in range(1, OBJECTS + 1)
    }
    if their_bytes == 512:
        catalog = SqlCatalog(f"sqlite:///{tmp_path / 'fileroom.sqlite3'}")
        entries = [catalog.instance(a_record(number).sop_instance_uid) for number in range(1, OBJECTS + 1)]
        catalog.close()
        assert [entry and entry.duplicates for entry in entries] == [THREADS] * OBJECTS
