"""Reminders that did not reach their person: noted once for each run, until the person has seen them.

The reminding sprocket notes those that Discord refuses, `AlertsCog` those that no sprocket came to send; see
`schedulezero.methods.undelivered`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cogs.memory import Memory
from schedulezero.instants import from_iso, to_iso
from schedulezero.methods.undelivered import kind_of_notes, note_undelivered
from schedulezero.model import Run

MOST_KEPT = 100


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A reminder that did not arrive.

    Attributes:
        key: its key among the person's notes.
        text: what it is about.
        due_at: when it was due.
        made_at: the link to where it was made, if that is known.
        seen: whether the person has seen it since.
    """

    key: str
    text: str
    due_at: datetime
    made_at: str | None = None
    seen: bool = False

    @classmethod
    def from_json(cls, key: str, data: Mapping[str, Any]) -> Undelivered:
        return cls(key, data["text"], from_iso(data["due_at"]), data.get("made_at"), bool(data.get("seen")))

    def to_json(self) -> dict[str, Any]:
        kept = {"text": self.text, "due_at": to_iso(self.due_at), "made_at": self.made_at}
        return {**kept, "seen": True} if self.seen else kept


async def note_unsent(memory: Memory, run: Run, since: datetime) -> None:
    """Note the reminder of a run that ended without sending it, unless its person was forgotten since."""
    text, place = run.params.get("message"), run.params.get("made_at")
    if run.guild_id is None or not isinstance(text, str):
        return
    made_at = place if isinstance(place, str) else None
    # A personal job has its person's id in place of a guild's.
    await note_undelivered(memory, run.guild_id, run.id, text, run.scheduled_at, made_at, since)


async def undelivered_to(memory: Memory, person: str) -> list[Undelivered]:
    """Return a person's unseen reminders, oldest first; forget the oldest beyond `MOST_KEPT`."""
    notes = await memory.notes(kind_of_notes(person))
    found = [Undelivered.from_json(key, value) for key, value in notes.items()]
    found.sort(key=lambda item: item.due_at)
    for old in found[:-MOST_KEPT]:
        await memory.forget(kind_of_notes(person), old.key)
    return [item for item in found[-MOST_KEPT:] if not item.seen]


async def undelivered_reminder(memory: Memory, person: str, key: str) -> Undelivered | None:
    """Return one of a person's reminders, and note that they have seen it; None if it isn't theirs."""
    value = await memory.kept(kind_of_notes(person), key)
    if value is None:
        return None
    await memory.rewrite(kind_of_notes(person), key, value, {**value, "seen": True})  # unless it was cleared
    return Undelivered.from_json(key, value)


async def clear_all_undelivered(memory: Memory, person: str) -> None:
    """Forget everything that could not be sent to a person."""
    await memory.forget_kind(kind_of_notes(person))


async def clear_undelivered(memory: Memory, person: str, until: int) -> None:
    """Forget a person's reminders that were due by an instant, in seconds: those they have been shown."""
    for item in await undelivered_to(memory, person):
        if item.due_at.timestamp() <= until:
            await memory.forget(kind_of_notes(person), item.key)
