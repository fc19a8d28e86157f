"""Leaves days out of a trigger that was made without them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from schedulezero.instants import to_iso
from schedulezero.model import JsonObject, Trigger
from schedulezero.when.calendar.calendar_trigger import MOST_EXCLUDED
from schedulezero.when.calendar.rule import Bounded
from schedulezero.when.calendar.schedules import Schedule


def bounded(trigger: Trigger, bounds: JsonObject) -> Trigger:
    """Return a recurring trigger with bounds, which only our own type has."""
    if trigger.type == "calendar":
        return Trigger("calendar", {**trigger.args, **bounds})
    inner = dict(trigger.args)
    zone = inner.pop("timezone", None)
    outer = {**bounds, **({"timezone": zone} if zone is not None else {})}
    return Trigger("calendar", {trigger.type: inner, **outer})


def without_days(trigger: Trigger, days: Sequence[date]) -> Trigger:
    """Return the same trigger without some days; a trigger that doesn't recur stays as it is."""
    if not days or trigger.type == "date":
        return trigger
    return bounded(trigger, {"except": [day.isoformat() for day in days[:MOST_EXCLUDED]]})


def until_its_last(trigger: Trigger, schedule: Schedule) -> Trigger:
    """Replace a count by the instant of the last run: a calendar's count includes its excluded days."""
    if not isinstance(schedule, Bounded) or schedule.count is None or schedule.last is None:
        return trigger
    args = {key: value for key, value in trigger.args.items() if key != "count"}
    return Trigger(trigger.type, {**args, "until": to_iso(schedule.last)})
