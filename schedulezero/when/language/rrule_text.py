"""Converts RRULE lines (RFC 5545, 3.3.10) to phrases: the subset that people use for scheduling.

That is ``FREQ`` of ``DAILY``, ``WEEKLY``, ``MONTHLY`` or ``YEARLY`` with ``INTERVAL``, ``BYDAY``,
``BYMONTHDAY``, ``BYMONTH``, ``BYHOUR``, ``BYMINUTE``, ``COUNT``, ``UNTIL`` and ``WKST``, and an optional
``DTSTART`` line before it. Anything else is refused by name rather than misread.

Periods count from the week, month or year of ``DTSTART``. If ``DTSTART`` itself doesn't match the rule, which
the RFC leaves undefined, it isn't a run and ``COUNT`` doesn't count it; dateutil does the same. An ``UNTIL``
without a time includes its whole day.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schedulezero.errors import TriggerError, WhenError
from schedulezero.model.habits import DEFAULT_TIME
from schedulezero.when.calendar.rule import LARGEST_COUNT
from schedulezero.when.calendar.triggers import zone_of
from schedulezero.when.grammar.phrase import Phrase
from schedulezero.when.language.zone_words import zone_called

_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LINE = re.compile(
    r"(?:DTSTART(?:;(?P<parameters>[^:\s]*))?:(?P<start>\d{8}(?:T\d{6}Z?)?)\s+)?(?:RRULE:)?(?P<parts>[A-Z-]+=\S+)",
    re.IGNORECASE | re.ASCII,
)
_BYDAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_PARTS = (
    "FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYHOUR", "BYMINUTE", "BYSECOND", "COUNT", "UNTIL",
    "WKST",
)  # fmt: skip
_EVERY_MONTH = range(1, 13)
_JANUARY, _DECEMBER = 1, 12


def rrule_parts(text: str) -> dict[str, str]:
    """Return the parts of a rule by name. Raises WhenError if one is malformed or repeated."""
    parts: dict[str, str] = {}
    for part in text.upper().removesuffix(";").split(";"):
        key, _, value = part.partition("=")
        if not value:
            raise WhenError(
                "“{part}” isn't part of an RRULE. Example: `INTERVAL=2`.",
                code="rrule_not_a_part",
                part=part[:60],
            )
        if key in parts:
            raise WhenError(
                "{key} appears twice in this RRULE. Use it once.", code="rrule_key_twice", key=key[:60]
            )
        parts[key] = value
    return parts


def read_rrule(
    text: str, zone: ZoneInfo, now: datetime, day_time: time = DEFAULT_TIME
) -> tuple[Phrase, ZoneInfo]:
    """Parse an RRULE line and return its phrase and the zone of its wall-clock times.

    Parameters:
        text: The line, with or without a DTSTART before it.
        zone: The zone for times without one.
        now: The present instant, at which a rule without DTSTART starts.
        day_time: When something happens on a day without a time.

    Raises WhenError naming the unsupported part.
    """
    match = _LINE.fullmatch(text.strip())
    if match is None:
        raise WhenError(
            "“{text}” isn't an RRULE line. Example: `RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9`.",
            code="rrule_unreadable",
            text=text,
        )
    parts = rrule_parts(match["parts"])
    if "FREQ" not in parts:
        raise WhenError("This RRULE has no FREQ. Example: `FREQ=WEEKLY`.", code="rrule_no_freq")
    for key in parts:
        if key not in _PARTS:
            raise WhenError("{key} isn't supported in an RRULE.", code="rrule_key_unsupported", key=key[:60])
    stamp = (match["start"] or "").upper()
    zone = line_zone("DTSTART", match["parameters"] or "", stamp, zone)
    start = stamp_of(stamp, zone) if stamp else None
    frequency = parts["FREQ"][:60]
    if frequency not in _UNITS:
        raise WhenError(
            "FREQ={frequency} is not supported; use DAILY, WEEKLY, MONTHLY or YEARLY.",
            code="rrule_freq_unsupported",
            frequency=frequency,
        )
    if parts.get("BYSECOND", "0") != "0":
        raise WhenError("In an RRULE, BYSECOND is not supported, except BYSECOND=0.", code="rrule_bysecond")
    if start is not None and start.second and "BYSECOND" not in parts:
        raise WhenError("Seconds in DTSTART are not supported.", code="rrule_seconds")
    phrase = Phrase(unit=_UNITS[frequency], every=_number(parts, "INTERVAL", 1000) or 1)
    begins = start or now.astimezone(zone)
    _days(phrase, parts, begins)
    if start is not None:
        phrase.anchor = start.date()
        phrase.starting = (start.date(), start.time())
    _week_start(phrase, parts.get("WKST", "MO"), begins.date())
    timed = len(stamp) > 8
    hours = _numbers(parts, "BYHOUR", 0, 23) or ([begins.hour] if timed else [day_time.hour])
    minutes = _numbers(parts, "BYMINUTE", 0, 59) or (
        [begins.minute if timed else 0 if "BYHOUR" in parts else day_time.minute]
    )
    phrase.times = {time(hour, minute) for hour in hours for minute in minutes}
    phrase.count = _number(parts, "COUNT", LARGEST_COUNT)
    if "UNTIL" in parts:
        if phrase.count is not None:
            raise WhenError(
                "This RRULE has both COUNT and UNTIL. Use only one.", code="rrule_count_and_until"
            )
        until = stamp_of(parts["UNTIL"], zone)
        phrase.until = (until.date(), until.time() if "T" in parts["UNTIL"] else None)
    return phrase, zone


def line_zone(line: str, parameters: str, stamp: str, zone: ZoneInfo) -> ZoneInfo:
    """Return the zone of a DTSTART or EXDATE: UTC with a ``Z``, the one it names, or the default."""
    named: str | None = None
    for parameter in filter(None, parameters.split(";")):
        key, _, value = parameter.partition("=")
        if key.upper() == "TZID" and named is None:
            named = value.strip('"')
        elif key.upper() != "VALUE" or value.upper() != ("DATE" if len(stamp) == 8 else "DATE-TIME"):
            raise WhenError(
                "“{parameter}” can't be used with this {line}.",
                code="dtstart_parameter",
                parameter=parameter[:60],
                line=line,
            )
    if stamp.endswith("Z"):
        if named is not None:
            raise WhenError(
                "{line} is in UTC because of its Z and in {named} because of its TZID; leave out one of "
                "them.",
                code="rrule_two_zones",
                named=named[:60],
                line=line,
            )
        return ZoneInfo("UTC")
    if named is None:
        return zone
    try:
        return zone_of(zone_called(named) or named)
    except TriggerError as error:
        raise WhenError(error.message) from error


def _days(phrase: Phrase, parts: dict[str, str], start: datetime) -> None:
    """The days of a rule, as its FREQ makes them; combinations that would mean something else are refused."""
    phrase.months.update(_numbers(parts, "BYMONTH", 1, 12))
    phrase.days.update(_numbers(parts, "BYMONTHDAY", -1, 31))
    if 0 in phrase.days:
        raise WhenError("BYMONTHDAY=0 isn't a day of the month.", code="rrule_monthday_zero")
    for item in parts["BYDAY"].split(",") if "BYDAY" in parts else ():
        match = _BYDAY.fullmatch(item)
        if match is None or (match[1] and int(match[1]) < -1):
            raise WhenError(
                "“{item}” in BYDAY is not supported; MO, 1MO to 5MO and -1MO are.",
                code="rrule_byday_unsupported",
                item=item[:60],
            )
        if match[1]:
            phrase.positions.add((int(match[1]), _DAYS.index(match[2])))
        else:
            phrase.weekdays.add(_DAYS.index(match[2]))
    if phrase.days and (phrase.positions or phrase.weekdays):
        raise WhenError("BYMONTHDAY together with BYDAY is not supported.", code="rrule_monthday_with_byday")
    if phrase.weekdays and phrase.positions:
        raise WhenError(
            "BYDAY with and without numbers, such as MO,1TU, is not supported.", code="rrule_byday_mixed"
        )
    if phrase.unit in ("day", "week"):
        _days_of_weeks(phrase, start)
    else:
        _days_of_months(phrase, start)


def _days_of_weeks(phrase: Phrase, start: datetime) -> None:
    frequency = "DAILY" if phrase.unit == "day" else "WEEKLY"
    if phrase.positions:
        raise WhenError(
            "BYDAY with numbers, such as 1MO, can't be combined with FREQ={frequency}; use MONTHLY.",
            code="rrule_byday_numbers",
            frequency=frequency,
        )
    if phrase.unit == "day" and phrase.every == 1 and phrase.days:
        phrase.unit = "month"  # the days that are such a day of a month
    elif phrase.days:
        raise WhenError(
            "BYMONTHDAY can't be combined with FREQ={frequency}; use MONTHLY.",
            code="rrule_monthday_with_freq",
            frequency=frequency,
        )
    elif phrase.months:
        raise WhenError(
            "BYMONTH with FREQ={frequency} is not supported.",
            code="rrule_bymonth_with_freq",
            frequency=frequency,
        )
    if phrase.unit == "week" and not phrase.weekdays:
        phrase.weekdays.add(start.weekday())


def _days_of_months(phrase: Phrase, start: datetime) -> None:
    if phrase.weekdays:
        raise WhenError(
            "With MONTHLY and YEARLY, BYDAY needs numbers, such as 1MO or -1FR; MO alone needs WEEKLY.",
            code="rrule_byday_needs_numbers",
        )
    if phrase.unit == "month":
        if not (phrase.days or phrase.positions):
            phrase.days.add(start.day)
        if phrase.months and phrase.every > 1:
            raise WhenError(
                "BYMONTH with FREQ=MONTHLY and an INTERVAL is not supported.", code="rrule_bymonth_monthly"
            )
        return
    if phrase.months:
        if not (phrase.days or phrase.positions):
            phrase.days.add(start.day)
    elif phrase.positions:
        # Numbers count within the year here: the first four are in January, the last is in December.
        within = {_DECEMBER if number == -1 else _JANUARY for number, _ in phrase.positions}
        if len(within) > 1 or any(number == 5 for number, _ in phrase.positions):
            raise WhenError(
                "BYDAY counts within the year here; add a BYMONTH to this rule.",
                code="rrule_byday_needs_month",
            )
        phrase.months.update(within)
    elif phrase.days:
        phrase.months.update(_EVERY_MONTH)
    else:
        phrase.days.add(start.day)
        phrase.months.add(start.month)


def _week_start(phrase: Phrase, name: str, start: date) -> None:
    """Keeps weeks of an interval that begin on another day than Monday, where ours can say the same.

    They can when all of a rule's weekdays lie on one side of that day, so that those of one such week
    are also in one week from Monday to Sunday; the anchor becomes a day of that one.
    """
    if name not in _DAYS:
        raise WhenError(
            "WKST={name} isn't a weekday. Example: MO.", code="rrule_wkst_no_weekday", name=name[:60]
        )
    first = _DAYS.index(name)
    if first == 0 or phrase.unit != "week" or phrase.every == 1:
        return
    later = {day >= first for day in phrase.weekdays}
    if len(later) > 1:
        raise WhenError(
            "Weeks begin on Monday here, so WKST={name} is not supported with this INTERVAL and BYDAY.",
            code="rrule_wkst_unsupported",
            name=name,
        )
    if phrase.anchor is not None:
        begins = start - timedelta(days=(start.weekday() - first) % 7)
        phrase.anchor = begins if later == {True} else begins + timedelta(days=7 - first)


def stamp_of(text: str, zone: ZoneInfo) -> datetime:
    """Return the moment of a timestamp, midnight for a date alone. Raises WhenError."""
    try:
        if len(text) == 8:
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=zone)
        moment = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(
            tzinfo=UTC if text.endswith("Z") else zone
        )
        return moment.astimezone(zone)
    except (ValueError, OverflowError):
        raise WhenError(
            "“{text}” isn't a timestamp. Example: 20261224T180000Z.", code="not_a_time_stamp", text=text[:60]
        ) from None


def _number(parts: dict[str, str], name: str, high: int) -> int | None:
    numbers = _numbers(parts, name, 1, high)
    if len(numbers) > 1:
        raise WhenError(
            "{name}={parts} must be one number from 1 to {high}.",
            code="rrule_not_one_number",
            name=name,
            parts=parts[name][:60],
            high=high,
        )
    return numbers[0] if numbers else None


def _numbers(parts: dict[str, str], name: str, low: int, high: int) -> list[int]:
    numbers: list[int] = []
    for item in parts[name].split(",") if name in parts else ():
        if not re.fullmatch(r"[+-]?[0-9]{1,4}", item) or not low <= int(item) <= high:
            raise WhenError(
                "{name}={item} must be from {low} to {high}.",
                code="rrule_out_of_range",
                name=name,
                item=item[:60],
                low=low,
                high=high,
            )
        numbers.append(int(item))
    return numbers
