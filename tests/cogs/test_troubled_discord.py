"""No background work ends when Discord has trouble: it goes on, does its work later, and it is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import discord
import pytest
from discord.ext import commands
from prometheus_client import REGISTRY

from cogs.background import supervisor
from cogs.background.supervisor import Supervisor
from cogs.forgetting import LEFT
from cogs.guilds_cog import GuildsCog
from cogs.services import services_of
from schedulezero import instants
from schedulezero.instants import to_iso
from schedulezero.model import JobState
from tests.conftest import until
from tests.support.alerting import alerts_to, cards
from tests.support.troubled import TROUBLES, troubled
from tests.support.world import World, pick

KINDS = pytest.mark.parametrize(("trouble", "kind"), TROUBLES.values(), ids=TROUBLES)


Soon = Callable[[], Awaitable[None]]


@pytest.fixture
def soon(world: World, monkeypatch: pytest.MonkeyPatch) -> Soon:
    """Let the background work take its next turns at once, from the call on.

    The simulator waits for all work to settle, so nobody may use the bot after it.
    """

    async def begin() -> None:
        for place in (
            "cogs.alerts_cog._LOOK_SECONDS",
            "cogs.alerts_cog._LOOK_AGAIN_SECONDS",
            "cogs.background.outbox._AGAIN_SECONDS",
            "cogs.background.supervisor.FIRST_PAUSE_SECONDS",
            "cogs.command_refusals._FIRST_PAUSE_SECONDS",
        ):
            monkeypatch.setattr(place, 0.05)
        alerts: Any = cog(world, "AlertsCog")
        await alerts._looking_ahead.close()
        alerts._looking_ahead = None
        await alerts.on_ready()

    return begin


def counted(part: str, kind: str) -> float:
    labels = {"part": part, "kind": kind}
    return REGISTRY.get_sample_value("schedulezero_background_troubles_total", labels) or 0.0


def cog(world: World, name: str) -> Any:
    return world.bot.get_cog(name)


async def run(world: World, job_id: str) -> None:
    client = world.bot.services.client
    await client.run(await client.job(job_id, str(world.guild.id)), str(world.admin.id))


async def weekly(world: World, message: str, channel: Any = None) -> str:
    values = {"channel_id": [channel or world.channel], "message": message}
    return await world.create(world.admin, "send_announcement", values, "every monday at 9")


@KINDS
async def test_the_look_ahead_goes_on(
    world: World, soon: Soon, trouble: Callable[[], Exception], kind: str
) -> None:
    alerts = await alerts_to(world)
    doomed = world.guild.create_text_channel("doomed")
    values = {"channel_id": [doomed], "message": "Soon"}
    await world.create(world.admin, "send_announcement", values, "in 2 hours")
    before = counted("looking ahead", kind)
    await soon()
    with troubled(world, trouble):
        world.env.backend.delete_channel(doomed.id)
        await until(lambda: counted("looking ahead", kind) > before)
        assert not cards(world, alerts, "will fail")
    assert await until(lambda: cards(world, alerts, "will fail"))
    ahead = cog(world, "AlertsCog")._looking_ahead
    assert not ahead.done and "looking ahead" in services_of(world.bot).supervisor.parts


@KINDS
async def test_a_change_is_looked_at_again(
    world: World, soon: Soon, trouble: Callable[[], Exception], kind: str
) -> None:
    alerts = await alerts_to(world)
    doomed = world.guild.create_text_channel("doomed")
    await weekly(world, "Weekly", doomed)
    before = counted("looking at changes", kind)
    await soon()
    with troubled(world, trouble):
        world.env.backend.delete_channel(doomed.id)
        await until(lambda: counted("looking at changes", kind) > before)
    assert await until(lambda: cards(world, alerts, "will fail"))


@KINDS
@pytest.mark.long
async def test_an_alert_is_posted_when_discord_is_back_and_once(
    world: World, soon: Soon, trouble: Callable[[], Exception], kind: str
) -> None:
    alerts = await alerts_to(world)
    doomed = world.guild.create_text_channel("doomed")
    job_id = await weekly(world, "Into the void", doomed)
    world.env.inject_error("POST", f"/channels/{doomed.id}/messages", status=403, code=50013, times=None)
    before = counted("reading troubles", kind)
    await soon()
    with troubled(world, trouble, ("POST", f"/channels/{alerts.id}/messages")) as asked:
        await run(world, job_id)
        await until(lambda: counted("reading troubles", kind) > before + 1)
        assert len(asked) > 1
    (card,) = await until(lambda: cards(world, alerts, "failed"))
    with troubled(world, trouble, ("PATCH", f"/channels/{alerts.id}/messages/{card.id}")):
        await run(world, job_id)
        await until(lambda: counted("reading troubles", kind) > before + 2)
    await until(lambda: cards(world, alerts, "2 times"))
    assert len(cards(world, alerts, "failed")) == 1


@KINDS
async def test_the_log_channel_gets_what_comes_next(
    world: World, soon: Soon, trouble: Callable[[], Exception], kind: str
) -> None:
    log = world.guild.create_text_channel("log")
    shown = await world.admin.slash(world.channel, "schedule setup")
    await pick(world.admin, shown.response, "setup:log", [log])
    before = counted("posting the audit", kind)
    with troubled(world, trouble, ("POST", f"/channels/{log.id}/messages")):
        await weekly(world, "First")  # to be read of in the audit
        await until(lambda: counted("posting the audit", kind) > before)
    await weekly(world, "Second")
    assert await until(lambda: [m for m in log.history() if "Second" in m.content])


@KINDS
async def test_forgetting_asks_again(
    world: World, soon: Soon, trouble: Callable[[], Exception], kind: str
) -> None:
    guilds: GuildsCog = cog(world, "GuildsCog")
    elsewhere = str(world.guild.id + 1)
    long_ago = instants.now() - timedelta(days=400)
    before = counted("forgetting servers left", kind)
    await soon()
    with troubled(world, trouble) as asked:
        await world.bot.memory.put(LEFT, elsewhere, {"at": to_iso(long_ago)})
        await guilds.forget_left()
        assert asked and counted("forgetting servers left", kind) > before
        assert await world.bot.memory.kept(LEFT, elsewhere) is not None
    await guilds.forget_left()
    assert await world.bot.memory.kept(LEFT, elsewhere) is None


@KINDS
async def test_the_owners_commands_are_placed_later(
    world: World, soon: Soon, trouble: Callable[[], Exception], kind: str
) -> None:
    await world.bot.memory.put("owner-commands", "guilds", {"ids": []})
    part = "offering the commands"
    before = counted(part, kind)
    await soon()
    with troubled(world, trouble):
        await cog(world, "SprocketsCog").on_ready()
        await until(lambda: counted(part, kind) > before)

    if kind == "rate_limited":  # it waits as long as Discord says

        async def noted() -> bool:
            state = await world.bot.services.commands.state(world.bot, world.guild.id)
            return state.again_at is not None and state.again_at > instants.now() + timedelta(minutes=4)

        await until(noted)
        return

    async def placed() -> bool:
        kept = await world.bot.memory.kept("owner-commands", "guilds")
        return kept is not None and str(world.guild.id) in kept["ids"]

    await until(placed)


@KINDS
async def test_a_server_that_invites_the_bot_back_is_told_or_not_but_its_jobs_go_on(
    world: World, soon: Soon, trouble: Callable[[], Exception], kind: str
) -> None:
    await world.bot.memory.put(LEFT, str(world.guild.id), {"at": to_iso(instants.now())})
    with troubled(world, trouble):
        await cog(world, "GuildsCog").on_guild_join(world.bot.get_guild(world.guild.id))

        async def forgotten() -> bool:
            return await world.bot.memory.kept(LEFT, str(world.guild.id)) is None

        await until(forgotten)


@KINDS
@pytest.mark.usefixtures("asked_each_time")
async def test_a_run_whose_rights_cannot_be_asked_waits(
    world: World, soon: Soon, trouble: Callable[[], Exception], kind: str
) -> None:
    job_id = await weekly(world, "Patience")
    client, place = world.bot.services.client, str(world.guild.id)

    async def waits() -> Any:
        runs = (await client.runs(place, job_id=job_id)).runs
        return runs[0] if runs and runs[0].error else None

    with troubled(world, trouble):
        await run(world, job_id)
        waiting = await until(waits)
        assert waiting.state == "queued" and waiting.attempts == 0
    assert (await client.job(job_id, place)).state is JobState.ACTIVE
    await world.advance(minutes=6)
    assert await world.message_in(world.channel, "Patience")


# ---------------------------------------------------------------- the supervisor


async def test_what_dies_begins_again_with_longer_and_longer_pauses_and_it_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 0.001)
    keeper, deaths = Supervisor(), 0

    async def work() -> None:
        nonlocal deaths
        deaths += 1
        if deaths < 4:
            raise RuntimeError(f"death {deaths}")

    before = counted("a mortal part", "bug")
    kept = keeper.keep("a mortal part", work)
    assert keeper.parts == ["a mortal part"]
    await kept.task
    assert deaths == 4 and counted("a mortal part", "bug") == before + 3
    (trouble,) = keeper.troubles(timedelta(hours=1))
    assert (trouble.part, trouble.kind, trouble.text, trouble.count) == ("a mortal part", "bug", "death 3", 3)
    assert keeper.parts == [] and keeper.troubles(timedelta(0)) == []


async def test_work_that_waited_for_something_cancelled_is_begun_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 0.0)
    keeper, begun = Supervisor(), 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise asyncio.CancelledError

    await keeper.keep("a part whose request is cancelled", work).task
    assert begun == 2
    (trouble,) = keeper.troubles(timedelta(hours=1))
    assert (trouble.kind, trouble.text) == ("bug", "CancelledError")


async def test_what_is_closed_stays_closed() -> None:
    keeper = Supervisor()

    async def work() -> None:
        raise OSError("again")

    kept = keeper.keep("a part", work)
    await until(lambda: keeper.pausing == ["a part"])
    await kept.close()
    assert kept.done and keeper.parts == keeper.pausing == []


async def test_a_simulated_discord_does_not_wait_for_pauses_in_the_background(world: World) -> None:
    """Or else a pause that is almost over would make a bot on a busy machine look as if it never rested."""
    keeper = world.bot.services.supervisor
    pauses, paused = keeper.waiting, asyncio.Event()

    class Pausing(commands.Cog):
        @commands.Cog.listener()
        async def on_guild_channel_create(self, _: discord.abc.GuildChannel) -> None:
            self.kept = keeper.keep("a pausing part", self.work)

        async def work(self) -> None:
            paused.set()
            await pauses.sleep(2)

    pausing = Pausing()
    await world.bot.add_cog(pausing)
    world.guild.create_text_channel("another")
    await world.env.settle(timeout=10)
    assert paused.is_set()
    assert not pausing.kept.done
    await pausing.kept.close()
