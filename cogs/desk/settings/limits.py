"""A guild's limits and hours: the fields of the form, reading them, and describing them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from discord import ui

from cogs import formats
from cogs.desk.kit.modals import text_field
from cogs.desk.kit.wording import plain
from cogs.desk.settings.word_hours import read_place
from cogs.language import locale, shown_locale, t, tc, tn
from cogs.services import Refused
from schedulezero import instants
from schedulezero.clocks import in_clocks_of
from schedulezero.errors import WhenError
from schedulezero.model import GuildRules
from schedulezero.model.habits import Habits
from schedulezero.when.language.holiday_places import place_name
from schedulezero.when.language.parse import understand

LIMIT_FIELDS = ("quiet", "days", "holidays", "jobs", "runs")
_MOST_DAYS = 366
_LONGEST_DAYS = 1000  # characters of the form's field
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WORDED_RANGE = re.compile(r"(.+?)\s*(?:\.\.|[–—]|\s-\s)\s*(.+)")
_RANGE = re.compile(r"(\d{4}-\d\d-\d\d)\s*(?:\.\.|[–—]|\s-\s|\s-|-\s)\s*(\d{4}-\d\d-\d\d)", re.ASCII)
_TIME = r"([0-9]{1,2})(?:\s?[:.h]\s?([0-9]{2})?)?\s?([ap]\.?\s?m\.?)?(?:\s?Uhr)?"
_QUIET = re.compile(rf"\s*{_TIME}\s*(?:[-–—]|to|until|bis|à|a|até)\s*{_TIME}\s*", re.IGNORECASE)
"""Two times of day as people write them: ``22-7``, ``10pm-7am``, ``22h30 à 7h``, ``22 Uhr bis 7 Uhr``."""

_HALF_A_DAY = 12 * 60  # minutes


def limit_fields(known: Mapping[str, Any]) -> list[ui.Label[Any]]:
    """Return the fields of the form, filled with the last input."""
    return [
        text_field(
            "quiet", t("Quiet hours"), value=known.get("quiet"), most=40,
            placeholder=in_clocks_of(shown_locale(), "22:00-07:00"),
            description=t("Jobs don't run during these hours"),
        ),
        text_field(
            "days", t("Days off"), value=known.get("days"), most=_LONGEST_DAYS, long=True,
            placeholder="2026-12-24, 2027-02-01 – 2027-02-14",
            description=t("Jobs don't run on these days, for example while you're away"),
        ),
        text_field(
            "holidays", t("Off on public holidays in"), value=known.get("holidays"), placeholder="DE-BY",
            most=60, description=t("A country or region; jobs don't run on its public holidays"),
        ),
        text_field("jobs", t("Maximum jobs"), value=known.get("jobs"), most=7),
        text_field("runs", t("Maximum runs per hour"), value=known.get("runs"), most=7),
    ]  # fmt: skip


def read_limits(typed: Mapping[str, str], guild_id: str, zone: str) -> GuildRules:
    """Read rules from the form's texts. It may load the countries' holidays, so call it in a thread.

    Parameters:
        typed: a text for each of `LIMIT_FIELDS`; an empty one sets no rule.
        guild_id: the guild that the rules are for.
        zone: IANA name of the zone of the hours and days.

    Raises:
        Refused: if texts cannot be read, with the reason for each.
    """
    readers: dict[str, Callable[[str], Any]] = {
        "quiet": _quiet,
        "days": lambda text: _days(text, zone),
        "holidays": lambda text: read_place(text) if text else None,
        "jobs": _count,
        "runs": _count,
    }
    found, faults = dict[str, Any](), list[str]()
    for name in LIMIT_FIELDS:
        try:
            found[name] = readers[name](typed[name])
        except Refused as error:
            faults.append(error.message)
    if faults:
        raise Refused("\n".join(faults))
    quiet_from, quiet_to = found["quiet"]
    return GuildRules(
        guild_id=guild_id,
        timezone=zone,
        quiet_from=quiet_from,
        quiet_to=quiet_to,
        dark_days=found["days"],
        holidays=found["holidays"],
        most_jobs=found["jobs"],
        most_runs_an_hour=found["runs"],
    )


def days_typed(days: Sequence[date], typed: str) -> str:
    """Return a text that means these days in any year, to fill in the form; the typed one if it does."""
    if not re.search(r"[^\W\d_]|\d\.(?!\.)", typed):
        return typed
    spans: list[list[date]] = []
    for day in days:
        if spans and day - spans[-1][-1] == timedelta(days=1):
            spans[-1] = [spans[-1][0], day]
        else:
            spans.append([day])
    text = ", ".join(" – ".join(day.isoformat() for day in span) for span in spans)
    return text if len(text) <= _LONGEST_DAYS else typed


def limits_line(rules: GuildRules | None) -> str:
    """Describe a guild's rules on one line; None if the server does not support them or does not answer."""
    label = f"**{t('Limits and hours:')}**"
    if rules is None:
        return f"{label} " + t("the scheduler doesn't support them, or isn't responding.")
    parts: list[str] = []
    if rules.quiet_from is not None and rules.quiet_to is not None:
        parts.append(
            t(
                "quiet from {begin} to {end}",
                begin=formats.clock(rules.quiet_from, shown_locale()),
                end=formats.clock(rules.quiet_to, shown_locale()),
            )
        )
    if rules.dark_days:
        days = ", ".join(formats.day(day, shown_locale()) for day in rules.dark_days[:8])
        parts.append(t("nothing runs on {days}", days=days + (" …" if len(rules.dark_days) > 8 else "")))
    if rules.holidays is not None:
        place = place_name(rules.holidays, shown_locale())
        parts.append(t("nothing runs on public holidays: {place}", place=place))
    if rules.most_jobs is not None:
        parts.append(tn("at most {count} job", "at most {count} jobs", rules.most_jobs))
    if rules.most_runs_an_hour is not None:
        parts.append(
            tn("at most {count} run an hour", "at most {count} runs an hour", rules.most_runs_an_hour)
        )
    return f"{label} {' · '.join(parts) or tc('no limits', 'none')}"


def _quiet(text: str) -> tuple[time | None, time | None]:
    if not text:
        return None, None
    match = _QUIET.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        begin, end = _clock(*match.group(1, 2, 3)), _clock(*match.group(4, 5, 6))
    except ValueError:
        raise Refused(
            t("“{text}” isn't a valid time range. Example: 22:00-07:00.", text=plain(text))
        ) from None
    if begin == end:
        raise Refused(t("“{text}” begins and ends at the same time. Example: 22:00-07:00.", text=plain(text)))
    if (match[3] is None) != (match[6] is None) and _minutes(begin, end) > _HALF_A_DAY:
        other = (_other_half(begin), end) if match[3] is None else (begin, _other_half(end))
        if other != (begin, end):
            raise Refused(
                t(
                    "“{text}” can mean {first} or {second}. Enter one of these.",
                    text=plain(text),
                    first=_typed(*other),
                    second=_typed(begin, end),
                )
            )
    return begin, end


def _minutes(begin: time, end: time) -> int:
    """Return how long it is from one time of day to the next of another."""
    return ((end.hour - begin.hour) * 60 + end.minute - begin.minute) % (2 * _HALF_A_DAY)


def _other_half(moment: time) -> time:
    """Return the other time that an hour of 1 to 12 can mean; an hour by 24 means one time."""
    return moment.replace(hour=(moment.hour + 12) % 24) if 1 <= moment.hour <= 12 else moment


def _typed(begin: time, end: time) -> str:
    return f"{begin:%H:%M}-{end:%H:%M}"


def _clock(hour: str, minute: str | None, half: str | None) -> time:
    """Return a time of day by 24 hours, or by 12 with *am* or *pm*; raises ValueError if there is none."""
    number = int(hour)
    if half:
        if not 1 <= number <= 12:
            raise ValueError
        number = number % 12 + (12 if half.casefold().startswith("p") else 0)
    return time(number, int(minute or 0))


def _days(text: str, zone: str) -> tuple[date, ...]:
    found: set[date] = set()
    spans: list[tuple[str, str]] = _RANGE.findall(text)
    entries: list[str] = []
    for entry in re.split(r"[,;\n]+", _RANGE.sub(",", text)):
        if (worded := _WORDED_RANGE.fullmatch(entry)) is not None:
            spans.append((worded[1], worded[2]))
        elif all(map(_ISO_DAY.fullmatch, entry.split())):
            entries += entry.split()
        else:
            entries.append(entry)
    for first, last in spans:
        begins = _day(first, zone)
        ends = _day(last, zone, since=begins)
        if not 0 <= (ends - begins).days < _MOST_DAYS:
            raise Refused(
                t(
                    "“{text}” isn't a valid range. A range can be up to {count} days long.",
                    text=f"{first} – {last}",
                    count=_MOST_DAYS,
                )
            )
        found |= {begins + timedelta(days=number) for number in range((ends - begins).days + 1)}
    found |= {_day(part, zone) for part in entries}
    if len(found) > _MOST_DAYS:
        raise Refused(
            t("That makes {count} days off; the limit is {most}.", count=len(found), most=_MOST_DAYS)
        )
    return tuple(sorted(found))


def _day(text: str, zone: str, *, since: date | None = None) -> date:
    """Return a day, which may be in words as a job's *When* takes it; the first one since a day, or today."""
    text = text.strip()
    try:
        if _ISO_DAY.fullmatch(text):
            return date.fromisoformat(text)
        own = ZoneInfo(zone)
        begin = datetime.combine(since or instants.now().astimezone(own).date(), time(), own)
        now = begin.astimezone(UTC) - timedelta(seconds=1)
        found = understand(text, zone=zone, locale=locale(), now=now)
        at = found.schedule.next_after(now) if found.trigger.type == "date" else None
        local = at.astimezone(own) if at is not None else None
        if local is None or local.time() != Habits().day:
            raise ValueError  # a time of day is no day, and no part of one is free
        return local.date()
    except (WhenError, ValueError):
        raise Refused(
            t("“{text}” isn't a valid day. Example: {day}.", text=plain(text)[:40], day="2026-12-24")
        ) from None


def _count(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 1_000_000:
        raise Refused(
            t(
                "“{text}” isn't a valid limit. Enter a number such as 50, or leave the field empty for "
                "no limit.",
                text=plain(text),
            )
        )
    return int(text)
