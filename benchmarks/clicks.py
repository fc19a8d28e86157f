"""From a command or a click to our answer: the real bot under simcord with its server, and a constant reply.

The time is taken when the last request of an answer reaches the simulated Discord: what simcord does with it
isn't ours. Until then simcord leaves the loop alone: by itself it polls the loop without a pause, and Discord
does nothing of the kind. What simcord does between a command and the gateway's event is in all figures.

All is processor time, of the bot's loop, its server and its database: other programs lengthen no figure.

The bound is the least that an answer of a page's size can take: discord.py acknowledges a command, one HTTP
request of a constant page goes to another thread, and a view of a page's components comes back.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any

import discord
import httpx
from aiohttp import web
from discord import app_commands, ui
from simcord.http import router

from benchmarks.figures import REPETITIONS, Figure, Row
from bot.config import Settings
from cogs.config.limit_settings import NO_LIMIT_SETTINGS
from schedulezero.wire.addresses import free_ports
from tests.support.world import World, a_world, press

_TIMES = 20
_JOBS = 30
_PAGE = 8
_AIM = 6.0


@app_commands.command(name="constant", description="Says always the same")
async def _constant(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("always the same", ephemeral=True)


class _Answers:
    """When the last request about an interaction came, which goes to such a path."""

    def __init__(self, world: World) -> None:
        self.last_at = 0.0
        self.last_path = "/webhooks/"
        self._came = asyncio.Event()
        self._dispatch = router.dispatch
        self._settle = world.env._settle_internal
        router.dispatch = self._note  # type: ignore[assignment]
        world.env._settle_internal = self._settle_afterwards  # type: ignore[method-assign]

    def _note(self, backend: Any, method: str, path: str, **more: Any) -> Any:
        if self.last_path in path:
            self.last_at = time.process_time()
            self._came.set()
        return self._dispatch(backend, method, path, **more)

    async def _settle_afterwards(self, *arguments: Any, **more: Any) -> Any:
        if more.get("dispatch") == "INTERACTION_CREATE":
            await self._came.wait()
        self._came.clear()
        return await self._settle(*arguments, **more)


def _a_view() -> ui.LayoutView:
    """A view with as many components as a page of the list."""
    view, box = ui.LayoutView(timeout=None), ui.Container[ui.LayoutView]()
    for number in range(_PAGE):
        button = ui.Button[ui.LayoutView](label="Open", custom_id=f"b:{number}")
        box.add_item(ui.Section(ui.TextDisplay(f"**J{number}** · ▶ active\n" + "x" * 80), accessory=button))
    choices = [discord.SelectOption(label=f"J{number}", value=str(number)) for number in range(_PAGE)]
    box.add_item(ui.ActionRow(ui.Select(custom_id="s", options=choices)))
    box.add_item(
        ui.ActionRow(*(ui.Button(label=f"B{number}", custom_id=f"n:{number}") for number in range(5)))
    )
    view.add_item(box)
    return view


@asynccontextmanager
async def _constant_page() -> AsyncIterator[str]:
    """An endpoint on a thread of its own that always answers the same page of jobs."""
    (port,) = free_ports(1)
    page = json.dumps({"jobs": [{"job_id": f"{number}", "text": "x" * 500} for number in range(_PAGE)]})
    ready: Future[asyncio.AbstractEventLoop] = Future()
    stop = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=page, content_type="application/json")

    async def serve() -> None:
        app = web.Application()
        app.router.add_get("/", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        ready.set_result(asyncio.get_running_loop())
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    loop = await asyncio.wrap_future(ready)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        loop.call_soon_threadsafe(stop.set)
        await asyncio.to_thread(thread.join)


async def _median(answers: _Answers, act: Callable[[], Awaitable[Any]]) -> Figure:
    """Milliseconds: the median of many, several times."""
    medians: list[float] = []
    await act()
    for _ in range(REPETITIONS):
        times: list[float] = []
        for _ in range(_TIMES):
            began = time.process_time()
            await act()
            times.append((answers.last_at - began) * 1e3)
        medians.append(statistics.median(times))
    return Figure(tuple(medians))


async def _measure() -> list[Row]:
    handler, registration, rest = free_ports(3)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            handler_port=handler,
            server_address=f"tcp://127.0.0.1:{registration}",
            api_endpoint=f"http://127.0.0.1:{rest}",
            database=f"{folder}/bench.db",
            requests_per_second=0,
            limits=NO_LIMIT_SETTINGS,
        )
        async with a_world(settings) as world:
            return await _rows(world)


async def _bound(world: World, answers: _Answers) -> Figure:
    """Milliseconds: the least for an answer of a page's size. Comes last: its requests disturb simcord."""
    async with _constant_page() as url, httpx.AsyncClient() as client:

        @app_commands.command(name="bound", description="Does the least for an answer of this size")
        async def bound(interaction: discord.Interaction) -> None:
            await interaction.response.defer(ephemeral=True, thinking=True)
            (await client.get(url)).json()
            await interaction.edit_original_response(view=_a_view())

        world.bot.tree.add_command(bound)
        await world.bot.tree.sync()
        return await _median(answers, lambda: world.admin.slash(world.channel, "bound"))


async def _rows(world: World) -> list[Row]:
    world.bot.tree.add_command(_constant)
    await world.bot.tree.sync()
    values = {"channel_id": [world.channel], "message": "Hello"}
    job_id = ""
    for number in range(_JOBS):
        job_id = await world.create(
            world.admin, "send_announcement", values, "every day at 9", name=f"J{number}"
        )
    answers = _Answers(world)
    answers.last_path = "/callback"
    constant = await _median(answers, lambda: world.admin.slash(world.channel, "constant"))
    answers.last_path = "/webhooks/"
    listed = (await world.admin.slash(world.channel, "schedule list")).response

    forward = True

    async def turn_the_page() -> None:
        nonlocal forward
        await press(world.admin, listed, "list:next" if forward else "list:back")
        forward = not forward

    acts: dict[str, Callable[[], Awaitable[Any]]] = {
        "/schedule list": lambda: world.admin.slash(world.channel, "schedule list"),
        "/schedule show": lambda: world.admin.slash(world.channel, "schedule show", job=job_id),
        "a click to the next page": turn_the_page,
    }
    figures = {name: await _median(answers, act) for name, act in acts.items()}
    bound = await _bound(world, answers)
    rows: list[Row] = []
    for name, ours in figures.items():
        ratio, least = ours.median / constant.median, bound.median / constant.median
        rows.append(
            Row(
                f"{name} → answer", ours.text(" ms"), f"a constant reply {constant.text(' ms')}",
                f"{ratio:.1f}×", f"≤ {_AIM:g}×", ratio <= _AIM,
                f"the bound is {bound.text(' ms')}, {least:.1f}× of a constant reply",
            )
        )  # fmt: skip
    return rows


def rows() -> list[Row]:
    """The lines of the results."""
    return asyncio.run(_measure())


if __name__ == "__main__":
    for row in rows():
        print(row)
