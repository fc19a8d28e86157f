"""A calendar that changes between looks: its posts come once and on time, and Discord's events follow it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import discord
import pytest
import pytest_asyncio

from bot.config import Settings
from schedulezero import faults, instants
from schedulezero.client.dialect import JobQuery
from schedulezero.instants import to_iso
from schedulezero.model import Job, JobState, Run
from sprockets.kit import calendar_feeds
from tests.conftest import until
from tests.support.alerting import alerts_to
from tests.support.feeds import Feed, a_feed, event, stamped
from tests.support.granting import give_the_bot
from tests.support.resuming import call
from tests.support.rules.applying import Asked, Rule, applied, refused
from tests.support.rules.event_rights import EventRights
from tests.support.rules.event_texts import EventTexts
from tests.support.text import text_of
from tests.support.world import World, a_world

HOUR = timedelta(hours=1)
LIVE = (JobState.ACTIVE, JobState.PAUSED, JobState.PENDING)


@pytest.fixture(autouse=True)
def rules() -> Iterator[None]:
    with applied(EventRights(), EventTexts()):
        yield


@pytest_asyncio.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    """The bot, which may read calendars on this machine."""
    async with a_world(settings.model_copy(update={"private_calls": True})) as built:
        yield built


@pytest_asyncio.fixture
async def feed() -> AsyncIterator[Feed]:
    async with a_feed() as served:
        yield served


def in_(hours: float) -> datetime:
    return instants.now().replace(microsecond=0) + hours * HOUR


async def following(world: World, feed: Feed, **params: Any) -> Job:
    given = {"guild_id": str(world.guild.id), "calendar_url": feed.url, **params}
    return await world.schedule("follow_calendar", given, "every 15 minutes")


async def newest(world: World, job: Job) -> list[Run]:
    return list((await world.bot.services.client.runs(str(world.guild.id), job_id=job.id)).runs)


async def look(world: World, job: Job, minutes: float = 15) -> Run:
    """Let the job run, and return its run."""
    before = len(await newest(world, job))
    await world.advance(minutes=minutes)

    async def ended() -> Run | None:
        runs = await newest(world, job)
        return runs[0] if len(runs) > before and runs[0].state != "queued" else None

    run = await until(ended)
    await world.env.settle()
    return run


async def planned(world: World) -> list[Job]:
    """The posts that wait, the next one first."""
    jobs = world.bot.services.client.all_jobs(str(world.guild.id), JobQuery(state=JobState.ACTIVE))
    found = [job async for job in jobs if job.method == "announce_event"]
    return sorted(found, key=lambda job: str(job.next_run_at))


def on_discord(world: World) -> dict[str, datetime]:
    """The events that wait on Discord: name → start."""
    listed = world.env.backend.guilds[world.guild.id].scheduled_events.values()
    return {e.name: datetime.fromisoformat(e.scheduled_start_time) for e in listed if int(e.status) == 1}


async def test_posts_come_once_and_on_time_whatever_changes_between(world: World, feed: Feed) -> None:
    at = in_(3)
    place = "LOCATION:Club @everyone"
    weekly = event("w", at, "RRULE:FREQ=WEEKLY", place, title="Games")
    feed.events = [weekly, event("x", in_(6), title="Chess")]
    params = {"channel_id": str(world.channel.id), "before": "15 minutes, 0"}
    job = await following(world, feed, **params, text="{title} {start|R}\n{location}")
    run = await look(world, job)
    assert run.state == "succeeded", run
    # A week of a series, a day more for the longest time before an event, and what is read ahead.
    assert run.result is not None and run.result["message"].endswith("Posts planned: 4.")
    posts = await planned(world)
    assert [(post.name or "")[:5].strip() for post in posts] == ["Games", "Games", "Chess", "Chess"]
    assert posts[0].next_run_at is not None and abs(posts[0].next_run_at - in_(2.75)) < timedelta(minutes=1)
    # A date of the series moves, and the other event is cancelled.
    named = f"RECURRENCE-ID:{stamped(at)}"
    moved = event("w", at + HOUR, named, place, title="Late games")
    feed.events = [weekly, moved, event("x", in_(6), "STATUS:CANCELLED", title="Chess")]
    await look(world, job)
    names = [post.name for post in await planned(world)]
    assert names == ["Late games · 15 minutes before 📅", "Late games 📅"]
    # Nothing changes: nothing is read again, planned again or posted.
    await look(world, job)
    assert feed.statuses == [200, 200, 304] and len(await planned(world)) == 2
    await world.advance(hours=3, minutes=1)
    message = await world.message_in(world.channel, "Late games")
    assert message.content == f"Late games <t:{int((at + HOUR).timestamp())}:R>\nClub @\u200beveryone"
    assert not message.mention_everyone
    await world.advance(minutes=15)
    await until(lambda: len(world.posted()) == 2)
    assert await planned(world) == []
    assert all("S3CRET" not in str(each.params) for each in posts)


async def test_a_post_looks_again_and_belongs_to_its_calendar(world: World, feed: Feed) -> None:
    feed.events = [event("x", in_(3))]
    job = await following(world, feed, channel_id=str(world.channel.id))
    await look(world, job)
    (post,) = await planned(world)
    # One that somebody lets run before its time comes once.
    feed.events.append(event("y", in_(2.2), title="Early"))
    await look(world, job)
    early = next(each for each in await planned(world) if "Early" in str(each.name))
    await world.bot.services.client.run(early)
    assert (await until(lambda: _ended(world, early))).state == "succeeded"
    # Somebody else's job of the same kind announces nothing, and neither does that of a paused calendar.
    forged = await world.schedule("announce_event", dict(post.params), "in 1 hour")
    await world.advance(hours=1)
    run = await until(lambda: _ended(world, forged))
    assert "nothing was posted" in run.result["message"]
    await world.bot.services.client.pause(job.id)
    assert await planned(world) == []
    await world.advance(hours=2)
    assert [message.content[:9] for message in world.posted()] == ["**Early**"]


async def test_planned_posts_leave_the_lists_with_their_calendar_and_come_back(
    world: World, feed: Feed
) -> None:
    feed.events = [event("x", in_(3)), event("y", in_(5)), event("z", in_(7), title="Unwanted")]
    job = await following(world, feed, channel_id=str(world.channel.id))
    client, guild_id = world.bot.services.client, str(world.guild.id)
    await look(world, job)
    first, second, unwanted = await planned(world)
    await client.cancel(unwanted)
    await client.pause(job.id)
    listed = [each.id async for each in client.all_jobs(guild_id, JobQuery()) if each.state in LIVE]
    assert listed == [job.id]
    # What a person cancelled stays so, and all else is as it was.
    await client.resume(job.id)
    assert [each.next_run_at for each in await planned(world)] == [first.next_run_at, second.next_run_at]
    assert [dict(each.meta) for each in await planned(world)] == [dict(first.meta), dict(second.meta)]
    # An event's time passes while the calendar isn't followed.
    await client.cancel(await client.job(job.id, guild_id))
    assert await planned(world) == []
    await world.advance(hours=4)
    await client.restore(job.id)
    assert [each.id for each in await planned(world)] == [second.id]
    await world.advance(hours=1, minutes=1)
    await until(lambda: len(world.posted()) == 1)


async def _ended(world: World, job: Job) -> Run | None:
    runs = await newest(world, job)
    return runs[0] if runs and runs[0].state != "queued" else None


async def test_discords_events_follow_the_calendar(world: World, feed: Feed) -> None:
    feed.events = [
        event("a", in_(30), title="A"),
        event("b", in_(50), title="B"),
        event("c", in_(999), title="C"),
    ]
    job = await following(world, feed, make_events=True)
    assert (await look(world, job)).state == "succeeded"
    assert set(on_discord(world)) == {"A", "B"}
    feed.events = [event("a", in_(31), title="Renamed"), event("d", in_(60), title="D")]
    run = await look(world, job)
    assert run.result is not None and "1 created, 1 changed, 1 cancelled" in run.result["message"], run
    found = on_discord(world)
    assert set(found) == {"Renamed", "D"} and found["Renamed"] - in_(31) < timedelta(minutes=1)
    # Somebody deletes one on Discord: that stays so.
    gone = next(
        e.id for e in world.env.backend.guilds[world.guild.id].scheduled_events.values() if e.name == "D"
    )
    world.env.backend.delete_scheduled_event(world.guild.id, gone)
    await look(world, job)
    assert set(on_discord(world)) == {"Renamed"}
    # Without the permission, the run says so.
    feed.events = [event("a", in_(31), title="Again")]
    everyone = discord.Permissions(view_channel=True, send_messages=True)
    world.env.backend.edit_role(world.guild.id, world.guild.id, {"permissions": everyone.value})
    give_the_bot(world, everyone)
    run = await look(world, job)
    assert run.state == "failed" and "Create Events" in str(run.error), run


async def test_many_events_are_made_a_few_at_a_time(world: World, feed: Feed) -> None:
    feed.events = [event(f"e{n}", in_(30 + n), title=f"E{n}") for n in range(12)]
    params = {"guild_id": str(world.guild.id), "calendar_url": feed.url, "make_events": True}
    context = {"guild_id": str(world.guild.id), "creator_id": str(world.admin.id)}
    answer = await call(world, "follow_calendar", params, context=context)
    assert answer["success"] is False and answer["retry_after"] == 1.0, answer
    assert len(on_discord(world)) == 10
    answer = await call(world, "follow_calendar", params, context=context)
    assert answer["success"] is True and len(on_discord(world)) == 12 and len(feed.asked) == 1, answer
    # The agenda is read for itself, and posted by days.
    agenda = {"calendar_url": feed.url, "channel_id": str(world.channel.id), "heading": "Soon, {server}:"}
    answer = await call(world, "send_agenda", agenda, "agenda@1", context, "agenda")
    assert answer["success"] is True, answer
    (message,) = world.posted()
    lines = message.content.splitlines()
    assert lines[0] == "Soon, Moonbase:" and sum(line.startswith("- <t:") for line in lines) == 12
    answer = await call(world, "send_agenda", {**agenda, "only": "chess"}, "agenda@2", context, "agenda")
    assert "nothing was posted" in answer["message"] and len(world.posted()) == 1


async def test_an_event_that_discord_refuses_fails_alone(world: World, feed: Feed) -> None:
    class Unwelcome(Rule):
        def before(self, asked: Asked) -> None:
            if asked.path.endswith("scheduled-events") and asked.body and asked.body["name"] == "Unwelcome":
                raise refused("name", "BASE_TYPE_BAD", "Not here.")

    good = [event(f"g{n}", in_(31 + n), title=f"G{n}") for n in range(2)]
    feed.events = [
        event("bad", in_(30), title="<br>"),
        event("none", in_(30), title="\u200b\u3164"),
        event("unwelcome", in_(30), title="Unwelcome"),
        event("lines", in_(35), "LOCATION:<p></p>", title="One<br>line"),
        *good,
    ]
    job = await following(world, feed, channel_id=str(world.channel.id), make_events=True)
    with applied(Unwelcome()):
        for _ in range(2):
            run = await look(world, job)
            assert run.state == "succeeded" and run.result is not None, run
            assert run.result["partial"] is True and "“Unwelcome”" in run.result["message"], run
            assert set(on_discord(world)) == {"<br>", "One<br>line", "G0", "G1"}
    # Its description is taken away: Discord has no empty ones.
    feed.events = [good[0] + "\nDESCRIPTION:Dice"]
    await look(world, job)
    # And its server gives it another UID.
    feed.events = [good[0].replace("UID:g0", "UID:other")]
    run = await look(world, job)
    assert run.result is not None and "0 created, 1 changed, 0 cancelled" in run.result["message"], run


async def test_a_calendar_that_fails_is_told_once_and_once_when_it_is_back(
    world: World, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    alerts = await alerts_to(world)
    feed.events = [event("x", in_(9))]
    job = await following(world, feed, channel_id=str(world.channel.id))
    assert (await look(world, job)).state == "succeeded"
    monkeypatch.setattr(calendar_feeds, "SECONDS", 0.3)
    monkeypatch.setattr(calendar_feeds, "LARGEST", 2000)
    feed.answer = 404
    run = await look(world, job)
    assert run.state == "failed" and "HTTP status 404" in str(run.error)
    await until(lambda: [m for m in alerts.history() if "404" in text_of(m)])
    for answer, why in (
        (b"<html>Sign in</html>", "doesn't return a calendar"),
        (b"\x1f\x8bzip", "doesn't return a calendar"),
        (b"x" * 3000, "larger than"),
        (302, "has moved to another address"),
        (503, "HTTP status 503"),
    ):
        feed.answer = answer
        run = await look(world, job)
        assert run.state == "succeeded", run
        assert run.result is not None and why in run.result["message"], run
    feed.answer, feed.silent = 404, True
    run = await look(world, job)
    assert run.result is not None and "didn't answer within" in run.result["message"], run
    feed.answer, feed.silent = None, False
    assert (await look(world, job)).state == "succeeded"
    told = [text_of(message) for message in alerts.history()]
    assert sum("404" in text for text in told) == 1, told
    assert sum("can read its calendar at 127.0.0.1 again" in text for text in told) == 1, told
    results = [f"{run.result} {run.error} {run.note}" for run in await newest(world, job)]
    assert "S3CRET" not in " ".join([*told, *results])


class Interrupted(Exception):
    """The process dies here, so to speak."""


class Dying:
    """Let the process die at the nth time that a point is passed."""

    def __init__(self, points: tuple[str, ...], times: int) -> None:
        self.points, self.left = points, times

    def __call__(self, passed: str) -> None:
        if passed in self.points and self.left:
            self.left -= 1
            if not self.left:
                raise Interrupted


async def test_whoever_dies_each_post_and_each_event_is_there_once(
    world: World, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed.events = [event("a", in_(9), title="A")]
    job = await following(world, feed, channel_id=str(world.channel.id), make_events=True)
    params, base = dict(job.params), instants.now()
    points = ("posts.planned", "post.saved", "event.begun", "event.made")
    deaths = 0
    for times in range(1, 20):
        context = {
            "guild_id": str(world.guild.id),
            "creator_id": str(world.admin.id),
            "scheduled_at": to_iso(base + timedelta(minutes=6 * times)),
        }
        dying = Dying(points, times)
        monkeypatch.setattr(faults, "trouble_maker", dying)
        follower = await following(world, feed, channel_id=str(world.channel.id), make_events=True)
        for event_id in list(world.env.backend.guilds[world.guild.id].scheduled_events):
            world.env.backend.delete_scheduled_event(world.guild.id, event_id)
        answer = await call(world, "follow_calendar", params, f"run@{times}", context, follower.id)
        if dying.left == 0:
            deaths += 1
            assert answer["success"] is False
            # The next look is a run of its own: nobody comes back to the one that died.
            answer = await call(world, "follow_calendar", params, f"next@{times}", context, follower.id)
        assert answer["success"] is True, answer
        assert sorted(on_discord(world)) == ["A"]
        listed = world.env.backend.guilds[world.guild.id].scheduled_events.values()
        assert sorted(e.name for e in listed) == ["A"]
        mine = [post for post in await planned(world) if post.params["calendar"] == follower.id]
        assert len(mine) == 1
        if dying.left:
            break
    assert deaths == 4


async def test_a_follower_leaves_the_event_of_another_alone(
    world: World, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed.events = [event("x", in_(9), title="X")]
    followers = [await following(world, feed, make_events=True) for _ in range(2)]
    base = instants.now()

    async def look_of(number: int, minutes: int, **params: Any) -> Any:
        context = {
            "guild_id": str(world.guild.id),
            "creator_id": str(world.admin.id),
            "scheduled_at": to_iso(base + timedelta(minutes=minutes)),
        }
        job = followers[number]
        given = {**job.params, **params}
        return await call(world, "follow_calendar", given, f"{number}@{minutes}", context, job.id)

    def live() -> int:
        events = world.env.backend.guilds[world.guild.id].scheduled_events.values()
        return sum(int(e.status) == 1 for e in events)

    # The first one dies before it makes its event, and the second one makes its own.
    monkeypatch.setattr(faults, "trouble_maker", Dying(("event.begun",), 1))
    assert (await look_of(0, 0))["success"] is False
    assert (await look_of(1, 0))["success"] is True and live() == 1
    assert (await look_of(0, 6))["success"] is True and live() == 2
    # What the first one cancels is its own.
    answer = await look_of(0, 12, without="X")
    assert answer["success"] is True and live() == 1
    answer = await look_of(1, 12)
    assert "made" not in answer["message"] and live() == 1, answer


async def test_only_public_https_addresses_are_followed(settings: Settings, feed: Feed) -> None:
    async with a_world(settings) as world:
        given = {"guild_id": str(world.guild.id), "channel_id": str(world.channel.id)}
        for number, (url, why) in enumerate(
            (
                (feed.url, "must begin with https"),
                (feed.url.replace("http:", "https:"), "private network"),
                (feed.url.replace("http:", "webcal:"), "private network"),
                ("ftp://example.org/x.ics", "can't be used"),
            )
        ):
            asked = {**given, "calendar_url": url}
            answer = await call(world, "follow_calendar", asked, job_id=f"job-{number}", run_id=f"{number}")
            assert answer["success"] is False and why in answer["error"], answer
            assert "S3CRET" not in str(answer)
        answer = await world.run(
            "follow_calendar", {"guild_id": given["guild_id"], "calendar_url": "https://a.org"}
        )
        assert "Choose a channel" in answer["error"]
        assert feed.asked == []


async def test_a_calendar_that_is_cut_off_or_suddenly_empty_changes_nothing(world: World, feed: Feed) -> None:
    give_the_bot(world, discord.Permissions(manage_events=True, create_events=True))
    feed.events = [event("a", in_(3), title="Alpha"), event("b", in_(30), title="Beta")]
    job = await following(world, feed, channel_id=str(world.channel.id), make_events=True)
    await look(world, job)
    before = on_discord(world), [post.id for post in await planned(world)]
    assert set(before[0]) == {"Alpha", "Beta"} and len(before[1]) == 2

    async def is_as_before() -> bool:
        return before == (on_discord(world), [post.id for post in await planned(world)])

    whole = feed.text().encode()
    feed.answer = whole[: whole.index(b"UID:b")]
    run = await look(world, job)
    assert run.state == "failed" and "only part of it" in str(run.error) and await is_as_before()
    feed.answer = b"<!DOCTYPE html><title>Back in a minute</title>"
    assert "doesn't return a calendar" in str((await look(world, job)).result)
    assert await is_as_before()
    # Empty is legal, and counts once it is so a second time.
    feed.answer, feed.events = None, []
    run = await look(world, job)
    assert run.result is not None and run.result["partial"] and "no events left" in run.result["message"]
    assert await is_as_before()
    await look(world, job)
    assert on_discord(world) == {} and await planned(world) == []


async def test_an_event_that_cannot_be_read_keeps_its_post(world: World, feed: Feed) -> None:
    at = in_(1)
    feed.events = [event("x", at, title="Chess"), event("z", in_(50), title="Go")]
    job = await following(world, feed, channel_id=str(world.channel.id))
    await look(world, job)
    before = await planned(world)
    feed.events[0] = event("x", at, "RRULE:FREQ=NONSENSE", title="Chess")
    run = await look(world, job)
    assert run.result is not None and "couldn't be read: 1." in run.result["message"]
    assert [post.id for post in await planned(world)] == [post.id for post in before]
    await world.advance(minutes=50)
    assert (await world.message_in(world.channel, "Chess")).content.startswith("**Chess**")


async def test_a_post_that_somebody_let_run_early_comes_once_whatever_its_job_is_then(
    world: World, feed: Feed
) -> None:
    at, client = in_(3), world.bot.services.client
    feed.events = [event("x", at, title="Chess"), event("y", at, title="Go")]
    job = await following(world, feed, channel_id=str(world.channel.id))
    await look(world, job)
    early = await planned(world)
    for post in early:
        await client.run(post)
        assert (await until(lambda post=post: _ended(world, post))).state == "succeeded"
    # One event is gone for one look; then all posts are planned anew.
    whole, feed.events = feed.events, feed.events[:1]
    await look(world, job)
    feed.events = whole
    await look(world, job)
    known = await client.job(job.id, str(world.guild.id))
    await client.change(
        replace(known, params={**known.params, "only": "chess, go"}), known.version, str(world.admin.id)
    )
    await look(world, job)
    again = await planned(world)
    assert len(again) == 2 and not {post.id for post in again} & {post.id for post in early}
    await world.advance(hours=3)
    for post in again:
        run = await until(lambda post=post: _ended(world, post))
        assert run.result is not None and "already posted" in run.result["message"]
    assert len(world.posted()) == 2
