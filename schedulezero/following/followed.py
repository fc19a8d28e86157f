"""What the bot remembers of a calendar that a job follows, as a note. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schedulezero.exchange.occurrences import Agenda, Occurrence
from schedulezero.following.announcements import Planned
from schedulezero.instants import from_iso, from_iso_or_none, to_iso, to_iso_or_none
from schedulezero.sentences import present_fields, read_sentence
from schedulezero.web.feed import Marks


@dataclass(frozen=True, slots=True)
class Failing:
    """That a calendar can't be read now.

    Attributes:
        since: Since when.
        run_id: The run that fails because of it, and so tells of it; later runs don't.
        tried_at: When it was asked for last.
        why: Why it can't be read.
    """

    since: datetime
    run_id: str
    tried_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Followed:
    """What is known of a calendar.

    Attributes:
        asked: A digest of what was asked; what is known counts only for the same question.
        marks: How its server tells versions apart.
        read_at: When it was last known to be as it is here; None if it was never read.
        covers: Until when its occurrences are known.
        agenda: What it says.
        failing: Why it can't be read now; None if it can.
        looked_at: When posts were planned last; None if never.
        planned: The posts that are planned.
        emptied: Whether the calendar was empty when it was read last, which counts only once it is so again.
        names: The keys of events to which the calendar gives other ones now.
    """

    asked: str = ""
    marks: Marks = field(default_factory=Marks)
    read_at: datetime | None = None
    covers: datetime | None = None
    agenda: Agenda = field(default_factory=lambda: Agenda(()))
    failing: Failing | None = None
    looked_at: datetime | None = None
    planned: tuple[Planned, ...] = ()
    emptied: bool = False
    names: Mapping[str, str] = field(default_factory=dict[str, str])

    def to_note(self, guild_id: str | None) -> dict[str, Any]:
        """Return it as a note about a guild."""
        failing = self.failing
        return {
            "guild_id": guild_id,
            "asked": self.asked,
            "etag": self.marks.etag,
            "modified": self.marks.modified,
            "read_at": to_iso_or_none(self.read_at),
            "covers": to_iso_or_none(self.covers),
            "occurrences": [item.to_json() for item in self.agenda.occurrences],
            "unread": sorted(self.agenda.unread),
            "cut_at": to_iso_or_none(self.agenda.cut_at),
            "failing": {
                "since": to_iso(failing.since),
                "run_id": failing.run_id,
                "tried_at": to_iso(failing.tried_at),
                **present_fields("why", failing.why),
            }
            if failing is not None
            else None,
            "looked_at": to_iso_or_none(self.looked_at),
            "planned": [item.to_json() for item in self.planned],
            "emptied": self.emptied,
            "names": dict(self.names),
        }

    @classmethod
    def from_note(cls, note: Mapping[str, Any]) -> Followed:
        """Return what `to_note` wrote."""
        failing = note["failing"]
        return cls(
            note["asked"],
            Marks(note["etag"], note["modified"]),
            from_iso_or_none(note["read_at"]),
            from_iso_or_none(note["covers"]),
            Agenda(
                tuple(Occurrence.from_json(item) for item in note["occurrences"]),
                frozenset(note["unread"]),
                from_iso_or_none(note["cut_at"]),
            ),
            Failing(
                from_iso(failing["since"]),
                failing["run_id"],
                from_iso(failing["tried_at"]),
                read_sentence(failing, "why") or "",
            )
            if failing is not None
            else None,
            from_iso_or_none(note["looked_at"]),
            tuple(Planned.from_json(item) for item in note["planned"]),
            note.get("emptied") is True,
            note.get("names") or {},
        )
