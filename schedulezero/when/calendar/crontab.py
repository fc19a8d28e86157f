"""Parses crontab lines as crontab(5) does: 0 and 7 are Sunday; of a day and a weekday, either one matches.

A line that the wire's cron fields can express exactly becomes a ``cron`` trigger, which every server
understands. Any other line becomes our own ``calendar`` trigger.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from schedulezero.errors import WhenError
from schedulezero.model import JsonObject, Trigger
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.weekdays import WEEKDAYS

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_FIELD = re.compile(r"[/,#\-]*[0-9*][0-9*/,#\-L]*|[A-Za-z0-9*/,#\-]+")
_PLAIN = re.compile(r"[0-9*/,\-]+")


# Read as: a field as the crontab library's errors name it, and as people read it.
_FIELDS = {
    "second": Sentence("second", "cron_second"),
    "minute": Sentence("minute", "cron_minute"),
    "hour": Sentence("hour", "cron_hour"),
    "day-of-month": Sentence("day of the month", "cron_day"),
    "month": Sentence("month", "cron_month"),
    "day-of-week": Sentence("weekday", "cron_weekday"),
}


def looks_like_crontab(text: str) -> bool:
    """Return whether a text is meant as a crontab line, valid or not: five or six fields, or ``@daily``.

    *@ 3pm* and *@noon tomorrow* are words: the sign stands for *at*.
    """
    if text.startswith("@"):
        return text[1:].isalpha()
    parts = text.split()
    return (
        len(parts) in (5, 6)
        and all(_FIELD.fullmatch(part) for part in parts)
        and all(part[0] in "*0123456789" for part in parts[:2])
        and not any(part.isalpha() and part not in ("L", "LW") for part in parts[:3])
    )


def crontab_trigger(text: str, zone: str) -> Trigger:
    """Return the trigger for a crontab line. Raises WhenError naming the invalid field."""
    line = NICKNAMES.get(text.lower(), text)
    if line.startswith("@"):
        raise WhenError(
            "“{text}” isn't a crontab nickname. Known nicknames: {known}.",
            code="crontab_nickname_unknown",
            text=text,
            known=[*NICKNAMES],
        )
    try:
        parsed = CronSim(line, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        reason = _FIELDS.get(str(error).removeprefix("Bad "))
        if reason is None:
            raise WhenError(
                "The crontab line “{text}” isn't valid. Example: `0 9 * * 1-5` runs at 9:00 on weekdays.",
                code="crontab_invalid",
                text=text,
            ) from error
        raise WhenError(
            "The crontab line “{text}” can never match; check its {reason}. Example: `0 9 * * 1-5` runs "
            "at 9:00 on weekdays.",
            code="crontab_never_matches",
            text=text,
            reason=reason,
        ) from error
    fields = _as_fields(line, parsed) if len(line.split()) == 5 else None
    if fields is None:
        return Trigger("calendar", {"crontab": line, "timezone": zone})
    return Trigger("cron", {**fields, "timezone": zone})


def _as_fields(line: str, parsed: CronSim) -> JsonObject | None:
    """The same calendar in the wire's fields; None when they cannot say it."""
    minute, hour, day, _, weekday = line.split()
    if not parsed.day_and or not all(_PLAIN.fullmatch(part) for part in (minute, hour, day)):
        return None
    if day.startswith("*/") and weekday != "*":
        return None
    fields: JsonObject = {"minute": minute, "hour": hour}
    if day != "*":
        fields["day"] = day
    if len(parsed.months) < 12:
        fields["month"] = ",".join(str(number) for number in sorted(parsed.months))
    if weekday != "*":
        numbers = {item % 7 for item in parsed.weekdays if isinstance(item, int)}
        if len(numbers) != len({item % 7 if isinstance(item, int) else item for item in parsed.weekdays}):
            return None  # the last Friday, the second Tuesday
        if len(numbers) < 7:
            fields["day_of_week"] = ",".join(
                WEEKDAYS[number - 1] for number in sorted(numbers)
            )  # 0 is Sunday
    # A coarser field that is not given is "*" in the wire's fields, as it is here.
    return fields
