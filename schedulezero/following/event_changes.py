"""Decides how Discord's own events follow those of a calendar: what to make, change and cancel. Pure.

What was made is remembered for each occurrence, with what we last wrote. Only what the calendar changed is
changed, so that what somebody changed by hand on Discord stays, and an event that somebody deleted there
isn't made again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from schedulezero.exchange.occurrences import Agenda, Occurrence
from schedulezero.instants import from_iso, to_iso
from schedulezero.methods.markup import escaped

MOST_MADE = 50
"""The most events of one calendar, the earliest. Discord takes 100 in a guild that aren't over
(https://discord.com/developers/docs/resources/guild-scheduled-event#create-guild-scheduled-event).
"""
MOST_IN_GUILD = 100
_DEFAULT_LENGTH = timedelta(hours=1)
_SOONEST = timedelta(minutes=1)
_LONGEST_NAME, _LONGEST_PLACE, _LONGEST_DESCRIPTION = 100, 100, 1000
_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Made:
    """One of Discord's events, as we know it.

    Attributes:
        uid: The calendar's event.
        written: What we last wrote: name, description, place, start, end.
        event_id: Its id; empty if we began to make it and don't know what became of that.
        gone: Whether somebody deleted or ended it on Discord.
    """

    uid: str
    written: Mapping[str, str]
    event_id: str = ""
    gone: bool = False

    @property
    def starts(self) -> datetime:
        return from_iso(self.written["start"])

    def to_json(self) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "written": dict(self.written),
            "event_id": self.event_id,
            "gone": self.gone,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Made:
        return cls(data["uid"], data["written"], data["event_id"], data["gone"])


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes to make, by the occurrences' keys.

    Attributes:
        known: What is known, without what is long over, under the keys that occurrences have now.
        create: What to make: key → what to write.
        edit: What to change: key → the fields that differ.
        cancel: What to cancel.
        left_out: How many occurrences aren't made because there are too many.
    """

    known: Mapping[str, Made]
    create: Mapping[str, Made] = field(default_factory=dict[str, Made])
    edit: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    cancel: Collection[str] = ()
    left_out: int = 0


def wanted(item: Occurrence, place: str) -> Made:
    """Return what one of Discord's events says for an occurrence.

    Parameters:
        item: The occurrence.
        place: Its place if the calendar names none, as Discord wants one.
    """
    ends = item.ends or item.starts + _DEFAULT_LENGTH
    link = item.link if len(item.link) <= _LONGEST_PLACE else ""
    # Descriptions have markup and mentions, names and places don't.
    room = _LONGEST_DESCRIPTION - len(item.link) - 2
    description, kept = escaped(item.description), item.description
    while len(description) > room:
        # Each character may be shown as two.
        kept = kept[: -max((len(description) - room) // 2, 1)]
        description = f"{escaped(kept)}…"
    said = "\n\n".join(part for part in (description, item.link) if part)
    written = {
        "name": item.title[:_LONGEST_NAME],
        "description": said,
        "place": (item.place or link or place)[:_LONGEST_PLACE],
        "start": to_iso(item.starts),
        "end": to_iso(max(ends, item.starts + _SOONEST)),
    }
    return Made(item.uid, written)


def changes(
    known: Mapping[str, Made],
    agenda: Agenda,
    *,
    now: datetime,
    until: datetime,
    place: str,
    here: Collection[str],
    others: int,
) -> Changes:
    """Return the changes that bring Discord's events in step with a calendar.

    Parameters:
        known: What was made.
        agenda: What the calendar says.
        now, until: From when to when events are made.
        place: The place of events without one.
        here: The ids of the guild's events that have not begun.
        others: How many of the guild's events that aren't over are none of ours.
    """
    by_key = {
        item.key: wanted(item, place) for item in agenda.occurrences if now + _SOONEST < item.starts < until
    }
    known = {key: made for key, made in known.items() if made.starts > now - _KEPT}
    known = _carried_over(known, by_key, now)
    known = {
        key: replace(made, gone=True)
        if made.event_id and made.event_id not in here and made.starts > now
        else made
        for key, made in known.items()
    }
    edit: dict[str, Mapping[str, str]] = {}
    cancel: list[str] = []
    for key, made in known.items():
        if made.gone or not made.event_id or made.starts <= now:
            continue
        said = by_key.get(key)
        if said is not None:
            differing = {name: text for name, text in said.written.items() if made.written.get(name) != text}
            if differing:
                edit[key] = differing
        elif made.uid not in agenda.unread and not _is_unknown(made, agenda, until):
            cancel.append(key)
    new = [key for key in by_key if key not in known or not (known[key].event_id or known[key].gone)]
    ours = sum(bool(made.event_id) and not made.gone and made.starts > now for made in known.values())
    room = max(min(MOST_MADE - ours, MOST_IN_GUILD - others - ours) + len(cancel), 0)
    create = {key: by_key[key] for key in new[:room]}
    return Changes(known, create, edit, cancel, max(len(new) - room, 0))


def _is_unknown(made: Made, agenda: Agenda, until: datetime) -> bool:
    """Return whether the calendar, as far as it was read, says nothing about the time of an event."""
    last = min(until, agenda.cut_at) if agenda.cut_at is not None else until
    moved_out = any(item.uid == made.uid and item.starts >= until for item in agenda.occurrences)
    return made.starts >= last and not moved_out


def _carried_over(known: Mapping[str, Made], by_key: Mapping[str, Made], now: datetime) -> dict[str, Made]:
    """Give what was made the keys that occurrences have now.

    If a whole series is moved, its occurrences have other names than before: those of one event and one day
    are the same, so that the people who are interested in them stay.
    """
    found = dict(known)
    free = [key for key in by_key if key not in known]
    for key, made in known.items():
        if key in by_key or made.gone or not made.event_id or made.starts <= now:
            continue
        near = [
            new
            for new in free
            if by_key[new].uid == made.uid and abs(by_key[new].starts - made.starts) < timedelta(hours=18)
        ]
        if near:
            new = min(near, key=lambda new: abs(by_key[new].starts - made.starts))
            free.remove(new)
            found[new] = found.pop(key)
    return found
