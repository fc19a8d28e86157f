"""Dialect A: the document's create call, and the life of a job over REST."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schedulezero.server.api.openapi import DESCRIPTION
from tests.conftest import Api
from tests.support.peers import RawHandler

FAR = {"type": "date", "args": {"run_date": "2099-01-01T00:00:00Z"}}
JOB: dict[str, Any] = {"handler_id": "bot", "method": "send", "params": {"text": "hi"}, "trigger": FAR}


async def create(api: Api, **changes: Any) -> dict[str, Any]:
    response = await api.post("/api/jobs", json={**JOB, **changes})
    assert response.status_code == 201, response.text
    return response.json()


def error(response: Any) -> dict[str, Any]:
    return response.json()["error"]


async def test_the_documents_own_request_is_answered_with_a_job_id(api: Api) -> None:
    created = await create(api)
    assert created["job_id"]
    assert created["next_run_at"] == "2099-01-01T00:00:00Z"
    assert "No handler 'bot' is registered" in created["warning"]


async def test_a_job_carries_its_metadata(api: Api) -> None:
    created = await create(
        api, job_id="mine-1", name="Party", guild_id="123", creator_id="456", timezone="Europe/Berlin"
    )
    shown = (await api.get("/api/jobs/mine-1")).json()
    assert {key: shown[key] for key in ("name", "guild_id", "creator_id", "timezone")} == {
        "name": "Party", "guild_id": "123", "creator_id": "456", "timezone": "Europe/Berlin",
    }  # fmt: skip
    assert shown["version"] == created["version"] == 1


async def test_an_id_that_exists_is_a_conflict(api: Api) -> None:
    await create(api, job_id="twice")
    response = await api.post("/api/jobs", json={**JOB, "job_id": "twice"})
    assert response.status_code == 409
    assert error(response)["code"] == "job_exists"


@pytest.mark.parametrize(
    ("change", "field", "part"),
    [
        ({"handler_id": None}, "handler_id", "valid string"),
        ({"handler_id": 5}, "handler_id", "valid string"),
        ({"method": ""}, "method", "at least 1"),
        ({"params": []}, "params", "dictionary"),
        ({"trigger": {"type": "date"}}, "trigger.args", "missing"),
        ({"trigger": {"type": "date", "run_date": 5}}, "trigger.args", "missing"),
        ({"trigger": {"type": "weekly", "args": {}}}, "trigger.type", "none of: date"),
        ({"trigger": {"type": "date", "args": {"run_date": "x"}}}, "trigger.args.run_date", "ISO 8601"),
        ({"trigger": {"type": "date", "args": {"run_date": 1}}}, "trigger.args.run_date", "in the past"),
        ({"trigger": {"type": "cron", "args": {"hour": 24}}}, "trigger.args.hour", "0 to 23"),
        ({"trigger": {"type": "cron", "args": {"year": 1999}}}, "trigger.args", "never runs"),
        ({"trigger": {"type": "interval", "args": {"minutes": "1"}}}, "trigger.args.minutes", "number"),
        ({"timezone": "Mars"}, "timezone", "Europe/Berlin"),
        ({"guild_id": "abc"}, "guild_id", "pattern"),
        ({"job_id": "a b"}, "job_id", "pattern"),
        ({"job_id": "x" * 65}, "job_id", "pattern"),
        ({"surprise": 1}, "surprise", "known are: handler_id"),
        ({"grace_seconds": -1}, "grace_seconds", "greater than or equal to 1"),
        ({"missed": "perhaps"}, "missed", "'latest'"),
    ],
    ids=str,
)
async def test_a_wrong_field_is_named(api: Api, change: dict[str, Any], field: str, part: str) -> None:
    response = await api.post("/api/jobs", json={**JOB, **change})
    assert response.status_code == 400
    assert error(response)["field"] == field
    assert part in error(response)["message"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"\xff\xfe", 400),
        (b'{"params": NaN}', 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 30 + b"1" + b"}" * 30, 400),
        (b'{"x": "' + b"a" * (1 << 20) + b'"}', 413),
    ],
    ids=range(9),
)
async def test_a_hostile_body_is_refused_and_the_server_lives(api: Api, body: bytes, status: int) -> None:
    response = await api.post("/api/jobs", content=body)
    assert response.status_code == status
    assert error(response)["message"]
    assert (await api.get("/api/health")).status_code == 200


async def test_a_listing_goes_page_by_page_next_run_first(api: Api) -> None:
    for number in range(7):
        await create(
            api,
            job_id=f"j{number}",
            guild_id="1" if number % 2 else "2",
            trigger={"type": "date", "args": {"run_date": f"2099-01-0{7 - number}T00:00:00Z"}},
        )
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await api.get("/api/jobs", params=query)).json()
        seen += [job["job_id"] for job in page["jobs"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["j6", "j5", "j4", "j3", "j2", "j1", "j0"]
    guild = (await api.get("/api/jobs", params={"guild_id": "1", "limit": 2, "total": 1})).json()
    assert len(guild["jobs"]) == 2 and guild["total"] == 3
    guild = (await api.get("/api/jobs", params={"guild_id": "1"})).json()
    assert "total" not in guild
    assert [job["job_id"] for job in guild["jobs"]] == ["j5", "j3", "j1"]


async def test_a_listing_is_filtered(api: Api) -> None:
    await create(api, job_id="a", name="Größe 100%", method="send")
    await create(api, job_id="b", params={"text": "GAME night"}, method="post", handler_id="other")
    await api.post("/api/jobs/b/pause")

    async def ids(**query: str) -> list[str]:
        return [job["job_id"] for job in (await api.get("/api/jobs", params=query)).json()["jobs"]]

    assert await ids(text="größe") == ["a"]
    assert await ids(text="100%") == ["a"]
    assert await ids(text="game") == ["b"]
    assert await ids(text="_") == []
    assert await ids(state="paused") == ["b"]
    assert await ids(method="send") == ["a"]
    assert await ids(handler_id="other") == ["b"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=9999", "state=odd", "cursor=%21", "cursor=QUJD"]
)
async def test_a_wrong_query_is_refused(api: Api, query: str) -> None:
    response = await api.get(f"/api/jobs?{query}")
    assert response.status_code == 400
    assert error(response)["field"] == query.partition("=")[0]


async def test_an_edit_moves_the_schedule_only_if_it_touches_it(api: Api) -> None:
    created = await create(api, trigger={"type": "interval", "args": {"hours": 1}})
    path = f"/api/jobs/{created['job_id']}"
    edited = (await api.patch(path, json={"params": {"text": "new"}, "name": "New"})).json()
    assert edited["params"] == {"text": "new"}
    assert edited["next_run_at"] == created["next_run_at"]
    assert edited["anchor_at"] == created["anchor_at"]
    moved = (await api.patch(path, json={"trigger": {"type": "interval", "args": {"hours": 2}}})).json()
    assert moved["next_run_at"] > created["next_run_at"]
    assert moved["version"] == 3


async def test_an_edit_of_an_older_version_is_a_conflict(api: Api) -> None:
    path = f"/api/jobs/{(await create(api))['job_id']}"
    assert (await api.patch(path, json={"name": "one", "version": 1})).status_code == 200
    lost = await api.patch(path, json={"name": "two", "version": 1})
    assert lost.status_code == 409
    assert "version 2, not 1" in error(lost)["message"]
    assert (await api.get(path)).json()["name"] == "one"


@pytest.mark.parametrize(
    "body", [{}, {"params": None}, {"job_id": "x"}, {"trigger": {"type": "x", "args": {}}}]
)
async def test_an_empty_or_wrong_edit_changes_nothing(api: Api, body: dict[str, Any]) -> None:
    created = await create(api)
    path = f"/api/jobs/{created['job_id']}"
    assert (await api.patch(path, json=body)).status_code == 400
    assert (await api.get(path)).json()["version"] == 1


async def test_pause_resume_cancel_and_restore(api: Api) -> None:
    path = f"/api/jobs/{(await create(api))['job_id']}"
    paused = (await api.post(f"{path}/pause")).json()
    assert (paused["state"], paused["next_run_at"]) == ("paused", None)
    assert (await api.post(f"{path}/pause")).status_code == 200
    resumed = (await api.post(f"{path}/resume")).json()
    assert (resumed["state"], resumed["next_run_at"]) == ("active", "2099-01-01T00:00:00Z")
    assert (await api.delete(path)).json()["state"] == "cancelled"
    assert (await api.get("/api/jobs")).json()["jobs"] == []
    assert (await api.get("/api/jobs?state=cancelled")).json()["jobs"][0]["state"] == "cancelled"
    assert (await api.delete(path)).status_code == 404
    assert (await api.post(f"{path}/resume")).status_code == 409
    assert (await api.post(f"{path}/run")).status_code == 404
    assert (await api.post(f"{path}/restore")).json()["state"] == "active"
    assert (await api.post(f"{path}/restore")).status_code == 409


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/restore"),
        ("POST", "/run"),
        ("GET", "/executions"),
    ],
)
async def test_an_unknown_id_is_404_everywhere(api: Api, method: str, path: str) -> None:
    body = {"name": "x"} if method == "PATCH" else None
    response = await api.request(method, f"/api/jobs/nope{path}", json=body)
    assert response.status_code == 404
    assert error(response)["code"] == "job_not_found"


async def test_a_method_that_the_registered_handler_does_not_offer_is_refused(
    api: Api, raw_handler: RawHandler
) -> None:
    raw_handler.start("send")
    assert "warning" not in await create(api, handler_id="raw")
    response = await api.post("/api/jobs", json={**JOB, "handler_id": "raw", "method": "fly"})
    assert response.status_code == 400
    assert "It offers: send" in error(response)["message"]


async def test_what_is_not_there_is_told_in_json(api: Api) -> None:
    assert error(await api.get("/nothing"))["code"] == "not_found"
    response = await api.put("/api/jobs", json={})
    assert response.status_code == 405 and "GET" in error(response)["message"]


async def test_every_described_path_is_served(api: Api) -> None:
    for path, operations in DESCRIPTION["paths"].items():
        if "get" in operations and "{id}" not in path:
            asked = {"place": "1"} if path == "/api/feeds" else {}  # its one required parameter
            assert (await api.get(path, params=asked)).status_code == 200, path


async def test_a_date_hardly_past_still_runs(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.start("send")
    just = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    await create(api, handler_id="raw", trigger={"type": "date", "args": {"run_date": just}})
    assert raw_handler.calls.get(timeout=60)["method"] == "send"


async def test_unix_time_with_a_fraction_is_kept(api: Api) -> None:
    at = time.time() + 3600.25
    created = await create(api, trigger={"type": "date", "args": {"run_date": at}})
    assert datetime.fromisoformat(created["next_run_at"]).timestamp() == pytest.approx(at, abs=1e-5)
