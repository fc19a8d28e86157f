"""Dialect B, as the published server speaks it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.conftest import Api
from tests.support.peers import RawHandler

BODY: dict[str, Any] = {
    "handler_id": "raw",
    "job_method": "send",
    "job_params": {"text": "hi"},
    "trigger": {"type": "interval", "hours": 1},
}


@pytest.fixture
def handler(raw_handler: RawHandler) -> RawHandler:
    return raw_handler


async def test_a_schedule_with_flat_trigger_arguments(api: Api, handler: RawHandler) -> None:
    handler.start("send")
    response = await api.post("/api/schedule", json=BODY)
    assert response.status_code == 201
    assert response.json() == {"status": "success", "job_id": response.json()["job_id"]}
    listed = (await api.get("/api/schedules")).json()
    assert listed["count"] == 1
    schedule = listed["schedules"][0]
    assert schedule["args"] == ["raw", "send", {"text": "hi"}, schedule["id"]]
    assert schedule["next_fire_time"]


async def test_a_date_reaches_the_handler_within_a_second(api: Api, handler: RawHandler) -> None:
    handler.start("send")
    due_at = time.time() + 0.5
    trigger = {"type": "date", "run_date": due_at}
    await api.post("/api/schedule", json={**BODY, "trigger": trigger})
    call = handler.calls.get(timeout=5)
    assert time.time() - due_at < 1
    assert (call["method"], call["params"]) == ("send", {"text": "hi"})


async def test_an_id_that_exists_is_replaced(api: Api, handler: RawHandler) -> None:
    handler.start("send")
    for text in ("one", "two"):
        body = {**BODY, "job_id": "same", "job_params": {"text": text}}
        assert (await api.post("/api/schedule", json=body)).status_code == 201
    listed = (await api.get("/api/schedules")).json()["schedules"]
    assert [item["args"][2] for item in listed] == [{"text": "two"}]


async def test_run_now_waits_for_the_result(api: Api, handler: RawHandler) -> None:
    handler.respond = lambda call: {"success": True, "echo": call["params"]}
    handler.start("send")
    body = {"handler_id": "raw", "job_method": "send", "job_params": {"a": 1}}
    answer = (await api.post("/api/run_now", json=body)).json()
    assert answer["status"] == "success" and answer["result"]["echo"] == {"a": 1}


async def test_run_now_that_fails_is_a_500_with_the_reason(api: Api, handler: RawHandler) -> None:
    handler.respond = lambda call: {"success": False, "error": "no such channel", "retry": False}
    handler.start("send")
    response = await api.post("/api/run_now", json={"handler_id": "raw", "job_method": "send"})
    assert response.status_code == 500
    assert response.json()["error"]["message"] == "no such channel"


@pytest.mark.parametrize(
    ("change", "status", "part"),
    [
        ({"handler_id": "nobody"}, 404, "No handler 'nobody'"),
        ({"job_method": "fly"}, 400, "It offers: send"),
        ({"trigger": {"type": "interval", "args": {"hours": 1}}}, 400, "beside its type"),
        ({"trigger": {"type": "interval"}}, 400, "at least one"),
        ({"trigger": {}}, 400, "must be one of: date"),
        ({"trigger": "soon"}, 400, "trigger"),
        ({"params": {}}, 400, "known are: handler_id, job_method"),
    ],
    ids=str,
)
async def test_what_is_refused(
    api: Api, handler: RawHandler, change: dict[str, Any], status: int, part: str
) -> None:
    handler.start("send")
    response = await api.post("/api/schedule", json={**BODY, **change})
    assert response.status_code == status
    assert part in response.json()["error"]["message"]


async def test_deleting_an_id_it_never_had_is_a_success(api: Api) -> None:
    response = await api.delete("/api/schedules/never")
    assert response.status_code == 200
    assert response.json()["schedule_id"] == "never"


async def test_handlers_are_listed_and_pinged(api: Api, handler: RawHandler) -> None:
    handler.start("send", "other")
    (info,) = (await api.get("/api/handlers")).json()["handlers"]
    assert (info["id"], info["methods"], info["status"]) == ("raw", ["send", "other"], "Connected")
    handler.tell({"method": "report_status", "params": {"handler_id": "raw", "status": "offline"}})
    handler.stop()
    (info,) = (await api.get("/api/handlers")).json()["handlers"]
    assert info["status"] == "Disconnected"


async def test_executions_and_their_statistics(api: Api, handler: RawHandler) -> None:
    handler.respond = lambda call: {"success": "x" in call["params"], "retry": False}
    handler.start("send")
    for params in ({"x": 1}, {}):
        await api.post("/api/run_now", json={"handler_id": "raw", "job_method": "send", "job_params": params})
    page = (await api.get("/api/executions", params={"limit": 1})).json()
    assert (page["count"], page["limit"]) == (1, 1)
    assert page["records"][0]["method_name"] == "send" and page["records"][0]["status"] == "failed"
    older = (await api.get("/api/executions", params={"cursor": page["next_cursor"]})).json()
    assert [record["status"] for record in older["records"]] == ["succeeded"]
    assert (await api.get("/api/executions/errors")).json()["count"] == 1
    assert (await api.get("/api/executions", params={"status": "succeeded"})).json()["count"] == 1
    assert (await api.get("/api/executions/stats")).json()["total"] == 2
    assert (await api.get("/api/executions", params={"limit": 1001})).status_code == 400
    assert (await api.post("/api/executions/clear")).json()["cleared"] == 2
    assert (await api.get("/api/executions/stats")).json()["total"] == 0
