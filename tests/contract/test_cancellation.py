"""What every cancellation token promises."""

import threading
import time

import pytest

from fileroom.adapters.system.cancellation import ThreadCancelToken
from fileroom.domain.errors import Cancelled
from tests.contract.suite import ContractSuite

LONG = 60.0
"""Seconds that no test waits for."""


class CancelTokenContract(ContractSuite):
    """The promises of `CancelToken`, whose flag is raised by the adapter's own `cancel`."""

    @pytest.fixture
    def token(self) -> ThreadCancelToken:
        raise NotImplementedError

    def test_flag_is_down_at_first(self, token: ThreadCancelToken) -> None:
        assert token.is_cancelled() is False
        token.raise_if_cancelled()

    def test_flag_stays_up(self, token: ThreadCancelToken) -> None:
        token.cancel()
        token.cancel()
        assert token.is_cancelled() is True
        assert token.is_cancelled() is True
        with pytest.raises(Cancelled):
            token.raise_if_cancelled()

    @pytest.mark.parametrize("seconds", [0.0, -1.0, 0.001])
    def test_wait_ends_after_its_time(self, token: ThreadCancelToken, seconds: float) -> None:
        assert token.wait(seconds) is False

    def test_wait_ends_at_once_when_cancelled_before(self, token: ThreadCancelToken) -> None:
        token.cancel()
        started = time.monotonic()
        assert token.wait(LONG) is True
        assert time.monotonic() - started < LONG / 2

    def test_wait_is_woken_up_by_another_thread(self, token: ThreadCancelToken) -> None:
        waiting, woken = threading.Event(), []

        def wait() -> None:
            waiting.set()
            woken.append(token.wait(LONG))

        thread = threading.Thread(target=wait)
        thread.start()
        waiting.wait()
        token.cancel()
        thread.join(LONG / 2)
        assert woken == [True]


class TestThreadCancelToken(CancelTokenContract):
    @pytest.fixture
    def token(self) -> ThreadCancelToken:
        return ThreadCancelToken()
