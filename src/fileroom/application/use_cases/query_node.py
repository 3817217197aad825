"""Asks a node what it has (C-FIND)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from fileroom.application.peers import find_peer
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.dicom_client import DicomClient, Peer
from fileroom.application.ports.node_repository import NodeRepository
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.streams import closing_stream
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput
from fileroom.domain.query import DEFAULT_KEYS, Attributes, Query, QueryLevel, QueryModel


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryRequest:
    """What to ask whom."""

    target: str
    """A node's name, or HOST:PORT."""
    called_ae_title: AeTitle | None = None
    level: QueryLevel = QueryLevel.STUDY
    model: QueryModel = QueryModel.STUDY_ROOT
    keys: Mapping[str, str] = field(default_factory=dict)
    """Matching keys (with a value) and return keys (with '') besides the level's usual ones."""
    modalities: tuple[str, ...] = ()
    """Any of these modalities: of the study at STUDY level, of the series below."""
    limit: int | None = None
    """End the query, with C-CANCEL, after so many matches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryResult:
    """What the node has."""

    name: str
    level: QueryLevel
    matches: tuple[Attributes, ...]
    limited: bool
    """The limit ended the query; there may be more."""


class QueryNode:
    """Sends C-FIND requests; matches are streamed."""

    def __init__(self, *, nodes: NodeRepository, client: DicomClient) -> None:
        """Use these."""
        self._nodes = nodes
        self._client = client

    def execute(self, request: QueryRequest, *, progress: ProgressSink, cancel: CancelToken) -> QueryResult:
        """Collect all matches; raises as `stream` does."""
        _, name = find_peer(self._nodes, request.target, request.called_ae_title)
        with closing_stream(self.stream(request, progress=progress, cancel=cancel)) as matches:
            found = tuple(matches)
        limited = request.limit is not None and len(found) >= request.limit
        return QueryResult(name=name, level=request.level, matches=found, limited=limited)

    def stream(
        self, request: QueryRequest, *, progress: ProgressSink, cancel: CancelToken
    ) -> Iterator[Attributes]:
        """Yield each match as it comes; closing the iterator sends C-CANCEL.

        Raises:
            NotFound: the target is neither a node nor an address.
            InvalidInput: a key is unknown, the model has no such level, or patients are asked for by modality.
            PeerError: the peer could not be asked, or answered a failure.
            Cancelled: `cancel` was raised.
        """
        if request.limit is not None and request.limit < 1:
            raise InvalidInput(f"a limit of {request.limit} leaves nothing", hint="use 1 or more")
        if request.modalities and request.level is QueryLevel.PATIENT:
            raise InvalidInput("patients have no modality", hint="query studies by modality")
        peer, _ = find_peer(self._nodes, request.target, request.called_ae_title)
        keys = dict.fromkeys(DEFAULT_KEYS[request.level], "") | dict(request.keys)
        query = Query(level=request.level, model=request.model, keys=keys)
        with closing_stream(self._each_modality(peer, query, request.modalities, cancel)) as matches:
            for done, match in enumerate(islice(matches, request.limit), 1):
                progress.report(Progress(task="querying", done=done))
                yield match

    def _each_modality(
        self, peer: Peer, query: Query, modalities: tuple[str, ...], cancel: CancelToken
    ) -> Iterator[Attributes]:
        """Ask once for each modality: a list of values is no standard matching for either attribute (PS3.4 C.2.2.2)."""
        keyword = "ModalitiesInStudy" if query.level is QueryLevel.STUDY else "Modality"
        seen: set[str] = set()
        for modality in modalities or ("",):
            asked = replace(query, keys={**query.keys, keyword: modality}) if modality else query
            with closing_stream(self._client.find(peer, asked, cancel)) as matches:
                for match in matches:
                    uid = match.get(query.level.unique_key, "")
                    if (uid and uid in seen) or not _has_modality(match.get(keyword, ""), modality):
                        continue
                    seen.add(uid)
                    yield match


def _has_modality(value: str, wanted: str) -> bool:
    """Some peers ignore the key and return everything; where they tell the modalities we can still choose."""
    if not wanted or not value or "*" in wanted or "?" in wanted:
        return True
    return wanted in (part.strip() for part in value.split("\\"))
