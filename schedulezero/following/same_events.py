"""Knows the events of a calendar again when its server gives them other UIDs. Pure.

Some servers write new UIDs into each answer, or other ones than a moment ago. An event whose UID vanished
while another with the same title and start came is the same event, and keeps its key, so that nothing is
planned, made or cancelled for it a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from schedulezero.exchange.occurrences import MOST, Agenda, Occurrence


def known_again(before: Agenda, found: Agenda, names: Mapping[str, str]) -> tuple[Agenda, dict[str, str]]:
    """Return what a calendar says with the keys under which its events were known, and the names for later.

    Parameters:
        before: What the calendar said, under the keys that its events are known by.
        found: What it says now, under its own keys.
        names: The keys that events are known by, for those that the calendar gives other ones.
    """
    free = {item.key: item for item in before.occurrences}
    same = {item.key: free.pop(item.key) for item in found.occurrences if item.key in free}
    new = [item for item in found.occurrences if item.key not in same]
    for item in new:
        if names.get(item.key) in free:
            same[item.key] = free.pop(names[item.key])
    by_look: dict[tuple[object, ...], list[Occurrence]] = {}
    for item in free.values():
        by_look.setdefault((item.title, item.starts), []).append(item)
    for item in new:
        alike = by_look.get((item.title, item.starts))
        if item.key not in same and alike:
            one = next((each for each in alike if each.ends == item.ends), alike[0])
            alike.remove(one)
            same[item.key] = one
    listed = tuple(
        replace(item, key=known.key, uid=item.uid if known.key == item.key else known.uid)
        if (known := same.get(item.key)) is not None
        else item
        for item in found.occurrences
    )
    return replace(found, occurrences=listed), {
        key: known.key for key, known in same.items() if known.key != key
    }


def with_unread(before: Agenda, found: Agenda, since: datetime) -> Agenda:
    """Return what a calendar says, with what it said before of the events that can't be read now.

    Parameters:
        before: What the calendar said, asked the same.
        found: What it says now.
        since: When the window begins; what was before it is left out.
    """
    listed = {item.key for item in found.occurrences}
    kept = [
        item
        for item in before.occurrences
        if item.uid in found.unread and item.key not in listed and item.starts >= since
    ]
    if not kept:
        return found
    every = sorted((*found.occurrences, *kept), key=lambda item: (item.starts, item.key))
    cut_at = every[MOST].starts if len(every) > MOST else found.cut_at
    return replace(found, occurrences=tuple(every[:MOST]), cut_at=cut_at)
