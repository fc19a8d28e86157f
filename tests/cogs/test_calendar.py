"""The calendar's picture and file, and jobs as files: out, in, and what is refused by its line."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import discord
import pytest
from icalendar import Calendar
from PIL import Image

from benchmarks.growing import grow
from cogs.desk.kit.pictures import SMALLEST, WIDTH, Bar, drawable, month_png, timeline_png
from cogs.desk.runs.agenda import (
    MOST,
    Moment,
    busiest_hour,
    moments,
    month_days,
    month_of,
    span_of,
    told_together,
    week_days,
)
from schedulezero import instants
from schedulezero.exchange.calendar_export import MOST_EVENTS, calendar_of
from schedulezero.instants import to_iso
from schedulezero.model import GuildRules, Job, Run, RunState, Trigger
from schedulezero.model.part import Part
from schedulezero.when.calendar.triggers import schedule_of
from tests.support.acting import a_job, scheduler
from tests.support.calendars import entries, imported
from tests.support.granting import give_the_bot
from tests.support.loop_watch import held_at_most, watched_loop
from tests.support.private_threads import ended
from tests.support.scheduling import scheduled
from tests.support.text import text_of
from tests.support.world import World, labels, said

BERLIN = ZoneInfo("Europe/Berlin")


async def file_of(result: Any, ending: str) -> bytes:
    message = result.response
    found = next(item for item in message.attachments if item.filename.endswith(ending))
    return await found.read()


@pytest.mark.long
async def test_the_calendar_shows_a_picture_with_words_and_a_file(world: World) -> None:
    await scheduled(world, "Morning", "every day at 9")
    shown = await world.admin.slash(world.channel, "schedule calendar")
    text = said(shown)
    assert "Calendar: " in text and "Morning" in text
    assert labels(shown.response) == ["Earlier", "Later", "Week", "Post it here for everyone", "Subscribe"]
    names = sorted(item.filename for item in shown.response.attachments)  # type: ignore[union-attr]
    assert names == ["calendar.ics", "calendar.png"]
    await world.admin.click(shown.response, label="Later")  # type: ignore[arg-type]
    await world.admin.click(shown.response, label="Week")  # type: ignore[arg-type]
    assert "–" in text_of(shown.response).splitlines()[0]
    await world.admin.click(shown.response, label="Post it here for everyone")  # type: ignore[arg-type]
    assert "Posted." in text_of(shown.response)
    public = [message for message in world.channel.history() if message.attachments]
    assert public and not public[-1].flags.ephemeral


@pytest.mark.long
@pytest.mark.parametrize("lacking", ["send_messages", "attach_files"])
async def test_the_calendar_is_posted_by_who_may_post_files_there(world: World, lacking: str) -> None:
    rights = dict.fromkeys(
        ("manage_guild", "view_channel", "use_application_commands", "send_messages", "attach_files"), True
    )
    role = world.guild.create_role("Few", permissions=discord.Permissions(**{**rights, lacking: False}))
    world.env.backend.edit_role(world.guild.id, world.guild.id, {"permissions": 0})
    few = world.guild.add_member(world.env.create_user("few"), roles=[role])
    await world.env.settle()
    shown = await few.slash(world.channel, "schedule calendar")
    answer = await few.click(shown.response, label="Post it here for everyone")  # type: ignore[arg-type]
    assert f"you don't have *{lacking.replace('_', ' ').title()}*" in said(answer)
    assert not [message for message in world.channel.history() if message.attachments]


@pytest.mark.long
async def test_what_is_posted_for_all_holds_only_what_all_can_see(world: World) -> None:
    sam = await scheduler(world)
    give_the_bot(world, discord.Permissions(administrator=True))
    nobody: dict[Any, discord.PermissionOverwrite] = {
        world.guild.default_role: discord.PermissionOverwrite(view_channel=False)
    }
    hidden = world.guild.create_text_channel("council", overwrites=nobody)
    await world.env.settle()
    channel: Any = world.bot.get_channel(world.channel.id)
    private = await channel.create_thread(name="p", type=discord.ChannelType.private_thread)
    public = await channel.create_thread(name="q", type=discord.ChannelType.public_thread)
    await world.env.settle()
    daily = Trigger("cron", {"hour": 9})
    both = {"channel_ids": [str(world.channel.id), str(hidden.id)], "message": "x"}
    for name, method, params in (
        ("Open", "send_announcement", {"channel_id": str(world.channel.id), "message": "Textual"}),
        ("Threaded", "send_announcement", {"channel_id": str(public.id), "message": "x"}),
        ("Layoffs", "send_announcement", {"channel_id": str(hidden.id), "message": "x"}),
        ("Whisper", "send_announcement", {"channel_id": str(private.id), "message": "x"}),
        ("Partly", "send_to_multiple_channels", both),
        ("Psst", "send_dm", {"user_id": str(world.plain.id), "message": "x"}),
        ("Hook", "call_web", {"url": "https://example.org"}),
        ("Leaky", "send_announcement", {"channel_id": str(world.channel.id), "message": "x"}),
    ):
        parts = [("t1", str(hidden.id))] if name == "Leaky" else [("t1", str(public.id))] * (name == "Open")
        parts = tuple(
            Part(p, "send_announcement", {"channel_id": c, "message": "x"}, timedelta(hours=1))
            for p, c in parts
        )
        job = await a_job(world, name=name, method=method, params=params, trigger=daily, parts=parts)
        if name in ("Open", "Layoffs"):
            await world.bot.services.client.run(job, str(world.admin.id))
            await ended(world, job)
    shown = await sam.slash(world.channel, "schedule calendar")
    assert "Layoffs" in said(shown) and b"Textual" in await file_of(shown, "ics")
    await sam.click(shown.response, label="Post it here for everyone")  # type: ignore[arg-type]
    posted = next(message for message in reversed(world.channel.history()) if message.attachments)
    file = (await next(a for a in posted.attachments if a.filename.endswith("ics")).read()).decode()
    for name, wanted in {
        "Open": True, "Threaded": True, "Layoffs": False, "Whisper": False, "Partly": False, "Psst": False,
        "Hook": False, "Leaky": False,
    }.items():  # fmt: skip
        assert (name in text_of(posted)) is wanted and (f"SUMMARY:{name}" in file) is wanted, name
    assert "Textual" not in file and "Textual" not in text_of(posted)
    assert "Shows only jobs in channels that everyone here can see." in text_of(posted)


def test_a_month_is_drawn_whatever_names_there_are() -> None:
    jobs = [
        Job(str(number), "h", "m", {}, Trigger("cron", {"hour": number, "minute": 30}), name=name,
            timezone="Europe/Berlin", anchor_at=NOW, next_run_at=NOW)
        for number, name in enumerate(NAMES, 8)
    ]  # fmt: skip
    runs = [
        Run("1", "h", "m", {}, NOW - timedelta(days=offset), state, name="Past")
        for offset, state in enumerate(RunState)
    ]
    first, last = month_days(date(2026, 11, 24))
    begin, end = span_of(first, last, BERLIN)
    rules = GuildRules("1", "Europe/Berlin", dark_days=(date(2026, 11, 26),))
    agenda = moments(jobs, runs, begin, end, NOW, rules)
    found = agenda.moments
    assert agenda.whole
    assert sum(moment.state is RunState.SKIPPED and moment.at > NOW for moment in found) == len(jobs)
    month = month_of(
        found, first, BERLIN, locale="de", today=date(2026, 11, 24), dark=rules.dark_days,
        busy="Stoßzeiten", more="+{count} weitere", words=WORDS,
    )  # fmt: skip
    assert month.title == "November 2026" and month.weekdays[0] == "Mo."
    for picture in (month_png(month), month_png(month, week_of=date(2026, 11, 24))):
        image = Image.open(BytesIO(picture))
        assert image.format == "PNG" and image.width == WIDTH and len(picture) < 500_000


NOW = datetime(2026, 11, 24, 7, tzinfo=ZoneInfo("UTC"))
WORDS: dict[RunState | None, str] = {None: "geplant", **{state: state.value for state in RunState}}
NAMES = ["Game night", "🎲🎲", "مرحبا بالعالم", "日本語の名前", "x" * 100, "\u202eRTL", ""]


def test_spans_follow_the_clock_of_the_zone() -> None:
    assert week_days(date(2026, 11, 24)) == (date(2026, 11, 23), date(2026, 11, 29))
    begin, end = span_of(date(2026, 3, 29), date(2026, 3, 29), BERLIN)
    assert end - begin == timedelta(hours=23)  # the clocks go forward
    assert busiest_hour([], BERLIN) is None
    assert busiest_hour([Moment(NOW, "a"), Moment(NOW, "b")], BERLIN) == (8, 2)


def test_the_history_is_drawn() -> None:
    bars = [
        Bar(state, timedelta(seconds=number) if number else None) for number, state in enumerate(RunState)
    ]
    image = Image.open(BytesIO(timeline_png(bars, {state: state.value for state in RunState})))
    assert image.width == WIDTH and image.height < 400
    assert drawable("9:15\u202fAM") == "9:15 AM"
    assert drawable("a\u202eb\nc") == "ab c" or drawable("a\u202eb\nc") == "abc"


def test_a_phone_shows_a_pictures_letters_ten_pixels_high_at_least() -> None:
    assert SMALLEST * 265 / WIDTH > 10


def test_a_job_that_runs_many_times_on_a_day_is_told_once() -> None:
    hourly = [Moment(NOW + timedelta(hours=n), "Hourly", job_id="1") for n in range(20)]
    others = [Moment(NOW + timedelta(hours=n), "Twice", job_id="2") for n in (1, 2)]
    same_name = [Moment(NOW, "Hourly", RunState.FAILED, job_id="1")]
    told = told_together([*hourly, *others, *same_name], BERLIN)
    assert [(one.first.title, one.first.state, one.count) for one in told] == [
        ("Hourly", None, 16),  # until midnight in Berlin
        ("Hourly", RunState.FAILED, 1),
        ("Twice", None, 1),
        ("Twice", None, 1),
        ("Hourly", None, 4),
    ]
    at_once = [Moment(NOW, "At once", job_id="3")] * 3
    month = month_of(
        [*hourly, *at_once], date(2026, 11, 24), BERLIN, locale="en-US", today=date(2026, 11, 24), dark=(),
        busy="", more="", words=WORDS,
    )  # fmt: skip
    entries = [(drawable(entry.clock), entry.count) for entry in month.entries[date(2026, 11, 24)]]
    assert entries == [("8:00 AM–11:00 PM", 16), ("8:00 AM", 3)]


async def test_the_calendars_list_tells_an_hourly_job_in_a_line_for_each_day(world: World) -> None:
    await scheduled(world, "Chime", "every hour from 9 to 23")
    text = said(await world.admin.slash(world.channel, "schedule calendar"))
    days = [line for line in text.splitlines() if line.startswith("- ") and "Chime" in line]
    assert days and len(days) <= 12 and len({line.split(",")[1] for line in days}) == len(days)


@pytest.mark.parametrize("kind", ["yaml", "ics"])
async def test_an_export_holds_everything(world: World, kind: str) -> None:
    await scheduled(world, "Game night", "every friday at 19:00")
    await scheduled(world, "Book club", "every other thursday at 18:00")
    shown = await world.admin.slash(world.channel, "schedule export", kind=kind)
    assert "2 jobs are in this file." in said(shown)
    data = (await file_of(shown, kind)).decode()
    if kind == "yaml":
        assert "when: every Friday at 19:00" in data and "message: Game night" in data
    else:
        events: Any = Calendar.from_ical(data)
        assert len(events.walk("VEVENT")) == 2


@pytest.mark.long
async def test_an_import_says_first_what_it_would_do_and_each_bad_entry_by_its_line(world: World) -> None:
    bad = {
        3: "- name: Wrong time\n  do: send_announcement\n  when: on blursday\n"
           f'  with: {{channel_id: "{world.channel.id}", message: x}}',
        8: "- name: Unknown\n  do: make_coffee\n  when: every day at 9",
        15: "- name: Elsewhere\n  do: send_announcement\n  when: every day at 9\n"
            '  with: {channel_id: "1", message: x}',
    }  # fmt: skip
    shown = await imported(world, entries(world, 20, bad))
    text = said(shown)
    assert "17 jobs can be imported" in text and "3 entries can't be imported" in text
    assert "Line 20: “blursday” in “on blursday” was not understood." in text
    assert "Line 48: There is no kind of job called “make\\_coffee” at the moment." in text
    assert "Line 87:" in text and "isn't in this server" in text
    client, guild_id = world.bot.services.client, str(world.guild.id)
    assert not (await client.jobs(guild_id)).jobs
    await world.admin.click(shown.response, label="Import 17 jobs")
    assert "17 jobs were imported." in text_of(shown.response)
    assert len([job async for job in client.all_jobs(guild_id)]) == 17
    await world.admin.click(shown.response, label="Undo")
    assert "17 imported jobs were cancelled." in text_of(shown.response)
    assert not (await client.jobs(guild_id)).jobs


@pytest.mark.long
async def test_a_calendar_file_becomes_posts_in_a_channel(world: World) -> None:
    start = "DTSTART;TZID=Europe/Berlin:20990105T093000"
    event = f"BEGIN:VEVENT\nSUMMARY:Stand-up\n{start}\nRRULE:FREQ=WEEKLY\nEND:VEVENT"
    shown = await imported(world, f"BEGIN:VCALENDAR\nVERSION:2.0\n{event}\nEND:VCALENDAR\n", "team.ics")
    assert "1 job can be imported" in said(shown) and "every Monday at 09:30" in said(shown)


@pytest.mark.parametrize(
    "text", ["", "\x00\x01", "jobs: 1", "- {do: send_announcement, when: every day, with: {x: 1}}"]
)
async def test_a_file_that_is_none_is_told_in_words(world: World, text: str) -> None:
    shown = await imported(world, text or " ")
    assert "0 jobs can be imported" in said(shown) and "Line 1:" in said(shown)


async def test_what_changed_since_the_dry_run_counts(world: World) -> None:
    doomed = world.guild.create_text_channel("doomed")
    text = entries(world, 2, {}).replace(str(world.channel.id), str(doomed.id), 1)
    shown = await imported(world, text)
    assert "2 jobs can be imported" in said(shown)
    world.env.backend.delete_channel(doomed.id)
    await world.env.settle()
    await world.admin.click(shown.response, label="Import 2 jobs")
    result = text_of(shown.response)
    assert "1 job was imported." in result and "isn't in this server" in result


EACH_MINUTE = Trigger("cron", {"minute": "*", "timezone": "Europe/Berlin"})
SELDOM = Trigger("calendar", {"crontab": "*/7 * 13 * 5", "timezone": "Europe/Berlin"})
WEEKLY = Trigger("cron", {"day_of_week": "mon", "hour": 9, "timezone": "Europe/Berlin"})


def many(count: int, trigger: Trigger, guild_id: str = "1", **params: Any) -> list[Job]:
    return [
        Job(f"{trigger.type}{number}", "h", "send_announcement", params, trigger, name=f"Job {number}",
            timezone="Europe/Berlin", anchor_at=NOW, guild_id=guild_id, creator_id="2",
            next_run_at=schedule_of(trigger, anchor=NOW, zone="Europe/Berlin").next_after(NOW))
        for number in range(count)
    ]  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("trigger", [EACH_MINUTE, SELDOM, Trigger("interval", {"minutes": 1})])
def test_what_a_month_works_out_is_bounded_whatever_runs_in_it(trigger: Trigger) -> None:
    begin, end = span_of(*month_days(date(2026, 11, 24)), BERLIN)
    agenda = moments([*many(2000, trigger), *many(1, WEEKLY)], [], begin, end, NOW, None)
    assert len(agenda.moments) <= MOST and not agenda.whole
    titles = Counter(moment.title for moment in agenda.moments)
    assert len(titles) == 2000 and min(titles.values()) >= 1  # each has its turns
    few = moments(many(1, WEEKLY), [], begin, end, NOW, None)
    assert few.whole and [moment.at.day for moment in few.moments] == [30]


@pytest.mark.long
@pytest.mark.parametrize("trigger", [EACH_MINUTE, SELDOM, WEEKLY])
def test_what_a_calendar_file_holds_is_bounded(trigger: Trigger) -> None:
    jobs = many(4000, trigger, message="x" * 4000)
    file = calendar_of(jobs, name="Moonbase", now=NOW)
    events: Any = Calendar.from_ical(file.data)
    held = len(events.walk("VEVENT"))
    assert 0 < held <= MOST_EVENTS and file.left_out == 4000 - held
    assert len(file.data) < 8_000_000
    assert calendar_of(jobs[:3], name="Moonbase", now=NOW).left_out == 0


@pytest.mark.long
@pytest.mark.sqlite
async def test_two_thousand_jobs_each_minute_leave_the_loop_alone(world: World) -> None:
    client, guild_id = world.bot.services.client, str(world.guild.id)
    later = to_iso(instants.now() + timedelta(hours=3))
    trigger = Trigger("calendar", {"cron": {"minute": "*"}, "starting": later, "timezone": "Europe/Berlin"})
    (job,) = many(1, trigger, guild_id, channel_id=str(world.channel.id), message="Hello")
    await client.create(replace(job, id="", handler_id=world.bot.services.handler_id))
    grow(Path(world.settings.database), 2000)
    async with watched_loop() as busy:
        shown = await world.admin.slash(world.channel, "schedule calendar")
        await world.admin.click(shown.response, label="Later")  # type: ignore[arg-type]
        assert "only their first runs are shown" in text_of(shown.response)
        for kind in ("yaml", "ics"):
            shown = await world.admin.slash(world.channel, "schedule export", kind=kind)
            assert "2,000 jobs are in this file." in said(shown)
        await world.admin.slash(world.channel, "schedule list")
    assert max(busy) < held_at_most()
