"""Our own trigger type ``calendar``, for schedules that ``date``, ``interval`` and ``cron`` can't express.

Its arguments contain exactly one of

    {"rule": {"unit": "week", "every": 2, "weekdays": ["fri"], "times": ["17:00"], "anchor": "2026-11-27"}}
    {"crontab": "0 9 13 * 5"}
    {"interval": {"minutes": 90}}
    {"cron": {"hour": 9, "day_of_week": "mon-fri"}}

and any of the bounds ``starting``, ``until`` (instants), ``count``, ``except`` (days), ``except_yearly``
(days such as ``12-25``, and feasts), ``except_monthly`` (days of a month) and ``except_holidays`` (a place
such as ``DE`` or ``US-CA``), and ``timezone``.
A rule's ``days`` are days of the month, -1 being the last one, and -3 alone the one two days before it. Its
``positions`` are pairs:
``[1, "mon"]`` is the first Monday, ``[-1, "fri"]`` the last Friday, ``[-2, "fri"]`` the last but one,
``[1, "workday"]`` the first working day (Monday to Friday). Its ``feasts`` are names of `feasts`, with days
before or after: ``easter_monday``, ``easter+1``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, cast
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from schedulezero.errors import TriggerError
from schedulezero.instants import FIRST_YEAR, LAST_YEAR, first_instant_at_or_after, to_iso
from schedulezero.model import JsonObject
from schedulezero.when.calendar.cron_fields import parse_fields
from schedulezero.when.calendar.feasts import NAMES
from schedulezero.when.calendar.holidays import PLACE, UnknownPlace, holidays_of
from schedulezero.when.calendar.rule import LARGEST_COUNT, LAST, WORKDAY, Bounded, Rule, Unit
from schedulezero.when.calendar.schedules import Crontab, Every, OnFields, Schedule, period_of
from schedulezero.when.calendar.weekdays import WEEKDAYS

BASES = ("rule", "crontab", "interval", "cron")
HOLIDAYS = "except_holidays"
YEARLY, MONTHLY = "except_yearly", "except_monthly"
BOUNDS = ("starting", "until", "count", "except", YEARLY, MONTHLY, HOLIDAYS)
ARGUMENTS = (*BASES, *BOUNDS, "timezone")
_RULE_KEYS = ("unit", "every", "times", "weekdays", "days", "positions", "months", "feasts", "anchor")
_MOST_TIMES = 1440
_MOST_FEASTS = 20
_FEAST = re.compile(r"(?P<name>[a-z_0-9]{3,40}?)(?P<days>[+-][0-9]{1,2})?")
_DAY_OF_YEAR = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_LEAP_YEAR = 2024
_PLACE = re.compile(PLACE)
_A_YEAR = 2026
WORKDAY_NAME = "workday"
MOST_WORKDAYS = 23
"""The working days, Monday to Friday, of the longest month."""
MOST_EXCLUDED = 366
EARLIEST = -28
"""The earliest day of a month that is counted from its end: each month has it."""


def calendar_schedule(args: Mapping[str, Any], zone: ZoneInfo, anchor: datetime, path: str) -> Schedule:
    """Return the schedule of a calendar trigger. Raises TriggerError naming the invalid argument."""
    given = [key for key in BASES if args.get(key) is not None]
    if len(given) != 1:
        raise TriggerError(path, f"A calendar trigger has exactly one of: {', '.join(BASES)}.")
    key = given[0]
    inner, where = args[key], f"{path}.{key}"
    if key == "crontab":
        base: Schedule = _crontab(inner, zone, where)
    elif not isinstance(inner, dict):
        raise TriggerError(where, f"{key!r} must be a JSON object.")
    elif key == "rule":
        base = _rule(cast(JsonObject, inner), zone, where)
    elif key == "interval":
        period = period_of(cast(JsonObject, inner), where)
        begins = _instant(args.get("starting"), zone, f"{path}.starting")
        base = Every(period, begins - period if begins is not None else anchor)
    else:
        base = OnFields(parse_fields(cast(JsonObject, inner), where), zone)
    if all(args.get(bound) is None for bound in BOUNDS):
        return base
    count = args.get("count")
    starting = _instant(args.get("starting"), zone, f"{path}.starting")
    if count is not None:
        count = _whole(count, 1, LARGEST_COUNT, f"{path}.count")
        if starting is None:
            raise TriggerError(f"{path}.starting", "A count needs 'starting', the instant to count from.")
    yearly = [_yearly(day, f"{path}.{YEARLY}") for day in _list(args, YEARLY, path, MOST_EXCLUDED)]
    return Bounded(
        base=base,
        zone=zone,
        starting=starting,
        until=_instant(args.get("until"), zone, f"{path}.until"),
        count=count,
        excluded=tuple(
            sorted(_date(day, f"{path}.except") for day in _list(args, "except", path, MOST_EXCLUDED))
        ),
        holidays=_place(args.get(HOLIDAYS), f"{path}.{HOLIDAYS}"),
        excluded_dates=frozenset((month, day) for month, day in yearly if isinstance(month, int)),
        excluded_feasts=tuple(sorted((name, days) for name, days in yearly if isinstance(name, str))),
        excluded_days=tuple(
            sorted({_month_day(day, f"{path}.{MONTHLY}") for day in _list(args, MONTHLY, path, 31)})
        ),
    )


def _yearly(value: Any, path: str) -> tuple[int, int] | tuple[str, int]:
    """A day of each year: a month and a day, or a feast and days to add."""
    match = _DAY_OF_YEAR.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return _feast(value, path)
    try:
        found = date(_LEAP_YEAR, int(match[1]), int(match[2]))
    except ValueError as error:
        raise TriggerError(path, f"{value!r} is not a day of the year such as 12-25.") from error
    return found.month, found.day


def rule_args(rule: Rule) -> JsonObject:
    """Return a rule in its wire format."""
    args: JsonObject = {"unit": rule.unit.value, "times": [_clock(moment) for moment in rule.times]}
    if rule.every > 1:
        args["every"] = rule.every
        args["anchor"] = rule.anchor.isoformat() if rule.anchor else None
    if rule.weekdays:
        args["weekdays"] = [WEEKDAYS[day] for day in rule.weekdays]
    if rule.days:
        args["days"] = list(rule.days)
    if rule.positions:
        args["positions"] = [
            [position, WORKDAY_NAME if day == WORKDAY else WEEKDAYS[day]] for position, day in rule.positions
        ]
    if rule.months:
        args["months"] = list(rule.months)
    if rule.feasts:
        args["feasts"] = [f"{name}{days:+d}" if days else name for name, days in rule.feasts]
    return args


def bound_args(
    starting: datetime | None,
    until: datetime | None,
    count: int | None,
    excluded: tuple[date, ...],
    holidays: str | None = None,
    *,
    dates: Iterable[tuple[int, int]] = (),
    feasts: Iterable[tuple[str, int]] = (),
    days: Iterable[int] = (),
) -> JsonObject:
    """Return bounds in their wire format, without those that are None or empty.

    Parameters: as the attributes of `Bounded`; ``dates``, ``feasts`` and ``days`` are left out each time.
    """
    args: JsonObject = {}
    if starting is not None:
        args["starting"] = to_iso(starting)
    if until is not None:
        args["until"] = to_iso(until)
    if count is not None:
        args["count"] = count
    if excluded:
        args["except"] = [day.isoformat() for day in excluded]
    if yearly := [f"{month:02}-{day:02}" for month, day in sorted(dates)] + [
        f"{name}{shift:+d}" if shift else name for name, shift in sorted(feasts)
    ]:
        args[YEARLY] = yearly
    if monthly := sorted(days):
        args[MONTHLY] = monthly
    if holidays is not None:
        args[HOLIDAYS] = holidays
    return args


def _rule(args: JsonObject, zone: ZoneInfo, path: str) -> Rule:
    unknown = next((key for key in args if key not in _RULE_KEYS), None)
    if unknown is not None:
        raise TriggerError(
            f"{path}.{unknown}", f"A rule has no {unknown!r}; it takes {', '.join(_RULE_KEYS)}."
        )
    if args.get("unit") not in [unit.value for unit in Unit]:
        raise TriggerError(f"{path}.unit", f"'unit' must be one of: {', '.join(Unit)}.")
    unit = Unit(args["unit"])
    every = _whole(args.get("every", 1), 1, 1000, f"{path}.every")
    anchor = args.get("anchor")
    rule = Rule(
        unit=unit,
        every=every,
        times=tuple(
            sorted({_time(item, f"{path}.times") for item in _list(args, "times", path, _MOST_TIMES)})
        ),
        zone=zone,
        weekdays=tuple(
            sorted({_weekday(item, f"{path}.weekdays") for item in _list(args, "weekdays", path, 7)})
        ),
        days=tuple(
            sorted({_month_day(item, f"{path}.days", EARLIEST) for item in _list(args, "days", path, 32)})
        ),
        positions=tuple(
            sorted({_position(item, f"{path}.positions") for item in _list(args, "positions", path, 35)})
        ),
        months=tuple(
            sorted({_whole(item, 1, 12, f"{path}.months") for item in _list(args, "months", path, 12)})
        ),
        anchor=_date(anchor, f"{path}.anchor") if anchor is not None else None,
        feasts=tuple(_feast(item, f"{path}.feasts") for item in _list(args, "feasts", path, _MOST_FEASTS)),
    )
    if not rule.times:
        raise TriggerError(f"{path}.times", "'times' must name at least one time of day, such as 09:00.")
    if every > 1 and rule.anchor is None:
        raise TriggerError(f"{path}.anchor", "'every' above 1 needs 'anchor', a day such as 2026-11-27.")
    if min(rule.days, default=LAST) < LAST - 1 and not _is_before_the_end(rule):
        raise TriggerError(
            f"{path}.days", "A day before the last but one stands alone, in a rule of every month."
        )
    if rule.feasts and (unit is not Unit.YEAR or rule.days or rule.positions or rule.months):
        raise TriggerError(
            f"{path}.feasts", "Feasts are the days of a rule by year, without 'days' and 'months'."
        )
    if unit in (Unit.MONTH, Unit.YEAR) and not (rule.days or rule.positions or rule.feasts):
        raise TriggerError(f"{path}.days", "A rule by month or year needs 'days' or 'positions'.")
    if unit is Unit.WEEK and not rule.weekdays:
        raise TriggerError(f"{path}.weekdays", "A rule by week needs 'weekdays', such as [\"mon\"].")
    return rule


def _crontab(line: object, zone: ZoneInfo, path: str) -> Schedule:
    if not isinstance(line, str) or len(line.split()) not in (5, 6) or len(line) > 200:
        raise TriggerError(path, f"{line!r} is no crontab line; it has five fields, such as '0 9 * * 1-5'.")
    try:
        CronSim(line, datetime(2026, 1, 1, tzinfo=UTC))
    except (CronSimError, ValueError) as error:  # it takes "²" for a number, and int() does not
        reason = str(error).removeprefix("Bad ") if isinstance(error, CronSimError) else "number"
        raise TriggerError(
            path,
            f"{line!r} is no crontab line: its {reason} is impossible. Valid is, for example, '0 9 * * 1-5'.",
        ) from error
    return Crontab(line, zone)


def _list(args: Mapping[str, Any], key: str, path: str, most: int) -> list[Any]:
    value = args.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or len(cast("list[Any]", value)) > most:
        raise TriggerError(f"{path}.{key}", f"{key!r} must be a list of at most {most}.")
    return cast("list[Any]", value)


def _whole(value: Any, low: int, high: int, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise TriggerError(path, f"{str(value)[:40]!r} must be a whole number from {low} to {high}.")
    return value


def _month_day(value: Any, path: str, earliest: int = LAST - 1) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and earliest <= value <= LAST:
        return value
    return _whole(value, 1, 31, path)


def _is_before_the_end(rule: Rule) -> bool:
    alone = len(rule.days) == 1 and not (rule.positions or rule.months or rule.weekdays)
    return alone and rule.unit is Unit.MONTH and rule.every == 1


def _weekday(value: Any, path: str) -> int:
    if value not in WEEKDAYS:
        raise TriggerError(path, f"{str(value)[:40]!r} is none of: {', '.join(WEEKDAYS)}.")
    return WEEKDAYS.index(value)


def _position(value: Any, path: str) -> tuple[int, int]:
    if not isinstance(value, list) or len(cast("list[Any]", value)) != 2:
        raise TriggerError(path, 'A position is a pair such as [1, "mon"] or [-1, "fri"].')
    number, weekday = cast("list[Any]", value)
    workday = weekday == WORKDAY_NAME
    if number not in (LAST, LAST - 1):
        number = _whole(number, 1, MOST_WORKDAYS if workday else 5, path)
    return number, WORKDAY if workday else _weekday(weekday, path)


def _feast(value: Any, path: str) -> tuple[str, int]:
    match = _FEAST.fullmatch(value) if isinstance(value, str) else None
    if match is None or match["name"] not in NAMES:
        raise TriggerError(
            path, f"{str(value)[:40]!r} is not a feast; examples are 'easter' and 'easter_monday'."
        )
    return match["name"], int(match["days"] or 0)


def _place(value: Any, path: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and _PLACE.fullmatch(value):
        try:
            holidays_of(value, _A_YEAR)
            return value
        except UnknownPlace:
            pass
    raise TriggerError(
        path, f"The public holidays of {str(value)[:40]!r} are not known; examples are 'DE' and 'US-CA'."
    )


def _time(value: Any, path: str) -> time:
    try:
        moment = time.fromisoformat(str(value))
        if moment.tzinfo is not None or moment.microsecond:
            raise ValueError
        return moment
    except ValueError as error:
        raise TriggerError(path, f"{str(value)[:40]!r} is no time of day such as 09:00.") from error


def _date(value: Any, path: str) -> date:
    try:
        found = date.fromisoformat(str(value))
    except ValueError as error:
        raise TriggerError(path, f"{str(value)[:40]!r} is no day such as 2026-12-24.") from error
    _expect_year(found.year, value, path)
    return found


def _instant(value: Any, zone: ZoneInfo, path: str) -> datetime | None:
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(str(value))
        found = first_instant_at_or_after(parsed, zone) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise TriggerError(
            path, f"{str(value)[:40]!r} is no instant such as 2026-12-24T18:00:00Z."
        ) from error
    _expect_year(found.year, value, path)
    return found


def _expect_year(year: int, value: Any, path: str) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise TriggerError(path, f"{str(value)[:40]!r} is outside the years {FIRST_YEAR} to {LAST_YEAR}.")


def _clock(moment: time) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
