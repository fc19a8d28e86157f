"""A small disk of its own, which a test can fill."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_MEGABYTES = 16


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of its own; skipped where nobody may mount one."""
    folder = Path(tempfile.mkdtemp(prefix="schedulezero-disk-"))
    folder.chmod(0o755)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m,mode=777", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a disk needs rights")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def fill(disk: Path) -> Path:
    """Fill a disk; returns the file to delete to empty it again."""
    filling = disk / "filling"
    with filling.open("wb", buffering=0) as file:
        for size in (65536, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue  # nothing of this size fits
    return filling
