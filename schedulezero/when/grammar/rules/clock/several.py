"""One time or several, and the word before them: *at 9*, *at 9 and 17*."""

from __future__ import annotations

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import Clock
from schedulezero.when.grammar.rules.clock.spoken import minutes_to

RULES = Rules()
rule = RULES.rule


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
