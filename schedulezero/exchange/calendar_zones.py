"""The time zones of a calendar file: IANA zones where possible, otherwise the file's own rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from schedulezero.exchange.calendar_checks import Unusable
from schedulezero.exchange.calendar_lines import Block, Blocks, split_property
from schedulezero.exchange.zone_definitions import Undefined, same_zone, zone_defined
from schedulezero.exchange.zone_names import iana_of
from schedulezero.instants import first_instant_at_or_after
from schedulezero.sentences import Sentence

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Frame:
    """The wall clock of an event's times: an IANA zone by its name, or else a zone that the file defines."""

    zone: tzinfo
    name: str | None

    def local(self, instant: datetime) -> datetime:
        """Return what the clock shows at an instant, naive."""
        return instant.astimezone(self.zone).replace(tzinfo=None)

    def instant(self, local: datetime) -> datetime:
        """Return the instant of a wall-clock time; one that the clocks skip is the first after the gap."""
        if isinstance(self.zone, ZoneInfo):
            return first_instant_at_or_after(local, self.zone)
        return local.replace(tzinfo=self.zone).astimezone(UTC)


class Zones:
    """A file's time zones: IANA zones where a name or VTIMEZONE identifies one, otherwise its own rules."""

    def __init__(self, blocks: Blocks, default: str, now: datetime) -> None:
        self._default = default
        self._now = now
        self._names = blocks.zone_names
        self._own: dict[str, Block] = {}
        self._frames: dict[str, Frame | Sentence] = {}
        for block in blocks.zones:
            name = next((value for key, _, value in map(split_property, block.lines) if key == "TZID"), "")
            self._own.setdefault(name.strip().replace("\\,", ","), block)

    def default(self, block: Block) -> Frame:
        """Return the clock for an event's times without a zone: its calendar's, or else the requested one."""
        name = self._names.get(block.calendar)
        if not name:
            return Frame(ZoneInfo(self._default), self._default)
        try:
            return self.frame(name)
        except Unusable as error:
            raise Unusable(
                "Its calendar's time zone, X-WR-TIMEZONE “{name}”, is not a known time zone.",
                code="ical_zone_unknown",
                name=name[:60],
            ) from error

    def frame(self, name: str) -> Frame:
        """Return the clock that a TZID means. Raises Unusable if nobody knows it."""
        name = name.strip().strip('"').strip()
        if name not in self._frames:
            # Recorded first, in case an exception ends the search.
            self._frames[name] = Sentence("Its time zone can't be read.", "ical_zone_unreadable")
            self._frames[name] = self._found(name)
        found = self._frames[name]
        if isinstance(found, Sentence):
            raise Unusable(found)
        return found

    def _found(self, name: str) -> Frame | Sentence:
        block = self._own.get(name.replace("\\,", ","))
        places = [] if block is None else [split_property(line) for line in block.lines]
        named = [value for key, _, value in places if key == "X-LIC-LOCATION"]
        iana = next(filter(None, map(iana_of, (name, *named))), None)
        if iana is not None:
            return Frame(ZoneInfo(iana), iana)
        if block is None:
            return Sentence("“{name}” isn't a known time zone.", "zone_unknown", name=name[:60])
        try:
            defined = zone_defined(block)
        except Undefined as error:
            return error.args[0]
        iana = same_zone(defined, self._now)
        return Frame(ZoneInfo(iana), iana) if iana is not None else Frame(defined, None)
