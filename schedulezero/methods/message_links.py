"""Links to Discord messages, as copied by *Copy Message Link*, and to channels."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINK = re.compile(
    r"https://(?:\w+\.)?discord(?:app)?\.com/channels/(\d{15,20})/(\d{15,20})/(\d{15,20})/?", re.ASCII
)
_PLACE = re.compile(r"https://discord\.com/channels/(\d{15,20})/(\d{15,20})(?:/\d{15,20})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class MessageLink:
    """The location of a message."""

    guild_id: int
    channel_id: int
    message_id: int


def read_message_link(text: object) -> MessageLink | None:
    """Return the parts of a link; None for anything else, and for messages outside guilds."""
    match = _LINK.fullmatch(str(text).strip())
    return MessageLink(*(int(part) for part in match.groups())) if match else None


@dataclass(frozen=True, slots=True)
class Place:
    """A channel of a guild."""

    guild_id: int
    channel_id: int


def read_place(text: object) -> Place | None:
    """Return the channel that a link to it, or to a message in it, names; None for anything else."""
    match = _PLACE.fullmatch(str(text))
    return Place(int(match[1]), int(match[2])) if match else None
