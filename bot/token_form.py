"""What a bot's token looks like, to say more than that Discord refuses it or can't be reached. Pure.

A token is three parts with dots between them
(https://discord.com/developers/docs/reference#authentication-example-bot-token-authorization-header).
Discord doesn't promise that, so a token of another form is still tried.
"""

from __future__ import annotations

import re

UNUSABLE = "it contains spaces or characters that no token has"
_PARTS = 3


def is_sendable(token: str) -> bool:
    """Return whether a token can be sent to Discord at all: visible ASCII characters only."""
    return re.fullmatch(r"[!-~]+", token) is not None


def how_it_differs(token: str) -> str:
    """Return a sentence, with a space before it, if it has another form than a token; else an empty text."""
    parts = token.split(".")
    if len(parts) == _PARTS and all(parts):
        return ""
    return (
        " DISCORD_TOKEN does not look like a bot's token, which is three parts with dots between them. Copy "
        "it from https://discord.com/developers/applications, under Bot; an application's ID, public key or "
        "client secret is something else."
    )
