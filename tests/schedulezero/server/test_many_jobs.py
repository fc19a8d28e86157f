"""Many jobs in one request: each is created, changed or refused alone, as by a request of its own."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from schedulezero import instants
from schedulezero.client.client import Client
from schedulezero.errors import Conflict, RequestRefused
from schedulezero.model import Job, JobState, Trigger
from schedulezero.server.records.tables import metadata
from schedulezero.server.service import ServerConfig
from schedulezero.server.store.changing import Edit, change_jobs
from schedulezero.server.store.job_rows import insert_jobs
from tests.conftest import Api

GUILD, ADA = "77", "42"
HOURLY = {"type": "cron", "args": {"minute": 0}}
JOB: dict[str, Any] = {
    "handler_id": "bot", "method": "send", "params": {"channel_id": "3", "text": "hi"}, "trigger": HOURLY,
    "guild_id": GUILD,
}  # fmt: skip
AS_JSON = {"Content-Type": "application/json"}
BY = {"X-ScheduleZero-Actor": ADA}


async def create(api: Api, *jobs: Any) -> list[dict[str, Any]]:
    answer = await api.post("/api/jobs/bulk-create", json={"jobs": list(jobs)}, headers=BY)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


async def change(api: Api, action: str, *entries: dict[str, Any], **params: Any) -> dict[str, Any]:
    body = {"guild_id": GUILD, "action": action, "jobs": list(entries), "params": params}
    answer = await api.post("/api/jobs/bulk", json=body, headers=BY)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_each_of_many_jobs_is_created_or_refused_as_by_its_own_request(api: Api) -> None:
    refused: list[dict[str, Any]] = [
        {**JOB, "trigger": {"type": "cron", "args": {"hour": 24}}},
        {**JOB, "timezone": "Mars"},
        {**JOB, "job_id": "first"},
        {**JOB, "unknown": 1},
        {},
    ]
    first, *results, last = await create(api, {**JOB, "job_id": "first"}, *refused, 3, JOB)
    assert first["status"] == last["status"] == 201
    assert results.pop()["error"]["code"] == "bad_json"
    for body, result in zip(refused, results, strict=True):
        alone = await api.post("/api/jobs", json=body)
        assert result == {"status": alone.status_code, **alone.json()}
    alone = (await api.post("/api/jobs", json=JOB, headers=BY)).json()
    for created in (first["job"], last["job"]):
        same = created.keys() - {"job_id", "created_at", "updated_at", "anchor_at"}
        assert {key: created[key] for key in same} == {key: alone[key] for key in same}
        (version,) = (await api.get(f"/api/jobs/{created['job_id']}/versions")).json()["versions"]
        assert (version["action"], version["actor_id"]) == ("created", ADA)
        audit = (await api.get("/api/audit", params={"job_id": created["job_id"]})).json()["entries"]
        assert [(entry["action"], entry["actor_id"]) for entry in audit] == [("created", ADA)]


async def test_a_request_has_at_most_500_jobs_and_at_least_one(api: Api) -> None:
    for jobs in ([], [JOB] * 501, None, {}):
        answer = await api.post("/api/jobs/bulk-create", json={"jobs": jobs})
        assert answer.status_code == 400
        assert answer.json()["error"]["field"] == "jobs"


# Read as: a job as it is written in the body, and what it is said to hold.
UNSTORABLE = {
    '{"params": {"text": "a\\u0000b"}}': "a zero byte at position 1",
    '{"\\ud83d": 1}': "half of a surrogate pair",
    '{"params": {"n": 1180591620717411303424}}': "beyond 64 bits",
    f'{{"params": {{"n": {"9" * 5000}}}}}': "too many digits",
    '{"params": {"n": NaN}}': "NaN",
    '{"params": {"n": 1e999}}': "1e999",
    '{"job_id": "a", "job_id": "b"}': "the key 'job_id' twice",
    f'{{"params": {"[" * 30}{"]" * 30}}}': "more than 18 levels deep",
}


async def test_a_job_that_cannot_be_stored_is_refused_alone(api: Api) -> None:
    written = [part for job in UNSTORABLE for part in (json.dumps(JOB), job)]
    content = f'{{"jobs": [{", ".join(written)}]}}'
    answer = await api.post("/api/jobs/bulk-create", content=content, headers=AS_JSON)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [201, 400] * len(UNSTORABLE)
    for number, said in enumerate(UNSTORABLE.values()):
        error = results[2 * number + 1]["error"]
        assert (error["code"], error["field"]) == ("bad_value", f"jobs.{2 * number + 1}")
        assert said in error["message"] and error["message"].startswith(f"jobs[{2 * number + 1}] holds "), (
            said
        )


async def test_what_is_wrong_with_the_whole_body_refuses_it(api: Api) -> None:
    job = json.dumps(JOB)
    for content in (
        f'{{"jobs": [{job}], "jobs": [{job}]}}',
        f'{{"jobs": [{job}], "\\u0000": 1}}',
        f'{{"jobs": [{job}, {{"params": {{"n": NaN, "a": {[0] * 50_000}}}}}]}}',
        '{"jobs": {"n": NaN}}',
        "[NaN]",
        f'{{"jobs": [{job}, {"[" * 100_000}',
    ):
        answer = await api.post("/api/jobs/bulk-create", content=content, headers=AS_JSON)
        assert answer.status_code == 400, content[:200]
        assert answer.json()["error"]["code"] in ("bad_value", "bad_json"), content[:200]
    assert (await api.get("/api/jobs")).json()["jobs"] == []


async def test_changes_of_one_job_at_the_same_time_follow_one_another(api: Api) -> None:
    ((job),) = await create(api, JOB)
    path = f"/api/jobs/{job['job']['job_id']}"
    answers = await asyncio.gather(*(api.patch(path, json={"name": f"Name {n}"}) for n in range(10)))
    assert sorted(answer.json()["version"] for answer in answers) == [*range(2, 12)]
    versions = (await api.get(f"{path}/versions")).json()["versions"]
    assert [item["version"] for item in versions] == [*range(11, 0, -1)]
    newest = (await api.get(path)).json()
    assert newest["name"] == versions[0]["job"]["name"]
    guarded = await asyncio.gather(*(api.patch(path, json={"name": "x", "version": 11}) for _ in range(10)))
    assert sorted(answer.status_code for answer in guarded) == [200] + [409] * 9


async def test_a_bulk_change_refuses_jobs_alone_and_takes_one_twice(api: Api) -> None:
    ids = [result["job"]["job_id"] for result in await create(api, *[JOB] * 4)]
    await api.patch(f"/api/jobs/{ids[1]}", json={"name": "Changed"})
    entries = [{"job_id": job_id, "expected": 1} for job_id in (*ids, "absent")]
    paused = await change(api, "pause", *entries, {"job_id": ids[0]})
    assert [item["job_id"] for item in paused["changed"]] == [ids[0], ids[2], ids[3], ids[0]]
    assert [item["message_code"] for item in paused["refused"]] == ["job_changed", "job_missing"]
    moved = await change(api, "change", *({"job_id": job_id} for job_id in ids), channel_id="4", other="x")
    assert [item["version"] for item in moved["changed"]] == [3, 3, 3, 3]
    shown = (await api.get(f"/api/jobs/{ids[2]}")).json()
    assert (shown["params"], shown["state"]) == ({"channel_id": "4", "text": "hi"}, "paused")
    found = (await api.get("/api/jobs", params={"guild_id": GUILD, "channel_id": "4"})).json()["jobs"]
    assert {job["job_id"] for job in found} == set(ids)
    audit = (await api.get("/api/audit", params={"job_id": ids[2]})).json()["entries"]
    assert [entry["action"] for entry in audit] == ["changed", "paused", "created"]
    assert audit[0]["changes"][1:] == [{"field": "params.channel_id", "old": "3", "new": "4"}]


async def test_a_client_splits_many_jobs_into_requests(api: Api, server_config: ServerConfig) -> None:
    client = Client(server_config.api_endpoint)
    job = Job("", "bot", "send", {"text": "x" * 3000}, Trigger("cron", {"minute": 0}), guild_id=GUILD)
    wrong = Job("taken", "bot", "send", {}, Trigger("cron", {"minute": 99}), guild_id=GUILD)
    taken = Job("taken", "bot", "send", {}, Trigger("cron", {"minute": 0}), guild_id=GUILD)
    try:
        found = [item async for item in client.create_many([wrong, taken, taken, *[job] * 100], ADA)]
    finally:
        await client.close()
    kinds = [type(item) for item in found]
    assert kinds == [RequestRefused, Job, Conflict, *[Job] * 100]
    assert [item.code for item in found if isinstance(item, RequestRefused)] == ["bad_trigger", "job_exists"]


def test_a_change_of_many_jobs_reads_no_table_from_end_to_end() -> None:
    """What many changes cost doesn't depend on how many other jobs there are."""
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    now = instants.now()
    pattern = Job("", "bot", "send", {}, Trigger("cron", {"minute": 0}), anchor_at=now)
    jobs = [replace(pattern, id=f"job-{n}", created_at=now, updated_at=now) for n in range(3)]
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        statements.append((statement, values[0] if many else values))

    with engine.begin() as connection:
        insert_jobs(connection, jobs)
        event.listen(engine, "before_cursor_execute", note)
        edits = [
            Edit(job.id, lambda job: replace(job, state=JobState.CANCELLED), "cancelled") for job in jobs
        ]
        assert len(change_jobs(connection, edits)) == 3
        event.remove(engine, "before_cursor_execute", note)
        assert len(statements) == 7
        for statement, values in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            steps = [row.detail for row in plan if "CONSTANT" not in row.detail]
            scanned = [step for step in steps if step.startswith("SCAN") and "subquery" not in step]
            assert not scanned, (statement, steps)
