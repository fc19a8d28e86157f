"""Reads the events of a calendar file (RFC 5545) as jobs that post a message."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import Any

from schedulezero.exchange.calendar_checks import Unusable
from schedulezero.exchange.calendar_events import Event, event_of
from schedulezero.exchange.calendar_lines import Block, Blocks, blocks_of
from schedulezero.exchange.calendar_series import Planned, jobs_of
from schedulezero.exchange.calendar_zones import Zones
from schedulezero.exchange.time_limit import TookTooLong, at_most
from schedulezero.exchange.yaml_file import MOST_ENTRIES, Entry, Fault
from schedulezero.model.habits import DEFAULT_TIME
from schedulezero.sentences import Sentence

UID = re.compile(r"([A-Za-z0-9_.:\-]{1,64})-[0-9]{1,3}@schedulezero")
"""The UIDs of events that we wrote: the id of their job and a number."""
_PROCESSOR_SECONDS = 0.5
"""How long one event may take; most take about a millisecond."""


def read_calendar(
    text: str,
    *,
    method: str,
    params: dict[str, Any],
    zone: str,
    now: datetime,
    most: int = MOST_ENTRIES,
    day_time: time = DEFAULT_TIME,
) -> Iterator[Entry | Fault]:
    """Yield the events of a calendar file as entries that post a message, and what can't be read.

    Parameters:
        text: The file's text.
        method: The job method that posts.
        params: Its parameters in addition to ``message``.
        zone: For times without a zone, in a calendar without one (X-WR-TIMEZONE).
        now: The present instant.
        most: The most events to read, and the most entries to make of them.
        day_time: When an event of a whole day is posted.

    Each event is read separately, so that an unreadable one doesn't affect the others.
    """
    blocks = blocks_of(text, most)
    if not blocks.events:
        yield Fault(
            1,
            Sentence("This isn't a calendar file with events (BEGIN:VEVENT … END:VEVENT).", "not_a_calendar"),
        )
        return
    made = 0
    for item in _items(blocks, Zones(blocks, zone, now), now, zone, day_time):
        if isinstance(item, Fault):
            yield item
            continue
        made += 1
        if made > most:
            yield Fault(
                item.event.block.line,
                Sentence("Only the first {most} entries were read.", "too_many_entries", most=most),
            )
            return
        yield _entry(item, method, params)
    if blocks.count > most:
        yield Fault(
            1,
            Sentence(
                "Only the first {most} of {count} events were read.",
                "too_many_events",
                most=most,
                count=blocks.count,
            ),
        )


def _items(
    blocks: Blocks, zones: Zones, now: datetime, zone: str, day_time: time
) -> Iterator[Planned | Fault]:
    events: list[Event] = []
    for block in blocks.events:
        try:
            with at_most(_PROCESSOR_SECONDS):
                events.append(event_of(block, zones, day_time, cancelled=block.calendar in blocks.cancelling))
        except Exception as error:  # noqa: BLE001 - somebody's file may hold anything; each event stands for itself
            yield _fault(block, error)
    for event, changes in current_versions(events):
        if changes is None:
            yield Fault(
                event.block.line,
                Sentence("The file has a newer version of this event.", "ical_older_version"),
            )
            continue
        try:
            with at_most(_PROCESSOR_SECONDS):
                found = jobs_of(event, changes, now, zone)
        except Exception as error:  # noqa: BLE001
            yield _fault(event.block, error)
        else:
            yield from found


def current_versions(events: Sequence[Event]) -> Iterator[tuple[Event, list[Event] | None]]:
    """Yield each event with the changes of its single dates, or with None if there is a newer version.

    The highest SEQUENCE is the newest (RFC 5545, 3.8.7.4). Programs that number nothing may give one UID to
    several events, which are all read. A change without its event is read as an event.
    """
    newest: dict[tuple[int, str, datetime | None], int] = {}
    for event in events:
        key = (event.block.calendar, event.uid, event.changes)
        newest[key] = max(event.sequence, newest.get(key, 0))
    first: dict[tuple[int, str], int] = {}
    changes: defaultdict[tuple[int, str], list[Event]] = defaultdict(list)
    current: list[tuple[Event, bool]] = []
    for event in events:
        key = (event.block.calendar, event.uid)
        is_newest = not event.uid or event.sequence == newest[(*key, event.changes)]
        current.append((event, is_newest))
        if event.uid and is_newest:
            if event.changes is None:
                first.setdefault(key, event.block.line)
            else:
                changes[key].append(event)
    for event, is_newest in current:
        key = (event.block.calendar, event.uid)
        if not is_newest:
            yield event, None
        elif event.changes is None:
            yield event, changes[key] if first.get(key) == event.block.line else []
        elif key not in first:
            yield event, []


def _entry(job: Planned, method: str, params: dict[str, Any]) -> Entry:
    event = job.event
    ours = UID.fullmatch(event.uid)
    return Entry(
        line=event.block.line,
        name=event.summary[:100] or None,
        method=method,
        params={**params, "message": event.message()[:2000]},
        when="",
        timezone=job.zone,
        trigger=job.trigger,
        notes=job.notes,
        job_id=ours[1] if ours is not None else "",
        is_event=ours is not None,
        paused=event.state == "paused",
    )


def _fault(block: Block, error: Exception) -> Fault:
    if isinstance(error, Unusable):
        return Fault(block.line, error.message)
    if isinstance(error, TookTooLong):
        return Fault(
            block.line, Sentence("Working out its dates takes too long.", "ical_event_takes_too_long")
        )
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return Fault(
        block.line,
        Sentence("This event can't be read: “{reason}”.", "ical_event_unreadable", reason=reason),
    )
