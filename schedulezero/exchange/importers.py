"""Imports from other schedulers: Reminder Bot's CSV and crontabs.

Each entry is read separately, so that one that can't be imported is reported with its line and doesn't affect
the others. Lines are split at white space instead of matched by regular expressions, which could backtrack.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from schedulezero.exchange.csv_faults import fault_in_line
from schedulezero.exchange.entries import NotTakenOver, guarded, only_the_first
from schedulezero.exchange.table_file import columns_of, read_table, without_separator_line
from schedulezero.exchange.yaml_file import MOST_ENTRIES, Entry, Fault
from schedulezero.instants import to_iso
from schedulezero.model import JsonObject, Trigger
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.crontab import NICKNAMES
from schedulezero.when.calendar.triggers import known_zones

POST = "send_announcement"
_EMBED, _AS = "send_embed_announcement", "send_as"
_LONGEST_FIELD = 100
_LINES_LOOKED_AT = 20
_OURS = re.compile(r"---|[-{\[\"'%]|[A-Za-z_ ]{1,60}:(\s|$)")  # how YAML and JSON begin
_NAME = re.compile(r"[A-Za-z_][^\s=*/,]{0,99}", re.ASCII)
_UNESCAPED = re.compile(r"(?<!\\)%")
_HASHED = re.compile(r"(?:^|,)H(?:[/(,]|$)")
_SYSTEM_HEAD = re.compile(r"#.*\bdow\b.*\buser(?:-?name)?\b", re.IGNORECASE)
_USERS = frozenset(
    ("root", "daemon", "nobody", "www-data", "postgres", "mysql", "git", "list", "mail", "smmsp")
)
"""Accounts that own lines of system crontabs; a text rarely begins with one of them, and never all texts."""
_FIELD = re.compile(r"[0-9*/,\-A-Za-z?#()]+")


Reader = Callable[[str, str, str, datetime, int], list[Entry | Fault]]
"""Takes the text, the channel for entries without one, the zone for times without one, the present instant,
and the most entries to read."""


def reader_of(text: str) -> Reader | None:
    """Return the reader for a file, judging by its content, or None if it is none of these."""
    begin = text.lstrip()[:2000]
    first = begin.partition("\n")[0]
    if "utc_time" in first and "content" in first:
        return read_reminder_csv
    if columns_of(without_separator_line(begin).partition("\n")[0]) is not None:
        return read_table
    lines = (line.strip() for line in text.split("\n"))
    rest = list(
        islice((line for line in lines if line and line[0] != "#" and not _setting(line)), _LINES_LOOKED_AT)
    )
    if not rest:
        return None
    # A bad first line must not cost the jobs below it, but our own files must never pass for a crontab.
    clear = _OURS.match(rest[0]) is None and any(map(_is_clearly_cron, rest))
    return read_crontab if clear or _looks_like_cron(rest[0]) else None


# ---------------------------------------------------------------- Reminder Bot


def read_reminder_csv(
    text: str, channel_id: str, zone: str, now: datetime, most: int = MOST_ENTRIES
) -> list[Entry | Fault]:
    """Read the reminders in Reminder Bot's export; those without a channel go to ``channel_id``."""
    found: list[Entry | Fault] = []
    reader = csv.DictReader(io.StringIO(text))
    try:
        for row in reader:
            if len(found) == most:
                found.append(only_the_first(most, reader.line_num))
                break
            found.append(
                guarded(reader.line_num, lambda row=row: _reminder(row, reader.line_num, channel_id, now))
            )
    except csv.Error as error:
        found.append(Fault(reader.line_num, fault_in_line(error)))
    return found


def _reminder(row: Mapping[str, Any], line: int, channel_id: str, now: datetime) -> Entry:
    def cell(name: str) -> str:
        return str(row.get(name) or "").strip()

    if cell("enabled").casefold() in ("false", "0"):
        raise NotTakenOver("This reminder is switched off.", code="reminder_switched_off")
    at = _utc(cell("utc_time"))
    trigger = _repeated(at, cell, now)
    channel = cell("channel").strip("<>#@ ")
    channel = channel if channel.isdecimal() and 15 <= len(channel) <= 20 else channel_id
    params: dict[str, Any] = {"channel_id": channel}
    if cell("embed_title") or cell("embed_description"):
        method = _EMBED
        params |= {
            "title": cell("embed_title") or cell("name") or "…",
            "description": cell("embed_description"),
        }
        params["description"] = params["description"] or cell("content") or "…"
        for name, column in (
            ("footer", "embed_footer"),
            ("image_url", "embed_image_url"),
            ("thumbnail_url", "embed_thumbnail_url"),
        ):
            if cell(column):
                params[name] = cell(column)
        if cell("embed_color").isdigit():
            params["color"] = f"#{int(cell('embed_color')) % 0x1000000:06X}"
    elif not cell("content"):
        raise NotTakenOver(
            "This reminder has no text or embed. Files aren't imported.", code="reminder_empty"
        )
    elif cell("username"):
        method = _AS
        params |= {"name": cell("username"), "message": cell("content")}
        if cell("avatar"):
            params["avatar_url"] = cell("avatar")
    else:
        method = POST
        params["message"] = cell("content")
    name = cell("name")
    return Entry(
        line, name if name and name != "Reminder" else None, method, params, "", "UTC", trigger=trigger
    )


def _repeated(at: datetime, cell: Callable[[str], str], now: datetime) -> Trigger:
    seconds, days, months = (
        _whole(cell(f"interval_{unit}") or "0") for unit in ("seconds", "days", "months")
    )
    bounds: JsonObject = {"timezone": "UTC"}
    if cell("expires"):
        bounds["until"] = to_iso(_utc(cell("expires")))
    if months and (seconds or days):
        raise NotTakenOver(
            "A period that combines months with days or seconds can't be imported. Create this reminder "
            "by hand.",
            code="months_with_days",
        )
    if months:
        rule: JsonObject = {
            "unit": "month",
            "every": months,
            "days": [at.day],
            "times": [f"{at:%H:%M}"],
            "anchor": f"{at:%Y-%m-%d}",
        }
        return Trigger("calendar", {"rule": rule, "starting": to_iso(at), **bounds})
    if seconds or days:
        interval = {"seconds": seconds + days * 86400}
        return Trigger("calendar", {"interval": interval, "starting": to_iso(at), **bounds})
    return once(at, now)


def _utc(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise NotTakenOver(
            "“{text}” isn't a valid time.", code="reminder_bad_time", text=text[:40]
        ) from error


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise NotTakenOver(
            "“{text}” isn't a whole number.", code="reminder_bad_number", text=text[:40]
        ) from error


def once(at: datetime, now: datetime) -> Trigger:
    """Return a trigger for a single instant, which must be in the future."""
    if at <= now:
        raise NotTakenOver("Its time has passed.", code="time_over")
    return Trigger("date", {"run_date": to_iso(at)})


# ---------------------------------------------------------------- crontab


def _setting(line: str) -> tuple[str, str] | None:
    """Split a line such as ``CRON_TZ=Europe/Berlin`` into name and value, or return None.

    Names are as cron(8) takes them: any without a space, even in quotes, that doesn't begin like a field.
    """
    name, equals, value = line.partition("=")
    name = name.strip().strip("\"'").strip()
    if not equals or not name or not _NAME.fullmatch(name):
        return None
    return name, value.strip().strip("\"'")


def _looks_like_cron(line: str) -> bool:
    parts = line.split(None, 5)
    if line.startswith("@"):
        return len(parts) > 1
    return len(parts) == 6 and all(_is_field(part) for part in parts[:5])


def _is_clearly_cron(line: str) -> bool:
    """Stricter, for a line below others, which may be a sentence of more than five words."""
    parts = line.split(None, 2)
    return _looks_like_cron(line) and (line[0] == "@" or all(part[0] in "*0123456789" for part in parts[:2]))


def _is_field(text: str) -> bool:
    return len(text) <= _LONGEST_FIELD and _FIELD.fullmatch(text) is not None


def read_crontab(
    text: str, channel_id: str, zone: str, now: datetime, most: int = MOST_ENTRIES
) -> list[Entry | Fault]:
    """Read the lines of a crontab, each as a job that posts the text after the five fields.

    ``CRON_TZ`` sets the zone of the lines below it, as in cronie's crontab(5). ``TZ`` does the same as long
    as there is no ``CRON_TZ``, as in robfig/cron and Kubernetes, and each job says so: in cronie's and
    Debian's cron it only belongs to the commands' environment, as all other settings do. A job below a zone
    that isn't known is refused, because its times are unknown. A system crontab names a user before each
    command, which is left out.
    """
    found: list[Entry | Fault] = []
    wrong: NotTakenOver | None = None
    taken: Sentence | None = None
    cron_tz = False
    system = _is_system_crontab(text)
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        setting = _setting(stripped)
        if setting is not None:
            if setting[0] == "CRON_TZ" or (setting[0] == "TZ" and not cron_tz):
                zone = setting[1].removeprefix(":")
                wrong = None if zone in known_zones() else _wrong_zone(number, zone, setting[0])
                cron_tz = setting[0] == "CRON_TZ"
                said = Sentence("Its times are in {zone}, as set by TZ.", "cron_tz_taken", zone=zone[:60])
                taken = None if cron_tz else said
            continue
        if "CRON_TZ" in stripped.split(None, 2)[:2] or stripped.startswith("export CRON_TZ"):
            wrong = NotTakenOver(
                "Line {number} is not a setting; it should look like CRON_TZ=Europe/Berlin.",
                code="cron_not_a_setting",
                number=number,
            )
        if len(found) == most:
            found.append(only_the_first(most, number))
            break
        found.append(
            guarded(
                number,
                lambda line=stripped, number=number, zone=zone, wrong=wrong, taken=taken: _cron(
                    line, number, channel_id, zone, wrong, taken, system=system
                ),
            )
        )
    return found


def _wrong_zone(number: int, zone: str, name: str) -> NotTakenOver:
    if not zone:
        return NotTakenOver(
            "{name} on line {number} is empty; name a time zone such as Europe/Berlin.",
            code="cron_zone_empty",
            name=name,
            number=number,
        )
    return NotTakenOver(
        "{name} on line {number} is “{zone}”, which is not a time zone. Example: Europe/Berlin.",
        code="cron_zone_unknown",
        name=name,
        number=number,
        zone=zone[:60],
    )


def _is_system_crontab(text: str) -> bool:
    """Whether the lines name a user before the command, as in ``/etc/crontab`` (Debian's crontab(5))."""
    sixths: set[str] = set()
    for line in text.split("\n"):
        line = line.strip()
        if line.startswith("#") and _SYSTEM_HEAD.match(line[:200]):
            return True
        if line and not line.startswith("#") and _setting(line) is None and _looks_like_cron(line):
            fields = 1 if line.startswith("@") else 5
            words = line.split(None, fields + 1)
            sixths.add(words[fields] if len(words) > fields + 1 else "")
    return bool(sixths) and sixths <= _USERS


def _posted(text: str, *, system: bool) -> tuple[str, tuple[Sentence, ...]]:
    """What a command posts, and what was changed in it: its user is left out, and a ``%`` ends a line.

    crontab(5): "Percent-signs (%) in the command, unless escaped with backslash (\\), will be changed into
    newline characters".
    """
    notes: list[Sentence] = []
    if system:
        user, _, text = text.partition(" ") if " " in text else text.partition("\t")
        notes.append(
            Sentence(
                "The user “{user}” before the command is left out.", "cron_user_left_out", user=user[:60]
            )
        )
        text = text.strip()
    if _UNESCAPED.search(text):
        text = _UNESCAPED.sub("\n", text)
        notes.append(
            Sentence("As in any crontab, a “%” without a “\\” before it became a line break.", "cron_percent")
        )
    return text.replace("\\%", "%").strip(), tuple(notes)


def _cron(
    line: str,
    number: int,
    channel_id: str,
    zone: str,
    wrong: NotTakenOver | None,
    taken: Sentence | None,
    *,
    system: bool,
) -> Entry:
    fields = 1 if line.startswith("@") else 5
    parts = line.split(None, fields)
    long = next((part for part in parts[:fields] if len(part) > _LONGEST_FIELD), None)
    if long is not None:
        raise NotTakenOver(
            "A field has {length} characters; the limit is {longest_field}.",
            code="cron_field_too_long",
            length=len(long),
            longest_field=_LONGEST_FIELD,
        )
    if len(parts) <= fields or (fields == 5 and not all(_is_field(part) for part in parts[:5])):
        raise NotTakenOver(
            "A line needs five fields, followed by the text to post.", code="cron_fields_missing"
        )
    when = " ".join(parts[:fields])
    if fields > 1 and any(_HASHED.search(part) for part in parts[:fields]):
        raise NotTakenOver(
            "In Jenkins, H stands for a time that Jenkins chooses. Write a number instead.",
            code="cron_hashed",
        )
    if fields == 1:
        if when not in NICKNAMES:
            raise NotTakenOver(
                "{when} isn't a fixed time. Write five fields instead.", code="cron_no_instant", when=when
            )
        when = NICKNAMES[when]
    if wrong is not None:
        raise wrong
    message, notes = _posted(parts[fields], system=system)
    if not message:
        raise NotTakenOver(
            "A line needs five fields, followed by the text to post.", code="cron_fields_missing"
        )
    notes = (*((taken,) if taken is not None else ()), *notes)
    return Entry(number, None, POST, {"channel_id": channel_id, "message": message}, when, zone, notes=notes)
