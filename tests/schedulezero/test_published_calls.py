"""A published server calls the handler: raw REQ sockets, no run ids, and the same call again after 10 s."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from schedulezero.errors import JobFailed
from schedulezero.handler import executor
from schedulezero.handler.steps import step
from schedulezero.methods.spec import resumable
from schedulezero.model import JsonObject
from schedulezero.wire import doorkeeper
from schedulezero.wire.addresses import free_ports
from tests.conftest import until
from tests.support.journal import Bot
from tests.support.journal import bot as bot
from tests.support.published_calls import Clock, PublishedCaller, answer_of
from tests.support.published_calls import clock as clock

ROOT = Path(__file__).parents[2]


@pytest_asyncio.fixture
async def server(bot: Bot) -> AsyncIterator[PublishedCaller]:
    assert bot.handler is not None
    made = PublishedCaller(bot.handler.address)
    yield made
    made.close()


class Slow:
    """A job function that ends when the test says so, and counts what it did."""

    def __init__(self) -> None:
        self.begun: list[Any] = []
        self.done: list[Any] = []
        self.release = asyncio.Event()
        self.errors: list[Exception] = []

    async def __call__(self, context: Any, params: dict[str, Any]) -> dict[str, Any]:
        self.begun.append(params.get("number"))
        await self.release.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.done.append(params.get("number"))
        return {"number": params.get("number"), "times": len(self.done)}


@pytest.fixture
def slow(bot: Bot) -> Slow:
    made = Slow()
    assert bot.handler is not None
    bot.handler.register_sprocket("slow", made)
    return made


def calls_under_way(bot: Bot) -> int:
    assert bot.handler is not None and bot.handler._session is not None
    return bot.handler._session._calls_under_way


async def test_a_job_of_24_seconds_that_is_called_three_times_is_done_once(
    bot: Bot, server: PublishedCaller, slow: Slow, clock: Clock
) -> None:
    assert bot.handler is not None and bot.handler._session is not None
    good: list[Any] = []
    bot.handler._session._calls._after = good.append
    sockets: list[Any] = []
    for number, after in enumerate((0.0, 11.0, 12.0), 1):
        clock.now += after
        sockets.append(await server.send("slow", {"number": 7}))
        await until(lambda wanted=number: calls_under_way(bot) == wanted)
    clock.now += 1
    slow.release.set()
    answers = [await answer_of(socket) for socket in sockets]
    assert answers == [{"number": 7, "times": 1, "success": True}] * 3 and slow.begun == [7]
    assert len(good) == 1  # it calls an address after the run once
    clock.now += 6  # the next run of an interval of 30 s
    assert (await server.call("slow", {"number": 7}))["times"] == 2


async def test_a_job_of_ten_seconds_and_a_bit_gives_the_repetition_its_answer(
    bot: Bot, server: PublishedCaller, slow: Slow, clock: Clock
) -> None:
    first = await server.send("slow", {"number": 7})
    await until(lambda: slow.begun == [7])
    first.close(0)
    clock.now += 10.2
    slow.release.set()
    await until(lambda: calls_under_way(bot) == 0)
    clock.now += 1
    assert (await server.call("slow", {"number": 7}))["times"] == 1
    clock.now += 1
    assert (await server.call("slow", {"number": 7}))["times"] == 2


async def test_two_quick_runs_of_an_interval_both_run(
    bot: Bot, server: PublishedCaller, clock: Clock
) -> None:
    for seconds in (0, 1, 1, 9):
        clock.now += seconds
        assert (await server.call("plain"))["success"] is True
    assert bot.effects.done == ["plain"] * 4


async def test_a_failure_in_time_is_tried_again_and_one_that_nothing_helps_is_not(
    bot: Bot, server: PublishedCaller, clock: Clock
) -> None:
    bot.effects.errors = [JobFailed("not yet"), JobFailed("not yet")]
    answers: list[JsonObject] = []
    for seconds in (0, 1, 2):
        clock.now += seconds
        answers.append(await server.call("plain"))
    assert [answer["success"] for answer in answers] == [False, False, True]
    assert bot.effects.done == ["plain"]
    clock.now += 60
    calls: list[int] = []

    async def half_done(context: Any, params: dict[str, Any]) -> Any:
        calls.append(1)
        return {"x": float("nan")}

    assert bot.handler is not None
    bot.handler.register_sprocket("half_done", half_done)
    for seconds in (0, 1, 2):
        clock.now += seconds
        answer = await server.call("half_done")
        assert (answer["error_code"], answer["retry"]) == ("result_not_json", False)
    assert len(calls) == 1
    clock.now += 5
    await server.call("half_done")
    assert len(calls) == 2


async def test_the_next_attempt_repeats_no_completed_step(
    bot: Bot, server: PublishedCaller, clock: Clock
) -> None:
    async def third_fails(name: str) -> JsonObject:
        if name == "third" and "third" not in bot.effects.done and not failed:
            failed.append(name)
            raise JobFailed("Discord is away")
        bot.effects.done.append(name)
        return {}

    failed: list[str] = []

    @resumable
    async def several(context: Any, params: dict[str, Any]) -> dict[str, Any]:
        for name in ("first", "second", "third"):
            await step(name, lambda plan, name=name: third_fails(name))
        return {}

    assert bot.handler is not None
    bot.handler.register_sprocket("several", several)
    assert (await server.call("several"))["success"] is False
    clock.now += 1
    assert (await server.call("several"))["success"] is True
    assert bot.effects.done == ["first", "second", "third"]
    clock.now += 1
    assert (await server.call("several"))["success"] is True  # another run
    assert bot.effects.done == ["first", "second", "third"] * 2


@pytest.mark.long
async def test_a_job_of_many_steps_goes_on_after_the_server_gave_up(
    bot: Bot, server: PublishedCaller, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "DEADLINE_SECONDS", 2.0)
    calls: list[int] = []

    @resumable
    async def many(context: Any, params: dict[str, Any]) -> dict[str, Any]:
        async def post(plan: JsonObject) -> JsonObject:
            bot.effects.done.append("step")
            return {}

        calls.append(1)
        for number in range(8):
            await step(f"step {number}", post)
            if number == 4 and len(calls) == 1:
                await asyncio.Event().wait()  # until the deadline
        return {}

    assert bot.handler is not None
    bot.handler.register_sprocket("many", many)
    assert (await server.call("many"))["success"] is True
    assert bot.effects.done == ["step"] * 8 and len(calls) == 2


# Read as: a job, the point at which its process is killed, for the how manieth time, what the repetition is
# told, and what was done in all.
KILLED = [
    ("several", "step.begun", 2, {"success": True}, ["a", "b", "c"]),
    ("several", "handler.done", 1, {"success": True}, ["a", "b", "c"]),
    ("several", "handler.ended", 1, {"success": True}, ["a", "b", "c"]),
    ("once", "handler.begun", 1, {"success": False, "uncertain": True, "retry": False}, []),
    ("once", "handler.done", 1, {"success": False, "uncertain": True, "retry": False}, ["once"]),
    ("once", "handler.ended", 1, {"success": True}, ["once"]),
]


@pytest.mark.long
@pytest.mark.parametrize("method, point, times, told, done", KILLED, ids=[f"{m}-{p}" for m, p, *_ in KILLED])
async def test_kill_9_in_the_middle_doubles_nothing(
    tmp_path: Path, method: str, point: str, times: int, told: JsonObject, done: list[str]
) -> None:
    (port,) = free_ports(1)
    effects = tmp_path / "effects"
    effects.touch()
    command = [sys.executable, "-m", "tests.support.killed_handler", str(tmp_path / "bot.journal"), str(port)]
    server = PublishedCaller(f"tcp://127.0.0.1:{port}")
    try:
        first = subprocess.Popen([*command, str(effects), point, str(times)], cwd=ROOT)
        await server.call("ping")
        waiting = await server.send(method)
        assert await asyncio.to_thread(first.wait, 30) == -signal.SIGKILL
        waiting.close(0)
        second = subprocess.Popen([*command, str(effects)], cwd=ROOT)
        try:
            answer = await server.call(method)
        finally:
            second.kill()
            second.wait()
    finally:
        server.close()
    assert {name: answer.get(name) for name in told} == told
    assert effects.read_text().split() == done


@pytest.mark.parametrize("method", ["plain", "two_steps"])
async def test_after_a_crash_a_repetition_doubles_nothing(
    bot: Bot, server: PublishedCaller, clock: Clock, method: str
) -> None:
    params = {"text": "hello"}
    bot.effects.blocking = True if method == "plain" else "hello"
    first = await server.send(method, params)
    await bot.effects.stuck.wait()
    await bot.stop()
    first.close(0)
    clock.now += 11
    bot.effects.blocking = False
    await bot.start()
    answer = await server.call(method, params)
    if method == "plain":  # nobody can tell whether it was done
        assert (answer["uncertain"], answer["retry"]) == (True, False) and bot.effects.done == []
        clock.now += 1
        assert (await server.call(method, params))["uncertain"] is True  # the server's third attempt
        assert bot.effects.done == []
    else:
        assert answer["success"] is True and bot.effects.done == ["first", "hello"]
    clock.now += 10
    assert (await server.call(method, params))["success"] is True  # a run of its own
    assert len(bot.effects.done) == (1 if method == "plain" else 4)


async def test_a_result_that_came_too_late_survives_a_crash(
    bot: Bot, server: PublishedCaller, slow: Slow, clock: Clock
) -> None:
    first = await server.send("slow")
    await until(lambda: len(slow.begun) == 1)
    first.close(0)
    clock.now += 10.2
    slow.release.set()
    await until(lambda: calls_under_way(bot) == 0)
    await bot.stop()
    await bot.start()
    assert bot.handler is not None
    bot.handler.register_sprocket("slow", slow)
    clock.now += 1
    assert (await server.call("slow"))["times"] == 1
    assert len(slow.begun) == 1


async def test_a_run_that_was_answered_in_time_does_not_swallow_the_next_one_after_a_restart(
    bot: Bot, server: PublishedCaller, clock: Clock
) -> None:
    assert (await server.call("plain"))["success"] is True
    await bot.stop()
    await bot.start()
    clock.now += 5
    assert (await server.call("plain"))["success"] is True
    assert bot.effects.done == ["plain", "plain"]


async def test_without_a_journal_it_is_the_same(clock: Clock, bot: Bot, slow: Slow) -> None:
    assert bot.handler is not None
    bot.handler.stop()
    await bot.handler.wait_stopped()
    bot.handler.journal = None
    bot.handler.start()
    await bot.handler.wait_bound()
    server = PublishedCaller(bot.handler.address)
    sockets = [await server.send("slow")]
    await until(lambda: len(slow.begun) == 1)
    clock.now += 11
    sockets.append(await server.send("slow"))
    await until(lambda: calls_under_way(bot) == 2)
    slow.release.set()
    assert [(await answer_of(socket))["times"] for socket in sockets] == [1, 1]
    server.close()


@pytest.mark.long
async def test_two_hundred_jobs_of_12_seconds_are_done_once_each(
    bot: Bot, server: PublishedCaller, slow: Slow, clock: Clock
) -> None:
    for number in range(200):
        await server.send("slow", {"number": number})
    await until(lambda: len(slow.begun) == 200)
    for socket in server.sockets:
        socket.close(0)
    clock.now += 11
    second = [await server.send("slow", {"number": number}) for number in range(200)]
    await until(lambda: calls_under_way(bot) == 400)
    clock.now += 1
    slow.release.set()
    answers = [await answer_of(socket) for socket in second]
    assert [answer["number"] for answer in answers] == list(range(200))
    assert sorted(slow.done) == list(range(200))
    assert bot.handler is not None and bot.handler._session is not None
    unnamed = bot.handler._session._calls._unnamed
    clock.now += 60
    await server.call("plain")
    assert len(unnamed._repetitions) == 0 and not unnamed._under_way


# ---------------------------------------------------------------- the wire

# Read as: what a job function returns.
NOT_JSON: dict[str, Callable[[], Any]] = {
    "NaN": lambda: {"x": float("nan")},
    "Infinity": lambda: {"x": [{"y": float("inf")}]},
    "-Infinity alone": lambda: -float("inf"),
    "as retry_after": lambda: {"success": False, "error": "no", "retry_after": float("nan")},
    "a path": lambda: {"x": Path("/")},
    "bytes": lambda: {"x": b"\xff"},
    "a set": lambda: {1, 2},
    "a key that is no text": lambda: {float("nan"): 1},
    "an error that is no number": lambda: {"error": float("nan")},
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_JSON)
@pytest.mark.parametrize("raised", [False, True], ids=["returned", "raised"])
async def test_what_is_no_json_fails_its_run_in_words_on_an_open_connection(
    bot: Bot, server: PublishedCaller, clock: Clock, name: str, raised: bool
) -> None:
    async def odd(context: Any, params: dict[str, Any]) -> Any:
        value = NOT_JSON[name]()
        if raised:
            raise JobFailed("It held {what}.", code="step_result_unstorable", key="k", what=value)
        return value

    assert bot.handler is not None
    bot.handler.register_sprocket("odd", odd)
    socket = await server.send("odd")
    answer = await answer_of(socket)
    assert answer["success"] is False and isinstance(answer["error"], str) and answer["error"]
    json.dumps(answer, allow_nan=False)
    await socket.send(b'{"method": "ping", "params": {}}')
    assert await answer_of(socket) == {"success": True, "message": "pong"}


def connections() -> int:
    """Return how many sockets this process holds."""
    links: list[str] = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # closed just now
            links.append(str(entry.readlink()))
    return sum(link.startswith("socket:") for link in links)


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files as Linux shows them")
async def test_dropped_sockets_leave_nothing_behind(
    bot: Bot, server: PublishedCaller, slow: Slow, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorkeeper, "MOST_PLAIN_PEERS", 20)  # fewer than the sockets that are dropped
    assert bot.handler is not None
    bot.handler.stop()
    await bot.handler.wait_stopped()
    bot.handler.start()
    await bot.handler.wait_bound()
    await server.call("ping")
    session = bot.handler._session
    assert session is not None
    before = connections()
    for number in range(100):
        socket = await server.send("slow" if number % 2 else "ping", {"number": number})
        if number % 2:
            await until(lambda wanted=number // 2 + 1: len(slow.begun) == wanted)
        socket.close(0)
    slow.release.set()
    await until(lambda: calls_under_way(bot) == 0 and not session._under_way and not session._answers)
    await until(lambda: connections() <= before)
    assert await server.call("ping") == {"success": True, "message": "pong"}
    unnamed = session._calls._unnamed
    assert len(unnamed._repetitions) == 0 and not unnamed._under_way
    await until(lambda: not session._calls._tasks)  # runs are deleted from the journal a moment later
