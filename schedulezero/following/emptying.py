"""Takes a calendar that is empty all at once seriously only when it is so a second time. Pure.

An empty calendar is a legal one (RFC 5545, 3.6 wants a component, but servers send calendars without any). It
is also what a server sends whose database is away for a moment, and calling everything off can't be undone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from schedulezero.following.followed import Followed
from schedulezero.web.feed import Marks

_FEW = 1
"""So many events to come may vanish at once, as somebody who cancels the last one leaves none."""


def confirmed(before: Followed, found: Followed, now: datetime) -> Followed:
    """Return what is known of a calendar, with the events from before if all are gone for the first time.

    Parameters:
        before: What was known.
        found: What was read.
        now: The present instant.
    """
    if found.read_at == before.read_at:
        return found  # it wasn't asked for again
    coming = sum(item.starts > now for item in before.agenda.occurrences)
    is_empty = not found.agenda.occurrences and not found.agenda.unread
    if not is_empty or before.emptied or before.asked != found.asked or coming <= _FEW:
        return replace(found, emptied=False)
    # Without marks, so that the server sends the calendar again, and not that it hasn't changed.
    return replace(before, read_at=found.read_at, marks=Marks(), emptied=True)
