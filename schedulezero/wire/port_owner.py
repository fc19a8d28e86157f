"""Which process listens on a port, where the system tells this user."""

from __future__ import annotations

from pathlib import Path

_LISTENING = "0A"
"""The state TCP_LISTEN in ``/proc/net/tcp`` (https://docs.kernel.org/networking/proc_net_tcp.html)."""


def said_of_owner(port: int, proc: Path = Path("/proc")) -> str:
    """Return who listens on a TCP port, as ``process 123 (nginx)``, or ``another program`` if it isn't told.

    Linux tells the processes of this user, and root all of them.

    Parameters:
        port: The port.
        proc: Where the kernel describes processes and sockets.
    """
    wanted = {f"socket:[{inode}]" for inode in _inodes(port, proc)}
    if wanted:
        for process in proc.glob("[0-9]*"):
            if _has_open(process, wanted):
                return f"process {process.name} ({_name(process)})"
    return "another program"


def _inodes(port: int, proc: Path) -> set[str]:
    found: set[str] = set()
    for table in ("net/tcp", "net/tcp6"):
        for row in _text(proc / table).splitlines()[1:]:
            fields = row.split()
            if len(fields) > 9 and fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(fields[9])
    return found


def _has_open(process: Path, sockets: set[str]) -> bool:
    try:
        return any(str(entry.readlink()) in sockets for entry in (process / "fd").iterdir())
    except OSError:  # another user's, or over by now
        return False


def _name(process: Path) -> str:
    """Return a process's name; that of the script for one of ours, which Python runs."""
    words = _text(process / "cmdline").split("\0")
    ours = next((word for word in words[1:3] if Path(word).name == "schedulezero-bot"), None)
    return "schedulezero-bot" if ours is not None else _text(process / "comm").strip()[:40] or "?"


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
