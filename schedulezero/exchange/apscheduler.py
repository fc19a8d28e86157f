"""Reads APScheduler 3 jobs: JSON exports (discord-reminder-bot's backup is one) and SQLite job stores.

Both contain pickles, so only the bot's owner can import them (`schedulezero-bot import-apscheduler`), never
Discord, and the limited process of `schedulezero.exchange.limited_reading` reads them. The unpickler accepts
datetimes, zones and APScheduler's triggers, and nothing else
(https://docs.python.org/3/library/pickle.html#restricting-globals).
"""

from __future__ import annotations

import base64
import io
import json
import logging
import pickle
import re
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast
from zoneinfo import ZoneInfo

from schedulezero.exchange.entries import NotTakenOver
from schedulezero.exchange.importers import POST, once
from schedulezero.exchange.yaml_file import MOST_ENTRIES, Entry, Fault
from schedulezero.instants import to_iso
from schedulezero.model import JsonObject, Trigger
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.triggers import known_zones
from schedulezero.when.calendar.weekdays import WEEKDAYS, Count

log = logging.getLogger(__name__)

SQLITE = b"SQLite format 3\x00"
_LONGEST_PICKLE = 4000
_POSITIONS = ("1st", "2nd", "3rd", "4th", "5th", "last")
_JITTER = Sentence("Its jitter is left out, so the job runs exactly on time.", "apscheduler_jitter")
_LONGEST_STATE = 64 * 1024


def read_apscheduler(text: str, channel_id: str, zone: str, now: datetime) -> list[Entry | Fault]:
    """Read the jobs in an export of APScheduler 3, such as discord-reminder-bot's backup."""
    try:
        data: Any = json.loads(text)
        jobs = cast("list[Any]", data["jobs"])
        entries = list(jobs)[:MOST_ENTRIES]
    except (ValueError, KeyError, TypeError, RecursionError):
        return [Fault(1, "This is not an export of APScheduler 3's jobs: it needs `jobs` with a list.")]
    lines = _lines_of(text, len(entries))
    found: list[Entry | Fault] = [
        _guarded(line, _label(number, job), lambda job=job, line=line: _scheduled(job, line, channel_id, now))
        for number, (job, line) in enumerate(zip(entries, lines, strict=True), 1)
    ]
    if len(jobs) > MOST_ENTRIES:
        found.append(Fault(lines[-1], f"Only the first {MOST_ENTRIES} entries were read."))
    return found


def _lines_of(text: str, count: int) -> list[int]:
    """Return the line where each job begins, found by its trigger; in a one-line file all share it."""
    starts = [match.start() for match in re.finditer(r'"trigger"\s*:', text)][:count]
    starts += [0] * (count - len(starts))
    return [text.count("\n", 0, start) + 1 for start in starts]


def read_job_store(data: bytes, channel_id: str, zone: str, now: datetime) -> list[Entry | Fault]:
    """Read the jobs in a SQLite file with APScheduler's table ``apscheduler_jobs``."""
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(data)
        rows = database.execute(
            "SELECT next_run_time, job_state, id FROM apscheduler_jobs ORDER BY next_run_time LIMIT ?",
            (MOST_ENTRIES + 1,),
        ).fetchall()
    except sqlite3.Error as error:
        damaged = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        why = (
            "the SQLite file is damaged"
            if damaged
            else "it has no table apscheduler_jobs as version 3 makes it"
        )
        return [Fault(1, f"This is not a job store of APScheduler 3: {why}.")]
    finally:
        database.close()
    found: list[Entry | Fault] = [
        _guarded(
            number,
            _label(number, {"id": row[2]}),
            lambda row=row, number=number: _stored(row, number, channel_id, now),
        )
        for number, row in enumerate(rows[:MOST_ENTRIES], 1)
    ]
    if len(rows) > MOST_ENTRIES:
        found.append(Fault(MOST_ENTRIES + 1, f"Only the first {MOST_ENTRIES} entries were read."))
    return found


def _label(number: int, job: Any) -> str:
    """Return a label for sentences about a job: its position, and its id if it has one."""
    name = cast("dict[str, Any]", job).get("id") if isinstance(job, dict) else None
    return f"Job {number} (“{name[:60]}”): " if isinstance(name, str) and name else f"Job {number}: "


def _guarded(line: int, label: str, read: Callable[[], Entry]) -> Entry | Fault:
    """Return a job, or a fault that says which job can't be imported, and why."""
    try:
        return replace(read(), label=label)
    except NotTakenOver as error:
        reason = error.message
    except KeyError as error:
        reason = f"It has no {str(error.args[0])[:40]!r}, so it is not a job as APScheduler 3 writes it."
    except _Unexpected as error:
        reason = f"It holds {str(error)[:120]}, which is not read from such files."
    except Exception as error:  # noqa: BLE001 - somebody's file may hold anything; each job stands for itself
        log.debug("%s%r", label, error)
        reason = "A value in it is not of the kind that APScheduler 3 writes."
    return Fault(line, f"{label}{reason}")


def _stored(row: tuple[Any, Any, Any], number: int, channel_id: str, now: datetime) -> Entry:
    next_run_time, packed, _ = row
    if not isinstance(packed, bytes):
        raise NotTakenOver("This row holds no job.")
    state: Any = _unpickled(packed, _LONGEST_STATE)
    trigger = state["trigger"]
    if not isinstance(trigger, _Thing):
        raise NotTakenOver("This job has no trigger.")
    return _job(number, state["kwargs"], next_run_time, trigger.kind, trigger.state, channel_id, now)


def _scheduled(job: Any, line: int, channel_id: str, now: datetime) -> Entry:
    trigger = job["trigger"]
    kind = str(trigger["__apscheduler_class__"]).rpartition(":")[2]
    packed = cast("dict[str, Any]", trigger["__apscheduler_state__"])
    state = {name: _value(value) for name, value in packed.items()}
    return _job(line, job["kwargs"], job.get("next_run_time"), kind, state, channel_id, now)


def _job(
    line: int,
    kwargs: Any,
    next_run_time: Any,
    kind: str,
    state: dict[str, Any],
    channel_id: str,
    now: datetime,
) -> Entry:
    message = kwargs.get("message")
    if not isinstance(message, str) or not message:
        raise NotTakenOver("This job posts no message.")
    if next_run_time is None:
        raise NotTakenOver("This job is paused.")
    given = kwargs.get("channel_id")
    if given is None and kwargs.get("user_id"):
        method, params = "send_dm", {"user_id": str(kwargs["user_id"]), "message": message}
    elif given or channel_id:
        method, params = POST, {"channel_id": str(given or channel_id), "message": message}
    else:
        raise NotTakenOver("This job names no channel; say with --channel where it posts.")
    trigger, where = _trigger(kind, state, now)
    notes = (_JITTER,) if state.get("jitter") else ()
    return Entry(line, None, method, params, "", where, trigger=trigger, notes=notes)


def _trigger(kind: str, state: dict[str, Any], now: datetime) -> tuple[Trigger, str]:
    zone = _zone_key(state.get("timezone"))
    if kind == "DateTrigger":
        return once(state["run_date"].astimezone(UTC), now), _zone_key(state["run_date"].tzinfo)
    bounds: JsonObject = {"timezone": zone}
    if state.get("end_date") is not None:
        bounds["until"] = to_iso(state["end_date"].astimezone(UTC))
    begins = state.get("start_date")
    if kind == "IntervalTrigger":
        seconds = state["interval"].total_seconds()
        interval = {"seconds": int(seconds) if seconds == int(seconds) else seconds}
        # A job without a given start begins at a fraction of a second, which schedule texts can't express.
        starting = to_iso(state["start_date"].astimezone(UTC).replace(microsecond=0))
        return Trigger("calendar", {"interval": interval, "starting": starting, **bounds}), zone
    if kind == "CronTrigger":
        fields = {
            item.state["name"]: _expressions(item) for item in state["fields"] if not item.state["is_default"]
        }
        if begins is not None and begins > now:
            bounds["starting"] = to_iso(begins.astimezone(UTC))
        if len(bounds) > 1:
            return Trigger("calendar", {"cron": fields, **bounds}), zone
        return Trigger("cron", {**fields, "timezone": zone}), zone
    raise NotTakenOver(f"A trigger of the kind {kind[:40]} cannot be taken over.")


class _Unexpected(Exception):
    """A pickle names something that this unpickler doesn't accept."""


class _Thing:
    """Stands for an APScheduler object: its class's name and its state, without behaviour."""

    kind = ""

    def __init__(self, *_: object) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = cast("dict[str, Any]", state) if isinstance(state, dict) else {}


class _Zone:
    """Stands for `zoneinfo.ZoneInfo` during unpickling."""


def _zone(key: object = "UTC", *_: object) -> ZoneInfo:
    if not isinstance(key, str) or key not in known_zones():
        raise _Unexpected("an unknown time zone")
    return ZoneInfo(key)


def _attribute(thing: object, name: object) -> Any:
    if thing is _Zone and name == "_unpickle":
        return _zone
    raise _Unexpected("an attribute of another object")


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
        if module.startswith("apscheduler.triggers.") and re.fullmatch(r"[A-Za-z]{1,60}", name):
            return type(name, (_Thing,), {"kind": name})
        known = _KNOWN.get((module, name))
        if known is None:
            raise _Unexpected(f"{module}.{name}")
        return known


def _unpickled(packed: bytes, longest: int) -> Any:
    if len(packed) > longest:
        raise NotTakenOver(f"A value in this job has {len(packed)} bytes; {longest} are possible.")
    return _Unpickler(io.BytesIO(packed)).load()


def _value(data: Any) -> Any:
    if isinstance(data, list):
        return [_value(item) for item in cast("list[Any]", data)]
    if isinstance(data, dict) and "__apscheduler_pickle__" in data:
        packed = str(cast("dict[str, Any]", data)["__apscheduler_pickle__"])
        if len(packed) > 2 * _LONGEST_PICKLE:
            raise NotTakenOver("A value in this job is unreasonably large.")
        return _unpickled(base64.b64decode(packed), _LONGEST_PICKLE)
    return cast(Any, data)


def _zone_key(zone: Any) -> str:
    return zone.key if isinstance(zone, ZoneInfo) else "UTC"


def _expressions(field: _Thing) -> str:
    text = ",".join(_expression(item) for item in field.state["expressions"])
    # APScheduler 3 counts weekdays from Monday, as 0.
    return Count.FROM_MONDAY.names(text) if field.state["name"] == "day_of_week" else text


def _expression(item: _Thing) -> str:
    state, kind = item.state, item.kind
    if kind == "LastDayOfMonthExpression":
        return "last"
    if kind == "WeekdayPositionExpression":
        return _position(state)
    if kind == "AllExpression":
        text = "*"
    elif kind in ("RangeExpression", "WeekdayRangeExpression", "MonthRangeExpression"):
        named = kind == "WeekdayRangeExpression"
        first, last = _name(state["first"], named=named), _name(state["last"], named=named)
        text = f"{first}" if last in (None, first) else f"{first}-{last}"
    else:
        raise NotTakenOver("This cron expression cannot be taken over.")
    return f"{text}/{state['step']}" if state.get("step") else text


def _position(state: dict[str, Any]) -> str:
    """A day such as ``last fri`` or ``3rd mon``; APScheduler counts both from 0, the last being the sixth."""
    number, weekday = int(state["option_num"]), int(state["weekday"])
    if not 0 <= number < len(_POSITIONS) or not 0 <= weekday < len(WEEKDAYS):
        raise NotTakenOver("This cron expression cannot be taken over.")
    return f"{_POSITIONS[number]} {WEEKDAYS[weekday]}"


def _name(value: Any, *, named: bool) -> str | None:
    if value is None:
        return None
    return WEEKDAYS[int(value)] if named else str(int(value))
