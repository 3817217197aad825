"""Which presentation contexts a set of objects takes, and how they are shared out over associations."""

from dataclasses import replace

import pytest

from fileroom.adapters.dicom.memory.script import BytesContent
from fileroom.adapters.files.transcoding.transcoder import TreeTranscoder
from fileroom.application.outgoing import MAX_CONTEXTS, SyntaxChoice, outgoing, plan_shipments
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.domain.errors import NotFound
from fileroom.domain.transfer import Transcoding
from tests.builders import CT_IMAGE_STORAGE, a_record, a_uid, an_entry
from tests.unit.application.rooms import Room

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
DEFLATED = "1.2.840.10008.1.2.1.99"
AS_IT_IS = SyntaxChoice(transcoder=TreeTranscoder())
NEVER = SyntaxChoice(transcoder=TreeTranscoder(), transcoding=Transcoding.NEVER)


def an_object(
    number: int, *, study: int = 1, sop_class: str = CT_IMAGE_STORAGE, syntax: str = JPEG_BASELINE
) -> OutgoingObject:
    return OutgoingObject(
        sop_class_uid=sop_class,
        sop_instance_uid=a_uid(study, 1, number),
        study_instance_uid=a_uid(study),
        transfer_syntax_uid=syntax,
        data_offset=0,
        content=BytesContent(b""),
        name=str(number),
    )


def test_plan_is_empty_without_objects() -> None:
    assert plan_shipments([], AS_IT_IS) == []


def test_plan_keeps_studies_together_in_the_order_of_their_first_object() -> None:
    objects = [an_object(1, study=2), an_object(2, study=1), an_object(3, study=2), an_object(4, study=1)]
    (shipment,) = plan_shipments(objects, AS_IT_IS)
    assert [each.name for each in shipment.objects] == ["1", "3", "2", "4"]


def test_plan_gives_each_pair_of_class_and_syntax_a_context_of_its_own() -> None:
    objects = [an_object(1), an_object(2, syntax=EXPLICIT), an_object(3), an_object(4, sop_class="1.2.3")]
    (shipment,) = plan_shipments(objects, AS_IT_IS)
    pairs = [(context.sop_class_uid, context.transfer_syntax_uids) for context in shipment.contexts]
    assert pairs == [
        (CT_IMAGE_STORAGE, (JPEG_BASELINE,)),
        (CT_IMAGE_STORAGE, (EXPLICIT,)),
        (CT_IMAGE_STORAGE, (IMPLICIT,)),
        ("1.2.3", (JPEG_BASELINE,)),
        ("1.2.3", (EXPLICIT,)),
        ("1.2.3", (IMPLICIT,)),
    ]


def test_plan_holds_as_many_contexts_as_an_association_does() -> None:
    objects = [an_object(number, sop_class=f"1.2.{number}") for number in range(MAX_CONTEXTS)]
    assert [len(each.objects) for each in plan_shipments(objects, NEVER)] == [128]


def test_plan_splits_when_more_contexts_are_needed_than_an_association_holds() -> None:
    objects = [an_object(number, sop_class=f"1.2.{number}") for number in range(2 * MAX_CONTEXTS + 1)]
    shipments = plan_shipments(objects, NEVER)
    assert [len(each.contexts) for each in shipments] == [128, 128, 1]
    assert [one.name for each in shipments for one in each.objects] == [one.name for one in objects]


def test_plan_splits_before_an_object_whose_contexts_do_not_fit_together() -> None:
    # Three each: its own, and the two that every peer takes.
    objects = [an_object(number, sop_class=f"1.2.{number}") for number in range(43)]
    assert [len(each.contexts) for each in plan_shipments(objects, AS_IT_IS)] == [126, 3]


def test_syntaxes_of_an_object_end_with_what_every_peer_takes() -> None:
    assert AS_IT_IS.candidates(JPEG_BASELINE) == (JPEG_BASELINE, EXPLICIT, IMPLICIT)
    assert AS_IT_IS.candidates(EXPLICIT) == (EXPLICIT, IMPLICIT)
    assert AS_IT_IS.candidates(IMPLICIT) == (IMPLICIT, EXPLICIT)
    assert AS_IT_IS.candidates(DEFLATED) == (DEFLATED, EXPLICIT, IMPLICIT)


def test_syntax_of_an_object_is_its_own_alone_where_nothing_is_converted() -> None:
    choice = SyntaxChoice(transcoder=TreeTranscoder(), preferred=DEFLATED, transcoding=Transcoding.NEVER)
    assert choice.candidates(EXPLICIT) == (EXPLICIT,)
    assert choice.candidates(JPEG_BASELINE) == (JPEG_BASELINE,)


def test_preferred_syntax_comes_first_when_the_object_can_be_converted() -> None:
    choice = SyntaxChoice(transcoder=TreeTranscoder(), preferred=DEFLATED)
    assert choice.candidates(EXPLICIT) == (DEFLATED, EXPLICIT, IMPLICIT)
    assert choice.candidates(DEFLATED) == (DEFLATED, EXPLICIT, IMPLICIT)


def test_preferred_syntax_is_left_out_when_the_object_cannot_be_converted() -> None:
    choice = SyntaxChoice(transcoder=TreeTranscoder(), preferred=JPEG_BASELINE)
    assert choice.candidates(EXPLICIT) == (EXPLICIT, IMPLICIT)


def test_syntax_that_nobody_knows_goes_as_it_is() -> None:
    assert AS_IT_IS.candidates("1.2.3.4.5") == ("1.2.3.4.5",)


def test_catalogued_object_is_read_when_it_is_sent() -> None:
    room, record = Room(), a_record()
    room.send_in(record)
    found = outgoing(room.entry(record), room.store)
    assert found.data_length == found.content.size - room.entry(record).stored.data_offset
    assert found.study_instance_uid == record.study_instance_uid


def test_object_with_a_location_from_elsewhere_fails_only_when_it_is_opened() -> None:
    entry = an_entry()
    found = outgoing(replace(entry, stored=replace(entry.stored, location="s3://elsewhere/1")), Room().store)
    assert found.data_length == 700
    with pytest.raises(NotFound):
        found.content.open()
