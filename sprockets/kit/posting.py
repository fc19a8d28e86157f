"""Posts a message once per run, even if a process dies in between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import discord

from schedulezero import instants
from schedulezero.compose import limits
from schedulezero.compose.expecting import expect_within
from schedulezero.errors import JobFailed, Uncertain
from schedulezero.handler.run_context import current_run
from schedulezero.handler.steps import nonce, step
from schedulezero.sentences import Sentence
from sprockets.kit.asking import asking_discord
from sprockets.kit.lookups import Sendable
from sprockets.kit.messages import fitting
from sprockets.kit.outgoing import Outgoing, Sent, is_of

_NONCE_HOLDS = timedelta(minutes=2)  # Discord says "the past few minutes"
CLOCK_SKEW = timedelta(minutes=2)
_MOST_LOOKED_AT = 500


async def post(
    channel: discord.abc.Messageable,
    name: str,
    *,
    content: str | None = None,
    embed: discord.Embed | None = None,
    embeds: Sequence[discord.Embed] = (),
    files: Sequence[Sent] = (),
    poll: discord.Poll | None = None,
    view: discord.ui.View | discord.ui.LayoutView | None = None,
    buttons: Sequence[tuple[str, str]] = (),
    silent: bool = False,
    no_previews: bool = False,
    allowed_mentions: discord.AllowedMentions | None = None,
    key: str | None = None,
) -> dict[str, Any]:
    """Post a message once in the current run and return its ids and link, as `posted` does.

    If an earlier call for the same run may have posted the message, this looks for it in the channel first.
    For a few minutes, Discord also recognizes the message's nonce and returns the first message.

    Parameters:
        channel: Where to post.
        name: The channel's name in errors, such as ``#general``.
        content: The message's text.
        embed: Its embed.
        embeds: Its embeds, if there are several; at most 10, and 6000 characters together.
        files: Its files, at most 10: `discord.File`, or `Upload` for one that is open only while it is sent.
        poll: Its poll.
        view: Its buttons and selects, or a layout, which takes the place of text, embeds and poll.
        buttons: Buttons that are links, each a label and an address; at most 25, and not with a view.
        silent: Whether to notify nobody's phone or desktop.
        no_previews: Whether to show no previews of links. Discord hides the message's embeds, too.
        allowed_mentions: Whom it pings; see `mentions`. By default nobody, whatever the text mentions.
        key: Names the message within the run. Needed only for more than one message in a channel.
    """
    said = Outgoing(
        content=fitting(content or "", limits.TEXT.most, "message"),
        embeds=tuple(embeds) or ((embed,) if embed is not None else ()),
        files=tuple(files),
        poll=poll,
        view=view if view is not None else _links(buttons),
        silent=silent,
        no_previews=no_previews,
        allowed_mentions=allowed_mentions or discord.AllowedMentions.none(),
    )
    return await send(channel, name, said, key=key)


def _links(buttons: Sequence[tuple[str, str]]) -> discord.ui.View | None:
    if not buttons:
        return None
    view = discord.ui.View(timeout=None)
    for label, url in buttons:
        view.add_item(discord.ui.Button(style=discord.ButtonStyle.link, label=label, url=url))
    return view


async def send(
    channel: discord.abc.Messageable, name: str, said: Outgoing, *, key: str | None = None
) -> dict[str, Any]:
    """Post a message once in the current run, as `post` does.

    Parameters:
        channel: Where to post.
        name: The channel's name in errors, such as ``#general``.
        said: The message.
        key: Names the message within the run. Needed only for more than one message in a channel.
    """
    expect_within(limits.EMBEDS, len(said.embeds))
    expect_within(limits.FILES, len(said.files))
    target = await channel._get_channel()  # discord.py's own way to get a person's channel
    key = key or f"post:{target.id}"

    async def do(plan: dict[str, Any]) -> dict[str, Any]:
        async with said.arguments(plan, target.id) as arguments:
            if marked := nonce(key):
                arguments["nonce"] = marked
            async with asking_discord(Sentence("post in {place}", "doing_post", place=name)):
                message = await target.send(**arguments)
        return posted(message)

    return await step(key, do, plan=said.plan(), find=lambda plan, since: _posted_before(target, plan, since))


async def _posted_before(
    channel: discord.abc.Messageable, plan: dict[str, Any], since: datetime
) -> dict[str, Any] | None:
    """Return what was posted for a plan since an instant, or None. Raises Uncertain if that is unknown."""
    me = channel._state.self_id  # type: ignore[attr-defined]

    async def is_it(message: discord.Message) -> bool:
        return is_of(plan, message)

    def mine(message: discord.Message) -> bool:
        return message.author.id == me

    found = await look_back(channel, since, mine, is_it, in_doubt=abs(instants.now() - since) >= _NONCE_HOLDS)
    return posted(found) if found is not None else None


async def look_back(
    channel: discord.abc.Messageable,
    since: datetime,
    mine: Callable[[discord.Message], bool],
    is_it: Callable[[discord.Message], Awaitable[bool]],
    *,
    in_doubt: bool = True,
) -> discord.Message | None:
    """Return the message that an earlier attempt of this run posted, or None.

    Parameters:
        channel: Where it would be.
        since: When the attempt began.
        mine: Returns whether a message is by the same author.
        is_it: Returns whether such a message is the one, of those that no other run posted.
        in_doubt: Whether to raise Uncertain if the channel can't be read, or has too many messages since.
    """
    journal = current_run().journal
    assert journal is not None
    earliest = discord.Object(discord.utils.time_snowflake(since - CLOCK_SKEW))
    count = 0 if may_look_back(channel) else _MOST_LOOKED_AT
    try:
        async with asking_discord(Sentence("look for what I posted", "doing_find_posted")):
            async for message in channel.history(limit=_MOST_LOOKED_AT, after=earliest, oldest_first=True):
                count += 1
                others = not mine(message) or await journal.knows_message(str(message.id))
                if not others and await is_it(message):
                    return message
    except Uncertain:
        raise
    except JobFailed as error:
        if error.retry_after is not None:
            raise
        count = _MOST_LOOKED_AT  # the bot may not read it
    if count < _MOST_LOOKED_AT or not in_doubt:
        return None
    raise Uncertain(
        "I was stopped while posting, and can't tell from the channel whether the post went out.",
        code="posting_uncertain",
    )


def may_look_back(channel: Any) -> bool:
    """Return whether the bot may read a channel's history; without that right, Discord returns none."""
    guild: discord.Guild | None = getattr(channel, "guild", None)
    return guild is None or channel.permissions_for(guild.me).read_message_history


def posted(message: discord.Message, channel: Sendable | None = None) -> dict[str, Any]:
    """Return a message's ids and link as a job's result. The ids are strings, as JSON clients need them.

    Parameters:
        message: The posted message.
        channel: Its channel, for a webhook's message, which doesn't know it.
    """
    guild = channel.guild if channel is not None else message.guild
    return {
        "message_id": str(message.id),
        "channel_id": str(message.channel.id),
        "guild_id": str(guild.id) if guild else None,
        "url": message.jump_url,
        **({"webhook_id": str(message.webhook_id)} if message.webhook_id is not None else {}),
    }
