"""Schedules that sprockets bring: switched on and off by a guild, and followed without doubling."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import sprockets
from cogs.sprocket_loading import loader
from schedulezero import instants
from schedulezero.errors import ScheduleZeroError
from schedulezero.methods.declaring import DeclarationError
from schedulezero.methods.typed import job, on_schedule
from schedulezero.model import Job, JobState, Trigger
from tests.conftest import until
from tests.support.text import text_of
from tests.support.world import World, pick, press, said

SPROCKET = """
from sprockets.kit import ChannelId, RegisteringCog, by_name, channel_of, in_channel, job, on_schedule, post

@on_schedule("WHEN")
@job(needs=in_channel("channel_id", "send_messages"), resumable=True)
async def morning(bot, channel_id: ChannelId):
    \"\"\"Wish a good morning.\"\"\"
    channel = await channel_of(bot, channel_id)
    return await post(channel, channel.name, content="Good morning!", buttons=[("Weather", "https://e.org")])

class MorningSprocket(RegisteringCog):
    jobs = by_name(morning)

async def setup(bot):
    await bot.add_cog(MorningSprocket(bot))
"""


async def jobs_of(world: World) -> list[Job]:
    found = world.bot.services.client.all_jobs(str(world.guild.id))
    return [item async for item in found if item.state is not JobState.CANCELLED]


async def switch(world: World) -> str:
    """Pick the schedule in `/sprockets`, and confirm the card if there is one."""
    panel = await world.moderator.slash(world.channel, "sprockets")
    assert panel.response is not None
    answer = await pick(world.moderator, panel.response, "own:switch", ["morning"])
    told = said(answer)
    if "Check before you schedule" in told:
        assert answer.response is not None
        await world.moderator.click(answer.response, label="Confirm")
        return text_of(answer.response)
    return told


async def test_a_guild_switches_a_schedule_on_and_off(world: World, tmp_path: Path) -> None:
    file = tmp_path / "morning_sprocket.py"
    sprockets.__path__.append(str(tmp_path))
    client = world.bot.services.client

    async def reload(when: str) -> Job:
        file.write_text(SPROCKET.replace("WHEN", when))
        await loader.reload(world.bot, "morning")
        await world.env.settle()
        (only,) = await jobs_of(world)
        return only

    async def schedule_is(hour: str) -> bool:
        return [str(item.trigger.args.get("hour")) for item in await jobs_of(world)] == [hour]

    try:
        file.write_text(SPROCKET.replace("WHEN", "every day at 9"))
        await world.load("morning")
        panel = await world.moderator.slash(world.channel, "sprockets")
        assert panel.response is not None
        assert await jobs_of(world) == []
        assert "Scheduled" in await switch(world)
        (on,) = await jobs_of(world)
        assert (on.method, on.creator_id) == ("morning", str(world.moderator.id))
        assert on.params == {"channel_id": str(world.channel.id)} and on.trigger.args["hour"] == "9"
        await world.advance(days=1)
        sent = await world.message_in(world.channel, "Good morning!")
        assert [item.label for row in sent.components for item in row.children] == ["Weather"]  # type: ignore[union-attr]

        await reload("every day at 9")
        assert (await jobs_of(world))[0].version == (await client.job(on.id, on.guild_id)).version
        held = await client.pause(on.id, instants.now() + timedelta(days=30))
        await reload("every day at 7")
        await until(lambda: schedule_is("7"))
        (moved,) = await jobs_of(world)
        assert moved.held_until == held.held_until
        await client.change(replace(moved, trigger=Trigger("cron", {"hour": 5, "minute": 0})), moved.version)
        await reload("every day at 8")
        await until(lambda: _followed(world, "every day at 8"))
        assert await schedule_is("5")  # as somebody has set it

        assert "will no longer run" in await switch(world)
        assert await jobs_of(world) == []
        await world.restart_bot()
        assert await jobs_of(world) == []
    finally:
        sprockets.__path__.remove(str(tmp_path))
        sys.modules.pop("sprockets.morning_sprocket", None)


async def test_a_schedule_that_is_on_is_not_switched_on_twice(world: World, tmp_path: Path) -> None:
    sprockets.__path__.append(str(tmp_path))
    client = world.bot.services.client
    try:
        (tmp_path / "morning_sprocket.py").write_text(SPROCKET.replace("WHEN", "every day at 9"))
        await world.load("morning")
        await switch(world)
        panel = await world.moderator.slash(world.channel, "sprockets")
        assert panel.response is not None
        off = (await pick(world.moderator, panel.response, "own:switch", ["morning"])).response
        assert off is not None and "will no longer run" in text_of(off)
        await switch(world)
        again = await world.moderator.click(off, label="Undo")
        assert "This schedule is already switched on." in said(again) + "".join(map(text_of, again.followups))
        (on,) = await jobs_of(world)
        listed: Any = (await world.admin.slash(world.channel, "schedule list")).response
        await pick(world.admin, listed, "bulk:select", [on.id])
        await press(world.admin, listed, "bulk:cancel")
        await world.admin.click(listed, label="Yes, do it")
        await switch(world)
        await world.admin.click(listed, label="Undo")
        assert "Restored 0 jobs." in text_of(listed)
        assert "This schedule is already switched on." in text_of(listed)
        (on,) = await jobs_of(world)
        await client.create(replace(on, id=""))  # as two clicks at once made it
        assert len(await jobs_of(world)) == 2
        await switch(world)
        assert await jobs_of(world) == []
    finally:
        sprockets.__path__.remove(str(tmp_path))
        sys.modules.pop("sprockets.morning_sprocket", None)


async def _followed(world: World, text: str) -> bool:
    return [item.meta.get("own_schedule") for item in await jobs_of(world)] == [text]


@pytest.mark.parametrize(("text", "wrong"), [("whenever", "whenever"), ("tomorrow at 9", "comes only once")])
def test_a_schedule_that_cannot_be_is_refused(text: str, wrong: str) -> None:
    @job()
    async def odd(bot: object) -> None:
        """Do nothing."""

    with pytest.raises(DeclarationError, match=wrong) as refused:
        on_schedule(text)(odd)
    assert refused.value.place is not None and not isinstance(refused.value, ScheduleZeroError)
