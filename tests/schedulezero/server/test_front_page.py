"""``GET /``: a page for people that loads nothing, escapes everything and shows no more than one may see."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from schedulezero.model import HandlerInfo
from schedulezero.server.api.front_page import MOST_HANDLERS, MOST_METHODS, Details, front_page
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.version import installed_version
from schedulezero.wire.addresses import free_ports
from tests.conftest import Api, until
from tests.support.peers import RawHandler
from tests.support.runs import due_now
from tests.support.serving import served

WELL = {"status": "ok", "runs_waiting": 0, "runs_under_way": 1}
HOSTILE = "</strong><script>alert('x')</script>\"&\u202e" + "w" * 60


class Page(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest_asyncio.fixture
async def guarded(server_config: ServerConfig) -> AsyncIterator[ServerConfig]:
    config = replace(server_config, require_token=True, own_token="own-token")
    server = ServerThread(config)
    await server.start()
    yield config
    await server.stop()


async def test_it_says_what_this_is_and_leads_to_what_there_is(
    server: ServerConfig, raw_handler: RawHandler
) -> None:
    await asyncio.to_thread(raw_handler.start, "send", "other")
    async with httpx.AsyncClient(base_url=server.api_endpoint) as http:
        answer = await http.get("/")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        page = Page(answer.text)
        for part in (
            "ScheduleZero server", f"Version {installed_version()}", "ok", "raw", "connected", "send",
            "other", raw_handler.address, "REST reference",
        ):  # fmt: skip
            assert part in page.text, part
        for link in page.links:
            if link.startswith("/"):
                assert (await http.get(link)).status_code == 200, link
        assert (await http.head("/")).status_code == 200
        assert (await http.post("/")).status_code == 405


@pytest.mark.sqlite  # on PostgreSQL, the runs behind the first one wait in the database
async def test_it_shows_the_jobs_and_what_waits_for_whom(
    server: ServerConfig, raw_handler: RawHandler
) -> None:
    await asyncio.to_thread(raw_handler.start, "send")
    async with Api(base_url=server.api_endpoint) as api:
        assert "No job is active." in await _page(server)
        body = {"handler_id": "raw", "method": "send", "params": {}}
        at_noon = {"type": "date", "args": {"run_date": "2099-01-05T12:00:00Z"}}
        await api.post("/api/jobs", json={**body, "trigger": at_noon})
        shown = await _page(server)
        assert "1 job is active. The next run is due at 2099-01-05 12:00:00 UTC." in shown
        assert re.search(r"last sign of life: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \([0-5] s ago\)", shown)
        assert "disconnected" not in shown
        offline = {"handler_id": "raw", "status": "offline"}
        await asyncio.to_thread(raw_handler.tell, {"method": "report_status", "params": offline})
        await asyncio.to_thread(raw_handler.stop)
        for _ in range(2):
            await due_now(api)

        async def waits() -> bool:
            text = await _page(server)
            return "2 runs wait for handlers that are disconnected." in text and "last sign of life" in text

        await until(waits)


async def _page(server: ServerConfig) -> str:
    async with httpx.AsyncClient(base_url=server.api_endpoint) as http:
        return Page((await http.get("/")).text).text


async def test_the_last_sign_of_life_outlasts_a_restart(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with served(server_config):
        await asyncio.to_thread(raw_handler.start, "send")
    await asyncio.to_thread(raw_handler.stop)
    async with served(server_config):
        shown = await _page(server_config)
        assert "disconnected" in shown and "last sign of life: " in shown


def test_how_long_ago_is_in_the_largest_unit() -> None:
    heard_at = datetime(2026, 1, 1, tzinfo=UTC)
    info = HandlerInfo("h", "tcp://127.0.0.1:1", (), heard_at=heard_at)
    for seconds, said in (
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (7200, "2 h"),
        (3 * 86_400, "3 d"),
        (-9, "0 s"),
    ):
        details = Details("1", [info], now=heard_at + timedelta(seconds=seconds))
        assert f"({said} ago)" in front_page(WELL, details)


async def test_without_a_token_it_shows_no_more_than_the_health_checks(
    guarded: ServerConfig, raw_handler: RawHandler
) -> None:
    await asyncio.to_thread(raw_handler.start, "secretmethod")
    async with httpx.AsyncClient(base_url=guarded.api_endpoint) as http:
        page = (await http.get("/")).text
        for secret in ("raw", "secretmethod", raw_handler.address, installed_version(), "127.0.0.1"):
            assert secret not in page, secret
        assert "clients with a token" in page and ">ok<" in page
        seen = (await http.get("/", headers={"Authorization": "Bearer own-token"})).text
        assert "secretmethod" in seen and installed_version() in seen
        assert (await http.get("/", headers={"Authorization": "Bearer wrong"})).status_code == 401
        assert (await http.get("/", headers={"Origin": "https://evil.example"})).status_code == 403
        assert (await http.get("/", headers={"Host": "evil.example"})).status_code == 403
        assert (await http.get("/index.html")).status_code == 401


async def test_nothing_is_loaded_and_no_script_runs(server: ServerConfig) -> None:
    async with httpx.AsyncClient(base_url=server.api_endpoint) as http:
        answer = await http.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    page = Page(answer.text)
    assert not {"script", "img", "link", "iframe", "form", "object", "base"} & set(page.tags)
    assert not [name for name in page.attributes if name.startswith("on") or name == "style"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_unknown_number_of_waiting_runs_is_said_to_be_unknown() -> None:
    page = front_page({**WELL, "runs_waiting": None}, None)
    assert "How many runs wait is unknown, and 1 is under way." in page and "None" not in page


def test_everything_is_escaped() -> None:
    info = HandlerInfo(HOSTILE, f"tcp://{HOSTILE}", (HOSTILE, "fine"), connected=True)
    page = Page(front_page({**WELL, "status": HOSTILE, "trouble": HOSTILE}, Details(HOSTILE, [info])))
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) == 6
    plain = Page(front_page(WELL, Details("1", [])))
    assert set(page.tags) - set(plain.tags) <= {"div", "strong"}


def test_a_crowd_of_handlers_and_methods_is_cut() -> None:
    many = tuple(f"m{number:04}" for number in range(1000))
    handlers = [HandlerInfo(f"h{number:04}", "tcp://127.0.0.1:1", many) for number in range(1000)]
    text = front_page(WELL, Details("1", handlers))
    assert len(text) < 200_000
    page = Page(text)
    assert f"{1000 - MOST_HANDLERS} more are in" in page.text
    assert f"and {1000 - MOST_METHODS} more" in page.text
    assert page.text.count("disconnected") == MOST_HANDLERS


async def test_only_handlers_that_it_shows_are_pinged(
    server: ServerConfig, raw_handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedulezero.server.api.front_page.MOST_HANDLERS", 1)
    other = RawHandler(free_ports(1)[0], server.server_address, "second")
    for handler in (other, raw_handler):
        await asyncio.to_thread(handler.start, "send")
        offline = {"handler_id": handler.handler_id, "status": "offline"}
        await asyncio.to_thread(handler.tell, {"method": "report_status", "params": offline})
    async with httpx.AsyncClient(base_url=server.api_endpoint) as http:
        page = Page((await http.get("/")).text)
    assert raw_handler.address in page.text and other.address not in page.text
    assert "1 more are in" in page.text
    assert (raw_handler.pings, other.pings) == (1, 0)
    await asyncio.to_thread(other.stop)


@pytest.mark.browser
@pytest.mark.long
async def test_it_fits_a_phone(server: ServerConfig, raw_handler: RawHandler, tmp_path: Path) -> None:
    from playwright.async_api import async_playwright

    from tests.conftest import CHROMIUM

    raw_handler.handler_id = "w" * 100
    await asyncio.to_thread(raw_handler.start, *(f"{'long_method_name_' * 5}{number}" for number in range(5)))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = await browser.new_page(viewport={"width": 390, "height": 800})
            said: list[str] = []
            page.on("console", lambda message: said.append(message.text))
            await page.goto(server.api_endpoint)
            widths = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert widths[0] <= widths[1] == 390
            assert said == []  # the policy lets the style through, and nothing else is asked for
            margin = await page.evaluate(
                "getComputedStyle(document.querySelector('.handler')).borderTopWidth"
            )
            assert margin == "1px"
            await page.screenshot(path=tmp_path / "page.png", full_page=True)
        finally:
            await browser.close()
