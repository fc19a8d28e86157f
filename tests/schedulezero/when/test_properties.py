"""Properties of the arithmetic and of the sentences, over all zones and 1970 to 2100.

Oracles: dateutil's rrule for calendars, cronsim for crontab lines; at clock changes the written rules
(a skipped time runs at the first instant after the gap, a doubled one the first time).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from dateutil import rrule
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from schedulezero.model import Trigger
from schedulezero.when.calendar.calendar_trigger import rule_args
from schedulezero.when.calendar.crontab import crontab_trigger
from schedulezero.when.calendar.feasts import MOVABLE
from schedulezero.when.calendar.rule import LAST, Rule, Unit
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import known_zones, schedule_of
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand
from tests.support.languages import BY_12_HOURS, LANGUAGES
from tests.support.tries import tries

many = settings(
    max_examples=tries(1200),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

ZONES = st.sampled_from(sorted(known_zones()))
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
TIMES = st.lists(
    st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59])), min_size=1, max_size=3, unique=True
).map(lambda times: tuple(sorted(times)))
WEEKDAYS = st.lists(st.integers(0, 6), min_size=1, max_size=3, unique=True).map(
    lambda days: tuple(sorted(days))
)
MONTHS = st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True).map(
    lambda items: tuple(sorted(items))
)
WEEKDAY_NAMES = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ANCHORS = st.dates(date(1971, 1, 1), date(2099, 1, 1))


@st.composite
def rules(draw: st.DrawFn, zone: str | None = None) -> Rule:
    unit = draw(st.sampled_from(list(Unit)))
    every = draw(st.sampled_from([1, 1, 2, 3, 5]))
    days: tuple[int, ...] = ()
    positions: tuple[tuple[int, int], ...] = ()
    weekdays: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    if unit is Unit.WEEK:
        weekdays = draw(WEEKDAYS)
    elif unit in (Unit.MONTH, Unit.YEAR):
        if draw(st.booleans()):
            chosen = st.lists(st.sampled_from([*range(1, 32), LAST]), min_size=1, max_size=3, unique=True)
            days = tuple(sorted(draw(chosen)))
        else:
            place = st.tuples(st.sampled_from([1, 2, 3, 4, 5, LAST]), st.integers(0, 6))
            positions = tuple(sorted(draw(st.lists(place, min_size=1, max_size=2, unique=True))))
        if unit is Unit.YEAR or (every == 1 and draw(st.booleans())):
            months = draw(MONTHS)
    where = ZoneInfo(zone if zone is not None else draw(ZONES))
    anchor = draw(ANCHORS) if every > 1 else None
    return Rule(unit, every, draw(TIMES), where, weekdays, days, positions, months, anchor)


@many
@given(rules(zone="UTC"), MOMENTS)
def test_a_rule_agrees_with_rrule(rule: Rule, now: datetime) -> None:
    now = now.replace(microsecond=0)
    ours = [found.replace(tzinfo=None) for found in upcoming(rule, now, 3)]
    assert ours == rrule_of(rule, now.replace(tzinfo=None), 3)


@many
@given(rules(), MOMENTS)
def test_instants_grow_and_stand_at_their_wall_clock_time(rule: Rule, now: datetime) -> None:
    previous = now
    for instant in upcoming(rule, now, 4):
        assert instant > previous
        previous = instant
        local = instant.astimezone(rule.zone)
        if local.replace(tzinfo=None, fold=0).time() in rule.times:
            assert local.fold == 0, "a time that exists twice runs the first time"
        else:
            second_before = (instant - timedelta(seconds=1)).astimezone(rule.zone)
            assert second_before.utcoffset() != local.utcoffset(), "not right after a gap"


@many
@given(
    st.tuples(
        st.sampled_from(["0", "30", "*/15", "5,35", "*", "10-20/5"]),
        st.sampled_from(["9", "*", "*/6", "8-17", "2,14", "0"]),
        st.sampled_from(["*", "1", "15,31", "*/10", "28-31"]),
        st.sampled_from(["*", "2", "1,7", "*/4", "jan-mar"]),
        st.sampled_from(["*", "0", "7", "1-5", "sun", "fri#2", "*/2", "1,3"]),
    ).map(" ".join),
    MOMENTS,
)
def test_a_crontab_line_agrees_with_cronsim(line: str, now: datetime) -> None:
    trigger = crontab_trigger(line, "UTC")
    ours = list(upcoming(schedule_of(trigger, anchor=now), now, 3))
    theirs = CronSim(line, now)
    assert ours == [next(theirs) for _ in range(3)]


@many
@given(ZONES, MOMENTS, st.sampled_from(["*/15", "0", "7,37", "*"]))
def test_what_ticks_agrees_with_cronsim_through_every_change(zone: str, now: datetime, minute: str) -> None:
    line = f"{minute} * * * *"
    # cronsim steps through real time, which zones off by odd seconds put between its minutes.
    offset = now.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    assume(offset % timedelta(minutes=1) == timedelta())
    schedule = schedule_of(crontab_trigger(line, zone), anchor=now, zone=zone)
    theirs = CronSim(line, now.astimezone(ZoneInfo(zone)))
    found = list(upcoming(schedule, now, 6))
    assert found == [next(theirs).astimezone(UTC) for _ in range(6)]


FIELD_TEXTS = st.fixed_dictionaries(
    {},
    optional={
        "month": st.sampled_from(["*", "1,7", "dec", "*/3"]),
        "day": st.sampled_from(["*", "1", "1,15", "last", "last fri", "1st mon,3rd mon", "31"]),
        "day_of_week": st.sampled_from(["*", "mon-fri", "sat,sun", "fri", "0"]),
        "hour": st.sampled_from(["9", "9,17", "*", "0-23", "8-18/2"]),
        "minute": st.sampled_from(["0", "30", "*/5", "0,30"]),
    },
).filter(bool)


YEARLY = ["12-24", "12-25", "01-01", "02-29", *(f"{name}{shift}" for name in sorted(MOVABLE)
          for shift in ("", "+1", "-1"))]  # fmt: skip


@st.composite
def beyond_rrule(draw: st.DrawFn) -> dict[str, Any]:
    """What dateutil has no words for: feasts, working days, days counted from the end, public holidays."""
    times = [f"{moment:%H:%M}" for moment in draw(TIMES)]
    kind = draw(st.sampled_from(["feast", "positions", "days", "by_days", "both", "before_end", "minutes"]))
    shift = draw(st.sampled_from(["", "", "+1", "-1"]))
    rule: dict[str, Any] = {
        "feast": {"unit": "year", "feasts": [draw(st.sampled_from(sorted(MOVABLE))) + shift]},
        "positions": {
            "unit": "month",
            "positions": draw(st.lists(st.one_of(
                st.tuples(st.sampled_from([*range(1, 21), -1, -2]), st.just("workday")),
                st.tuples(st.sampled_from([1, 5, -1, -2]), st.sampled_from(WEEKDAY_NAMES)),
            ).map(list), min_size=1, max_size=2, unique_by=str)),
        },
        "days": {
            "unit": "year",
            "months": list(draw(MONTHS)),
            "days": draw(st.lists(st.sampled_from([1, 15, -1, -2]), min_size=1, max_size=2, unique=True)),
        },
        "by_days": {
            "unit": "day", "every": draw(st.integers(2, 6)), "anchor": "1971-01-03",
            "weekdays": draw(st.lists(st.sampled_from(WEEKDAY_NAMES), min_size=1, max_size=3, unique=True)),
        },
        "both": {
            "unit": "month", "days": [draw(st.sampled_from([1, 13, 31, -1]))],
            "weekdays": draw(st.lists(st.sampled_from(WEEKDAY_NAMES), min_size=1, max_size=2, unique=True)),
        },
        "before_end": {"unit": "month", "days": [draw(st.integers(-28, -3))]},
        "minutes": {},
    }[kind]  # fmt: skip
    if kind == "minutes":
        hours, most = draw(st.sampled_from([("*", 4), ("1-23/2", 1), ("9-17", 1)]))
        minutes = draw(st.lists(st.integers(0, 59), min_size=1, max_size=most, unique=True))
        args: dict[str, Any] = {"cron": {"minute": ",".join(map(str, sorted(minutes))), "hour": hours}}
    else:
        args = {"rule": {**rule, "times": times}}
        if kind == "by_days":
            args["starting"] = "1971-01-03T00:00:00"
    if draw(st.booleans()):
        args["except_holidays"] = "DE"
    if draw(st.booleans()):
        args["except_yearly"] = draw(st.lists(st.sampled_from(YEARLY), min_size=1, max_size=2, unique=True))
    if draw(st.booleans()):
        args["except_monthly"] = draw(
            st.lists(st.sampled_from([1, 8, 11, 13, 31, -1, -2]), min_size=1, max_size=2, unique=True)
        )
    return args


@st.composite
def triggers(draw: st.DrawFn) -> Trigger:
    kind = draw(st.sampled_from(["date", "interval", "cron", "calendar", "crontab", "ours", "ours"]))
    zone = draw(st.sampled_from(["Europe/Berlin", "America/New_York", "UTC", "Asia/Kathmandu"]))
    if kind == "date":
        return Trigger("date", {"run_date": draw(st.integers(1_800_000_000, 4_000_000_000))})
    if kind == "interval":
        unit = draw(st.sampled_from(["weeks", "days", "hours", "minutes"]))
        return Trigger("interval", {unit: draw(st.integers(1, 500))})
    if kind == "cron":
        return Trigger("cron", {**draw(FIELD_TEXTS), "timezone": zone})
    if kind == "crontab":
        line = draw(
            st.sampled_from(["0 9 13 * 5", "*/10 * 1 * 1", "0 0 L * *", "30 8 * * 1#1", "5 4 1-7 * 0"])
        )
        return Trigger("calendar", {"crontab": line, "timezone": zone})
    if kind == "ours":
        return Trigger("calendar", {**draw(beyond_rrule()), "timezone": "Europe/Berlin"})
    rule = draw(rules(zone=zone))
    args: dict[str, Any] = {"rule": rule_args(rule), "timezone": zone}
    if rule.every > 1 or draw(st.booleans()):
        args["starting"] = f"{(rule.anchor or draw(ANCHORS)).isoformat()}T00:00:00"
        if draw(st.booleans()):
            args["count"] = draw(st.integers(1, 50))
    if draw(st.booleans()):
        args["until"] = "2110-12-31T23:59:59"
    if draw(st.booleans()):
        args["except"] = [day.isoformat() for day in draw(st.lists(ANCHORS, max_size=2, unique=True))]
    return Trigger("calendar", args)


@many
@given(triggers(), st.sampled_from((*LANGUAGES, *BY_12_HOURS)))
def test_a_sentence_means_what_it_was_made_of(trigger: Trigger, language: str) -> None:
    zone = str(trigger.args.get("timezone") or "UTC")
    now = datetime(1971, 1, 1, tzinfo=UTC)
    schedule = schedule_of(trigger, anchor=now, zone=zone)
    first = schedule.next_after(now)
    assume(first is not None)
    sentence = describe(trigger, zone, language)
    assume(len(sentence) <= 500)
    again = understand(sentence, zone=zone, locale=language, now=now).schedule
    assert list(upcoming(again, now, 5)) == list(upcoming(schedule, now, 5)), sentence


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_feast_can_be_left_out_and_run_on_in_words(language: str) -> None:
    now = datetime(1971, 1, 1, tzinfo=UTC)
    lies: list[str] = []
    for feast in (f"{name}{days}" for name in sorted(MOVABLE) for days in ("", "-1", "-3")):
        yearly = {"rule": {"unit": "year", "feasts": [feast], "times": ["00:00"]}}
        daily = {"rule": {"unit": "day", "times": ["00:00"]}, "except_yearly": [feast]}
        begin = now
        for args in (yearly, daily):
            trigger = Trigger("calendar", {**args, "timezone": "Europe/Berlin"})
            sentence = describe(trigger, "Europe/Berlin", language)
            again = understand(sentence, zone="Europe/Berlin", locale=language, now=now).schedule
            wanted = list(upcoming(schedule_of(trigger, anchor=now, zone="Europe/Berlin"), begin, 4))
            if list(upcoming(again, begin, 4)) != wanted:
                lies.append(sentence)
            begin = wanted[0] - timedelta(days=2)  # the days around the one that is left out
    assert lies == []


def rrule_of(rule: Rule, after: datetime, count: int) -> list[datetime]:
    """The same rule by dateutil, from the same phase on."""
    phase = rule.anchor or date(1970, 1, 1)
    if rule.unit is Unit.WEEK:
        phase -= timedelta(days=phase.weekday())
        back = 7 * rule.every
    elif rule.unit is Unit.DAY:
        back = rule.every
    else:
        phase = phase.replace(day=1) if rule.unit is Unit.MONTH else phase.replace(month=1, day=1)
        back = 0
    start = datetime.combine(phase, time.min)
    while start > after:
        if back:
            start -= timedelta(days=back * (1 + (start - after).days // back))
        elif rule.unit is Unit.MONTH:
            months = start.year * 12 + start.month - 1 - rule.every
            start = start.replace(year=months // 12, month=months % 12 + 1)
        else:
            start = start.replace(year=start.year - rule.every)
    names = (rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA, rrule.SU)
    frequency: dict[Unit, Any] = {
        Unit.DAY: rrule.DAILY,
        Unit.WEEK: rrule.WEEKLY,
        Unit.MONTH: rrule.MONTHLY,
        Unit.YEAR: rrule.YEARLY,
    }
    months = rule.months or (range(1, 13) if rule.unit is Unit.YEAR else None)
    found: set[datetime] = set()
    for moment in rule.times:
        common: dict[str, Any] = {
            "dtstart": start, "interval": rule.every, "byhour": moment.hour, "byminute": moment.minute,
            "bysecond": 0, "bymonth": months, "wkst": rrule.MO, "until": after + timedelta(days=366 * 130),
        }  # fmt: skip
        lines: list[dict[str, Any]] = []
        if rule.days:
            lines.append({"bymonthday": list(rule.days)})
        if rule.positions and rule.unit is Unit.MONTH:
            lines.append({"byweekday": [names[day](number) for number, day in rule.positions]})
        elif rule.positions:
            # In a year's rule a position would count within the year; ours counts within its months.
            lines += [
                {"byweekday": [names[day](number) for number, day in rule.positions], "bymonth": [month]}
                for month in rule.months
            ]
        if rule.weekdays:
            lines.append({"byweekday": [names[day] for day in rule.weekdays]})
        for line in lines or [{}]:
            matches = rrule.rrule(frequency[rule.unit], **{**common, **line}).xafter(after, count=count)
            found.update(matches)
    return sorted(found)[:count]
