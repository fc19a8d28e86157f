"""What becomes of runs that are under way while the handler stops."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import zmq

from schedulezero.errors import JobFailed
from schedulezero.model import JsonObject
from tests.conftest import until
from tests.support.journal import Bot
from tests.support.journal import bot as bot


class Gates:
    """Lets functions in threads end when a test says so."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()
        self.done: list[Any] = []

    def wait(self, bot: Any, params: dict[str, Any]) -> dict[str, Any]:
        """Has its effect once the gate is open."""
        self.begun.release()
        self.open.wait(60)
        self.done.append(params["text"])
        return {"effect": len(self.done)}

    async def reached(self, count: int = 1) -> None:
        for _ in range(count):
            await asyncio.to_thread(self.begun.acquire, timeout=60)


@pytest.fixture
def gates() -> Iterator[Gates]:
    made = Gates()
    yield made
    made.open.set()  # so that no thread outlives a failed test


async def test_what_a_thread_does_while_the_handler_stops_is_noted(bot: Bot, gates: Gates) -> None:
    assert bot.handler is not None
    bot.handler.register_sprocket("wait", gates.wait)
    call = asyncio.create_task(bot.call("wait"))
    await gates.reached()
    stopping = asyncio.create_task(bot.stop())
    await until(lambda: _stopping(bot))
    gates.open.set()
    await stopping
    assert await call == {"effect": 1, "success": True}  # the answer still got out
    await bot.start()
    bot.handler.register_sprocket("wait", gates.wait)
    assert await bot.call("wait") == {"effect": 1, "success": True}
    assert gates.done == ["hello"]


@pytest.mark.long
async def test_a_thread_is_waited_for_however_late_it_ends(
    bot: Bot, gates: Gates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moments that answers have to get out are shortened, so that they are not what it ends within."""
    for name in ("_DRAIN_SECONDS", "_LAST_ANSWERS_SECONDS"):
        monkeypatch.setattr(f"schedulezero.handler.thread.{name}", 0.02)
    assert bot.handler is not None
    bot.handler.register_sprocket("wait", gates.wait)
    call = asyncio.create_task(bot.call("wait"))
    await gates.reached()
    stopping = asyncio.create_task(bot.stop())
    await until(lambda: _stopping(bot))
    assert (await asyncio.wait((stopping,), timeout=1))[0] == set()
    gates.open.set()
    await stopping
    await bot.start()
    bot.handler.register_sprocket("wait", gates.wait)
    assert await bot.call("wait") == {"effect": 1, "success": True}
    assert gates.done == ["hello"]
    call.cancel()


async def test_what_a_thread_did_is_noted_also_when_nobody_can_be_answered(
    bot: Bot, gates: Gates, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bot.handler is not None
    bot.handler.register_sprocket("wait", gates.wait)
    gone = zmq.Context()
    socket = gone.socket(zmq.REQ)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(bot.handler.address)
    socket.send(json.dumps({"method": "wait", "params": {"text": "hello"}, "run_id": "job@1"}).encode())
    await gates.reached()
    socket.close(0)  # the server died
    gone.term()
    stopping = asyncio.create_task(bot.stop())
    await until(lambda: _stopping(bot))
    gates.open.set()
    await stopping
    await bot.start()
    bot.handler.register_sprocket("wait", gates.wait)
    assert await bot.call("wait") == {"effect": 1, "success": True}
    assert gates.done == ["hello"]


async def test_what_waits_for_a_thread_when_the_handler_stops_is_not_begun(
    bot: Bot, gates: Gates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedulezero.handler.executor._SYNC_THREADS", 1)
    await bot.stop()
    await bot.start()
    assert bot.handler is not None
    bot.handler.register_sprocket("wait", gates.wait)
    first = asyncio.create_task(bot.call("wait", "job@1"))
    await gates.reached()
    waiting = asyncio.create_task(bot.call("wait", "job@2"))
    await until(lambda: _both_in_line(bot))
    stopping = asyncio.create_task(bot.stop())
    assert "wasn't started" in (answer := await waiting)["error"] and answer["retry_after"] == 1
    gates.open.set()
    await stopping
    assert (await first)["success"] is True
    await bot.start()
    bot.handler.register_sprocket("wait", gates.wait)
    assert (await bot.call("wait", "job@2"))["success"] is True
    assert len(gates.done) == 2


async def test_a_result_that_is_being_noted_when_the_handler_stops_is_noted(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    end, reached, go = bot.journal.end, asyncio.Event(), asyncio.Event()

    async def slow(run_id: str, result: JsonObject) -> None:
        reached.set()
        await go.wait()
        await end(run_id, result)

    monkeypatch.setattr(bot.journal, "end", slow)
    call = asyncio.create_task(bot.call("plain"))
    await reached.wait()
    stopping = asyncio.create_task(bot.stop())
    await until(lambda: _stopping(bot))
    go.set()
    await stopping
    assert await call == {"effect": 1, "success": True}
    await bot.start()
    assert await bot.call("plain") == {"effect": 1, "success": True}
    assert bot.effects.done == ["plain"]


@pytest.mark.parametrize("after", [float("inf"), float("nan")], ids=str)
async def test_an_endless_wait_that_a_job_asks_for_ends_nothing(bot: Bot, after: float) -> None:
    bot.effects.errors.append(JobFailed("later", retry_after=after))
    assert (await bot.call("plain"))["error"] == "later"
    assert (await bot.call("plain"))["success"] is True


async def _stopping(bot: Bot) -> bool:
    assert bot.handler is not None and bot.handler._session is not None
    return bot.handler._session._calls._stopping


async def _both_in_line(bot: Bot) -> bool:
    assert bot.handler is not None and bot.handler._session is not None
    return len(bot.handler._session._calls._in_threads) == 2
