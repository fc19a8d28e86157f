"""From one time to another: *from 9 to 17*."""

from __future__ import annotations

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import Clock, Window
from schedulezero.when.grammar.rules.clock.halves import five_minutes

RULES = Rules()
rule = RULES.rule

_NOON = 12


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
    return window(Clock(hour, sure=False), last) if five_minutes(hour) and hour < last.hour else None


@rule("window", "Numbered_window")
def by_numbered_window(found: Window) -> Window:
    return found


@rule("windows", "Window")
def one_window(found: Window) -> tuple[Window, ...]:
    return (found,)


@rule("windows", "Window and|comma Windows", "Window comma and Windows")
def several_windows(found: Window, rest: tuple[Window, ...]) -> tuple[Window, ...]:
    return (found, *rest)
