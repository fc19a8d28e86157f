"""The longest and the strangest that Discord admits, in each language, and a server that is slow.

Every request is held against Discord's published rules where those lie beside the checkout.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from simcord import interactions
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

from benchmarks.growing import grow
from schedulezero.client import http
from schedulezero.client.client import Client
from schedulezero.model import Job, Trigger
from schedulezero.server.records.queries import JobFilter, JobOrder, job_page_query
from schedulezero.server.records.tables import metadata
from schedulezero.storage.sqlite import SqliteDatabase
from schedulezero.wire.addresses import free_ports
from tests.conftest import until
from tests.support.text import text_of
from tests.support.world import World, pick, press, said

pytestmark = pytest.mark.long

LOCALES = ["en-GB", "de", "fr", "es-ES", "pt-BR"]
LONG = "W" * 98 + "🎲🎲"
RIGHT_TO_LEFT = "\u202eمرحبا بالعالم " * 7
NAMES = [
    LONG[:100],
    RIGHT_TO_LEFT[:100],
    "👩‍👩‍👧‍👦" * 14,
    "**_`~||@everyone <@&1> [x](http://y)||~`_**",
    "\u200b \u200b",
]


@pytest.fixture(params=LOCALES)
def spoken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The language of everybody's client; the simulator knows American English only."""
    module: Any = interactions
    build = module.base_payload

    def in_language(*args: Any, **kwargs: Any) -> Any:
        record, payload = build(*args, **kwargs)
        return record, {**payload, "locale": request.param}

    monkeypatch.setattr(module, "base_payload", in_language)
    return request.param


async def many_jobs(world: World, count: int, **changes: Any) -> list[Job]:
    client = world.bot.services.client
    base = Job(
        "", world.settings.handler_id, "send_announcement",
        {"channel_id": str(world.channel.id), "message": "m" * 2000},
        Trigger("cron", {"hour": 9}), guild_id=str(world.guild.id), creator_id=str(world.admin.id),
    )  # fmt: skip
    wanted = [replace(base, name=NAMES[n % len(NAMES)].strip() or "x", **changes) for n in range(count)]
    return list(await asyncio.gather(*(client.create(job) for job in wanted)))


async def test_every_panel_with_the_longest_names_in_every_language(world: World, spoken: str) -> None:
    roles = [world.guild.create_role(f"{LONG[:90]}{number}") for number in range(25)]
    jobs = await many_jobs(world, 9, meta={"managers": [str(role.id) for role in roles], "alert": "creator"})
    admin, channel = world.admin, world.channel
    for command, options in (
        ("schedule list", {}), ("schedule calendar", {}), ("schedule calendar", {"view": "week"}),
        ("schedule history", {}), ("schedule setup", {}), ("schedule help", {}), ("schedule status", {}),
        ("schedule drafts", {}), ("schedule export", {}), ("schedule create", {}),
    ):  # fmt: skip
        assert said(await admin.slash(channel, command, **options)), command
    for job in jobs[:5]:
        card = (await admin.slash(channel, "schedule show", job=job.id)).response
        assert text_of(card)
        for button in ("job:skip", f"job:back:{job.id}", "job:changes", "job:show"):
            await press(admin, card, button)
        await press(admin, card, "job:edit")
        for group in (".where", ".what", ".when", ".options"):
            form = await press(admin, card, group)
            assert form.modal is not None
    listed = (await admin.slash(channel, "schedule list")).response
    await pick(admin, listed, "bulk:select", await shown_ids(listed))
    for name in ("pause", "resume", "cancel"):
        await press(admin, listed, f"bulk:{name}")
        await press(admin, listed, "bulk:list")
        await pick(admin, listed, "bulk:select", await shown_ids(listed))


async def shown_ids(message: Any) -> list[str]:
    found: list[str] = []

    def walk(components: Any) -> None:
        for component in components or ():
            data = component if isinstance(component, dict) else component.to_dict()
            if str(data.get("custom_id", "")).startswith("sz-pick:bulk:select"):
                found.extend(option["value"] for option in data["options"])
            walk(data.get("components"))

    walk(message.components)
    return found


async def test_a_draft_with_everything_at_its_longest(world: World, spoken: str) -> None:
    values = {"channel_id": [world.channel], "title": "T" * 256, "description": "d" * 4000, "color": "blue"}
    preview = await world.draft(
        world.admin, "send_embed_announcement", values, "every day at 9", name="N" * 100
    )
    for group, fields in {
        ".what": {"p:title": LONG, "p:description": "> " * 1500, "p:footer": "f" * 256, "p:color": "red",
                  "p:thumbnail_url": "https://example.org/" + "a" * 200},
        ".more1": {"p:image_url": "https://example.org/" + "b" * 200,
                   "p:fields": json.dumps([{"name": "n" * 100, "value": "v" * 300}] * 6)},
    }.items():  # fmt: skip
        form = await press(world.admin, preview.response, group)
        await world.admin.submit_modal(form, fields)
    assert text_of(preview.response)
    await press(world.admin, preview.response, "draft:confirm")
    assert (await world.bot.services.client.jobs(str(world.guild.id))).jobs


@pytest.mark.sqlite
async def test_ten_thousand_jobs_are_listed_by_walking_an_index(world: World) -> None:
    """However many jobs there are, a page reads its own rows only; `benchmarks.growing` has figures."""
    await many_jobs(world, 1)
    grow(Path(world.settings.database), 10_000)
    listed = (await world.admin.slash(world.channel, "schedule list")).response
    assert "page 1" in text_of(listed)
    await press(world.admin, listed, "list:next")
    assert "page 2" in text_of(listed)
    await pick(world.admin, listed, "bulk:select", (await shown_ids(listed))[:1])
    await press(world.admin, listed, "bulk:all")
    assert "10,000 jobs selected" in text_of(listed)


@pytest.mark.parametrize("order", list(JobOrder))
async def test_no_order_of_the_list_sorts(tmp_path: Path, order: JobOrder) -> None:
    database = SqliteDatabase(tmp_path / "plan.db", metadata)
    await database.open()
    query = job_page_query(JobFilter(guild_id="1"), order, None, 9)
    compiled = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})

    def plan(connection: Connection) -> str:
        return "\n".join(str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}"))

    found = await database.read(plan)
    await database.close()
    assert f"USING INDEX jobs_by_guild_{order.value}" in found and "TEMP B-TREE" not in found


@asynccontextmanager
async def slow(world: World) -> AsyncIterator[asyncio.Event]:
    """The bot's server behind a proxy that answers nothing until the event is set.

    The bot would wait for an hour, so what it answers before, it answers without the server.
    """
    hurry = asyncio.Event()
    target = world.settings.api_endpoint

    async def forward(request: web.Request) -> web.Response:
        await hurry.wait()
        headers = {key: value for key, value in request.headers.items() if key.lower() != "host"}
        async with httpx.AsyncClient(base_url=target, timeout=60) as client:
            content = await request.read()
            answer = await client.request(
                request.method, str(request.rel_url), content=content, headers=headers
            )
        return web.json_response(answer.json(), status=answer.status_code)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    runner = web.AppRunner(app)
    await runner.setup()
    (port,) = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    before = world.bot.services
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(http, "ANSWER_SECONDS", 3600.0)
        world.bot.services = replace(before, client=Client(f"http://127.0.0.1:{port}"))
    try:
        yield hurry
    finally:
        hurry.set()
        await world.bot.services.client.close()
        world.bot.services = before
        await runner.cleanup()


COMMANDS = [
    ("list", {}), ("show", {"job": "?"}), ("history", {}), ("calendar", {}), ("setup", {}), ("status", {}),
    ("export", {}), ("pause", {"job": "?"}), ("edit", {"job": "?"}), ("run", {"job": "?"}),
]  # fmt: skip


@pytest.mark.parametrize(("command", "options"), COMMANDS)
async def test_the_first_answer_does_not_wait_for_a_slow_server(
    world: World, command: str, options: dict[str, str]
) -> None:
    values = {"channel_id": [world.channel], "message": "Hello"}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    given = {name: job_id for name in options}

    def answered() -> bool:
        return any(entry.path.endswith("/callback") for entry in world.env.http_requests[before:])

    async with slow(world) as hurry:
        before = len(world.env.http_requests)
        acting = asyncio.create_task(world.admin.slash(world.channel, f"schedule {command}", **given))
        await until(answered)
        assert not acting.done(), "the answer itself has to wait for the server"
        hurry.set()
        assert said(await acting)


async def test_buttons_and_suggestions_do_not_wait_either(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "Hello"}
    preview = await world.draft(world.admin, "send_announcement", values, "every monday at 9")

    def answered() -> bool:
        return any(entry.path.endswith("/callback") for entry in world.env.http_requests[before:])

    async with slow(world) as hurry:
        before = len(world.env.http_requests)
        acting = asyncio.create_task(press(world.admin, preview.response, "draft:confirm"))
        await until(answered)
        hurry.set()
        await acting
        assert "Scheduled: Hello" in text_of(preview.response)
        hurry.clear()
        before = len(world.env.http_requests)
        typing = asyncio.create_task(world.admin.autocomplete(world.channel, "schedule show", "job", "hel"))
        await until(answered)
        assert await typing == []
