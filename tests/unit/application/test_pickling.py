"""Requests and results of use cases cross process boundaries."""

import dataclasses
import importlib
import pickle
import pkgutil
from pathlib import Path
from types import ModuleType

import pytest

import fileroom.application
from fileroom.application.expectation import Expected, Wanted
from fileroom.application.file_work import Destination, FileJob, FileOutcome, FileSelection, FileWorkResult
from fileroom.application.filing import Provenance
from fileroom.application.filing_decisions import Filed
from fileroom.application.import_ledger import DuplicateCounts, FailureKind, ImportFailure
from fileroom.application.listener_activity import (
    EventKind,
    ListenerCounts,
    ListenerEvent,
    OpenAssociation,
)
from fileroom.application.ports.dicom_client import EchoAnswer, Peer
from fileroom.application.ports.dicom_server import StoreReply
from fileroom.application.ports.json_converter import FromJsonOptions, ToJsonOptions
from fileroom.application.receiver import Receiver
from fileroom.application.retrieval import Refusal, RetrieveResult
from fileroom.application.sending import SendOptions
from fileroom.application.task_queue import TaskEnd, TaskView
from fileroom.application.use_cases.anonymize_files import AnonymizeFilesRequest
from fileroom.application.use_cases.convert_from_json import ConvertFromJsonRequest
from fileroom.application.use_cases.convert_to_json import ConvertToJsonRequest
from fileroom.application.use_cases.describe_files import DescribeFilesRequest
from fileroom.application.use_cases.dump_files import DumpFilesRequest
from fileroom.application.use_cases.echo_node import EchoRequest, EchoResult
from fileroom.application.use_cases.import_files import ImportRequest, ImportResult
from fileroom.application.use_cases.manage_nodes import NodeChanges
from fileroom.application.use_cases.measure_pixels import CountPixelsRequest, MeasurePixelsRequest
from fileroom.application.use_cases.query_node import QueryRequest, QueryResult
from fileroom.application.use_cases.receive_instance import Received
from fileroom.application.use_cases.recover_store import RecoverResult
from fileroom.application.use_cases.render_images import RenderImagesRequest
from fileroom.application.use_cases.retrieve_objects import RetrieveRequest
from fileroom.application.use_cases.run_listener import ListenerResult
from fileroom.application.use_cases.send_objects import PassedOver, SendRequest, SendResult
from fileroom.application.use_cases.transcode_files import TranscodeFilesRequest
from fileroom.application.use_cases.validate_files import ValidateFilesRequest
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.confidentiality.options import ProfileOptions
from fileroom.domain.dump import DumpOptions
from fileroom.domain.filing import FilingOutcome
from fileroom.domain.pixel_target import PixelTarget
from fileroom.domain.query import QueryLevel, Selection
from fileroom.domain.rendering import RenderingOptions
from fileroom.domain.retrieve import Via
from fileroom.domain.task import TaskRecord, TaskState
from fileroom.domain.transfer import SubOperations, TransferLine, TransferOutcome, TransferReport
from tests.builders import SOME_TIME, an_entry
from tests.unit.application.rooms import CALLER, IMPORTED, a_request

PEER = Peer(ae_title=AeTitle("PEER"), host="peer", port=104)
SELECTION = Selection(level=QueryLevel.STUDY, study_instance_uids=("1.2",))
LINE = TransferLine(
    sop_instance_uid="1.2.3",
    sop_class_uid="1.2",
    study_instance_uid="1.2",
    name="a.dcm",
    outcome=TransferOutcome.FAILED,
    bytes=1,
    seconds=0.5,
    attempts=2,
    status=0xA700,
    why="full",
)
EXAMPLES: tuple[object, ...] = (
    DuplicateCounts(identical=1),
    EchoRequest(target="pacs", called_ae_title=AeTitle("PEER")),
    EchoResult(
        name="pacs",
        peer=PEER,
        answer=EchoAnswer(
            status=0,
            associate_seconds=0.1,
            echo_seconds=0.1,
            implementation_class_uid="1.2",
            implementation_version="X",
            max_pdu_length=0,
        ),
    ),
    Expected(sop_instance_uids=("1.2",), sop_class_uids=("1.2",)),
    Filed(outcome=FilingOutcome.STORED, entry=an_entry()),
    ImportFailure(name="a", kind=FailureKind.SKIPPED, why="a link"),
    ImportRequest(paths=(Path("in"),), in_place=True),
    FileSelection(paths=(Path("in"),), recursive=True, jobs=2),
    Destination(output_dir=Path("out")),
    FileJob(source=Path("in"), output=Path("out")),
    FileOutcome(name="in", result=1),
    FileWorkResult(outcomes=(FileOutcome(name="in", result=1),), not_dicom=0, is_single=True, seconds=0.1),
    TaskEnd(state=TaskState.SUCCEEDED, summary=("done",)),
    TaskView(
        record=TaskRecord(number=1, title="t", command="c", state=TaskState.QUEUED, created_at=SOME_TIME)
    ),
    RenderImagesRequest(
        selection=FileSelection(paths=(Path("in"),)),
        options=RenderingOptions(),
        destination=Destination(output_dir=Path("out")),
    ),
    MeasurePixelsRequest(selection=FileSelection(paths=(Path("in"),))),
    CountPixelsRequest(selection=FileSelection(paths=(Path("in"),)), bins=8),
    DescribeFilesRequest(selection=FileSelection(paths=(Path("in"),))),
    DumpFilesRequest(selection=FileSelection(paths=(Path("in"),)), options=DumpOptions(max_depth=1)),
    ValidateFilesRequest(selection=FileSelection(paths=(Path("in"),))),
    ConvertToJsonRequest(
        selection=FileSelection(paths=(Path("in"),)),
        destination=Destination(output=Path("out")),
        options=ToJsonOptions(bulk_dir=Path("bulk")),
    ),
    ConvertFromJsonRequest(
        selection=FileSelection(paths=(Path("in"),)),
        destination=Destination(output=Path("out")),
        options=FromJsonOptions(bulk_dir=Path("bulk")),
    ),
    AnonymizeFilesRequest(
        selection=FileSelection(paths=(Path("in"),)),
        destination=Destination(output_dir=Path("out")),
        options=ProfileOptions(retain_uids=True),
        key=Path("key"),
    ),
    ImportResult(
        scanned_files=1,
        accepted=1,
        duplicates=DuplicateCounts(),
        invalid_dicom=0,
        not_dicom=0,
        unreadable=0,
        skipped=0,
        failed=0,
        failed_cleanup=0,
        bytes=1,
        seconds=1.0,
        failures=(),
        cancelled=False,
    ),
    ListenerCounts(objects_stored=1),
    ListenerEvent(at=SOME_TIME, caller=CALLER, kind=EventKind.OBJECT_REFUSED, why="no room"),
    OpenAssociation(caller=CALLER, since=SOME_TIME, objects=1),
    ListenerResult(
        ae_title="FILEROOM", bind="::", port=1, counts=ListenerCounts(), recovered=0, uptime_seconds=1.0
    ),
    NodeChanges(name="pacs"),
    PassedOver(name="a", why="a folder", named=True),
    Provenance(origin=IMPORTED.origin, source="x"),
    QueryRequest(target="pacs", keys={"PatientID": "1"}, modalities=("CT",)),
    QueryResult(name="pacs", level=QueryLevel.STUDY, matches=({"PatientID": "1"},), limited=False),
    Received(request=a_request(), reply=StoreReply(status=0), outcome=None, size=1),
    Receiver(ae_title="FILEROOM", port=1, is_ours=True),
    RecoverResult(examined=1, catalogued=1),
    Refusal(sop_instance_uid="1.2", status=0x0111, why="x"),
    RetrieveRequest(node="pacs", study_instance_uid="1.2", via=Via.GET, move_destination=AeTitle("US")),
    RetrieveResult(
        node="pacs",
        via=Via.MOVE,
        expected=None,
        untold=0,
        arrived=1,
        already_here=0,
        missing=(),
        received=1,
        refusals=(Refusal(sop_instance_uid="1.2", status=0x0111, why="x"),),
        lost=0,
        failed=0,
        bytes=1,
        counters=SubOperations(completed=1),
        failed_by_peer=(),
        status=0,
        why="",
        hint="",
        seconds=1.0,
        cancelled=False,
    ),
    SendOptions(jobs=2),
    SendRequest(target="pacs", selection=SELECTION, paths=(Path("in"),)),
    SendResult(
        name="pacs",
        peer=PEER,
        report=TransferReport(lines=(LINE,), seconds=1.0, associations=1),
        passed_over=(PassedOver(name="a", why="a folder", named=True),),
    ),
    TranscodeFilesRequest(
        selection=FileSelection(paths=(Path("in"),)),
        destination=Destination(output=Path("out")),
        target=PixelTarget(transfer_syntax_uid="1.2.840.10008.1.2.5"),
    ),
    Wanted(study_instance_uid="1.2"),
)
# Live things that belong to one process.
_NOT_VALUES = {"Pending", "Shipment", "SyntaxChoice"}


@pytest.mark.parametrize("value", EXAMPLES, ids=lambda value: type(value).__name__)
def test_value_survives_pickling(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - made a moment ago


def _modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(fileroom.application.__path__, "fileroom.application.")
    return [importlib.import_module(module.name) for module in found if ".ports" not in module.name]


def test_every_public_value_of_the_application_has_an_example() -> None:
    values = {
        name
        for module in _modules()
        for name, one in vars(module).items()
        if isinstance(one, type)
        and dataclasses.is_dataclass(one)
        and one.__module__ == module.__name__
        and not name.startswith("_")
    }
    assert values - _NOT_VALUES == {type(value).__name__ for value in EXAMPLES}
