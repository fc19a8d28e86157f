"""A guild's limits and hours: the fields of the form, reading them, and describing them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any

from discord import ui

from cogs import formats
from cogs.desk.kit.modals import text_field
from cogs.desk.kit.wording import plain
from cogs.desk.settings.word_hours import read_place
from cogs.language import shown_locale, t, tn
from cogs.services import Refused
from schedulezero.model import GuildRules

LIMIT_FIELDS = ("quiet", "days", "holidays", "jobs", "runs")
_MOST_DAYS = 366
_RANGE = re.compile(r"(\d{4}-\d\d-\d\d)\s*(?:\.\.|[–—]|\s-\s|\s-|-\s)\s*(\d{4}-\d\d-\d\d)", re.ASCII)
_QUIET = re.compile(r"\s*(\d{1,2}(?::\d{2})?)\s*[-–—]\s*(\d{1,2}(?::\d{2})?)\s*")


def limit_fields(known: Mapping[str, Any]) -> list[ui.Label[Any]]:
    """Return the fields of the form, filled with the last input."""
    return [
        text_field(
            "quiet", t("Quiet hours"), value=known.get("quiet"), placeholder="22:00-07:00", most=20,
            description=t("Jobs do not run during these hours"),
        ),
        text_field(
            "days", t("Days off"), value=known.get("days"), most=1000, long=True,
            placeholder="2026-12-24, 2027-02-01 – 2027-02-14",
            description=t("Jobs do not run on these days, such as a vacation"),
        ),
        text_field(
            "holidays", t("Off on public holidays of"), value=known.get("holidays"), placeholder="DE-BY",
            most=60, description=t("A country or region; jobs do not run on its public holidays"),
        ),
        text_field("jobs", t("Most jobs"), value=known.get("jobs"), most=7),
        text_field("runs", t("Most runs an hour"), value=known.get("runs"), most=7),
    ]  # fmt: skip


def read_limits(typed: Mapping[str, str], guild_id: str, zone: str) -> GuildRules:
    """Read rules from the form's texts. It may load the countries' holidays, so call it in a thread.

    Parameters:
        typed: a text for each of `LIMIT_FIELDS`; an empty one sets no rule.
        guild_id: the guild that the rules are for.
        zone: IANA name of the zone of the hours and days.

    Raises:
        Refused: if a text cannot be read, with the reason.
    """
    quiet_from, quiet_to = _quiet(typed["quiet"])
    return GuildRules(
        guild_id=guild_id,
        timezone=zone,
        quiet_from=quiet_from,
        quiet_to=quiet_to,
        dark_days=_days(typed["days"]),
        holidays=read_place(typed["holidays"]) if typed["holidays"] else None,
        most_jobs=_count(typed["jobs"]),
        most_runs_an_hour=_count(typed["runs"]),
    )


def limits_line(rules: GuildRules | None) -> str:
    """Describe a guild's rules on one line; None if the server does not support them or does not answer."""
    label = f"**{t('Limits and hours:')}**"
    if rules is None:
        return f"{label} " + t("the job server doesn't know any, or doesn't answer.")
    parts: list[str] = []
    if rules.quiet_from is not None and rules.quiet_to is not None:
        parts.append(
            t(
                "quiet from {begin} to {end}",
                begin=formats.clock(rules.quiet_from, shown_locale()),
                end=formats.clock(rules.quiet_to, shown_locale()),
            )
        )
    if rules.dark_days:
        days = ", ".join(formats.day(day, shown_locale()) for day in rules.dark_days[:8])
        parts.append(t("nothing runs on {days}", days=days + (" …" if len(rules.dark_days) > 8 else "")))
    if rules.holidays is not None:
        parts.append(t("nothing runs on the public holidays of {place}", place=rules.holidays))
    if rules.most_jobs is not None:
        parts.append(tn("at most {count} job", "at most {count} jobs", rules.most_jobs))
    if rules.most_runs_an_hour is not None:
        parts.append(
            tn("at most {count} run an hour", "at most {count} runs an hour", rules.most_runs_an_hour)
        )
    return f"{label} {' · '.join(parts) or t('none')}"


def _quiet(text: str) -> tuple[time | None, time | None]:
    if not text:
        return None, None
    match = _QUIET.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        begin, end = (
            time.fromisoformat(part.zfill(5) if ":" in part else f"{part.zfill(2)}:00")
            for part in match.groups()
        )
    except ValueError:
        raise Refused(
            t("“{text}” isn't a valid time range. Example: 22:00-07:00.", text=plain(text))
        ) from None
    return begin, end


def _days(text: str) -> tuple[date, ...]:
    found: set[date] = set()
    for first, last in _RANGE.findall(text):
        begins, ends = _day(first), _day(last)
        if not 0 <= (ends - begins).days < _MOST_DAYS:
            raise Refused(
                t(
                    "“{text}” isn't a range of at most {count} days.",
                    text=f"{first} – {last}",
                    count=_MOST_DAYS,
                )
            )
        found |= {begins + timedelta(days=number) for number in range((ends - begins).days + 1)}
    for part in re.split(r"[\s,;]+", _RANGE.sub(" ", text)):
        if not part:
            continue
        found.add(_day(part))
    if len(found) > _MOST_DAYS:
        raise Refused(
            t("These are {count} days off; {most} are possible.", count=len(found), most=_MOST_DAYS)
        )
    return tuple(sorted(found))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(t("“{text}” isn't a valid day. Example: 2026-12-24.", text=plain(text)[:40])) from None


def _count(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 1_000_000:
        raise Refused(
            t(
                "“{text}” isn't a valid limit. Enter a number such as 50, or leave it empty for no limit.",
                text=plain(text),
            )
        )
    return int(text)
