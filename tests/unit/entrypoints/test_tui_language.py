"""The language of the command line: what is understood, and mistakes that point at the word."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fileroom.domain.errors import InvalidInput
from fileroom.entrypoints.tui.command_table import BY_NAME, COMMANDS
from fileroom.entrypoints.tui.language import (
    Command,
    Key,
    Kind,
    Mistake,
    Typed,
    check_value,
    parse,
    write,
    write_without_patients,
)

SOME_DAY = date(1970, 1, 2)


def read(text: str) -> Typed:
    return parse(text, COMMANDS)


def mistake(text: str) -> tuple[str, Mistake]:
    """The text that a mistake points at, and the mistake."""
    with pytest.raises(Mistake) as caught:
        read(text)
    return text[caught.value.start : caught.value.end], caught.value


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("echo pacs", "echo target=pacs"),
        ("echo node=pacs", "echo target=pacs"),
        ("echo id=pacs ae=OTHER", "echo target=pacs called_ae_title=OTHER"),
        ("ECHO Target=pacs", "echo target=pacs"),
        ("node add pacs ae=ORTHANC host=::1 port=104", "node-add name=pacs ae_title=ORTHANC host=::1 port=104"),
        ("node_list", "node-list"),
        ("node-edit pacs name=archive dest=''", 'node-edit node=pacs name=archive move_destination=""'),
        ("node-delete name=pacs yes", "node-delete node=pacs yes=true"),
        ("query pacs date_to=2026-01-01 accession=A", "query node=pacs study_date_to=2026-01-01 accession_number=A"),
        ("query pacs key=PatientSex=F key=StudyComments", "query node=pacs key=PatientSex=F key=StudyComments"),
        ("query pacs study=1.2,1.3 level=series", "query node=pacs study_instance_uid=1.2,1.3 level=series"),
        ("retrieve node=pacs study_uid=1.2 series=1.3 instance_uid=1.4",
         "retrieve node=pacs study_instance_uid=1.2 series_instance_uid=1.3 sop_instance_uid=1.4"),
        ("import /data '/more data' in_place", "import path=/data path='/more data' in_place=true"),
        ("import 'in_place'", "import path=in_place"),
        ("import path=/data in-place=no", "import path=/data in_place=no"),
        ("send study 1.2 node=pacs", "send-study study_instance_uid=1.2 destination_node=pacs"),
        ("send-series series=1.2 dest=pacs jobs=4", "send-series series_instance_uid=1.2 destination_node=pacs jobs=4"),
        ("send-files a b to=host:104 ae=STORE", "send-files path=a path=b to=host:104 called_ae_title=STORE"),
        ("local", "local"),
        ("local doe jane modality=CT", "local words=doe words=jane modality=CT"),
        ("filter name=doe date=2026-01.. duplicate", "filter patient_name=doe study_date=2026-01.. duplicate=true"),
        ("export out.csv format=json", "export path=out.csv format=json"),
        ("listen start", "listen action=start"),
        ("cancel 3", "cancel task=3"),
        ("theme light", "theme theme=light"),
        ("help query", "help command=query"),
        ("quit", "quit"),
    ],
)  # fmt: skip
def test_line_is_understood(text: str, wanted: str) -> None:
    assert read(text) == read(wanted)
    assert write(read(text)).replace('"', "'") == wanted.replace('"', "'")


@pytest.mark.parametrize(
    ("text", "word", "told", "hint"),
    [
        ("", "", "nothing was typed", "help"),
        ("retreive pacs", "retreive", "no command", "'retrieve'"),
        ("send pacs", "send", "no command", "'send-study'"),
        ("node=pacs", "node=pacs", "a command comes first", "query node=…"),
        ("'echo' pacs", "'echo'", "no command", ""),
        ("retrieve pacs", "retrieve", "needs study_instance_uid=", "for instance: retrieve"),
        ("node add pacs", "node add", "needs ae_title= and host= and port=", ""),
        ("query pacs patinet_name=doe", "patinet_name", "no key 'patinet_name'", "'patient_name'"),
        ("query pacs level=study level=image", "level=image", "level is given twice", ""),
        ("query pacs level=studies", "studies", "level: 'studies'", "'study'"),
        ("query pacs limit=0", "0", "limit: '0'", "1 or more"),
        ("query pacs date_from=yesterday", "yesterday", "study_date_from: 'yesterday' is not a date", "YYYY-MM-DD"),
        ("query pacs study=1.02", "1.02", "'1.02' is not a UID", "leading zero"),
        ("query pacs doe", "doe", "'doe' belongs to no key", "patient_name="),
        ("query pacs --patient-name doe", "--patient-name", "without dashes", "patient_name=value"),
        ("quit now", "now", "'now' belongs to no key", "stands alone"),
        ("node-add x ae=TOO_LONG_FOR_AN_AE host=h port=1", "TOO_LONG_FOR_AN_AE", "ae_title: ", ""),
        ("node-add x ae=AE host=h port=70000", "70000", "port: ", "1 to 65535"),
        ("node-add x ae=AE host= port=1", "host=", "host: a value is missing", ""),
        ("import 'never closed", "'never closed", "closing quote", ""),
        ("import 'a b'c", "c", "comes a blank", "the same quote twice"),
        ("import in_place=perhaps x", "perhaps", "neither true nor false", ""),
        ("filter date=2026-02..2026-01", "2026-02..2026-01", "runs backwards", ""),
        ("cancel none", "none", "task: ", "1 or more"),
    ],
)  # fmt: skip
def test_mistake_points_at_the_word(text: str, word: str, told: str, hint: str) -> None:
    found, error = mistake(text)
    assert found == word
    assert told in error.message
    assert hint in error.hint


def test_what_may_name_a_patient_is_not_written_down() -> None:
    line = "query node=pacs patient_name='Doe^Jane' key=PatientBirthDate=19700101 modality=CT patient_id=''"
    written = write_without_patients(read(line), BY_NAME["query"])
    assert written == 'query node=pacs patient_name=… key=… modality=CT patient_id=""'


# The table ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_example_of_each_command_is_understood(command: Command) -> None:
    assert read(command.example).name == command.name


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_names_of_keys_mean_one_thing(command: Command) -> None:
    names = [name for key in command.keys for name in (key.name, *key.aliases)]
    assert len(names) == len(set(names))
    assert not command.first or command.key(command.first) is not None
    for key in command.keys:
        assert key.says.endswith(".") or key.says.endswith("…"), key.name
        assert bool(key.choices) == (key.kind is Kind.CHOICE)
        assert key.kind is not Kind.BOOLEAN or key.name != command.first


def test_names_of_commands_mean_one_thing() -> None:
    names = [name for command in COMMANDS for name in (command.name, *command.also)]
    assert len(names) == len(set(names))
    assert {read(name).name for name in ("quit", "q", "exit")} == {"quit"}


# Properties -----------------------------------------------------------------------------------------------------------

_PIECES = [
    *BY_NAME, *(name for command in COMMANDS for key in command.keys for name in (key.name, *key.aliases)),
    "=", " ", "'", '"', "\\", "--", "..", "2026-01-01", "9999-12-31..", "0001-01-01", "1.2.3", ",", "true", "7", "doe",
]  # fmt: skip
lines = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=3))).map("".join))


@given(text=lines)
def test_any_text_is_a_command_or_a_mistake_within_it(text: str) -> None:
    typed, error = None, None
    try:
        typed = read(text)
    except Mistake as found:
        error = found
    if typed is not None:
        assert read(write(typed)) == typed
    if error is not None:
        assert 0 <= error.start <= error.end <= len(text)
        assert error.message


def values_of(key: Key) -> st.SearchStrategy[str]:
    uid = st.lists(st.integers(0, 10**9).map(str), min_size=1, max_size=6).map(".".join)
    day = st.dates().map(lambda date: date.isoformat())
    by_kind: dict[Kind, st.SearchStrategy[str]] = {
        Kind.CHOICE: st.sampled_from(key.choices or ("",)),
        Kind.BOOLEAN: st.sampled_from(["true", "false", "yes", "NO", "on", "off", "1", "0"]),
        Kind.INTEGER: st.integers(max(key.least, 0), key.most or 10**8).map(str),
        Kind.TASK: st.integers(1, 10**8).map(str),
        Kind.STUDY_UID: uid,
        Kind.SERIES_UID: uid,
        Kind.INSTANCE_UID: uid,
        Kind.DATE: day,
        Kind.DATE_RANGE: st.tuples(day, day).map(lambda days: "..".join(sorted(days))),
        Kind.MOMENT_RANGE: st.dates(min_value=SOME_DAY).map(lambda date: f"{date.isoformat()}.."),
        Kind.AE_TITLE: st.text(alphabet="ABC XYZ_09", min_size=1, max_size=16).filter(str.strip),
    }
    text = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("'\"= \\")), max_size=20)
    return by_kind.get(key.kind, text)


@st.composite
def commands(draw: st.DrawFn) -> Typed:
    command = draw(st.sampled_from(COMMANDS))
    values: list[tuple[str, str]] = []
    for key in draw(st.permutations(command.keys)):
        times = draw(st.integers(1 if key.required else 0, 3 if key.repeats else 1))
        values += [(key.name, draw(values_of(key))) for _ in range(times)]
    return Typed(name=command.name, values=tuple(values))


@given(typed=commands())
def test_command_that_is_written_reads_as_itself(typed: Typed) -> None:
    command = BY_NAME[typed.name]
    try:
        for name, value in typed.values:
            key = command.key(name)
            assert key is not None
            check_value(key, value)
    except InvalidInput:
        assume(False)
    assert read(write(typed)) == typed
