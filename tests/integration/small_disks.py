"""File systems of a few hundred kilobytes, which can be full, grown and made read-only."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SmallDisk:
    """A mounted file system."""

    def __init__(self, folder: Path) -> None:
        """Speak of the one that is mounted there."""
        self.folder = folder

    def resize(self, size: int) -> None:
        """Make it this large, in bytes."""
        self._remount(f"size={size}")

    def make_read_only(self) -> None:
        """Let nobody write any more, not even root."""
        self._remount("ro")

    def make_writable(self) -> None:
        """Let everybody write again."""
        self._remount("rw")

    def fill(self, *, leave: int = 0) -> Path:
        """Write a file that takes all room but `leave` bytes; remove it to make space again."""
        status = os.statvfs(self.folder)
        ballast = self.folder / ".ballast"
        ballast.write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - leave)))
        return ballast

    def _remount(self, option: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{option}", self.folder], check=True, capture_output=True)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """Mount a disk of `size` bytes; skips the test where that is not allowed."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
