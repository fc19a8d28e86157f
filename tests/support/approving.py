"""Jobs that wait for a second person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import simcord

from schedulezero.model import Job, JobState
from tests.support.acting import now
from tests.support.granting import give_the_bot
from tests.support.text import text_of
from tests.support.world import World, pick, press


async def waiting(world: World, message: str = "Everybody!") -> tuple[Job, simcord.ChannelHandle, Any]:
    """A job of the administrator's that waiting for approval, the alert channel, and the card in it."""
    give_the_bot(world, discord.Permissions(administrator=True))
    alerts = world.guild.create_text_channel("alerts")
    panel = (await world.admin.slash(world.channel, "schedule setup")).response
    await pick(world.admin, panel, "setup:alerts", [alerts])
    await press(world.admin, panel, "setup:approval")
    values = {"channel_id": [world.channel], "message": message, "everyone": True}
    preview = await world.draft(world.admin, "send_announcement", values, "every monday at 9")
    await world.admin.click(preview.response, label="Ask for approval")  # type: ignore[arg-type]
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    card = next(message for message in alerts.history() if "is asking for approval" in text_of(message))
    return job, alerts, card


async def changed(world: World, job: Job, who: simcord.MemberActor, **params: Any) -> Job:
    """The job after somebody edited it; it waits again."""
    present = await now(world, job)
    edited = replace(present, params={**present.params, **params}, state=JobState.PENDING)
    return await world.bot.services.client.change(edited, present.version, str(who.id))
