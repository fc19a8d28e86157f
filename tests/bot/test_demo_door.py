"""The demo's page takes changes from itself only: no web page from elsewhere, and no name that leads here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from bot.config import Settings
from tests.support.command_line import line, start

pytestmark = pytest.mark.long


@dataclass
class Demo:
    """A running demo: its front door, its page behind that, and the secret of the page."""

    door: str
    page: str
    secret: str


@pytest_asyncio.fixture
async def demo(settings: Settings) -> AsyncIterator[Demo]:
    process = await start(settings, "demo", "--no-browser")
    door = (await line(process, "http://127.0.0.1")).strip()
    async with httpx.AsyncClient() as client:
        page = urlsplit((await client.get(door)).headers["Location"])
    yield Demo(door, f"http://{page.netloc}", page.fragment)
    process.terminate()
    await asyncio.wait_for(process.communicate(), 60)


LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
# Read as: headers of a request to the front door, and how it is answered.
AT_THE_DOOR = [
    ({}, 302),
    ({"Sec-Fetch-Site": "none", **LINK}, 302),
    ({"Sec-Fetch-Site": "same-origin", **LINK}, 302),
    ({"Sec-Fetch-Site": "same-site", **LINK}, 302),  # from its own page, which is on another port
    ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403),
    ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403),
    ({"Sec-Fetch-Site": "cross-site", **LINK}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://127.0.0.1:1"}, 403),
    ({"Host": "evil.example"}, 403),
    ({"Host": "127.0.0.1.evil.example"}, 403),
    ({"Host": ""}, 403),
    ({"Host": "127.0.0.1:80:80"}, 400),
    ({"Host": "127.0.0.1:x"}, 400),
]


async def test_no_other_page_changes_what_is_shown(demo: Demo) -> None:
    async with httpx.AsyncClient() as client:
        shown = (await client.get(f"{demo.door}/lounge")).headers["Location"]
        for headers, status in AT_THE_DOOR:
            wanted = "lounge" if status == 302 else "mod-room"
            answer = await client.get(f"{demo.door}/{wanted}", headers=headers)
            assert answer.status_code == status, headers
            assert (await client.get(f"{demo.door}/lounge")).headers["Location"] == shown
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert (await client.request(method, f"{demo.door}/lounge")).status_code == 405


# Read as: headers beside the page's own, and how its API answers.
AT_THE_PAGE = [
    ({}, 200),
    ({"Origin": "own"}, 200),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "http://127.0.0.1:1"}, 403),
    ({"Host": "evil.example"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"X-Simcord-Capability": "guessed"}, 401),
]
# Read as: what is sent to our part of the page, and how that answers; none of it is there.
FORGED = [
    ("reader", {"user": "1"}, 400), ("reader", {"user": "x"}, 400), ("reader", {}, 400), ("reader", [], 400),
    ("language", {"reader": "tlh"}, 400), ("language", {"guild": "tlh"}, 400),
    ("interest", {"event": "1", "interested": True}, 404),
    ("menu", {"target": {"message": "1"}, "name": "Which job posted this?"}, 404),
    ("menu", {"target": {"user": "1"}, "name": "Schedule a role…"}, 404),
    ("menu", {"target": {}, "name": "Schedule a role…"}, 400), ("menu", {"target": "x", "name": "x"}, 400),
]  # fmt: skip


async def test_the_page_takes_changes_from_its_own_origin_only(demo: Demo) -> None:
    async with httpx.AsyncClient(base_url=demo.page) as client:
        for row, status in AT_THE_PAGE:
            headers = {"X-Simcord-Capability": demo.secret, **row}
            if headers.get("Origin") == "own":
                headers["Origin"] = demo.page
            for path in ("/api/pages", "/demo/api/language"):
                assert (await client.post(path, json={}, headers=headers)).status_code == status, (path, row)
            assert (await client.get("/demo/api/world", headers=headers)).status_code == status, row
            if status != 200:
                assert (await client.post("/api/action", json={}, headers=headers)).status_code == status
                assert (await client.get("/api/state", headers=headers)).status_code == status
            upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": "https://evil.example"}
            assert (await client.get("/api/state", headers={**headers, **upgrade})).status_code == 403
        own = {"X-Simcord-Capability": demo.secret}
        for path, body, status in FORGED:
            answer = await client.post(f"/demo/api/{path}", json=body, headers=own)
            assert answer.status_code == status, (path, body, answer.text)
        for content in (b"{", b"[" * 100_000, b'{"user": Infinity}', b'{"user": 1e999}', b'{"user": NaN}'):
            answer = await client.post("/demo/api/reader", content=content, headers=own)
            assert answer.status_code == 400, content[:20]
        menu = b'{"target": {"message": 1e999}, "name": "x"}'
        assert (await client.post("/demo/api/menu", content=menu, headers=own)).status_code == 400
        assert (await client.get("/demo/api/covers/1", headers=own)).status_code == 404
        for path in (
            "/demo/..%2fdemo.py",
            "/demo/%2e%2e/demo.py",
            "/demo/page.py",
            "/nothing.js",
            "/nowhere/",
        ):
            assert (await client.get(path)).status_code == 404, path


async def test_the_page_says_nothing_without_its_secret(demo: Demo) -> None:
    async with httpx.AsyncClient(base_url=demo.page) as client:
        assert demo.secret not in (await client.get("/")).text
        for path in ("/api/pages", "/api/action", "/demo/api/menu", "/demo/api/reader"):
            assert (await client.post(path, json={})).status_code == 401
        assert demo.secret not in (await client.get("/lounge/")).text
        rebound = await client.get("/", headers={"Host": "evil.example"})
        assert rebound.status_code == 403


async def test_the_demo_starts_with_any_choice_of_sprockets(settings: Settings) -> None:
    """Its example jobs that no loaded sprocket offers are left out."""
    process = await start(settings, "demo", "--no-browser", SCHEDULEZERO_SPROCKETS="example")
    try:
        assert "http://127.0.0.1" in await line(process, "http://127.0.0.1")
    finally:
        process.terminate()
        await asyncio.wait_for(process.communicate(), 60)
