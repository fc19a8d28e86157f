"""Links of Discord's messages, as *Copy Message Link* gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINK = re.compile(
    r"https://(?:\w+\.)?discord(?:app)?\.com/channels/(\d{15,20})/(\d{15,20})/(\d{15,20})/?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class MessageLink:
    """Where a message is."""

    guild_id: int
    channel_id: int
    message_id: int


def read_message_link(text: object) -> MessageLink | None:
    """The parts of a link; None for anything else, and for messages outside of guilds."""
    match = _LINK.fullmatch(str(text).strip())
    return MessageLink(*(int(part) for part in match.groups())) if match else None
