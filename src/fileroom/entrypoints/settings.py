"""The settings: a section a dataclass, a setting a field.

A field's type says what it may be, its metadata what it means; the file, the environment, `config show`, `config init`
and the reference in the docs are made from the same fields. `fileroom.entrypoints.configuration` reads them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final, get_type_hints

from fileroom.domain.access import parse_network
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput
from fileroom.domain.filing import DuplicatePolicy, Durability, NamingScheme
from fileroom.domain.limits import ImportLimits
from fileroom.domain.node import check_host
from fileroom.domain.transfer import Transcoding
from fileroom.entrypoints.log_level import LogLevel

ENVIRONMENT_PREFIX: Final = "FILEROOM_"


class NetworkBackend(StrEnum):
    """What moves the bytes."""

    NATIVE = "native"
    PYNETDICOM = "pynetdicom"


class ObjectsBackend(StrEnum):
    """Where objects are kept."""

    FILESYSTEM = "filesystem"
    MEMORY = "memory"


def _setting(default: Any, meaning: str, check: Callable[[Any], object] | None = None) -> Any:
    metadata = {"meaning": meaning, "check": check}
    if isinstance(default, list):
        return field(default_factory=lambda: tuple(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def _at_least(low: float, high: float | None = None) -> Callable[[Any], object]:
    def check(value: float | None) -> None:
        if value is not None and (value < low or (high is not None and value > high)):
            most = f" to {high:g}" if high is not None else " or more"
            shown = value if isinstance(value, int) else f"{value:g}"
            raise InvalidInput(f"{shown} is out of range", hint=f"use {low:g}{most}")

    return check


def _each(check: Callable[[str], object]) -> Callable[[Any], object]:
    def check_each(values: tuple[str, ...]) -> None:
        for value in values:
            check(value)

    return check_each


def _unless_empty(check: Callable[[str], object]) -> Callable[[Any], object]:
    def check_text(value: str) -> None:
        if value:
            check(value)

    return check_text


def _storage_sop_classes(value: str) -> None:
    from fileroom.domain.sop_classes import storage_sop_classes_for

    storage_sop_classes_for(value)


def _transfer_syntax(value: str) -> None:
    from fileroom.domain.transfer_syntaxes import parse_transfer_syntax

    parse_transfer_syntax(value)


def _host_or_auto(value: str) -> None:
    if value != "auto":
        check_host(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalSettings:
    """Who we are."""

    ae_title: str = _setting("FILEROOM", "our AE title, as caller and as listener", AeTitle)


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkSettings:
    """How we talk to peers."""

    backend: NetworkBackend = _setting(
        NetworkBackend.NATIVE, "what moves the bytes: our own upper layer, or that of pynetdicom"
    )
    max_pdu_length: int = _setting(
        262144, "largest P-DATA PDU that we accept, in bytes; 0 is unlimited", _at_least(0, 2**32 - 1)
    )
    connect_timeout: float = _setting(10.0, "seconds to wait for a connection", _at_least(0.1))
    idle_timeout: float = _setting(60.0, "seconds of silence after which a peer is given up", _at_least(0.1))
    settle_timeout: float = _setting(
        10.0, "seconds to wait for late objects after a retrieve; each arrival restarts them", _at_least(0)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageScpSettings:
    """How we listen."""

    bind: str = _setting(
        "auto",
        "address to listen at; auto is the loopback address, or every address once an allowlist is set",
        _host_or_auto,
    )
    port: int = _setting(
        11112, "TCP port to listen at; 0 asks the system for a free one", _at_least(0, 65535)
    )
    max_associations: int = _setting(32, "associations at once", _at_least(1, 10000))
    timeout: float = _setting(60.0, "seconds of silence after which an association is ended", _at_least(0.1))
    allowed_calling_ae_titles: tuple[str, ...] = _setting(
        [], "AE titles that may call; empty allows any", _each(AeTitle)
    )
    allowed_peers: tuple[str, ...] = _setting(
        [], "addresses or networks (CIDR) that may call; empty allows any", _each(parse_network)
    )
    require_called_ae_title: bool = _setting(
        False, "refuse callers that call us by another AE title than our own"
    )
    accept: tuple[str, ...] = _setting(
        [],
        "modalities or SOP classes to store; empty accepts every storage class",
        _each(_storage_sop_classes),
    )
    query_retrieve: bool = _setting(True, "answer C-FIND, C-MOVE (to registered nodes) and C-GET as well")
    max_store_object_bytes: int | None = _setting(None, "largest object to take, in bytes", _at_least(1))


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogSettings:
    """Where the catalog is."""

    url: str = _setting(
        "",
        "database URL (sqlite:///FILE or postgresql+psycopg://…); empty is fileroom.sqlite3 in the data directory",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectsSettings:
    """Where objects are kept, and how."""

    backend: ObjectsBackend = _setting(ObjectsBackend.FILESYSTEM, "where objects are kept")
    root: str = _setting("", "folder of the object store; empty is store/ in the data directory")
    naming: NamingScheme = _setting(NamingScheme.HIERARCHICAL, "layout of the folder")
    duplicates: DuplicatePolicy = _setting(
        DuplicatePolicy.REJECT, "what to do with a SOP Instance UID that is here with other content"
    )
    durability: Durability = _setting(
        Durability.STRICT,
        "strict: success is answered when the object is on disk; relaxed: when the system has it",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class SendSettings:
    """How we send."""

    preferred_transfer_syntax: str = _setting(
        "",
        "convert to this transfer syntax, without loss, where the peer takes it; empty sends objects as they are",
        _unless_empty(_transfer_syntax),
    )
    transcode: Transcoding = _setting(
        Transcoding.FALLBACK,
        "what becomes of an object that the peer does not take as it is: fallback converts it without loss, never does "
        "not",
    )
    jobs: int = _setting(1, "associations in parallel", _at_least(1, 64))
    retries: int = _setting(2, "further attempts for what may succeed later", _at_least(0, 100))


_LIMITS = ImportLimits()


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportSettings:
    """Limits of an import; "none" lifts one."""

    max_file_import_bytes: int | None = _setting(
        _LIMITS.max_file_import_bytes, "largest single file, in bytes", _at_least(1)
    )
    max_import_total_files: int | None = _setting(
        None, "most files of one import, archive entries included", _at_least(1)
    )
    max_import_directory_depth: int | None = _setting(
        _LIMITS.max_import_directory_depth, "folders below the one that was named", _at_least(0)
    )
    max_import_path_length: int | None = _setting(
        _LIMITS.max_import_path_length, "characters of a path or an archive entry's name", _at_least(1)
    )
    max_zip_entry_count: int | None = _setting(
        _LIMITS.max_zip_entry_count, "entries of one archive", _at_least(1)
    )
    max_zip_entry_bytes: int | None = _setting(
        _LIMITS.max_zip_entry_bytes, "bytes that one archive entry may unpack to", _at_least(1)
    )
    max_zip_total_bytes: int | None = _setting(
        _LIMITS.max_zip_total_bytes, "bytes that one archive may unpack to", _at_least(1)
    )
    max_store_object_bytes: int | None = _setting(None, "largest object to store, in bytes", _at_least(1))

    def limits(self) -> ImportLimits:
        """Return what the import sources keep to."""
        return ImportLimits(**{each.name: getattr(self, each.name) for each in fields(ImportLimits)})


@dataclass(frozen=True, kw_only=True, slots=True)
class LogSettings:
    """What goes to logs/app.log."""

    level: LogLevel = _setting(LogLevel.INFO, "least level that is logged")


class Theme(StrEnum):
    """Colours of the terminal UI."""

    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True, kw_only=True, slots=True)
class TuiSettings:
    """How the terminal UI behaves."""

    parallel_tasks: int = _setting(2, "tasks that run at once; others wait", _at_least(1, 32))
    theme: Theme = _setting(Theme.DARK, "colours to begin with")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """All sections."""

    local: LocalSettings = field(default_factory=LocalSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    storage_scp: StorageScpSettings = field(default_factory=StorageScpSettings)
    catalog: CatalogSettings = field(default_factory=CatalogSettings)
    objects: ObjectsSettings = field(default_factory=ObjectsSettings)
    send: SendSettings = field(default_factory=SendSettings)
    import_: ImportSettings = field(default_factory=ImportSettings)
    log: LogSettings = field(default_factory=LogSettings)
    tui: TuiSettings = field(default_factory=TuiSettings)

    def items(self) -> dict[str, dict[str, object]]:
        """Return every setting by section and key, enumerations as their words."""
        return {
            name: {
                each.name: _plain(getattr(getattr(self, attribute_of(name)), each.name))
                for each in fields(kind)
            }
            for name, kind in SECTIONS.items()
        }


def attribute_of(section: str) -> str:
    """Return the attribute of `Settings` that holds a section."""
    return "import_" if section == "import" else section


def _sections() -> dict[str, type[Any]]:
    hints = get_type_hints(Settings)
    return {each.name.rstrip("_"): hints[each.name] for each in fields(Settings)}


SECTIONS: Final = _sections()
if not all(is_dataclass(kind) for kind in SECTIONS.values()):
    raise AssertionError("every section is a dataclass")


def environment_name(section: str, key: str) -> str:
    """Return the environment variable of a setting."""
    return f"{ENVIRONMENT_PREFIX}{section}_{key}".upper()


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    return list(value) if isinstance(value, tuple) else value
