"""Each pane, form, question and empty state looks as it did when somebody looked at it.

The pictures are in `pictures/`. After a change that is meant, look at the new ones: FILEROOM_UPDATE_SNAPSHOTS=1 writes
them. Another version of Textual draws in other ways; they are compared with the version that drew them.
"""

import logging
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pytest
from dependency_injector import providers
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from fileroom.adapters.system.memory import FixedClock
from fileroom.application.task_queue import TaskContext, TaskEnd
from fileroom.application.use_cases.import_files import ImportRequest
from fileroom.application.use_cases.query_node import QueryRequest
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.node import Node
from fileroom.domain.query import QueryLevel
from fileroom.domain.task import TaskState
from fileroom.entrypoints.container import close_container, open_container
from fileroom.entrypoints.tui.app import FileroomApp
from fileroom.entrypoints.tui.panes.query import Asked, record_of
from tests.builders import SOME_TIME, a_uid
from tests.entrypoints.peer_room import Silent, write_study
from tests.entrypoints.tui.conftest import SETTINGS
from tests.entrypoints.tui.driving import drive, until

FOLDER: Final = Path(__file__).parent / "pictures"
DRAWN_BY: Final = FOLDER / "drawn-by.txt"
UPDATE: Final = os.environ.get("FILEROOM_UPDATE_SNAPSHOTS") == "1"
WAIT: Final = "wait"
"""Among the keys: until what went before is to be seen."""
PASTE: Final = "paste "
"""Before a text that comes into the line at once, lest a pause in typing count."""
MATCHES, FAILURE = "matches", "failure"
"""Among the keys: a node has told matches, or could not tell."""
WIDE, NARROW, HUGE = (132, 40), (80, 24), (220, 60)
DATA_DIR: Final = Path("fileroom")


@dataclass(frozen=True)
class Scene:
    """What is done before the picture is taken."""

    name: str
    keys: Sequence[str] = ()
    size: tuple[int, int] = WIDE
    is_empty: bool = False
    shows: str = ""
    """A text that must be there before."""


SCENES: Final = (
    Scene("wide", shows="Doe^Jane 3"),
    Scene("wide-light", ("f2",), shows="Doe^Jane 3"),
    Scene("empty", is_empty=True, shows="Nothing is here yet"),
    Scene("empty-narrow", size=NARROW, is_empty=True, shows="Nothing is here yet"),
    Scene("narrow", size=NARROW, shows="Doe^Jane 3"),
    Scene("narrow-nodes", ("1",), size=NARROW, shows="archive"),
    Scene("narrow-tasks", ("5",), size=NARROW, shows="No task runs"),
    Scene("huge", size=HUGE, shows="Doe^Jane 3"),
    Scene("nodes", ("1", "down"), shows="ARCHIVE"),
    Scene("series", ("enter",), shows="IMPORTED"),
    Scene("instances", ("enter", WAIT, "enter", WAIT, "down"), shows="CT Image"),
    Scene("selected", ("space", "space"), shows="2 selected"),
    Scene("zoomed", (WAIT, "z"), shows="Doe^Jane 3"),
    Scene("tasks-history", ("5", WAIT, "t"), shows="retrieve from archive"),
    Scene("task-details", ("5", WAIT, "t", WAIT, "enter"), shows="4 of 4 instances"),
    Scene("listener-off", ("6",), shows="The listener is off"),
    Scene("logs", ("7",), shows="association from MODALITY"),
    Scene("node-form", ("1", WAIT, "a"), shows="AE title"),
    Scene("node-form-mistake", ("1", WAIT, "a", "a", " ", "b", "tab"), shows="cannot be"),
    Scene("node-form-narrow", ("1", WAIT, "a"), size=NARROW, shows="AE title"),
    Scene("node-delete", ("1", WAIT, "d"), shows="archive"),
    Scene("query-matches", (WAIT, MATCHES, "2", "down"), shows="all 4"),
    Scene("query-matches-narrow", (WAIT, MATCHES, "2"), size=NARROW, shows="all 4"),
    Scene("query-failed", (WAIT, FAILURE, "2"), shows="Press r to ask it again"),
    Scene("retrieve-form", (WAIT, "m"), shows="Retrieve 1 study"),
    Scene("details-filter", (WAIT, "4", "slash", PASTE + "uid"), shows="· / uid"),
    Scene("palette", (WAIT, "ctrl+p"), shows="Go to the nodes"),
    Scene("send-files-form", ("1", WAIT, "s"), shows="Send files"),
    Scene("query-form", ("1", WAIT, "f"), shows="Patient"),
    Scene("import-form", (WAIT, "i"), shows="files/"),
    Scene("send-form", (WAIT, "s"), shows="archive"),
    Scene("file-tool-form", (WAIT, "w"), shows="Work on 1 study"),
    Scene("export-form", (WAIT, "x"), shows="Export"),
    Scene("filter", (WAIT, "slash", PASTE + "jane 2"), shows="1/1"),
    Scene("filter-mistake", (WAIT, "slash", PASTE + "date=soon"), shows="soon"),
    Scene("command-line", (WAIT, "colon", *"retrieve node=ar"), shows="archive"),
    Scene("command-line-mistake", (WAIT, "colon", *"retreive node=archive", "enter"), shows="retrieve"),
    Scene("help", (WAIT, "question_mark"), shows="Panes"),
    Scene("help-narrow", (WAIT, "question_mark"), size=NARROW, shows="Panes"),
)


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):
        time.tzset()
    yield
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.fixture
def app(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FileroomApp]:
    """A room in which everything happened at one moment; its paths are the same in each run."""
    monkeypatch.chdir(tmp_path)
    container = open_container(SETTINGS, DATA_DIR)
    container.clock.override(providers.Object(FixedClock(SOME_TIME)))
    scene: Scene = request.param
    if not scene.is_empty:
        for study in (1, 2, 3):
            write_study(Path("files"), study)
        for number, name in enumerate(("archive", "workstation")):
            container.manage_nodes().add(
                Node(name=name, ae_title=AeTitle(name.upper()), host="192.0.2.7", port=104 + number)
            )
        container.import_files().execute(
            ImportRequest(paths=(Path("files"),)), progress=Silent(), cancel=container.cancel_token()
        )
    try:
        yield FileroomApp(container, DATA_DIR)
    finally:
        container.task_queue().close(5)
        close_container(container)


@pytest.mark.skipif(
    not UPDATE and DRAWN_BY.read_text(encoding="ascii").strip() != version("textual"),
    reason="another version of Textual has drawn the pictures",
)
@pytest.mark.parametrize(
    ("app", "scene"), [(scene, scene) for scene in SCENES], indirect=["app"], ids=lambda each: each.name
)
def test_screen_looks_as_it_did(app: FileroomApp, scene: Scene, tmp_path: Path) -> None:
    drawn = ""

    async def steps(pilot: Pilot[Any]) -> None:
        nonlocal drawn
        await until(pilot, lambda: app.local_pane.records.total is not None)
        await until(pilot, lambda: app.nodes_pane.records.total is not None)
        if not scene.is_empty:
            await _have_happened(app, pilot)
        for key in scene.keys:
            if key == WAIT:
                await _settled(pilot, "Local")
            elif key in (MATCHES, FAILURE):
                _has_answered(app, has_failed=key == FAILURE)
            elif key.startswith(PASTE):
                line = pilot.app.focused
                assert isinstance(line, Input)
                line.insert_text_at_cursor(key.removeprefix(PASTE))
            else:
                await pilot.press({" ": "space", "=": "equals_sign"}.get(key, key))
        await until(pilot, lambda: scene.shows in _text(app), scene.shows)
        drawn = await _settled(pilot, scene.shows)

    drive(app, steps, size=scene.size)

    place = FOLDER / f"{scene.name}.svg"
    if UPDATE:
        place.write_text(drawn, encoding="utf-8")
        DRAWN_BY.write_text(version("textual") + "\n", encoding="ascii")
    assert place.exists(), "look at it, and write it with FILEROOM_UPDATE_SNAPSHOTS=1"
    if drawn != place.read_text(encoding="utf-8"):
        other = tmp_path / f"{scene.name}.svg"
        other.write_text(drawn, encoding="utf-8")
        pytest.fail(f"it looks otherwise now: compare {place} and {other}\n{_text_of(drawn)}")


def test_every_picture_belongs_to_a_scene() -> None:
    assert {path.stem for path in FOLDER.glob("*.svg")} == {scene.name for scene in SCENES}


def _has_answered(app: FileroomApp, *, has_failed: bool) -> None:
    """Have a node answer a query."""
    pane, level = app.query_pane, QueryLevel.STUDY
    asked = Asked(QueryRequest(target="archive", level=level, keys={"PatientName": "doe*"}))
    pane.begin(asked)
    if has_failed:
        pane.fail(asked, "failed", "192.0.2.7 port 104 refused the connection")
        return
    matches = [
        {
            "StudyInstanceUID": uid,
            "StudyDate": f"2026010{number}",
            "PatientName": f"Doe^John {number}",
            "PatientID": f"P{number}",
            "ModalitiesInStudy": "CT\\SR",
            "StudyDescription": "Thorax",
            "AccessionNumber": f"A{number}",
            "NumberOfStudyRelatedInstances": str(instances),
        }
        for number, uid, instances in ((3, a_uid(1), 4), (2, a_uid(2), 9), (1, a_uid(99), 4))
    ]
    pane.end(asked, [record_of(level, match, {}) for match in matches])
    app.count_here()


async def _have_happened(app: FileroomApp, pilot: Pilot[Any]) -> None:
    """Have a task end, and something logged."""

    def work(context: TaskContext) -> TaskEnd:
        context.say("C-MOVE to FILEROOM")
        return TaskEnd(
            state=TaskState.SUCCEEDED,
            summary=("4 of 4 instances from archive by C-MOVE are here, 7.9 KiB in 0.2 s",),
        )

    app.room.tasks.submit("retrieve from archive", work, command="retrieve node=archive study=1.2.3")
    await until(pilot, app.room.tasks.ended)
    buffer = app.log_buffer
    logging.getLogger("fileroom").removeHandler(buffer)
    buffer.total = 0
    for number, (level, text) in enumerate(
        (
            ("INFO", "FILEROOM listens at 127.0.0.1 port 11112"),
            ("INFO", "association from MODALITY at 192.0.2.9"),
            ("WARNING", "association from NOBODY at 192.0.2.66 refused: its AE title is not allowed"),
            ("ERROR", "the object store cannot be written: no space left on device"),
        )
    ):
        record = logging.LogRecord("fileroom", getattr(logging, level), "", 0, text, None, None)
        record.created = SOME_TIME.timestamp() + number
        buffer.emit(record)


async def _settled(pilot: Pilot[Any], shows: str = "") -> str:
    """Wait until the picture stays as it is and shows a text; return it."""
    before, same = "", 0
    deadline = time.monotonic() + 20
    while same < 5 and time.monotonic() < deadline:
        for line in pilot.app.screen.query(Input):
            line.cursor_blink = False
        await pilot.pause(0.06)
        now = _picture(pilot.app)
        same = same + 1 if now == before and shows in _text_of(now) else 0
        before = now
    return before


def _text(app: Any) -> str:
    from tests.entrypoints.tui.driving import screen_text

    return screen_text(app)


def _picture(app: App[Any]) -> str:
    drawn = app.export_screenshot(title="fileroom")
    # The names of styles carry a number of the run; letters come from whatever font the reader has.
    drawn = re.sub(r"@font-face \{.*?\}", "", re.sub(r"terminal-\d+", "terminal", drawn), flags=re.DOTALL)
    return re.sub(r"font-family:\s*[^;]*;", "font-family: monospace;", drawn)


def _text_of(drawn: str) -> str:
    return "\n".join(re.findall(r">([^<>]+)</text>", drawn)).replace("&#160;", " ")
