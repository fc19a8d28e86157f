"""Reads a length of time alone: ``2h 30m``, ``anderthalb Stunden``."""

from __future__ import annotations

from datetime import timedelta

from schedulezero.when.grammar.core.chart import TooMuch, parse
from schedulezero.when.grammar.core.pieces import Span
from schedulezero.when.grammar.core.tokens import cut, normalized
from schedulezero.when.grammar.rules import numbers, spans
from schedulezero.when.grammar.tables import languages
from schedulezero.when.grammar.words import words_of

_RULES = numbers.RULES + spans.RULES
_LONGEST = 60


def span_of(text: str) -> timedelta | None:
    """Return the length of time that a text means in any of our languages, or None.

    Months and years are none: their length depends on the day from which they are counted.
    """
    wanted = normalized(text[: _LONGEST + 1])
    if not 0 < len(wanted) <= _LONGEST:
        return None
    tokens = cut(wanted)
    for language in sorted(languages(), key=lambda name: name != "en"):
        words = words_of(language)
        try:
            begins = parse(tokens, words.lookup(wanted, tokens), _RULES)
        except TooMuch:
            return None
        for item in begins[0].get("span", ()):
            span = item.value
            if item.end == len(tokens) and isinstance(span, Span) and not span.months:
                return timedelta(days=span.days, seconds=span.seconds) or None
    return None
