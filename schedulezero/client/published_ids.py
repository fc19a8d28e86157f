"""Ids of jobs on the published server: they tell which guild a run belongs to. Pure.

That server forgets a schedule once it has fired for the last time, and a record of an execution names nothing
but the schedule's id, the handler and the method. So the id says the rest: ``g<guild>-<random>`` is a job of
a guild, and ``<job>.run-<random>`` is a run of it on demand. Nobody but a REST client of that server can
choose an id, and such a client may do everything there anyway.
"""

from __future__ import annotations

import re
import secrets

_JOB = re.compile(r"g(?P<guild>[0-9]{1,20})-[0-9a-f]{16}", re.ASCII)
_ON_DEMAND = re.compile(r"(?P<job>.+)\.run-[0-9a-f]{8}", re.ASCII)


def new_job_id(guild_id: str | None) -> str:
    """Return an id for a new job."""
    token = secrets.token_hex(8)
    return f"g{guild_id}-{token}" if guild_id else token


def new_run_id(job_id: str) -> str:
    """Return the id of a schedule that runs a job once, on demand."""
    return f"{job_id}.run-{secrets.token_hex(4)}"


def job_of_run(schedule_id: str) -> str | None:
    """Return the job of a run on demand; None if the id is that of another schedule."""
    found = _ON_DEMAND.fullmatch(schedule_id)
    return found["job"] if found is not None else None


def guild_of(job_id: str) -> str | None:
    """Return the guild of a job; None if its id doesn't tell."""
    found = _JOB.fullmatch(job_id)
    return found["guild"] if found is not None else None
