"""Bounds put to a schedule that was said without them: an end, days on which it does not run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from schedulezero.errors import WhenError
from schedulezero.instants import from_iso, to_iso
from schedulezero.model import JsonObject, Trigger
from schedulezero.when.calendar.calendar_trigger import MOST_EXCLUDED
from schedulezero.when.language.describe import describe
from schedulezero.when.language.lexicon import language_of, lexicon
from schedulezero.when.language.parse import understand

_DAILY = Trigger("cron", {"hour": 9, "minute": 0})


def read_end(text: str, *, zone: str, locale: str, now: datetime) -> datetime:
    """The instant that a text means as an end; a day alone means its last second.

    Parameters: as for `schedulezero.when.language.parse.understand`. Raises WhenError.
    """
    until = lexicon(language_of(locale)).say["until"].format(date=text.strip())
    try:
        found = understand(f"{describe(_DAILY, zone, locale)}, {until}", zone=zone, locale=locale, now=now)
        return from_iso(str(found.trigger.args["until"]))
    except (WhenError, KeyError) as error:
        raise WhenError(
            "“{text}” isn't a valid last day. Example: `31 December 2027`.",
            code="end_no_day",
            text=text,
        ) from error


def with_end(trigger: Trigger, end: datetime) -> Trigger:
    """The same trigger, which does not fall due after ``end``; WhenError for one that runs only once."""
    if trigger.type == "date":
        raise WhenError("It runs only once, so an end has no effect.", code="once_needs_no_end")
    return _bounded(trigger, {"until": to_iso(end)})


def without_days(trigger: Trigger, days: Sequence[date]) -> Trigger:
    """The same trigger without some days, as far as it recurs."""
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
