"""How a reminder is noted that did not reach its person: once for each run, whoever notes it first.

The reminding sprocket notes those that Discord refuses, and the bot those that no sprocket came to send.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from schedulezero.instants import to_iso
from schedulezero.methods.host import Notes
from schedulezero.methods.note_kinds import UNDELIVERED


def kind_of_notes(person: str) -> str:
    """Return the kind of the notes about one person's reminders."""
    return f"{UNDELIVERED}/{person}"


async def note_undelivered(
    notes: Notes,
    person: str,
    run_id: str,
    text: str,
    due_at: datetime,
    made_at: str | None,
    since: datetime | None = None,
) -> str:
    """Note a reminder that did not arrive, and return the note's key.

    Parameters:
        notes: where to note it.
        person: the id of the person it is for.
        run_id: the run that should have sent it.
        text: what it is about.
        due_at: when it was due.
        made_at: the link to where it was made, if that is known.
        since: when its writer began, unless the current run writes it: nothing is noted about what was
            forgotten after that.
    """
    key = hashlib.sha256(run_id.encode()).hexdigest()[:16]
    value: dict[str, Any] = {"text": text, "due_at": to_iso(due_at), "made_at": made_at}
    await notes.keep(kind_of_notes(person), key, value, since=since)
    return key
