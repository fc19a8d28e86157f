"""Variables in texts, and rotating texts. Pure.

A variable is ``{name}`` or ``{name:argument}``; ``{{`` is a brace. Braces around anything that doesn't look
like a variable (``{ }``, JSON) stay unchanged. `check` refuses what `render` couldn't fill in, so that a
saved text can always be rendered when its job runs.

Several texts in one, separated by lines of ``---``, rotate: in order, or shuffled so that each one is used
once per round.
"""

from __future__ import annotations

import difflib
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta

from schedulezero.errors import ParameterError, WhenError
from schedulezero.instants import from_iso
from schedulezero.methods.members import noted_count
from schedulezero.sentences import Sentence
from schedulezero.when.language.parse import understand
from schedulezero.when.language.span_text import span_of

_VARIABLE = re.compile(r"\{\{|\{(?P<name>[a-zA-Z_]{1,20})(?::(?P<argument>[^{}\n]{0,100}))?\}")
_BETWEEN = re.compile(r"^[ \t]*-{3,}[ \t]*$", re.MULTILINE)
_INVISIBLE = "\u200b"
"""Before a line of ``---`` that is part of a text."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The values of variables at one moment.

    Attributes:
        now: the moment, in the job's zone.
        number: the run's number within the job, from 1.
        server: the guild's name.
        members: the guild's number of members; None if unknown.
        roles: role name (casefolded) or id → role id.
        locale: the language for dates.
        scheduled_at: the instant for which the run was scheduled, however late it runs; ``now`` if None.
        starts: when what the text announces begins; None if it announces nothing, for which ``now`` counts.
    """

    now: datetime
    number: int = 1
    server: str = ""
    members: int | None = None
    roles: Mapping[str, str] = field(default_factory=dict[str, str])
    locale: str = "en-GB"
    scheduled_at: datetime | None = None
    starts: datetime | None = None

    @property
    def due(self) -> datetime:
        """The instant for which the run was scheduled, in the job's zone."""
        return (self.scheduled_at or self.now).astimezone(self.now.tzinfo)


class _Role(Protocol):
    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...


class Guild(Protocol):
    """The guild properties that variables use; discord.py's guilds have them."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def member_count(self) -> int | None: ...

    @property
    def roles(self) -> Sequence[_Role]: ...

    @property
    def preferred_locale(self) -> Any: ...


def facts_of(
    guild: Guild,
    *,
    timezone: str,
    number: int,
    now: datetime,
    scheduled_at: datetime | None = None,
    starts: datetime | None = None,
) -> Facts:
    """Return the values of a text's variables in a guild.

    Parameters:
        guild: where the text is posted.
        timezone: IANA time zone of the job's times.
        number: the run's number, from 1.
        now: the current instant.
        scheduled_at: the instant for which the run was scheduled; now if None.
        starts: when what the text announces begins; None if it announces nothing.
    """
    names = {role.name.casefold(): str(role.id) for role in guild.roles}
    return Facts(
        now=now.astimezone(ZoneInfo(timezone)),
        number=number,
        server=guild.name,
        members=guild.member_count if (counted := noted_count(guild.id)) is None else counted,
        roles={**names, **{str(role.id): str(role.id) for role in guild.roles}},
        locale=str(guild.preferred_locale.value),
        scheduled_at=scheduled_at,
        starts=starts,
    )


def render(text: str, facts: Facts) -> str:
    """Return the text with its variables filled in; raises ParameterError for an unknown or invalid one."""
    return _filled(text, facts, {})


def _filled(text: str, facts: Facts, said: dict[str, str]) -> str:
    """Fill in a text's variables, each looked up once: a date takes long to say, and texts repeat it."""

    def fill(match: re.Match[str]) -> str:
        name, argument = match["name"], match["argument"]
        if name is None:
            return "{"
        variable = VARIABLES.get(name.lower())
        if variable is None:
            near = difflib.get_close_matches(name.lower(), VARIABLES, 1, 0.5)
            hint = near_variable(near[0]) if near else ""
            known = ", ".join(f"{{{item}}}" for item in VARIABLES)
            raise ParameterError(
                "text",
                "There is no variable {match}.{hint} You can use {known}. For a plain brace, write {{.",
                code="variable_unknown",
                match=match[0],
                hint=hint,
                known=known,
            )
        if match[0] not in said:
            said[match[0]] = variable(argument, facts)
        return said[match[0]]

    return _VARIABLE.sub(fill, text)


def near_variable(name: str) -> Sentence:
    """Return the question whether a variable was meant, to follow a sentence."""
    return Sentence(" Did you mean {near}?", "near_variable", near=f"{{{name}}}")


def escape(text: str) -> str:
    """Escape someone's text so that it is posted unchanged: it contains no variables and no separators."""
    plain = _VARIABLE.sub(lambda match: "{{{{" if match["name"] is None else "{" + match[0], text)
    plain = re.sub(r"(?<!\{)\{\?", "{{?", plain)  # a blank of a template (`schedulezero.compose.blanks`)
    return keep_separators(plain)


def keep_separators(text: str) -> str:
    """Return a text whose lines of ``---`` are part of it: an invisible character stands before them."""
    return _BETWEEN.sub(lambda match: f"{_INVISIBLE}{match[0]}", text)


def is_separator(line: str) -> bool:
    """Return whether a line stands between two texts."""
    return _BETWEEN.fullmatch(line) is not None


def shown_separators(text: str) -> str:
    """Return a text as it was before `keep_separators`."""
    return re.sub(rf"^{_INVISIBLE}([ \t]*-{{3,}}[ \t]*)$", r"\1", text, flags=re.MULTILINE)


def rendered(text: str, facts: Facts) -> list[str]:
    """Return each rotating text with its variables filled in; raises ParameterError for an invalid one."""
    said: dict[str, str] = {}
    return [_filled(turn, facts, said) for turn in turns(text)]


def turns(text: str) -> list[str]:
    """Return the rotating texts; usually just one."""
    return [part for part in (item.strip("\n") for item in _BETWEEN.split(text)) if part.strip()] or [text]


def turn(text: str, number: int, *, shuffled: bool = False, seed: str = "") -> str:
    """Return the text for a run.

    Parameters:
        text: one text, or several separated by lines of ``---``.
        number: the run's number, from 1.
        shuffled: whether the order is random, with each text once per round.
        seed: makes the order specific to this job.
    """
    choices = turns(text)
    around, place = divmod(max(number, 1) - 1, len(choices))
    if shuffled:
        random.Random(f"{seed}/{around}").shuffle(choices)
    return choices[place]


def _locale(facts: Facts) -> Locale:
    try:
        return Locale.parse(facts.locale, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en", "GB")


def _plain(name: str, value: Callable[[Facts], str]) -> Callable[[str | None, Facts], str]:
    def variable(argument: str | None, facts: Facts) -> str:
        if argument is not None:
            raise ParameterError(
                "text",
                "{{name}} doesn't take anything after a colon.",
                code="variable_takes_nothing",
                name=name,
            )
        return value(facts)

    return variable


def _countdown(argument: str | None, facts: Facts) -> str:
    try:
        day = date.fromisoformat((argument or "").strip())
    except ValueError:
        wrong = f"{{countdown:{argument}}}" if argument is not None else "{countdown}"
        meant = _day_meant(argument or "", facts)
        if meant is not None:
            raise ParameterError(
                "text",
                "Write the date in “{wrong}” as year-month-day: {example}.",
                code="countdown_in_figures",
                wrong=wrong,
                example=f"{{countdown:{meant.isoformat()}}}",
            ) from None
        raise ParameterError(
            "text",
            "“{wrong}” needs a date, such as {example}.",
            code="countdown_needs_date",
            wrong=wrong,
            example=f"{{countdown:{facts.now.year + 1}-01-01}}",
        ) from None
    left, locale = day - facts.now.date(), _locale(facts)
    # After the day, "2 days" would read as if the day were still to come; it becomes "2 days ago".
    over = left.days < 0
    return format_timedelta(left, granularity="day", threshold=10_000, add_direction=over, locale=locale)


def _day_meant(text: str, facts: Facts) -> date | None:
    """Return the coming day that a text such as *christmas* or *25.12.2026* means; None if none is clear."""
    zone = str(facts.now.tzinfo)
    try:
        trigger = understand(text, zone=zone, locale=facts.locale, now=facts.now).trigger
    except WhenError:
        return None
    if trigger.type != "date":
        return None
    return from_iso(str(trigger.args["run_date"])).astimezone(facts.now.tzinfo).date()


def _role(argument: str | None, facts: Facts) -> str:
    wanted = (argument or "").strip().removeprefix("@")
    found = facts.roles.get(wanted.casefold())
    if found is None:
        raise ParameterError(
            "text",
            "{role:…} needs a role's name or ID, and there is no role called “{wanted}”.",
            code="variable_role_missing",
            wanted=wanted[:50],
        )
    return f"<@&{found}>"


_STYLES = "tTdDfFR"
"""How Discord shows an instant: https://discord.com/developers/docs/reference#message-formatting"""
_LONGEST_SPAN = timedelta(days=3660)
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d\d))?\s*(am|pm)?", re.IGNORECASE | re.ASCII)


def _styled(argument: str | None) -> tuple[str, str]:
    """Return what stands before the ``|`` of an argument, and the style after it."""
    value, bar, style = (argument or "").partition("|")
    style = style.strip() if bar else "F"
    if len(style) != 1 or style not in _STYLES:
        raise ParameterError(
            "text",
            "“{style}” isn't a time style. Discord's styles are {styles}. Example: {in:2h|R}.",
            code="variable_time_style",
            style=style[:20],
            styles=", ".join(_STYLES),
        )
    return value.strip(), style


def _in(argument: str | None, facts: Facts) -> str:
    """Return when a length of time after the run's scheduled instant is, as each reader's client shows it."""
    text, style = _styled(argument)
    length = span_of(text)
    if length is None or length > _LONGEST_SPAN:
        raise ParameterError(
            "text",
            "“{text}” isn't a duration of up to 10 years. Example: {in:2h} or {in:30 minutes|R}.",
            code="variable_in_needs_length",
            text=text[:40],
        )
    return f"<t:{int((facts.due.astimezone(UTC) + length).timestamp())}:{style}>"


def _at(argument: str | None, facts: Facts) -> str:
    """Return an hour of the run's day in the job's zone, as each reader's client shows it."""
    text, style = _styled(argument)
    at = _clock(text)
    if at is None:
        raise ParameterError(
            "text",
            "“{text}” isn't a time of day. Example: {at:18:00} or {at:6 pm|t}.",
            code="variable_at_needs_time",
            text=text[:40],
        )
    local = datetime.combine(facts.due.date(), at, facts.due.tzinfo)
    # An hour that the clocks skip becomes the one that takes its place; `skipped` tells of it.
    return f"<t:{int(local.timestamp())}:{style}>"


def _clock(text: str) -> time | None:
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
    if minute > 59 or hour > 23 or (half and not 1 <= hour <= 12):
        return None
    return time(hour % 12 + (12 if half == "pm" else 0) if half else hour, minute)


def skipped(text: str, days: Iterable[datetime]) -> tuple[str, datetime] | None:
    """Return the first ``{at:…}`` that the clocks skip on a run's day, with what takes its place; else None.

    Parameters:
        text: the text with variables.
        days: the instants of runs, in the job's zone.
    """
    # Each hour once: a long list of texts names the same ones over and over.
    named: dict[str, str] = {}
    for match in _VARIABLE.finditer(text):
        if (match["name"] or "").lower() == "at":
            named.setdefault(match["argument"] or "", match[0])
    by_day = list(days)
    for argument, variable in named.items():
        at = _clock(argument.partition("|")[0].strip())
        if at is None:
            continue
        for day in by_day:
            local = datetime.combine(day.date(), at, day.tzinfo)
            shown = local.astimezone(UTC).astimezone(day.tzinfo)
            if shown.replace(tzinfo=None) != local.replace(tzinfo=None):
                return variable, shown
    return None


# Read as: the variable's name, and its value.
VARIABLES: dict[str, Callable[[str | None, Facts], str]] = {
    "date": _plain("date", lambda facts: format_date(facts.now.date(), "long", locale=_locale(facts))),
    "time": _plain("time", lambda facts: format_time(facts.now.time(), "short", locale=_locale(facts))),
    "in": _in,
    "at": _at,
    "countdown": _countdown,
    "run": _plain("run", lambda facts: str(facts.number)),
    "members": _plain("members", lambda facts: "?" if facts.members is None else str(facts.members)),
    "server": _plain("server", lambda facts: facts.server),
    # Discord shows it as *in 15 minutes* (https://discord.com/developers/docs/reference#message-formatting).
    "starts": _plain("starts", lambda facts: f"<t:{int((facts.starts or facts.now).timestamp())}:R>"),
    "role": _role,
}
