"""What the protocol core costs without a network: `python -m bench.native_core`.

MB/s through the reader of PDUs and through framing, for three lengths of PDUs; µs for one object from its bytes to its
message, and for command sets; associations' PDUs encoded and decoded in a second. Each figure is the best of several
rounds.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial

from fileroom.adapters.dicom._shared.contexts import Support
from fileroom.adapters.dicom._shared.dimse import c_store_rq, decode_command, response_to
from fileroom.adapters.dicom._shared.framing import frame
from fileroom.adapters.dicom._shared.messages import DataSlice, MessageReader
from fileroom.adapters.dicom.native.core.association import Association, Role
from fileroom.adapters.dicom.native.core.negotiation import answer, propose
from fileroom.adapters.dicom.native.core.pdu import HEADER, AssociateAccept, AssociateRequest, decode_pdu
from fileroom.adapters.dicom.native.core.stream import PduReader
from fileroom.adapters.dicom.native.core.user_information import UserInformation

ROUNDS = 5
TOTAL = 256 << 20
CHUNK = 256 << 10
PDU_LENGTHS = (16384, 131072, 262144)
CT = "1.2.840.10008.5.1.4.1.1.2"
STORE = c_store_rq(1, CT, "1.2.840.113619.2.55.3.604688119.971.1234567890.123")
OBJECTS = ((9 << 10, 131072), (525 << 10, 16384), (525 << 10, 131072))
"""Bytes of an object, and the length of the PDUs that it comes in."""
SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.70")


def best(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the seconds of the fastest round."""
    found = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        found = min(found, time.perf_counter() - started)
    return found


def a_request(contexts: int) -> AssociateRequest:
    return AssociateRequest(
        called_ae_title="CALLED",
        calling_ae_title="CALLING",
        contexts=propose([(CT, SYNTAXES)] * contexts),
        user_information=UserInformation(max_pdu_length=262144, implementation_class_uid="1.2.3.4"),
    )


def an_accept(request: AssociateRequest) -> AssociateAccept:
    return AssociateAccept(
        called_ae_title="CALLED",
        calling_ae_title="CALLING",
        contexts=answer(request, lambda _: Support(transfer_syntaxes=SYNTAXES))[0],
        user_information=UserInformation(max_pdu_length=262144, implementation_class_uid="1.2.3.4"),
    )


def a_stream(pdu_length: int) -> memoryview:
    """PDUs of 32 MiB of data."""
    batches = frame(1, [bytes(32 << 20)], pdu_length, is_command=False)
    return memoryview(b"".join(buffer for batch in batches for buffer in batch))


def chunks(stream: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(stream), CHUNK):
        yield stream[start : start + CHUNK]


def read(stream: memoryview, receiver: Callable[[], PduReader | Association]) -> None:
    one, total = receiver(), 0
    feed = one.feed if isinstance(one, PduReader) else one.receive
    for _ in range(TOTAL // len(stream)):
        for chunk in chunks(stream):
            for event in feed(chunk):
                assert isinstance(event, DataSlice)
                total += len(event.data)
    assert total > TOTAL * 0.8


def an_association() -> Association:
    """An acceptor's end that stands."""
    request = a_request(1)
    association = Association(Role.ACCEPTOR)
    association.connected()
    list(association.receive(request.encode()))
    association.send(an_accept(request))
    return association


def framed(data: bytes, pdu_length: int) -> None:
    for _ in range(TOTAL // len(data)):
        for _batch in frame(1, [data], pdu_length, is_command=False):
            pass


def repeat(times: int, work: Callable[[], object]) -> None:
    for _ in range(times):
        work()


def throughput() -> None:
    data = bytes(525 << 10)
    print(f"MB/s, {TOTAL >> 20} MiB, fed in {CHUNK >> 10} KiB")
    for pdu_length in PDU_LENGTHS:
        stream = a_stream(pdu_length)
        reader = best(partial(read, stream, PduReader))
        whole = best(partial(read, stream, an_association))
        framing = best(partial(framed, data, pdu_length))
        megabytes = TOTAL / 1e6
        print(
            f"  PDU {pdu_length >> 10:3} KiB   PduReader {megabytes / reader:9.0f}   "
            f"Association {megabytes / whole:9.0f}   frame {megabytes / framing:9.0f}"
        )


def an_object(size: int, pdu_length: int) -> memoryview:
    """A C-STORE-RQ and its data set as they come over the wire."""
    batches = [*frame(1, [STORE.encode()], pdu_length, is_command=True)]
    batches += frame(1, [bytes(size)], pdu_length, is_command=False)
    return memoryview(b"".join(buffer for batch in batches for buffer in batch))


def receive(association: Association, messages: MessageReader, stream: memoryview) -> None:
    for chunk in chunks(stream):
        for one in association.receive(chunk):
            assert isinstance(one, DataSlice)
            messages.take(one)
        association.take_outgoing()


def microseconds(work: Callable[[], object]) -> float:
    """Return what one call costs, in rounds so short and so many that other programs let some of them alone."""
    return best(partial(repeat, 4, work), rounds=400 * ROUNDS) / 4 * 1e6


def messages() -> None:
    print("µs")
    for size, pdu_length in OBJECTS:
        work = partial(receive, an_association(), MessageReader(), an_object(size, pdu_length))
        name = f"C-STORE of {size >> 10} KiB in PDUs of {pdu_length >> 10} KiB"
        print(f"  {name:40} received {microseconds(work):6.1f}")
    for name, command in (("C-STORE-RQ", STORE), ("C-STORE-RSP", response_to(STORE, 0))):
        encoding = microseconds(command.encode)
        decoding = microseconds(partial(decode_command, command.encode()))
        print(f"  {name:40} encoded  {encoding:6.1f}   decoded {decoding:6.1f}")


def codecs() -> None:
    print("a second")
    for contexts in (1, 128):
        request = a_request(contexts)
        encoded = request.encode()
        body, times = memoryview(encoded)[HEADER.size :], 4000 // contexts
        encoding = best(partial(repeat, times, request.encode))
        decoding = best(partial(repeat, times, partial(decode_pdu, 1, body)))
        name = f"A-ASSOCIATE-RQ, {contexts} contexts"
        print(f"  {name:28} encoded {times / encoding:9.0f}   decoded {times / decoding:9.0f}")


def main() -> None:
    throughput()
    messages()
    codecs()


if __name__ == "__main__":
    main()
