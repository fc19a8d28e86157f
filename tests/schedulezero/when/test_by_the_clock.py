"""Crontab lines as people read them, held against cronsim, and phrases that name two schedules at once."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from schedulezero.errors import WhenError
from schedulezero.when.calendar.crontab import crontab_trigger
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand
from tests.support.languages import LANGUAGES

NOW = datetime(2026, 12, 1, tzinfo=UTC)

# Read as: an everyday crontab line, and its sentence in English.
EVERYDAY = {
    "* * * * *": "every minute by the clock",
    "*/5 * * * *": "every 5 minutes by the clock",
    "0 * * * *": "every hour by the clock",
    "0 */2 * * *": "every 2 hours from 00:00 to 22:00, every day",
    "15,45 * * * *": "every 30 minutes by the clock from 00:15 to 23:45, every day",
    "0 9-17 * * 1-5": "every hour from 09:00 to 17:00, every weekday",
    "*/10 9-17 * * *": "every 10 minutes from 09:00 to 17:50, every day",
    "*/5 * * * 1-5": "every 5 minutes by the clock, every weekday",
    "*/20 9 1 * *": "on the 1st of every month at 09:00, 09:20 and 09:40",
    "*/7 * * * *": "cron fields hour=* minute=*/7",
}
SHIFTING = ("Europe/Berlin", "Australia/Lord_Howe")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


@pytest.mark.parametrize("line", EVERYDAY)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_everyday_crontab_line_reads_well_and_is_read_back_as_the_same(line: str, language: str) -> None:
    for zone in SHIFTING:
        found = understand(line, zone=zone, locale=language, now=NOW)
        sentence = describe(found.trigger, zone, language)
        assert language != "en" or sentence == EVERYDAY[line]
        again = understand(sentence, zone=zone, locale=language, now=NOW)
        # From an hour before both clock changes of the year on, so that what ticks stays what ticks.
        for start in (NOW, *changes(zone)):
            wanted = list(upcoming(found.schedule, start, 40))
            assert list(upcoming(again.schedule, start, 40)) == wanted, (zone, sentence)


def test_a_random_crontab_line_runs_when_cronsim_says_and_its_sentence_says_the_same() -> None:
    chance = random.Random(5)
    readable = 0
    for _ in range(200):
        line = " ".join(
            chance.choice(choices.split())
            for choices in (
                "0 30 */5 */15 15,45 5 * 0,20 */25 10-20/5",
                "9 * */2 */6 9-17 8-18/2 0 */5 2,14",
                "* * * 1 15,31 */10 28-31",
                "* * * 2 1,7 */4 jan-mar",
                "* * * 1-5 0 7 sun fri#2 */2 1,3",
            )
        )
        zone = chance.choice(ZONES)
        trigger = crontab_trigger(line, zone)
        # For cronsim a star in one of the fields is enough to tick, for us the hours must be all 24. And it
        # takes every clock change for one of an hour, which that of Lord Howe is not.
        minute, hour = line.split()[:2]
        alike = hour == "*" or "*" not in minute[0] + hour[0]
        shifting = zone != "Australia/Lord_Howe" and alike
        for start in (NOW, *(changes(zone) if shifting else ())):
            wanted = [at.astimezone(UTC) for at in islice(CronSim(line, start.astimezone(ZoneInfo(zone))), 8)]
            schedule = schedule_of(trigger, anchor=NOW, zone=zone)
            assert list(upcoming(schedule, start, 8)) == wanted, (line, zone)
            sentence = describe(trigger, zone, "en")
            again = understand(sentence, zone=zone, locale="en", now=NOW).schedule
            assert list(upcoming(again, start, 8)) == wanted, sentence
        readable += not describe(trigger, zone, "en").startswith("cron")
    assert readable > 25


@cache
def changes(zone: str) -> list[datetime]:
    """An hour and a half before each of the clock changes of the year 2027."""
    where, found = ZoneInfo(zone), list[datetime]()
    for hour in range(365 * 24):
        at = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
        if at.astimezone(where).utcoffset() != (at + timedelta(hours=1)).astimezone(where).utcoffset():
            found.append(at - timedelta(minutes=30))
    return found


TWO = [
    ("en", "every 24 hours and every 5 seconds"), ("en", "every 5 seconds every 24 hours"),
    ("en", "every hour and every 5 minutes"), ("en", "hourly and every 5 minutes"),
    ("en", "every minute of every hour"), ("en", "every 5 minutes and 5 minutes"),
    ("en", "every 2 days and every 3 weeks on monday"),
    ("en", "every 2 weeks every month on the 1st"), ("en", "every week and every month on the 1st"),
    ("en", "daily and monthly on the 1st"), ("en", "every other friday every 3 weeks"),
    ("en", "every monday at 9 and every tuesday at 10"),
    ("en", "every monday at 9 and tuesday at 10"),
    ("en", "every day at 9 and every monday at 10"),
    ("de", "alle 24 Stunden und alle 5 Sekunden"), ("fr", "toutes les 24 heures et toutes les 5 secondes"),
    ("es", "cada 24 horas y cada 5 segundos"), ("pt", "cada 24 horas e cada 5 segundos"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text"), TWO)
def test_two_schedules_in_one_phrase_are_refused(language: str, text: str) -> None:
    with pytest.raises(WhenError, match="two schedules"):
        understand(text, zone="UTC", locale=language, now=NOW)


@pytest.mark.parametrize("text", ["in 5 seconds and 5 seconds", "in 2h 3h", "in 5 seconds and 24 hours"])
def test_a_span_names_each_unit_once_and_the_larger_first(text: str) -> None:
    with pytest.raises(WhenError):
        understand(text, zone="UTC", locale="en", now=NOW)


def test_a_single_span_of_several_units_is_added_up() -> None:
    found = understand("in 2 hours and 30 minutes", zone="UTC", locale="en", now=NOW)
    assert found.schedule.next_after(NOW) == NOW + timedelta(minutes=150)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("every 2 hours 30 minutes", 150), ("every 2 hours and 30 minutes", 150),
        ("every 2 hours, 30 minutes", 150),
        ("every hour and 30 minutes", 90), ("every 1.5 hours", 90),
    ],
)  # fmt: skip
def test_one_span_of_several_units_is_added_up(text: str, minutes: int) -> None:
    found = understand(text, zone="UTC", locale="en", now=NOW)
    assert next(upcoming(found.schedule, NOW, 1)) == NOW + timedelta(minutes=minutes)
    if "every hour" not in text:
        span = understand(text.replace("every", "in"), zone="UTC", locale="en", now=NOW)
        assert span.schedule.next_after(NOW) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text", ["daily by the clock", "every 7 minutes by the clock", "every 30 seconds by the clock"]
)
def test_what_does_not_go_by_the_clock_is_refused(text: str) -> None:
    with pytest.raises(WhenError, match=r"by the clock|whole minutes"):
        understand(text, zone="UTC", locale="en", now=NOW)
