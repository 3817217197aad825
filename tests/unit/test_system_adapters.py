"""Progress sinks and the default data directory."""

import sys
from pathlib import Path

import pytest

from fileroom.adapters.system.paths import default_data_dir
from fileroom.adapters.system.progress import NullProgress, RecordingProgress
from fileroom.application.ports.progress import Progress
from tests.contract.object_stores import run_together


def test_recording_progress_keeps_every_report_in_order() -> None:
    sink = RecordingProgress()
    assert sink.last is None
    reports = [Progress(task="importing", done=number) for number in range(3)]
    for report in reports:
        sink.report(report)
    assert sink.reports == tuple(reports)
    assert sink.last == reports[-1]


def test_recording_progress_loses_nothing_between_threads() -> None:
    sink = RecordingProgress()

    def work(thread: int) -> None:
        for number in range(100):
            sink.report(Progress(task=str(thread), done=number))

    run_together(work, threads=4)
    assert len(sink.reports) == 400


def test_null_progress_takes_every_report() -> None:
    NullProgress().report(Progress(task="importing", done=1))


@pytest.mark.skipif(sys.platform != "linux", reason="the place is another one elsewhere")
def test_default_data_dir_is_the_platforms_and_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_dir() == tmp_path / "fileroom"
    assert list(tmp_path.iterdir()) == []
