"""How many files and sockets this process may have open."""

from __future__ import annotations

import logging
import sys

log = logging.getLogger(__name__)

_ENOUGH = 65_536
_MACOS_MOST = 10_240  # macOS's OPEN_MAX; a higher limit is refused even if the hard limit is "unlimited"
_WINDOWS = 512  # the maximum for Windows' select()


def descriptor_limit() -> int:
    """Return how many descriptors this process may currently have open."""
    if sys.platform == "win32":
        return _WINDOWS
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _ENOUGH if soft == resource.RLIM_INFINITY else soft


def raise_descriptor_limit() -> None:
    """Raise the soft limit as far as the hard limit allows, up to what a large bot may use.

    The default of 256 or 1024 is too low for a server with many handlers and clients.
    """
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MACOS_MOST if sys.platform == "darwin" else _ENOUGH
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:
        log.warning("the limit of %d open files could not be raised: %s", soft, error)
