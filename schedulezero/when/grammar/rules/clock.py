"""Times of day: *9:30*, *half past nine*, *18h*, *5p*, *9 in the morning*."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import Clock, MonthDays, Span, Window

RULES = Rules()
rule = RULES.rule

_NOON, _HOURS = 12, 24
_CENTURIES = ("19", "20", "21")
NIGHT_ENDS = 6
"""The hour before which a time may be of the evening before."""
_DAY_ENDED = 19
"""The hour from which on a number from 1 to 12 can't be meant as one of the end of the working day."""
_DAY = 1440
_LONGEST_WAY = 12 * 3600
"""Seconds by which people say that a time lies before or after another."""
_LATER_MINUTES = 25
"""Minutes that can't be an hour too: *at 9 15 and 18* may be three hours."""


def clock(hour: int, minute: int = 0, second: int = 0, *, sure: bool | None = None) -> Clock | None:
    """Return a time of day, or None if there is none such."""
    if not (0 <= hour <= 24 and 0 <= minute <= 59 and 0 <= second <= 59) or (
        hour == 24 and (minute or second)
    ):
        return None
    if sure is None:
        sure = not 1 <= hour <= _NOON
    return Clock(hour % 24, minute, second, sure, hour == 24)


# ---------------------------------------------------------------- in figures


@rule("figures", "Digits ~colon ~Digits")
def with_colon(hour: str, minute: str) -> Clock | None:
    if len(hour) > 2 or len(minute) != 2:
        return None
    return clock(int(hour), int(minute), sure=True if len(hour) == 2 and hour[0] == "0" else None)


@rule("figures", "Digits ~colon ~Digits ~colon ~Digits")
def with_seconds(hour: str, minute: str, second: str) -> Clock | None:
    if len(hour) > 2 or len(minute) != 2 or len(second) != 2:
        return None
    return clock(int(hour), int(minute), int(second))


@rule("figures", "Digits ~dot ~Digits", cost=0.3)
def with_dot(hour: str, minute: str) -> Clock | None:
    return clock(int(hour), int(minute)) if len(hour) <= 2 and len(minute) == 2 else None


@rule("hours_and_minutes", "Digits ~h ~Digits", "Digits h =Digits")
def with_h(hour: str, minute: str) -> Clock | None:
    return clock(int(hour), int(minute)) if len(hour) <= 2 and len(minute) == 2 else None


@rule("hours_and_unit", "Digits ~h ~Digits ~Unit|Short")
def with_h_and_unit(hour: str, minute: str, unit: str) -> Clock | None:
    """*14h30min*; in English *1h30m* is only a span."""
    return with_h(hour, minute) if unit == "minute" else None


@rule("clock", "Hours_and_unit")
def by_hours_and_unit(at: Clock) -> Clock:
    return at


@rule("clock", "Digits ~colon ~Digits ~h")
def with_colon_and_h(hour: str, minute: str) -> Clock | None:
    return with_colon(hour, minute)


@rule("clock", "Hours_and_minutes")
def by_hours_and_minutes(at: Clock) -> Clock:
    """*1h30*, *2 horas 30*: where *2 horas* is a span before anything else, these are as often a time."""
    return at


@rule("clock", "Digits h")
def hour_with_h(hour: str) -> Clock | None:
    return clock(int(hour)) if len(hour) <= 2 and not _is_late(hour) else None


@rule("late_hour", "Digits h", cost=-0.2)
def late_hour_with_h(hour: str) -> Clock | None:
    """*18h* is less often a span than *2h*, and in some languages never."""
    return clock(int(hour)) if _is_late(hour) else None


@rule("clock", "Late_hour", "Late_oclock")
def late_hour(at: Clock) -> Clock:
    return at


def _is_late(hour: str) -> bool:
    return _NOON < int(hour) < 24


@rule("figures", "Digits", cost=1.5)
def run_together(digits: str) -> Clock | None:
    """1030, 0930; but 2026 is a year rather."""
    if len(digits) != 4 or digits.startswith(_CENTURIES):
        return None
    return clock(int(digits[:2]), int(digits[2:]), sure=True if digits[0] == "0" else None)


@rule("clock", "Figures")
def in_figures(at: Clock) -> Clock:
    return at


@rule("clock", "Digits ~dot ~Digits h", cost=0.3)
def with_dot_and_h(hour: str, minute: str) -> Clock | None:
    return with_dot(hour, minute)


@rule("clock", "Digits ~comma ~Digits oclock")
def with_comma(hour: str, minute: str) -> Clock | None:
    """German *8,30 Uhr*; smaller numbers may be hours, too."""
    return with_dot(hour, minute) if int(minute) >= _HOURS else None


@rule("marked", "Digits ~colon ~Digits", "Digits ~h ~Digits", "Digits h")
def marked(hour: str, minute: str = "0") -> Clock | None:
    """An hour whose figures can't be a day of the month."""
    return clock(int(hour), int(minute)) if len(hour) <= 2 else None


@rule("clock", "Digits hours", cost=0.5)
def military(digits: str) -> Clock | None:
    """*0800 hours*; *1800 hours* may be a span too."""
    return clock(int(digits[:2]), int(digits[2:]), sure=True) if len(digits) == 4 else None


@rule("short_clock", "Digits")
def like_a_year(digits: str) -> Clock | None:
    """*At 2030*, *2015 pm*."""
    if len(digits) != 4 or not digits.startswith(_CENTURIES) or int(digits) % 5:
        return None  # 2027 is the year
    return clock(int(digits[:2]), int(digits[2:]))


@rule("bare", "Int")
def bare_hour(hour: int) -> Clock | None:
    return clock(hour) if hour <= 24 else None


@rule("lone_hour", "Bare")
def lone_hour(at: Clock) -> Clock | None:
    """*Monday 9*: an hour that nothing marks as one; not all languages say so. *Monday 24* is no hour."""
    return at if not at.next_day else None


@rule("lone_hours", "Lone_hour and|comma Baretimes")
def lone_hours(at: Clock, rest: tuple[Clock, ...]) -> tuple[Clock, ...]:
    """*Every day 9 and 17*."""
    return (at, *rest)


# ---------------------------------------------------------------- the halves of the day


@rule("open_clock", "Clock")
def which_half_is_open(at: Clock) -> Clock | None:
    """A time that *noon*, a part of the day or its figures haven't put into a half of the day yet."""
    return at if not at.sure else None


@rule(
    "clock",
    "Open_clock|Figures am",
    "Bare am",
    "Open_clock|Figures ~am_glued",
    "Bare ~am_glued",
    "Bare ~dot ~am",
)
def before_noon(at: Clock) -> Clock | None:
    if not 1 <= at.hour <= _NOON or at.halved:
        return None
    return Clock(at.hour % 12, at.minute, at.second, halved=True)


@rule("clock", "Open_clock|Figures pm", "Bare pm", "Bare ~dot ~pm")
def after_noon(at: Clock) -> Clock | None:
    if not 1 <= at.hour <= _NOON or at.halved:
        return None
    return Clock(at.hour % 12 + 12, at.minute, at.second, halved=True)


@rule("clock", "Clock dash? ish", "Bare dash? ish")
def about(at: Clock) -> Clock:
    """*3ish*: a vague point is read as the point."""
    return at


@rule("clock", "Bare =oclock", "Figures =oclock")
def oclock(at: Clock) -> Clock | None:
    return at if at.hour <= _NOON else None


@rule("late_oclock", "Bare =oclock", "Figures =oclock", cost=-0.2)
def late_oclock(at: Clock) -> Clock | None:
    """*21 heures* is hardly ever a span."""
    return at if at.hour > _NOON else None


@rule("hours_and_minutes", "Int =oclock =Number")
def oclock_minutes(hour: int, minutes: int | Fraction) -> Clock | None:
    return clock(hour, int(minutes)) if 1 <= minutes <= 59 and minutes == int(minutes) else None


@rule("hours_and_minutes", "Int =oclock =Digits")
def oclock_minutes_in_figures(hour: int, minutes: str) -> Clock | None:
    """*9 heures 05*; one figure alone may be anything."""
    return clock(hour, int(minutes)) if len(minutes) == 2 and 1 <= int(minutes) <= 59 else None


@rule("time", "at Int =oclock =Int")
def at_oclock_and_few_minutes(hour: int, minutes: int) -> Clock | None:
    """*À 9 heures 5*."""
    return clock(hour, minutes) if 1 <= minutes <= 9 else None


@rule("clock", "Bare =oclock three_quarters")
def oclock_three_quarters(at: Clock) -> Clock | None:
    """French *onze heures trois quarts*."""
    return clock(at.hour, 45, sure=at.sure) if not at.next_day else None


@rule("clock", "noon =Number", "noon =Digits")
def noon_and_minutes(minutes: str | int | Fraction) -> Clock | None:
    """French *midi trente*; in figures, *noon 5* is two times rather."""
    return clock(_NOON, int(minutes), sure=True) if _minutes_behind(minutes) else None


@rule("clock", "midnight =Number", "midnight =Digits")
def midnight_and_minutes(minutes: str | int | Fraction) -> Clock | None:
    return clock(0, int(minutes), sure=True) if _minutes_behind(minutes) else None


def _minutes_behind(minutes: str | int | Fraction) -> bool:
    if isinstance(minutes, str):
        return len(minutes) == 2 and _five_minutes(int(minutes))
    return not isinstance(minutes, Fraction) and _five_minutes(minutes)


def _five_minutes(minutes: int) -> bool:
    """Whether people say so many minutes in words: of every five only."""
    return 5 <= minutes <= 55 and minutes % 5 == 0


@rule("clock", "one_oclock")
def one_oclock() -> Clock:
    """Where the words before the hour have a form for one o'clock alone: *à uma*, *all'una*, *à 1*."""
    return Clock(1, sure=False)


@rule("clock", "noon", "at noon")
def noon() -> Clock:
    return Clock(12)


@rule("clock", "Bare =oclock? =noon")
def twelve_noon(at: Clock) -> Clock | None:
    """*Twelve noon*, *12h midi*."""
    return noon() if at.hour == _NOON else None


@rule("clock", "Bare =oclock? =midnight")
def twelve_midnight(at: Clock) -> Clock | None:
    return midnight() if at.hour in (0, _NOON) else None


@rule("clock", "Int to_hour noon")
def minutes_to_noon(minutes: int) -> Clock | None:
    """*Five to noon*, where the word for *to* makes ranges too."""
    return _shifted(noon(), -minutes) if _five_minutes(minutes) else None


@rule("clock", "Int to_hour midnight")
def minutes_to_midnight(minutes: int) -> Clock | None:
    return _shifted(midnight(), -minutes) if _five_minutes(minutes) else None


@rule("clock", "midnight", "at midnight")
def midnight() -> Clock:
    return Clock(0, by_night=True)


@rule("clock", "midnight", "at midnight")
def midnight_at_the_end() -> Clock:
    """*Friday at midnight* may be the one that Friday ends with; where both are ahead, both are offered."""
    return Clock(0, next_day=True)


# ---------------------------------------------------------------- spoken


@rule("named_minutes", "quarter", "a quarter")
def quarter() -> int:
    return 15


@rule("named_minutes", "half")
def half() -> int:
    return 30


@rule("named_minutes", "three_quarters")
def three_quarters() -> int:
    return 45


@rule("named_minutes", "Amount Unit")
def so_many_minutes(amount: Fraction, unit: str) -> int | None:
    return int(amount) if unit == "minute" and amount == int(amount) and 1 <= amount <= 59 else None


@rule("minutes", "Named_minutes")
def any_minutes(minutes: int) -> int:
    return minutes


@rule("minutes", "Int", cost=0.4)
def bare_minutes(minutes: int) -> int | None:
    """*Ten past nine*: people say so of every five minutes only."""
    return minutes if _five_minutes(minutes) else None


@rule("hour", "Bare =oclock?", "noon", "midnight")
def spoken_hour(at: Clock | None = None) -> Clock | None:
    return at


@rule("clock", "Minutes past Hour", "Minutes past Clock")
def minutes_past(minutes: int, hour: Clock) -> Clock | None:
    return clock(hour.hour, minutes, sure=hour.sure) if not hour.minute else _shifted(hour, minutes)


@rule("clock", "Minutes to_hour Hour", "Minutes to_hour Clock", "to_hour Minutes Hour")
def minutes_to(minutes: int, hour: Clock) -> Clock | None:
    return _shifted(hour, -minutes)


@rule("clock", "Named_minutes to_named Hour", "Named_minutes to_named Clock")
def named_minutes_to(minutes: int, hour: Clock) -> Clock | None:
    """Italian *un quarto alle otto*, where the word for *to* is *at* too."""
    return _shifted(hour, -minutes) if not hour.minute else None


@rule("time", "Span before Clock", "Span before at Bare", cost=0.1)
@rule("time", "Span before Bare", cost=0.5)
def span_before_time(span: Span, at: Clock) -> Clock | None:
    """*2 hours before 6 pm*."""
    return _by_span(at, span, -1)


@rule("time", "Span after Clock", "Span after at Bare", cost=0.1)
@rule("time", "Span after Bare", cost=0.5)
def span_after_time(span: Span, at: Clock) -> Clock | None:
    return _by_span(at, span, 1)


def _by_span(at: Clock, span: Span, sign: int) -> Clock | None:
    """A time so much later or earlier, which may be on the day after its own, but never on the one before."""
    whole = not (span.months or span.days or span.seconds % 60)
    if not whole or not 0 < span.seconds <= _LONGEST_WAY:
        return None
    if at.by_night and (sign < 0 or at.hour or at.minute):
        return None
    minutes = at.hour * 60 + at.minute + _DAY * at.next_day + sign * span.seconds // 60
    if not 0 <= minutes < 2 * _DAY or (minutes >= _DAY and not (at.sure or at.hour >= _NOON)):
        return None
    found = Clock(minutes // 60 % 24, minutes % 60, at.second, at.sure)
    return replace(found, next_day=minutes >= _DAY, by_night=at.by_night)


@rule("clock", "Hour and|plus Named_minutes", "Clock and|plus Named_minutes", cost=0.2)
@rule("clock", "Hour and|plus Number", cost=0.6)
@rule("time", "at Hour and|plus Int", cost=0.6)
def hour_and_minutes(hour: Clock, minutes: int | Fraction) -> Clock | None:
    """*Una y cuarto*; two figures, *1 y 15*, may as well be days."""
    return clock(hour.hour, int(minutes), sure=hour.sure) if minutes in (15, 30) else None


@rule("clock", "Clock and =Amount =Unit", "Hour and =Amount =Unit", cost=0.1)
def hour_and_so_many_minutes(hour: Clock, amount: Fraction, unit: str) -> Clock | None:
    """*Sept heures et vingt-sept minutes*."""
    minutes = so_many_minutes(amount, unit)
    return hour_and_any_minutes(hour, minutes) if minutes is not None and not hour.next_day else None


@rule("clock", "Hour hour_and =Named_minutes", "Clock hour_and =Named_minutes")
def hour_and_any_minutes(hour: Clock, minutes: int) -> Clock | None:
    return clock(hour.hour, minutes, sure=hour.sure) if not hour.minute else None


@rule("clock", "Hour hour_and =Number", cost=0.1)
@rule("clock", "Marked hour_and =Int", cost=0.1)
@rule("time", "at Hour hour_and =Int", cost=0.1)
def hour_and_bare_minutes(hour: Clock, minutes: int) -> Clock | None:
    """*Às 8 e 20* may be 8:20 or, of what recurs, 8:00 and 20:00; without *at* it may be days too."""
    return hour_and_any_minutes(hour, minutes) if bare_minutes(minutes) else None


@rule("clock", "Hour minus Minutes", "Clock minus Minutes")
def hour_minus_minutes(hour: Clock, minutes: int) -> Clock | None:
    return _shifted(hour, -minutes) if not hour.minute else None


@rule("clock", "half_of =Hour", cost=0.1)
def half_past(hour: Clock) -> Clock | None:
    """English *half nine* is 9:30 for those who grew up with it, and 8:30 for many who learnt it."""
    return clock(hour.hour, 30, sure=hour.sure) if not hour.minute else None


@rule("clock", "half_of =Hour", cost=0.2)
def half_before_as_elsewhere(hour: Clock) -> Clock | None:
    return half_before(hour)


@rule("clock", "half_to Hour")
def half_before(hour: Clock) -> Clock | None:
    """German *halb neun* is 8:30."""
    return _shifted(hour, -30) if not hour.minute else None


@rule("clock", "quarter_to Hour")
def quarter_towards(hour: Clock) -> Clock | None:
    """German *dreiviertel neun* is 8:45."""
    return _shifted(hour, -15) if not hour.minute else None


@rule("clock", "quarter_into Hour", cost=0.1)
def quarter_into(hour: Clock) -> Clock | None:
    """German *viertel neun* is 8:15: a quarter of the ninth hour."""
    return _shifted(hour, -45) if not hour.minute else None


def _shifted(at: Clock, minutes: int) -> Clock | None:
    total = (at.hour * 60 + at.minute + minutes) % 1440
    # "quarter to one" on a dial may be 0:45 or 12:45.
    hour = total // 60
    if not at.sure and hour == 0:
        hour = 12
    return Clock(hour, total % 60, 0, at.sure)


@rule("clock", "Number =Number", "Number ~dash ~Number")
def spoken_minutes(hour: int | Fraction, minute: int | Fraction) -> Clock | None:
    """*Ten thirty*, *seven thirty-five*, in words only."""
    if isinstance(hour, Fraction) or isinstance(minute, Fraction) or not hour >= 1 or minute < 10:
        return None
    return clock(hour, minute)


@rule("clock", "Number =oh =Number", "Number ~dash ~oh ~dash ~Number")
def spoken_few_minutes(hour: int | Fraction, minute: int | Fraction) -> Clock | None:
    """*Twelve oh three*."""
    if isinstance(hour, Fraction) or isinstance(minute, Fraction) or not 1 <= minute <= 9:
        return None
    return clock(hour, minute)


@rule("clock", "Number =hundred hours?")
def spoken_hundred(hour: int | Fraction) -> Clock | None:
    """*Eighteen hundred*; a smaller number is said with *oh* before it."""
    return clock(int(hour), sure=True) if 10 <= hour <= 23 else None


@rule("clock", "oh =Number =hundred hours?")
def spoken_few_hundred(hour: int | Fraction) -> Clock | None:
    return clock(int(hour), sure=True) if 0 <= hour <= 9 and hour == int(hour) else None


@rule("short_clock", "Digits")
def three_figures(digits: str) -> Clock | None:
    """730 is a time only beside what says so."""
    return clock(int(digits[0]), int(digits[1:])) if len(digits) == 3 and digits[0] != "0" else None


@rule("spaced_clock", "Digits =Digits")
def with_space(hour: str, minute: str) -> Clock | None:
    """*7 30 pm*; minutes up to 12 may be something else."""
    if len(hour) > 2 or len(minute) != 2 or int(minute) <= _NOON:
        return None
    return clock(int(hour), int(minute))


@rule("spoken_in_figures", "Spaced_clock")
def spaced_minutes(at: Clock) -> Clock | None:
    return at if at.minute >= _LATER_MINUTES and at.minute % 5 == 0 else None


@rule("time", "at Spoken_in_figures")
def at_spaced(at: Clock) -> Clock:
    """*At 8 30*."""
    return at


@rule("clock", "Short_clock am", "Spaced_clock am")
def short_before_noon(at: Clock) -> Clock | None:
    return before_noon(at)


@rule("clock", "Short_clock pm", "Spaced_clock pm")
def short_after_noon(at: Clock) -> Clock | None:
    return after_noon(at)


# ---------------------------------------------------------------- with a part of the day


@rule(
    "clock",
    "Clock Part",
    "Short_clock Part",
    "Part at? Clock",
    "Part at Bare",
    "Part at? Short_clock",
)
def in_a_part(one: Clock | str, other: Clock | str) -> Clock | None:
    at, part = (one, other) if isinstance(one, Clock) else (other, one)
    assert isinstance(at, Clock) and isinstance(part, str)
    if part == "tonight":
        return None  # it names the day too, and stays a piece of its own
    found = within(at, part)
    if found is None or not after_midnight(found, part):
        return found
    return replace(found, next_day=True) if part == "evening" else replace(found, by_night=True)


@rule("bare_in_part", "Bare Part")
def hour_in_a_part(at: Clock, part: str) -> Clock | None:
    """*8 in the evening*."""
    return in_a_part(at, part)


@rule("how_many_parts", "Number =part_noun", "Int =Parts", cost=-0.3)
def how_many_parts(count: int | Fraction, _part: str = "") -> int | Fraction:
    """*Two nights*, *un après-midi*: how many they are, and no hour of one."""
    return count


@rule("clock", "Bare_in_part")
def by_hour_in_a_part(at: Clock) -> Clock:
    return at


@rule("bare_in_part", "Bare Part")
@rule("clock", "Clock Part", "Short_clock Part")
def midnight_in_figures(at: Clock, part: str) -> Clock | None:
    """*Friday 12 at night*; but *1 at night* is an hour of the morning."""
    found = within(at, part)
    ends = found is not None and after_midnight(found, part) and (found.hour, found.minute) == (0, 0)
    return replace(found, next_day=True) if found is not None and ends else None


@rule("bare_in_part", "Bare Part")
@rule("clock", "Clock Part")
def midnight_of_an_evening(at: Clock, part: str) -> Clock | None:
    """Portuguese *sexta às 12 da noite*, with the word for the evening, is as open as *Friday midnight*."""
    found = within(at, part) if part == "evening" else None
    ends = found is not None and (found.hour, found.minute) == (0, 0)
    return replace(found, by_night=True) if found is not None and ends else None


@rule("clock", "Part at? Clock", "Part at Bare", "Part at? Short_clock")
def after_midnight_of_the_part(part: str, at: Clock) -> Clock | None:
    """*Friday night at 1* may be on Saturday."""
    found = within(at, part)
    return replace(found, next_day=True) if found is not None and after_midnight(found, part) else None


def after_midnight(at: Clock, part: str) -> bool:
    """Return whether a time is one of the next day, or of the night of either of two days."""
    return part in ("evening", "night") and at.hour < NIGHT_ENDS


@rule("each_clock", "every? Parts at? Clock", "every? Parts at Bare", "Clock every? Parts")
def in_each_part(one: Clock | str, other: Clock | str) -> Clock | None:
    """French *le soir à 20h*: each evening, or the one to come."""
    found = in_a_part(one, other)
    return None if found is None or found.by_night or found.next_day else found


@rule("each_clock", "every noon", cost=-0.2)
def each_noon() -> Clock:
    """*Every noon*; Portuguese *todo meio-dia* is no half day."""
    return Clock(_NOON)


@rule("each_clock", "every midnight")
def each_midnight() -> Clock:
    return Clock(0)


@rule("each_clock", "every Late_hour", cost=-0.2)
def each_late_hour(at: Clock) -> Clock:
    """French *tous les 18h* is daily, or every 18 hours."""
    return at


@rule("clock_tonight", "Bare comma? Part")
def hour_of_tonight(at: Clock, part: str) -> Clock | None:
    """*8 tonight*: the day is said with the part, so they stay together."""
    return within(at, part) if part == "tonight" else None


PARTS: dict[str, tuple[int, int]] = {
    "early": (3, 9), "morning": (0, 12), "noon": (11, 15), "lunch": (11, 16), "afternoon": (12, 21),
    "evening": (16, 25), "night": (18, 30), "end": (12, 24), "tonight": (17, 28),
    "dawn": (0, 7),
}  # fmt: skip
"""The hours in which each part of the day may begin; above 24 is after midnight."""


def within(at: Clock, part: str) -> Clock | None:
    """Return a time of day as one of a part of the day, or None if it lies outside of it."""
    first, last = PARTS[part]
    if part == "morning" and at.hour == _NOON and not at.sure:
        return None  # "12 in the morning" may be midnight, and Spanish *las 12 de la mañana* is noon
    choices = [at] if at.sure else [at, Clock((at.hour + 12) % 24, at.minute, at.second)]
    if part == "end" and not at.sure:
        choices = [choice for choice in choices if choice.hour < _DAY_ENDED]  # *ende Dienstag um 7*: of what?
    for choice in choices:
        if any(first <= hour < last for hour in (choice.hour, choice.hour + 24)):
            return Clock(choice.hour, choice.minute, choice.second)
    return None


@rule("daily_at_number", "every_day_phrase =Bare")
def daily_at_a_number(at: Clock) -> Clock:
    """Spanish *todos los días 8* may be daily at eight, or the 8th of each month."""
    return at


@rule("day_of_every_month", "every_date_phrase =Dom")
def day_of_every_month_by_number(day: int) -> MonthDays:
    return MonthDays((day,))


@rule("daily_at_number", "every_date_phrase =Bare")
def daily_at_a_number_or_on_a_day(at: Clock) -> Clock:
    """Italian *ogni giorno 15* and Portuguese *todos os dias 5*: both are as likely."""
    return at


@rule("number_and_day", "every_day_phrase =Int and|comma Int")
def daily_or_on_days(first: int, _second: int) -> int | None:
    """*Every day 9 and 17*: at two hours of each day, or on two days of each month?"""
    return first if 1 <= first <= _HOURS else None


# ---------------------------------------------------------------- several


@rule("part_at", "at Part")
def at_before_a_part(part: str) -> str:
    """Where *at* stands before hours only, this costs too much: *a las de la tarde* lacks the hour."""
    return part


@rule("at_part", "Part", "Part_at")
def at_a_part(part: str) -> str:
    return part


@rule("part_today", "this =Part", cost=0.2)
def part_of_today(part: str) -> str | None:
    """*This morning* is today's, even if it is over."""
    return part if part != "dawn" else None


@rule("at_part", "this =Part")
def coming_dawn(part: str) -> str | None:
    """Spanish *esta madrugada* is the next to come: people say so before they go to bed."""
    return part if part == "dawn" else None


@rule("time", "Clock", "at Clock")
def said_time(at: Clock) -> Clock:
    return at


@rule("time", "at_minutes Minutes to_hour Hour", "at_minutes Minutes to_hour Clock")
def minutes_to_behind_at(minutes: int, hour: Clock) -> Clock | None:
    """Spanish *a un cuarto para las once*: before minutes, *at* is another word than before hours."""
    return minutes_to(minutes, hour)


@rule("time", "at Short_clock")
def short_time(at: Clock) -> Clock:
    return at


@rule("time", "at Bare")
def bare_time(at: Clock) -> Clock:
    return at


@rule("start_time", "from_time at? Clock", "from_time at? Bare")
def start_time(at: Clock) -> Clock:
    """*Saturday from 8 pm*, of what happens once, is when it begins."""
    return at


@rule("clocks", "Time")
def one_time(at: Clock) -> tuple[Clock, ...]:
    return (at,)


@rule("clocks", "Time and|comma Clocks", "Time and|comma at? Baretimes", "Time comma and Clocks")
def several_times(first: Clock, rest: tuple[Clock, ...]) -> tuple[Clock, ...]:
    return (first, *rest)


@rule("clocks", "Bare and Clock", cost=0.3)
@rule("clocks", "Bare and Clock and|comma Clocks", cost=0.3)
def bare_and_times(first: Clock, second: Clock, rest: tuple[Clock, ...] = ()) -> tuple[Clock, ...]:
    """*9 and 17 Uhr*; but in *15 and at 17* the number without *at* is something else."""
    return (first, second, *rest)


@rule("clocks", "at Baretimes")
def bare_times(times: tuple[Clock, ...]) -> tuple[Clock, ...] | None:
    """*at 9 and 17 Uhr*: a list whose marker stands at one of them."""
    return times if len(times) > 1 else None


@rule("baretimes", "Bare")
def one_bare(at: Clock) -> tuple[Clock, ...]:
    return (at,)


@rule("baretimes", "Clock", cost=0.1)
def one_marked(at: Clock) -> tuple[Clock, ...]:
    return (at,)


@rule("baretimes", "Bare and|comma Baretimes", "Clock and|comma Baretimes", "Clock and|comma at Baretimes",
      "Bare and|comma at Baretimes")  # fmt: skip
def more_bare(at: Clock, rest: tuple[Clock, ...]) -> tuple[Clock, ...]:
    return (at, *rest)


# ---------------------------------------------------------------- windows


@rule("window", "from Clock to|until|dash Clock", "from Bare to|until|dash Bare",
      "from Bare to|until|dash Clock",
      "from Clock to|until|dash Bare", "between Clock and Clock", "between Bare and Bare",
      "between Clock and Bare", "between Bare and Clock", "from at Clock to|until at? Clock",
      "Clock dash|to|until Clock",
      "Clock dash|to|until Bare", "Bare dash Clock", "between Bare and at Bare", "between Clock and at Clock",
      "from Bare to|until at Bare", "from Bare to|until at Clock", "from Clock|Bare to_at Clock|Bare",
      "Marked to_at Marked")  # fmt: skip
def window(first: Clock, last: Clock) -> Window | None:
    """A range of times. What was said of one end holds for the other where only one hour makes sense."""
    ahead = (first.hour % 12, first.minute) < (last.hour % 12, last.minute)
    if not first.sure and last.halved and last.hour >= _NOON and ahead:
        first = first.later()  # "2-4pm", but not "9-5pm"
    elif not last.sure and first.hour <= _NOON and (not ahead or last.hour < first.hour):
        last = last.later()  # "9 to 5", "noon to 2"
    return Window(first, last)


@rule("numbered_window", "Bare to|until Clock")
def window_from_a_number(first: Clock, last: Clock) -> Window | None:
    """*9 to 17:00*, where the word for *to* isn't *at* too: French *le 10 à 9h* is a day."""
    return window(first, last)


@rule("numbered_window", "Digits =to =Bare")
def hours_rather_than_minutes(first: str, last: Clock) -> Window | None:
    """English *10 to 12*: the hours from ten to twelve, or ten minutes to twelve; so it is no time."""
    hour = int(first)
    return window(Clock(hour, sure=False), last) if _five_minutes(hour) and hour < last.hour else None


@rule("window", "Numbered_window")
def by_numbered_window(found: Window) -> Window:
    return found


@rule("windows", "Window")
def one_window(found: Window) -> tuple[Window, ...]:
    return (found,)


@rule("windows", "Window and|comma Windows", "Window comma and Windows")
def several_windows(found: Window, rest: tuple[Window, ...]) -> tuple[Window, ...]:
    return (found, *rest)
