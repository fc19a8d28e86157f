"""Rules of RFC 5545 as the rules of our triggers, where both have exactly the same instances.

Candidates come from the parts of a rule, or from what its instances have in common; dateutil's instances
decide over each. So a candidate may be a guess, and no rule is taken for another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from schedulezero.errors import TriggerError
from schedulezero.exchange.recurrence import Recurrence, impossible
from schedulezero.model import JsonObject, Trigger
from schedulezero.when.calendar.rule import Rule
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.calendar.weekdays import WEEKDAYS

_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WORKDAYS = [0, 1, 2, 3, 4]
_COMPARED = 20
_COMPARED_OF_MANY = 400
"""How many instances must be the same: of a rule read from its parts, and of one that is guessed."""
_MOST_COMPARED = 12_000
_SPAN_OF_PLAIN, _SPAN = timedelta(days=60), timedelta(days=1200)
_RARE = timedelta(days=10 * 366)
_MOST_TIMES = 1440
_DECEMBER = 12
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def rules_of(recurrence: Recurrence, zone: str) -> list[JsonObject]:
    """Return the rules that together have the instances of a recurrence; empty if there are none.

    Raises Unusable if it has no instances.

    Parameters:
        recurrence: The recurrence; its bounds don't matter.
        zone: The IANA zone of its clock.
    """
    args = _from_parts(recurrence.parts, recurrence.start)
    if args is None:
        return []
    endless = Recurrence(recurrence.start, recurrence.parts, text=recurrence.text)
    wanted = list(islice(endless.instances(), _COMPARED + 2 * len(args["times"])))
    if not wanted:
        raise impossible(recurrence)
    for anchored in _anchored(args, recurrence.start):
        if _same(anchored, wanted, recurrence.start, zone):
            return [anchored]
    if len(args.get("weekdays", ())) < 2:
        return []
    # Weeks that don't begin on Monday: each weekday may be in other weeks of ours.
    apart: list[JsonObject] = []
    for weekday in args["weekdays"]:
        these = [at for at in wanted if WEEKDAYS[at.weekday()] == weekday]
        alone: JsonObject = {**args, "weekdays": [weekday]}
        begins = these[0] if these else recurrence.start
        found = next((one for one in _anchored(alone, begins) if _same(one, these, begins, zone)), None)
        if found is None:
            return []
        apart.append(found)
    return apart


def guessed(instances: Iterator[datetime], zone: str, *, plain: bool) -> JsonObject | None:
    """Return the daily or weekly rule that has exactly these instances of an endless event, or None.

    Parameters:
        instances: The event's instances, which are compared for some time.
        zone: The IANA zone of its clock.
        plain: Whether they can't change with the season, so that two months tell all.
    """
    span = _SPAN_OF_PLAIN if plain else _SPAN
    compared: list[datetime] = []
    for at in instances:
        compared.append(at)
        if at - compared[0] > _RARE or len(compared) > _MOST_COMPARED:
            return None
        if at - compared[0] > span and len(compared) >= _COMPARED_OF_MANY:
            break
    if len(compared) < _COMPARED_OF_MANY:
        return None
    times = sorted({at.time() for at in compared})
    weekdays = sorted({at.weekday() for at in compared})
    args: JsonObject = {"unit": "day", "times": [_clock(moment) for moment in times]}
    if len(weekdays) < len(_DAYS):
        args |= {"unit": "week", "weekdays": [WEEKDAYS[day] for day in weekdays]}
    return args if _same(args, compared, compared[0], zone) else None


def _same(args: JsonObject, wanted: Sequence[datetime], start: datetime, zone: str) -> bool:
    """Whether a rule has these first instances from its start on."""
    try:
        rule = schedule_of(Trigger("calendar", {"rule": args}), anchor=_EPOCH, zone=zone)
    except TriggerError:
        return False
    assert isinstance(rule, Rule)
    at = start
    for instance in wanted:
        if rule.next_local(at) != instance:
            return False
        at = instance + _SECOND
    return bool(wanted)


def _anchored(args: JsonObject, start: datetime) -> Iterator[JsonObject]:
    """The rule with each week, month or year from which it may be counted."""
    if args.get("every", 1) == 1:
        yield args
        return
    yield {**args, "anchor": start.date().isoformat()}
    if args["unit"] == "week":
        for weeks in (-1, 1):
            anchor: date = start.date() + timedelta(weeks=weeks)
            yield {**args, "anchor": anchor.isoformat()}


def _from_parts(parts: Mapping[str, str], start: datetime) -> JsonObject | None:
    """What the parts of a rule seem to say, or None if no rule of ours has such parts."""
    if parts["FREQ"] not in _UNITS or "BYWEEKNO" in parts or "BYYEARDAY" in parts:
        return None
    times = sorted(
        {
            time(hour, minute, second)
            for hour in _numbers(parts, "BYHOUR") or [start.hour]
            for minute in _numbers(parts, "BYMINUTE") or [start.minute]
            for second in _numbers(parts, "BYSECOND") or [start.second]
        }
    )
    if len(times) > _MOST_TIMES:
        return None
    every = int(parts.get("INTERVAL", "1"))
    days = _days(parts, _UNITS[parts["FREQ"]], every, start)
    if days is None:
        return None
    args = {key: value for key, value in days.items() if value}
    return {**args, "times": [_clock(moment) for moment in times], **({"every": every} if every > 1 else {})}


def _days(parts: Mapping[str, str], unit: str, every: int, start: datetime) -> dict[str, Any] | None:
    items = parts["BYDAY"].split(",") if "BYDAY" in parts else []
    weekdays = sorted({_DAYS.index(item) for item in items if item in _DAYS})
    positions = sorted({(int(item[:-2]), _DAYS.index(item[-2:])) for item in items if item not in _DAYS})
    month_days, months = sorted(set(_numbers(parts, "BYMONTHDAY"))), sorted(set(_numbers(parts, "BYMONTH")))
    named = [WEEKDAYS[day] for day in weekdays]
    if "BYSETPOS" in parts:
        if unit == "year" and len(months) != 1:
            return None
        picked = _picked(_numbers(parts, "BYSETPOS"), weekdays) if not positions and not month_days else None
        return {"unit": unit, "months": months, **picked} if picked and unit in ("month", "year") else None
    if unit in ("day", "week"):
        if positions:
            return None
        if month_days:
            same = unit == "day" and every == 1
            return (
                {"unit": "month", "days": month_days, "weekdays": named, "months": months} if same else None
            )
        if unit == "week" and not named:
            named = [WEEKDAYS[start.weekday()]]
        return {"unit": unit, "weekdays": named, "months": months}
    if month_days:
        if positions:
            return None
        return {"unit": unit, "days": month_days, "weekdays": named, "months": months}
    if weekdays and not positions and every == 1:
        return {"unit": "week", "weekdays": named, "months": months}
    if weekdays or positions:
        each = [(number, day) for day in weekdays for number in range(1, 6)]
        if unit == "year" and positions and not months:
            # Numbers count within the year here: the first four are in January, the last is in December.
            within = {_DECEMBER if number == -1 else 1 for number, _ in positions}
            if len(within) > 1 or weekdays or any(not -1 <= number <= 4 for number, _ in positions):
                return None
            months = sorted(within)
        said = [[number, WEEKDAYS[day]] for number, day in (*positions, *each)]
        return {"unit": unit, "positions": said, "months": months}
    if unit == "year" and not months:
        months = [start.month]
    return {"unit": unit, "days": [start.day], "months": months}


def _picked(numbers: list[int], weekdays: list[int]) -> dict[str, Any] | None:
    """What BYSETPOS picks from the days of a month that are such weekdays."""
    if weekdays == _WORKDAYS:
        return {"positions": [[number, "workday"] for number in numbers]}
    if len(weekdays) == 1:
        return {"positions": [[number, WEEKDAYS[weekdays[0]]] for number in numbers]}
    return {"days": numbers} if len(weekdays) == len(_DAYS) else None


def _numbers(parts: Mapping[str, str], name: str) -> list[int]:
    return [int(item) for item in parts[name].split(",")] if name in parts else []


def _clock(moment: time) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
