"""Reads a text: from the words that were typed to the trigger that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from zoneinfo import ZoneInfo

from schedulezero.errors import TriggerError, WhenError
from schedulezero.instants import first_instant_at_or_after, to_iso
from schedulezero.model import Trigger
from schedulezero.when.grammar.again import phrase_of
from schedulezero.when.grammar.chart import TooMuch, parse
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.once import moment
from schedulezero.when.grammar.paths import Path, paths, reach
from schedulezero.when.grammar.rules import bounds, clock, days, numbers, recurring, spans, zones
from schedulezero.when.grammar.said import Contradiction, Nonsense, parts_do_not_fit, sort_pieces, zones_of
from schedulezero.when.grammar.tokens import Token, cut, normalized
from schedulezero.when.grammar.words import Mended, Words
from schedulezero.when.language.compiling import compile_phrase

RULES = numbers.RULES + clock.RULES + spans.RULES + days.RULES + recurring.RULES + bounds.RULES + zones.RULES
_ALIKE = 0.15
"""Readings whose costs differ by less are equally good."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text means.

    Attributes:
        trigger: The trigger.
        mended: The words that were read as others.
        others: Other readings that are as good and differ in time.
    """

    trigger: Trigger
    mended: tuple[Mended, ...] = ()
    others: tuple[Trigger, ...] = ()


class NotUnderstood(WhenError):
    """No reading has a part for every word.

    Attributes:
        piece: The first word that has none, as it was typed.
        covered: How many tokens before it do.
    """

    def __init__(self, piece: str, text: str, covered: int) -> None:
        super().__init__(
            "“{text}” in “{text2}” was not understood.", code="word_not_understood", text=piece, text2=text
        )
        self.piece, self.covered = piece, covered


def read(text: str, words: Words, context: Context) -> Reading:
    """Return the meaning of a text in one language.

    Raises NotUnderstood if a word has no part in any reading, and another WhenError if the words have no
    meaning together.
    """
    text = normalized(text).lstrip("¿¡").rstrip(".!? ")
    tokens, notes = words.mended(cut(text))
    if not tokens:
        raise WhenError("Say when.", code="say_when")
    try:
        begins = parse(tokens, words.lookup(text, tokens), RULES, words.costs)
    except TooMuch:
        raise WhenError(
            "That is more than can be read at once.", code="too_many_words", most_tokens=len(tokens)
        ) from None
    found = paths(begins)
    if not found:
        raise NotUnderstood(*_first_unknown(tokens, reach(begins), text), reach(begins))
    return _best(found, text, context, tuple(notes))


def _first_unknown(tokens: Sequence[Token], position: int, text: str) -> tuple[str, str]:
    token = tokens[min(position, len(tokens) - 1)]
    return text[token.start : token.end], text


def _best(found: Sequence[Path], text: str, context: Context, mended: tuple[Mended, ...]) -> Reading:
    best: Trigger | None = None
    limit = float("inf")  # beyond what is as good as the first that makes sense, or is refused with reason
    others: list[Trigger] = []
    error: WhenError | None = None
    for path in found:
        if path.cost > limit:
            break
        try:
            read_in = [replace(context, zone=ZoneInfo(name)) for name in _zones(path, context)] or [context]
            trigger, *more = [meaning(path, text, each) for each in read_in]
            others += more
        except Nonsense:
            error, limit = error or parts_do_not_fit(text), min(limit, path.cost + _ALIKE)
            continue
        except Contradiction:
            continue
        except (WhenError, TriggerError) as refused:
            if error is None:
                error = refused if isinstance(refused, WhenError) else WhenError(refused.message)
                limit = path.cost + _ALIKE
            continue
        if best is None:
            best, limit = trigger, path.cost + _ALIKE
        elif trigger != best and trigger not in others:
            others.append(trigger)
    if best is None:
        raise error or parts_do_not_fit(text)
    return Reading(best, mended, tuple(others))


def _zones(path: Path, context: Context) -> list[str]:
    """The zones that a path may name; only the person's own if it is one of them."""
    names = zones_of(path.pieces)
    return [context.zone.key] if context.zone.key in names else list(names)


def meaning(path: Path, text: str, context: Context) -> Trigger:
    """Return what the pieces of a path mean. Raises Contradiction or WhenError."""
    said = sort_pieces(path.pieces, context.month_first)
    if not said.recurs:
        when = moment(said, context, text)
        instant = when if when.tzinfo is not None else first_instant_at_or_after(when, context.zone)
        return Trigger("date", {"run_date": to_iso(instant.astimezone(UTC))})
    phrase = phrase_of(said, context, text)
    return compile_phrase(phrase, text, context.zone, context.now)
