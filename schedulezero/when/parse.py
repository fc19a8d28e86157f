"""When, as a person types it → a trigger. One function, no clock and no I/O of its own.

`understand` reads, in this order: Discord's ``<t:…>`` and Unix seconds, crontab lines, phrases
that recur (``every monday at 18:00``), spans (``in 2h30m``), a day with a time (``tomorrow at
9``), and for the rest whatever dateparser finds in the person's language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dateparser
from dateparser.conf import SettingValidationError

from schedulezero.errors import TriggerError, WhenError
from schedulezero.instants import first_instant_at_or_after, to_iso
from schedulezero.model import JsonObject, Trigger
from schedulezero.when.crontab import crontab_trigger, looks_like_crontab
from schedulezero.when.schedules import Schedule
from schedulezero.when.triggers import schedule_of

EXAMPLES = "`in 10 minutes` · `tomorrow at 9` · `24 dec 18:00` · `every day at 9` · `every monday at 18:00`"
MAX_LENGTH = 200

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = {
    "s": "seconds", "sec": "seconds", "secs": "seconds", "second": "seconds", "seconds": "seconds",
    "m": "minutes", "min": "minutes", "mins": "minutes", "minute": "minutes", "minutes": "minutes",
    "h": "hours", "hr": "hours", "hrs": "hours", "hour": "hours", "hours": "hours",
    "d": "days", "day": "days", "days": "days",
    "w": "weeks", "week": "weeks", "weeks": "weeks",
}  # fmt: skip
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10}
_NAMED_TIMES = {"noon": time(12), "midday": time(12), "midnight": time(0)}
_SHORTEST = timedelta(minutes=1)

_STAMP = re.compile(r"<t:(-?\d{1,13})(?::[tTdDfFRsS])?>|@?(\d{9,11})")
_TIME = r"(?:\d{1,2}(?:[:.]\d{2})?\s*(?:am|pm|a\.m\.|p\.m\.|h|uhr|o'clock)?|noon|midday|midnight)"
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.|h|uhr|o'clock)?")
_SPAN_PART = re.compile(
    rf"(\d+(?:\.\d+)?|{'|'.join(_NUMBERS)})\s*({'|'.join(sorted(_UNITS, key=len)[::-1])})\b"
)
_DAY_AND_TIME = re.compile(
    rf"(?:(?:on|next|this)\s+)?(?P<day>today|tonight|tomorrow|{'|'.join(_WEEKDAYS)}|{'|'.join(_SHORT_DAYS)})"
    rf"(?:,?\s+(?:at\s+)?(?P<time>{_TIME}))?"
)
_TIME_AND_DAY = re.compile(
    rf"(?:at\s+)?(?P<time>{_TIME})(?:\s+(?:on\s+)?(?P<day>today|tonight|tomorrow|{'|'.join(_WEEKDAYS)}))?"
)
_DAYS_PLURAL = "|".join(f"{name}s" for name in _WEEKDAYS)
_RECURS = re.compile(rf"(every|each|daily|hourly|weekly|monthly|weekdays|weekends|(?:{_DAYS_PLURAL})\b)")


@dataclass(frozen=True, slots=True)
class Understood:
    """A text that was understood: the trigger to send and the schedule that it means."""

    trigger: Trigger
    schedule: Schedule


def understand(text: str, *, zone: str, locale: str, now: datetime) -> Understood:
    """Reads when something is to happen.

    Parameters:
        text: what the person typed.
        zone: the person's IANA zone; wall-clock times are meant in it.
        locale: the person's locale as Discord names it, such as ``en-GB``; it decides the language
            and the order of day and month.
        now: the present instant, aware UTC.

    Raises WhenError, in a sentence that quotes the text and shows what would be right.
    """
    wanted = re.sub(r"\s+", " ", text).strip()
    if not wanted:
        raise WhenError(f"Say when. For example: {EXAMPLES}")
    if len(wanted) > MAX_LENGTH:
        raise WhenError(f"That is more than {MAX_LENGTH} characters. For example: {EXAMPLES}")
    trigger = _trigger(wanted, zone, locale, now)
    try:
        schedule = schedule_of(trigger, anchor=now, zone=zone)
    except TriggerError as error:
        raise WhenError(f"“{wanted}” cannot be scheduled: {error.message}") from error
    if schedule.next_after(now) is None:
        if trigger.type == "date":
            raise WhenError(
                f"“{wanted}” is in the past ({_shown(trigger, zone)}). Give a time from now on, "
                "such as `in 10 minutes` or `tomorrow at 9`."
            )
        raise WhenError(f"“{wanted}” never comes: no date from now on matches it.")
    return Understood(trigger, schedule)


def warm_up() -> None:
    """Pays for dateparser's slow first call; for a thread at start-up."""
    dateparser.parse("1 january 2030", locales=["en-GB"])


def _trigger(text: str, zone: str, locale: str, now: datetime) -> Trigger:
    if match := _STAMP.fullmatch(text):
        seconds = int(match[1] or match[2])
        return Trigger("date", {"run_date": seconds})
    if looks_like_crontab(text):
        return crontab_trigger(text, zone)
    lowered = text.casefold()
    if _RECURS.match(lowered):
        return _recurring(lowered, text, zone)
    if lowered.startswith("in ") and (span := _span(lowered.removeprefix("in "))) is not None:
        return _once(now + span)
    local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if (found := _day_and_time(lowered, local)) is not None:
        return _once(first_instant_at_or_after(found, ZoneInfo(zone)))
    if (instant := _iso(text, zone)) is not None:
        return _once(instant)
    return _once(_by_dateparser(text, zone, locale, local))


# ------------------------------------------------------------------ once


def _once(instant: datetime) -> Trigger:
    return Trigger("date", {"run_date": to_iso(instant.replace(microsecond=0))})


def _span(text: str) -> timedelta | None:
    total, position = timedelta(), 0
    rest = text.replace(" and ", " ").replace(",", " ").strip()
    while position < len(rest):
        match = _SPAN_PART.match(rest, position)
        if match is None:
            return None
        amount = float(_NUMBERS.get(match[1], 0) or match[1])
        try:
            total += timedelta(**{_UNITS[match[2]]: amount})
        except OverflowError:
            return None
        position = match.end()
        while position < len(rest) and rest[position] == " ":
            position += 1
    return total or None


def _day_and_time(text: str, local: datetime) -> datetime | None:
    match = _DAY_AND_TIME.fullmatch(text) or _TIME_AND_DAY.fullmatch(text)
    if match is None or match["time"] is None:
        return None
    at = _clock(match["time"])
    day = match["day"]
    if day in (None, "today", "tonight"):
        found = datetime.combine(local.date(), at)
        if day is None and found <= local:
            found += timedelta(days=1)  # "5pm" is the next one
        return found
    if day == "tomorrow":
        return datetime.combine(local.date() + timedelta(days=1), at)
    number = _weekday(day)
    ahead = (number - local.weekday()) % 7
    found = datetime.combine(local.date() + timedelta(days=ahead), at)
    return found if found > local else found + timedelta(days=7)


def _iso(text: str, zone: str) -> datetime | None:
    if not re.match(r"\d{4}-\d{2}-\d{2}", text):
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    if parsed.tzinfo is not None:
        return parsed.astimezone(UTC)
    return first_instant_at_or_after(parsed, ZoneInfo(zone))


def _by_dateparser(text: str, zone: str, locale: str, local: datetime) -> datetime:
    language = locale.partition("-")[0]
    settings: dict[str, Any] = {
        "RELATIVE_BASE": local,
        "PREFER_DATES_FROM": "future",
        "DATE_ORDER": "MDY" if locale == "en-US" else "DMY",
    }
    try:
        found = dateparser.parse(text, languages=list(dict.fromkeys((language, "en"))), settings=settings)
    except (ValueError, OverflowError, SettingValidationError):
        found = None
    # A lone number or word is something that dateparser accepts by accident.
    if found is None or re.fullmatch(r"\W*\w{1,3}\W*", text):
        raise WhenError(f"“{text}” was not understood. Try for example: {EXAMPLES}")
    if (stray := _stray_number(text, found, local)) is not None:
        raise WhenError(
            f"The “{stray}” in “{text}” had no part in what was understood "
            f"({found:%d %B %Y, %H:%M}). Try for example: {EXAMPLES}"
        )
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    return first_instant_at_or_after(found, ZoneInfo(zone))


def _stray_number(text: str, found: datetime, local: datetime) -> str | None:
    """A number of the text that is neither part of the date found nor the length of the way to it.

    dateparser passes over what it does not understand, so that "in 3 days at 9" loses the 9.
    """
    ahead = round(abs((found.replace(tzinfo=None) - local).total_seconds()))
    lengths = {ahead // unit for unit in (1, 60, 3600, 86_400, 604_800)}
    months = abs((found.year - local.year) * 12 + found.month - local.month)
    parts = {found.year, found.year % 100, found.month, found.day, found.hour, found.minute, found.second}
    known = parts | lengths | {found.hour % 12 or 12, months, months // 12}
    return next((number for number in re.findall(r"\d+", text) if int(number) not in known), None)


# ------------------------------------------------------------------ again


def _recurring(text: str, typed: str, zone: str) -> Trigger:
    text = {"hourly": "every hour", "weekly": "every week"}.get(text, text)
    text = re.sub(r"^daily", "every day", text)
    text = re.sub(r"^(weekdays|weekends)", lambda m: f"every {m[1][:-1]}", text)
    text = re.sub(rf"^((?:{'|'.join(_WEEKDAYS)})s)", r"every \1", text)
    text = re.sub(r"^(every|each)\s+", "", text)

    if text in ("day", "week"):
        raise WhenError(f"At what time? For example: `{typed} at 9:00`.")
    if (span := _span(text if text[:1].isdigit() else f"1 {text}")) is not None:
        if span < _SHORTEST:
            raise WhenError(f"“{typed}” is more often than once a minute, which Discord would not bear.")
        return Trigger("interval", _interval(span))

    what, _, at_text = text.partition(" at ")
    times = (
        [_clock(part) for part in re.split(r"\s*(?:,|\band\b)\s*", at_text) if part] if at_text else [time(0)]
    )
    if len({moment.minute for moment in times}) > 1:
        raise WhenError(f"“{typed}” names times with different minutes; make one job for each.")
    fields: JsonObject = {
        "hour": ",".join(str(hour) for hour in sorted({moment.hour for moment in times})),
        "minute": times[0].minute,
        "timezone": zone,
    }
    fields.update(_days(what.strip(), typed))
    if not at_text:
        raise WhenError(f"At what time? For example: `{typed} at 9:00`.")
    return Trigger("cron", fields)


def _days(text: str, typed: str) -> JsonObject:
    text = re.sub(r"^week on ", "", text)
    if text in ("day", "days"):
        return {}
    if text in ("weekday", "working day", "workday"):
        return {"day_of_week": "mon-fri"}
    if text == "weekend":
        return {"day_of_week": "sat,sun"}
    if match := re.fullmatch(r"month on the (\d{1,2})(?:st|nd|rd|th)?", text):
        day = int(match[1])
        if 1 <= day <= 31:
            return {"day": day}
    numbers: list[int] = []
    for part in re.split(r"\s*(?:,|\band\b)\s*", text):
        try:
            numbers.append(_weekday(part))
        except ValueError:
            raise WhenError(
                f"“{part or typed}” in “{typed}” was not understood. Try for example: {EXAMPLES}"
            ) from None
    return {"day_of_week": ",".join(_SHORT_DAYS[number] for number in sorted(set(numbers)))}


def _interval(span: timedelta) -> JsonObject:
    """A span in the largest unit that says it in a whole number."""
    seconds = int(span.total_seconds())
    for unit, length in (("weeks", 604_800), ("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds % length == 0:
            return {unit: seconds // length}
    return {"seconds": seconds}


# ------------------------------------------------------------------ words


def _clock(text: str) -> time:
    """A time of day; WhenError when there is none such."""
    named = _NAMED_TIMES.get(text.strip())
    if named is not None:
        return named
    match = _CLOCK.fullmatch(text.strip())
    if match is not None:
        hour, minute = int(match[1]), int(match[2] or 0)
        half = (match[3] or "").replace(".", "")
        if half in ("am", "pm"):
            if not 1 <= hour <= 12:
                raise WhenError(f"There is no “{text.strip()}”; write `6 pm` or `18:00`.")
            hour = hour % 12 + (12 if half == "pm" else 0)
        if hour < 24 and minute < 60:
            return time(hour, minute)
    raise WhenError(f"“{text.strip()}” is no time of day; write for example `9:00`, `9 am` or `noon`.")


def _weekday(text: str) -> int:
    name = text.strip()
    for names in (_WEEKDAYS, _SHORT_DAYS):
        if name in names:
            return names.index(name)
    return _WEEKDAYS.index(name.removesuffix("s"))


def _shown(trigger: Trigger, zone: str) -> str:
    instant = schedule_of(trigger, anchor=datetime.now(UTC), zone=zone).next_after(
        datetime.min.replace(tzinfo=UTC)
    )
    return f"{instant.astimezone(ZoneInfo(zone)):%d %B %Y, %H:%M}" if instant else "never"
