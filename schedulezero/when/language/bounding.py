"""Adds bounds to a schedule that was given without them: an end, or days on which it doesn't run."""

from __future__ import annotations

from datetime import datetime

from schedulezero.errors import WhenError
from schedulezero.instants import from_iso, to_iso
from schedulezero.model import Trigger
from schedulezero.model.habits import Habits
from schedulezero.when.language.describe import describe
from schedulezero.when.language.left_out import bounded
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
    return bounded(trigger, {"until": to_iso(end)})
