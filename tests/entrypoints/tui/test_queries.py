"""Queries at the keyboard: ask, go down and up, and what a node answers instead."""

from typing import Any

import pytest
from textual.pilot import Pilot

from fileroom.adapters.dicom.memory.scripted_peer import ScriptedPeer
from fileroom.application.ports.dicom_server import RejectReason
from fileroom.application.use_cases.query_node import QueryRequest
from fileroom.domain.dimse_status import Service
from fileroom.domain.query import Query, QueryLevel
from fileroom.domain.task import TaskState
from fileroom.entrypoints.tui.app import FileroomApp
from fileroom.entrypoints.tui.panes.query import Asked, put_in_order, record_of
from fileroom.entrypoints.tui.records import Tone
from fileroom.entrypoints.tui.screens.query_form import parts_in
from fileroom.entrypoints.tui.written import written
from tests.builders import a_uid
from tests.entrypoints.tui.driving import SMALL, WIDE, RoomUi, drive, messages, on_screen, screen_text, until
from tests.entrypoints.tui.forms import (
    can_submit,
    fill_in,
    focused_key,
    form_after,
    gone,
    told,
    told_of_all,
)
from tests.entrypoints.tui.scripted import a_scripted_peer
from tests.entrypoints.tui.typing_lines import enter


async def ask(pilot: Pilot[Any], app: FileroomApp, matches: int, **values: str) -> None:
    """Ask with values in the form, and wait for so many matches."""
    form = await form_after(pilot, "f")
    await fill_in(pilot, form, **values)
    await pilot.press("ctrl+s")
    await gone(pilot, form)
    await until(pilot, lambda: app.query_pane.records.total == matches, f"{matches} matches")


def finds(peer: ScriptedPeer) -> list[Query]:
    return [request for request in peer.requests if isinstance(request, Query)]


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=str)
def test_enter_goes_down_and_escape_up_without_asking_again(
    empty_room: RoomUi, size: tuple[int, int]
) -> None:
    peer = a_scripted_peer(empty_room)
    app = empty_room.app()
    records = app.query_pane.records

    async def steps(pilot: Pilot[Any]) -> None:
        await ask(pilot, app, 2)
        assert app.focused_pane() is app.query_pane
        await until(pilot, lambda: "Doe^Jane 1" in screen_text(app) and "1/2" in screen_text(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: records.marked and records.marked.key == a_uid(2, 1))
        assert "pacs / Doe^Jane 2" in app.query_pane.beside()
        await pilot.press("down", "enter")
        await until(pilot, lambda: records.marked and records.marked.key == a_uid(2, 2, 1))
        await pilot.press("enter")
        await until(pilot, lambda: app.focused_pane() is app.details_pane)
        await pilot.press("escape")
        await until(pilot, lambda: app.focused_pane() is app.query_pane)
        asked = len(finds(peer))
        assert asked == 3
        await pilot.press("escape")
        await until(pilot, lambda: records.marked and records.marked.key == a_uid(2, 2))
        await pilot.press("escape")
        await until(pilot, lambda: records.marked and records.marked.key == a_uid(2))
        await pilot.press("escape")
        assert len(finds(peer)) == asked

    drive(app, steps, size=size)
    levels = [query.level for query in finds(peer)]
    assert levels == [QueryLevel.STUDY, QueryLevel.SERIES, QueryLevel.IMAGE]
    assert finds(peer)[2].keys["StudyInstanceUID"] == a_uid(2)
    assert finds(peer)[2].keys["SeriesInstanceUID"] == a_uid(2, 2)


def test_what_is_typed_is_what_is_asked(empty_room: RoomUi) -> None:
    peer = a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await ask(
            pilot, app, 1, patient_name="doe*2", study_date_from="2026-01-01", study_date_to="20261231",
            modality="CT", key="PatientSex StudyID='*'",
        )  # fmt: skip

    drive(app, steps)
    keys = finds(peer)[0].keys
    assert keys["PatientName"] == "doe*2"
    assert keys["StudyDate"] == "20260101-20261231"
    assert (keys["ModalitiesInStudy"], keys["StudyID"], keys["PatientSex"]) == ("CT", "*", "")
    (ended,) = empty_room.container.task_queue().ended()
    assert (ended.record.title, ended.record.command) == ("query study of pacs", "")


def test_patients_are_asked_for_in_their_own_model(empty_room: RoomUi) -> None:
    peer = a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "f")
        form.query_one("#field-level").focus()
        await pilot.press("left")
        assert (form.values["level"], form.values["model"]) == ("patient", "patient-root")
        await fill_in(pilot, form, modality="CT")
        assert "patients have no modality" in told_of_all(form)
        assert not can_submit(form)
        await fill_in(pilot, form, modality="")
        await pilot.press("enter")
        await gone(pilot, form)
        await until(pilot, lambda: app.query_pane.records.total == 2)
        await pilot.press("enter")
        await until(pilot, lambda: app.query_pane.records.total == 1)

    drive(app, steps)
    assert finds(peer)[1].keys["PatientID"] == "P1"


@pytest.mark.parametrize(
    ("key", "wrong", "says"),
    [
        ("node", "nowhere", "there is no node called 'nowhere'"),
        ("study_date_from", "2026-13-01", "is not a date"),
        ("study_instance_uid", "1.02", "is not a UID"),
        ("key", "Patient'", "quote is not closed"),
        ("key", "A-B", "is not KEYWORD"),
        ("limit", "0", "use 1 or more"),
        ("limit", "many", "use 1 or more"),
    ],
)
def test_mistake_is_told_and_nothing_asked(empty_room: RoomUi, key: str, wrong: str, says: str) -> None:
    peer = a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "f")
        await fill_in(pilot, form, **{key: wrong})
        await pilot.press("ctrl+s")
        assert app.screen is form
        assert says in told(form, key)
        assert focused_key(form) == key
        await pilot.press("escape")
        await gone(pilot, form)

    drive(app, steps)
    assert not peer.requests


def test_dates_that_run_backwards_are_told(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "f")
        await fill_in(pilot, form, study_date_from="2026-02-01", study_date_to="2026-01-01")
        assert "runs backwards" in told_of_all(form)
        assert not can_submit(form)

    drive(app, steps)


def test_form_remembers_what_was_asked_and_forgets_it_with_control_r(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await ask(pilot, app, 1, patient_id="P2")
        form = await form_after(pilot, "f")
        assert form.values["patient_id"] == "P2"
        await pilot.press("ctrl+r")
        assert form.values["patient_id"] == ""
        assert form.values["node"] == "pacs"

    drive(app, steps)


def test_limit_says_that_there_may_be_more(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await ask(pilot, app, 1, limit="1")
        await until(pilot, lambda: "the limit: there may be more" in app.query_pane.beside())

    drive(app, steps)
    (ended,) = empty_room.container.task_queue().ended()
    assert ended.record.summary == ("1 match (the limit; there may be more)",)
    assert ended.record.command == "query node=pacs limit=1"


def test_query_that_the_node_cuts_short_shows_what_came(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room).script.final_statuses = {Service.FIND: 0xB001}
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await ask(pilot, app, 2)
        await until(pilot, lambda: "cut short" in app.query_pane.beside())
        await until(pilot, lambda: "B001H" in messages(app))

    drive(app, steps)


def test_query_that_is_cancelled_shows_what_came(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room, slow=True)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "f")
        await pilot.press("enter")
        await gone(pilot, form)
        await until(pilot, lambda: "asking" in app.query_pane.beside())
        (running,) = app.room.tasks.active()
        await until(pilot, lambda: app.room.tasks.active()[0].record.state is TaskState.RUNNING)
        await until(pilot, lambda: app.query_pane.records.total == 1, "a match, while no other comes")
        app.room.tasks.cancel(running.record.number)
        await until(pilot, lambda: "cancelled: there may be more" in app.query_pane.beside())
        await until(pilot, lambda: "(cancelled; there may be more)" in messages(app))
        assert app.query_pane.records.total == 1

    drive(app, steps)


def test_query_that_is_cancelled_before_it_began_says_so(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room, slow=True)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        queue = app.room.tasks
        for _ in range(empty_room.container.settings().tui.parallel_tasks + 1):
            form = await form_after(pilot, "f")
            await pilot.press("enter")
            await gone(pilot, form)
        waiting = next(view for view in queue.active() if view.record.state is TaskState.QUEUED)
        queue.cancel(waiting.record.number)
        await until(pilot, lambda: app.query_pane.beside().endswith("cancelled"))

    drive(app, steps)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ({"unreachable": True}, "refused the connection"),
        ({"silent_before_association": True}, "does not answer"),
        ({"refuse": RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED}, "called AE title"),
        ({"lacks": frozenset({Service.FIND})}, "Study Root"),
        ({"final_statuses": {Service.FIND: 0xA700}}, "A700H"),
    ],
    ids=["unreachable", "silent", "rejected", "no context", "failed"],
)
def test_failure_of_the_peer_is_a_message(empty_room: RoomUi, script: dict[str, Any], says: str) -> None:
    peer = a_scripted_peer(empty_room)
    for name, value in script.items():
        setattr(peer.script, name, value)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "f")
        await pilot.press("enter")
        await gone(pilot, form)
        await until(pilot, lambda: says.casefold() in messages(app).casefold(), says)
        await until(pilot, lambda: "failed" in app.query_pane.beside())
        assert says.casefold() in app.query_pane.records.empty.casefold()

    drive(app, steps)
    (ended,) = empty_room.container.task_queue().ended()
    assert ended.record.state is TaskState.FAILED


def test_matches_tell_what_of_them_is_here_as_it_comes_and_goes(room: RoomUi) -> None:
    a_scripted_peer(room, studies=(1, 2, 99))
    app = room.app()
    records = app.query_pane.records

    def here() -> dict[str, str]:
        column = (
            [column.title for column in records.source.columns].index("HERE/ALL") if records.source else 0
        )
        rows = records.source.window(0, 9) if records.source is not None else ()
        return {row.key: row.cells[column] for row in rows}

    async def steps(pilot: Pilot[Any]) -> None:
        await ask(pilot, app, 3)
        there = {a_uid(1): "all 4", a_uid(2): "all 4", a_uid(99): "0/4"}
        await until(pilot, lambda: here() == there)
        tones = {row.key: row.tone for row in records.near}
        assert (tones[a_uid(1)], tones[a_uid(99)]) == (Tone.GOOD, Tone.PLAIN)
        catalog = room.container.catalog()
        catalog.remove([a_uid(2, 1, 1)])
        await until(pilot, lambda: here() == there | {a_uid(2): "3/4"})
        while records.marked is None or records.marked.key != a_uid(2):
            await pilot.press("down")
        await pilot.press("enter")
        await until(pilot, lambda: here() == {a_uid(2, 1): "1/2", a_uid(2, 2): "all 2"})
        catalog.remove([a_uid(2, 2, 1)])
        await until(pilot, lambda: here() == {a_uid(2, 1): "1/2", a_uid(2, 2): "1/2"})
        await pilot.press("escape")
        await until(pilot, lambda: here() == there | {a_uid(2): "2/4"})

    drive(app, steps)


def test_matches_stand_as_local_has_them() -> None:
    def ordered(level: QueryLevel, *matches: dict[str, str]) -> list[str]:
        records = [record_of(level, match, {}) for match in matches]
        put_in_order(level, records)
        return [record.key for record in records]

    def study(uid: str, date: str, name: str = "") -> dict[str, str]:
        return {"StudyInstanceUID": uid, "StudyDate": date, "PatientName": name}

    assert ordered(
        QueryLevel.STUDY,
        study("1", ""), study("2", "1997.04.24"), study("3", "20260101", "Roe"), study("4", "20260101", "doe"),
        study("5", "20260102"),
    ) == ["5", "4", "3", "2", "1"]  # fmt: skip
    series = [{"SeriesInstanceUID": uid, "SeriesNumber": number} for uid, number in
              (("a", "10"), ("b", ""), ("c", "9"), ("d", "-1"), ("e", "\u00b2"), ("f", "9" * 5000))]  # fmt: skip
    assert ordered(QueryLevel.SERIES, *series) == ["d", "c", "a", "b", "e", "f"]
    assert ordered(QueryLevel.PATIENT, *({"PatientID": x, "PatientName": x} for x in "bAc")) == [
        "A",
        "b",
        "c",
    ]


def test_cursor_is_on_the_first_match_unless_it_was_moved(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room, studies=(1, 2, 3), slow=True)
    app = empty_room.app()
    pane = app.query_pane

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.nodes_pane.records.total == 1)
        request = QueryRequest(target="pacs", level=QueryLevel.STUDY)
        for moved, expected in ((False, 0), (True, 1)):
            asked = Asked(request)
            pane.begin(asked)
            dates = {"1": "20260101", "2": "20260103", "3": "20260102"}
            records = [
                record_of(QueryLevel.STUDY, {"StudyInstanceUID": uid, "StudyDate": date}, {})
                for uid, date in dates.items()
            ]
            pane.take(asked, records)
            await until(pilot, lambda: pane.records.total == 3)
            if moved:
                pane.records.action_move_to(2)
            put_in_order(QueryLevel.STUDY, records)
            pane.end(asked, records)
            await until(pilot, lambda: [row.key for row in pane.records.near] == ["2", "3", "1"])
            assert pane.records.index == expected

    drive(app, steps)


@pytest.mark.parametrize(
    ("of", "here", "told", "tone"),
    [
        ("4", None, "4", Tone.PLAIN),
        ("4", 0, "0/4", Tone.PLAIN),
        ("4", 3, "3/4", Tone.PLAIN),
        ("4", 4, "all 4", Tone.GOOD),
        ("4", 5, "all 5", Tone.GOOD),
        ("0", 0, "0/0", Tone.PLAIN),
        ("", 0, "", Tone.PLAIN),
        ("", 3, "3/?", Tone.PLAIN),
        ("many", 3, "3/many", Tone.PLAIN),
        pytest.param("9" * 5000, 3, f"3/{'9' * 5000}", Tone.PLAIN, id="endless"),
    ],
)
def test_row_tells_what_is_here_where_that_was_counted(
    of: str, here: int | None, told: str, tone: Tone
) -> None:
    match = {"StudyInstanceUID": "1.2", "NumberOfStudyRelatedInstances": of}
    record = record_of(QueryLevel.STUDY, match, {} if here is None else {"1.2": here})
    assert (record.cells[4], record.tone) == (told, tone)


def test_node_is_asked_again_with_r(empty_room: RoomUi) -> None:
    peer = a_scripted_peer(empty_room)
    peer.script.unreachable = True
    app = empty_room.app()
    pane = app.query_pane

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "f")
        await pilot.press("enter")
        await gone(pilot, form)
        await on_screen(pilot, "The node could not tell: ", "Press r to ask it again")
        peer.script.unreachable = False
        await pilot.press("r")
        await until(pilot, lambda: pane.records.total == 2)
        await pilot.press("enter")
        await until(pilot, lambda: pane.level is QueryLevel.SERIES and pane.records.total == 2)
        await pilot.press("r")
        await until(pilot, lambda: len(finds(peer)) == 3)
        await until(pilot, lambda: pane.records.total == 2)
        await pilot.press("escape")
        await until(pilot, lambda: pane.level is QueryLevel.STUDY and pane.records.total == 2)

    drive(app, steps)
    levels = [query.level for query in finds(peer)]
    assert levels == [QueryLevel.STUDY, QueryLevel.SERIES, QueryLevel.SERIES]
    commands = {view.record.command for view in empty_room.container.task_queue().ended()}
    assert len(commands) == 2


def test_form_begins_with_what_was_typed(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, "query pacs level=series patient_id=P2 key=PatientSex=F limit=7")
        await until(pilot, lambda: not app.room.tasks.unfinished)
        form = await form_after(pilot, "f")
        told = {key: value for key, value in form.values.items() if value}
        assert told == {
            "node": "pacs", "level": "series", "model": "study-root", "patient_id": "P2", "key": "PatientSex=F",
            "limit": "7",
        }  # fmt: skip

    drive(app, steps)


def test_unknown_keyword_is_a_message(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "f")
        await fill_in(pilot, form, key="PatientSecks=F")
        await pilot.press("enter")
        await until(pilot, lambda: "no attribute is called 'PatientSecks'" in messages(app))

    drive(app, steps)


def test_query_without_a_node_says_what_to_do(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.nodes_pane.records.total == 0)
        await pilot.press("f")
        await until(pilot, lambda: "Press a to register one" in messages(app))

    drive(app, steps)


def test_names_of_patients_are_in_no_history(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await ask(pilot, app, 2, patient_name="doe*")
        await pilot.press("enter")
        await until(pilot, lambda: app.query_pane.level is QueryLevel.SERIES and app.query_pane.records.total)

    drive(app, steps)
    for view in empty_room.container.task_queue().ended():
        assert "doe" not in f"{view.record.title} {view.record.command} {view.record.summary}".casefold()
    assert "doe" not in (empty_room.data_dir / "logs" / "app.log").read_text().casefold()


def test_command_is_what_one_would_type() -> None:
    values = dict.fromkeys(
        ("study_date_to", "study_instance_uid", "series_instance_uid", "sop_instance_uid"), ""
    )
    values |= {"node": "pacs", "level": "series", "model": "study-root", "study_date_from": "2026-01-01"}
    values |= {"modality": "CT, MR", "limit": ""}
    assert written("query", **parts_in(values)) == (
        'query node=pacs level=series study_date_from=2026-01-01 modality="CT, MR"'
    )
