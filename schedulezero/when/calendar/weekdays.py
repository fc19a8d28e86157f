"""Weekdays as numbers: 0 and 7 are Sunday, and 1 to 5 are Monday to Friday, as in crontab and APScheduler 4.

Earlier versions and APScheduler 3 count from Monday, as 0. Names (``mon``) mean the same everywhere, so jobs
are stored with names only: a number in a stored trigger or an old file is always of the earlier kind.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, cast

from schedulezero.model import JsonObject, Trigger

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_NUMBER = "[0-9]{1,9}"  # Python refuses to read a number of thousands of digits
_DAYS = re.compile(rf"(?:\*|(?P<first>{_NUMBER})(?:-(?P<last>{_NUMBER}))?)(?:/(?P<step>{_NUMBER}))?")


class Count(Enum):
    """Which day is 0, and the highest number."""

    FROM_SUNDAY = 0, 7
    FROM_MONDAY = 1, 6

    def days(self, text: str) -> tuple[int, ...] | None:
        """Return the days of an expression such as ``1-5`` or ``*/2``, as `WEEKDAYS` counts them.

        ``*/2`` steps from Monday in both, as APScheduler does; ``5-1`` goes round the end of the week.
        Returns None for anything else: a name, or a number that is not a day.
        """
        shift, highest = self.value
        match = _DAYS.fullmatch(text)
        if match is None:
            return None
        step = int(match["step"] or 1)
        if match["first"] is None:
            return tuple(range(0, 7, step)) if step else None
        first = int(match["first"])
        last = int(match["last"] or (max(first, 6) if match["step"] else first))
        if step < 1 or max(first, last) > highest:
            return None
        numbers = range(first, last + 1) if first <= last else (*range(first, 7), *range(last + 1))
        found = {(number + shift + 6) % 7 for number in numbers[::step]}
        return tuple(sorted(found))

    def names(self, text: object) -> str:
        """Return an expression of several parts with names in place of numbers, and the rest as it is."""
        parts = [part.strip() for part in str(text).strip().lower().split(",")]
        found: list[str] = []
        for part in parts:
            days = self.days(part) if part != "*" else None
            found += [part] if days is None else [WEEKDAYS[day] for day in days]
        return ",".join(dict.fromkeys(found))


def with_day_names(trigger: Trigger, count: Count = Count.FROM_SUNDAY) -> Trigger:
    """Return a trigger whose cron fields name their weekdays; other triggers are returned as they are."""
    if trigger.type == "cron":
        fields = _named(trigger.args, count)
        return trigger if fields is trigger.args else Trigger("cron", fields)
    cron: Any = trigger.args.get("cron") if trigger.type == "calendar" else None
    if isinstance(cron, dict):
        fields = _named(cast(JsonObject, cron), count)
        return trigger if fields is cron else Trigger("calendar", {**trigger.args, "cron": fields})
    return trigger


def stored_trigger(trigger: Trigger) -> Trigger:
    """Return a trigger found in storage; weekday numbers come from earlier versions, counted from Monday."""
    return with_day_names(trigger, Count.FROM_MONDAY)


def _named(fields: Any, count: Count) -> Any:
    given = fields.get("day_of_week")
    if given is None or isinstance(given, bool):
        return fields
    named = count.names(given)
    return fields if named == given else {**fields, "day_of_week": named}
