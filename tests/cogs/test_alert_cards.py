"""Alert cards as Discord lets them be edited: old ones seldom, and no guild waits for another's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import discord
import pytest

from cogs.desk.kit.wording import outcome
from cogs.desk.runs.alert_card import Item
from cogs.desk.runs.alert_posting import AlertCards
from schedulezero import instants
from schedulezero.model import Job, Run, RunState, Trigger
from schedulezero.sentences import Sentence
from tests.conftest import until
from tests.support.alerting import alerts_to, cards
from tests.support.text import text_of
from tests.support.troubled import troubled
from tests.support.world import World


def job_of(world: World, number: int = 1) -> Job:
    return Job(
        id=f"j{number}", handler_id="h", method="send_announcement", params={}, name=f"Job {number}",
        trigger=Trigger("interval", {"days": 1}), guild_id=str(world.guild.id),
    )  # fmt: skip


def item(number: int, job: Job) -> Item:
    return Item(job.id, job.title, f"{job.id}:0", 1, instants.now(), sequence=number)


class Later:
    """The clock of the cards, moved forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.offset = timedelta()
        real = instants.now
        monkeypatch.setattr(instants, "now", lambda: real() + self.offset)

    def __call__(self, **span: float) -> None:
        self.offset += timedelta(**span)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch, world: World) -> Later:
    return Later(monkeypatch)


def guild_of(world: World) -> discord.Guild:
    guild = world.bot.get_guild(world.guild.id)
    assert guild is not None
    return guild


def edits(world: World) -> int:
    return len([entry for entry in world.env.http_requests if entry.method == "PATCH"])


async def test_an_old_card_is_edited_once_in_ten_minutes_and_catches_up(world: World, later: Later) -> None:
    alerts = await alerts_to(world)
    posting, guild, job = AlertCards(world.bot), guild_of(world), job_of(world)
    number = 0

    async def fails() -> None:
        nonlocal number
        number += 1
        await posting.add(guild, job, "failed", "It broke.", item(number, job))

    for _ in range(3):
        await fails()
    began = edits(world)
    later(minutes=51)
    for _ in range(30):
        later(minutes=1)
        await fails()
    assert edits(world) - began == 3
    later(minutes=11)
    await posting.catch_up()
    (card,) = cards(world, alerts, "failed")
    assert "33 times" in text_of(card)
    began = edits(world)
    await posting.catch_up()
    assert edits(world) == began


@pytest.mark.parametrize("kind", ["30046", "limited"])
async def test_a_card_that_may_not_be_edited_any_more_is_sent_again(
    world: World, later: Later, kind: str
) -> None:
    alerts = await alerts_to(world)
    posting, guild, job = AlertCards(world.bot), guild_of(world), job_of(world)
    await posting.add(guild, job, "failed", "It broke.", item(1, job))
    (card,) = cards(world, alerts, "failed")
    later(hours=2)
    path = f"/channels/{alerts.id}/messages/{card.id}"
    if kind == "30046":
        world.env.inject_error("PATCH", path, status=429, code=30046, times=None)
        await posting.add(guild, job, "failed", "It broke.", item(2, job))
    else:
        with troubled(world, lambda: discord.RateLimited(900.0), ("PATCH", path)):
            await posting.add(guild, job, "failed", "It broke.", item(2, job))
    _, newer = cards(world, alerts, "failed")
    assert "2 times" in text_of(newer)
    await posting.add(guild, job, "failed", "It broke.", item(3, job))
    assert "3 times" in text_of(cards(world, alerts, "failed")[-1])
    assert len(cards(world, alerts, "failed")) == 2


async def test_a_slow_card_holds_up_no_other(world: World) -> None:
    alerts = await alerts_to(world)
    posting, guild = AlertCards(world.bot), guild_of(world)
    http: Any = world.bot.http
    before, held, go_on = http.request, asyncio.Event(), asyncio.Event()

    async def request(route: Any, **options: Any) -> Any:
        if route.method == "POST" and not held.is_set():
            held.set()
            await go_on.wait()
        return await before(route, **options)

    http.request = request
    slow, quick = job_of(world, 1), job_of(world, 2)
    first = asyncio.create_task(posting.add(guild, slow, "failed", "Slow.", item(1, slow)))
    await held.wait()
    await posting.add(guild, quick, "failed", "Quick.", item(2, quick))
    assert cards(world, alerts, "Quick.") and not cards(world, alerts, "Slow.")
    go_on.set()
    await first
    assert cards(world, alerts, "Slow.")
    del http.request


async def test_what_a_card_says_already_is_not_counted_again(world: World) -> None:
    alerts = await alerts_to(world)
    posting, guild, job = AlertCards(world.bot), guild_of(world), job_of(world)
    items = [item(number, job) for number in (5, 7)]
    for each in (*items, *items):
        await posting.add(guild, job, "failed", "It broke.", each)
    (card,) = await until(lambda: cards(world, alerts, "failed"))
    assert "2 times" in text_of(card)


async def test_another_channel_is_offered_only_where_it_may_help(world: World) -> None:
    alerts = await alerts_to(world)
    posting, guild = AlertCards(world.bot), guild_of(world)
    causes = [
        Sentence("{host} can't be reached: its name can't be resolved. Check the address.", "host_unknown",
                 host="nobody.example"),
        Sentence("I can't post in {channel}. Give my role *Send Messages* there.", "no_post", channel="#x"),
    ]  # fmt: skip
    for number, cause in enumerate(causes):
        job = replace(job_of(world, number), params={"channel_id": "1"})
        await posting.add(guild, job, "failed", cause, item(number, job))
    told = {text_of(card): str([part.to_dict() for part in card.components]) for card in alerts.history()}
    offered = {"nobody.example" in text: "Choose another channel" in shown for text, shown in told.items()}
    assert offered == {True: False, False: True}


def test_what_was_tried_again_is_not_called_late() -> None:
    at = instants.now()
    run = Run("j", "h", "m", {}, at, RunState.FAILED, started_at=at + timedelta(seconds=29))
    assert "late" in outcome(run)
    again = outcome(replace(run, attempts=3))
    assert "late" not in again and "3 attempts" in again
