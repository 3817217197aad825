"""What every clock promises."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

import pytest

from fileroom.adapters.system.clock import SystemClock
from fileroom.adapters.system.memory import FixedClock, SteppingClock
from fileroom.application.ports.clock import Clock
from tests.builders import SOME_TIME
from tests.contract.suite import ContractSuite


class ClockContract(ContractSuite):
    """The promises of `Clock`."""

    make: ClassVar[Callable[[], Clock]]

    @pytest.fixture
    def clock(self) -> Clock:
        return type(self).make()

    def test_now_is_aware_and_in_utc(self, clock: Clock) -> None:
        assert clock.now().tzinfo is UTC

    def test_monotonic_never_goes_back(self, clock: Clock) -> None:
        seconds = [clock.monotonic() for _ in range(1000)]
        assert seconds == sorted(seconds)


class TestSystemClock(ClockContract):
    make = SystemClock

    def test_now_is_the_machines_time(self, clock: Clock) -> None:
        before = datetime.now(UTC)
        now = clock.now()
        assert before <= now <= datetime.now(UTC)


class TestFixedClock(ClockContract):
    make = FixedClock

    def test_now_stands_still_until_it_is_moved(self) -> None:
        clock = FixedClock(SOME_TIME)
        start = clock.monotonic()
        assert clock.now() == clock.now() == SOME_TIME
        clock.advance(90)
        assert clock.now() - SOME_TIME == timedelta(seconds=90)
        assert clock.monotonic() - start == 90

    def test_now_is_in_utc_when_made_in_another_zone(self) -> None:
        made = SOME_TIME.astimezone(timezone(timedelta(hours=5)))
        now = FixedClock(made).now()
        assert (now, now.tzinfo) == (SOME_TIME, UTC)

    def test_naive_time_and_time_that_goes_back_are_refused(self) -> None:
        with pytest.raises(ValueError, match="aware"):
            FixedClock(SOME_TIME.replace(tzinfo=None))
        with pytest.raises(ValueError, match="back"):
            FixedClock().advance(-1)


class TestSteppingClock(ClockContract):
    make = SteppingClock

    def test_clock_moves_on_each_time_that_it_is_asked(self) -> None:
        clock = SteppingClock(SOME_TIME, step_seconds=2)
        assert [clock.now() - SOME_TIME for _ in range(3)] == [timedelta(seconds=s) for s in (0, 2, 4)]
        assert [clock.monotonic() for _ in range(2)] == [6, 8]
