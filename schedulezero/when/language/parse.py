"""Parses a time or schedule as a person types it into a trigger. One entry point, no clock or I/O of its own.

`understand` tries, in this order: Discord's ``<t:…>`` and Unix seconds, crontab and RRULE lines, then the
grammar (`schedulezero.when.grammar`) in the person's language and in English. A single moment in a language
that the grammar lacks is read by dateparser.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from schedulezero.errors import TriggerError, WhenError
from schedulezero.instants import FIRST_YEAR, LAST_YEAR, first_instant_at_or_after, to_iso
from schedulezero.model import Trigger
from schedulezero.sentences import Sentence, parts_of
from schedulezero.when.calendar.crontab import crontab_trigger, looks_like_crontab
from schedulezero.when.calendar.schedules import Once, Schedule
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.calendar.weekdays import with_day_names
from schedulezero.when.grammar.compiling import compile_phrase
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.tokens import normalized
from schedulezero.when.grammar.read import NotUnderstood, Reading, read
from schedulezero.when.grammar.tables import languages
from schedulezero.when.grammar.words import words_of
from schedulezero.when.language.describe import describe
from schedulezero.when.language.near import near_texts
from schedulezero.when.language.outside import OutsideReader
from schedulezero.when.language.rrule_text import looks_like_rrule, read_rrule
from schedulezero.when.language.say import examples, language_of, wording
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
        "crontab_never_matches",
        "did_you_mean",
        "end_no_day",
        "how_often_between",
        "in_which_month",
        "no_cron_fields",
        "on_which_day_of_month",
        "on_which_day_of_year",
        "on_which_days",
        "on_which_weekday",
        "rrule_no_freq",
        "rrule_not_a_part",
        "rrule_unreadable",
        "too_many_dates_in_words",
        "two_readings",
        "two_schedules",
        "unclear_how_often",
        "which_one_of",
    }
)

_STAMP = re.compile(r"<t:(-?\d{1,13})(?::[tTdDfFRsS])?>|@?(\d{9,11})")


_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:?\d{2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Understood:
    """A text's meaning.

    Attributes:
        trigger: The trigger to send.
        schedule: The equivalent schedule.
        zone: The zone of its wall-clock times.
        notes: What a person should know about how the text was read.
    """

    trigger: Trigger
    schedule: Schedule
    zone: str
    notes: Sequence[Sentence] = field(default=())


class TwoReadings(WhenError):
    """A text may mean several times.

    Attributes:
        readings: What it may mean, the likeliest first.
    """

    code = "several_meanings"

    def __init__(self, message: Sentence, readings: Sequence[Understood], offers: tuple[str, ...]) -> None:
        super().__init__(message)
        self.readings = readings
        self.offers = offers


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

    Raises TwoReadings if the text may mean two times, and WhenError with a sentence that quotes the text and
    shows what is valid.
    """
    wanted = normalized(text[: MAX_LENGTH + 1])
    if not wanted:
        raise _with_examples(Sentence("Say when.", "say_when"), locale)
    if len(text) > MAX_LENGTH:
        said = Sentence(
            "That is more than {max_length} characters.", "too_many_characters", max_length=MAX_LENGTH
        )
        raise _with_examples(said, locale)
    try:
        found = _readings(wanted, zone, locale, now, outside or OutsideReader())
        understood = [_understood(reading, wanted, zone, now) for reading in found]
    except WhenError as error:
        if any(part.code in SHOW_WHAT_IS_RIGHT for part in parts_of(error.message)):
            raise
        raise _with_examples(error.message, locale, error.offers) from error
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
    ahead = [item for item in understood if item.schedule.next_after(now) is not None]
    if not ahead:
        raise _never(understood[0], wanted, locale, now)
    if len({_first_runs(item, now) for item in ahead}) > 1:
        raise _two_readings(wanted, ahead, zone, locale)
    return ahead[0]


def _understood(reading: Reading, wanted: str, zone: str, now: datetime) -> Understood:
    schedule = schedule_of(reading.trigger, anchor=now, zone=zone)
    notes = [
        Sentence("“{typed}” was read as “{read}”.", "word_mended", typed=item.typed, read=item.read)
        for item in reading.mended
    ]
    return Understood(reading.trigger, schedule, reading.zone or reading.trigger.zone_or(zone), notes)


def _first_runs(item: Understood, now: datetime) -> tuple[datetime | None, datetime | None]:
    first = item.schedule.next_after(now)
    return first, item.schedule.next_after(first) if first is not None else None


def _never(found: Understood, wanted: str, locale: str, now: datetime) -> WhenError:
    if isinstance(found.schedule, Once):
        return _past(wanted, found.schedule.at, found.zone, locale, now)
    said = Sentence("“{wanted}” never comes: no date from now on matches it.", "never_comes", wanted=wanted)
    return _with_examples(said, locale)


def spoken(item: Understood, zone: str, locale: str) -> str:
    """Return a sentence that is read as this meaning again by somebody in a zone."""
    sentence = describe(item.trigger, item.zone, locale)
    return sentence if item.zone == zone else f"{sentence} {item.zone}"


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
    return _offering(shown, *offers)


def _offering(said: Sentence, *offers: str) -> WhenError:
    error = WhenError(said)
    error.offers = offers
    return error


def _past(text: str, at: datetime, zone: str, locale: str, now: datetime) -> WhenError:
    """The error about a moment that is over, with the next one like it."""
    where = ZoneInfo(zone)
    local, today = at.astimezone(where), now.astimezone(where)
    # Lately gone is meant for the next day; longer ago, for the next year.
    nearby = today - local < timedelta(days=7)
    candidate = local.replace(tzinfo=None)
    while candidate <= today.replace(tzinfo=None):
        candidate = candidate + timedelta(days=1) if nearby else _a_year_later(candidate, today.year)
    following = Trigger("date", {"run_date": to_iso(first_instant_at_or_after(candidate, where))})
    offered = describe(following, zone, locale)
    said = Sentence(
        "“{text}” is in the past ({local}). Next would be `{offered}`.",
        "in_the_past",
        text=text,
        local=f"{local:%d.%m.%Y %H:%M}",
        offered=offered,
    )
    return _offering(said, offered)


def _a_year_later(moment: datetime, at_least: int) -> datetime:
    year = max(moment.year + 1, at_least)
    while True:
        try:
            return moment.replace(year=year)
        except ValueError:  # 29 February
            year += 1


def warm_up() -> None:
    """Load dateparser and the languages, because the first call is slow; run it in a thread at start-up."""
    import dateparser

    for language in languages():
        words_of(language)
    dateparser.parse("1.1.2030 10:00", languages=[_ENGLISH])


# ---------------------------------------------------------------- the readers, in their order


def _readings(text: str, zone: str, locale: str, now: datetime, outside: OutsideReader) -> list[Reading]:
    if match := _STAMP.fullmatch(text):
        return [Reading(Trigger("date", {"run_date": int(match[1] or match[2])}), zone=zone)]
    rest, named = split_zone(text, zone)
    line = rest.removeprefix("cron ").strip()
    if looks_like_crontab(line):
        return [Reading(crontab_trigger(line, named), zone=named)]
    if looks_like_rrule(rest):
        phrase, where = read_rrule(rest, ZoneInfo(named), now)
        return [Reading(compile_phrase(phrase, rest, where, now), zone=where.key)]
    if (fields := _cron_fields(rest, named, locale)) is not None:
        return [Reading(fields, zone=named)]
    if _ISO.fullmatch(text):
        return [Reading(_iso(text, ZoneInfo(zone)), zone=zone)]
    context = Context(now, ZoneInfo(zone), month_first=locale == "en-US")
    return _in_words(text, context, locale, outside)


def _iso(text: str, zone: ZoneInfo) -> Trigger:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise WhenError(
            "“{text}” isn't a date. ISO 8601 example: 2026-12-24T18:00.", code="not_iso_date", text=text
        ) from None
    instant = parsed.astimezone(UTC) if parsed.tzinfo else first_instant_at_or_after(parsed, zone)
    return Trigger("date", {"run_date": to_iso(instant)})


def _in_words(text: str, context: Context, locale: str, outside: OutsideReader) -> list[Reading]:
    """The readings of the grammar: the person's language explains best, unless English got further."""
    first: WhenError | None = None
    for language in dict.fromkeys((language_of(locale), _ENGLISH)):
        try:
            found = read(text, words_of(language), context)
        except WhenError as error:
            if first is None or (_reached(error) > _reached(first)):
                first = error
            continue
        return [replace(found, trigger=trigger, zone=zone) for trigger, zone in found.each()]
    assert first is not None
    if locale.partition("-")[0].lower() not in languages():
        at = outside.read(text, locale, context.local)
        instant = at if at.tzinfo is not None else first_instant_at_or_after(at, context.zone)
        return [Reading(Trigger("date", {"run_date": to_iso(instant)}), zone=context.zone.key)]
    if isinstance(first, NotUnderstood):
        near = near_texts(text, first, words_of(language_of(locale)), context)
        hint = Sentence(" Did you mean `{near}`?", "did_you_mean", near=near[0]) if near else ""
        said = Sentence(
            "“{text}” in “{text2}” was not understood.{hint}",
            "word_not_understood",
            text=first.piece,
            text2=text,
            hint=hint,
        )
        raise _offering(said, *near)
    raise first


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
            "“{strip}” aren't cron fields. Example: `minute=*/5 hour=9-17`.",
            code="no_cron_fields",
            strip=rest.strip(),
        )
    return with_day_names(Trigger("cron", {**fields, "timezone": zone}))
