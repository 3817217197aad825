"""The only module that names adapters: it wires them to the ports that the use cases need.

Each adapter's library, and each use case, is imported when it is first wanted, so that a command pays only for what it
uses. It is long because it is the only one: a second place that names adapters is what the layers are there to prevent.
"""

import os
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from fileroom.domain.access import AccessPolicy, parse_network
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import ConfigurationError
from fileroom.domain.filing import DuplicatePolicy
from fileroom.entrypoints.light_imports import without
from fileroom.entrypoints.settings import NetworkSettings, ObjectsSettings, Settings

with without("pydantic", "pydantic_settings", "yaml"):
    # It looks for them, for ways of configuration that are not used here; they load longer than all the rest.
    from dependency_injector import containers, providers

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from fileroom.adapters.dicom._services.link import UpperLayer
    from fileroom.adapters.system.cancellation import ThreadCancelToken
    from fileroom.application.file_work import FileWork
    from fileroom.application.filing import InstanceFiler
    from fileroom.application.filing_queue import FilingQueue
    from fileroom.application.outgoing import Holdings
    from fileroom.application.ports.catalog import Catalog
    from fileroom.application.ports.clock import Clock
    from fileroom.application.ports.deidentification_rules import DeidentificationRules
    from fileroom.application.ports.deidentifier import Deidentifier
    from fileroom.application.ports.dicom_client import DicomClient
    from fileroom.application.ports.dicom_server import DicomServer, ListenerOptions
    from fileroom.application.ports.file_describer import FileDescriber
    from fileroom.application.ports.file_finder import FileFinder
    from fileroom.application.ports.file_transcoder import FileTranscoder
    from fileroom.application.ports.header_reader import HeaderReader
    from fileroom.application.ports.image_renderer import ImageRenderer
    from fileroom.application.ports.import_source import ImportSource
    from fileroom.application.ports.json_converter import JsonConverter
    from fileroom.application.ports.line_history import LineHistory
    from fileroom.application.ports.listener_presence import ListenerPresence
    from fileroom.application.ports.node_repository import NodeRepository
    from fileroom.application.ports.object_dumper import ObjectDumper
    from fileroom.application.ports.object_store import ObjectStore
    from fileroom.application.ports.object_validator import ObjectValidator
    from fileroom.application.ports.pixel_measurer import PixelMeasurer
    from fileroom.application.ports.secret_key import SecretKey
    from fileroom.application.ports.task_history import TaskHistory
    from fileroom.application.ports.transcoder import Transcoder
    from fileroom.application.ports.uid_source import UidSource
    from fileroom.application.ports.workers import Workers
    from fileroom.application.receiver import OpenReceiver
    from fileroom.application.task_queue import TaskQueue
    from fileroom.application.use_cases.anonymize_files import AnonymizeFiles
    from fileroom.application.use_cases.answer_query import AnswerQuery
    from fileroom.application.use_cases.browse_local import BrowseLocal
    from fileroom.application.use_cases.convert_from_json import ConvertFromJson
    from fileroom.application.use_cases.convert_to_json import ConvertToJson
    from fileroom.application.use_cases.describe_files import DescribeFiles
    from fileroom.application.use_cases.dump_files import DumpFiles
    from fileroom.application.use_cases.echo_node import EchoNode
    from fileroom.application.use_cases.import_files import ImportFiles
    from fileroom.application.use_cases.manage_nodes import ManageNodes
    from fileroom.application.use_cases.measure_pixels import CountPixels, MeasurePixels
    from fileroom.application.use_cases.query_node import QueryNode
    from fileroom.application.use_cases.receive_instance import ReceiveInstance
    from fileroom.application.use_cases.recover_store import RecoverStore
    from fileroom.application.use_cases.render_images import RenderImages
    from fileroom.application.use_cases.retrieve_objects import RetrieveObjects
    from fileroom.application.use_cases.run_listener import RunListener
    from fileroom.application.use_cases.send_objects import SendObjects
    from fileroom.application.use_cases.serve_retrieve import ServeRetrieve
    from fileroom.application.use_cases.transcode_files import TranscodeFiles
    from fileroom.application.use_cases.validate_files import ValidateFiles

LOOPBACK = "127.0.0.1"
TITLES_SECONDS = 1.0
"""How long the AE titles under which nodes know us are remembered: each object of a C-MOVE asks for them."""
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - only where an allowlist says who may call
EVERY_ADDRESS_V6 = "::"

# Adapters ------------------------------------------------------------------------------------------------------------


def default_data_dir() -> Path:
    """Return the platform's place for our data."""
    from fileroom.adapters.system.paths import default_data_dir as platform_default

    return platform_default()


def _log_file(settings: Settings, data_dir: Path) -> Iterator[Path | None]:
    from fileroom.adapters.system.logging import open_log

    log = open_log(data_dir / "logs", level=settings.log.level.value.upper())
    yield log.path
    log.close()


def _clock() -> "Clock":
    from fileroom.adapters.system.clock import SystemClock

    return SystemClock()


def _uid_source() -> "UidSource":
    from fileroom.adapters.system.uid_source import RandomUidSource

    return RandomUidSource()


def _cancel_token() -> "ThreadCancelToken":
    from fileroom.adapters.system.cancellation import ThreadCancelToken

    return ThreadCancelToken()


def _presence(data_dir: Path) -> "ListenerPresence":
    from fileroom.adapters.system.listener_presence import FileListenerPresence

    return FileListenerPresence(data_dir)


def _addresses_of(host: str) -> tuple[str, ...]:
    from fileroom.adapters.system.addresses import addresses_of

    return addresses_of(host)


def _engine(settings: Settings, data_dir: Path) -> Iterator["Engine"]:
    from fileroom.adapters.catalog.sql.engine import open_catalog_engine

    url = _database_url(settings.catalog.url, data_dir)
    engine = open_catalog_engine(url, durability=settings.objects.durability)
    yield engine
    engine.dispose()


def _database_url(given: str, data_dir: Path) -> str:
    """Return an SQLAlchemy URL; what has no scheme is a SQLite file."""
    if not given:
        return f"sqlite:///{data_dir / 'fileroom.sqlite3'}"
    return given if "://" in given else f"sqlite:///{Path(given).expanduser().absolute()}"


def _sql_catalog(engine: "Engine") -> "Catalog":
    from fileroom.adapters.catalog.sql.catalog import SqlCatalog

    return SqlCatalog(engine)


def _sql_nodes(engine: "Engine") -> "NodeRepository":
    from fileroom.adapters.catalog.sql.node_repository import SqlNodeRepository

    return SqlNodeRepository(engine)


def _deferred_nodes(open_register: Callable[[], "NodeRepository"]) -> "NodeRepository":
    from fileroom.adapters.catalog._shared.deferred_node_repository import DeferredNodeRepository

    return DeferredNodeRepository(open_register)


def _filesystem_store(settings: ObjectsSettings, data_dir: Path) -> Iterator["ObjectStore"]:
    from fileroom.adapters.objects.filesystem.object_store import FilesystemObjectStore

    root = _store_root(settings, data_dir)
    store = FilesystemObjectStore(root, naming=settings.naming, durability=settings.durability)
    yield store
    store.close()


def _memory_store(settings: ObjectsSettings) -> Iterator["ObjectStore"]:
    from fileroom.adapters.objects.memory.object_store import MemoryObjectStore

    store = MemoryObjectStore(naming=settings.naming)
    yield store
    store.close()


def _header_reader() -> "HeaderReader":
    from fileroom.adapters.files.header_reader import ScannerHeaderReader

    return ScannerHeaderReader()


def _transcoder() -> "Transcoder":
    from fileroom.adapters.files.transcoding.transcoder import TreeTranscoder

    return TreeTranscoder()


def _import_source(settings: Settings) -> "ImportSource":
    from fileroom.adapters.sources.source import AutoSource

    return AutoSource(settings.import_.limits())


def _task_history(data_dir: Path) -> "TaskHistory":
    from fileroom.adapters.system.task_history import FileTaskHistory

    return FileTaskHistory(data_dir / "tasks.jsonl")


def _line_history(data_dir: Path) -> "LineHistory":
    from fileroom.adapters.system.line_history import FileLineHistory

    return FileLineHistory(data_dir / "commands.jsonl")


def _file_finder() -> "FileFinder":
    from fileroom.adapters.sources.file_finder import FilesystemFileFinder

    return FilesystemFileFinder()


def _workers() -> "Workers":
    from fileroom.adapters.system.workers import ProcessWorkers

    return ProcessWorkers()


def _file_describer() -> "FileDescriber":
    from fileroom.adapters.files.inspecting.describer import TreeFileDescriber

    return TreeFileDescriber()


def _object_dumper() -> "ObjectDumper":
    from fileroom.adapters.files.inspecting.dumper import TreeDumper

    return TreeDumper()


def _object_validator() -> "ObjectValidator":
    from fileroom.adapters.files.validating.validator import TreeValidator

    return TreeValidator()


def _json_converter() -> "JsonConverter":
    from fileroom.adapters.files.json_model.converter import TreeJsonConverter

    return TreeJsonConverter()


def _image_renderer() -> "ImageRenderer":
    from fileroom.adapters.files.imaging.renderer import PillowImageRenderer

    return PillowImageRenderer()


def _pixel_measurer() -> "PixelMeasurer":
    from fileroom.adapters.files.imaging.measurer import NumpyPixelMeasurer

    return NumpyPixelMeasurer()


def _file_transcoder(uids: "UidSource") -> "FileTranscoder":
    from fileroom.adapters.files.transcoding.file_transcoder import TreeFileTranscoder

    return TreeFileTranscoder(uids=uids)


def _deidentifier() -> "Deidentifier":
    from fileroom.adapters.files.deidentifying.deidentifier import TreeDeidentifier

    return TreeDeidentifier()


def _deidentification_rules() -> "DeidentificationRules":
    from fileroom.adapters.files.deidentifying.rules import TomlRules

    return TomlRules()


def _secret_key(data_dir: Path) -> "SecretKey":
    from fileroom.adapters.system.secret_key import FileSecretKey

    return FileSecretKey(data_dir)


def _native_upper_layer() -> "UpperLayer":
    from fileroom.adapters.dicom.native.upper_layer import NativeUpperLayer

    return NativeUpperLayer()


def _pynetdicom_upper_layer() -> "UpperLayer":
    from fileroom.adapters.dicom.pynetdicom.upper_layer import PynetdicomUpperLayer

    return PynetdicomUpperLayer()


def _client(upper_layer: "UpperLayer", ae_title: AeTitle, network: NetworkSettings) -> "DicomClient":
    from fileroom.adapters.dicom._services.client import AssociationClient

    return AssociationClient(
        upper_layer,
        ae_title,
        connect_timeout=network.connect_timeout,
        idle_timeout=network.idle_timeout,
        max_pdu_length=network.max_pdu_length,
    )


def _server(upper_layer: "UpperLayer") -> "DicomServer":
    from fileroom.adapters.dicom._services.server import AssociationServer

    return AssociationServer(upper_layer)


def _filing_queue(
    catalog: "Catalog", store: "ObjectStore", policy: DuplicatePolicy
) -> Iterator["FilingQueue"]:
    from fileroom.application.filing_queue import FilingQueue

    queue = FilingQueue(catalog=catalog, store=store, policy=policy)
    yield queue
    queue.close()


_opening = RLock()
"""Held while something is made, with all that it needs: one lock for everything, so that no two wait for each other."""
_Made = TypeVar("_Made")


class _Resource(providers.Resource[_Made]):
    """A resource that several threads may ask for at once: one of them opens it."""

    def __call__(self, *arguments: object, **named: object) -> Any:  # noqa: ANN401 - as the library has it
        with _opening:
            return super().__call__(*arguments, **named)


class _Singleton(providers.Singleton[_Made]):
    """A singleton that several threads may ask for at once: one of them makes it."""

    def __call__(self, *arguments: object, **named: object) -> Any:  # noqa: ANN401 - as the library has it
        with _opening:
            return super().__call__(*arguments, **named)


def _late(module: str, name: str) -> Callable[..., Any]:
    """Return a maker of a class whose module is imported when the first is made."""

    def make(*arguments: object, **named: object) -> object:
        return getattr(import_module(module), name)(*arguments, **named)

    return make


# What the settings mean ----------------------------------------------------------------------------------------------


def _access(settings: Settings) -> AccessPolicy:
    listener = settings.storage_scp
    return AccessPolicy(
        calling_ae_titles=frozenset(AeTitle(title) for title in listener.allowed_calling_ae_titles),
        peers=tuple(parse_network(text) for text in listener.allowed_peers),
        called_ae_title=AeTitle(settings.local.ae_title) if listener.require_called_ae_title else None,
    )


def _every_address(access: AccessPolicy) -> str:
    """Return the wildcard that reaches all who are allowed: an IPv6 socket takes IPv4 callers too."""
    return EVERY_ADDRESS_V6 if any(network.version == 6 for network in access.peers) else EVERY_ADDRESS


def _listener_options(settings: Settings, access: AccessPolicy) -> "ListenerOptions":
    from fileroom.application.ports.dicom_server import ListenerOptions
    from fileroom.domain.sop_classes import STORAGE_SOP_CLASSES, storage_sop_classes_for

    listener = settings.storage_scp
    bind = listener.bind
    if bind == "auto":
        bind = _every_address(access) if access.restricts_callers else LOOPBACK
    accepted = [uid for token in listener.accept for uid in storage_sop_classes_for(token)]
    return ListenerOptions(
        ae_title=AeTitle(settings.local.ae_title),
        bind=bind,
        port=listener.port,
        max_associations=listener.max_associations,
        idle_timeout=listener.timeout,
        max_pdu_length=settings.network.max_pdu_length,
        sop_class_uids=tuple(dict.fromkeys(accepted)) or tuple(STORAGE_SOP_CLASSES),
    )


def _our_ae_titles(
    settings: Settings, nodes: "NodeRepository", clock: "Clock"
) -> Callable[[], frozenset[str]]:
    """The titles under which peers send us what we asked for; looked up now and then, since nodes change."""
    known: frozenset[str] = frozenset()
    looked_up = float("-inf")

    def titles() -> frozenset[str]:
        nonlocal known, looked_up
        if clock.monotonic() - looked_up > TITLES_SECONDS:
            destinations = (node.move_destination for node in nodes.list() if node.move_destination)
            known = frozenset({settings.local.ae_title, *destinations})
            looked_up = clock.monotonic()
        return known

    return titles


def _binds_towards_peer(settings: Settings, access: AccessPolicy) -> bool:
    return settings.storage_scp.bind == "auto" and not access.restricts_callers


def _files_into(settings: Settings, data_dir: Path) -> str:
    """Name the catalog and the store, in the same words in every process; user and password stay out of it."""
    from sqlalchemy import URL, make_url

    given = make_url(_database_url(settings.catalog.url, data_dir))
    catalog = str(Path(given.database or "").resolve())
    if given.get_backend_name() != "sqlite":
        sockets = {key: given.query[key] for key in ("host", "port") if key in given.query}
        url = URL.create(
            given.get_backend_name(), host=given.host, port=given.port, database=given.database, query=sockets
        )
        catalog = url.render_as_string()
    if settings.objects.backend == "memory":
        return f"{catalog} and the memory of process {os.getpid()}"
    return f"{catalog} and {_store_root(settings.objects, data_dir).resolve()}"


def _store_root(settings: ObjectsSettings, data_dir: Path) -> Path:
    return Path(settings.root).expanduser() if settings.root else data_dir / "store"


def _store_folders(settings: Settings, data_dir: Path) -> tuple[Path, ...]:
    """Return the folders whose files nobody but the store may write."""
    return () if settings.objects.backend == "memory" else (_store_root(settings.objects, data_dir),)


def _only_if_enabled(settings: Settings, handler: Callable[[], object]) -> object | None:
    return handler() if settings.storage_scp.query_retrieve else None


class Container(containers.DeclarativeContainer):
    """All of fileroom behind its doors; `settings` and `data_dir` are given by the door."""

    settings = providers.Dependency(instance_of=Settings)
    data_dir = providers.Dependency(instance_of=Path)

    log_file = _Resource(_log_file, settings, data_dir)
    clock = _Singleton(_clock)
    uid_source = _Singleton(_uid_source)
    cancel_token = providers.Factory(_cancel_token)
    presence = _Singleton(_presence, data_dir)
    files_into = providers.Callable(_files_into, settings, data_dir)
    store_folders = providers.Callable(_store_folders, settings, data_dir)

    engine = _Resource(_engine, settings, data_dir)
    catalog = _Singleton(_sql_catalog, engine)
    sql_nodes = _Singleton(_sql_nodes, engine)
    nodes = _Singleton(_deferred_nodes, sql_nodes.provider)
    store = providers.Selector(
        settings.provided.objects.backend,
        filesystem=_Resource(_filesystem_store, settings.provided.objects, data_dir),
        memory=_Resource(_memory_store, settings.provided.objects),
    )
    reader = _Singleton(_header_reader)
    transcoder = _Singleton(_transcoder)
    source = _Singleton(_import_source, settings)

    ae_title = providers.Factory(AeTitle, settings.provided.local.ae_title)
    upper_layer = providers.Selector(
        settings.provided.network.backend,
        native=_Singleton(_native_upper_layer),
        pynetdicom=_Singleton(_pynetdicom_upper_layer),
    )
    client = _Singleton(_client, upper_layer, ae_title, settings.provided.network)
    server = _Singleton(_server, upper_layer)
    access = _Singleton(_access, settings)
    listener_options = _Singleton(_listener_options, settings, access)

    duplicate_policy = providers.Factory(DuplicatePolicy, settings.provided.objects.duplicates)
    filing_queue = _Resource(_filing_queue, catalog, store, duplicate_policy)
    filer: "providers.Singleton[InstanceFiler]" = _Singleton(
        _late("fileroom.application.filing", "InstanceFiler"),
        catalog=catalog,
        store=store,
        reader=reader,
        clock=clock,
        policy=duplicate_policy,
        queue=filing_queue,
    )
    settle = filer.provided.settle
    receive_instance: "providers.Singleton[ReceiveInstance]" = _Singleton(
        _late("fileroom.application.use_cases.receive_instance", "ReceiveInstance"),
        store=store,
        reader=reader,
        filer=filer,
        max_object_bytes=settings.provided.storage_scp.max_store_object_bytes,
        our_ae_titles=providers.Callable(_our_ae_titles, settings, nodes, clock),
    )
    recover_store: "providers.Factory[RecoverStore]" = providers.Factory(
        _late("fileroom.application.use_cases.recover_store", "RecoverStore"),
        store=store,
        catalog=catalog,
        reader=reader,
        clock=clock,
        settle=settle,
    )
    answer_query: "providers.Factory[AnswerQuery]" = providers.Factory(
        _late("fileroom.application.use_cases.answer_query", "AnswerQuery"), catalog=catalog, settle=settle
    )
    serve_retrieve: "providers.Factory[ServeRetrieve]" = providers.Factory(
        _late("fileroom.application.use_cases.serve_retrieve", "ServeRetrieve"),
        nodes=nodes,
        catalog=catalog,
        store=store,
        client=client,
        transcoder=transcoder,
        never=cancel_token.provider,
        settle=settle,
    )
    run_listener: "providers.Factory[RunListener]" = providers.Factory(
        _late("fileroom.application.use_cases.run_listener", "RunListener"),
        server=server,
        presence=presence,
        receive=receive_instance,
        recover=recover_store,
        query=providers.Callable(_only_if_enabled, settings, answer_query.provider),
        retrieve=providers.Callable(_only_if_enabled, settings, serve_retrieve.provider),
        access=access,
        options=listener_options,
        clock=clock,
        process=os.getpid(),
        files_into=files_into,
    )

    manage_nodes: "providers.Factory[ManageNodes]" = providers.Factory(
        _late("fileroom.application.use_cases.manage_nodes", "ManageNodes"), nodes=nodes
    )
    echo_node: "providers.Factory[EchoNode]" = providers.Factory(
        _late("fileroom.application.use_cases.echo_node", "EchoNode"), nodes=nodes, client=client
    )
    query_node: "providers.Factory[QueryNode]" = providers.Factory(
        _late("fileroom.application.use_cases.query_node", "QueryNode"), nodes=nodes, client=client
    )
    browse_local: "providers.Factory[BrowseLocal]" = providers.Factory(
        _late("fileroom.application.use_cases.browse_local", "BrowseLocal"), catalog=catalog
    )
    import_files: "providers.Factory[ImportFiles]" = providers.Factory(
        _late("fileroom.application.use_cases.import_files", "ImportFiles"),
        source=source,
        store=store,
        reader=reader,
        filer=filer,
        clock=clock,
        max_object_bytes=settings.provided.import_.max_store_object_bytes,
        max_total_files=settings.provided.import_.max_import_total_files,
    )
    holdings: "providers.Factory[Holdings]" = providers.Factory(
        _late("fileroom.application.outgoing", "Holdings"), catalog=catalog.provider, store=store.provider
    )
    send_objects: "providers.Factory[SendObjects]" = providers.Factory(
        _late("fileroom.application.use_cases.send_objects", "SendObjects"),
        nodes=nodes,
        holdings=holdings,
        source=source,
        reader=reader,
        client=client,
        transcoder=transcoder,
        clock=clock,
    )
    receiver: "providers.Singleton[OpenReceiver]" = _Singleton(
        _late("fileroom.application.receiver", "OpenReceiver"),
        server=server,
        presence=presence,
        client=client,
        receive=receive_instance,
        access=access,
        options=listener_options,
        bind_towards_peer=providers.Callable(_binds_towards_peer, settings, access),
        addresses_of=providers.Object(_addresses_of),
        files_into=files_into,
        wait_seconds=settings.provided.network.idle_timeout,
        process=os.getpid(),
    )
    retrieve_objects: "providers.Factory[RetrieveObjects]" = providers.Factory(
        _late("fileroom.application.use_cases.retrieve_objects", "RetrieveObjects"),
        nodes=nodes,
        catalog=catalog,
        client=client,
        receive=receive_instance,
        receiver=receiver,
        ae_title=ae_title,
        settle_seconds=settings.provided.network.settle_timeout,
        clock=clock,
    )

    task_queue: "providers.Singleton[TaskQueue]" = _Singleton(
        _late("fileroom.application.task_queue", "TaskQueue"),
        width=settings.provided.tui.parallel_tasks,
        clock=clock,
        history=_Singleton(_task_history, data_dir),
        new_token=cancel_token.provider,
    )

    line_history = providers.Singleton(_line_history, data_dir)

    # Tools for files that are not filed.
    file_work: "providers.Factory[FileWork]" = providers.Factory(
        _late("fileroom.application.file_work", "FileWork"),
        finder=_Singleton(_file_finder),
        workers=_Singleton(_workers),
        clock=clock,
    )
    describe_files: "providers.Factory[DescribeFiles]" = providers.Factory(
        _late("fileroom.application.use_cases.describe_files", "DescribeFiles"),
        files=file_work,
        describer=_Singleton(_file_describer),
    )
    object_dumper = _Singleton(_object_dumper)
    dump_files: "providers.Factory[DumpFiles]" = providers.Factory(
        _late("fileroom.application.use_cases.dump_files", "DumpFiles"),
        files=file_work,
        dumper=object_dumper,
    )
    validate_files: "providers.Factory[ValidateFiles]" = providers.Factory(
        _late("fileroom.application.use_cases.validate_files", "ValidateFiles"),
        files=file_work,
        validator=_Singleton(_object_validator),
    )
    json_converter: "providers.Singleton[JsonConverter]" = _Singleton(_json_converter)
    convert_to_json: "providers.Factory[ConvertToJson]" = providers.Factory(
        _late("fileroom.application.use_cases.convert_to_json", "ConvertToJson"),
        files=file_work,
        converter=json_converter,
    )
    convert_from_json: "providers.Factory[ConvertFromJson]" = providers.Factory(
        _late("fileroom.application.use_cases.convert_from_json", "ConvertFromJson"),
        files=file_work,
        converter=json_converter,
    )
    pixel_measurer: "providers.Singleton[PixelMeasurer]" = providers.Singleton(_pixel_measurer)
    measure_pixels: "providers.Factory[MeasurePixels]" = providers.Factory(
        _late("fileroom.application.use_cases.measure_pixels", "MeasurePixels"),
        files=file_work,
        measurer=pixel_measurer,
    )
    count_pixels: "providers.Factory[CountPixels]" = providers.Factory(
        _late("fileroom.application.use_cases.measure_pixels", "CountPixels"),
        files=file_work,
        measurer=pixel_measurer,
    )
    render_images: "providers.Factory[RenderImages]" = providers.Factory(
        _late("fileroom.application.use_cases.render_images", "RenderImages"),
        files=file_work,
        renderer=providers.Singleton(_image_renderer),
    )
    transcode_files: "providers.Factory[TranscodeFiles]" = providers.Factory(
        _late("fileroom.application.use_cases.transcode_files", "TranscodeFiles"),
        files=file_work,
        transcoder=providers.Singleton(_file_transcoder, uid_source),
    )
    anonymize_files: "providers.Factory[AnonymizeFiles]" = providers.Factory(
        _late("fileroom.application.use_cases.anonymize_files", "AnonymizeFiles"),
        files=file_work,
        deidentifier=providers.Singleton(_deidentifier),
        key=providers.Singleton(_secret_key, data_dir),
        rules=providers.Singleton(_deidentification_rules),
    )


def open_container(settings: Settings, data_dir: Path) -> Container:
    """Make the data directory, start the log, and return everything behind the doors.

    Raises:
        ConfigurationError: the data directory cannot be made.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigurationError(
            f"the data directory {data_dir} cannot be made: {error.strerror}",
            hint="choose another with --data-dir",
        ) from None
    container = Container(settings=providers.Object(settings), data_dir=providers.Object(data_dir))
    container.log_file()
    return container


def close_container(container: Container) -> None:
    """Give back what was opened; what was never wanted is not opened for it.

    What waits for the catalog is written first. Where that fails, the store is left as by a process that died, so that
    the next start looks for it.
    """
    if container.filing_queue.initialized and not container.filing_queue().close():
        container.engine.shutdown()
        container.log_file.shutdown()
        return
    container.shutdown_resources()
