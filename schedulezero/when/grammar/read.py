"""Reads a text: from the words that were typed to the trigger that is meant."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from zoneinfo import ZoneInfo

from schedulezero.errors import ScheduleZeroError, TriggerError, WhenError
from schedulezero.instants import first_instant_at_or_after, to_iso
from schedulezero.model import Trigger
from schedulezero.when.grammar.again import phrase_of
from schedulezero.when.grammar.compiling import compile_phrase
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.chart import Begins, Item, Rules, Steps, TooMuch, parse
from schedulezero.when.grammar.core.pieces import OWN, Fault
from schedulezero.when.grammar.core.tokens import Token, cut, normalized, without_marks
from schedulezero.when.grammar.once import moment
from schedulezero.when.grammar.paths import Path, Piece, paths, reach
from schedulezero.when.grammar.refusing import never_comes, two_schedules
from schedulezero.when.grammar.resolving import NotThatWeekday
from schedulezero.when.grammar.rules import RULES, WITH_FAULTS
from schedulezero.when.grammar.said import TWO_SCHEDULES, Contradiction, Nonsense, sort_pieces, zones_of
from schedulezero.when.grammar.variants import Remark, open_choices, versions, without_contradiction
from schedulezero.when.grammar.words import Mended, Words

MOST_TOKENS = 200
"""Words, numbers and signs of one text: a list of twenty full dates has half as many."""
_ORDINAL_AT_END = re.compile(r"(?<!\d)\d{1,2}\.$")
"""German *24.12.* and *am 5.*: the full stop is a part of the date; it may also end a sentence."""
_DATE_AT_END = re.compile(r"\d\. ?\d{1,2}\.$")
_ALIKE = 0.15
"""Readings whose costs differ by less are equally good."""
_FARTHEST = 1.6
"""How much more than the plainest division of a text a reading may cost: a stranger one isn't meant."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text means.

    Attributes:
        trigger: The trigger.
        mended: The words that were read as others.
        others: Other readings that are as good and differ in time.
        zone: The zone of its wall-clock times, where one was named.
    """

    trigger: Trigger
    mended: tuple[Mended, ...] = ()
    others: tuple[Trigger, ...] = ()
    zone: str | None = None
    other_zones: tuple[str, ...] = ()
    remarks: tuple[tuple[Remark, str], ...] = ()
    """What a person should know of the reading, each with the words that were typed."""

    def each(self) -> list[tuple[Trigger, str | None]]:
        """Return every reading with its zone."""
        return [(self.trigger, self.zone), *zip(self.others, self.other_zones, strict=True)]


class NotUnderstood(WhenError):
    """No reading has a part for every word.

    Attributes:
        piece: The first word that has none, as it was typed.
        covered: How many tokens before it do.
    """

    code = "unread_word"

    def __init__(self, piece: str, text: str, covered: int) -> None:
        if piece == text.strip():
            super().__init__("“{text}” was not understood.", code="text_not_understood", text=piece)
        else:
            super().__init__(
                "“{text}” in “{text2}” was not understood.",
                code="word_not_understood",
                text=piece,
                text2=text,
            )
        self.piece, self.covered = piece, covered


class Unfitting(WhenError):
    """Every word has a part, but the parts have no meaning together.

    Attributes:
        pieces: The plainest way to divide the text.
        parts: What was typed for each piece.
        certain: Whether they can only be meant so, so that no other language is asked.
    """

    code = "parts_at_odds"

    def __init__(
        self, text: str, tokens: Sequence[Token], pieces: Sequence[Piece], *, certain: bool = False
    ) -> None:
        super().__init__("The parts of “{text}” don't fit together.", code="parts_do_not_fit", text=text)
        self.pieces, self.certain = pieces, certain
        self.parts = tuple(text[tokens[item.start].start : tokens[item.end - 1].end] for item in pieces)


def faults_in(text: str, words: Words, steps: Steps | None = None) -> list[tuple[Fault, str, int, int]]:
    """Return each fault in a refused text that can be named: the fault, what was typed, where it is."""
    text = without_marks(normalized(text))
    tokens, _ = words.mended(cut(text))
    try:
        begins, _ = _chart(text, tokens, words, WITH_FAULTS, steps, whole=True)
    except TooMuch:
        return []
    found: list[tuple[Fault, str, int, int]] = []
    for start, here in enumerate(begins):
        for item in here.get("fault", ()):
            begin, end = tokens[start].start, tokens[item.end - 1].end
            found.append((item.value, text[begin:end], begin, end))
    return found


def read(text: str, words: Words, context: Context, steps: Steps | None = None) -> Reading:
    """Return the meaning of a text in one language.

    Parameters:
        text: What was typed.
        words: The language.
        context: Where and when it is read.
        steps: What the text may still cost, for callers that read it in several ways; it is counted down.

    Raises NotUnderstood if a word has no part in any reading, and another WhenError if the words have no
    meaning together.
    """
    text = without_marks(normalized(text))
    steps = steps or Steps()
    if not _ORDINAL_AT_END.search(text):
        return _read(text.rstrip(".!?"), words, context, steps)[0]
    found: list[tuple[Reading, float]] = []
    error: WhenError | None = None
    for ending in (text, text.rstrip(".!?")):
        try:
            found.append(_read(ending, words, context, steps))
        except NotThatWeekday:
            raise  # the full stop made a date, which is not on the weekday
        except WhenError as refused:
            error = refused
        if _DATE_AT_END.search(text):
            break
    if not found:
        assert error is not None
        raise error
    return min(found, key=lambda reading: reading[1])[0]


def _read(text: str, words: Words, context: Context, steps: Steps) -> tuple[Reading, float]:
    """The meaning of a text and what it costs."""
    tokens, notes = words.mended(cut(text))
    if not tokens:
        raise WhenError("Enter a time.", code="say_when")
    if len(tokens) > MOST_TOKENS:
        raise WhenError(
            "That is more than {most_tokens} words and numbers.",
            code="too_many_words",
            most_tokens=MOST_TOKENS,
        )
    try:
        begins, whole = _chart(text, tokens, words, RULES, steps)
    except TooMuch:
        raise WhenError(
            "That's too many times or days at once. Enter fewer, or create several jobs.",
            code="too_many_parts",
        ) from None
    found = paths(begins) if whole else []
    if not found:
        raise NotUnderstood(*_first_unknown(tokens, reach(begins), text), reach(begins))
    return _best(found, text, tokens, context, tuple(notes))


def _chart(
    text: str,
    tokens: Sequence[Token],
    words: Words,
    rules: Rules,
    steps: Steps | None,
    *,
    whole: bool = False,
) -> tuple[Begins, bool]:
    """Every piece that the rules make of a text, or of the part before a word that no piece can have.

    Returns them, and whether they are of the whole text, as is always the case if ``whole``. Raises TooMuch.
    """
    looked_up = words.lookup(text, tokens)
    size = len(tokens) if whole else _first_gap(looked_up)
    begins = parse(tokens[:size], looked_up[:size], rules, words.costs, steps)
    return begins, size == len(tokens)


def _first_gap(looked_up: Sequence[Sequence[Item]]) -> int:
    """The first token that no word, number or sign stands on; the number of tokens if there is none."""
    reached = 0
    for position, items in enumerate(looked_up):
        reached = max(reached, max((item.end for item in items), default=0))
        if reached <= position:
            return position
    return len(looked_up)


def _first_unknown(tokens: Sequence[Token], position: int, text: str) -> tuple[str, str]:
    token = tokens[min(position, len(tokens) - 1)]
    return text[token.start : token.end], text


def _best(
    found: Sequence[Path],
    text: str,
    tokens: Sequence[Token],
    context: Context,
    mended: tuple[Mended, ...],
) -> tuple[Reading, float]:
    """The reading of the cheapest path that makes sense, and others that are as good."""
    read_as: dict[tuple[str, str], tuple[Trigger, str]] = {}
    first: Path | None = None
    unclear: Path | None = None
    error: WhenError | None = None
    first_clash = ""
    certain = False
    cost = 0.0
    limit = found[0].cost + _FARTHEST
    for path in found:
        if path.cost > limit:
            break
        try:
            meant = _meant(path, text, context)
            if not read_as and meant:
                first = path
                one_of_two = any(piece.category == "unclear" for piece in path.pieces)
                unclear = path if one_of_two and len(versions(path)) > len(meant) else None
            for trigger, zone in meant:
                read_as.setdefault((json.dumps(trigger.to_json(), sort_keys=True), zone), (trigger, zone))
        except Contradiction as clash:
            first_clash = first_clash or str(clash)
            if str(clash) == TWO_SCHEDULES or isinstance(clash, Nonsense):
                limit = min(limit, path.cost + _ALIKE)
            certain = certain or isinstance(clash, Nonsense)
            continue
        except NotThatWeekday as odd:
            odd.readings = [
                found for other in without_contradiction(path) for found in _if_meant(other, text, context)
            ]
            error = error or odd
        except OverflowError:
            error = error or WhenError(never_comes(text))
        except (WhenError, TriggerError) as refused:
            if error is None:
                error = refused if isinstance(refused, WhenError) else WhenError(refused.message)
        cost = cost or path.cost
        limit = min(limit, path.cost + _ALIKE)
    if not read_as:
        raise error or _no_sense(first_clash, text, tokens, found[0], certain=certain)
    (trigger, zone), *others = read_as.values()
    remarks = _remarks(first, unclear, text, tokens, context) if first is not None and not others else ()
    reading = Reading(
        trigger, mended, tuple(other for other, _ in others), zone, tuple(name for _, name in others), remarks
    )
    return reading, cost


def _meant(path: Path, text: str, context: Context) -> list[tuple[Trigger, str]]:
    """What a path may mean, each with its zone. Raises as `meaning` if it means nothing."""
    found: list[tuple[Trigger, str]] = []
    refused: Contradiction | ScheduleZeroError | None = None
    for version in versions(path):
        try:
            for zone in _zones(version, context):
                found.append((meaning(version, text, replace(context, zone=ZoneInfo(zone))), zone))
        except (Contradiction, WhenError, TriggerError) as error:
            refused = refused or error
    if not found and refused is not None:
        raise refused
    return found


def _if_meant(path: Path, text: str, context: Context) -> list[tuple[Trigger, str]]:
    try:
        return _meant(path, text, context)
    except (Contradiction, WhenError, TriggerError, OverflowError):
        return []


def _remarks(
    path: Path, unclear: Path | None, text: str, tokens: Sequence[Token], context: Context
) -> tuple[tuple[Remark, str], ...]:
    found: list[Remark] = []
    if unclear is not None:
        found.append(Remark("every_two", (0, len(tokens))))
    zone = ZoneInfo(_zones(path, context)[0])
    for remark, other in open_choices(path, replace(context, zone=zone)):
        for trigger, _ in _if_meant(other, text, context)[:1]:
            found.append(replace(remark, other=trigger))
    return tuple(
        (remark, text[tokens[remark.part[0]].start : tokens[remark.part[1] - 1].end]) for remark in found
    )


def _no_sense(clash: str, text: str, tokens: Sequence[Token], path: Path, *, certain: bool) -> WhenError:
    if clash == TWO_SCHEDULES:
        return WhenError(two_schedules(text))
    return Unfitting(text, tokens, path.pieces, certain=certain)


def _zones(path: Path, context: Context) -> list[str]:
    """The zones that a path may name; only the person's own if it is one of them."""
    names = zones_of(path.pieces)
    if OWN in names:
        return [context.zone.key]
    return list(names) if names and context.zone.key not in names else [context.zone.key]


def meaning(path: Path, text: str, context: Context) -> Trigger:
    """Return what the pieces of a path mean. Raises Contradiction or WhenError."""
    said = sort_pieces(path.pieces)
    if not said.recurs:
        when = moment(said, context, text)
        instant = when if when.tzinfo is not None else first_instant_at_or_after(when, context.zone)
        return Trigger("date", {"run_date": to_iso(instant.astimezone(UTC))})
    phrase = phrase_of(said, context, text)
    return compile_phrase(phrase, text, context.zone, context.now, context.day_time)
