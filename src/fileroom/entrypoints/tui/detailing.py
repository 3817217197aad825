"""All that is known of what is marked, as names and values."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from fileroom.domain.node import Node
from fileroom.domain.records import CatalogEntry, InstanceSummary, SeriesSummary, StudySummary
from fileroom.domain.sop_classes import sop_class_name
from fileroom.domain.transfer_syntaxes import transfer_syntax
from fileroom.entrypoints.tui.log_buffer import LogLine
from fileroom.entrypoints.tui.room import shown_date
from fileroom.entrypoints.tui.task_texts import facts_of
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.task_queue import TaskView

Pairs = Sequence[tuple[str, str]]


def details_of(value: object, now: datetime) -> tuple[str, Pairs]:
    """Return what to call something that is marked, and what is known of it; nothing where it is nothing."""
    from fileroom.application.task_queue import TaskView

    match value:
        case Node():
            return value.name, _node(value)
        case StudySummary():
            return "study", _study(value)
        case SeriesSummary():
            return "series", _series(value)
        case InstanceSummary():
            return "instance", _instance(value)
        case CatalogEntry():
            return "instance", _entry(value)
        case TaskView():
            return f"task {value.record.number}", _task(value, now)
        case LogLine():
            moment = datetime.fromtimestamp(value.created).astimezone()
            return "log line", [("When", f"{moment:%Y-%m-%d %H:%M:%S}"), (value.level.lower(), value.text)]
        case dict():
            return "match", _match(value)
        case _:
            return "", ()


def _known(*pairs: tuple[str, str]) -> Pairs:
    return [(name, value) for name, value in pairs if value]


def _node(node: Node) -> Pairs:
    return _known(
        ("Name", node.name),
        ("AE title", str(node.ae_title)),
        ("Host", node.host),
        ("Port", str(node.port)),
        ("Sends to", str(node.move_destination or "our own AE title")),
        ("Retrieves by", node.retrieve.value),
        ("Character set", str(node.character_set)),
        ("Notes", node.notes),
    )


def _study(study: StudySummary) -> Pairs:
    return _known(
        ("Patient's name", study.patient_name),
        ("Patient ID", study.patient_id),
        ("Study date", shown_date(study.study_date_max)),
        ("Description", study.study_description),
        ("Accession number", study.accession_number),
        ("Modalities", ", ".join(study.modalities)),
        ("Series", str(study.series_count)),
        ("Instances", str(study.instance_count)),
        ("Latest came", _moment(study.imported_at_max)),
        ("Study Instance UID", study.study_instance_uid),
    )


def _series(series: SeriesSummary) -> Pairs:
    return _known(
        ("Series number", series.series_number),
        ("Modality", series.modality),
        ("Description", series.series_description),
        ("Instances", str(series.instance_count)),
        ("Latest came", _moment(series.imported_at_max)),
        ("Series Instance UID", series.series_instance_uid),
        ("Study Instance UID", series.study_instance_uid),
    )


def _instance(found: InstanceSummary) -> Pairs:
    size = f"{found.rows} x {found.columns}" if found.rows and found.columns else ""
    return _known(
        ("SOP class", sop_class_name(found.sop_class_uid)),
        ("Transfer syntax", transfer_syntax(found.transfer_syntax_uid).name),
        ("Instance number", found.instance_number),
        ("Frames", found.number_of_frames),
        ("Rows x columns", size),
        ("Size", human_bytes(found.size)),
        ("Where", found.location),
        ("Indexed in place", "yes" if found.in_place else ""),
        ("How it came", found.origin.value),
        ("Where from", found.source),
        ("When it came", _moment(found.imported_at)),
        ("Offered again", counted(found.duplicates, "time") if found.duplicates else ""),
        ("Digest", found.digest),
        ("SOP Instance UID", found.sop_instance_uid),
        ("Series Instance UID", found.series_instance_uid),
        ("Study Instance UID", found.study_instance_uid),
    )


def _entry(entry: CatalogEntry) -> Pairs:
    record, stored = entry.record, entry.stored
    return _known(
        ("SOP class", sop_class_name(record.sop_class_uid)),
        ("Transfer syntax", transfer_syntax(record.transfer_syntax_uid).name),
        ("Size", human_bytes(stored.size)),
        ("Where", stored.location),
        ("Indexed in place", "yes" if stored.in_place else ""),
        ("How it came", entry.origin.value),
        ("Where from", entry.source),
        ("When it came", _moment(entry.recorded_at)),
        ("Offered again", counted(entry.duplicates, "time") if entry.duplicates else ""),
        ("Digest", stored.digest),
        *sorted(record.attributes.items()),
        ("SOPInstanceUID", record.sop_instance_uid),
        ("SeriesInstanceUID", record.series_instance_uid),
        ("StudyInstanceUID", record.study_instance_uid),
    )


def _match(match: "dict[str, str]") -> Pairs:
    """Name every attribute that the node told, those without a value too: it was asked for them."""
    return [(keyword, value) for keyword, value in match.items() if value] + [
        (keyword, "-") for keyword, value in match.items() if not value
    ]


def _task(view: "TaskView", now: datetime) -> Pairs:
    return [("Task", view.record.title), *facts_of(view, now), *(("", line) for line in view.record.summary)]


def _moment(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
