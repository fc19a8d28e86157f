"""Parts of a job run: each once, in order, whatever fails in between; what acts on the job acts on them."""

from __future__ import annotations

from typing import Any

import pytest

from schedulezero import faults
from schedulezero.errors import DatabaseUnavailable
from tests.conftest import Api, until
from tests.support.peers import RawHandler
from tests.support.runs import due_now

THENS = [
    {"id": "t1", "method": "send", "params": {"text": "thread"}, "after_seconds": 0},
    {"id": "t2", "method": "send", "params": {"text": "lock"}},
]


async def texts(api: Api, job_id: str, count: int) -> list[Any]:
    """What the job's runs were called with, once so many have ended, oldest first."""

    async def look() -> list[Any] | None:
        records = (await api.get(f"/api/jobs/{job_id}/executions")).json()["records"]
        over = [item for item in records if item["status"] != "queued"]
        return over if len(over) == count else None

    found = await until(look)
    return [(item["part"], item["params"].get("text"), item["status"]) for item in reversed(found)]


ALL = [("main", "post", "succeeded"), ("t1", "thread", "succeeded"), ("t2", "lock", "succeeded")]


async def test_one_follows_another(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.start("send")
    job_id = await due_now(api, params={"text": "post"}, parts=THENS)
    assert await texts(api, job_id, 3) == ALL
    job = (await api.get(f"/api/jobs/{job_id}")).json()
    assert (job["state"], job["waiting"]) == ("finished", [])


@pytest.mark.parametrize("where", ["store.followed", "store.record", "clock.claim"])
async def test_what_follows_comes_once_if_the_database_fails_there(
    api: Api, raw_handler: RawHandler, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    raw_handler.start("send")
    failed: list[str] = []

    def fail_once(name: str) -> None:
        if name == where and len(failed) < 2:
            failed.append(name)
            raise DatabaseUnavailable("away")

    monkeypatch.setattr(faults, "trouble_maker", fail_once)
    job_id = await due_now(api, params={"text": "post"}, parts=THENS)
    assert await texts(api, job_id, 3) == ALL
    assert failed == [where] * 2


async def test_nothing_follows_a_failure(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.respond = lambda call: {"success": False, "error": "no", "retry": False}
    raw_handler.start("send")
    job_id = await due_now(api, params={"text": "post"}, parts=THENS)
    assert await texts(api, job_id, 1) == [("main", "post", "failed")]
    assert (await api.get(f"/api/jobs/{job_id}")).json()["state"] == "finished"
    # Repeated by a person, with success this time, it goes on.
    at = (await api.get(f"/api/jobs/{job_id}/executions")).json()["records"][0]["scheduled_at"]
    raw_handler.respond = lambda call: {"success": True}
    await api.post(f"/api/jobs/{job_id}/make-up", json={"instants": [at]})
    assert await texts(api, job_id, 3) == ALL


async def test_a_cancel_and_its_undo_take_what_waits_along(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.start("send")
    later = [{**THENS[0], "after_seconds": 3600}]
    job_id = await due_now(api, params={"text": "post"}, parts=later)
    await texts(api, job_id, 1)
    job = (await api.get(f"/api/jobs/{job_id}")).json()
    assert job["state"] == "active" and [item["part"] for item in job["waiting"]] == ["t1"]
    paused = (await api.post(f"/api/jobs/{job_id}/pause")).json()
    assert paused["state"] == "paused" and paused["waiting"] == job["waiting"]
    resumed = (await api.post(f"/api/jobs/{job_id}/resume")).json()
    assert resumed["state"] == "active" and resumed["waiting"] == job["waiting"]
    assert (await api.delete(f"/api/jobs/{job_id}")).json()["state"] == "cancelled"
    back = (await api.post(f"/api/jobs/{job_id}/restore")).json()
    assert back["state"] == "active" and back["waiting"] == job["waiting"]


async def test_a_failed_part_is_repeated_as_itself(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.respond = lambda call: {"success": call["params"]["text"] == "post", "retry": False}
    raw_handler.start("send")
    job_id = await due_now(api, params={"text": "post"}, parts=THENS)
    assert (await texts(api, job_id, 2))[1] == ("t1", "thread", "failed")
    at = (await api.get(f"/api/jobs/{job_id}/executions")).json()["records"][0]["scheduled_at"]
    raw_handler.respond = lambda call: {"success": True}
    await api.post(f"/api/jobs/{job_id}/make-up", json={"instants": [at]})
    assert await texts(api, job_id, 3) == ALL


# Read as: parts that a job can't have.
WRONG: list[list[dict[str, Any]]] = [
    [THENS[0], THENS[0]],
    [{**THENS[0], "id": f"t{number}"} for number in range(4)],
    [{**THENS[0], "id": f"b{number}", "after_seconds": None, "before_seconds": 60} for number in range(6)],
    [{**THENS[0], "before_seconds": 60}],
    [{**THENS[0], "id": "main"}],
    [{**THENS[0], "method": "unheard_of"}],
    [{**THENS[0], "after_seconds": 1e9}],
]


@pytest.mark.parametrize("parts", WRONG)
async def test_parts_that_cannot_be_kept_are_refused(
    api: Api, raw_handler: RawHandler, parts: list[dict[str, Any]]
) -> None:
    raw_handler.start("send")
    await until(lambda: _registered(api))
    body = {
        "handler_id": "raw", "method": "send", "trigger": {"type": "interval", "args": {"hours": 1}},
        "parts": parts,
    }  # fmt: skip
    answer = await api.post("/api/jobs", json=body)
    assert answer.status_code == 400, answer.text
    assert "parts" in answer.json()["error"]["field"]


async def _registered(api: Api) -> bool:
    return any(item["id"] == "raw" for item in (await api.get("/api/handlers")).json()["handlers"])
