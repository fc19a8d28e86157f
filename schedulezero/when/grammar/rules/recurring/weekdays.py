"""On which weekdays: *Mondays and Fridays*, *every other Tuesday*, *on weekends*."""

from __future__ import annotations

from dataclasses import replace

from schedulezero.when.grammar.core.chart import NEVER, Rules
from schedulezero.when.grammar.core.pieces import Positions, Weekly
from schedulezero.when.grammar.rules.recurring.periods import MOST_WEEKS

RULES = Rules()
rule = RULES.rule

_WORKDAYS = (0, 1, 2, 3, 4)
_EVERY_OTHER = 2


@rule("weekly", "Weekdays")
def plural(day: int) -> Weekly:
    return Weekly((day,))


@rule("weekly", "workdays")
def workdays() -> Weekly:
    return Weekly(_WORKDAYS)


@rule("weekly", "weekends")
def weekends() -> Weekly:
    return Weekly((5, 6))


@rule("weekly", "every weekend_word")
def each_weekend() -> Weekly:
    """One weekend is no day: only *every* makes a schedule of the word in the singular."""
    return Weekly((5, 6))


@rule("weekly", "weekend_word")
def some_weekend() -> Weekly:
    """*Every hour at the weekend*; alone it may be the one to come."""
    return Weekly((5, 6), again=False)


@rule("weekly", "Weekday_set")
def initials(days: str) -> Weekly:
    return Weekly(tuple(int(day) for day in days))


@rule("some_days", "Weekday", "Weekdays")
def one_weekday(day: int) -> tuple[int, ...]:
    return (day,)


@rule("some_days", "Weekly")
def from_weekly(found: Weekly) -> tuple[int, ...] | None:
    plain = found.every is None and found.again and not (found.each or found.ends)
    return found.days if plain else None


@rule("some_days", "Some_days and|comma|slash|dash_and Some_days", "Some_days comma and Some_days")
def more_weekdays(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    return tuple(sorted({*one, *other})) if not set(one) & set(other) else None


@rule("days_side_by_side", "Some_days =Some_days", cost=0.2)
def weekdays_side_by_side(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    """*Mon Wed Fri*; German *Freitag so um 9* may be Friday at about nine, and so this has a cost there."""
    return more_weekdays(one, other)


@rule("some_days", "Days_side_by_side")
def by_days_side_by_side(days: tuple[int, ...]) -> tuple[int, ...]:
    return days


@rule("weekdays_list", "Weekdays")
def one_plural(day: int) -> tuple[int, ...]:
    return (day,)


@rule("weekdays_list", "Weekdays and|comma Weekdays_list")
def more_plurals(day: int, rest: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({day, *rest}))


@rule("weekday", "Digits ~weekday_mark")
@rule("weekdays", "Digits ~weekdays_mark")
def numbered_weekday(digits: str) -> int | None:
    """Portuguese numbers the weekdays: *2ª* is Monday and *6a feira* Friday."""
    return int(digits) - 2 if digits in ("2", "3", "4", "5", "6") else None


@rule("weekly", "to|a? Some_days in_turns")
def by_turns(days: tuple[int, ...]) -> Weekly | None:
    """*A venerdì alterni*, *un lunes sí y otro no* are every other such day."""
    return every_other_weekday(days)


@rule(
    "weekly",
    "a? Weekday alternating and|comma? a? Weekday alternated",
    "a? Weekday alternating and|comma? alternated",
)
def every_other_by_turns(day: int, again: int | None = None) -> Weekly | None:
    """*Sexta sim, sexta não* is every other Friday."""
    return Weekly((day,), every=2) if again in (None, day) else None


@rule("weekly", "Weekday to|dash|through Weekday", "from Weekday to|dash|through|until Weekday",
      "Weekdays to|dash|until Weekdays")  # fmt: skip
def weekday_range(first: int, last: int) -> Weekly | None:
    if first == last:
        return None
    return Weekly(tuple(sorted((first + step) % 7 for step in range((last - first) % 7 + 1))))


@rule("weekly", "Weekday until Weekday", cost=0.01)
def weekday_range_until(first: int, last: int) -> Weekly | None:
    """*Monday until Friday*; but *every Monday until Friday* says when the Mondays end."""
    found = weekday_range(first, last)
    return replace(found, ends=True) if found is not None else None


@rule("weekly", "Some_days")
def several(days: tuple[int, ...]) -> Weekly | None:
    return Weekly(days) if len(days) > 1 else None


@rule("weekly", "all_of Weekly")
def all_such_days(days: Weekly) -> Weekly | None:
    """*All Mondays*; but *all week* is no rhythm."""
    return days if days.every is None and not days.each else None


@rule("only_days", "only Some_days")
def only_on(days: tuple[int, ...]) -> tuple[int, ...]:
    return days


@rule("weekly", "every Some_days")
def every_weekday(days: tuple[int, ...]) -> Weekly:
    return Weekly(days, each=True)


@rule("weekly", "Weekly and|comma Weekly")
def every_one_and_every_other(one: Weekly, other: Weekly) -> Weekly | None:
    """*Every Monday and every Friday*; but *every 2 weeks on Monday and every Friday* are two schedules."""
    if not (one.each and other.each) or set(one.days) & set(other.days):
        return None
    return Weekly(tuple(sorted({*one.days, *other.days})), each=True)


@rule("weekly", "every other Some_days", "alternate Some_days")
def every_other_weekday(days: tuple[int, ...]) -> Weekly | None:
    """*Every other weekday* may be every other day too."""
    return Weekly(days, every=2) if days != _WORKDAYS else None


@rule("weekly", "every other weekend_word")
def every_other_weekend() -> Weekly:
    return Weekly((5, 6), every=2)


@rule("weekly", "every Int weekend_word|weekends")
def every_so_many_weekends(count: int) -> Weekly | None:
    """*Every 2 weekends*; a number of other weekdays may count days too."""
    return Weekly((5, 6), every=count) if 2 <= count <= MOST_WEEKS else None


@rule("weekly", "every Ordinal|Which =Some_days", "every Int Weekdays_list", cost=0.1)
def every_second_weekday(count: int, days: tuple[int, ...]) -> Weekly | None:
    return every_other_weekday(days) if count == _EVERY_OTHER else None


@rule("second_of_each_month", "every Ordinal =Weekday|Weekdays", cost=NEVER)
def every_second_weekday_of_a_month(count: int, day: int) -> Positions | None:
    """French *tous les deuxièmes mardis*: the second one of each month, or every other one, are as likely."""
    return Positions(((count, day),)) if count == _EVERY_OTHER else None


@rule("apart_what", "apart Int")
def apart_something(count: int) -> int:
    """Dutch *om de 3* lacks its unit, and is no time."""
    return count


@rule("weekly", "apart =Weekday", cost=0.1)
def apart_a_weekday(day: int) -> Weekly:
    """Dutch *om de zondag* is every other Sunday."""
    return Weekly((day,), every=2)


@rule("weekly", "on_a =Weekday")
def on_some_weekday(day: int) -> Weekly:
    """*Fortnightly on a Sunday*: which one is only clear beside what says how often."""
    return Weekly((day,), again=False)


@rule("weekly", "every_day_called =Weekday")
def every_day_of_a_name(day: int) -> Weekly:
    """*Todos los días lunes* are the Mondays."""
    return Weekly((day,))


@rule("weekly", "every Int =Weekday", cost=0.1)
def every_so_many_of_a_weekday(count: int, day: int) -> Weekly | None:
    """*Cada tres lunes*: the plural is the same word."""
    return Weekly((day,), every=count) if 2 <= count <= 8 else None


@rule("weekly", "every Int Weekdays_list", cost=0.1)
def every_so_many_weekdays(count: int, days: tuple[int, ...]) -> Weekly | None:
    return Weekly(days, every=count) if 3 <= count <= 52 else None


@rule("weekly", "every Ordinal|Which =Some_days", cost=1.3)
def every_nth_weekday(count: int, days: tuple[int, ...]) -> Weekly | None:
    """*Every third Thursday* may also be the third one of a month: as good a reading.

    *Every fifth working day* counts days, and not weeks.
    """
    return Weekly(days, every=count) if 3 <= count <= 52 and days != _WORKDAYS else None
