"""Parses a time or schedule as a person types it into a trigger. One entry point, no clock or I/O of its own.

`understand` tries, in this order: Discord's ``<t:…>`` and Unix seconds, crontab and RRULE lines, then the
grammar (`schedulezero.when.grammar`) in the person's language and in English. A single moment in a language
that the grammar lacks is read by dateparser.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from schedulezero.errors import TriggerError, WhenError
from schedulezero.instants import FIRST_YEAR, LAST_YEAR, first_instant_at_or_after, to_iso
from schedulezero.model import Trigger
from schedulezero.model.habits import Habits
from schedulezero.sentences import Sentence, parts_of
from schedulezero.when.calendar import holidays
from schedulezero.when.calendar.crontab import crontab_trigger, looks_like_crontab
from schedulezero.when.calendar.schedules import Once, Schedule, upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.calendar.weekdays import with_day_names
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.tokens import cut, normalized
from schedulezero.when.grammar.read import NotUnderstood, Reading, Unfitting, read
from schedulezero.when.grammar.resolving import NotThatWeekday, never_comes
from schedulezero.when.grammar.tables import languages
from schedulezero.when.grammar.variants import Remark
from schedulezero.when.grammar.words import Words, words_of
from schedulezero.when.language.describe import describe
from schedulezero.when.language.faults import fault_in, fault_of, is_fault, unknown_zone
from schedulezero.when.language.ical_lines import looks_like_lines, read_lines
from schedulezero.when.language.near import LONGEST, near_text, unknown_word
from schedulezero.when.language.outside import OutsideReader
from schedulezero.when.language.say import examples, language_of, wording
from schedulezero.when.language.zone_words import split_zone

MAX_LENGTH = 500
_MOST_OFFERED = 5
_MOST_TRIED = 8
"""Texts that are read to find out which of them to offer instead of a faulty one."""
_COMPARED = 8
"""Runs of two readings that are compared: one of every two months may differ only in the third."""
_ENGLISH = "en"
# The codes of sentences that show what would be right; the others are followed by examples.
SHOW_WHAT_IS_RIGHT = frozenset(
    {
        "at_which_times",
        "by_the_clock_how_often",
        "by_the_clock_uneven",
        "crontab_never_matches",
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
        "once_and_again",
        "rrule_no_freq",
        "rrule_not_a_part",
        "rrule_unreadable",
        "several_times",
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
        others: What other people would mean by it, to choose instead.
    """

    trigger: Trigger
    schedule: Schedule
    zone: str
    notes: Sequence[Sentence] = field(default=())
    others: Sequence[Understood] = field(default=())


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
        raise _with_examples(Sentence("Say when.", "say_when"), locale)
    if len(text) > MAX_LENGTH:
        said = Sentence(
            "That is more than {max_length} characters.", "too_many_characters", max_length=MAX_LENGTH
        )
        raise _with_examples(said, locale)
    try:
        context = Context(now, ZoneInfo(zone), locale == "en-US", habits or Habits())
        found = _readings(wanted, context, locale, outside or OutsideReader(), explain=explain)
        understood = [_understood(reading, zone, locale, now) for reading in found]
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
    if len(ahead) > 1 and len({_first_runs(item, now) for item in ahead}) > 1:
        raise _two_readings(wanted, ahead, zone, locale)
    return ahead[0]


def _understood(reading: Reading, zone: str, locale: str, now: datetime) -> Understood:
    named = reading.zone or reading.trigger.zone_or(zone)
    schedule = schedule_of(reading.trigger, anchor=now, zone=zone)
    notes = [
        Sentence("“{typed}” was read as “{read}”.", "word_mended", typed=item.typed, read=item.read)
        for item in reading.mended
    ]
    others: list[Understood] = []
    for remark, typed in reading.remarks:
        notes.append(_note(remark, typed, schedule.next_after(now), reading.trigger, named, locale))
        if remark.other is not None:
            other = Understood(remark.other, schedule_of(remark.other, anchor=now, zone=zone), named)
            if other.schedule.next_after(now) not in (None, schedule.next_after(now)):
                others.append(other)
    return Understood(reading.trigger, schedule, named, notes, others)


def _note(
    remark: Remark, typed: str, first: datetime | None, trigger: Trigger, zone: str, locale: str
) -> Sentence:
    """What a person should know about one choice that was made in reading a text."""
    say = wording(language_of(locale))
    if remark.kind == "every_two" or first is None:
        told = describe(trigger, zone, locale)
        return Sentence("“{typed}” was read as “{read}”.", "word_mended", typed=typed, read=told)
    local = first.astimezone(ZoneInfo(zone))
    day = say["date"].format(day=local.day, month=say["months"][local.month - 1], year=local.year)
    if remark.kind == "date_order":
        return Sentence("“{typed}” was read as {day}.", "date_read", typed=typed, day=day)
    return Sentence(
        "“{typed}” was read as {weekday} {day}, the coming one.",
        "weekday_read",
        typed=typed,
        weekday=say["weekdays"][local.weekday()],
        day=day,
    )


def _first_runs(item: Understood, now: datetime) -> tuple[datetime, ...]:
    """So many runs that two readings with the same ones are the same reading for a person."""
    return tuple(upcoming(item.schedule, now, _COMPARED))


def _never(found: Understood, wanted: str, locale: str, now: datetime) -> WhenError:
    if isinstance(found.schedule, Once):
        return _past(wanted, found.schedule.at, found.zone, locale, now)
    return _with_examples(never_comes(wanted), locale)


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
    # Lately gone is meant for the next day, or the next such weekday; longer ago, for the next year.
    nearby = today - local < timedelta(days=8)
    step = timedelta(days=7 if _names_weekday(text, locale) else 1)
    candidate = local.replace(tzinfo=None)
    while candidate <= today.replace(tzinfo=None):
        candidate = candidate + step if nearby else _a_year_later(candidate, today.year)
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


def _names_weekday(text: str, locale: str) -> bool:
    tokens = cut(text)
    return any(
        item.category == "weekday"
        for language in (language_of(locale), _ENGLISH)
        for items in words_of(language).lookup(text, tokens)
        for item in items
    )


def _a_year_later(moment: datetime, at_least: int) -> datetime:
    year = max(moment.year + 1, at_least)
    while True:
        try:
            return moment.replace(year=year)
        except ValueError:  # 29 February
            year += 1


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


def _explained(text: str, error: WhenError, words: Words, context: Context, locale: str) -> WhenError:
    """The error that says best why a text has no meaning, with what may have been meant."""
    if isinstance(error, NotThatWeekday):
        return _not_that_weekday(error, text, context, locale)
    if not is_fault(error):
        return error
    own = words_of(language_of(locale))

    if len(text) > LONGEST:
        return error  # what is near to a long text takes too long to find out
    languages_read = dict.fromkeys((own.language, words.language))

    def meaning(candidate: str) -> Hashable | None:
        return _meaning(candidate, languages_read, context, locale)

    named = fault_in(text, own) or (fault_in(text, words) if words is not own else None)
    if named is None and isinstance(error, NotUnderstood):
        named = unknown_zone(error, text)
    if named is None and isinstance(error, Unfitting):
        named = fault_of(error, words)
    unknown = unknown_word(text, words)
    near = near_text(text, words, meaning) if named is None else None
    if near is None and unknown is None:
        named = named or fault_in(text, own, weak=True)
    if named is None:
        said = Sentence(
            "“{text}” in “{text2}” was not understood.", "word_not_understood", text=unknown, text2=text
        )
        return offering(said if unknown else error.message, *([near] if near else []))
    by_meaning: dict[Hashable, str] = {}
    for candidate in named.nearby[:_MOST_TRIED]:
        what = meaning(candidate) if len(by_meaning) < named.most else None
        if what is not None:
            by_meaning.setdefault(what, candidate)
    return offering(named.said, *by_meaning.values())


def _not_that_weekday(error: NotThatWeekday, text: str, context: Context, locale: str) -> WhenError:
    """The error about a weekday and a date that disagree, with the readings of either alone."""
    say = wording(language_of(locale))
    said = Sentence(
        "{day} in “{text}” is a {weekday}.",
        "not_that_weekday",
        day=f"{error.date:%d.%m.%Y}",
        text=text,
        weekday=say["weekdays"][error.date.weekday()],
    )
    own = context.zone.key
    found = [
        _understood(Reading(trigger, zone=zone), own, locale, context.now) for trigger, zone in error.readings
    ]
    ahead = [item for item in found if item.schedule.next_after(context.now) is not None]
    return offering(said, *dict.fromkeys(spoken(item, own, locale) for item in ahead))


def _meaning(text: str, among: Iterable[str], context: Context, locale: str) -> Hashable | None:
    """When a text runs first, or None if no language understands it as one thing in the future."""
    for language in among:
        try:
            found = read(text, words_of(language), context)
            if found.others:
                return None
            item = _understood(found, context.zone.key, locale, context.now)
            runs = _first_runs(item, context.now)
        except (WhenError, TriggerError, OverflowError):
            continue
        return runs or None
    return None


def offering(said: Sentence, *offers: str) -> WhenError:
    """Return an error that shows what may have been meant."""
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
    return _offering(said, *offers)


def _iso(text: str, zone: ZoneInfo) -> Trigger:
    try:
        parsed = datetime.fromisoformat(text)
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
    for language in dict.fromkeys((language_of(locale), _ENGLISH)):
        try:
            found = read(text, words_of(language), context)
        except WhenError as error:
            if first is None or (_reached(error) > _reached(first)):
                first, best = error, language
            continue
        return [
            replace(found, trigger=trigger, zone=zone, others=(), other_zones=())
            for trigger, zone in found.each()
        ]
    assert first is not None
    if locale.partition("-")[0].lower() not in languages():
        at = outside.read(text, locale, context.local, context.day_time)
        instant = at if at.tzinfo is not None else first_instant_at_or_after(at, context.zone)
        return [Reading(Trigger("date", {"run_date": to_iso(instant)}), zone=context.zone.key)]
    raise _explained(text, first, words_of(best), context, locale) if explain else first


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
