"""The stand-in of the published server answers as the published one was seen to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from schedulezero.wire.addresses import free_ports
from tests.conftest import until
from tests.support.peers import RawHandler
from tests.support.published_server import PublishedServer
from tests.support.published_times import first_fire, following_fire

ROOT = Path(__file__).parent.parent.parent
OBSERVED = ROOT.parent / "shared" / "published_server_observed.txt"
BERLIN = ZoneInfo("Europe/Berlin")
METHODS = ("big", "boom", "fail", "nan", "nothing", "slow", "statuserr", "text", "unserialisable", "work")


@pytest.fixture
def published(tmp_path: Path) -> Iterator[PublishedServer]:
    rest, registration = free_ports(2)
    server = PublishedServer(
        f"http://127.0.0.1:{rest}", f"tcp://127.0.0.1:{registration}", tmp_path, scale=0.03
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def handler(published: PublishedServer) -> Iterator[RawHandler]:
    (port,) = free_ports(1)
    made = RawHandler(port, published.server_address, "their-h")
    made.respond = lambda call: {
        "boom": {"success": False, "error": "kaboom"},
        "fail": {"success": False, "error": "nope"},
    }.get(call["method"], {"echo": call["params"]})
    made.start(*METHODS)
    yield made
    made.stop()


def observed() -> list[tuple[str, str, str | None, int, str]]:
    """Each request that was seen: method, path, body, status and the beginning of the answer."""
    if not OBSERVED.exists():
        if os.environ.get("CI") and os.environ.get("DISCORD_RULES") != "none":
            pytest.fail(f"CI compares the stand-in with {OBSERVED}, and it is not there")
        pytest.skip(f"{OBSERVED} is not there")
    found: list[tuple[str, str, str | None, int, str]] = []
    request: re.Match[str] | None = None
    for line in OBSERVED.read_text().splitlines():
        if (match := re.fullmatch(r"(GET|POST|DELETE|OPTIONS) (\S+)(?: (\{.*))?", line)) is not None:
            request = match
        elif request is not None and (answer := re.fullmatch(r" {4}(\d{3})  (.*)", line)) is not None:
            found.append((request[1], request[2], request[3], int(answer[1]), answer[2]))
    return found


def _same_kind(seen: str, given: Any) -> list[str]:
    """List the keys that the observed beginning of an answer has and the stand-in's answer lacks."""
    keys = re.findall(r'"(\w+)": ', seen)
    text = str(given)
    return [key for key in keys if f"'{key}'" not in text]


def test_it_answers_each_observed_request_with_the_observed_status_and_keys(
    published: PublishedServer, handler: RawHandler
) -> None:
    with httpx.Client(base_url=published.api_endpoint, timeout=60) as client:
        wrong: list[str] = []
        rows = observed()
        assert len(rows) > 50
        for method, path, body, status, answer in rows:
            if "readme" in path or "portal" in path or path in ("/docs/", "/dash/"):
                continue  # its web pages
            if (body is not None and not body.endswith("}")) or '"job_method": "nan"' in (body or ""):
                continue  # the observation is cut; RawHandler's answers have no NaN
            response = client.request(method, path, content=body)
            if response.status_code != status:
                wrong.append(f"{method} {path} {body}: {response.status_code} instead of {status}")
            elif answer.startswith("{") and "records" not in answer and '"result"' not in answer:
                absent = _same_kind(answer, response.json())
                wrong += [f"{method} {path} {body}: lacks {absent}"] if absent else []
        assert wrong == []


def test_without_a_start_an_interval_fires_at_once_and_a_cron_takes_utc_for_local_time() -> None:
    now = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)  # 9:30 in Berlin
    daily = {"type": "cron", "hour": 9, "timezone": "Europe/Berlin"}
    assert first_fire({"type": "interval", "hours": 1}, now) == now
    assert first_fire(daily, now) == datetime(2026, 11, 27, 9, tzinfo=BERLIN)  # half an hour ago
    told = {**daily, "start_time": now.astimezone(BERLIN).isoformat()}
    assert first_fire(told, now) == datetime(2026, 11, 28, 9, tzinfo=BERLIN)
    assert first_fire({"type": "cron", "day_of_week": 0, "hour": 9}, now).strftime("%a") == "Sun"
    assert first_fire({"type": "cron", "day_of_week": "1-5", "hour": 7}, now).strftime("%a") == "Mon"
    assert following_fire({"type": "interval", "hours": 1}, now, now) == now + timedelta(hours=1)


@pytest.mark.long
async def test_it_repeats_a_call_that_is_not_answered_in_time(
    published: PublishedServer, handler: RawHandler
) -> None:
    handler.respond = lambda call: None
    async with httpx.AsyncClient(base_url=published.api_endpoint, timeout=60) as client:
        body = {"handler_id": "their-h", "job_method": "work", "job_params": {}}
        answer = await client.post("/api/run_now", json=body)
        assert answer.status_code == 500 and "Timeout" in answer.json()["error"]["message"]
        errors = (await client.get("/api/executions/errors")).json()["errors"]
        assert [item["job_id"].startswith("immediate_their-h_work_") for item in errors] == [True]


async def test_after_a_restart_it_knows_handlers_and_schedules_and_no_executions(
    published: PublishedServer, handler: RawHandler
) -> None:
    async with httpx.AsyncClient(base_url=published.api_endpoint, timeout=60) as client:
        trigger = {"type": "interval", "hours": 1}
        body = {"handler_id": "their-h", "job_method": "work", "job_params": {}, "trigger": trigger}
        await client.post("/api/schedule", json={**body, "job_id": "hourly"})
        await until(lambda: [record for record in published.records if record["status"] == "success"])
    published.stop()
    published.start()
    assert handler.tell({"method": "report_status", "params": {"handler_id": "their-h"}})["success"] is True
    assert list(published.schedules) == ["hourly"] and not published.records
    published.advance(hours=1)
    await until(lambda: [record for record in published.records if record["status"] == "success"])
