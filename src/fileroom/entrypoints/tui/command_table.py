# ruff: noqa: E501 - a table, a line a key
"""The one table of what can be typed: the command line, its completion and the help are made from it."""

from typing import Final

from fileroom.domain.query import QueryLevel, QueryModel
from fileroom.domain.retrieve import Via
from fileroom.domain.transfer import Transcoding
from fileroom.entrypoints.export import ExportFormat
from fileroom.entrypoints.tui.file_commands import FILE_COMMANDS
from fileroom.entrypoints.tui.language import Command, Key, Kind
from fileroom.entrypoints.tui.levels import uid_key

_TARGETS: Final = ("target", "id", "name")


def _node(says: str = "The node.") -> Key:
    return Key(name="node", kind=Kind.NODE, says=says, aliases=_TARGETS, required=True)


def _destination() -> Key:
    return Key(
        name="destination_node", kind=Kind.NODE, says="The node that gets it.", aliases=("node", "dest", "target"),
        required=True,
    )  # fmt: skip


def _choice(name: str, says: str, choices: tuple[str, ...], *, required: bool = False) -> Key:
    return Key(name=name, kind=Kind.CHOICE, says=says, choices=choices, required=required)


_AE_TITLE: Final = Key(
    name="called_ae_title",
    kind=Kind.AE_TITLE,
    says="Call the peer by this AE title.",
    aliases=("ae", "ae_title"),
)
_JOBS: Final = Key(name="jobs", kind=Kind.INTEGER, says="Associations in parallel.", least=1, most=64)
_SYNTAX: Final = Key(
    name="preferred_transfer_syntax", kind=Kind.SYNTAX, says="Convert to it, without loss, where the node takes it.",
    aliases=("transfer_syntax",),
)  # fmt: skip
_TRANSCODE: Final = _choice(
    "transcode", "What becomes of an object that the node does not take as it is.", tuple(Transcoding)
)
_MODALITY: Final = Key(
    name="modality", kind=Kind.MODALITIES, says="Any of these: CT,MR.", aliases=("modalities",)
)
_LIMIT: Final = Key(name="limit", kind=Kind.INTEGER, says="Stop after so many.", least=1)


def _personal(name: str, says: str, *aliases: str) -> Key:
    return Key(name=name, kind=Kind.TEXT, says=says, aliases=aliases, is_personal=True)


_PATTERNS: Final = (
    _personal("patient_name", "FAMILY^GIVEN, * and ? allowed.", "patient"),
    _personal("patient_id", "Patient ID; * and ? allowed."),
    _personal("accession_number", "Accession Number; * and ? allowed.", "accession"),
)

FILTER_KEYS: Final = (
    _personal("patient_name", "Part of the name, or a pattern with * and ?.", "name", "patient"),
    _personal("patient_id", "Exact, or a pattern.", "id"),
    _personal("accession_number", "Exact, or a pattern.", "accession"),
    _MODALITY,
    Key(
        name="study_date",
        kind=Kind.DATE_RANGE,
        says="A day, a month, a year, or a range A..B open at a side.",
        aliases=("date",),
    ),
    Key(name="date_from", kind=Kind.DATE, says="From this study date on.", aliases=("study_date_from",)),
    Key(name="date_to", kind=Kind.DATE, says="Up to this study date.", aliases=("study_date_to",)),
    _personal("study_description", "Part of it, or a pattern.", "description"),
    Key(
        name="imported_at",
        kind=Kind.MOMENT_RANGE,
        says="When it came: days or moments, A..B.",
        aliases=("imported",),
    ),
    Key(name="duplicate", kind=Kind.BOOLEAN, says="Whether it was offered again."),
)
"""What a list of what is here can be narrowed by."""

_WORDS: Final = Key(
    name="words", kind=Kind.TEXT, says="Part of the patient's name; elsewhere, part of any column.", repeats=True,
    is_personal=True,
)  # fmt: skip

FILTER: Final = Command(
    name="filter",
    says="Show only what fits in the list that has the focus; nothing after it takes the filter away.",
    keys=(_WORDS, *FILTER_KEYS),
    first="words",
    example="filter doe modality=CT,MR date=2026-01..",
    use_case="browse_local",
)

_NODE_SETTINGS: Final = (
    Key(
        name="move_destination",
        kind=Kind.AE_TITLE,
        says="The AE title under which this node knows us; '' for ours.",
        aliases=("dest",),
    ),
    Key(name="notes", kind=Kind.TEXT, says="Free text."),
    Key(
        name="character_set",
        kind=Kind.TEXT,
        says="Specific Character Set to assume where the node names none.",
    ),
)

COMMANDS: Final = (
    Command(
        name="node-add", says="Register a node.", first="name", use_case="manage_nodes",
        example="node-add name=pacs ae_title=ORTHANC host=192.0.2.7 port=4242",
        keys=(
            Key(name="name", kind=Kind.TEXT, says="What to call it here.", aliases=("target", "id", "node"), required=True),
            Key(name="ae_title", kind=Kind.AE_TITLE, says="The node's AE title.", aliases=("ae",), required=True),
            Key(name="host", kind=Kind.TEXT, says="Host name or IP address.", required=True),
            Key(name="port", kind=Kind.INTEGER, says="TCP port.", required=True, least=1, most=65535),
            *_NODE_SETTINGS,
        ),
    ),
    Command(
        name="node-edit", says="Change some of a node's settings.", first="node", use_case="manage_nodes",
        example="node-edit pacs port=104 notes='new firewall'",
        keys=(
            Key(name="node", kind=Kind.NODE, says="The node.", aliases=("target", "id"), required=True),
            Key(name="name", kind=Kind.TEXT, says="A new name."),
            Key(name="ae_title", kind=Kind.AE_TITLE, says="A new AE title.", aliases=("ae",)),
            Key(name="host", kind=Kind.TEXT, says="A new host."),
            Key(name="port", kind=Kind.INTEGER, says="A new port.", least=1, most=65535),
            *_NODE_SETTINGS,
        ),
    ),
    Command(
        name="node-delete", says="Forget a node, after a question.", first="node", use_case="manage_nodes", example="node-delete pacs",
        keys=(_node(), Key(name="yes", kind=Kind.BOOLEAN, says="Do not ask.")),
    ),
    Command(name="node-list", says="Go to the nodes.", example="node-list", use_case="manage_nodes"),
    Command(
        name="echo", says="Verify that a node answers (C-ECHO).", first="target", use_case="echo_node", example="echo pacs",
        keys=(
            Key(name="target", kind=Kind.PEER, says="A node, or HOST:PORT.", aliases=("node", "id", "name"), required=True),
            _AE_TITLE,
        ),
    ),
    Command(
        name="query", says="Ask a node what it has (C-FIND).", first="node", use_case="query_node",
        example="query pacs patient_name='doe*' date_from=2026-01-01 modality=CT,MR",
        keys=(
            _node(),
            *_PATTERNS,
            _MODALITY,
            Key(name="study_date_from", kind=Kind.DATE, says="From this day on.", aliases=("date_from",)),
            Key(name="study_date_to", kind=Kind.DATE, says="That day included.", aliases=("date_to",)),
            _personal("study_description", "* and ? allowed.", "description"),
            uid_key(QueryLevel.STUDY, "One UID, or several with commas.", several=True),
            uid_key(QueryLevel.SERIES, "One UID, or several with commas.", several=True),
            uid_key(QueryLevel.IMAGE, "One UID, or several with commas.", several=True),
            _choice("level", "What one match describes.", tuple(QueryLevel)),
            _choice("model", "Information model.", tuple(QueryModel)),
            Key(name="key", kind=Kind.TEXT, says="A further key: KEYWORD or KEYWORD=VALUE.", repeats=True, is_personal=True),
            _LIMIT,
        ),
    ),
    Command(
        name="retrieve", says="Fetch from a node (C-MOVE or C-GET).", first="node", use_case="retrieve_objects",
        example="retrieve pacs study=1.2.3 via=move",
        keys=(
            _node(),
            uid_key(QueryLevel.STUDY, "The study.", required=True),
            uid_key(QueryLevel.SERIES, "Only this series of it."),
            uid_key(QueryLevel.IMAGE, "Only this instance of it."),
            _choice("via", "auto takes what worked with this node before, and tries the other.", tuple(Via)),
            Key(name="move_destination", kind=Kind.AE_TITLE, says="AE title that C-MOVE sends to; ours by default.", aliases=("dest",)),
        ),
    ),
    Command(
        name="import", says="File DICOM objects from files, folders and ZIP archives.", first="path", use_case="import_files",
        example="import /media/cdrom study.zip in_place",
        keys=(
            Key(name="path", kind=Kind.PATH, says="A file, folder or archive.", required=True, repeats=True),
            Key(name="in_place", kind=Kind.BOOLEAN, says="Index files where they are instead of copying them."),
        ),
    ),
    Command(
        name="send-study", says="Send a study that is here.", first="study_instance_uid", use_case="send_objects",
        example="send-study study=1.2.3 node=pacs",
        keys=(uid_key(QueryLevel.STUDY, "The study.", required=True), _destination(), _JOBS, _SYNTAX, _TRANSCODE),
    ),
    Command(
        name="send-series", says="Send a series that is here.", first="series_instance_uid", use_case="send_objects",
        example="send-series series=1.2.3.4 node=pacs",
        keys=(uid_key(QueryLevel.SERIES, "The series.", required=True), _destination(), _JOBS, _SYNTAX, _TRANSCODE),
    ),
    Command(
        name="send-instance", says="Send one instance that is here.", first="sop_instance_uid", use_case="send_objects",
        example="send-instance instance_uid=1.2.3.4.5 node=pacs",
        keys=(uid_key(QueryLevel.IMAGE, "The instance.", required=True), _destination(), _SYNTAX, _TRANSCODE),
    ),
    Command(
        name="send-files", says="Send DICOM files as they are, without filing them here.", first="path", use_case="send_objects",
        example="send-files /data/2026 recursive node=pacs",
        keys=(
            Key(name="path", kind=Kind.PATH, says="A file, or a folder with recursive.", required=True, repeats=True),
            Key(name="destination_node", kind=Kind.NODE, says="The node that gets it.", aliases=("node", "dest", "target")),
            Key(name="to", kind=Kind.TEXT, says="HOST:PORT instead of a node."),
            _AE_TITLE,
            Key(name="recursive", kind=Kind.BOOLEAN, says="Look into folders."),
            _JOBS,
            _SYNTAX,
            _TRANSCODE,
        ),
    ),
    Command(
        name="local", says="Go to what is here: all studies, or what is in a study or a series, narrowed by a filter.",
        first="words", use_case="browse_local", example="local doe modality=CT date=2026",
        keys=(_WORDS, *FILTER_KEYS, uid_key(QueryLevel.STUDY, "Its series."), uid_key(QueryLevel.SERIES, "Its instances.")),
    ),
    FILTER,
    Command(
        name="export", says="Write what Local lists to a file; keys choose something else.", first="path", use_case="browse_local",
        example="export studies.csv modality=CT",
        keys=(
            Key(name="path", kind=Kind.PATH, says="The file.", aliases=("out",), required=True),
            _choice("format", "By default as the file's name ends, else csv.", tuple(ExportFormat)),
            *FILTER_KEYS,
            uid_key(QueryLevel.STUDY, "Its series."),
            uid_key(QueryLevel.SERIES, "Its instances."),
        ),
    ),
    Command(
        name="listen", says="Start the listener, or stop it.", first="action", use_case="run_listener", example="listen start",
        keys=(_choice("action", "start or stop; the other of the two by default.", ("start", "stop")),),
    ),
    Command(
        name="cancel", says="Ask a task to stop.", first="task", example="cancel 3",
        keys=(Key(name="task", kind=Kind.TASK, says="Its number; by default the one that the cursor is on.", least=1),),
    ),
    *FILE_COMMANDS,
    Command(
        name="theme", says="Change between light and dark.", first="theme", example="theme light",
        keys=(_choice("theme", "The other of the two by default.", ("dark", "light")),),
    ),
    Command(
        name="help", says="Show keys and commands, or what a command does.", first="command", example="help retrieve",
        keys=(Key(name="command", kind=Kind.COMMAND, says="The command."),),
    ),
    Command(name="quit", says="Leave; asks while tasks run.", example="quit", also=("q", "exit")),
)  # fmt: skip

BY_NAME: Final = {command.name: command for command in COMMANDS}
