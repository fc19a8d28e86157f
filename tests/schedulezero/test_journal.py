"""What the handler does with a run that it is asked for again."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from schedulezero.errors import DatabaseUnavailable, JobFailed
from schedulezero.handler import journal as journal_module
from schedulezero.handler.journal import Journal
from schedulezero.handler.steps import step
from schedulezero.methods.spec import resumable
from schedulezero.model import JsonObject
from tests.conftest import until
from tests.support.journal import Bot, Effects
from tests.support.journal import bot as bot
from tests.support.peers import tell


@pytest.mark.parametrize("method", ["plain", "two_steps"])
async def test_a_repeated_run_gets_its_first_result(bot: Bot, method: str) -> None:
    first = await bot.call(method)
    done = list(bot.effects.done)
    assert await bot.call(method, attempt=2) == first
    await bot.stop()
    await bot.start()
    assert await bot.call(method) == first
    assert bot.effects.done == done
    assert (await bot.call(method, "job@2"))["success"] is True
    assert len(bot.effects.done) == 2 * len(done)


async def test_a_call_without_a_run_is_carried_out_each_time(bot: Bot) -> None:
    assert bot.handler is not None
    for _ in range(2):
        await asyncio.to_thread(tell, bot.handler.address, b'{"method": "plain"}')
    assert bot.effects.done == ["plain", "plain"]


async def test_two_calls_at_once_are_one(bot: Bot) -> None:
    bot.effects.blocking = True
    first = asyncio.create_task(bot.call("plain"))
    await bot.effects.stuck.wait()
    second = asyncio.create_task(bot.call("plain"))
    handler = bot.handler
    assert handler is not None and handler._session is not None
    session = handler._session
    await until(lambda: len(session._under_way) == 2)
    handler.stop()
    answers = await asyncio.gather(first, second)
    assert [answer["success"] for answer in answers] == [False, False]
    assert bot.effects.done == []


async def test_what_failed_may_be_tried_again(bot: Bot) -> None:
    bot.effects.errors.append(JobFailed("not yet"))
    assert (await bot.call("plain"))["success"] is False
    assert (await bot.call("plain", attempt=2))["success"] is True
    assert bot.effects.done == ["plain"]


async def test_a_function_that_cannot_go_on_is_uncertain_after_a_crash(bot: Bot) -> None:
    await crash(bot, "plain")
    answer = await bot.call("plain")
    assert answer["uncertain"] is True and answer["retry"] is False
    assert answer["error"] == "I was stopped while plain was running, so it may or may not have taken effect."
    assert bot.effects.done == []
    # Somebody decides to have it done again.
    assert (await bot.call("plain", round=2))["success"] is True
    assert bot.effects.done == ["plain"]


async def test_a_resumable_one_goes_on_where_it_stopped(bot: Bot) -> None:
    bot.effects.errors.append(JobFailed("down", retry_after=1))
    assert (await bot.call("two_steps"))["retry_after"] == 1
    bot.effects.done.clear()
    await crash(bot, "two_steps")
    answer = await bot.call("two_steps")
    assert answer["success"] is True and bot.effects.done == ["first", "hello"]


async def test_a_step_that_was_done_and_not_noted_is_found(bot: Bot) -> None:
    await crash_in_second_step(bot)
    bot.effects.found = {"effect": "found"}
    answer = await bot.call("two_steps")
    assert answer["second"] == {"effect": "found"} and bot.effects.done == ["first"]


async def test_a_step_that_was_not_done_is_done_with_the_same_nonce_and_plan(bot: Bot) -> None:
    await crash_in_second_step(bot)
    assert bot.handler is not None
    message = {"method": "two_steps", "params": {"text": "changed"}, "run_id": "job@1"}
    await asyncio.to_thread(tell, bot.handler.address, json.dumps(message).encode(), seconds=15)
    assert bot.effects.done == ["first", "hello"]
    assert len(set(bot.effects.nonces)) == 1 and len(bot.effects.nonces[0] or "") == 25


async def test_a_step_that_nobody_can_tell_of_is_uncertain(bot: Bot) -> None:
    await crash_in_second_step(bot)
    bot.effects.found = {}
    answer = await bot.call("two_steps")
    assert (answer["uncertain"], answer["error"]) == (True, "nobody can tell")
    # Done again by a person's decision, only what is open is done, with another nonce.
    assert (await bot.call("two_steps", round=2))["success"] is True
    assert bot.effects.done == ["first", "hello"] and len(set(bot.effects.nonces)) == 2


async def test_the_journal_is_bounded(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "MOST_KEPT", 5)
    monkeypatch.setattr(journal_module, "MOST_KEPT_SHARED", 5)
    monkeypatch.setattr(journal_module, "_PRUNE_EVERY", 10)
    journal = Journal(database)
    await journal.open()
    for number in range(20):
        await journal.end(f"job@{number}", {"success": True})
    kept = [number for number in range(20) if await journal.result(f"job@{number}") is not None]
    assert len(kept) <= 6 and kept[-1] == 19
    await journal.close()


async def crash(bot: Bot, method: str, at: bool | str = True) -> None:
    """Ends the handler in the middle of a job: before its first effect, or before the one of a name."""
    bot.effects.blocking = at
    bot.effects.stuck.clear()
    call = asyncio.create_task(bot.call(method))
    await bot.effects.stuck.wait()
    await bot.stop()
    await call
    bot.effects.blocking = False
    await bot.start()


async def crash_in_second_step(bot: Bot) -> None:
    await crash(bot, "two_steps", "hello")


@pytest.mark.parametrize("point", ["begin_step", "end_step"])
async def test_a_journal_that_cannot_be_written_uses_no_attempt_up(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    write, refused = getattr(bot.journal, point), list[str]()

    async def full(*given: Any) -> Any:
        if not refused:
            refused.append(point)
            raise DatabaseUnavailable("The disk is full.")
        return await write(*given)

    monkeypatch.setattr(bot.journal, point, full)
    answer = await bot.call("two_steps")
    if point == "begin_step":
        assert (answer["success"], answer["retry_after"]) == (False, 5.0) and bot.effects.done == []
        answer = await bot.call("two_steps")
    assert answer["success"] is True and bot.effects.done == ["first", "hello"]


# Read as: what a job function returns, and a word of the reason that its run is given.
UNSTORABLE = (
    ({"x": "\ud83d"}, "surrogate"), ({"x": "a\x00b"}, "zero byte"), ({"x": float("nan")}, "or NaN"),
    ({"x": 2**63}, "64 bits"), ({"x": 10**5000}, "64 bits"), ({1.5: "x"}, "keys are texts"),
    ({1: "a", "1": "b"}, "twice"), ({"x": object()}, "object"), ({"x": "y" * 2_000_000}, "characters"),
    ({"x": [0] * 100_000}, "values"), ({"error": "no \ud83d"}, "no \N{REPLACEMENT CHARACTER}"),
)  # fmt: skip


@pytest.mark.parametrize("returned, word", UNSTORABLE, ids=[word for _, word in UNSTORABLE])
async def test_what_the_journal_cannot_hold_fails_its_run_alone(bot: Bot, returned: Any, word: str) -> None:
    async def odd(context: Effects, params: dict[str, Any]) -> Any:
        return returned

    assert bot.handler is not None
    bot.handler.register_sprocket("odd", odd)
    calls = [bot.call("odd" if number == 2 else "plain", f"job@{number}") for number in range(5)]
    answers = await asyncio.gather(*calls)
    assert [answer["success"] for answer in answers] == [True, True, False, True, True]
    assert word in answers[2]["error"]
    if "error" not in returned:
        assert answers[2]["retry"] is False


async def test_whole_numbers_as_keys_become_texts(bot: Bot) -> None:
    async def counted(context: Effects, params: dict[str, Any]) -> Any:
        return {1: "one"}

    assert bot.handler is not None
    bot.handler.register_sprocket("counted", counted)
    assert await bot.call("counted") == {"1": "one", "success": True}


async def test_a_step_that_returns_what_the_journal_cannot_hold_is_not_repeated(bot: Bot) -> None:
    done: list[str] = []

    @resumable
    async def odd(context: Effects, params: dict[str, Any]) -> JsonObject:
        async def do(plan: JsonObject) -> JsonObject:
            done.append("it")
            return {"x": "\ud83d"}

        return await step("only", do)

    assert bot.handler is not None
    bot.handler.register_sprocket("odd", odd)
    answer = await bot.call("odd")
    assert answer["success"] is False and answer["retry"] is False and "surrogate" in answer["error"]
    assert done == ["it"]
