"""Discord's windows: all that one has left may be used, and nobody waits long for the next one."""

from __future__ import annotations

import asyncio

import discord
import pytest

from bot.pace.windows import Window
from tests.support.limiting_discord import limiting_discord


async def test_what_a_long_window_has_left_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with limiting_discord(monkeypatch) as stand_in:
        stand_in.window(50, 49, 300)
        for _ in range(3):
            await stand_in.ask()
        assert len(stand_in.asked) == 3


async def test_a_long_window_with_nothing_left_is_told_without_asking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with limiting_discord(monkeypatch) as stand_in:
        stand_in.window(2, 1, 300)
        await stand_in.ask()
        stand_in.window(2, 0, 300)
        await stand_in.ask()  # whose answer isn't held back for 300 seconds
        for _ in range(2):  # the window isn't forgotten by telling of it
            with pytest.raises(discord.RateLimited) as told:
                await stand_in.ask()
            assert 200 < told.value.retry_after <= 300
        assert len(stand_in.asked) == 2
        await stand_in.ask(channel_id=2)  # another channel has a window of its own


async def test_those_who_wait_for_an_answer_are_told_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    async with limiting_discord(monkeypatch) as stand_in:
        stand_in.window(1, 0, 300)
        results = await asyncio.gather(*(stand_in.ask() for _ in range(4)), return_exceptions=True)
        assert [isinstance(result, discord.RateLimited) for result in results] == [False, True, True, True]
        assert len(stand_in.asked) == 1


async def test_a_short_window_is_waited_for_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    async with limiting_discord(monkeypatch) as stand_in:
        stand_in.window(1, 0, 0.02)
        order: list[int] = []

        async def ask(number: int) -> None:
            await stand_in.ask()
            order.append(number)

        await asyncio.gather(*(ask(number) for number in range(4)))
        assert order == [0, 1, 2, 3]


async def test_without_a_limit_in_the_answers_all_go(monkeypatch: pytest.MonkeyPatch) -> None:
    async with limiting_discord(monkeypatch) as stand_in:
        await asyncio.gather(*(stand_in.ask() for _ in range(5)))
        assert len(stand_in.asked) == 5


async def test_a_refusal_with_a_long_wait_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with limiting_discord(monkeypatch) as stand_in:
        stand_in.too_many(400)
        with pytest.raises(discord.RateLimited) as told:
            await stand_in.ask()
        assert told.value.retry_after == 400


async def test_one_that_gives_up_takes_nothing_with_it() -> None:
    window = Window()
    await window.acquire()
    gone, here = asyncio.create_task(window.acquire()), asyncio.create_task(window.acquire())
    await asyncio.sleep(0)
    gone.cancel()
    await window.__aexit__(None, None, None)
    async with asyncio.timeout(5):
        await here
    assert window.outgoing == 1
