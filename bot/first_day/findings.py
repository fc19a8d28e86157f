"""What a check raises if Discord's answer isn't as assumed."""

from __future__ import annotations


class Differs(Exception):
    """Discord answered otherwise than assumed; the message says what came."""


class NotTried(Exception):
    """The assumption could not be tried; the message says why."""


def expect(holds: bool, came: object) -> None:
    """Raise Differs with what came unless the assumption holds."""
    if not holds:
        raise Differs(str(came))
