"""Explains why a text was refused, in the person's language, and offers what may have been meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from schedulezero.errors import TriggerError, WhenError
from schedulezero.instants import to_iso
from schedulezero.model import Trigger
from schedulezero.said_values import said_day, said_moment, said_weekday
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.schedules import Once
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.chart import Steps
from schedulezero.when.grammar.core.tokens import cut
from schedulezero.when.grammar.read import NotUnderstood, Reading, Unfitting, read
from schedulezero.when.grammar.resolving import NotThatWeekday
from schedulezero.when.grammar.words import Words, words_of
from schedulezero.when.language.describe import describe
from schedulezero.when.language.faults import fault_in, is_fault, unknown_zone
from schedulezero.when.language.near import LONGEST, Meaning, near_text, unknown_word
from schedulezero.when.language.say import language_of
from schedulezero.when.language.understood import Understood, as_understood, first_runs, spoken
from schedulezero.when.language.unfitting import fault_of

_DAYS_TRIED = 8
_YEARS_TRIED = 5
_MOST_TRIED = 8
"""Texts that are read to find out which of them to offer instead of a faulty one."""

_MOST_TOKENS = 40
"""Words, numbers and signs of a text whose fault is looked for."""


Again = Callable[[str, datetime], datetime | None]


def explained(
    text: str, error: WhenError, words: Words, context: Context, locale: str, steps: Steps
) -> WhenError:
    """Return the error that says best why a text has no meaning, with what may have been meant.

    Parameters:
        text: What was typed.
        error: Why the grammar refused it.
        words: The language in which it got furthest.
        context: Where and when it was read.
        locale: The person's.
        steps: What the text may still cost; what would take more is not found out.
    """
    if isinstance(error, NotThatWeekday):
        return _not_that_weekday(error, text, context, locale)
    if not is_fault(error):
        return error
    own = words_of(language_of(locale))
    if len(text) > LONGEST or len(cut(text)) > _MOST_TOKENS:
        return error  # what is near to a long text takes too long to find out
    languages_read = dict.fromkeys((own.language, words.language))

    def meaning(candidate: str) -> Hashable | None:
        return _meaning(candidate, languages_read, context, locale, steps)

    named = fault_in(text, own, steps) or (fault_in(text, words, steps) if words is not own else None)
    if named is None and isinstance(error, NotUnderstood):
        named = unknown_zone(error, text)
    if named is None and isinstance(error, Unfitting):
        named = fault_of(error, words)
    unknown = unknown_word(text, words)
    near = near_text(text, words, meaning) if named is None else None
    if steps.left < 0:
        near = None  # not all were compared
    if near is None and unknown is None:
        named = named or fault_in(text, own, steps, weak=True)
    if named is None:
        said = Sentence(
            "“{text}” in “{text2}” was not understood.", "word_not_understood", text=unknown, text2=text
        )
        if unknown == text.strip():
            said = Sentence("“{text}” was not understood.", "text_not_understood", text=unknown)
        return offering(said if unknown else error.message, *([near] if near else []))
    if named.paired:
        return offering(named.said, *_first_pair(named.nearby[:_MOST_TRIED], meaning))
    by_meaning: dict[Hashable, str] = {}
    for candidate in named.nearby[:_MOST_TRIED]:
        what = meaning(candidate) if len(by_meaning) < named.most else None
        if what is not None:
            by_meaning.setdefault(what, candidate)
    return offering(named.said, *by_meaning.values())


def _first_pair(texts: Sequence[str], meaning: Meaning) -> tuple[str, ...]:
    """The first two alternatives that are both understood, and differ."""
    for first, second in zip(texts[::2], texts[1::2], strict=True):
        one, other = meaning(first), meaning(second)
        if one is not None and other is not None and one != other:
            return first, second
    return ()


def _not_that_weekday(error: NotThatWeekday, text: str, context: Context, locale: str) -> WhenError:
    """The error about a weekday and a date that disagree, with the readings of either alone."""
    said = Sentence(
        "{day} in “{text}” is a {weekday}.",
        "not_that_weekday",
        day=said_day(error.date),
        text=text,
        weekday=said_weekday(error.date),
    )
    own = context.zone.key
    readings = [Reading(trigger, zone=zone) for trigger, zone in error.readings]
    found = [as_understood(reading, own, locale, context.now) for reading in readings]
    ahead = [item for item in found if item.schedule.next_after(context.now) is not None]
    return offering(said, *dict.fromkeys(spoken(item, own, locale) for item in ahead))


def _meaning(text: str, among: Iterable[str], context: Context, locale: str, steps: Steps) -> Hashable | None:
    """When a text runs first, or None if no language understands it as one thing in the future."""
    for language in among:
        try:
            found = read(text, words_of(language), context, steps)
            if found.others:
                return None
            item = as_understood(found, context.zone.key, locale, context.now)
            runs = first_runs(item, context.now)
        except (WhenError, TriggerError, OverflowError):
            continue
        return runs or None
    return None


def offering(said: Sentence, *offers: str) -> WhenError:
    """Return an error that carries what may have been meant, and says it."""
    if len(offers) == 1:
        said = Sentence("{message} Did you mean `{near}`?", "did_you_mean", message=said, near=offers[0])
    elif offers:
        said = Sentence(
            "{message} Did you mean `{first}` or `{second}`?",
            "did_you_mean_either",
            message=said,
            first=offers[0],
            second=offers[1],
        )
    return with_offers(said, *offers)


def with_offers(said: Sentence, *offers: str) -> WhenError:
    """Return an error that carries what may have been meant, for a choice."""
    error = WhenError(said)
    error.offers = offers
    return error


def in_the_past(text: str, over: Understood, locale: str, now: datetime, again: Again) -> WhenError:
    """Return the error about a moment that is over, with the next one like it.

    Parameters:
        text: What was typed.
        over: What it means.
        locale: The person's.
        now: The present instant.
        again: Reads a text as it would be read at another instant; None if it has no one meaning then.
    """
    assert isinstance(over.schedule, Once)
    local = over.schedule.at.astimezone(ZoneInfo(over.zone))
    said = Sentence("“{part}” is in the past.", "is_over", part=text)
    following = next_like(text, local, now, again)
    if following is None:
        return with_offers(said)
    offered = spoken_once(following, over.zone, locale)
    said = Sentence(
        "“{text}” is in the past ({local}). The next time would be `{offered}`.",
        "in_the_past",
        text=text,
        local=said_moment(local),
        offered=offered,
    )
    return with_offers(said, offered)


def spoken_once(at: datetime, zone: str, locale: str) -> str:
    """Return how one moment is told."""
    return describe(Trigger("date", {"run_date": to_iso(at.astimezone(UTC))}), zone, locale)


def next_like(text: str, local: datetime, now: datetime, again: Again) -> datetime | None:
    """Return the next moment of which a text whose moment is over would be said, or None if there is none.

    The text is read as on each of the coming days and in the next year; then with a later year instead of
    its own, as *Easter 2026* has another date in 2027.
    """
    today = now.astimezone(local.tzinfo)
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    days = [midnight + timedelta(days=number) for number in range(1, _DAYS_TRIED + 1)]
    for later in (*days, midnight.replace(year=today.year + 1, month=1, day=1)):
        found = again(text, later.astimezone(UTC))
        if found is not None and found > now:
            return found
    for year in range(max(local.year, today.year - 1) + 1, today.year + _YEARS_TRIED):
        other = re.sub(rf"(?<!\d){local.year}(?!\d)", str(year), text)
        found = again(other, now) if other != text else None
        if found is not None and found > now:
            return found
    return None
