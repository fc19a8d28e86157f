"""Without the Message Content flag of the application, other authors' messages have no content.

https://discord.com/developers/docs/events/gateway#message-content-intent: content, embeds, attachments,
components and polls are empty over HTTP as well, whatever intents the bot identifies with ("HTTP
Restrictions"). A webhook's messages count as others' even if the webhook is the bot's own
(https://github.com/discord/discord-api-docs/issues/5411), but not if it asks by the webhook's token.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.world import World


@contextmanager
def hidden_content(world: World) -> Iterator[None]:
    """Take the flag from the bot's application."""
    http = world.bot.http
    before, http.message_content_access = http.message_content_access, False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        http.message_content_access = before  # type: ignore[attr-defined]
