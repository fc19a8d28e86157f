"""Repeating events by Discord's own rules, where they say a schedule exactly; and cover images."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schedulezero.sentences import Sentence
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.parse import understand
from sprockets.kit.event_recurrence import Recurrence, recurrence_of
from tests.conftest import until
from tests.support.keeping import kept
from tests.support.rules.applying import applied
from tests.support.rules.event_series import EventSeries
from tests.support.world import World

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)  # a Saturday
HOUR = timedelta(hours=1)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def rule_of(when: str, zone: str = "UTC", starts_in: timedelta = HOUR) -> Recurrence | Sentence:
    found = understand(when, zone=zone, locale="en-GB", now=NOW)
    schedule = schedule_of(found.trigger, anchor=NOW, zone=found.zone)
    first = schedule.next_after(NOW)
    assert first is not None
    return recurrence_of(schedule, first, starts_in, found.zone)


@pytest.mark.parametrize(
    ("when", "starts_in", "rule"),
    [
        ("every day at 9", HOUR, {"frequency": 3, "interval": 1}),
        ("every weekday at 9", HOUR, {"frequency": 3, "interval": 1, "by_weekday": [0, 1, 2, 3, 4]}),
        ("every saturday and sunday at 9", HOUR, {"frequency": 3, "interval": 1, "by_weekday": [5, 6]}),
        ("every monday at 9", HOUR, {"frequency": 2, "interval": 1, "by_weekday": [0]}),
        ("every monday at 9", timedelta(days=2), {"frequency": 2, "interval": 1, "by_weekday": [2]}),
        ("every 2 weeks on monday at 9", HOUR, {"frequency": 2, "interval": 2, "by_weekday": [0]}),
        (
            "the first monday of every month at 9",
            HOUR,
            {"frequency": 1, "interval": 1, "by_n_weekday": [{"n": 1, "day": 0}]},
        ),
        (
            "every 24 december at 9",
            HOUR,
            {"frequency": 0, "interval": 1, "by_month": [12], "by_month_day": [24]},
        ),
    ],
)
def test_what_discord_can_repeat(when: str, starts_in: timedelta, rule: dict[str, Any]) -> None:
    found = rule_of(when, starts_in=starts_in)
    assert isinstance(found, Recurrence), found
    said = found.to_json()
    assert datetime.fromisoformat(said.pop("start")) == found.start > NOW
    assert said == rule


@pytest.mark.parametrize(
    "when",
    [
        "every monday and wednesday at 9",
        "every 3 weeks on monday at 9",
        "the last friday of every month at 9",
        "on the 15th of every month at 9",
        "every hour",
        "every day at 9 and 18",
        "every monday at 9 until 31 december 2026",
        "every monday at 9 except 24 december",
        "every 29 february at 9",
        "in 2 hours",
    ],
)
def test_what_it_cannot(when: str) -> None:
    found = rule_of(when)
    assert isinstance(found, Sentence) and found.code == "event_series_schedule"


def test_it_says_so_where_only_the_clocks_differ() -> None:
    found = rule_of("every monday at 9", "Europe/Berlin")
    assert isinstance(found, Sentence) and found.code == "event_series_zone"
    assert isinstance(rule_of("every monday at 9", "Asia/Tokyo"), Recurrence), "no clocks change there"


async def ended(world: World, job: Any, count: int) -> list[Any]:
    client = world.bot.services.client

    async def all_of_them() -> Any:
        runs = (await client.runs(job.guild_id, job_id=job.id)).runs
        done = [run for run in runs if run.finished_at is not None]
        return done if len(done) >= count else None

    return await until(all_of_them)


async def test_one_repeating_event_stands_for_all_runs(world: World) -> None:
    rules = EventSeries()
    params = {
        "guild_id": str(world.guild.id),
        "title": "Games",
        "place": "Attic",
        "starts_in": "1h",
        "series": True,
    }
    with applied(rules):
        job = await world.schedule("create_event", params, "every day at 9")
        await world.advance(days=1)
        (first,) = await ended(world, job, 1)
        assert first.result and "repeating event “Games” was created" in first.result["message"], first
        await world.advance(days=1)
        second = (await ended(world, job, 2))[0]
        assert second.result and "exists" in second.result["message"]
        assert second.result["event_id"] == first.result["event_id"]
        other = await world.schedule("create_event", params, "every hour")
        await world.advance(hours=1)
        single = (await ended(world, other, 1))[0]
        assert single.result and "Discord can't repeat" in single.result["message"]
    assert len(rules.rules) == 1 and rules.rules[0]["frequency"] == 3


async def test_a_cover_is_one_small_image(world: World) -> None:
    asked = {"guild_id": str(world.guild.id), "title": "Games", "place": "Attic", "starts_in": "1h"}
    rules = EventSeries()
    with applied(rules):
        made = await world.run("create_event", {**asked, "cover": [await kept(world, PNG)]})
        assert made["success"] is True, made
        text = await world.run(
            "create_event", {**asked, "cover": [await kept(world, b"hello", "poster.txt")]}
        )
        assert "isn't a PNG, JPEG or GIF" in text["error"]
        two = await world.run("create_event", {**asked, "cover": 2 * [await kept(world, PNG)]})
        assert "one cover image" in two["error"]
        gone = await world.run("create_event", {**asked, "cover": [{"file": "0" * 64, "name": "x.png"}]})
        assert "is no longer stored" in gone["error"]
    assert rules.images == [PNG]
