"""Runs that fall due while their sprocket isn't loaded: they wait for it, like those of an offline bot."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from schedulezero.model import Job, Run, RunState, Trigger
from schedulezero.model.part import Part
from sprockets.kit import Text, follow_up, job
from tests.conftest import until
from tests.support.world import World


class Bells:
    """Two jobs: one that rings, and one that rings and has the first ring again later."""

    def __init__(self) -> None:
        self.rung: list[str] = []

        @job()
        async def ring(bot: Any, text: Text) -> None:
            """Ring."""
            self.rung.append(text)

        @job()
        async def ring_twice(bot: Any) -> dict[str, Any]:
            """Ring now, and again in an hour."""
            self.rung.append("first")
            after = timedelta(hours=1)
            return await follow_up(bot, "ring:1", "ring", {"text": "second"}, after, "Ring again")

        self.jobs = {"ring": ring, "ring_twice": ring_twice}

    async def load(self, world: World) -> None:
        for name, function in self.jobs.items():
            world.handler.register_sprocket(name, function)
        await world.ready()

    async def unload(self, world: World) -> None:
        for name in self.jobs:
            world.handler.unregister_sprocket(name)
        await world.ready()


async def runs_of(world: World, job_id: str) -> list[Run]:
    return list((await world.bot.services.client.runs(str(world.guild.id), job_id=job_id)).runs)


async def waits(world: World, job_id: str) -> bool:
    return [run.state for run in await runs_of(world, job_id)] == [RunState.QUEUED]


async def test_a_run_waits_for_its_sprocket_and_holds_up_no_other(world: World) -> None:
    bells = Bells()
    await bells.load(world)
    made = await world.schedule("ring", {"text": "late"}, "in 1 hour")
    await bells.unload(world)
    await world.advance(hours=1)
    await until(lambda: waits(world, made.id))
    params = {"channel_id": str(world.channel.id), "message": "Meanwhile"}
    other = await world.schedule("send_announcement", params, "in 1 minute")
    await world.advance(minutes=1)
    assert (await world.outcome(other)).state is RunState.SUCCEEDED
    assert await waits(world, made.id) and not bells.rung
    await bells.load(world)
    run = await world.outcome(made)
    assert (run.state, run.attempts, bells.rung) == (RunState.SUCCEEDED, 1, ["late"])


async def test_a_run_is_missed_if_its_sprocket_stays_away(world: World) -> None:
    bells = Bells()
    await bells.load(world)
    made = await world.schedule("ring", {"text": "late"}, "in 1 hour")
    await bells.unload(world)
    await world.advance(hours=1)
    await until(lambda: waits(world, made.id))
    await world.advance(minutes=6)
    run = await world.outcome(made)
    assert run.state is RunState.MISSED and not bells.rung
    assert run.error == "“ring” wasn't loaded in time."


async def test_a_follow_up_waits_for_days(world: World) -> None:
    bells = Bells()
    await bells.load(world)
    made = await world.schedule("ring_twice", {}, "in 1 minute")
    await world.advance(minutes=1)
    result = (await world.outcome(made)).result
    assert result is not None
    await bells.unload(world)
    await world.advance(days=2)
    await until(lambda: waits(world, result["job_id"]))
    await bells.load(world)
    await until(lambda: bells.rung == ["first", "second"])


async def test_a_part_that_runs_after_a_job_waits(world: World) -> None:
    bells = Bells()
    await bells.load(world)
    params = {"channel_id": str(world.channel.id), "message": "Now"}
    at = world.clock() + timedelta(hours=1)
    made = await world.bot.services.client.create(
        Job(
            id="",
            handler_id=world.settings.handler_id,
            method="send_announcement",
            params=params,
            trigger=Trigger("date", {"run_date": at.isoformat()}),
            guild_id=str(world.guild.id),
            creator_id=str(world.admin.id),
            parts=(Part("p1", "ring", {"text": "after"}, after=timedelta(minutes=10)),),
        )
    )
    await bells.unload(world)
    await world.advance(hours=1)
    assert (await world.outcome(made)).state is RunState.SUCCEEDED
    await world.advance(minutes=10)

    async def part_waits() -> bool:
        runs = await runs_of(world, made.id)
        return [run.method for run in runs if run.state is RunState.QUEUED] == ["ring"]

    await until(part_waits)
    await bells.load(world)
    await until(lambda: bells.rung == ["after"])


async def test_a_reload_loses_no_run(world: World) -> None:
    """What falls due between the old version and the new one runs with the new one."""
    bells = Bells()
    await bells.load(world)
    made = await world.schedule("ring", {"text": "x"}, "in 1 hour")
    for name in bells.jobs:
        world.handler.unregister_sprocket(name)  # and the server isn't told yet
    answer = await world.call({"method": "ring", "params": {"text": "x"}, "run_id": "a@b", "job_id": made.id})
    assert answer["retry_after"] > 0 and answer["error_code"] == "method_not_loaded"
    unnamed = await world.call({"method": "ring", "params": {"text": "x"}})
    assert unnamed["retry"] is False  # a published server would call again and again
