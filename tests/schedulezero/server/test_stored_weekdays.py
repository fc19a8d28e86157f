"""Jobs that an earlier version stored with weekday numbers, which counted from Monday, keep their days."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from schedulezero.instants import from_iso
from schedulezero.server.records.tables import job_versions, jobs, metadata
from schedulezero.server.service import ServerConfig
from schedulezero.storage.database import database_of
from tests.support.serving import served

BODY: dict[str, Any] = {"handler_id": "raw", "method": "send", "params": {}}
MONDAY = {"day_of_week": 0, "hour": 9}


async def stored(config: ServerConfig, job_id: str) -> tuple[Any, list[Any]]:
    """Return a job's trigger and those of its versions as they stand in the database."""
    database = database_of(config.database, metadata)
    await database.open()
    try:
        args = await database.read(
            lambda found: found.scalar(sa.select(jobs.c.trigger_args).where(jobs.c.id == job_id))
        )
        versions = await database.read(
            lambda found: found.scalars(
                sa.select(job_versions.c.job).where(job_versions.c.job_id == job_id)
            ).all()
        )
        return args, [item["trigger"]["args"] for item in versions]
    finally:
        await database.close()


async def written_before(config: ServerConfig, job_id: str, args: dict[str, Any]) -> None:
    """Write a job's trigger as an earlier version did."""
    database = database_of(config.database, metadata)
    await database.open()

    def write(connection: Any) -> None:
        connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(trigger_args=args))
        query = sa.select(job_versions.c.version, job_versions.c.job).where(job_versions.c.job_id == job_id)
        for version, job in connection.execute(query).all():
            job["trigger"]["args"] = args
            connection.execute(
                sa.update(job_versions)
                .where(job_versions.c.job_id == job_id, job_versions.c.version == version)
                .values(job=job)
            )

    try:
        await database.write(write)
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("kind", "args"), [("cron", MONDAY), ("calendar", {"cron": MONDAY, "until": "2100-01-01T00:00:00Z"})]
)
async def test_a_stored_zero_stays_monday(
    server_config: ServerConfig, kind: str, args: dict[str, Any]
) -> None:
    config = replace(server_config, timezone="UTC")
    async with served(config) as api:
        created = await api.post("/api/jobs", json={**BODY, "trigger": {"type": kind, "args": args}})
        job_id = created.json()["job_id"]
        assert from_iso(created.json()["next_run_at"]).weekday() == 6  # written today, 0 is Sunday
    await written_before(config, job_id, args)
    async with served(config) as api:
        job = (await api.get(f"/api/jobs/{job_id}")).json()
        assert "mon" in json.dumps(job["trigger"]) and "sun" not in json.dumps(job["trigger"])
        skipped = (await api.post(f"/api/jobs/{job_id}/skip")).json()
        assert from_iso(skipped["next_run_at"]).weekday() == 0
        restored = (await api.post(f"/api/jobs/{job_id}/restore", json={"version": 1})).json()
        assert from_iso(restored["next_run_at"]).weekday() == 0
    trigger, _ = await stored(config, job_id)
    assert "mon" in json.dumps(trigger)
    async with served(config) as api:  # and a second start converts nothing twice
        job = (await api.get(f"/api/jobs/{job_id}")).json()
        assert "mon" in json.dumps(job["trigger"]) and from_iso(job["next_run_at"]).weekday() == 0


async def test_numbers_are_stored_as_names(server_config: ServerConfig) -> None:
    async with served(server_config) as api:
        trigger = {"type": "cron", "args": {"day_of_week": "1-5", "hour": 9}}
        job = (await api.post("/api/jobs", json={**BODY, "trigger": trigger})).json()
        assert job["trigger"]["args"]["day_of_week"] == "mon,tue,wed,thu,fri"
        changed = {"trigger": {"type": "cron", "args": {"day_of_week": 7, "hour": 9}}}
        changed_job = (await api.patch(f"/api/jobs/{job['job_id']}", json=changed)).json()
        assert changed_job["trigger"]["args"]["day_of_week"] == "sun"
    args, versions = await stored(server_config, job["job_id"])
    assert args["day_of_week"] == "sun"
    assert sorted(item["day_of_week"] for item in versions) == ["mon,tue,wed,thu,fri", "sun"]
