"""Shared test helpers: jobs_of."""

from __future__ import annotations

from schedulezero.client.dialect import JobQuery
from schedulezero.model import Job
from tests.support.world import World


async def jobs_of(world: World, person: int) -> tuple[Job, ...]:
    return tuple((await world.bot.services.client.jobs(str(person), JobQuery(method="remind"))).jobs)
