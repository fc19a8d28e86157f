"""When the people who are interested in an event are reminded of it, and what is noted of that. Pure.

Only the shortest lead that has come counts: whoever starts a job with *1 day, 15 minutes* an hour before an
event reminds once, now. An event that moves reminds again where its new start makes a lead come again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from schedulezero.errors import JobFailed
from schedulezero.when.language.span_text import span_of

MOST_LEADS = 5
LONGEST_LEAD = timedelta(days=31)
MOST_MENTIONS = 100
"""The most people whom one message may ping
(https://discord.com/developers/docs/resources/message#allowed-mentions-object)."""


def leads_of(text: str) -> tuple[timedelta, ...]:
    """Return the lengths of time in a text such as ``1 day, 15 minutes``, longest first.

    Raises JobFailed if one can't be read, or if there are none, too many, or too long ones.
    """
    found: set[timedelta] = set()
    for part in filter(None, (part.strip() for part in re.split(r"[,;\n]", text))):
        length = span_of(part)
        if length is None or not timedelta(minutes=1) <= length <= LONGEST_LEAD:
            raise JobFailed(
                "“{text}” isn't a duration from 1 minute to 31 days.",
                retry=False,
                code="event_lead_unreadable",
                text=part[:60],
            )
        found.add(length)
    if not 1 <= len(found) <= MOST_LEADS:
        raise JobFailed(
            "Enter 1 to {most} durations, such as `1 day, 15 minutes`.",
            retry=False,
            code="event_leads_count",
            most=MOST_LEADS,
        )
    return tuple(sorted(found, reverse=True))


def due_lead(
    start: datetime, leads: Sequence[timedelta], now: datetime, sent: Mapping[int, datetime]
) -> timedelta | None:
    """Return the lead by which people are to be reminded now, or None.

    Parameters:
        start: When the event begins, as Discord has it now.
        leads: How long before its start people are reminded.
        now: The present instant.
        sent: When a lead was last sent for this event, by its length in seconds.
    """
    come = [lead for lead in leads if start - lead <= now]
    if start <= now or not come:
        return None
    lead = min(come)
    last = sent.get(int(lead.total_seconds()))
    return lead if last is None or start - lead > last else None


def mention_chunks(people: Sequence[int], room: int) -> list[list[int]]:
    """Split people into those whom one message can mention each.

    Parameters:
        people: The ids.
        room: How many characters of the message are left for their mentions.
    """
    chunks: list[list[int]] = []
    length = room + 1
    for person in people:
        needed = len(f"<@{person}> ")
        if not chunks or length + needed > room or len(chunks[-1]) >= MOST_MENTIONS:
            chunks.append([])
            length = 0
        chunks[-1].append(person)
        length += needed
    return chunks
