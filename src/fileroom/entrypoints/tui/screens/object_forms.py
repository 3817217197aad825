"""Forms around studies, series and instances: retrieve, send, import, export."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fileroom.domain.ae_title import AeTitle
from fileroom.domain.retrieve import Via
from fileroom.entrypoints.export import ExportFormat
from fileroom.entrypoints.tui.screens.completing import check_node, complete_node, complete_path, path_in
from fileroom.entrypoints.tui.screens.fields import Field, Kind, Values

if TYPE_CHECKING:
    from fileroom.domain.node import Node

_SEVERAL: Final = "files, folders and ZIP archives; tab completes, ; parts several"


def node_field(nodes: "Sequence[Node]", label: str, value: str = "") -> Field:
    """Return a field that takes the name of a node and offers them all."""
    return Field(
        key="node",
        label=label,
        required=True,
        value=value,
        placeholder="type a part of its name, AE title or address",
        check=check_node(nodes),
        complete=complete_node(nodes),
        is_quick=True,
        picks=True,
    )


def retrieve_fields(nodes: "Sequence[Node]", node: str) -> tuple[Field, ...]:
    """Ask from whom, by which service and whereto."""
    return (
        node_field(nodes, "From", node),
        Field(key="via", label="Via", kind=Kind.CHOICE, choices=tuple(Via), value=Via.AUTO),
        Field(
            key="move_destination", label="Move destination", check=AeTitle,
            placeholder="AE title that C-MOVE sends to; ours",
        ),
    )  # fmt: skip


def import_fields() -> tuple[Field, ...]:
    """Ask what to file."""
    return (
        Field(key="path", label="Path", required=True, placeholder=_SEVERAL, complete=complete_path, is_there=True),
        Field(
            key="in_place", label="In place", kind=Kind.TICK,
            placeholder="list files where they are, copy nothing",
        ),
    )  # fmt: skip


def send_fields(nodes: "Sequence[Node]", node: str) -> tuple[Field, ...]:
    """Ask whereto."""
    return (node_field(nodes, "To", node),)


def send_files_fields(nodes: "Sequence[Node]", node: str) -> tuple[Field, ...]:
    """Ask what to send, and whereto."""
    return (
        Field(
            key="path", label="Path", required=True, complete=complete_path, is_there=True,
            placeholder="DICOM files or folders; tab completes, ; parts several",
        ),
        Field(
            key="recursive", label="Folders", kind=Kind.TICK, value="yes", placeholder="send what folders hold, too",
        ),
        node_field(nodes, "To", node),
    )  # fmt: skip


def export_fields(path: str, export: ExportFormat = ExportFormat.CSV) -> tuple[Field, ...]:
    """Ask as what and whereto."""
    return (
        Field(key="format", label="Format", kind=Kind.CHOICE, choices=("csv", "json"), value=export.value),
        Field(
            key="path", label="File", required=True, value=path, check=path_in, complete=complete_path,
            placeholder="tab completes",
        ),
    )  # fmt: skip


def adapt_export(changed: str, values: Values) -> Values:
    """Let the name's ending and the format say the same."""
    path = values["path"]
    ending = Path(path).suffix.lower()
    endings = {f".{each.value}": each.value for each in ExportFormat}
    if changed == "format" and ending in endings:
        return {"path": f"{path[: len(path) - len(ending)]}.{values['format']}"}
    if changed == "path" and ending in endings:
        return {"format": endings[ending]}
    return {}
