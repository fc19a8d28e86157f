"""A post as discord.py sends it, from its rendered JSON: for the exact preview and the test to oneself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import discord
from discord import ui

from cogs.desk.drafts.embed_text import renamed
from cogs.language import t, translated
from cogs.memory import Memory
from cogs.services import Refused
from schedulezero.compose.rendering import Rendered
from schedulezero.errors import JobFailed

_ROW = 5  # buttons in a row


async def sendable(
    memory: Memory, guild_id: str, post: Rendered, stack: AsyncExitStack, *, poll: bool
) -> dict[str, Any]:
    """Return the arguments that send a post with discord.py, pinging nobody.

    Parameters:
        memory: where its files are kept.
        guild_id: the guild that the files were kept for.
        post: what to send.
        stack: closes the files afterwards.
        poll: whether its poll goes along.

    Raises Refused, in the reader's language, for what Discord or the bot couldn't send.
    """
    found: dict[str, Any] = {"allowed_mentions": discord.AllowedMentions.none()}
    if post.content and not post.layout:
        found["content"] = post.content
    try:
        if post.embeds:
            embeds = [_with_covered(embed, post.files) for embed in post.embeds]
            found["embeds"] = [discord.Embed.from_dict(embed) for embed in embeds]
        if post.poll is not None and poll:
            found["poll"] = poll_of(post.poll)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Refused(t("This can't be sent as it is: {reason}", reason=str(error)[:200])) from error
    if post.files:
        found["files"] = [await _file(memory, guild_id, file, stack) for file in post.files]
    if post.layout:
        return {**found, "view": LayoutOf(post.layout, post.content)}
    if post.buttons:
        found["view"] = links_view(post.buttons)
    return found


class LayoutOf(ui.LayoutView):
    """A layout that is JSON already, below the pings that it begins with."""

    def __init__(self, components: Sequence[Mapping[str, Any]], pings: str = "") -> None:
        super().__init__(timeout=None)
        text: list[dict[str, Any]] = [{"type": 10, "content": pings}] if pings else []
        self.layout = [*text, *(dict(component) for component in components)]

    def to_components(self) -> list[dict[str, Any]]:
        """Return the JSON that Discord gets."""
        return self.layout

    def is_dispatchable(self) -> bool:
        """Return False: nobody waits for clicks."""
        return False


def _with_covered(embed: dict[str, Any], files: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return an embed that names covered files as Discord does: with a mark before the name."""
    for file in files:
        if file.get("spoiler"):
            embed = renamed(embed, str(file.get("name")), f"SPOILER_{file.get('name')}")
    return embed


async def _file(
    memory: Memory, guild_id: str, file: Mapping[str, Any], stack: AsyncExitStack
) -> discord.File:
    try:
        content = await memory.files.open(str(file.get("file")), guild_id)
    except JobFailed as error:
        raise Refused(f"**{file.get('name')}**: {translated(error.message)}") from error
    stack.callback(content.close)
    return discord.File(
        content,  # type: ignore[arg-type] - a file on disk, seekable as discord.py needs it
        str(file.get("name")),
        description=file.get("alt"),
        spoiler=bool(file.get("spoiler")),
    )


def links_view(buttons: Sequence[Mapping[str, Any]]) -> ui.View:
    """Return link buttons, five in a row."""
    view = ui.View(timeout=None)
    for number, button in enumerate(buttons):
        view.add_item(
            ui.Button(
                label=button.get("label") or None,
                url=str(button.get("url")),
                emoji=button.get("emoji") or None,
                row=number // _ROW,
            )
        )
    return view


def poll_of(poll: Mapping[str, Any]) -> discord.Poll:
    """Return a poll from its JSON."""
    found = discord.Poll(
        str(poll["question"]),
        timedelta(hours=int(poll.get("hours") or 24)),
        multiple=bool(poll.get("several")),
    )
    for answer in poll["answers"]:
        found.add_answer(text=str(answer))
    return found
