"""Object stores against a model: any order of writing, committing, aborting and deleting."""

import shutil
import tempfile
from abc import abstractmethod
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from fileroom.application.ports.object_store import ObjectExists, ObjectWriter
from fileroom.domain.filing import Durability, InstanceKey, NamingScheme, relative_path
from tests.contract.object_stores import Backend, FilesystemBackend, MemoryBackend, a_key, digest_of

KEYS = [a_key(i, series=s) for i in (1, 2) for s in (1, 2)]
DATA_START = b"\x08\0"
"""As every real data set, those here begin with a group that is not 0002."""


def a_header(private: bytes) -> bytes:
    """File meta information that ends where its one element says: a private one, (0002,0102)."""
    return bytes(128) + b"DICM" + b"\2\0\2\1OB\0\0" + len(private).to_bytes(4, "little") + private


class ObjectStoreMachine(RuleBasedStateMachine):
    """Writers come and go; what is visible is what the model holds."""

    writers = Bundle("writers")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.backend = self.make_backend()
        self.store = self.backend.open()
        self.model: dict[str, bytes] = {}
        self.all_writers: list[ObjectWriter] = []
        self.coming: dict[int, tuple[bytes, bytes]] = {}

    @abstractmethod
    def make_backend(self) -> Backend:
        """Choose what is tested."""

    def teardown(self) -> None:
        for writer in self.all_writers:
            writer.abort()
        assert self.backend.partials() == 0
        self.shows_what_the_model_holds()
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(target=writers, private=st.binary(max_size=200))
    def begin(self, private: bytes) -> ObjectWriter:
        header = a_header(private)
        return self.has_begun(self.store.begin(header), header, b"")

    @rule(target=writers, private=st.binary(max_size=200), data=st.binary(max_size=300))
    def adopt(self, private: bytes, data: bytes) -> ObjectWriter:
        header, path = a_header(private), self.folder / "received"
        path.write_bytes(header + DATA_START + data)
        return self.has_begun(self.store.adopt(path, len(header)), header, DATA_START + data)

    def has_begun(self, writer: ObjectWriter, header: bytes, data: bytes) -> ObjectWriter:
        self.all_writers.append(writer)
        self.coming[id(writer)] = (header, data)
        return writer

    @rule(
        writer=writers,
        parts=st.lists(st.binary(max_size=50), max_size=5),
        repeat=st.sampled_from([1, 9000]),
    )
    def write(self, writer: ObjectWriter, parts: list[bytes], repeat: int) -> None:
        header, data = self.coming[id(writer)]
        pieces = [part * repeat for part in (parts if data else [DATA_START, *parts])]
        writer.write([memoryview(piece) for piece in pieces])
        self.coming[id(writer)] = (header, data + b"".join(pieces))
        assert writer.digest == digest_of(self.coming[id(writer)][1])

    @rule(writer=writers)
    def reread(self, writer: ObjectWriter) -> None:
        with writer.reread() as stream:
            assert stream.read() == b"".join(self.coming[id(writer)])

    @rule(writer=consumes(writers), key=st.sampled_from(KEYS), replace=st.booleans())
    def commit(self, writer: ObjectWriter, key: InstanceKey, *, replace: bool) -> None:
        location = f"store:{relative_path(key, self.backend.naming)}"
        header, data = self.coming.pop(id(writer))
        if location in self.model and not replace:
            with pytest.raises(ObjectExists) as caught:
                writer.commit(key)
            assert caught.value.stored == self.store.describe(location)
            writer.abort()
            return
        stored = writer.commit(key, replace=replace)
        assert stored.size == len(header + data)
        assert stored.location not in self.model
        assert replace is (stored.location != location)
        assert (stored.data_offset, stored.digest) == (len(header), digest_of(data))
        assert self.store.describe(stored.location) == stored
        self.model[stored.location] = header + data

    @rule(writer=consumes(writers))
    def abort(self, writer: ObjectWriter) -> None:
        writer.abort()
        del self.coming[id(writer)]

    @rule(key=st.sampled_from(KEYS))
    def delete(self, key: InstanceKey) -> None:
        location = f"store:{relative_path(key, self.backend.naming)}"
        assert self.store.delete(location) is (self.model.pop(location, None) is not None)

    @invariant()
    def shows_what_the_model_holds(self) -> None:
        assert self.backend.objects() == self.model
        assert sorted(self.store.walk()) == sorted(self.model)


class _FilesystemMachine(ObjectStoreMachine):
    def make_backend(self) -> Backend:
        return FilesystemBackend(self.folder / "store", NamingScheme.HIERARCHICAL, Durability.RELAXED)


class _MemoryMachine(ObjectStoreMachine):
    def make_backend(self) -> Backend:
        return MemoryBackend()


TestFilesystemObjectStoreModel = _FilesystemMachine.TestCase
TestMemoryObjectStoreModel = _MemoryMachine.TestCase
TestFilesystemObjectStoreModel.settings = settings(max_examples=40, stateful_step_count=40)
TestMemoryObjectStoreModel.settings = settings(max_examples=40, stateful_step_count=40)


@pytest.mark.parametrize("kind", ["filesystem", "memory"])
@given(
    header=st.binary(max_size=400),
    writes=st.lists(st.lists(st.binary(max_size=100), max_size=5), max_size=8),
    repeat=st.sampled_from([1, 3000]),
)
@settings(max_examples=40)
def test_any_split_of_the_data_gives_the_same_object(
    kind: str, header: bytes, writes: list[list[bytes]], repeat: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        backend: Backend = MemoryBackend()
        if kind == "filesystem":
            backend = FilesystemBackend(Path(folder), NamingScheme.FLAT, Durability.RELAXED)
        store = backend.open()
        writer = store.begin(header)
        for parts in writes:
            writer.write([memoryview(part * repeat) for part in parts])
        stored = writer.commit(KEYS[0])
        store.close()
        data = b"".join(part * repeat for parts in writes for part in parts)
        assert backend.objects() == {stored.location: header + data}
        assert stored.digest == f"blake3:{blake3(data).hexdigest()}"
