"""Reads somebody's calendar from the web, and remembers what it said and whether it can be read.

The address is a secret: it gives access to the whole calendar. Errors name only its host, and what is
remembered doesn't have it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import discord
from discord.ext import commands

from schedulezero import instants
from schedulezero.errors import Forbidden, Gone, JobFailed, NotFound
from schedulezero.exchange.agenda_reading import read_agenda
from schedulezero.exchange.limited_reading import UnreadableFile
from schedulezero.exchange.occurrence_process import LARGEST
from schedulezero.exchange.occurrences import Agenda, Window
from schedulezero.following.followed import Failing, Followed
from schedulezero.following.same_events import known_again, with_unread
from schedulezero.handler.run_context import current_run
from schedulezero.instants import to_iso
from schedulezero.methods.host import host_of
from schedulezero.methods.note_kinds import CALENDAR
from schedulezero.sentences import Sentence
from schedulezero.web.feed import Marks, fetch_feed
from schedulezero.web.outgoing import OutgoingFailed
from sprockets.kit.direct import YOUR_DIRECT_MESSAGES, in_direct_messages
from sprockets.kit.posting import post
from sprockets.kit.turns import turn

SECONDS = 10.0
"""How long the request for a calendar may take."""
SHORTEST = timedelta(minutes=5)
"""How long what was read counts as fresh, so that no job asks for a calendar more often."""
_SLACK = timedelta(days=7)
"""How much more than is asked for is read, so that an unchanged calendar isn't read again each time."""
_EARLIER = timedelta(hours=1)
_READERS = 2
_LONGEST_JOB_ID = 64


@dataclass(frozen=True, slots=True)
class Source:
    """A calendar and what counts of it.

    Attributes:
        url: The address.
        only, without: Words and categories, as typed, separated by commas.
    """

    url: str
    only: str = ""
    without: str = ""


def present() -> datetime:
    """Return the present instant in the current run, which can't be before it was due."""
    return max(instants.now(), current_run().scheduled_at)


def words(text: str) -> tuple[str, ...]:
    """Return the words of a list as people type it."""
    return tuple(item.strip() for item in text.split(",") if item.strip())


def key_of(job_id: str) -> str:
    """Return the key of a job's notes, which is short even for another server's long id."""
    return job_id if len(job_id) <= _LONGEST_JOB_ID else hashlib.sha256(job_id.encode()).hexdigest()


async def followed_by(bot: object, job_id: str) -> Followed:
    """Return what is known of the calendar that a job follows."""
    note = await host_of(bot).memory.kept(CALENDAR, key_of(job_id))
    return Followed.from_note(note) if note is not None else Followed()


async def keep(bot: object, job_id: str, known: Followed) -> None:
    """Remember what is known of a calendar."""
    await host_of(bot).memory.put(CALENDAR, key_of(job_id), known.to_note(current_run().guild_id))


async def read(bot: object, source: Source, since: datetime, until: datetime, known: Followed) -> Followed:
    """Return what a calendar says between two instants, and more after it. Raises JobFailed.

    What is known already is used if it is a few minutes old, or if the calendar's server says that nothing
    changed since.
    """
    host, now = host_of(bot), present()
    guild_id = current_run().guild_id
    habits = await host.services.habits_of(int(guild_id) if guild_id is not None else None)
    window = Window(
        current_run().timezone,
        habits.day,
        since - _EARLIER,
        until + _SLACK,
        words(source.only),
        words(source.without),
    )
    asked = _digest([source.url, window.zone, window.day_time.isoformat(), *window.only, "", *window.without])
    usable = known.asked == asked and known.covers is not None and known.covers >= until
    if usable and known.read_at is not None and known.failing is None and now - known.read_at < SHORTEST:
        return known
    try:
        fetched = await fetch_feed(
            source.url,
            known.marks if usable else Marks(),
            seconds=SECONDS,
            largest=LARGEST,
            allow_private=host.services.private_calls,
        )
        if fetched.content is None:
            return replace(known, read_at=now)
        async with turn(f"calendar-reader:{int(asked, 16) % _READERS}"):
            agenda = await read_agenda(fetched.content, window)
    except OutgoingFailed as error:
        raise JobFailed(error.message, retry=not error.refused) from error
    except UnreadableFile as error:
        said = Sentence("The calendar can't be read: {why}", "feed_unreadable", why=error.message)
        raise JobFailed(said, retry=False) from error
    agenda, names = known_again(known.agenda, agenda, known.names)
    if known.asked == asked:
        agenda = with_unread(known.agenda, agenda, window.since)
    known = replace(known, agenda=agenda, names=names)
    return replace(known, asked=asked, marks=fetched.marks, read_at=now, covers=window.until)


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


async def agenda_between(
    bot: object, source: Source, since: datetime, until: datetime, *, kept_as: str | None = None
) -> Agenda:
    """Return what a calendar says between two instants. Raises JobFailed.

    Parameters:
        bot: The bot.
        source: The calendar.
        since, until: The instants, without the last one. A later ``since`` may follow an earlier one, but not
            the other way round, for what is remembered.
        kept_as: Under which name to remember what was read, so that it isn't asked for more often than every
            few minutes; None to ask, and to remember nothing.
    """
    known = await followed_by(bot, kept_as) if kept_as is not None else Followed()
    known = await read(bot, source, since, until, known)
    if kept_as is not None:
        await keep(bot, kept_as, known)
    found = tuple(item for item in known.agenda.occurrences if since <= item.starts < until)
    return replace(known.agenda, occurrences=found)


# ---------------------------------------------------------------- calendars that can't be read


def is_told(known: Followed) -> bool:
    """Return whether an earlier run told already that the calendar can't be read."""
    return known.failing is not None and known.failing.run_id != _run_id()


def rests(known: Followed) -> bool:
    """Return whether a calendar that can't be read was asked for a short while ago."""
    return is_told(known) and known.failing is not None and present() - known.failing.tried_at < SHORTEST


def failed(known: Followed, error: JobFailed) -> Followed:
    """Return what is known of a calendar once it couldn't be read."""
    before, now = known.failing, present()
    if before is None:
        return replace(known, failing=Failing(now, _run_id(), now, error.message))
    return replace(known, failing=replace(before, tried_at=now, why=error.message))


def still_failing(failing: Failing) -> Sentence:
    """Return what a run says that isn't the first one that can't read its calendar."""
    return Sentence(
        "The calendar has been unreadable since {since}: {why}",
        "feed_still_failing",
        since=to_iso(failing.since),
        why=failing.why,
    )


async def tell_it_is_back(bot: commands.Bot, guild: discord.Guild, known: Followed, name: str) -> None:
    """Tell where the failure was told that a calendar can be read again: the guild's alerts, or its creator.

    Does nothing if its failure wasn't told. Once in the current run.
    """
    run, services = current_run(), host_of(bot).services
    if not is_told(known) or known.failing is None or run.job_id is None:
        return
    try:
        job = await services.client.job(run.job_id, run.guild_id)
    except NotFound:
        return
    where = job.meta.get("alert") or "guild"
    if where == "off":
        return
    said = await services.said_in(
        guild,
        Sentence("“{job}” can read its calendar at {host} again.", "feed_back", job=job.title, host=name),
    )
    quiet = discord.AllowedMentions.none()
    channel: Any = await services.alert_channel(guild) if where == "guild" else None
    try:
        if channel is not None:
            await post(channel, f"#{channel.name}", content=said, allowed_mentions=quiet, key="back")
        elif run.creator_id is not None:

            async def send(direct: discord.abc.Messageable) -> dict[str, Any]:
                return await post(
                    direct, YOUR_DIRECT_MESSAGES, content=said, allowed_mentions=quiet, key="back"
                )

            await in_direct_messages(
                bot, int(run.creator_id), Sentence("notify the job's creator", "doing_tell_creator"), send
            )
    except (Forbidden, Gone):
        return  # as with the alert itself: where it goes is closed, and the run's own result stays
    return


def _run_id() -> str:
    return current_run().run_id or ""
