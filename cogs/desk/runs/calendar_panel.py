"""``/schedule calendar``: a month or a week as a picture, as a list, and as a calendar file."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import discord
from discord import ui

from cogs import formats
from cogs.desk.jobs.lookup import rules_here
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.layout import fit, panel_of, row_of
from cogs.desk.kit.wording import NEUTRAL, bullets, cut, plain, run_state, state_word
from cogs.desk.runs.agenda import (
    Moment,
    Together,
    busiest_hour,
    moments,
    month_days,
    month_of,
    month_title,
    span_of,
    told_together,
    week_days,
    week_title,
)
from cogs.desk.runs.months import read_month
from cogs.guild_language import locale_of
from cogs.language import shown_locale, speaking, t, tn, translated, with_colon
from cogs.rights.public_jobs import has_hidden_part, is_public
from cogs.rights.rights import posting_in
from cogs.rights.timeouts import bot_timed_out
from cogs.services import Refused, spec_for
from schedulezero import instants
from schedulezero.client.dialect import JobQuery
from schedulezero.exchange.calendar_export import calendar_of
from schedulezero.instants import FIRST_YEAR, LAST_YEAR
from schedulezero.methods.permission_names import permission_words
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import GuildRules, Job, JobState, Run, RunState
from schedulezero.model.part import MAIN
from schedulezero.when.calendar.quiet_hours import days_off

_LISTED = 12
_TROUBLED = (RunState.FAILED, RunState.MISSED)
_MOST_JOBS = 2000
_MOST_RUNS = 1000
_Item = TypeVar("_Item", Job, Run)
_TARGET = re.compile(r"(\d{4}-\d{2}-\d{2})\.(month|week)")


async def show_calendar(desk: Desk, view: str = "month", month: str | None = None) -> None:
    """Answer ``/schedule calendar`` with the present month or week, or those of a month that was typed."""
    today = instants.now().astimezone(await _zone(desk)).date()
    if month is None:
        await _show(desk, today, view)
        return
    day = read_month(month, shown_locale(), today)
    if day is None:
        raise Refused(t("“{text}” isn't a month. Example: 2027-03.", text=plain(month[:60])))
    await _show(desk, day, view)


async def turn(desk: Desk, target: str) -> None:
    """Show another month or week; the target is ``<day>.<month or week>``."""
    await _show(desk, *_read(target))


async def post(desk: Desk, target: str) -> None:
    """Post the picture in the channel, with only the jobs that everyone in the server may see."""
    channel = desk.interaction.channel
    assert isinstance(channel, discord.abc.Messageable)
    for permission in (posting_in(channel), "attach_files"):
        named = {
            "channel": f"<#{desk.interaction.channel_id}>",
            "permission": translated(permission_words(permission)),
        }
        if not getattr(desk.interaction.permissions, permission):
            raise Refused(t("You can't do this in {channel}: you don't have *{permission}* there.", **named))
        if not getattr(desk.interaction.app_permissions, permission):
            if desk.guild.me.is_timed_out():
                raise Refused(translated(bot_timed_out(desk.guild.me)))
            raise Refused(t("I can't do this in {channel}. Give my role *{permission}* there.", **named))
    # What is for everyone speaks the guild's language, whoever posts it.
    with speaking(locale_of(desk.guild, await desk.memory.settings(desk.guild.id))):
        panel, files = await _build(desk, *_read(target), public=True)
    fit(panel)
    await channel.send(view=panel, files=files, allowed_mentions=discord.AllowedMentions.none())
    await desk.show(panel_of(ui.TextDisplay(t("Posted.")), colour=NEUTRAL))


def _read(target: str) -> tuple[date, str]:
    match = _TARGET.fullmatch(target)
    try:
        if match is None:
            raise ValueError
        day = date.fromisoformat(match[1])
        if not FIRST_YEAR < day.year < LAST_YEAR:
            raise ValueError
        return day, match[2]
    except ValueError:
        raise Refused(t("This button is from an older version of me. Use the command again.")) from None


async def _show(desk: Desk, day: date, view: str) -> None:
    panel, files = await _build(desk, day, view)
    await desk.show(panel, files)


async def _build(
    desk: Desk, day: date, view: str, *, public: bool = False
) -> tuple[ui.LayoutView, list[discord.File]]:
    zone, now = await _zone(desk, public=public), instants.now()
    begin = span_of(*(month_days(day) if view == "month" else _week(day)), zone)[0]
    jobs, more_jobs = await _jobs(desk)
    runs = await _runs(desk, begin) if begin < now else []
    if public:
        jobs, runs = await _public(desk, jobs, runs)
    rules = await rules_here(desk)
    seen = await asyncio.to_thread(_seen, jobs, runs, day, view, zone, now, rules)
    file = await asyncio.to_thread(
        calendar_of, jobs, name=desk.guild.name, now=now, texts=not public, zone=zone
    )
    notes: list[str] = []
    if more_jobs:
        notes.append(t("Shows only the next {count} jobs.", count=_MOST_JOBS))
    if not seen.whole:
        notes.append(t("Some jobs run so often that only their first runs are shown here."))
    if file.left_out:
        notes.append(
            tn(
                "{count} job doesn't fit in the calendar file.",
                "{count} jobs don't fit in the calendar file.",
                file.left_out,
            )
        )
    files = [
        discord.File(BytesIO(seen.picture), "calendar.png"),
        discord.File(BytesIO(file.data), "calendar.ics"),
    ]
    if public:
        notes.append(t("Shows only jobs in channels that everyone here can see."))
    return _panel(seen, day, view, zone, now, notes=notes, public=public), files


@dataclass(frozen=True, slots=True)
class _Seen:
    """A month or a week to show: a picture, its description, and a list."""

    title: str
    picture: bytes
    described: str
    listed: str
    whole: bool


def _seen(
    jobs: list[Job],
    runs: list[Run],
    day: date,
    view: str,
    zone: ZoneInfo,
    now: datetime,
    rules: GuildRules | None,
) -> _Seen:
    """Compute everything slow about a view; runs in a thread."""
    from cogs.desk.kit.pictures import month_png

    first, last = month_days(day) if view == "month" else _week(day)
    agenda = moments(jobs, runs, *span_of(first, last, zone), now, rules)
    month = month_of(
        agenda.moments,
        day,
        zone,
        locale=shown_locale(),
        today=now.astimezone(zone).date(),
        dark=days_off(rules, first, last),
        busy=t("Busy hours"),
        more=t("+{count} more"),
        words={**{state: state_word(state) for state in RunState}, None: t("upcoming")},
    )
    title = month_title(day, shown_locale()) if view == "month" else week_title(first, last, shown_locale())
    return _Seen(
        title=title,
        picture=month_png(month, week_of=None if view == "month" else day),
        described=_described(title, agenda.moments, zone),
        listed=_listed(agenda.moments, zone, now),
        whole=agenda.whole,
    )


def _panel(
    seen: _Seen, day: date, view: str, zone: ZoneInfo, now: datetime, *, notes: list[str], public: bool
) -> ui.LayoutView:
    first, last = month_days(day) if view == "month" else _week(day)
    gallery: ui.MediaGallery[Any] = ui.MediaGallery()
    gallery.add_item(media="attachment://calendar.png", description=seen.described)
    items: list[ui.Item[Any]] = [
        ui.TextDisplay(f"### {t('Calendar: {span}', span=seen.title)}\n-# {zone.key}"),
        gallery,
        ui.TextDisplay(seen.listed),
    ]
    if notes:
        items.append(ui.TextDisplay("\n".join(f"-# {note}" for note in notes)))
    items.append(ui.File("attachment://calendar.ics"))
    if not public:
        other, label = ("week", t("Week")) if view == "month" else ("month", t("Month"))
        today = now.astimezone(zone).date().isoformat()
        items.append(
            row_of(
                DeskButton("calendar", "show", f"{first - timedelta(days=1)}.{view}", t("Earlier")),
                DeskButton("calendar", "show", f"{last + timedelta(days=1)}.{view}", t("Later")),
                DeskButton("calendar", "show", f"{today}.{other}", label),
                DeskButton("calendar", "post", f"{day}.{view}", t("Post it here for everyone")),
                DeskButton("feeds", "show", "guild", t("Subscribe")),
            )
        )
    return panel_of(*items, colour=NEUTRAL)


def _week(day: date) -> tuple[date, date]:
    return week_days(day, formats.first_weekday(shown_locale()))


def _described(title: str, found: list[Moment], zone: ZoneInfo) -> str:
    """Describe the picture in words."""
    said = f"{with_colon(title)} {tn('{count} run', '{count} runs', len(found))}."
    busiest = busiest_hour(found, zone)
    if busiest is not None:
        hour, count = busiest
        at = formats.clock(time(hour), shown_locale())
        said += f" {t('Busiest hour: {hour} ({count}).', hour=at, count=count)}"
    if troubled := sum(moment.state in _TROUBLED for moment in found):
        said += f" {tn('{count} failed or missed.', '{count} failed or missed.', troubled)}"
    return cut(said, 1000)


def _listed(found: list[Moment], zone: ZoneInfo, now: datetime) -> str:
    """List the upcoming runs, after the last failed and missed ones, in the zone of the picture."""
    troubled = told_together((moment for moment in found if moment.state in _TROUBLED), zone)
    coming = told_together((moment for moment in found if moment.at > now), zone)
    lines = [
        f"- {run_state(one.first.state)} {_named(one, zone)}" for one in troubled[-4:] if one.first.state
    ]
    lines += bullets([f"{'⏭ ' if one.first.state else ''}{_named(one, zone)}" for one in coming], _LISTED)
    return "\n".join(lines) or t("There are no upcoming runs in this period.")


def _named(together: Together, zone: ZoneInfo) -> str:
    first, last = (m.at.astimezone(zone).replace(second=0) for m in (together.first, together.last))
    when = f"{formats.weekday(first, shown_locale())}, {formats.moment(first, shown_locale())}"
    if last.time() > first.time():
        when += f"–{formats.clock(last.time(), shown_locale())}"
    if together.count > 1:
        when += f", {t('{count} times', count=together.count)}"
    return f"{when} · {cut(plain(together.first.title), 60)}"


async def _zone(desk: Desk, *, public: bool = False) -> ZoneInfo:
    """Return the zone of the picture, its list and its file: the reader's, or for everyone the guild's."""
    return ZoneInfo(await desk.services.timezone_of(0, desk.guild.id) if public else await desk.zone())


async def _jobs(desk: Desk) -> tuple[list[Job], bool]:
    found: list[Job] = []
    query = JobQuery(state=JobState.ACTIVE)
    async for job in desk.client.all_jobs(desk.guild_id, query):
        if len(found) == _MOST_JOBS:
            return found, True
        found.append(job)
    return found, False


async def _public(desk: Desk, jobs: list[Job], runs: list[Run]) -> tuple[list[Job], list[Run]]:
    """Return the jobs and runs that everyone may see, with all their parts."""
    specs: dict[str, MethodSpec | None] = {}

    def spec(method: str) -> MethodSpec | None:
        if method not in specs:
            specs[method] = spec_for(desk.bot, method)
        return specs[method]

    async def turns(items: Iterable[_Item]) -> AsyncIterator[_Item]:
        for number, item in enumerate(items):
            if number % 50 == 0:
                await asyncio.sleep(0)  # there may be thousands
            yield item

    hidden = {
        job.id
        async for job in turns(jobs)
        if has_hidden_part(((spec(part.method), part.params) for part in job.parts), desk.guild)
    }
    hidden |= {
        run.job_id
        async for run in turns(runs)
        if run.part not in (None, MAIN) and has_hidden_part([(spec(run.method), run.params)], desk.guild)
    }

    async def seen(items: Iterable[_Item], job_id: Callable[[_Item], str]) -> list[_Item]:
        return [
            item
            async for item in turns(items)
            if job_id(item) not in hidden and is_public(spec(item.method), item.params, desk.guild)
        ]

    return await seen(jobs, lambda job: job.id), await seen(runs, lambda run: run.job_id)


async def _runs(desk: Desk, begin: datetime) -> list[Run]:
    """Return the guild's runs since an instant, newest first, up to a bound."""
    found: list[Run] = []
    cursor: str | None = None
    while len(found) < _MOST_RUNS:
        page = await desk.client.runs(desk.guild_id, cursor=cursor, limit=200)
        found += [run for run in page.runs if run.scheduled_at >= begin]
        cursor = page.next_cursor
        if cursor is None or page.runs[-1].scheduled_at < begin:
            break
    return found


PANELS = (Panel("calendar", clicks={"show": turn, "post": post}),)
