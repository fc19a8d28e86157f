"""Adds bounds to a schedule that was given without them: an end, or days on which it doesn't run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from schedulezero.errors import WhenError
from schedulezero.instants import from_iso, to_iso
from schedulezero.model import JsonObject, Trigger
from schedulezero.model.habits import Habits
from schedulezero.when.calendar.calendar_trigger import MOST_EXCLUDED
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand
from schedulezero.when.language.say import language_of, wording

_DAILY = Trigger("cron", {"hour": 9, "minute": 0})


def read_end(text: str, *, zone: str, locale: str, now: datetime, habits: Habits | None = None) -> datetime:
    """Return the instant that a text means as an end; a day alone means its last second.

    Parameters: as for `schedulezero.when.language.parse.understand`. Raises WhenError.
    """
    until = wording(language_of(locale))["until"].format(date=text.strip())
    try:
        wanted = f"{describe(_DAILY, zone, locale)}, {until}"
        found = understand(wanted, zone=zone, locale=locale, now=now, habits=habits)
        return from_iso(str(found.trigger.args["until"]))
    except (WhenError, KeyError) as error:
        raise WhenError(
            "“{text}” isn't a valid last day. Example: `31 December 2027`.",
            code="end_no_day",
            text=text,
        ) from error


def with_end(trigger: Trigger, end: datetime) -> Trigger:
    """Return the same trigger with an end. Raises WhenError for a trigger that runs only once."""
    if trigger.type == "date":
        raise WhenError("It runs only once, so an end has no effect.", code="once_needs_no_end")
    return _bounded(trigger, {"until": to_iso(end)})


def without_days(trigger: Trigger, days: Sequence[date]) -> Trigger:
    """Return the same trigger without some days; a trigger that doesn't recur stays as it is."""
    if not days or trigger.type == "date":
        return trigger
    return _bounded(trigger, {"except": [day.isoformat() for day in days[:MOST_EXCLUDED]]})


def _bounded(trigger: Trigger, bounds: JsonObject) -> Trigger:
    """A recurring trigger with bounds, which only our own type has."""
    if trigger.type == "calendar":
        return Trigger("calendar", {**trigger.args, **bounds})
    inner = dict(trigger.args)
    zone = inner.pop("timezone", None)
    outer = {**bounds, **({"timezone": zone} if zone is not None else {})}
    return Trigger("calendar", {trigger.type: inner, **outer})
