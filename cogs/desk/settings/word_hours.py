"""What words without an hour mean in a guild: the fields of the forms, reading them, and describing them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import time
from typing import Any

from discord import ui

from cogs import formats
from cogs.desk.kit.modals import text_field
from cogs.desk.kit.wording import plain
from cogs.language import locale, mark, shown_locale, t, with_colon
from cogs.services import Refused
from schedulezero.clocks import hour as hour_alone
from schedulezero.model.habits import Habits
from schedulezero.when.language.holiday_places import place_name, place_named, search_places
from schedulezero.when.language.hours import hours_of, may_begin

LABELS = {
    "morning": mark("Morning"),
    "lunch": mark("Lunch"),
    "afternoon": mark("Afternoon"),
    "evening": mark("Evening"),
    "night": mark("Night"),
    "day": mark("A day without a time"),
    "early": mark("Early morning"),
    "end": mark("End of the working day"),
    "place": mark("Public holidays in"),
}
PARTS_FORM = ("morning", "lunch", "afternoon", "evening", "night")
DAYS_FORM = ("day", "early", "end", "place")
_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.h]([0-9]{2}))?\s*(?:h|([ap])\.?\s?m\.?)?", re.IGNORECASE)
_NOON = 12


def typed_of(habits: Habits, form: tuple[str, ...]) -> dict[str, str]:
    """Return the texts of a form that mean these habits."""
    shown = {name: getattr(habits, name) for name in form}
    return {
        name: formats.clock(value, shown_locale()) if isinstance(value, time) else value or ""
        for name, value in shown.items()
    }


def word_fields(form: tuple[str, ...], known: Mapping[str, Any]) -> list[ui.Label[Any]]:
    """Return the fields of a form, filled with texts."""
    usual = typed_of(Habits(), form)
    return [
        text_field(
            name,
            t(LABELS[name]),
            value=known.get(name),
            placeholder=usual[name] or "DE-BY",
            description=_DESCRIBED[name] and t(_DESCRIBED[name]),
            most=60,
        )
        for name in form
    ]


_DESCRIBED = {
    **dict.fromkeys(PARTS_FORM, ""),
    "day": mark("What time “Friday” or “24 December” means"),
    "early": "",
    "end": mark("What time “end of day” means"),
    "place": mark("A country or region; leave empty to use the time zone's country"),
}


def read_words(form: tuple[str, ...], typed: Mapping[str, str], habits: Habits) -> Habits:
    """Read habits from a form's texts; an empty text means what is usual.

    It loads the countries' holidays, so call it in a thread. Raises Refused with every fault.
    """
    usual, faults = Habits(), list[str]()
    found: dict[str, Any] = {}
    for name in form:
        text = typed.get(name, "").strip()
        try:
            if not text:
                found[name] = getattr(usual, name)
            else:
                found[name] = read_place(text) if name == "place" else _hour(name, text)
        except Refused as error:
            faults.append(error.message)
    if faults:
        raise Refused("\n".join(faults))
    return replace(habits, **found)


def _hour(name: str, text: str) -> time:
    match = _CLOCK.fullmatch(text)
    hour, minute = (int(match[1]), int(match[2] or 0)) if match else (99, 0)
    if match and match[3]:
        hour = hour % _NOON + (_NOON if match[3] in "pP" else 0) if 1 <= hour <= _NOON else 99
    label = t(LABELS[name])
    if hour > 23 or minute > 59:
        raise Refused(
            t("{label}: “{text}” isn't a time of day. Example: 9:00.", label=label, text=plain(text))
        )
    if name != "day" and not may_begin(name, time(hour, minute)):
        first, last = hours_of(name)
        raise Refused(
            t(
                "{label}: {time} isn't possible; choose an hour from {first} to {last}.",
                label=label,
                time=formats.clock(time(hour, minute), shown_locale()),
                first=hour_alone(first, shown_locale()),
                last=hour_alone(last, shown_locale()),
            )
        )
    return time(hour, minute)


def read_place(text: str) -> str:
    """Return the code of a country or region by its name or code. Raises Refused.

    It loads the countries' holidays, so call it in a thread.
    """
    found = place_named(text, locale())
    if found is not None:
        return found.key
    near = search_places(text, locale(), most=3)
    hint = t(" Did you mean {zone}?", zone=", ".join(f"`{place.key}`" for place in near)) if near else ""
    raise Refused(
        t(
            "I don't know the public holidays for “{text}”.{hint} Enter a country or its "
            "code, such as DE, or a region's code, such as DE-BY.",
            text=plain(text),
            hint=hint,
        )
    )


def word_lines(habits: Habits, own: str | None) -> tuple[str, str]:
    """Describe habits on two lines, one for each form.

    Parameters:
        habits: what words mean in the guild.
        own: the country of the guild's zone, if it belongs to one.
    """
    parts = [_said(name, habits) for name in PARTS_FORM]
    days = [_said(name, habits) for name in DAYS_FORM if name != "place"]
    place = habits.place or own
    days.append(
        f"{with_colon(t('public holidays'))} {place_name(place, shown_locale())}"
        if place
        else t("no public holidays")
    )
    return (
        f"**{with_colon(t('What words like “evening” mean'))}** {' · '.join(parts)}",
        f"**{with_colon(t('Days and public holidays'))}** {' · '.join(days)}",
    )


def _said(name: str, habits: Habits) -> str:
    return f"{t(LABELS[name])} {formats.clock(getattr(habits, name), shown_locale())}"
