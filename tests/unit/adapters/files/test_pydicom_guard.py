"""Codecs work quietly, and fail with errors of ours."""

import logging
import os
import warnings

import pytest

from fileroom.adapters.files.pydicom_guard import codecs, quiet, require_numpy, unheard
from fileroom.domain.errors import ConfigurationError, InvalidDicom, LimitExceeded, Unreadable


class PanicException(BaseException):
    """How a codec in Rust fails."""


@pytest.mark.parametrize(
    ("raised", "becomes", "why"),
    [
        (ValueError("no"), InvalidDicom, "decoding: no"),
        (ValueError("one\n  two"), InvalidDicom, "decoding: one two"),
        (
            RuntimeError("Unable to decode as exceptions were raised by all available plugins:\n  a: b"),
            InvalidDicom,
            "decoding: a: b",
        ),
        (ValueError(), InvalidDicom, "decoding: ValueError"),
        (PanicException("index"), InvalidDicom, "decoding: index"),
        (MemoryError(), LimitExceeded, "not enough memory"),
        (Unreadable("gone"), Unreadable, "gone"),
        (KeyboardInterrupt("stop"), KeyboardInterrupt, "stop"),
    ],
)
def test_codecs_fail_with_errors_of_ours(
    raised: BaseException, becomes: type[BaseException], why: str
) -> None:
    with pytest.raises(becomes, match=why), codecs("decoding"):
        raise raised


def test_warnings_and_log_of_pydicom_are_unheard_only_within(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("pydicom.pixels")
    with quiet(), codecs("nested"):
        warnings.warn("unheard", stacklevel=1)
        log.error("unheard")
    assert not caplog.records
    log.error("heard")
    assert [record.message for record in caplog.records] == ["heard"]
    with pytest.warns(UserWarning, match="heard"):
        warnings.warn("heard", stacklevel=1)


def test_stderr_of_libraries_is_unheard_only_within(capfd: pytest.CaptureFixture[str]) -> None:
    with unheard():
        os.write(2, b"unheard")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_missing_numpy_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fileroom.adapters.files.pydicom_guard.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="NumPy") as caught:
        require_numpy()
    assert "fileroom[codecs]" in caught.value.hint
