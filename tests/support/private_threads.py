"""Shared test helpers: ended, imported_by."""

from __future__ import annotations

from typing import Any

import simcord
import yaml

from schedulezero.model import Job
from tests.conftest import until
from tests.support.world import World


async def imported_by(who: simcord.MemberActor, world: World, jobs: list[dict[str, Any]]) -> Any:
    file = ("jobs.yaml", yaml.safe_dump({"jobs": jobs}).encode())
    return await who.slash(world.channel, "schedule import", file=file)


async def ended(world: World, job: Job) -> Any:
    async def over() -> Any:
        found = (await world.bot.services.client.runs(str(world.guild.id), job_id=job.id)).runs
        return found[0] if found and found[0].state != "queued" else None

    return await until(over)
