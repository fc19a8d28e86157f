"""Queues: what is added takes the next free slot, free days are skipped, *now* lets the rest move up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cogs.desk.queue.slots import META, Queue, closed_up, instant_of, next_free
from schedulezero import instants
from schedulezero.model import GuildRules, Job, JobState, Trigger
from tests.support.acting import click, scheduler
from tests.support.scheduling import hello
from tests.support.text import text_of
from tests.support.world import World, custom_id, labels, pick, press, said

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)  # a Monday
DAILY = Queue("q1", "1", "Art", "2", Trigger("cron", {"hour": "18", "minute": "0"}), "UTC", NOW)


def day(number: int) -> datetime:
    return datetime(2027, 3, number, 18, tzinfo=UTC)


def waits(identifier: str, at: datetime) -> Job:
    trigger = Trigger("date", {"run_date": instants.to_iso(at)})
    return Job(id=identifier, handler_id="h", method="m", params={}, trigger=trigger, meta={META: "q1"})


def test_the_next_free_slot_leaves_out_taken_ones_and_free_days() -> None:
    rules = GuildRules("1", dark_days=(day(2).date(),))
    assert next_free(DAILY, {day(1)}, NOW, rules) == day(3)
    assert next_free(DAILY, set(), day(1) - timedelta(seconds=30)) == day(2)


def test_a_queue_closes_its_gaps_in_order_and_parts_two_at_one_slot() -> None:
    jobs = [waits("a", day(2)), waits("b", day(4)), waits("c", day(4)), waits("d", day(5))]
    moves = [(job.id, slot.day) for job, slot in closed_up(DAILY, jobs, NOW)]
    assert moves == [("a", 1), ("b", 2), ("c", 3), ("d", 4)]
    assert closed_up(DAILY, [waits("a", day(1)), waits("b", day(2))], NOW) == []
    fixed = closed_up(DAILY, jobs, NOW, fixed={"b"})
    assert [(job.id, slot.day) for job, slot in fixed] == [("a", 1), ("c", 2), ("d", 3)]


def test_a_post_that_was_paused_when_its_slot_came_gets_the_next_one() -> None:
    late = replace(waits("a", day(1)), state=JobState.PAUSED)
    moves = closed_up(DAILY, [late, waits("b", day(2))], day(1) + timedelta(hours=1))
    assert [(job.id, slot.day) for job, slot in moves] == [("a", 2), ("b", 3)]
    assert closed_up(DAILY, [waits("a", day(1))], day(1) + timedelta(seconds=1)) == []


def far_from_now() -> str:
    """Return a daily time that is hours away, so that the next slot is the same throughout a test."""
    return f"every day at {(instants.now() + timedelta(hours=12)):%H}:30"


async def a_queue(world: World, name: str = "Art", slots: str | None = None) -> Any:
    shown = await world.admin.slash(world.channel, "schedule queue")
    form = await press(world.admin, shown.response, "queue:edit:new")
    return await world.admin.submit_modal(
        form, {"name": name, "slots": slots or far_from_now(), "channel": [world.channel]}
    )


async def added(world: World, message: str, who: Any = None) -> Any:
    who = who or world.admin
    card = await world.draft(who, "send_announcement", hello(world, message=message), "")
    card = await pick(who, card.response, "draft:queue", [(await queue_of(world)).id])
    assert "When:" in text_of(card.response)
    return await press(who, card.response, "draft:confirm")


async def queue_of(world: World) -> Queue:
    notes = await world.bot.memory.notes(f"queue/{world.guild.id}")
    return next(Queue.from_json(key, value) for key, value in notes.items())


async def waiting(world: World) -> list[tuple[str, datetime | None]]:
    jobs = [job async for job in world.bot.services.client.all_jobs(str(world.guild.id))]
    found = [job for job in jobs if job.meta.get(META)]
    return sorted(((job.params["message"], instant_of(job)) for job in found), key=lambda item: str(item[1]))


async def test_what_is_added_takes_one_slot_after_the_other(world: World) -> None:
    panel = await a_queue(world)
    assert "Queue “Art”" in said(panel) and far_from_now() in said(panel)
    for message in ("one", "two", "three"):
        assert "In the queue “Art”" in said(await added(world, message))
    found = await waiting(world)
    assert [message for message, _ in found] == ["one", "two", "three"]
    slots = list((await queue_of(world)).slots(instants.now()))[:3]
    assert [at for _, at in found] == slots
    panel = await world.admin.slash(world.channel, "schedule queue")
    assert "3** posts in the queue" in said(panel)


async def test_two_drafts_that_show_the_same_slot_get_two(world: World) -> None:
    await a_queue(world)
    queue = await queue_of(world)
    cards = []
    for message in ("one", "two"):
        card = await world.draft(world.admin, "send_announcement", hello(world, message=message), "")
        cards.append(await pick(world.admin, card.response, "draft:queue", [queue.id]))
    for card in cards:
        await press(world.admin, card.response, "draft:confirm")
    slots = [at for _, at in await waiting(world)]
    assert slots == list(queue.slots(instants.now()))[:2]


async def test_posting_the_next_one_now_moves_the_rest_up(world: World) -> None:
    await a_queue(world)
    for message in ("one", "two", "three"):
        await added(world, message)
    before = [at for _, at in await waiting(world)]
    panel = await world.admin.slash(world.channel, "schedule queue")
    asked = await press(world.admin, panel.response, "queue:asknow")
    assert "Post “one”" in said(asked)
    shown = await press(world.admin, asked.response, "queue:now")
    assert "“one” is on its way." in said(shown)
    assert await waiting(world) == [("two", before[0]), ("three", before[1])]
    jobs = [job async for job in world.bot.services.client.all_jobs(str(world.guild.id))]
    job = next(job for job in jobs if job.params["message"] == "one")
    at = instant_of(job)
    assert at is not None and abs(at - instants.now()) < timedelta(minutes=1)
    again = await click(world, world.admin, "queue", "now", f"{(await queue_of(world)).id}.{job.id}")
    assert "already been done" in said(again) or "was cancelled" in said(again)


async def test_one_can_be_put_first_and_gaps_close(world: World) -> None:
    await a_queue(world)
    for message in ("one", "two", "three"):
        await added(world, message)
    slots = [at for _, at in await waiting(world)]
    client = world.bot.services.client
    jobs = {job.params["message"]: job async for job in client.all_jobs(str(world.guild.id))}
    panel = await world.admin.slash(world.channel, "schedule queue")
    await pick(world.admin, panel.response, "queue:first", [jobs["three"].id])
    assert await waiting(world) == [("three", slots[0]), ("one", slots[1]), ("two", slots[2])]
    one = await client.job(jobs["one"].id, str(world.guild.id))
    await client.cancel(one, str(world.admin.id))
    panel = await world.admin.slash(world.channel, "schedule queue")
    assert "Close the gaps" in labels(panel.response)
    await press(world.admin, panel.response, "queue:close")
    assert await waiting(world) == [("three", slots[0]), ("two", slots[1])]


async def test_a_time_of_its_own_takes_a_post_out_of_the_queue(world: World) -> None:
    await a_queue(world)
    await added(world, "one")
    client = world.bot.services.client
    (job,) = [job async for job in client.all_jobs(str(world.guild.id))]
    card = await world.admin.slash(world.channel, "schedule edit", job=job.id, when="in 3 days")
    await press(world.admin, card.response, "draft:confirm")
    assert await waiting(world) == []


async def test_the_card_names_the_queue_and_says_which_schedule_it_replaced(world: World) -> None:
    await a_queue(world)
    values = hello(world, message="one")
    card = (await world.draft(world.admin, "send_announcement", values, "every monday at 9")).response
    await pick(world.admin, card, "draft:queue", [(await queue_of(world)).id])
    assert "In the queue “Art”" in text_of(card)
    assert "posted once, in the queue's next free slot, instead of “every monday at 9”" in text_of(card)
    await pick(world.admin, card, "draft:queue", [(await queue_of(world)).id])
    assert "no longer" not in text_of(card)


@pytest.mark.parametrize("how", ["button", "form"])
async def test_another_time_takes_a_draft_out_of_its_queue(world: World, how: str) -> None:
    await a_queue(world)
    card = await world.draft(world.admin, "send_announcement", hello(world, message="one"), "")
    draft_id = custom_id(card.response, "draft:confirm").rpartition(":")[2]
    card = await pick(world.admin, card.response, "draft:queue", [(await queue_of(world)).id])
    if how == "button":  # of the card as it was shown somewhere else
        at = int((instants.now() + timedelta(days=3)).timestamp())
        card = await click(world, world.admin, "draft", "soon", f"{draft_id}.{at}")
    else:
        form = await press(world.admin, card.response, ".when")
        await world.admin.submit_modal(form, {"when": "in 3 days"})
    saved = await press(world.admin, card.response, "draft:confirm")
    assert "In the queue" not in said(saved) and await waiting(world) == []


async def test_nothing_is_posted_now_on_a_day_off(world: World) -> None:
    await a_queue(world)
    await added(world, "one")
    client = world.bot.services.client
    rules = await client.rules(str(world.guild.id))
    today = instants.now().date()
    off = tuple(today + timedelta(days=days) for days in (-1, 0, 1))
    await client.save_rules(replace(rules, timezone="UTC", dark_days=off), str(world.admin.id))
    panel = await world.admin.slash(world.channel, "schedule queue")
    asked = await press(world.admin, panel.response, "queue:asknow")
    assert "This post can't go out now" in said(await press(world.admin, asked.response, "queue:now"))
    assert len(await waiting(world)) == 1


async def test_a_post_that_moves_stays_its_authors(world: World) -> None:
    await a_queue(world)
    sam = await scheduler(world, send_messages=True)
    await added(world, "first")
    await added(world, "from sam", sam)
    panel = await world.admin.slash(world.channel, "schedule queue")
    asked = await press(world.admin, panel.response, "queue:asknow")
    await press(world.admin, asked.response, "queue:now")
    found = [job async for job in world.bot.services.client.all_jobs(str(world.guild.id))]
    (moved,) = [job for job in found if job.params["message"] == "from sam"]
    assert moved.creator_id == str(sam.id) and moved.version > 1


async def test_nobody_moves_what_they_might_not_post(world: World) -> None:
    await a_queue(world)
    queue = await queue_of(world)
    card = await world.draft(world.admin, "send_announcement", hello(world, message="all", everyone=True), "")
    card = await pick(world.admin, card.response, "draft:queue", [queue.id])
    await press(world.admin, card.response, "draft:confirm")
    await added(world, "one")
    sam = await scheduler(world, send_messages=True)
    before = await waiting(world)
    jobs = {
        job.params["message"]: job async for job in world.bot.services.client.all_jobs(str(world.guild.id))
    }
    panel = await sam.slash(world.channel, "schedule queue")
    told = await pick(sam, panel.response, "queue:first", [jobs["one"].id])
    assert "Mention" in said(told) or "everyone" in said(told)
    assert await waiting(world) == before


async def test_nobody_gives_another_time_to_a_post_that_pings_what_they_may_not_ping(world: World) -> None:
    """It stays its author's, and would ping in their name."""
    await a_queue(world)
    staff = world.guild.create_role("Staff")
    await added(world, "one")
    await added(world, f"Hi <@&{staff.id}>")
    sam = await scheduler(world, send_messages=True)
    before = await waiting(world)
    jobs = [job async for job in world.bot.services.client.all_jobs(str(world.guild.id))]
    loud = next(job for job in jobs if job.params["message"] != "one")
    panel = await sam.slash(world.channel, "schedule queue")
    told = await pick(sam, panel.response, "queue:first", [loud.id])
    assert "you don't have *Mention" in said(told)
    card = await sam.slash(world.channel, "schedule edit", job=loud.id, when="in 1 minute")
    told = await press(sam, card.response, "draft:confirm")
    assert "you don't have *Mention" in said(told) + text_of(card.response)
    assert await waiting(world) == before
    panel = await sam.slash(world.channel, "schedule queue")
    asked = await press(sam, panel.response, "queue:asknow")
    told = await press(sam, asked.response, "queue:now")  # the first one pings nobody
    assert "1 post stays where it is." in said(told)
    assert await waiting(world) == before[1:]


async def test_free_days_are_skipped(world: World) -> None:
    await a_queue(world)
    queue = await queue_of(world)
    first, second = list(queue.slots(instants.now()))[:2]
    client = world.bot.services.client
    rules = await client.rules(str(world.guild.id))
    await client.save_rules(replace(rules, timezone="UTC", dark_days=(first.date(),)), str(world.admin.id))
    await added(world, "one")
    assert await waiting(world) == [("one", second)]


@pytest.mark.parametrize(
    ("slots", "told"),
    [("tomorrow at 9", "Slots repeat."), ("whenever", "You wrote:")],
)
async def test_slots_that_do_not_repeat_are_refused(world: World, slots: str, told: str) -> None:
    assert told in said(await a_queue(world, slots=slots))


async def test_only_those_who_manage_the_server_change_queues(world: World) -> None:
    await a_queue(world)
    queue = await queue_of(world)
    sam = await scheduler(world, send_messages=True)
    panel = await sam.slash(world.channel, "schedule queue")
    assert "Remove" not in labels(panel.response)
    for name in ("askremove", "remove", "edit"):
        told = await click(world, sam, "queue", name, queue.id)
        assert "Manage Server" in said(told)
    assert (await queue_of(world)).id == queue.id
    panel = await world.admin.slash(world.channel, "schedule queue")
    asked = await press(world.admin, panel.response, "queue:askremove")
    removed = await press(world.admin, asked.response, "queue:remove")
    assert "A queue has slots" in said(removed)
