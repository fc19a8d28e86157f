"""Splits the zone from a crontab or RRULE line: ``0 9 * * * Europe/Berlin``."""

from __future__ import annotations

import re
from functools import cache

from schedulezero.when.calendar.triggers import known_zones

_NAMED = re.compile(r"^(?P<rest>.*\S)\s+\(?(?P<zone>UTC|GMT|Z|[A-Za-z]+/[A-Za-z_/\-+0-9]+)\)?$")


def split_zone(text: str, default: str) -> tuple[str, str]:
    """Split a text into the text without its zone, and the zone; the default if it names none."""
    if (match := _NAMED.match(text)) is not None:
        name = "UTC" if match["zone"] in ("GMT", "Z") else match["zone"]
        known = _by_name().get(name.casefold())
        if known is not None:
            return match["rest"], known
    return text, default


def zone_called(name: str) -> str | None:
    """Return the zone of that name, however its letters are written; None if there is none."""
    return _by_name().get(name.casefold())


@cache
def _by_name() -> dict[str, str]:
    return {name.casefold(): name for name in known_zones()}
