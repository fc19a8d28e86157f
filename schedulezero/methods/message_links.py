"""Links to Discord messages, as copied by *Copy Message Link*."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINK = re.compile(
    r"https://(?:\w+\.)?discord(?:app)?\.com/channels/(\d{15,20})/(\d{15,20})/(\d{15,20})/?", re.ASCII
)


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
