"""The time zones of a calendar file: IANA zones where possible, otherwise the file's own rules."""

from __future__ import annotations

import re

from schedulezero.exchange.calendar_checks import Unusable
from schedulezero.exchange.calendar_lines import Block, Blocks, split_property
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.triggers import known_zones

_WHOLE_HOURS = re.compile(r"([+-])([0-9]{2})00(?:00)?")
_CLOCK_CHANGES = frozenset(("FREQ", "INTERVAL", "UNTIL", "COUNT", "BYMONTH", "BYDAY", "BYMONTHDAY", "WKST"))


class Zones:
    """A file's time zones: IANA zones where a name or VTIMEZONE identifies one, otherwise its own rules."""

    def __init__(self, blocks: Blocks, default: str) -> None:
        from icalendar.timezone import tzp

        tzp.use_default()  # forgets the zones of previous files
        self._default = default
        self._names = blocks.zone_names
        self._own: dict[str, Block] = {}
        self._known: dict[str, str | None] = {}
        self._faults: dict[str, str] = {}
        for block in blocks.zones:
            name = next((value for key, _, value in map(split_property, block.lines) if key == "TZID"), "")
            self._own.setdefault(name.strip(), block)

    def default(self, block: Block) -> str:
        """Return the zone for an event's times without one: its calendar's, or else the requested one."""
        name = self._names.get(block.calendar)
        if not name:
            return self._default
        found = self.iana(name)
        if found is None:
            raise Unusable(
                "The zone of its calendar, X-WR-TIMEZONE “{name}”, is not a known time zone.",
                code="ical_zone_unknown",
                name=name[:60],
            )
        return found

    def iana(self, name: str) -> str | None:
        """Return the IANA zone that a TZID means, or None if only the file's own rules define it."""
        if name not in self._known:
            self._known[name] = self._iana(name)
            if self._known[name] is None:
                # Recorded first, in case learning raises an exception.
                self._faults[name] = Sentence("Its time zone can't be read.", "ical_zone_unreadable")
                self._faults[name] = self._learn(name)
        if self._faults.get(name):
            raise Unusable(self._faults[name])
        return self._known[name]

    def _learn(self, name: str) -> str:
        """Teach the parser a zone that only its own rules describe; return what is wrong with it, or ""."""
        import icalendar

        block = self._own.get(name)
        if block is None:
            return Sentence("“{name}” isn't a known time zone.", "zone_unknown", name=name[:60])
        if block.fault is not None:
            return Sentence(
                "Its time zone cannot be read: {fault}", "ical_zone_unreadable_because", fault=block.fault
            )
        for key, _, value in map(split_property, block.lines):
            parts = rule_parts(value)
            if key == "RRULE" and (parts.get("FREQ") != "YEARLY" or not parts.keys() <= _CLOCK_CHANGES):
                return Sentence("The clock-change rule of its time zone isn't supported.", "ical_zone_rule")
        lines = "\n".join(["BEGIN:VTIMEZONE", *block.lines, "END:VTIMEZONE"])
        icalendar.Calendar.from_ical(f"BEGIN:VCALENDAR\nVERSION:2.0\n{lines}\nEND:VCALENDAR\n")
        return ""

    def _iana(self, name: str) -> str | None:
        from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

        names = known_zones()
        cleaned = name.strip("/")
        parts = cleaned.split("/")
        guesses = [cleaned, WINDOWS_TO_OLSON.get(cleaned, "")]
        if name.startswith("/"):  # /citadel.org/20210210_1/Europe/Berlin: a vendor's prefix
            guesses += ["/".join(parts[start:]) for start in range(1, min(len(parts), 6))]
        block = self._own.get(name)
        if block is not None:
            guesses += [
                value for key, _, value in map(split_property, block.lines) if key == "X-LIC-LOCATION"
            ]
            guesses.append(_fixed(block))
        return next((guess for guess in guesses if guess in names), None)


def _fixed(zone: Block) -> str:
    """Return the fixed-offset IANA zone that equals a zone with its own rules, or "" if there is none."""
    offsets = {value.strip() for key, _, value in map(split_property, zone.lines) if key == "TZOFFSETTO"}
    match = _WHOLE_HOURS.fullmatch(offsets.pop()) if len(offsets) == 1 else None
    if match is None:
        return ""
    hours = int(match[2])
    return f"Etc/GMT{'-' if match[1] == '+' else '+'}{hours}" if hours else "UTC"  # POSIX counts westwards


def rule_parts(rule: str) -> dict[str, str]:
    """Return the parts of an RRULE by name."""
    found: dict[str, str] = {}
    for part in rule.upper().split(";"):
        name, _, value = part.partition("=")
        found[name] = value
    return found


def with_known_zones(block: Block, zones: Zones) -> str:
    """Return the event with IANA names for its zones; only its times name zones."""
    lines: list[str] = []
    for line in block.lines:
        name, parameters, value = split_property(line)
        if name in ("DTSTART", "EXDATE") and "TZID=" in parameters.upper():
            kept: list[str] = []
            for parameter in parameters.split(";"):
                key, _, given = parameter.partition("=")
                if key.strip().upper() == "TZID":
                    if "T" not in value.upper():
                        continue  # a date has no zone (RFC 5545, 3.2.19)
                    given = zones.iana(given.strip('"')) or given
                kept.append(f"{key}={given}")
            line = f"{';'.join([name, *kept])}:{value}"
        lines.append(line)
    return "\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])
