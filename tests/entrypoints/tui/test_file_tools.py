"""The tools for files at the keyboard: typed, and by their form, on files and on what is here."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from textual.pilot import Pilot

from fileroom.domain.pixel_values import MAX_BINS
from fileroom.domain.rendering import ImageFormat
from fileroom.domain.task import TaskState
from fileroom.entrypoints.tui.app import FileroomApp
from fileroom.entrypoints.tui.doing import file_tools
from fileroom.entrypoints.tui.file_commands import FILE_COMMANDS, FROM_JSON, HISTOGRAM, SHOWING, TO_IMAGE
from fileroom.entrypoints.tui.screens.task_details import TaskDetailsScreen
from fileroom.entrypoints.tui.work import TaskText
from tests.entrypoints.peer_room import write_study
from tests.entrypoints.tui.driving import RoomUi, drive, messages, on_screen, screen_text, until
from tests.entrypoints.tui.forms import can_submit, fill_in, form_after, gone, told_of_all
from tests.entrypoints.tui.gates import Gate, failing
from tests.entrypoints.tui.typing_lines import enter

RLE = "1.2.840.10008.1.2.5"
SHOWS = {
    "info": "Transfer syntax",
    "dump": "(0028,0010) US 16",
    "validate": "valid:",
    "stats": "mean",
    "histogram": "█",
}
"""What there is to see."""
WRITES = {"transcode": " transfer_syntax=rle-lossless", "anonymize": "", "to-image": "", "to-json": ""}
"""What is needed besides the place for results."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is not filed."""
    write_study(tmp_path / "in")
    return tmp_path / "in" / "1-1-1.dcm"


async def ended(pilot: Pilot[Any], app: FileroomApp, tool: str = "") -> None:
    """Wait for the end of the only task."""
    await until(pilot, app.room.tasks.ended, "the task to end")
    # What is validated lacks much.
    state = TaskState.PARTIAL if tool == "validate" else TaskState.SUCCEEDED
    assert app.room.tasks.ended()[0].record.state is state


def test_every_tool_is_tested() -> None:
    assert {command.name for command in FILE_COMMANDS} == {*SHOWS, *WRITES, FROM_JSON.name}
    assert set(SHOWS) == SHOWING


def test_bounds_of_keys_are_those_of_the_tools() -> None:
    """They are written out in the table, so that the screen need not wait for the tools."""
    image_format, bins = TO_IMAGE.key("format"), HISTOGRAM.key("bins")
    assert image_format is not None
    assert image_format.choices == tuple(ImageFormat)
    assert bins is not None
    assert bins.most == MAX_BINS


@pytest.mark.parametrize(("tool", "seen"), SHOWS.items())
def test_tool_shows_what_it_finds_in_a_file(empty_room: RoomUi, file: Path, tool: str, seen: str) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, f"{tool} {file}")
        await until(pilot, lambda: isinstance(app.screen, TaskDetailsScreen) and seen in screen_text(app))
        await ended(pilot, app, tool)
        assert app.room.tasks.ended()[0].record.title == f"{tool} 1-1-1.dcm"

    drive(app, steps, size=(140, 60))


@pytest.mark.parametrize(("tool", "seen"), SHOWS.items())
def test_tool_shows_what_it_finds_in_what_is_marked(room: RoomUi, tool: str, seen: str) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.marked is not None)
        await enter(pilot, app, tool)
        await until(pilot, lambda: isinstance(app.screen, TaskDetailsScreen) and seen in screen_text(app))
        await ended(pilot, app, tool)
        record = app.room.tasks.ended()[0].record
        assert record.title == f"{tool} study"
        assert record.command.startswith(f"{tool} study_instance_uid=")

    drive(app, steps, size=(140, 100))


@pytest.mark.parametrize(("tool", "keys"), WRITES.items())
def test_tool_writes_a_file_for_each_that_is_selected(
    room: RoomUi, tmp_path: Path, tool: str, keys: str
) -> None:
    app, out = room.app(), tmp_path / "out"

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.marked is not None)
        await pilot.press("3", "space")
        await enter(pilot, app, f"{tool} output_dir={out}{keys}")
        await ended(pilot, app)
        await until(pilot, lambda: str(out) in messages(app) or "4 files" in messages(app))
        assert not app.local_pane.records.selected_count

    drive(app, steps)
    assert len(list(out.rglob("*.*"))) == 4


def test_transcoded_file_has_the_syntax_that_was_typed(
    empty_room: RoomUi, file: Path, tmp_path: Path
) -> None:
    app, out = empty_room.app(), tmp_path / "out.dcm"

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, f"transcode {file} output={out} syntax={RLE}")
        await ended(pilot, app)

    drive(app, steps)
    assert dcmread(out).file_meta.TransferSyntaxUID == RLE


def test_document_becomes_a_file_and_back(empty_room: RoomUi, file: Path, tmp_path: Path) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, f"to-json {file} output={tmp_path / 'out.json'} pretty")
        await until(pilot, lambda: len(app.room.tasks.ended()) == 1)
        await enter(pilot, app, f"from-json {tmp_path / 'out.json'} output={tmp_path / 'out.dcm'}")
        await until(pilot, lambda: len(app.room.tasks.ended()) == 2)

    drive(app, steps)
    assert json.loads((tmp_path / "out.json").read_text())
    assert dcmread(tmp_path / "out.dcm").PatientName == dcmread(file).PatientName


def test_what_tools_show_is_not_kept(empty_room: RoomUi, file: Path) -> None:
    app = empty_room.app()
    name = str(dcmread(file).PatientName)
    assert name

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, f"dump {file}")
        await ended(pilot, app)
        await on_screen(pilot, name)

    drive(app, steps)
    kept = [path.read_bytes() for path in empty_room.data_dir.rglob("*") if path.is_file()]
    assert not any(name.encode() in content for content in kept)


def test_patient_that_was_typed_is_not_kept(empty_room: RoomUi, file: Path, tmp_path: Path) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, f"anonymize {file} output={tmp_path / 'out'} patient_name=Mouse^Minnie")
        await ended(pilot, app)

    drive(app, steps)
    assert dcmread(tmp_path / "out").PatientName == "Mouse^Minnie"
    assert "Mouse" not in app.room.tasks.ended()[0].record.command


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("validate", "validate has nothing to work on"),
        ("anonymize a.dcm", "does not know where its results go"),
        ("validate study=1.2 series=1.2.3", "name either files or objects"),
        ("validate study=1.2", "nothing here by that UID"),
        ("dump /nowhere/at/all.dcm", "does not exist"),
        ("to-json a.dcm output=-", "not to standard output"),
        ("transcode /nowhere transfer_syntax=colour", "'colour'"),
        ("to-image a.dcm output=b.png window_center=much", "'much' is no number"),
    ],
)
def test_what_a_tool_cannot_do_is_told(empty_room: RoomUi, line: str, told: str) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, line)
        await until(pilot, lambda: told in messages(app) or told in screen_text(app), told)

    drive(app, steps)


def test_nothing_is_written_into_the_store(room: RoomUi) -> None:
    app = room.app()
    store = room.data_dir / "store"
    before = {path: path.read_bytes() for path in store.rglob("*.dcm")}
    assert before

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.marked is not None)
        await enter(pilot, app, f"anonymize output_dir={store} force")
        await until(pilot, lambda: "is inside the store" in messages(app))

    drive(app, steps)
    assert {path: path.read_bytes() for path in store.rglob("*.dcm")} == before


def test_text_waits_while_something_is_typed(empty_room: RoomUi, file: Path) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("colon", "h")
        app.run_line(f"dump {file}")
        await until(pilot, lambda: "Enter on the task shows" in messages(app))
        assert not app.screen.is_modal
        await pilot.press("escape", "escape", "5", "t", "enter")
        await on_screen(pilot, SHOWS["dump"])

    drive(app, steps, size=(140, 60))


def test_text_is_kept_up_to_a_bound() -> None:
    text = TaskText(3)
    text.take(["1", "2"])
    text.take(iter(["3", "4", "5"]))
    text.take(["6"])
    assert text.lines == ["1", "2", "3", "… the first 3 lines; the command line shows all"]
    assert text.is_full


def test_text_that_just_fits_is_whole() -> None:
    text = TaskText(3)
    text.take(["1", "2"])
    text.take(["3"])
    assert (text.lines, text.is_full) == (["1", "2", "3"], False)


def test_dump_reads_no_further_than_its_text_goes(
    empty_room: RoomUi, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_tools, "TaskText", partial(TaskText, 20))
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, f"dump {file}")
        await until(pilot, app.room.tasks.ended, "the task to end")
        (view,) = app.room.tasks.ended()
        assert view.record.state is TaskState.PARTIAL
        assert "nothing beyond was read" in view.record.summary[0]
        await on_screen(pilot, "the first 20 lines")

    drive(app, steps)


def test_texts_of_running_tasks_are_kept(empty_room: RoomUi) -> None:
    app, gate = empty_room.app(), Gate()
    kept = TaskText()
    kept.take(["still here"])

    async def steps(pilot: Pilot[Any]) -> None:
        running = app.submit("first", gate, text=kept)
        for number in range(30):
            await until(pilot, lambda: len(app.room.tasks.active()) == 1)
            app.submit(f"more {number}", failing, text=TaskText())
        assert app.room.text_of(running) == ["still here"]
        gate.may_end.set()

    drive(app, steps)


def test_form_begins_a_tool_on_what_is_selected(room: RoomUi, tmp_path: Path) -> None:
    app, out = room.app(), tmp_path / "out"

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.marked is not None)
        form = await form_after(pilot, "3", "w")
        await on_screen(pilot, "Work on 1 study")
        assert "from-json" not in screen_text(app)
        await fill_in(pilot, form, tool="anonymize")
        assert "where its results go" in told_of_all(form)
        await fill_in(pilot, form, tool="transcode", output_dir=str(out))
        assert not can_submit(form)
        assert "transcode needs transfer_syntax=" in told_of_all(form)
        await fill_in(pilot, form, options="transfer_syntax=rle-lossless")
        assert can_submit(form)
        await pilot.press("enter")
        await gone(pilot, form)
        await ended(pilot, app)

    drive(app, steps)
    assert {dcmread(path).file_meta.TransferSyntaxUID for path in out.rglob("*.dcm")} == {RLE}


def test_form_begins_a_tool_on_files(empty_room: RoomUi, file: Path) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "w")
        await pilot.press(*"vali")
        await on_screen(pilot, "▸ validate")
        await pilot.press("enter")
        await fill_in(pilot, form, path=f"{file.parent}; {file.parent}/nowhere")
        await pilot.press("ctrl+s")
        await on_screen(pilot, "nowhere does not exist")
        await fill_in(pilot, form, path=f"{file.parent}; {file}")
        await pilot.press("ctrl+s")
        await gone(pilot, form)
        await on_screen(pilot, "5 files validated")

    drive(app, steps, size=(140, 80))
