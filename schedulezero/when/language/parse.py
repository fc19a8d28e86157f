"""Parses a time or schedule as a person types it into a trigger. One entry point, no clock or I/O of its own.

`understand` tries, in this order: Discord's ``<t:…>`` and Unix seconds, crontab and RRULE lines, then the
grammar (`schedulezero.when.grammar`) in the person's language and in English. A single moment in a language
that the grammar lacks is read by dateparser.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from schedulezero.errors import TriggerError, WhenError
from schedulezero.instants import FIRST_YEAR, LAST_YEAR, first_instant_at_or_after, to_iso
from schedulezero.model import Trigger
from schedulezero.model.habits import Habits
from schedulezero.sentences import Sentence, parts_of
from schedulezero.when.calendar import holidays
from schedulezero.when.calendar.crontab import crontab_trigger, looks_like_crontab
from schedulezero.when.calendar.schedules import Once
from schedulezero.when.calendar.weekdays import with_day_names
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.chart import Steps
from schedulezero.when.grammar.core.tokens import normalized
from schedulezero.when.grammar.read import NotUnderstood, Reading, Unfitting, read
from schedulezero.when.grammar.refusing import never_comes
from schedulezero.when.grammar.tables import languages
from schedulezero.when.grammar.words import words_of
from schedulezero.when.language.explaining import explained, in_the_past, with_offers
from schedulezero.when.language.ical_lines import looks_like_lines, read_lines
from schedulezero.when.language.outside import OutsideReader
from schedulezero.when.language.say import examples, language_of, wording
from schedulezero.when.language.understood import (
    TwoReadings,
    Understood,
    as_understood,
    first_runs,
    spoken,
)
from schedulezero.when.language.zone_words import split_zone

MAX_LENGTH = 500
_MOST_OFFERED = 5
_ENGLISH = "en"
# The codes of sentences that show what would be right; the others are followed by examples.
SHOW_WHAT_IS_RIGHT = frozenset(
    {
        "at_which_times",
        "by_the_clock_how_often",
        "by_the_clock_uneven",
        "crontab_invalid",
        "crontab_never_matches",
        "day_or_weekday_left_out",
        "did_you_mean",
        "did_you_mean_either",
        "end_no_day",
        "exdate_alone",
        "how_often_between",
        "in_which_month",
        "no_cron_fields",
        "no_such_zone",
        "number_alone",
        "number_unclear",
        "on_which_day_of_month",
        "on_which_day_of_year",
        "on_which_days",
        "on_which_weekday",
        "on_which_weekdays",
        "once_and_again",
        "rrule_no_freq",
        "rrule_not_a_part",
        "rrule_unreadable",
        "several_times",
        "too_many_dates_in_words",
        "two_readings",
        "two_schedules",
        "unclear_how_often",
        "which_one_of_the_month",
        "which_one_of_the_year",
    }
)

_STAMP = re.compile(r"<t:(-?\d{1,13})(?::[tTdDfFRsS])?>|@?(\d{9,11})")


_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:?\d{2})?"
    r"|\d{4}-\d{2}-\d{2} [\d:.]+ ?(Z|[+-]\d{2}:?\d{2})"
    r"|\d{8}T\d{6}Z",
    re.ASCII,
)


def understand(
    text: str,
    *,
    zone: str,
    locale: str,
    now: datetime,
    outside: OutsideReader | None = None,
    habits: Habits | None = None,
    explain: bool = True,
) -> Understood:
    """Parse when something should happen.

    Parameters:
        text: The text that the person typed.
        zone: The person's IANA zone, for wall-clock times unless the text names another zone.
        locale: Discord's name of the person's locale, such as ``en-GB``; it decides the language and the
            order of day and month.
        now: The present instant, aware UTC.
        outside: The reader of foreign dates, for callers that parse several texts at once.
        habits: What words without an hour mean where the text was typed; the usual meanings if None.
        explain: Whether to find out what is wrong with a text that isn't understood, and what is near to it;
            callers that try many texts don't need it.

    Raises TwoReadings if the text may mean two times, and WhenError with a sentence that quotes the text and
    shows what is valid.
    """
    wanted = normalized(text[: MAX_LENGTH + 1])
    if not wanted:
        raise _with_examples(Sentence("Enter a time.", "say_when"), locale)
    if len(text) > MAX_LENGTH:
        said = Sentence(
            "That is more than {max_length} characters.", "too_many_characters", max_length=MAX_LENGTH
        )
        raise _with_examples(said, locale)
    try:
        context = Context(now, ZoneInfo(zone), locale == "en-US", habits or Habits())
        found = _readings(wanted, context, locale, outside or OutsideReader(), explain=explain)
        understood = [as_understood(reading, zone, locale, now) for reading in found]
    except WhenError as error:
        if any(part.code in SHOW_WHAT_IS_RIGHT for part in parts_of(error.message)):
            raise
        raise _with_examples(error.message, locale, error.offers) from error
    except TriggerError as error:
        said = Sentence(
            "“{wanted}” can't be scheduled: {message}",
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
    ahead = [item for item in understood if item.schedule.next_after(now) is not None]
    if not ahead:
        raise _never(understood[0], wanted, locale, now, zone, habits)
    if len(ahead) > 1 and len({first_runs(item, now) for item in ahead}) > 1:
        raise _two_readings(wanted, ahead, zone, locale)
    return ahead[0]


def _never(
    found: Understood, wanted: str, locale: str, now: datetime, zone: str, habits: Habits | None
) -> WhenError:
    if not isinstance(found.schedule, Once):
        return _with_examples(never_comes(wanted), locale)

    def again(text: str, then: datetime) -> datetime | None:
        context = Context(then, ZoneInfo(zone), locale == "en-US", habits or Habits())
        try:
            readings = _readings(text, context, locale, OutsideReader(), explain=False)
            schedules = [as_understood(reading, zone, locale, then).schedule for reading in readings]
        except (WhenError, TriggerError, OverflowError):
            return None
        (only, *others) = schedules
        return only.at if isinstance(only, Once) and not others else None

    error = in_the_past(wanted, found, locale, now, again)
    return error if error.offers else _with_examples(error.message, locale)


def _two_readings(wanted: str, found: Sequence[Understood], zone: str, locale: str) -> TwoReadings:
    offers = tuple(spoken(item, zone, locale) for item in found[:_MOST_OFFERED])
    said = Sentence(
        "“{wanted}” may mean `{first}` or `{second}`. Write one of them.",
        "two_readings",
        wanted=wanted,
        first=offers[0],
        second=offers[1],
    )
    return TwoReadings(said, found, offers)


def _with_examples(said: Sentence, locale: str, offers: tuple[str, ...] = ()) -> WhenError:
    shown = Sentence(
        "{message} For example: {examples}", "with_examples", message=said, examples=examples(locale)
    )
    return with_offers(shown, *offers)


def warm_up() -> None:
    """Load dateparser, the languages and the public holidays, because the first call is slow.

    Run it in a thread at start-up.
    """
    import dateparser

    holidays.load()
    for language in languages():
        words_of(language)
    dateparser.parse("1.1.2030 10:00", languages=[_ENGLISH])


# ---------------------------------------------------------------- the readers, in their order


def _readings(
    text: str, context: Context, locale: str, outside: OutsideReader, *, explain: bool
) -> list[Reading]:
    zone = context.zone.key
    if match := _STAMP.fullmatch(text):
        return [Reading(Trigger("date", {"run_date": int(match[1] or match[2])}), zone=zone)]
    rest, named = split_zone(text, zone)
    line = rest.removeprefix("cron ").strip()
    if looks_like_crontab(line):
        return [Reading(crontab_trigger(line, named), zone=named)]
    if looks_like_lines(rest):
        trigger, where = read_lines(rest, ZoneInfo(named), context.now, context.day_time, named=rest != text)
        return [Reading(trigger, zone=where)]
    if (fields := _cron_fields(rest, named, locale)) is not None:
        return [Reading(fields, zone=named)]
    if _ISO.fullmatch(text):
        return [Reading(_iso(text, context.zone), zone=zone)]
    return _in_words(text, context, locale, outside, explain=explain)


def _iso(text: str, zone: ZoneInfo) -> Trigger:
    try:
        parsed = datetime.fromisoformat(re.sub(r" (?=[Z+-])", "", text))
    except ValueError:
        raise WhenError(
            "“{text}” isn't a date. ISO 8601 example: 2026-12-24T18:00.", code="not_iso_date", text=text
        ) from None
    instant = parsed.astimezone(UTC) if parsed.tzinfo else first_instant_at_or_after(parsed, zone)
    return Trigger("date", {"run_date": to_iso(instant)})


def _in_words(
    text: str, context: Context, locale: str, outside: OutsideReader, *, explain: bool
) -> list[Reading]:
    """The readings of the grammar: the person's language explains best, unless English got further."""
    first: WhenError | None = None
    best = _ENGLISH
    steps = Steps()
    own = words_of(language_of(locale))
    for language in dict.fromkeys((language_of(locale), _ENGLISH)):
        try:
            found = read(text, words_of(language), context, steps)
        except WhenError as error:
            if first is None or (_reached(error) > _reached(first)):
                first, best = error, language
            if isinstance(error, Unfitting) and error.certain:
                break  # Spanish *mar 8* is no day of the English March
            continue
        if language != own.language and any(own.known(word.typed) for word in found.mended):
            continue  # German *erster* is no misspelt *Easter*
        return [
            replace(found, trigger=trigger, zone=zone, others=(), other_zones=())
            for trigger, zone in found.each()
        ]
    assert first is not None
    if locale.partition("-")[0].lower() not in languages():
        at = outside.read(text, locale, context.local, context.day_time)
        instant = at if at.tzinfo is not None else first_instant_at_or_after(at, context.zone)
        return [Reading(Trigger("date", {"run_date": to_iso(instant)}), zone=context.zone.key)]
    raise explained(text, first, words_of(best), context, locale, steps) if explain else first


def _reached(error: WhenError) -> int:
    """How many words had a part in a reading; all of them if they only made no sense together."""
    return error.covered if isinstance(error, NotUnderstood) else MAX_LENGTH


def _cron_fields(text: str, zone: str, locale: str) -> Trigger | None:
    """``cron fields minute=*/5 hour=9-17``: the wire's fields, for what no phrase says; None if it isn't.

    Weekdays are names there, as each version numbers them in another way.
    """
    heads = (wording(name)["cron"].partition("{")[0].strip() for name in (language_of(locale), _ENGLISH))
    head = next((head for head in heads if text.casefold().startswith(head.casefold())), None)
    if head is None:
        return None
    rest = text[len(head) :].lstrip(":")
    fields: dict[str, str] = {}
    for part in re.findall(r"(\w+)=(\S+(?: (?:mon|tue|wed|thu|fri|sat|sun)\b\S*)*)", rest):
        fields[part[0]] = part[1]
    if not fields or " ".join(f"{key}={value}" for key, value in fields.items()) != " ".join(rest.split()):
        raise WhenError(
            "“{strip}” isn't a list of cron fields. Example: `minute=*/5 hour=9-17`.",
            code="no_cron_fields",
            strip=rest.strip(),
        )
    return with_day_names(Trigger("cron", {**fields, "timezone": zone}))
