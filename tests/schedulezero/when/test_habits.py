"""A guild's own hours for words without one, and its public holidays."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from schedulezero.errors import WhenError
from schedulezero.exchange.limited_reading import read_limited
from schedulezero.exchange.reading import Asked
from schedulezero.model.habits import Habits
from schedulezero.when.calendar.holidays import holidays_of, regions_by_country
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.language.bounding import read_end
from schedulezero.when.language.complete import completions
from schedulezero.when.language.describe import describe
from schedulezero.when.language.holiday_places import place_named, search_places
from schedulezero.when.language.parse import understand

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday, 13:00 in Berlin
OWN = Habits(
    day=time(8, 15), early=time(5), morning=time(10), lunch=time(12, 30), afternoon=time(14),
    evening=time(20), night=time(23), end=time(16), place="DE-BY",
)  # fmt: skip


def first(text: str, locale: str = "en-GB", habits: Habits | None = OWN) -> str:
    found = understand(text, zone="Europe/Berlin", locale=locale, now=NOW, habits=habits)
    at = found.schedule.next_after(NOW)
    assert at is not None
    return f"{at.astimezone(BERLIN):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tomorrow early", "2026-11-25 05:00"),
        ("tomorrow morning", "2026-11-25 10:00"),
        ("tomorrow noon", "2026-11-25 12:00"),
        ("tomorrow lunch", "2026-11-25 12:30"),
        ("tomorrow afternoon", "2026-11-25 14:00"),
        ("tonight", "2026-11-24 20:00"),
        ("friday evening", "2026-11-27 20:00"),
        ("friday night", "2026-11-27 23:00"),
        ("friday eod", "2026-11-27 16:00"),
        ("every morning", "2026-11-25 10:00"),
        ("tomorrow evening at 7", "2026-11-25 19:00"),
        # A day without a time, in every form
        ("friday", "2026-11-27 08:15"),
        ("2026-12-24", "2026-12-24 08:15"),
        ("24 december", "2026-12-24 08:15"),
        ("easter", "2027-03-28 08:15"),
        ("the 15th", "2026-12-15 08:15"),
        ("next friday", "2026-11-27 08:15"),
        ("every monday", "2026-11-30 08:15"),
        ("first monday of the month", "2026-12-07 08:15"),
        ("every year on christmas", "2026-12-25 08:15"),
        ("FREQ=WEEKLY;BYDAY=FR", "2026-11-27 08:15"),
        ("DTSTART:20261224 RRULE:FREQ=DAILY", "2026-12-24 08:15"),
        ("FREQ=WEEKLY;BYDAY=FR;BYHOUR=7", "2026-11-27 07:00"),
        # A span keeps the present time
        ("in 3 days", "2026-11-27 13:00"),
    ],
)
def test_words_without_an_hour_mean_the_guilds_own(text: str, expected: str) -> None:
    assert first(text) == expected


def test_a_foreign_date_without_a_time_means_the_guilds_own() -> None:
    assert first("24. joulukuuta 2026", "fi") == "2026-12-24 08:15"


def test_a_bound_within_the_day_means_the_guilds_own() -> None:
    end = read_end("friday morning", zone="Europe/Berlin", locale="en", now=NOW, habits=OWN)
    assert end.astimezone(BERLIN).time() == time(10)


def test_a_completion_shows_the_guilds_own() -> None:
    (found, *_) = completions("tomorrow morning", zone="Europe/Berlin", locale="en", now=NOW, habits=OWN)
    assert "10:00" in found.label


@pytest.mark.parametrize("text", ["tomorrow morning", "every evening", "friday", "every day except holidays"])
def test_the_sentence_is_read_as_the_same_by_others(text: str) -> None:
    found = understand(text, zone="Europe/Berlin", locale="en", now=NOW, habits=OWN)
    for language in ("en", "de", "fr", "es", "pt"):
        sentence = describe(found.trigger, found.zone, language)
        for habits in (None, Habits(place="US", day=time(6), evening=time(17))):
            again = understand(sentence, zone=found.zone, locale=language, now=NOW, habits=habits)
            assert list(upcoming(again.schedule, NOW, 5)) == list(upcoming(found.schedule, NOW, 5)), sentence


async def test_a_file_is_read_with_the_guilds_own() -> None:
    whole_day = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261224\nSUMMARY:Eve\nEND:VEVENT"
    calendar = f"BEGIN:VCALENDAR\n{whole_day}\nEND:VCALENDAR"
    jobs = "jobs:\n- do: send_announcement\n  when: tomorrow morning\n  with: {message: Hi}\n"
    found: list[str] = []
    for text in (calendar, jobs):
        asked = Asked("Europe/Berlin", "en-GB", NOW, "1", habits=OWN)
        read = await read_limited(text.encode(), asked)
        (entry,) = read.entries
        found.append(f"{entry.runs[0].astimezone(BERLIN):%m-%d %H:%M}")
    assert found == ["12-24 08:15", "11-25 10:00"]


# ---------------------------------------------------------------- public holidays


def test_the_guilds_place_decides_which_holidays_count() -> None:
    text = "every day at 9 except public holidays"
    own = understand(text, zone="Europe/Berlin", locale="en", now=NOW, habits=OWN).trigger
    default = understand(text, zone="Europe/Berlin", locale="en", now=NOW).trigger
    assert own.args["except_holidays"] == "DE-BY" and default.args["except_holidays"] == "DE"
    assert "(DE-BY)" in describe(own, "Europe/Berlin", "en")


def test_a_place_that_the_package_lacks_is_refused() -> None:
    for place in ("XX", "DE-ZZ"):
        with pytest.raises(WhenError, match=place):
            first(f"every day at 9 except public holidays ({place})")


def test_a_day_that_is_always_a_holiday_never_comes() -> None:
    holidays_of.cache_clear()
    with pytest.raises(WhenError, match="never comes"):
        first("every 25 december except public holidays")
    assert holidays_of.cache_info().currsize <= 12, "a dozen years are enough to see it"


def test_places_are_found_by_name_and_code() -> None:
    assert "BY" in regions_by_country()["DE"] and len(regions_by_country()) > 100
    for typed in ("de-by", "Bayern", "Deutschland, Bayern"):
        place = place_named(typed, "de")
        assert place is not None and place.key == "DE-BY"
    for typed in ("Germany", "Deutschland", "DE"):
        place = place_named(typed, "de")
        assert place is not None and place.key == "DE"
    assert search_places("Franc", "en")[0].key == "FR"
    assert place_named("Atlantis", "en") is None and search_places("Atlantis", "en") == []


async def test_loading_the_holidays_leaves_the_loop_to_others() -> None:
    program = (
        "import asyncio, sys\n"
        "from schedulezero.when.calendar.holidays import load\n"
        "from schedulezero.when.language.parse import understand\n"
        "assert 'holidays' not in sys.modules\n"
        "asyncio.run(asyncio.to_thread(load))\n"
        "assert 'holidays.countries.germany' in sys.modules\n"
    )
    import sys

    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == 0


def test_public_holidays_are_no_working_days() -> None:
    before_christmas = datetime(2026, 12, 24, 11, tzinfo=UTC)  # a Thursday
    found = {
        zone: understand("next working day", zone=zone, locale="en", now=before_christmas).trigger.args[
            "run_date"
        ]
        for zone in ("Europe/Berlin", "UTC")
    }
    assert found["Europe/Berlin"].startswith("2026-12-28"), "25 December is one, 26 December a Saturday"
    assert found["UTC"].startswith("2026-12-25"), "nobody knows whose"
