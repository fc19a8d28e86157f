"""The version of the installed package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

UNKNOWN = "unknown"


def installed_version() -> str:
    """Return the version of this package, or `UNKNOWN` if it runs without being installed."""
    try:
        return version("schedulezero-discord")
    except PackageNotFoundError:
        return UNKNOWN
