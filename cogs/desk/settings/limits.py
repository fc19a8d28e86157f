"""A guild's limits and hours: the fields of the form, reading them, and describing them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any

from discord import ui

from cogs import formats
from cogs.desk.kit.modals import text_field
from cogs.desk.kit.wording import plain
from cogs.language import shown_locale, t, tn
from cogs.services import Refused
from schedulezero.model import GuildRules

LIMIT_FIELDS = ("quiet", "days", "jobs", "runs")
_QUIET = re.compile(r"\s*(\d{1,2}(?::\d{2})?)\s*[-–—]\s*(\d{1,2}(?::\d{2})?)\s*")


def limit_fields(known: Mapping[str, Any]) -> list[ui.Label[Any]]:
    """Return the fields of the form, filled with the last input."""
    return [
        text_field(
            "quiet", t("Quiet hours"), value=known.get("quiet"), placeholder="22:00-07:00", most=20,
            description=t("Jobs do not run during these hours"),
        ),
        text_field(
            "days", t("Days off"), value=known.get("days"), placeholder="2026-12-24, 2026-12-25", most=1000,
            description=t("Jobs do not run on these days"), long=True,
        ),
        text_field("jobs", t("Most jobs"), value=known.get("jobs"), most=7),
        text_field("runs", t("Most runs an hour"), value=known.get("runs"), most=7),
    ]  # fmt: skip


def read_limits(typed: Mapping[str, str], guild_id: str, zone: str) -> GuildRules:
    """Read rules from the form's texts.

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
    for part in re.split(r"[\s,;]+", text):
        if not part:
            continue
        try:
            found.add(date.fromisoformat(part))
        except ValueError:
            raise Refused(
                t("“{text}” isn't a valid day. Example: 2026-12-24.", text=plain(part)[:40])
            ) from None
    return tuple(sorted(found))


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
