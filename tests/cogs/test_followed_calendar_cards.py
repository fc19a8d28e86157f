"""The cards of a calendar that is followed, and of the posts that it plans."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import time, timedelta
from typing import Any

import pytest_asyncio

from bot.config import Settings
from schedulezero import instants
from schedulezero.client.dialect import JobQuery
from schedulezero.model import GuildRules, Job
from tests.conftest import until
from tests.support.acting import click
from tests.support.feeds import Feed, a_feed, event
from tests.support.text import text_of
from tests.support.world import World, a_world, button_target, labels, pick, press, said


@pytest_asyncio.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    """The bot, which may read calendars on this machine."""
    async with a_world(settings.model_copy(update={"private_calls": True})) as built:
        yield built


@pytest_asyncio.fixture
async def feed() -> AsyncIterator[Feed]:
    async with a_feed() as served:
        yield served


async def posts(world: World) -> list[Job]:
    """The posts that are planned, the next one first."""
    jobs = world.bot.services.client.all_jobs(str(world.guild.id), JobQuery(method="announce_event"))
    found = [job async for job in jobs if job.next_run_at is not None]
    return sorted(found, key=lambda job: str(job.next_run_at))


async def test_a_followed_calendar_on_its_cards(world: World, feed: Feed) -> None:
    client, guild_id = world.bot.services.client, str(world.guild.id)
    # It is always quiet, and all days are free; a calendar is looked at all the same, its posts keep to both.
    today = instants.now().date()
    free = tuple(today + timedelta(days=days) for days in range(-1, 3))
    quiet = GuildRules(guild_id, quiet_from=time(0), quiet_to=time(23, 59, 59), dark_days=free)
    await client.save_rules(quiet)
    starts = instants.now().replace(microsecond=0) + timedelta(hours=1)
    feed.events = [event("x", starts, title="Board games")]
    players = world.guild.create_role("Players", mentionable=True)
    given: dict[str, Any] = {
        "calendar_url": feed.url,
        "channel_id": [world.channel],
        "before": "10 minutes, 0",
        "text": "@Players @Pleyers **{title}** begins {start|R}",
    }
    draft = await world.draft(world.admin, "follow_calendar", given, "every 15 minutes")
    assert draft.response is not None
    text = text_of(draft.response)
    assert (
        "even in quiet hours and on days off. Its posts still respect both" in text
        and "would be skipped" not in text
    ), text
    assert "`@Pleyers` doesn't ping anyone" in text and "Days" not in text, text
    # What it would do: the next post as it will look, and how many there are.
    shown = await press(world.admin, draft.response, "draft:try")
    text = text_of(shown.response or draft.response)
    assert f"> <@&{players.id}> @Pleyers **Board games** begins <t:{int(starts.timestamp())}:R>" in text, text
    assert "Posts planned: 2." in text, text
    # It looks as soon as it is confirmed.
    await world.admin.click(draft.response, label="Confirm")
    card = text_of(draft.response)
    assert "Scheduled: Calendar from 127.0.0.1" in card and "Posts planned: 2." in card, card
    job = await client.job(button_target(draft.response, "Run now"), guild_id)
    assert job.in_quiet_hours and job.on_free_days and len(feed.asked) == 2
    assert "Days" not in card and card.index("**Text:**") > card.index("**Before:**")
    first, second = await posts(world)
    assert (first.name, second.name) == ("Board games · 10 minutes before 📅", "Board games 📅")
    assert not first.in_quiet_hours and not first.on_free_days
    # A changed option is followed at once, too.
    answer = await click(world, world.admin, "job", "edit", job.id)
    editing = button_target(answer.response, "Discard")
    form = await click(world, world.admin, "draft", "edit", f"{editing}.calendar")
    kept = {f"p:{name}": value for name, value in given.items() if name != "calendar_url"}
    changed = await world.admin.submit_modal(form, {**kept, "p:before": "30 minutes"})
    message = changed.response or answer.response
    await press(world.admin, message, "draft:confirm")
    assert "Posts planned: 1." in text_of(message), text_of(message)
    # The card of a planned post shows the post, and offers only what works.
    waiting = [post for post in await posts(world) if post.name and "30 minutes before" in post.name]
    answer = await click(world, world.admin, "job", "show", waiting[0].id)
    text = text_of(answer.response)
    assert f"> <@&{players.id}> @Pleyers **Board games** begins" in text and job.id not in text, text
    assert labels(answer.response) == [
        "Run now", "History", "Refresh", "The job it belongs to", "Close", "Cancel this job",
    ]  # fmt: skip
    assert answer.response is not None
    up = await world.admin.click(answer.response, label="The job it belongs to")
    assert "Calendar from 127.0.0.1" in text_of(up.response or answer.response)
    refused = await click(world, world.admin, "job", "clone", waiting[0].id)
    assert "belongs to another job" in said(refused)
    # In a selection, the reason names the job once.
    listing: Any = (await world.admin.slash(world.channel, "schedule list")).response
    await pick(world.admin, listing, "bulk:select", [waiting[0].id])
    assert "Pause" not in labels(listing) and "Cancel" in labels(listing)
    await world.admin.click(listing, label="Back to the list")
    await pick(world.admin, listing, "bulk:select", [waiting[0].id, job.id])
    await press(world.admin, listing, "bulk:pause")
    text = text_of(listing)
    assert text.count("belongs to another job") == 1 and "📅”: “" not in text, text
    # Nobody is offered what only the bot plans.
    for typed in ("", "announce_event", "another job follows"):
        choices = await world.admin.autocomplete(world.channel, "schedule create", "job", typed)
        assert "announce_event" not in str(choices), typed
    assert "announce_event" not in said(await world.admin.slash(world.channel, "sprockets"))
    # The look goes on in quiet hours and on free days.
    runs = (await client.runs(guild_id, job_id=job.id)).runs
    await world.advance(minutes=15)
    await until(lambda: _one_more(world, job, len(runs)))
    assert (await client.runs(guild_id, job_id=job.id)).runs[0].state != "skipped"


async def _one_more(world: World, job: Job, before: int) -> bool:
    return len((await world.bot.services.client.runs(str(world.guild.id), job_id=job.id)).runs) > before
