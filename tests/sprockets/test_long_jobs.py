"""Jobs that take longer than a call: their progress in the history, their one outcome, their limit."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from cogs.desk.kit.wording import reason
from schedulezero.errors import JobFailed
from schedulezero.handler import executor
from schedulezero.methods.declaring import DeclarationError
from schedulezero.model import Job, RunState
from sprockets.kit import job, progress
from tests.conftest import until
from tests.support.world import World


class Long:
    """A long job that says how far it is, and goes on when the test lets it."""

    def __init__(self, fault: JobFailed | None = None) -> None:
        self.further, self.go_on = asyncio.Event(), asyncio.Event()
        self.calls = 0

        @job(time_limit=timedelta(minutes=10))
        async def backup(bot: Any) -> dict[str, Any]:
            """Back something up."""
            self.calls += 1
            progress("3 of 10")
            await self.further.wait()
            progress("4 of 10")
            await self.go_on.wait()
            if fault is not None:
                raise fault
            return {"rows": 10}

        self.job = backup


@pytest.mark.parametrize("fault", [None, JobFailed("The disk is full.", retry=False)])
async def test_a_long_job_says_how_far_it_is_and_ends_once(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: JobFailed | None
) -> None:
    monkeypatch.setattr(executor, "_TELL_SECONDS", 0.05)
    monkeypatch.setattr(executor, "_BEGIN_AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(executor, "DEADLINE_SECONDS", 0.2)
    long = Long(fault)
    world.handler.register_sprocket("backup", long.job)
    await world.ready()
    made = await world.schedule("backup", {}, "in 1 hour")
    await world.advance(hours=1)

    async def said(wanted: str, made: Job = made) -> bool:
        found = await world.bot.services.client.runs(made.guild_id, job_id=made.id)
        return any(run.state is RunState.QUEUED and reason(run) == wanted for run in found.runs)

    await until(lambda: said("backup is running: 3 of 10"))
    await world.advance(minutes=5)
    long.further.set()
    await until(lambda: said("backup is running: 4 of 10"))
    long.go_on.set()
    run = await world.outcome(made)
    assert run.duration is not None and run.duration >= timedelta(minutes=5)
    assert run.note is None and run.lateness is not None and run.lateness < timedelta(minutes=5)
    assert long.calls == 1 and run.attempts == 1
    if fault is None:
        assert run.state is RunState.SUCCEEDED and run.result is not None and run.result["rows"] == 10
    else:
        assert (run.state, run.error) == (RunState.FAILED, "The disk is full.")


async def test_a_limit_ends_the_run(world: World) -> None:
    @job(time_limit=timedelta(seconds=1))
    async def endless(bot: Any) -> None:
        """Never end."""
        await asyncio.Event().wait()

    world.handler.register_sprocket("endless", endless)
    answer = await world.run("endless", {})
    assert answer["error"].startswith("endless took longer than 1 s"), answer


@pytest.mark.parametrize("limit", [timedelta(), timedelta(hours=7)])
def test_a_limit_that_cannot_be_is_refused(limit: timedelta) -> None:
    with pytest.raises(DeclarationError, match="time_limit must be from 1 second to 6 hours"):

        @job(time_limit=limit)
        async def odd(bot: Any) -> None:
            """Do nothing."""
