"""Who listens on a port, as the kernel tells it."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from schedulezero.wire.port_owner import said_of_owner


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_the_process_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert said_of_owner(listening.getsockname()[1]).startswith(f"process {os.getpid()} (")


def test_a_system_that_does_not_tell(tmp_path: Path) -> None:
    assert said_of_owner(80, tmp_path) == "another program"
