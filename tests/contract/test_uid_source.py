"""What every source of UIDs promises."""

from collections.abc import Callable
from typing import ClassVar

import pytest

from fileroom.adapters.system.memory import SequentialUidSource
from fileroom.adapters.system.uid_source import RandomUidSource
from fileroom.application.ports.uid_source import UidSource
from fileroom.domain.uid import is_valid_uid, safe_name
from tests.contract.object_stores import run_together
from tests.contract.suite import ContractSuite


class UidSourceContract(ContractSuite):
    """The promises of `UidSource`."""

    make: ClassVar[Callable[[], UidSource]]

    @pytest.fixture
    def source(self) -> UidSource:
        return type(self).make()

    def test_new_uid_is_valid(self, source: UidSource) -> None:
        for _ in range(100):
            uid = source.new()
            assert is_valid_uid(uid)
            assert uid.startswith("2.25.")
            assert safe_name(uid) == uid

    def test_new_uids_differ_between_threads(self, source: UidSource) -> None:
        made: list[str] = []
        run_together(lambda _: made.extend(source.new() for _ in range(500)), threads=4)
        assert len(set(made)) == len(made) == 2000


class TestRandomUidSource(UidSourceContract):
    make = RandomUidSource

    def test_new_uids_differ_between_sources(self) -> None:
        assert RandomUidSource().new() != RandomUidSource().new()


class TestSequentialUidSource(UidSourceContract):
    make = SequentialUidSource

    def test_new_uids_can_be_foretold(self) -> None:
        source = SequentialUidSource(first=7)
        assert [source.new(), source.new()] == ["2.25.7", "2.25.8"]
