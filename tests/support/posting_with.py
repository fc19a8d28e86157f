"""A job that posts a text and does what follows, for tests of `sprockets.kit.afterwards`."""

from __future__ import annotations

from typing import Any

import discord
from discord.ext import commands

from schedulezero.methods.spec import resumable
from schedulezero.sentences import present_fields
from sprockets.kit.afterwards import Afterwards, afterwards
from sprockets.kit.conditions import may_post
from sprockets.kit.lookups import channel_of
from sprockets.kit.posting import post
from tests.support.resuming import call
from tests.support.world import World

METHOD = "post_with"


@resumable
async def post_with(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Post a text."""
    channel = await channel_of(bot, int(params["channel_id"]))
    options = Afterwards.of({name: value for name, value in params.items() if name in Afterwards.__slots__})
    why = await may_post(bot, channel, quiet_for=options.quiet_for, messages_since=options.messages_since)
    if why is not None:
        return {"success": True, **present_fields("message", why)}
    quiet = discord.AllowedMentions.none()
    sent = await post(channel, channel.name, content=params["text"], allowed_mentions=quiet)
    return {"success": True, **sent, **(await afterwards(bot, channel, sent, options)).to_json()}


async def composing(world: World) -> None:
    """Load the sprocket of the one kind of post, and offer the tests' job."""
    await world.load("composer")
    world.handler.register_sprocket(METHOD, post_with)
    await world.ready()


async def posting(world: World, run_id: str, *, channel: Any = None, **params: Any) -> dict[str, Any]:
    """Call the tests' job for a run of the job ``job``; the text is the run's id."""
    place = channel or world.channel
    return await call(world, METHOD, {"channel_id": str(place.id), "text": run_id, **params}, run_id)
