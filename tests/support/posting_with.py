"""A job that posts a text and does what follows, for tests of `sprockets.kit.afterwards`."""

from __future__ import annotations

from typing import Any

import discord
from discord.ext import commands

from schedulezero.methods.typed import ChannelId, Duration, LongText, Text, job
from schedulezero.sentences import present_fields
from sprockets.kit.afterwards import Afterwards, afterwards
from sprockets.kit.conditions import may_post
from sprockets.kit.lookups import channel_of
from sprockets.kit.posting import post
from tests.support.resuming import call
from tests.support.world import World

METHOD = "post_with"


@job(resumable=True)
async def post_with(
    bot: commands.Bot,
    channel_id: ChannelId,
    text: LongText,
    publish: bool = False,
    pin: bool = False,
    replace: bool = False,
    delete_after: Duration | None = None,
    reactions: Text = "",
    thread: Text = "",
    sticky: bool = False,
    quiet_for: Duration | None = None,
    messages_since: int | None = None,
) -> dict[str, Any]:
    """Post a text."""
    options = Afterwards(
        publish, pin, replace, delete_after, reactions, thread, sticky, quiet_for, messages_since
    )
    channel = await channel_of(bot, channel_id)
    why = await may_post(bot, channel, options.quiet_for, options.messages_since)
    if why is not None:
        return {"success": True, **present_fields("message", why)}
    quiet = discord.AllowedMentions.none()
    sent = await post(channel, channel.name, content=text, allowed_mentions=quiet)
    return {"success": True, **sent, **(await afterwards(bot, channel, sent, options)).to_json()}


async def composing(world: World) -> None:
    """Offer the tests' job."""
    world.handler.register_sprocket(METHOD, post_with)
    await world.ready()


async def posting(world: World, run_id: str, *, channel: Any = None, **params: Any) -> dict[str, Any]:
    """Call the tests' job for a run of the job ``job``; the text is the run's id."""
    place = channel or world.channel
    return await call(world, METHOD, {"channel_id": str(place.id), "text": run_id, **params}, run_id)
