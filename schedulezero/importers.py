"""Moving in from elsewhere: Reminder Bot's CSV, discord-reminder-bot's (APScheduler's) JSON, a crontab.

Each reads every entry by itself, so that one that cannot be taken over is told with its line and costs none
of the others. What comes in is somebody's file: nothing in it is run, and pickles in it are read by an
unpickler that knows datetimes, zones and cron fields, and nothing else
(https://docs.python.org/3/library/pickle.html#restricting-globals).
"""

from __future__ import annotations

import base64
import csv
import io
import json
import pickle
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast
from zoneinfo import ZoneInfo, available_timezones

from schedulezero.exchange import MOST_ENTRIES, Entry, Fault
from schedulezero.instants import to_iso
from schedulezero.model import JsonObject, Trigger
from schedulezero.when.cron_fields import WEEKDAYS

_POST, _EMBED, _AS = "send_announcement", "send_embed_announcement", "send_as"
_LONGEST_PICKLE = 4000


class _Unusable(Exception):
    """An entry is well formed and cannot be taken over; the text says why."""


def reader_of(text: str) -> Callable[[str, str, str, datetime, int], list[Entry | Fault]] | None:
    """What reads a file, by how it looks; None when it is none of these.

    It takes the text, the channel for entries that name none, the zone of times that name none,
    now, and how many entries are read at most.
    """
    begin = text.lstrip()[:2000]
    if begin.startswith("{") and '"jobs"' in text and "__apscheduler_" in text:
        return read_apscheduler
    first = begin.splitlines()[0] if begin else ""
    if "utc_time" in first and "content" in first:
        return read_reminder_csv
    lines = [line for line in begin.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if lines and _CRON_LINE.match(lines[0]):
        return read_crontab
    return None


# ---------------------------------------------------------------- Reminder Bot


def read_reminder_csv(
    text: str, channel_id: str, zone: str, now: datetime, most: int = MOST_ENTRIES
) -> list[Entry | Fault]:
    """The reminders of Reminder Bot's export; one that names no channel goes to ``channel_id``."""
    found: list[Entry | Fault] = []
    reader = csv.DictReader(io.StringIO(text))
    try:
        for row in reader:
            if len(found) == most:
                found.append(Fault(reader.line_num, f"Only the first {most} entries were read."))
                break
            found.append(
                _guarded(reader.line_num, lambda row=row: _reminder(row, reader.line_num, channel_id, now))
            )
    except csv.Error as error:
        found.append(Fault(reader.line_num, f"This line cannot be read: {error}."))
    return found


def _reminder(row: Mapping[str, Any], line: int, channel_id: str, now: datetime) -> Entry:
    def cell(name: str) -> str:
        return str(row.get(name) or "").strip()

    if cell("enabled").casefold() in ("false", "0"):
        raise _Unusable("This reminder is switched off.")
    at = datetime.fromisoformat(cell("utc_time")).replace(tzinfo=UTC)
    trigger = _repeated(at, cell, now)
    channel = next(iter(re.findall(r"\d{15,20}", cell("channel"))), channel_id)
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
        raise _Unusable("This reminder has no text and no embed; files are not taken over.")
    elif cell("username"):
        method = _AS
        params |= {"name": cell("username"), "message": cell("content")}
        if cell("avatar"):
            params["avatar_url"] = cell("avatar")
    else:
        method = _POST
        params["message"] = cell("content")
    name = cell("name")
    return Entry(
        line, name if name and name != "Reminder" else None, method, params, "", "UTC", trigger=trigger
    )


def _repeated(at: datetime, cell: Callable[[str], str], now: datetime) -> Trigger:
    seconds, days, months = (int(cell(f"interval_{unit}") or 0) for unit in ("seconds", "days", "months"))
    bounds: JsonObject = {"timezone": "UTC"}
    if cell("expires"):
        bounds["until"] = to_iso(datetime.fromisoformat(cell("expires")).replace(tzinfo=UTC))
    if months and (seconds or days):
        raise _Unusable("Months together with days or seconds cannot be taken over; make it anew.")
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
    return _once(at, now)


def _once(at: datetime, now: datetime) -> Trigger:
    if at <= now:
        raise _Unusable("Its time is over.")
    return Trigger("date", {"run_date": to_iso(at)})


# ---------------------------------------------------------------- crontab

_CRON_LINE = re.compile(r"\s*(?P<when>@\w+|(?:[\d*/,\-A-Za-z?#LW]+\s+){5})\s*(?P<what>\S.*)")
_ALIASES = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip


def read_crontab(
    text: str, channel_id: str, zone: str, now: datetime, most: int = MOST_ENTRIES
) -> list[Entry | Fault]:
    """The lines of a crontab, each as a post of what stands behind its five fields."""
    found: list[Entry | Fault] = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if re.match(r"CRON_TZ\s*=|TZ\s*=", stripped):
            zone = stripped.partition("=")[2].strip().strip("\"'")
            continue
        if re.match(r"[A-Za-z_]+\s*=", stripped):
            continue
        if len(found) == most:
            found.append(Fault(number, f"Only the first {most} entries were read."))
            break
        found.append(
            _guarded(
                number, lambda line=line, number=number, zone=zone: _cron(line, number, channel_id, zone)
            )
        )
    return found


def _cron(line: str, number: int, channel_id: str, zone: str) -> Entry:
    match = _CRON_LINE.fullmatch(line)
    if match is None:
        raise _Unusable("A line needs five fields and then what to post.")
    when = match["when"].strip()
    if when.startswith("@"):
        if when not in _ALIASES:
            raise _Unusable(f"{when} has no instant; give it five fields.")
        when = _ALIASES[when]
    if zone not in available_timezones():
        raise _Unusable(f"{zone[:60]} is no time zone.")
    params = {"channel_id": channel_id, "message": match["what"]}
    return Entry(number, None, _POST, params, " ".join(when.split()), zone)


# ---------------------------------------------------------------- APScheduler


def read_apscheduler(
    text: str, channel_id: str, zone: str, now: datetime, most: int = MOST_ENTRIES
) -> list[Entry | Fault]:
    """The jobs of an export of APScheduler 3, as discord-reminder-bot makes for its backup."""
    try:
        data: Any = json.loads(text)
        jobs = cast("list[Any]", data["jobs"])
        entries = list(jobs)[:most]
    except (ValueError, KeyError, TypeError, RecursionError):
        return [Fault(1, "This is no export of jobs: it needs `jobs` with a list.")]
    lines = _lines_of(text, len(entries))
    found: list[Entry | Fault] = [
        _guarded(line, lambda job=job, line=line: _scheduled(job, line, channel_id, now))
        for job, line in zip(entries, lines, strict=True)
    ]
    if len(jobs) > most:
        found.append(Fault(lines[-1], f"Only the first {most} entries were read."))
    return found


def _lines_of(text: str, count: int) -> list[int]:
    """Where the jobs begin, by their triggers; a file on one line has all of them there."""
    starts = [match.start() for match in re.finditer(r'"trigger"\s*:', text)][:count]
    starts += [0] * (count - len(starts))
    return [text.count("\n", 0, start) + 1 for start in starts]


def _scheduled(job: Any, line: int, channel_id: str, now: datetime) -> Entry:
    kwargs = job["kwargs"]
    message = kwargs.get("message")
    if not isinstance(message, str) or not message:
        raise _Unusable("This job posts no message.")
    if job.get("next_run_time") is None:
        raise _Unusable("This job is paused.")
    given = kwargs.get("channel_id")
    if given is None and kwargs.get("user_id"):
        method, params = "send_dm", {"user_id": str(kwargs["user_id"]), "message": message}
    else:
        method, params = _POST, {"channel_id": str(given or channel_id), "message": message}
    trigger, where = _trigger(job["trigger"], now)
    return Entry(line, None, method, params, "", where, trigger=trigger)


def _trigger(data: Any, now: datetime) -> tuple[Trigger, str]:
    kind = str(data["__apscheduler_class__"]).rpartition(":")[2]
    state = {name: _value(value) for name, value in data["__apscheduler_state__"].items()}
    zone = _zone_key(state.get("timezone"))
    if kind == "DateTrigger":
        return _once(state["run_date"].astimezone(UTC), now), _zone_key(state["run_date"].tzinfo)
    bounds: JsonObject = {"timezone": zone}
    if state.get("end_date") is not None:
        bounds["until"] = to_iso(state["end_date"].astimezone(UTC))
    if kind == "IntervalTrigger":
        interval = {"seconds": state["interval"].total_seconds()}
        starting = to_iso(state["start_date"].astimezone(UTC))
        return Trigger("calendar", {"interval": interval, "starting": starting, **bounds}), zone
    if kind == "CronTrigger":
        fields = {
            item.state["name"]: _expressions(item) for item in state["fields"] if not item.state["is_default"]
        }
        if "until" in bounds:
            return Trigger("calendar", {"cron": fields, **bounds}), zone
        return Trigger("cron", {**fields, "timezone": zone}), zone
    raise _Unusable(f"A trigger of the kind {kind[:40]} cannot be taken over.")


class _Thing:
    """Stands for an object of APScheduler's: its class's name and what it holds, and no behaviour."""

    kind = ""

    def __init__(self, *_: object) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = cast("dict[str, Any]", state) if isinstance(state, dict) else {}


class _Zone:
    """Stands for `zoneinfo.ZoneInfo` while unpickling."""


def _zone(key: object = "UTC", *_: object) -> ZoneInfo:
    if not isinstance(key, str) or key not in available_timezones():
        raise pickle.UnpicklingError("an unknown time zone")
    return ZoneInfo(key)


def _attribute(thing: object, name: object) -> Any:
    if thing is _Zone and name == "_unpickle":
        return _zone
    raise pickle.UnpicklingError("an attribute that is not expected")


_KNOWN: dict[tuple[str, str], Any] = {
    ("datetime", "datetime"): datetime,
    ("datetime", "timedelta"): timedelta,
    ("datetime", "timezone"): timezone,
    ("builtins", "getattr"): _attribute,
    ("zoneinfo", "ZoneInfo"): _Zone,
    ("pytz", "_UTC"): _zone,
    ("pytz", "_p"): _zone,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> Any:
        if module.startswith("apscheduler.triggers.cron.") and re.fullmatch(r"[A-Za-z]{1,60}", name):
            return type(name, (_Thing,), {"kind": name})
        known = _KNOWN.get((module, name))
        if known is None:
            raise pickle.UnpicklingError(f"{module}.{name} is not expected here")
        return known


def _value(data: Any) -> Any:
    if isinstance(data, list):
        return [_value(item) for item in cast("list[Any]", data)]
    if isinstance(data, dict) and "__apscheduler_pickle__" in data:
        packed = str(cast("dict[str, Any]", data)["__apscheduler_pickle__"])
        if len(packed) > _LONGEST_PICKLE:
            raise _Unusable("A value in this job is unreasonably large.")
        return _Unpickler(io.BytesIO(base64.b64decode(packed))).load()
    return cast(Any, data)


def _zone_key(zone: Any) -> str:
    return zone.key if isinstance(zone, ZoneInfo) else "UTC"


def _expressions(field: _Thing) -> str:
    return ",".join(_expression(item) for item in field.state["expressions"])


def _expression(item: _Thing) -> str:
    state, kind = item.state, item.kind
    if kind == "LastDayOfMonthExpression":
        return "last"
    if kind == "AllExpression":
        text = "*"
    elif kind in ("RangeExpression", "WeekdayRangeExpression", "MonthRangeExpression"):
        named = kind == "WeekdayRangeExpression"
        first, last = _name(state["first"], named=named), _name(state["last"], named=named)
        text = f"{first}" if last in (None, first) else f"{first}-{last}"
    else:
        raise _Unusable("This cron expression cannot be taken over.")
    return f"{text}/{state['step']}" if state.get("step") else text


def _name(value: Any, *, named: bool) -> str | None:
    if value is None:
        return None
    return WEEKDAYS[int(value)] if named else str(int(value))


def _guarded(line: int, read: Callable[[], Entry]) -> Entry | Fault:
    try:
        return read()
    except _Unusable as error:
        return Fault(line, str(error))
    except Exception as error:  # noqa: BLE001 - somebody's file may hold anything; each entry stands for itself
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        return Fault(line, f"This entry cannot be read: {reason}.")
