"""Dialect B, as the published server speaks it."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from schedulezero.instants import from_iso
from schedulezero.server.api import schedules
from schedulezero.server.engine import clock
from tests.conftest import Api, until
from tests.support.peers import RawHandler

BODY: dict[str, Any] = {
    "handler_id": "raw",
    "job_method": "send",
    "job_params": {"text": "hi"},
    "trigger": {"type": "interval", "hours": 1},
}


RUN = {"handler_id": "raw", "job_method": "send"}


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


async def test_a_date_reaches_the_handler_once_it_is_due(
    api: Api, handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_LONGEST_SLEEP_SECONDS", 3600.0)  # it doesn't just look often
    handler.start("send")
    due_at = time.time() + 0.5
    trigger = {"type": "date", "run_date": due_at}
    await api.post("/api/schedule", json={**BODY, "trigger": trigger})
    call = handler.calls.get(timeout=60)
    assert time.time() >= due_at
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
    response = await api.post("/api/run_now", json={**RUN, "job_params": {}})
    assert response.status_code == 500
    assert response.json()["error"]["message"] == "no such channel"


async def test_run_now_of_a_handler_that_is_off_answers_at_once_and_the_run_waits(
    api: Api, handler: RawHandler
) -> None:
    handler.start("send")
    handler.tell({"method": "report_status", "params": {"handler_id": "raw", "status": "offline"}})
    handler.stop()
    asked_at = time.time()
    response = await api.post("/api/run_now", json={**RUN, "job_params": {"a": 1}})
    answered_at = time.time()
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["kind"]) == (500, 500, "handler_disconnected")
    assert "The handler 'raw' isn't connected. The run waits for it until " in error["message"]
    (waiting,) = (await api.get("/api/executions")).json()["records"]
    assert repr(waiting["job_id"]) in error["message"] and waiting["status"] == "running"
    until_then = from_iso(error["message"].partition("until ")[2].partition(";")[0])
    assert asked_at - 1 <= until_then.timestamp() - 300 <= answered_at + 1
    handler.start("send")
    assert handler.calls.get(timeout=60)["params"] == {"a": 1}
    await until(lambda: _succeeded(api, waiting["job_id"]))


async def test_run_now_answers_before_the_request_is_too_long(
    api: Api, handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "RUN_NOW_SECONDS", 1.0)
    handler.respond = lambda call: None
    handler.start("send")
    busy = (await api.post("/api/run_now", json={**RUN, "job_params": {}})).json()["error"]
    assert busy["kind"] == "run_not_ended" and "It goes on" in busy["message"]
    await asyncio.to_thread(handler.calls.get, timeout=60)
    monkeypatch.setattr(schedules, "RUN_NOW_SECONDS", 5.0)  # decided at its end
    asked = asyncio.create_task(api.post("/api/run_now", json={**RUN, "job_params": {}}))
    await until(lambda: _count_of_executions(api, 2))
    handler.tell({"method": "report_status", "params": {"handler_id": "raw", "status": "offline"}})
    gone = (await asked).json()["error"]
    assert gone["kind"] == "handler_disconnected"  # since the request began


async def _count_of_executions(api: Api, count: int) -> bool:
    return (await api.get("/api/executions")).json()["count"] == count


@pytest.mark.parametrize(
    ("change", "status", "part"),
    [
        ({"handler_id": "nobody"}, 404, "No handler 'nobody'"),
        ({"job_method": "fly"}, 400, "It offers: send"),
        ({"trigger": {"type": "interval", "args": {"hours": 1}}}, 400, "beside its type"),
        ({"trigger": {"type": "interval"}}, 400, "at least one"),
        ({"trigger": {}}, 400, "must be one of: date"),
        ({"trigger": "soon"}, 400, "trigger"),
        ({"job_params": [1]}, 400, "job_params"),
        ({"job_id": ""}, 400, "job_id"),
        ({"job_id": "x" * 256}, 400, "255"),
        ({"trigger": {"type": "interval", "minutes": "1e5"}}, 400, "not a number of minutes"),
        ({"trigger": {"type": "interval", "minutes": "nan"}}, 400, "not a number of minutes"),
        ({"trigger": {"type": "interval", "seconds": True}}, 400, "not a number of seconds"),
        ({"trigger": {"type": "interval", "weeks": 1e300}}, 400, "more than can be counted"),
        ({"trigger": {"type": "interval", "seconds": -1}}, 400, "at least one second"),
        ({"trigger": {"type": "interval", "moons": 1}}, 400, "it takes weeks"),
        ({"trigger": {"type": "interval", "hours": 1, "start_time": "soon"}}, 400, "isn't a date"),
        ({"trigger": {"type": "cron", "hour": 9, "timezone": "Mars/Olympus"}}, 400, "no time zone"),
        ({"trigger": {"type": "cron", "hour": 9, "end_time": "2020-01-01"}}, 400, "never runs"),
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


async def test_of_missing_fields_the_trigger_is_named_first(api: Api, handler: RawHandler) -> None:
    """As the published server does with a body in the form of its older clients."""
    handler.start("send")
    older = {"handler_id": "raw", "method_name": "send", "job_params": {}, "trigger_config": {}}
    response = await api.post("/api/schedule", json=older)
    assert response.status_code == 400 and response.json()["error"]["field"] == "trigger"


async def test_deleting_an_id_it_never_had_is_a_success(api: Api) -> None:
    response = await api.delete("/api/schedules/never")
    assert response.status_code == 200
    assert response.json()["schedule_id"] == "never"


@pytest.mark.long
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
    counted = (await api.get("/api/executions", params={"limit": 1, "total": 1})).json()
    assert counted["total"] == 2  # asked for in our own form
    page = (await api.get("/api/executions", params={"limit": 1})).json()
    assert (page["count"], page["limit"]) == (1, 1)
    assert page["records"][0]["method_name"] == "send" and page["records"][0]["status"] == "error"
    assert (await api.get("/api/executions/errors")).json()["count"] == 1
    stats = (await api.get("/api/executions/stats")).json()
    assert (stats["total_executions"], stats["success_count"], stats["error_count"]) == (2, 1, 1)
    assert stats["success_rate"] == 50 and 0 < stats["avg_duration_ms"] < 10_000
    assert stats["by_handler"] == {"raw": {"total": 2, "success": 1, "error": 1}}
    assert (await api.get("/api/executions", params={"limit": "9" * 40})).json()["limit"] == 1000
    for wrong in ({"limit": "0"}, {"limit": "-1"}, {"limit": "x"}, {"status": "done"}):
        refused = await api.get("/api/executions", params=wrong)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, 400)
    assert (await api.post("/api/executions/clear")).json()["cleared"] == 2
    assert (await api.get("/api/executions/stats")).json()["total"] == 0


async def test_our_dialect_asks_for_executions_as_before(api: Api, handler: RawHandler) -> None:
    """What only our dialect knows in the query makes the answer ours."""
    handler.respond = lambda call: {"success": "x" in call["params"], "retry": False}
    handler.start("send")
    for params in ({"x": 1}, {}):
        await api.post("/api/run_now", json={**RUN, "job_params": params})
    failed = (await api.get("/api/executions", params={"status": "failed", "limit": 1})).json()
    assert [record["status"] for record in failed["records"]] == ["failed"]
    older = (await api.get("/api/executions", params={"cursor": failed["records"] and "2"})).json()
    assert [record["status"] for record in older["records"]] == ["succeeded"]
    assert (await api.get("/api/executions", params={"guild_id": "1"})).json()["next_cursor"] is None
    errors = (await api.get("/api/executions/errors", params={"cursor": "99"})).json()
    assert [record["status"] for record in errors["records"]] == ["failed"]
    for query in ({"guild_id": "1", "limit": 1001}, {"cursor": "x"}):
        refused = await api.get("/api/executions", params=query)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_query")


async def test_what_never_began_is_no_execution(api: Api, handler: RawHandler) -> None:
    handler.respond = lambda call: None
    handler.start("send")
    job = {"handler_id": "raw", "method": "send", "params": {}}
    trigger = {"type": "interval", "args": {"hours": 1}}
    job_id = (await api.post("/api/jobs", json={**job, "trigger": trigger})).json()["job_id"]
    await api.post(f"/api/jobs/{job_id}/run", json={})
    (running,) = (await api.get("/api/executions", params={"status": "running"})).json()["records"]
    assert (running["job_id"], running["status"], running["completed_at"]) == (job_id, "running", None)
    await api.delete(f"/api/jobs/{job_id}")
    assert (await api.get("/api/executions")).json()["count"] == 0
    stats = (await api.get("/api/executions/stats")).json()
    assert (stats["total_executions"], stats["success_rate"], stats["by_status"]["cancelled"]) == (0, 0.0, 1)


# Read as: a flat trigger, and what its next run is in UTC, in this form.
MEANINGS: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "cron", "day_of_week": 0, "hour": 9}, "%a %H:%M", "Sun 09:00"),
    ({"type": "cron", "day_of_week": "7", "hour": "9"}, "%a %H:%M", "Sun 09:00"),
    ({"type": "cron", "day_of_week": "1", "hour": 9}, "%a %H:%M", "Mon 09:00"),
    ({"type": "cron", "day_of_week": "6", "hour": 9, "end_time": "2150-01-01"}, "%a %H:%M", "Sat 09:00"),
    ({"type": "cron", "hour": 9, "timezone": "Asia/Tokyo"}, "%H:%M", "00:00"),
    ({"type": "CRON", "minute": "30", "hour": 4, "second": None}, "%H:%M", "04:30"),
    ({"type": "cron", "hour": 9, "start_time": "2099-01-05T09:00:01Z"}, "%Y-%m-%d %H:%M", "2099-01-06 09:00"),
    ({"type": "cron", "hour": 9, "start_time": "2099-01-05T00:00:00", "timezone": "Asia/Tokyo"},
     "%Y-%m-%d %H:%M", "2099-01-05 00:00"),
    ({"type": "interval", "hours": 5, "start_time": "2099-01-05T10:00:00Z"},
     "%Y-%m-%d %H:%M", "2099-01-05 10:00"),
    ({"type": "interval", "hours": "5", "start_time": 4072500000}, "%Y-%m-%d %H:%M", "2099-01-19 10:00"),
    ({"type": "date", "run_date": "20990105"}, "%Y-%m-%d %H:%M", "2099-01-05 00:00"),
    ({"type": "Date", "run_date": "2099-01-05T10:00:00"}, "%Y-%m-%d %H:%M", "2099-01-05 10:00"),
]  # fmt: skip


@pytest.mark.parametrize(("trigger", "form", "wanted"), MEANINGS, ids=str)
async def test_what_a_flat_trigger_means(
    api: Api, handler: RawHandler, trigger: dict[str, Any], form: str, wanted: str
) -> None:
    handler.start("send")
    assert (await api.post("/api/schedule", json={**BODY, "trigger": trigger})).status_code == 201
    (schedule,) = (await api.get("/api/schedules")).json()["schedules"]
    assert from_iso(schedule["next_fire_time"]).strftime(form) == wanted


@pytest.mark.parametrize(
    ("units", "seconds"),
    [
        ({"minutes": "15"}, 900), ({"minutes": " 1.5 "}, 90), ({"seconds": 90.5, "hours": "1"}, 3690.5),
        ({"microseconds": 5_500_000}, 5.5), ({"microseconds": "90000000"}, 90),
        ({"seconds": 1, "microseconds": 1}, 1),
    ],
    ids=str,
)  # fmt: skip
async def test_how_long_an_interval_is(
    api: Api, handler: RawHandler, units: dict[str, Any], seconds: float
) -> None:
    handler.start("send")
    before = time.time()
    answer = await api.post("/api/schedule", json={**BODY, "trigger": {"type": "interval", **units}})
    answered = time.time()
    assert answer.json() == {"status": "success", "job_id": answer.json()["job_id"]}
    (schedule,) = (await api.get("/api/schedules")).json()["schedules"]
    due_at = from_iso(schedule["next_fire_time"]).timestamp()
    assert before - 0.001 <= due_at - seconds <= answered


async def test_an_interval_ends(api: Api, handler: RawHandler) -> None:
    handler.start("send")
    until_then = {"type": "interval", "hours": 1, "end_time": time.time() + 1800}
    refused = await api.post("/api/schedule", json={**BODY, "trigger": until_then})
    assert refused.status_code == 400 and "never runs" in refused.json()["error"]["message"]


async def test_a_date_in_the_past_runs_at_once(api: Api, handler: RawHandler) -> None:
    handler.start("send")
    body = {**BODY, "job_id": "late", "trigger": {"type": "date", "run_date": "2001-09-09T01:46:40Z"}}
    assert (await api.post("/api/schedule", json=body)).status_code == 201
    assert handler.calls.get(timeout=60)["job_id"] == "late"
    trigger = {"type": "date", "args": {"run_date": 1e9}}
    found = await api.post(
        "/api/jobs", json={"handler_id": "raw", "method": "send", "params": {}, "trigger": trigger}
    )
    assert found.json()["error"]["code"] == "bad_trigger"  # our own dialect says so instead


@pytest.mark.parametrize("job_id", ["has space/slash", "ü" * 255, "a\nb", "?#%&+", " ", "../x"])
async def test_an_id_may_be_any_text(api: Api, handler: RawHandler, job_id: str) -> None:
    handler.start("send")
    body = {**BODY, "job_id": job_id, "trigger": {"type": "date", "run_date": 1}}
    assert (await api.post("/api/schedule", json=body)).json()["job_id"] == job_id
    call = handler.calls.get(timeout=60)
    assert call["job_id"] == job_id and call["run_id"].startswith(job_id)
    await until(lambda: _succeeded(api, job_id))
    later = {**BODY, "job_id": job_id}
    assert (await api.post("/api/schedule", json=later)).status_code == 201
    assert (await api.get("/api/schedules")).json()["count"] == 1
    answer = (await api.delete(f"/api/schedules/{quote(job_id, safe='')}")).json()
    assert answer["schedule_id"] == job_id
    assert (await api.get("/api/schedules")).json()["count"] == 0


async def _succeeded(api: Api, job_id: str) -> bool:
    found = (await api.get("/api/executions", params={"job_id": job_id})).json()["records"]
    return [item["status"] for item in found] == ["success"]


async def test_a_handler_without_methods_is_known(api: Api, handler: RawHandler) -> None:
    params = {"handler_id": "raw", "address": handler.address}
    assert handler.tell({"method": "register", "params": params})["success"] is True
    (info,) = (await api.get("/api/handlers")).json()["handlers"]
    assert (info["id"], info["methods"]) == ("raw", [])
    refused = await api.post("/api/schedule", json=BODY)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 400)


async def test_errors_have_the_form_of_their_dialect(api: Api, handler: RawHandler) -> None:
    ours = await api.post("/api/jobs", json={})
    assert isinstance(ours.json()["error"]["code"], str)
    for method, path in (
        ("POST", "/api/schedule"), ("POST", "/api/run_now"), ("GET", "/api/executions?status=x"),
        ("PUT", "/api/schedules"),
    ):  # fmt: skip
        async with httpx.AsyncClient(base_url=api.base_url) as http:
            theirs = await http.request(method, path, json={})
        error = theirs.json()["error"]
        assert error["code"] == theirs.status_code >= 400 and error["kind"] and error["message"]


async def test_options_of_a_foreign_web_page_are_refused_as_all_its_requests(api: Api) -> None:
    async with httpx.AsyncClient(base_url=api.base_url) as http:
        for path in ("/", "/api/schedules", "/nothing"):
            assert (await http.options(path)).status_code == 204
            answer = await http.options(path, headers={"Origin": "https://evil.example"})
            assert answer.status_code == 403
            assert "Access-Control-Allow-Origin" not in answer.headers
