"""Which month somebody means, for ``/schedule calendar``; its picture, list and file use one zone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from cogs.desk.runs.agenda import week_title
from cogs.desk.runs.months import month_choices, read_month
from schedulezero.exchange.calendar_export import calendar_of
from schedulezero.model import Job, Trigger
from tests.support.scheduling import scheduled
from tests.support.text import text_of
from tests.support.world import World, said

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "locale", "wanted"),
    [
        ("2027-03", "en-US", (2027, 3)),
        ("3/2027", "fr", (2027, 3)),
        ("03.2027", "de", (2027, 3)),
        ("March", "en-US", (2027, 3)),
        ("november", "en-US", (2026, 11)),
        ("  DEC 2029 ", "en-US", (2029, 12)),
        ("märz", "de", (2027, 3)),
        ("Mär. 2028", "de", (2028, 3)),
        ("août 2027", "fr", (2027, 8)),
        ("mayo de 2027", "es-ES", (2027, 5)),
        ("março de 2027", "pt-BR", (2027, 3)),
        ("march 2027", "pt-BR", (2027, 3)),
        *((text, "en-US", None) for text in ("", "ma", "2027", "2027-13", "0/2027", "9999-01", "blursday")),
    ],
)
def test_a_month_is_read(text: str, locale: str, wanted: tuple[int, int] | None) -> None:
    assert read_month(text, locale, TODAY) == (date(*wanted, 1) if wanted else None)


def test_months_are_suggested_by_their_names() -> None:
    assert len(month_choices("", "de")) == 25
    found = month_choices("mär", "de")
    assert found and all(choice.name.startswith("März") for choice in found)
    assert read_month(str(found[0].value), "de", TODAY) is not None


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en-US", ("Nov 23", "29, 2026")), ("de", ("23.", "29. Nov. 2026")), ("fr", ("23", "29 nov. 2026"))],
)
def test_a_week_is_titled_as_the_language_writes_it(locale: str, words: tuple[str, ...]) -> None:
    title = week_title(date(2026, 11, 23), date(2026, 11, 29), locale)
    assert all(word in title for word in words), title


def test_the_file_names_the_zone_and_single_runs_use_it() -> None:
    now = datetime(2026, 11, 24, 7, tzinfo=ZoneInfo("UTC"))
    once = Trigger("date", {"run_date": "2026-12-24T18:00:00Z"})
    weekly = Trigger("cron", {"day_of_week": "mon", "hour": 9, "timezone": "America/New_York"})
    jobs = [
        Job(name, "h", "m", {}, trigger, name=name, timezone="America/New_York", anchor_at=now)
        for name, trigger in (("once", once), ("weekly", weekly))
    ]
    file = calendar_of(jobs, name="Moonbase", now=now, zone=ZoneInfo("Europe/Berlin"))
    calendar: Any = Calendar.from_ical(file.data)
    assert str(calendar["X-WR-TIMEZONE"]) == "Europe/Berlin"
    zones = {str(item["SUMMARY"]): str(item["DTSTART"].dt.tzinfo) for item in calendar.walk("VEVENT")}
    assert zones == {"once": "Europe/Berlin", "weekly": "America/New_York"}  # a rule follows its own clock


async def test_any_month_is_shown_in_one_zone_that_is_named(world: World) -> None:
    await world.admin.slash(world.channel, "schedule timezone", zone="America/New_York", whose="user")
    await world.admin.slash(world.channel, "schedule timezone", zone="Asia/Tokyo", whose="guild")
    await scheduled(world, "Game night", "31 january 2099 at 20:00")
    shown = await world.admin.slash(world.channel, "schedule calendar", month="2099-01")
    text = said(shown)
    assert "Calendar: January 2099" in text and "America/New_York" in text
    assert "Saturday, 31 January 2099, 20:00" in text or "Saturday, January 31, 2099" in text, text
    assert "<t:" not in text
    file = next(item for item in shown.response.attachments if item.filename.endswith("ics"))  # type: ignore[union-attr]
    data = (await file.read()).decode()
    assert "X-WR-TIMEZONE:America/New_York" in data and "DTSTART;TZID=America/New_York" in data
    await world.admin.click(shown.response, label="Post it here for everyone")  # type: ignore[arg-type]
    posted = next(message for message in reversed(world.channel.history()) if message.attachments)
    assert "Asia/Tokyo" in text_of(posted)  # what is for everyone is in the zone of the server
    refused = await world.admin.slash(world.channel, "schedule calendar", month="blursday")
    assert "“blursday” isn't a month" in said(refused)
