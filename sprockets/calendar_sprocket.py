"""Jobs that follow somebody's calendar: Google's, Outlook's, Nextcloud's, Teamup's, any iCalendar feed.

`follow_calendar` looks at the calendar as often as it runs. It plans a post before each event, as a job of
its own on the server, so that posts come at their exact time between two looks and whoever dies
(`schedulezero.following.announcements`); and it keeps Discord's own events in step. `announce_event` is such
a post; `send_agenda` lists what a day or a week brings.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import discord
from discord.ext import commands
from pydantic import Field

from schedulezero import instants
from schedulezero.errors import JobFailed, NotFound, ParameterError
from schedulezero.exchange.occurrences import Occurrence
from schedulezero.following.announcements import plan
from schedulezero.following.emptying import confirmed
from schedulezero.following.event_text import DEFAULT, agenda_text, check_template, event_text, stamp
from schedulezero.following.followed import Followed
from schedulezero.following.leads import LONGEST, read_leads
from schedulezero.handler.run_context import current_run
from schedulezero.instants import first_instant_at_or_after
from schedulezero.methods.annotations import OnlyWith
from schedulezero.methods.host import host_of
from schedulezero.methods.spec import Need, in_channel
from schedulezero.methods.typed import ChannelId, GuildId, LongText, SecretUrl, Text, job
from schedulezero.model import JobState
from schedulezero.sentences import Sentence, all_in_a_row, counted
from schedulezero.web.address import AddressUnusable
from schedulezero.web.feed import feed_address
from schedulezero.web.outgoing import CALLING
from sprockets.kit.calendar_feeds import (
    SHORTEST,
    Source,
    agenda_between,
    failed,
    followed_by,
    is_told,
    keep,
    key_of,
    present,
    read,
    rests,
    still_failing,
    tell_it_is_back,
)
from sprockets.kit.calendar_mirror import Mirrored, mirror
from sprockets.kit.calendar_posts import plan_posts
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.lookups import channel_of, guild_of
from sprockets.kit.messages import expect_texts, mentions, text_for, turn_for
from sprockets.kit.posting import post
from sprockets.kit.results import success
from sprockets.kit.turns import turn

_LONGEST_TEXT = 1500
_SHOWN = 5
_LONGEST_SHOWN = 250
_Words = Annotated[Text, Field(max_length=200)]


@job(
    needs=(
        CALLING,
        *in_channel("channel_id", "send_messages"),
        Need("manage_events", when="make_events", of="person"),
        Need("create_events", when="make_events", of="bot"),
        Need("manage_events", when="make_events", of="invite"),
    ),
    pings=("text",),
    groups={
        "calendar": ("calendar_url", "channel_id", "before", "text"),
        "which_events": ("only", "without"),
        "discord_events": ("make_events", "days"),
    },
    resumable=True,
    pace=SHORTEST,
    usual="every 15 minutes",
    watches=True,
)
async def follow_calendar(
    bot: commands.Bot,
    guild_id: GuildId,
    calendar_url: SecretUrl,
    channel_id: ChannelId | None = None,
    before: Annotated[Text, Field(max_length=100)] = "",
    text: Annotated[LongText, Field(max_length=_LONGEST_TEXT)] = "",
    only: _Words = "",
    without: _Words = "",
    make_events: bool = False,
    days: Annotated[int, Field(ge=1, le=60), OnlyWith("make_events")] = 14,
) -> dict[str, Any]:
    """Follow a calendar: post before its events, and keep Discord events in sync.

    Params:
        guild_id: The server
        calendar_url: Its secret address, https or webcal, ending in .ics
        channel_id: Where to post before each event. If left out, nothing is posted
        before: How long before each event, such as 1 day, 15 minutes, 0. Leave it out to post at the start
        text: What to post, with {title} {start} {end} {location} {description} {link}
        only: Only events with one of these words or categories, separated by commas
        without: Leave out events with any of these words or categories
        make_events: Create, move and cancel Discord events to match the calendar
        days: How many days ahead to create Discord events
    """
    guild = guild_of(bot, guild_id)
    leads = _expect_usable(bot, calendar_url, channel_id, before, text, make_events=make_events)
    job_id = current_run().job_id
    if job_id is None:
        raise JobFailed("Only a job can follow a calendar.", retry=False, code="calendar_needs_job")
    async with turn(f"calendar:{key_of(job_id)}"):
        known = await followed_by(bot, job_id)
        source = Source(calendar_url, only, without)
        told = list[str]()
        now = present()
        until = now + max(timedelta(days=days), LONGEST + timedelta(days=3))
        if rests(known) and known.failing is not None:
            told.append(still_failing(known.failing))
        else:
            try:
                found = await read(bot, source, now, until, known)
            except JobFailed as error:
                known = failed(known, error)
                await keep(bot, job_id, known)
                if not is_told(known) or known.failing is None:
                    raise
                told.append(still_failing(known.failing))
            else:
                if known.failing is not None:
                    await tell_it_is_back(bot, guild, known, _expect_address(bot, calendar_url))
                known = replace(confirmed(known, found, now), failing=None)
        params = {"channel_id": str(channel_id or ""), "text": text}
        what = hashlib.sha256(json.dumps([params, only, without]).encode()).hexdigest()
        known, refused = await plan_posts(bot, guild, known, leads if channel_id else (), what, params)
        did = Mirrored()
        if make_events and not told:
            did = await mirror(bot, guild, known.agenda, now + timedelta(days=days))
    return _result(known, told, refused, did)


def _result(known: Followed, told: list[str], refused: list[str], did: Mirrored) -> dict[str, Any]:
    coming = [item for item in known.agenda.occurrences if item.starts > present()]
    waiting = sum(item.counts and item.at > present() for item in known.planned)
    said: list[str | None] = [
        *told,
        Sentence(
            "Upcoming events: {events}. Posts planned: {posts}.",
            "calendar_followed",
            events=len(coming),
            posts=waiting,
        ),
    ]
    if known.emptied:
        said.append(
            Sentence(
                "The calendar suddenly has no events left. If that's still the case at the next check, "
                "its posts and Discord events will be cancelled.",
                "calendar_emptied",
            )
        )
    if did.number:
        said.append(
            Sentence(
                "Discord events: {made} created, {changed} changed, {cancelled} cancelled.",
                "events_mirrored",
                made=did.made,
                changed=did.changed,
                cancelled=did.cancelled,
            )
        )
    if did.left_out:
        said.append(
            Sentence(
                "Events left out because Discord allows no more: {count}.",
                "events_left_out",
                count=did.left_out,
            )
        )
    if known.agenda.unread:
        said.append(
            Sentence(
                "Calendar events that couldn't be read: {count}.",
                "calendar_events_unread",
                count=len(known.agenda.unread),
            )
        )
    refused = [*refused, *did.refused]
    said += refused[:3]
    partial = bool(told or refused or did.left_out or known.agenda.unread or known.emptied)
    return success(all_in_a_row(*said), **({"partial": True} if partial else {}))


def _expect_usable(
    bot: object, calendar_url: str, channel_id: int | None, before: str, text: str, *, make_events: bool
) -> tuple[timedelta, ...]:
    """Return how long before each event to post. Raises JobFailed if the job can't do anything as it is."""
    _expect_address(bot, calendar_url)
    if channel_id is None and not make_events:
        raise JobFailed(
            "Choose a channel to post in, or have Discord events created.",
            retry=False,
            code="calendar_does_nothing",
        )
    try:
        check_template(text)
        return read_leads(before)
    except ParameterError as error:
        raise JobFailed(error.message, retry=False) from error


def _expect_address(bot: object, calendar_url: str) -> str:
    """Return the host of a calendar. Raises JobFailed for an address that can't be followed."""
    try:
        return feed_address(calendar_url, allow_private=host_of(bot).services.private_calls).host
    except AddressUnusable as error:
        raise JobFailed(error.message, retry=False) from error


@follow_calendar.check
async def _check_follow(
    bot: commands.Bot,
    calendar_url: str,
    channel_id: int | None,
    before: str,
    text: str,
    make_events: bool,
    **_: Any,
) -> None:
    _expect_usable(bot, calendar_url, channel_id, before, text, make_events=make_events)


@follow_calendar.preview
async def _follow_preview(
    bot: commands.Bot,
    calendar_url: str,
    channel_id: int | None,
    before: str,
    text: str,
    make_events: bool,
    days: int,
    **_: Any,
) -> str:
    """Say what it does with the calendar."""
    leads = _expect_usable(bot, calendar_url, channel_id, before, text, make_events=make_events)
    host = _expect_address(bot, calendar_url)
    said: list[str | None] = [Sentence("Follows the calendar at {host}.", "calendar_would_follow", host=host)]
    if channel_id is not None:
        said.append(
            Sentence(
                "Posts in {channel} {count} times for each event.",
                "calendar_would_post_often",
                channel=f"<#{channel_id}>",
                count=len(leads),
            )
            if len(leads) > 1
            else Sentence(
                "Posts in {channel} for each event.", "calendar_would_post", channel=f"<#{channel_id}>"
            )
        )
    if make_events:
        said.append(
            counted(
                "Keeps Discord events in sync with the calendar, one day ahead.",
                "Keeps Discord events in sync with the calendar, {count} days ahead.",
                "calendar_would_mirror",
                count=days,
            )
        )
    said.append(
        Sentence(
            "It checks the calendar as soon as you confirm, even in quiet hours and on "
            "days off. Its posts still respect both.",
            "calendar_would_look",
        )
    )
    return all_in_a_row(*said)


@follow_calendar.dry_run
async def _follow_dry_run(
    bot: commands.Bot,
    guild_id: int,
    calendar_url: str,
    channel_id: int | None,
    before: str,
    text: str,
    only: str,
    without: str,
    **_: Any,
) -> str:
    """Read the calendar, and show its next events, and the next post about one."""
    now = instants.now()
    agenda = await agenda_between(bot, Source(calendar_url, only, without), now, now + timedelta(days=14))
    listed = await _listed(bot, guild_of(bot, guild_id), list(agenda.occurrences[:_SHOWN]), "")
    leads = read_leads(before) if channel_id is not None else ()
    coming = plan((), job_id="", what="", items=agenda.occurrences, leads=leads, now=now, since=None)
    posts = [
        (item.starts - lead, item)
        for item in agenda.occurrences
        for lead in leads
        if item.starts - lead > now
    ]
    if not posts:
        return listed
    at, item = min(posts, key=lambda post: post[0])
    shown = event_text(text or DEFAULT, item)
    shown = f"{shown[:_LONGEST_SHOWN]}…" if len(shown) > _LONGEST_SHOWN else shown
    return Sentence(
        "The next post, {when}:\n{text}\nPosts planned: {count}. The next events:\n{events}",
        "calendar_would_show",
        when=stamp(at, "R"),
        text="\n".join(f"> {line}" for line in shown.split("\n")),
        count=len(coming),
        events=listed,
    )


@job(
    needs=in_channel("channel_id", "send_messages"),
    pings=("text",),
    resumable=True,
    internal=True,
)
async def announce_event(
    bot: commands.Bot,
    calendar: Annotated[Text, Field(max_length=255)],
    event: Annotated[Text, Field(max_length=64)],
    channel_id: ChannelId,
    text: Annotated[LongText, Field(max_length=_LONGEST_TEXT)] = "",
) -> dict[str, Any]:
    """Post about an event from a calendar that another job follows.

    Params:
        calendar: The job that follows the calendar
        event: The event
        channel_id: Where to post
        text: What to post
    """
    item, job_ids = await _announced(bot, calendar, event, channel_id)
    if item is None:
        said = Sentence(
            "The calendar no longer has this event at this time, or isn't followed any more, so nothing "
            "was posted.",
            "event_not_announced",
        )
        return success(said)
    if await _is_posted(bot, job_ids):
        return success(
            Sentence("This was already posted, so it wasn't posted again.", "event_posted_already")
        )
    channel = await channel_of(bot, channel_id)
    template = text or DEFAULT
    sent = await post(
        channel,
        f"#{channel.name}",
        content=event_text(template, item),
        # What the calendar says pings nobody: only what stands in the template does.
        allowed_mentions=mentions(template, channel=channel),
    )
    return {"success": True, **sent}


@announce_event.preview
async def _announce_preview(bot: commands.Bot, calendar: str, event: str, text: str, **_: Any) -> str:
    """Return the post as it will look, as far as the calendar is known."""
    # Who writes such a job may name another guild's calendar.
    await host_of(bot).services.client.job(calendar, current_run().guild_id)
    known = await followed_by(bot, calendar)
    item = next((each for each in known.agenda.occurrences if each.key == event), None)
    if item is None:
        return Sentence("The calendar no longer has this event.", "event_gone")
    return event_text(text or DEFAULT, item)


async def _announced(
    bot: commands.Bot, calendar: str, event: str, channel_id: int
) -> tuple[Occurrence | None, list[str]]:
    """Return what the current run is to announce, and the jobs that were planned for the same post.

    The first is None if the calendar says something else now.

    Only a job that `follow_calendar` planned announces anything, whoever else may write such a job.
    """
    run = current_run()
    try:
        follower = await host_of(bot).services.client.job(calendar, run.guild_id)
    except NotFound:
        return None, []
    over = follower.state is not JobState.ACTIVE and follower.state is not JobState.FINISHED
    if over or follower.method != follow_calendar.spec.name:
        return None, []
    if str(follower.params.get("channel_id")) != str(channel_id):
        return None, []
    known = await followed_by(bot, calendar)
    planned = next((each for each in known.planned if each.job_id == run.job_id and each.counts), None)
    item = next((each for each in known.agenda.occurrences if each.key == event), None)
    if planned is None or item is None or not planned.is_for(item):
        return None, []
    return item, [each.job_id for each in known.planned if each.is_same_post(planned)]


async def _is_posted(bot: commands.Bot, job_ids: list[str]) -> bool:
    """Return whether a run that somebody asked for before its time posted already.

    An event that was gone for a while, or whose calendar's job was edited, has another job than before.
    """
    run, client = current_run(), host_of(bot).services.client
    for job_id in job_ids:
        found = await client.runs(run.guild_id, job_id=job_id)
        if any(each.id != run.run_id and (each.result or {}).get("message_id") for each in found.runs):
            return True
    return False


@job(
    needs=(CALLING, *in_channel("channel_id", "send_messages")),
    variables=("heading",),
    pings=("heading",),
    groups={
        "calendar": ("calendar_url", "channel_id", "period", "heading"),
        "which_events": ("only", "without"),
    },
    resumable=True,
    pace=SHORTEST,
    usual="every monday at 8",
)
async def send_agenda(
    bot: commands.Bot,
    calendar_url: SecretUrl,
    channel_id: ChannelId,
    period: Literal["today", "tomorrow", "7_days"] = "7_days",
    heading: Annotated[LongText, Field(max_length=500)] = "",
    only: _Words = "",
    without: _Words = "",
) -> dict[str, Any]:
    """Post a calendar's events for today, tomorrow or the next 7 days.

    Params:
        calendar_url: Its secret address, https or webcal, ending in .ics
        channel_id: Where to post
        period: Which days
        heading: What to say above the list
        only: Only events with one of these words or categories, separated by commas
        without: Leave out events with any of these words or categories
    """
    channel = await channel_of(bot, channel_id)
    since, until = _days(period)
    source = Source(calendar_url, only, without)
    agenda = await agenda_between(bot, source, since, until, kept_as=f"{current_run().job_id}:{period}")
    items = [item for item in agenda.occurrences if (item.ends or item.starts) >= current_run().scheduled_at]
    if not items:
        return success(
            Sentence("The calendar has no events in that period, so nothing was posted.", "agenda_empty")
        )
    content = await _listed(bot, channel.guild, items, text_for(channel.guild, heading))
    sent = await post(
        channel,
        f"#{channel.name}",
        content=content,
        allowed_mentions=mentions(turn_for(heading), channel=channel),
    )
    return {"success": True, **sent}


def _days(period: str) -> tuple[datetime, datetime]:
    """Return from when to when an agenda goes, in whole days of the job's zone."""
    run = current_run()
    zone = ZoneInfo(run.timezone)
    first = run.scheduled_at.astimezone(zone).date() + timedelta(days=period == "tomorrow")
    after = first + timedelta(days=7 if period == "7_days" else 1)
    midnights = (datetime.combine(day, time()) for day in (first, after))
    since, until = (first_instant_at_or_after(at, zone) for at in midnights)
    return since, until


async def _listed(bot: object, guild: discord.Guild, items: list[Occurrence], heading: str) -> str:
    if not items:
        return Sentence("The calendar has no events in the next two weeks.", "agenda_nothing_soon")
    zone = ZoneInfo(current_run().timezone)
    more = await host_of(bot).services.said_in(guild, Sentence("… and more.", "agenda_more"))
    return agenda_text(heading, items, lambda at: at.astimezone(zone).date(), lambda _: more)


@send_agenda.check
async def _check_agenda(
    bot: commands.Bot, calendar_url: str, channel_id: int, heading: str, **_: Any
) -> None:
    _expect_address(bot, calendar_url)
    channel = await channel_of(bot, channel_id)
    expect_texts(channel.guild, heading, 1000, "heading", blank=True)


@send_agenda.dry_run
async def _agenda_dry_run(
    bot: commands.Bot,
    calendar_url: str,
    channel_id: int,
    period: str,
    heading: str,
    only: str,
    without: str,
    **_: Any,
) -> str:
    """Read the calendar, and show what it has then."""
    channel = await channel_of(bot, channel_id)
    since, until = _days(period)
    agenda = await agenda_between(bot, Source(calendar_url, only, without), since, until)
    return await _listed(bot, channel.guild, list(agenda.occurrences), text_for(channel.guild, heading))


class CalendarSprocket(RegisteringCog):
    """Registers the jobs that follow a calendar."""

    jobs = by_name(follow_calendar, send_agenda, announce_event)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(CalendarSprocket(bot))
