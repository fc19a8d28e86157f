"""From a command or a click to our answer: the real bot under simcord with its server, and a constant reply.

The time is taken when the last request of an answer reaches the simulated Discord, because simcord waits
for a while after that to see whether more comes.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands
from simcord.http import router

from benchmarks.figures import REPETITIONS, Figure, Row
from bot.config import Settings
from cogs.config.limit_settings import NO_LIMIT_SETTINGS
from schedulezero.wire.addresses import free_ports
from tests.support.world import World, a_world, press

_TIMES = 20
_JOBS = 30


@app_commands.command(name="constant", description="Says always the same")
async def _constant(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("always the same", ephemeral=True)


class _Answers:
    """When the last request about an interaction came."""

    def __init__(self) -> None:
        self.last_at = 0.0
        self._dispatch = router.dispatch
        router.dispatch = self._note  # type: ignore[assignment]

    def _note(self, backend: Any, method: str, path: str, **more: Any) -> Any:
        answer = self._dispatch(backend, method, path, **more)
        if "/callback" in path or "/webhooks/" in path:
            self.last_at = time.perf_counter()
        return answer


async def _median(answers: _Answers, act: Callable[[], Awaitable[Any]]) -> Figure:
    """Milliseconds: the median of many, several times."""
    medians: list[float] = []
    await act()
    for _ in range(REPETITIONS):
        times: list[float] = []
        for _ in range(_TIMES):
            began = time.perf_counter()
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


async def _rows(world: World) -> list[Row]:
    world.bot.tree.add_command(_constant)
    await world.bot.tree.sync()
    values = {"channel_id": [world.channel], "message": "Hello"}
    job_id = ""
    for number in range(_JOBS):
        job_id = await world.create(
            world.admin, "send_announcement", values, "every day at 9", name=f"J{number}"
        )
    answers = _Answers()
    constant = await _median(answers, lambda: world.admin.slash(world.channel, "constant"))
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
    rows: list[Row] = []
    for name, act in acts.items():
        ours = await _median(answers, act)
        more = ours.median - constant.median
        rows.append(
            Row(
                f"{name} → answer", ours.text(" ms"), f"a constant reply {constant.text(' ms')}",
                f"+ {more:.1f} ms", "+ ≤ 15 ms", more <= 15,
            )
        )  # fmt: skip
    return rows


def rows() -> list[Row]:
    """The lines of the results."""
    return asyncio.run(_measure())


if __name__ == "__main__":
    for row in rows():
        print(row)
