"""Parses a time or schedule as a person types it into a trigger. One entry point, no clock or I/O of its own.

`understand` tries, in this order: Discord's ``<t:…>`` and Unix seconds, crontab and RRULE lines, then, in the
person's language and in English, recurring phrases, spans (``in 2h30m``), and single moments.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schedulezero.errors import TriggerError, WhenError
from schedulezero.instants import FIRST_YEAR, LAST_YEAR, first_instant_at_or_after, to_iso
from schedulezero.model import Trigger
from schedulezero.sentences import Sentence, parts_of
from schedulezero.when.calendar.crontab import crontab_trigger, looks_like_crontab
from schedulezero.when.calendar.schedules import Once, Schedule
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.calendar.weekdays import with_day_names
from schedulezero.when.language.compiling import compile_phrase
from schedulezero.when.language.describe import describe
from schedulezero.when.language.grammar import read_phrase, recurs
from schedulezero.when.language.lexicon import Lexicon, language_of, lexicon
from schedulezero.when.language.once import read_day, read_moment, read_span
from schedulezero.when.language.outside import OutsideReader
from schedulezero.when.language.rrule_text import looks_like_rrule, read_rrule
from schedulezero.when.language.zone_words import split_zone

MAX_LENGTH = 500
MOST_TOKENS = 200
"""Words, numbers and commas of one text: a list of twenty full dates has half as many."""

# Two examples in each language, for whoever was not understood.
EXAMPLES = {
    "en": "`tomorrow at 9` · `every monday at 18:00`",
    "de": "`morgen um 9:00` · `jeden Montag um 18 Uhr`",
    "fr": "`demain à 9h` · `chaque lundi à 18h`",
    "es": "`mañana a las 9:00` · `cada lunes a las 18:00`",
    "pt": "`amanhã às 9:00` · `toda segunda-feira às 18h`",
}
# The codes of sentences that show what would be right; the others are followed by examples.
SHOW_WHAT_IS_RIGHT = frozenset(
    {
        "at_which_two_times",
        "by_the_clock_how_often",
        "by_the_clock_uneven",
        "crontab_never_matches",
        "did_you_mean",
        "end_no_day",
        "how_often_between",
        "in_which_month",
        "no_cron_fields",
        "no_such_hour",
        "on_which_day_of_month",
        "on_which_day_of_year",
        "on_which_days",
        "on_which_weekday",
        "not_a_time_of_day",
        "rrule_no_freq",
        "rrule_not_a_part",
        "rrule_unreadable",
        "too_many_dates_in_words",
        "two_lengths",
        "two_schedules",
        "which_one_of",
    }
)

_STAMP = re.compile(r"<t:(-?\d{1,13})(?::[tTdDfFRsS])?>|@?(\d{9,11})")


@dataclass(frozen=True, slots=True)
class Understood:
    """A text's meaning: the trigger to send, the equivalent schedule, and its zone."""

    trigger: Trigger
    schedule: Schedule
    zone: str


def understand(
    text: str, *, zone: str, locale: str, now: datetime, outside: OutsideReader | None = None
) -> Understood:
    """Parse when something should happen.

    Parameters:
        text: The text that the person typed.
        zone: The person's IANA zone, for wall-clock times unless the text names another zone.
        locale: Discord's name of the person's locale, such as ``en-GB``; it decides the language and the
            order of day and month.
        now: The present instant, aware UTC.
        outside: The reader of foreign dates, for callers that parse several texts at once.

    Raises WhenError with a sentence that quotes the text and shows what is valid.
    """
    wanted = re.sub(r"\s+", " ", text).strip()
    if not wanted:
        raise _with_examples(Sentence("Say when.", "say_when"), locale)
    if len(wanted) > MAX_LENGTH:
        said = Sentence(
            "That is more than {max_length} characters.", "too_many_characters", max_length=MAX_LENGTH
        )
        raise _with_examples(said, locale)
    rest, named_zone = split_zone(wanted, zone)
    try:
        trigger = _trigger(rest, named_zone, locale, now, outside or OutsideReader())
        schedule = schedule_of(trigger, anchor=now, zone=named_zone)
    except WhenError as error:
        if any(part.code in SHOW_WHAT_IS_RIGHT for part in parts_of(error.message)):
            raise
        raise _with_examples(error.message, locale) from error
    except TriggerError as error:
        said = Sentence(
            "“{wanted}” cannot be scheduled: {message}",
            "cannot_be_scheduled",
            wanted=wanted,
            message=error.message,
        )
        raise _with_examples(said, locale) from error
    except OverflowError as error:
        said = Sentence(
            "“{wanted}” is outside the years {first_year} to {last_year}.",
            "outside_of_years",
            wanted=wanted,
            first_year=FIRST_YEAR,
            last_year=LAST_YEAR,
        )
        raise _with_examples(said, locale) from error
    if schedule.next_after(now) is None:
        if isinstance(schedule, Once):
            raise WhenError(_past(wanted, schedule.at, named_zone, locale, now))
        said = Sentence(
            "“{wanted}” never comes: no date from now on matches it.", "never_comes", wanted=wanted
        )
        raise _with_examples(said, locale)
    return Understood(trigger, schedule, trigger.zone_or(named_zone))


def _with_examples(said: Sentence, locale: str) -> WhenError:
    examples = EXAMPLES[language_of(locale)]
    return WhenError(
        Sentence("{message} For example: {examples}", "with_examples", message=said, examples=examples)
    )


def _past(text: str, at: datetime, zone: str, locale: str, now: datetime) -> Sentence:
    """The sentence about a moment that is over, with the next one like it."""
    where = ZoneInfo(zone)
    local, today = at.astimezone(where), now.astimezone(where)
    # Lately gone is meant for the next day; longer ago, for the next year.
    nearby = today - local < timedelta(days=7)
    candidate = local.replace(tzinfo=None)
    while candidate <= today.replace(tzinfo=None):
        candidate = candidate + timedelta(days=1) if nearby else _a_year_later(candidate, today.year)
    following = Trigger("date", {"run_date": to_iso(first_instant_at_or_after(candidate, where))})
    offered = describe(following, zone, locale)
    return Sentence(
        "“{text}” is in the past ({local}). Next would be `{offered}`.",
        "in_the_past",
        text=text,
        local=f"{local:%d.%m.%Y %H:%M}",
        offered=offered,
    )


def _a_year_later(moment: datetime, at_least: int) -> datetime:
    year = max(moment.year + 1, at_least)
    while True:
        try:
            return moment.replace(year=year)
        except ValueError:  # 29 February
            year += 1


def warm_up() -> None:
    """Load dateparser and the lexicons, because the first call is slow; run it in a thread at start-up."""
    import dateparser

    for language in EXAMPLES:
        lexicon(language)
        dateparser.parse("1.1.2030 10:00", languages=[language])


def _trigger(text: str, zone: str, locale: str, now: datetime, outside: OutsideReader) -> Trigger:
    if match := _STAMP.fullmatch(text):
        return Trigger("date", {"run_date": int(match[1] or match[2])})
    line = text.removeprefix("cron ").strip()
    if looks_like_crontab(line):
        return crontab_trigger(line, zone)
    if looks_like_rrule(text):
        phrase, where = read_rrule(text, ZoneInfo(zone), now)
        return compile_phrase(phrase, text, where, now)
    first_error: WhenError | None = None
    for language in dict.fromkeys((language_of(locale), "en")):
        try:
            return _in_language(text, lexicon(language), zone, locale, now, outside)
        except WhenError as error:
            # The person's own language explains best, unless only English saw something in it.
            if first_error is None or (
                recurs(lexicon(language).tokens(text))
                and not recurs(lexicon(language_of(locale)).tokens(text))
            ):
                first_error = error
    assert first_error is not None
    raise first_error


def _in_language(
    text: str, words: Lexicon, zone: str, locale: str, now: datetime, outside: OutsideReader
) -> Trigger:
    where = ZoneInfo(zone)
    tokens = words.tokens(text)
    if len(tokens) > MOST_TOKENS:
        raise WhenError(
            "That is more than {most_tokens} words and numbers.",
            code="too_many_words",
            most_tokens=MOST_TOKENS,
        )
    if tokens and "cron" in tokens[0]:
        return _cron_fields(text[tokens[0].end :], zone)
    if recurs(tokens):
        read_date = _date_reader(words, locale, where, now, outside)
        return compile_phrase(read_phrase(text, words, read_date), text, where, now)
    lowered = text.casefold()
    if lowered.startswith("in ") and (span := read_span(lowered.removeprefix("in "))) is not None:
        try:
            return _once(now + span)
        except OverflowError:
            raise WhenError(
                "“{text}” is further away than can be counted.", code="too_far_away", text=text
            ) from None
    return _once(read_moment(text, words, locale, where, now, outside), exact=True)


def _date_reader(
    words: Lexicon, locale: str, zone: ZoneInfo, now: datetime, outside: OutsideReader
) -> Callable[[str], tuple[date, time | None]]:
    return lambda text: read_day(text, words, locale, zone, now, outside)


def _once(instant: datetime, *, exact: bool = False) -> Trigger:
    return Trigger("date", {"run_date": to_iso(instant if exact else instant.replace(microsecond=0))})


def _cron_fields(text: str, zone: str) -> Trigger:
    """``minute=*/5 hour=9-17``: the wire's fields with weekdays as names, for what no phrase says."""
    fields: dict[str, str] = {}
    for part in re.findall(r"(\w+)=(\S+(?: (?:mon|tue|wed|thu|fri|sat|sun)\b\S*)*)", text):
        fields[part[0]] = part[1]
    if not fields or " ".join(f"{key}={value}" for key, value in fields.items()) != " ".join(text.split()):
        raise WhenError(
            "“{strip}” aren't cron fields. Example: `minute=*/5 hour=9-17`.",
            code="no_cron_fields",
            strip=text.strip(),
        )
    return with_day_names(Trigger("cron", {**fields, "timezone": zone}))
