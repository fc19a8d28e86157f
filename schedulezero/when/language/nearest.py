"""Finds the closest plain trigger for servers that don't have our ``calendar`` type."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from schedulezero.model import Trigger
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.rule import Bounded, Rule
from schedulezero.when.calendar.schedules import Every, OnFields
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.grammar.compiling import plain_fields, span_args
from schedulezero.when.language.describe import describe


def nearest_plain(trigger: Trigger, zone: str) -> Trigger | None:
    """Return the trigger without its bounds and its longer period, or None if nothing comes close."""
    schedule = schedule_of(trigger, anchor=datetime.now(UTC), zone=zone)
    base = schedule.base if isinstance(schedule, Bounded) else schedule
    where = trigger.zone_or(zone)
    if isinstance(base, Every):
        return Trigger("interval", span_args(base.period))
    if isinstance(base, OnFields) and isinstance(trigger.args.get("cron"), dict):
        return Trigger("cron", {**trigger.args["cron"], "timezone": where})
    if isinstance(base, Rule):
        fields = plain_fields(replace(base, every=1, anchor=None, zone=ZoneInfo(where)))
        return Trigger("cron", {**fields, "timezone": where}) if fields is not None else None
    return None


def refusal(trigger: Trigger, zone: str, locale: str = "en") -> Sentence:
    """Return the error sentence for a schedule that the scheduler doesn't support.

    Parameters:
        trigger: The schedule.
        zone: The zone for wall-clock times without one.
        locale: The language in which schedules within the sentence are told.
    """
    said = describe(trigger, zone, locale)
    near = nearest_plain(trigger, zone)
    if near is None:
        return Sentence(
            "The scheduler doesn't support a schedule like “{schedule}”. Use days of the week or of the "
            "month, such as `every Friday at 17:00`.",
            "schedule_not_kept",
            schedule=said,
        )
    # The zone stands beside the time, so that whoever types the sentence elsewhere gets the same instants.
    where = f" {near.zone_or(zone)}" if near.type == "cron" else ""
    return Sentence(
        "The scheduler doesn't support a schedule like “{schedule}”. The closest it can do is “{nearest}”.",
        "schedule_not_kept_but_near",
        schedule=said,
        nearest=f"{describe(near, zone, locale)}{where}",
    )
