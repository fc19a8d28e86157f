"""Parses recurring schedules from tokens: one grammar for every language of `lexicon`.

A phrase is a set of clauses in any order: how often (``every 2 weeks``), on which days (``on tuesday``,
``first monday of the month``), at which times (``at 9 and 21``, ``from 9 to 17``), within which bounds
(``until december 15``, ``for 10 times``, ``except on 24 dec``). A piece that doesn't contribute to the result
is an error that quotes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from schedulezero.errors import WhenError
from schedulezero.sentences import Sentence
from schedulezero.when.language.lexicon import Lexicon, Token

DEFAULT_TIME = time(9)
"""When a phrase names a day and no time."""
_SPANS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_BOUNDS = ("until", "starting", "except")

ReadDate = Callable[[str], tuple[date, time | None]]


@dataclass(slots=True)
class Phrase:
    """The clauses of a parsed phrase; `compiling` makes a trigger of it."""

    every: int = 1
    unit: str | None = None
    span: timedelta = timedelta()
    weekdays: set[int] = field(default_factory=set[int])
    days: set[int] = field(default_factory=set[int])
    positions: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    months: set[int] = field(default_factory=set[int])
    times: set[time] = field(default_factory=set[time])
    window: tuple[time, time] | None = None
    clock: bool = False
    """Whether a span goes by the wall clock's ticking, as a crontab's star does."""
    twice: bool = False
    starting: tuple[date, time | None] | None = None
    until: tuple[date, time | None] | None = None
    count: int | None = None
    excluded: set[date] = field(default_factory=set[date])
    lasting: Any = None
    holidays: bool = False
    anchor: date | None = None
    """A day of a period that counts, where ``every`` is more than 1; the first match where there is none."""


def recurs(tokens: list[Token]) -> bool:
    """Return whether a phrase describes something that recurs."""
    said = ("every", "daily", "hourly", "weekly", "monthly", "yearly", "quarterly", "workdays", "weekends")
    if any(kind in token for token in tokens for kind in (*said, "plural", "twice")):
        return True
    day_numbers = sum("day_number" in token for token in tokens)
    monthly = any(token.kinds.get("unit") == "month" for token in tokens)
    return (
        monthly and any(kind in token for token in tokens for kind in ("ordinal", "last", "day_number"))
    ) or (day_numbers > 1)


def read_phrase(text: str, words: Lexicon, read_date: ReadDate) -> Phrase:
    """Parse a recurring phrase.

    Parameters:
        text: The text that was typed.
        words: The language of the text.
        read_date: Parses the date of a bound; raises WhenError if it isn't a date.

    Raises WhenError quoting the piece that wasn't understood.
    """
    return _Reader(text, words, read_date).read()


class _Reader:
    """Walks the tokens once, clause by clause."""

    def __init__(self, text: str, words: Lexicon, read_date: ReadDate) -> None:
        self.text = text
        self.words = words
        self.tokens = words.tokens(text)
        self.read_date = read_date
        self.position = 0
        self.phrase = Phrase()
        self.ordinals: list[tuple[int, Token]] = []
        """Ordinals and plain numbers whose noun has not come yet."""
        self.numbers: list[tuple[int, Token]] = []
        self.other: Token | None = None
        self.span_end = 0
        """Behind the span's last part, whose unit is ``span_unit``."""
        self.span_unit = ""
        self.counted: tuple[int, str] | None = None
        """The period in days, weeks, months or years that a number or a word such as *weekly* named."""
        self.order = ""
        """Days (D) and times (T) in the order in which they were said, each run of them once."""

    def read(self) -> Phrase:
        while (token := self._peek()) is not None:
            if not self._clause(token):
                self._refuse(token)
        self._settle()
        return self.phrase

    # ---------------------------------------------------------------- clauses

    def _clause(self, token: Token) -> bool:
        phrase = self.phrase
        following = self._peek(1)
        if (window := self._window()) is not None:
            if phrase.window is not None:
                self._refuse_two()
            phrase.window = window
        elif "clock" in token:
            phrase.clock = True
            self.position += 1
        elif "count" in token:
            return False
        elif self._bound(token):
            return True
        elif "number" in token and following is not None and "unit" in following:
            self._period(token["number"], following["unit"], tokens=2)
            self.position += 2
        elif "number" in token and following is not None and "times" in following:
            phrase.count = self._whole(token)
            self.position += 2
        elif "at" in token and following is not None and ("time" in following or _named(following)):
            self.position += 1
            self._times()
        elif ("time" in token and not token["bare"]) or _named(token):
            self._times()
        elif "month" in token and self._month(token):
            return True
        elif "weekday" in token:
            self._weekday(token)
        elif "ordinal" in token and self._is_period(following):
            phrase.every = token["ordinal"]
            self.position += 1
        elif "last" in token or ("ordinal" in token and not ("other" in token and self._is_other(following))):
            self.ordinals.append((-1 if "last" in token else token["ordinal"], token))
            self.position += 1
        elif "other" in token:
            self.other = token
            phrase.every = 2
            self.position += 1
        elif "day_number" in token:
            self.ordinals.append((token["day_number"], token))
            self.position += 1
        elif "number" in token:
            self.numbers.append((self._whole(token), token))
            self.position += 1
        elif self._word(token) or any(kind in token for kind in ("every", "filler", "and", "from", "for")):
            self.position += 1
        else:
            return False
        return True

    def _word(self, token: Token) -> bool:
        """Words that say a period or a set of days by themselves."""
        phrase = self.phrase
        if "unit" in token:
            if token["unit"] == "day" and self.ordinals:
                phrase.days.update(number for number, _ in self.ordinals)
                self.ordinals.clear()
            elif self.span_units(token):
                self._period(1, token["unit"])
            else:
                if phrase.unit not in (None, token["unit"]) and self._and_every():
                    self._refuse_two()
                self._set_unit(token["unit"])
        elif "daily" in token:
            self._count(1, "day")
        elif "hourly" in token:
            self._period(1, "hour")
        elif "weekly" in token:
            self._count(1, "week")
        elif "monthly" in token:
            self._count(1, "month")
        elif "yearly" in token:
            self._count(1, "year")
        elif "quarterly" in token:
            phrase.months.update((1, 4, 7, 10))
            self._count(1, "month")
        elif "workdays" in token:
            phrase.weekdays.update(range(5))
        elif "weekends" in token:
            phrase.weekdays.update((5, 6))
        elif "twice" in token:
            phrase.twice = True
            return True
        else:
            return False
        if not self.span_units(token):
            self._said_next("D")
        return True

    def span_units(self, token: Token) -> bool:
        """Whether a unit without a number is an elapsed one: every hour, every minute."""
        return "hourly" in token or token.kinds.get("unit") in ("second", "minute", "hour")

    def _period(self, number: Any, unit: str, *, tokens: int = 1) -> None:
        phrase = self.phrase
        if unit in ("second", "minute", "hour"):
            if self.span_unit:
                between = self.tokens[self.span_end : self.position]
                joined = all("and" in token or token.text == "," for token in between)
                if not joined or _SPANS[unit] >= _SPANS[self.span_unit]:
                    self._refuse_two()
            self.span_unit, self.span_end = unit, self.position + tokens
            try:
                phrase.span += timedelta(seconds=_SPANS[unit]) * number
            except OverflowError:
                raise WhenError(
                    "“{text}” is longer than can be counted.", code="too_long_to_count", text=self.text
                ) from None
            return
        if not isinstance(number, int) or not 1 <= number <= 1000:
            raise WhenError(
                "“{number} {unit}s” isn't a supported period. Use a whole number up to 1000.",
                code="not_a_period",
                number=number,
                unit=unit,
            )
        self._count(number, unit)
        self._said_next("D")

    def _count(self, number: int, unit: str) -> None:
        """Notes a period that counts; two different ones are two schedules."""
        if self.counted not in (None, (number, unit)) or (self.other is not None and number != 2):
            self._refuse_two()
        self.counted = number, unit
        self._set_unit(unit)
        self.phrase.every = max(self.phrase.every, number)

    def _and_every(self) -> bool:
        """Whether *and every* stands before this token."""
        before = self.tokens[max(self.position - 2, 0) : self.position]
        return len(before) == 2 and "and" in before[0] and "every" in before[1]

    def _said_next(self, kind: str) -> None:
        if not self.order.endswith(kind):
            self.order += kind

    def _refuse_two(self) -> None:
        raise WhenError(
            "“{text}” names two schedules. Create a job for each, such as `every 2 hours 30 minutes` or "
            "`every monday at 9`.",
            code="two_schedules",
            text=self.text,
        )

    def _set_unit(self, unit: str) -> None:
        # "every week on monday", "the 1st of every month": the coarser one is the period.
        order = ("day", "week", "month", "year")
        if self.phrase.unit is None or order.index(unit) > order.index(self.phrase.unit):
            self.phrase.unit = unit

    def _weekday(self, token: Token) -> None:
        self._said_next("D")
        if self.ordinals:
            self.phrase.positions.update((number, token["weekday"]) for number, _ in self.ordinals)
            last = max(number for number, _ in self.ordinals)
            if last > 5:
                raise WhenError(
                    "No month has a “{text} {text2}”.",
                    code="no_such_ordinal_day",
                    text=self.ordinals[-1][1].text,
                    text2=token.text,
                )
            self.ordinals.clear()
        else:
            self.phrase.weekdays.add(token["weekday"])
        self.position += 1

    def _month(self, token: Token) -> bool:
        """A month, with the day before it (25 december) or after it (december 25)."""
        following = self._peek(1)
        self._said_next("D")
        self.phrase.months.add(token["month"])
        self.position += 1
        if not self.ordinals and not self.numbers and following is not None:
            for kind in ("day_number", "number"):
                if kind in following and not isinstance(following[kind], float):
                    self.phrase.days.add(following[kind])
                    self.position += 1
                    break
        return True

    def _is_other(self, following: Token | None) -> bool:
        """Whether *second* means every other: before a weekday, with no month to be the second of."""
        monthly = any(token.kinds.get("unit") == "month" or "month" in token for token in self.tokens)
        return following is not None and "weekday" in following and not monthly and self._said("every")

    def _is_period(self, following: Token | None) -> bool:
        """Whether *second* means every 2 days, weeks and so on: *every second day*."""
        before = self.tokens[self.position - 1] if self.position else None
        if before is None or "every" not in before or following is None or "unit" not in following:
            return False
        return sum("unit" in token for token in self.tokens) == 1

    # ---------------------------------------------------------------- times

    def _times(self) -> None:
        self._said_next("T")
        while (token := self._peek()) is not None:
            if not ("time" in token or _named(token)):
                break
            self.phrase.times.add(self._time(token))
            self.position += 1
            after = self._peek()
            if token.kinds.get("bare") and after is not None and after.kinds.get("unit") == "hour":
                self.position += 1  # French "à 9 heures"
            ahead = 0
            while (joint := self._peek(ahead)) is not None and (
                "and" in joint or joint.text == "," or ("at" in joint and ahead > 0)
            ):
                ahead += 1
            after = self._peek(ahead)
            if ahead == 0 or after is None or not ("time" in after or _named(after)):
                break
            beyond = self._peek(ahead + 1)
            if after.kinds.get("bare") and beyond is not None and ("unit" in beyond or "times" in beyond):
                break  # "at 9 and 2 weeks later" is not a time
            self.position += ahead

    def _window(self) -> tuple[time, time] | None:
        """``from 9 to 17``, ``between 9:00 and 17:00``."""
        token, first, joint, last = (self._peek(ahead) for ahead in range(4))
        if token is None or first is None or joint is None or last is None:
            return None
        spoken = ("from" in token and "to" in joint) or ("between" in token and "and" in joint)
        if not spoken or not all("time" in item or _named(item) for item in (first, last)):
            return None
        window = self._time(first), self._time(last)
        if window[0] >= window[1]:
            raise WhenError(
                "“{text} {text2} {text3} {text4}” ends before it begins.",
                code="span_ends_before_begin",
                text=token.text,
                text2=first.text,
                text3=joint.text,
                text4=last.text,
            )
        self.position += 4
        return window

    def _time(self, token: Token) -> time:
        if "noon" in token:
            return time(12)
        if "midnight" in token:
            return time(0)
        return clock_time(token)

    # ---------------------------------------------------------------- bounds

    def _bound(self, token: Token) -> bool:
        kind = next((kind for kind in _BOUNDS if kind in token), None)
        if kind is None:
            return False
        end = self._end_of_date(self.position + 1)
        if end == self.position + 1:
            return False
        if kind != "except" and "from" in token and self._is_filler_from():
            return False
        source = self.text[self.tokens[self.position + 1].start : self.tokens[end - 1].end]
        if kind == "except":
            for piece in self._dates(self.position + 1, end):
                self.phrase.excluded.add(self.read_date(piece)[0])
        else:
            setattr(self.phrase, kind, self.read_date(source))
        self.position = end
        return True

    def _is_filler_from(self) -> bool:
        """French *de*, Portuguese *da*: *from* only where a date follows."""
        following = self._peek(1)
        return following is None or not any(
            kind in following for kind in ("number", "day_number", "month", "time")
        )

    def _end_of_date(self, start: int) -> int:
        end = start
        while end < len(self.tokens):
            token = self.tokens[end]
            following = self.tokens[end + 1] if end + 1 < len(self.tokens) else None
            if end > start and any(kind in token for kind in _BOUNDS) and "filler" not in token:
                break
            if "for" in token and following is not None and "number" in following:
                break
            if "number" in token and following is not None and "times" in following:
                break
            end += 1
        while end > start and self.tokens[end - 1].text == ",":
            end -= 1
        return end

    def _dates(self, start: int, end: int) -> list[str]:
        """The dates of an exclusion, parted at *and* and at commas."""
        pieces: list[str] = []
        begin = start
        for index in range(start, end + 1):
            if index == end or self.tokens[index].text == "," or "and" in self.tokens[index]:
                if index > begin:
                    pieces.append(self.text[self.tokens[begin].start : self.tokens[index - 1].end])
                begin = index + 1
        return pieces

    # ---------------------------------------------------------------- the end

    def _settle(self) -> None:
        """What ordinals and numbers were left without a noun are days of the month."""
        phrase = self.phrase
        if self.counted is not None and self.counted[0] > 1 and phrase.unit != self.counted[1]:
            self._refuse_two()
        if "DTDT" in self.order or "TDTD" in self.order:
            self._refuse_two()
        monthly = phrase.unit in ("month", "year") or bool(phrase.months)
        for number, token in self.ordinals:
            if "day_number" not in token:
                self._refuse(token)
            phrase.days.add(number)
        for number, token in self.numbers:
            if not monthly:
                self._refuse(token)
            phrase.days.add(number)
        for day in phrase.days:
            if day != -1 and not 1 <= day <= 31:
                raise WhenError("No month has a day {day}.", code="no_such_day", day=day)
        if phrase.twice and len(phrase.times) != 2:
            raise WhenError(
                "“{text}”: at which two times? For example: `twice a day at 9 and 21`.",
                code="at_which_two_times",
                text=self.text,
            )

    def _said(self, kind: str) -> bool:
        return any(kind in token for token in self.tokens)

    def _whole(self, token: Token) -> int:
        number = token["number"]
        if not isinstance(number, int):
            raise WhenError("“{text}” must be a whole number.", code="not_a_whole_number", text=token.text)
        return number

    def _peek(self, ahead: int = 0) -> Token | None:
        index = self.position + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def _refuse(self, token: Token) -> None:
        following = self._peek(1)
        if "at" in token and following is not None and not following.kinds:
            token = following  # what is wrong is what follows "at"
        near = self.words.nearest(token.text) if not token.kinds else None
        hint = Sentence(" Did you mean `{near}`?", "did_you_mean", near=near) if near else ""
        raise WhenError(
            "“{text}” in “{text2}” was not understood.{hint}",
            code="word_not_understood",
            text=token.text,
            text2=self.text,
            hint=hint,
        )


def clock_time(token: Token) -> time:
    """Return a token's time of day. Raises WhenError if there is no such time."""
    hour, minute, second, half = token["time"]
    if half:
        if not 1 <= hour <= 12:
            raise WhenError(
                "There is no “{text}”; write `6 pm` or `18:00`.", code="no_such_hour", text=token.text
            )
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise WhenError(
            "“{text}” isn't a time of day. Examples: `9:00`, `9 am`, `noon`.",
            code="not_a_time_of_day",
            text=token.text,
        )
    return time(hour, minute, second)


def at_instant(bound: tuple[date, time | None], default: time) -> datetime:
    """Return a bound's date as a wall-clock time, at ``default`` if it has no time."""
    day, moment = bound
    return datetime.combine(day, moment if moment is not None else default)


def _named(token: Token) -> bool:
    return "noon" in token or "midnight" in token
