"""Reads a file of another scheduler, or ours, into the entries that an import creates, and faults.

Pure: bytes in, values out. A file comes from a user and may be malicious, so the bot doesn't call this module
    itself:
`schedulezero.exchange.reader_process` does, in a process with limits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from schedulezero.errors import TriggerError, WhenError
from schedulezero.exchange.importers import POST, reader_of
from schedulezero.exchange.yaml_file import (
    LARGEST_FILE,
    MOST_ENTRIES,
    Entry,
    Fault,
    read_jobs,
    too_large,
    unreadable,
)
from schedulezero.methods.variables import turns
from schedulezero.model import JsonObject, Trigger
from schedulezero.model.fields import Noun
from schedulezero.model.habits import Habits
from schedulezero.model.part import Part
from schedulezero.sentences import Sentence, present_fields
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import known_zones, schedule_of
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand

OWNERS_COMMAND = "schedulezero-bot import-apscheduler FILE"
LARGEST_OWN_FILE = 16 * 1024 * 1024
MOST_RUNS = 100
_LARGEST_PARAMS = 32 * 1024
_LARGEST_NUMBER = 2**64
_LONGEST_FAULT = 500
_LATEST_START = timedelta(days=366 * 100)

# First bytes of a file → its kind; such files aren't read.
_NOT_TEXT = (
    (b"PK\x03\x04", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"\x89PNG", "PNG"),
    (b"%PDF", "PDF"),
)
_PICKLED = Sentence(
    "I can't import APScheduler files directly, because they contain pickled Python data. The bot's "
    "owner can convert this one with `{owners_command}`.",
    "file_holds_pickles",
    owners_command=OWNERS_COMMAND,
)


@dataclass(frozen=True, slots=True)
class Asked(Noun):
    """How to read a file.

    Attributes:
        zone: The IANA zone for times without one.
        locale: The language of schedule texts, in both directions.
        now: The present instant.
        channel_id: Where entries without a channel post; empty if there is none.
        count: How many next runs to return for each entry.
        most: The most entries to read.
        largest: The most bytes that the file may have.
        habits: What words without an hour mean where the file was uploaded.
        pickles: Whether the file is one of APScheduler's, which only the owner may import.
    """

    zone: str
    locale: str
    now: datetime
    channel_id: str = ""
    count: int = 1
    pickles: bool = False
    most: int = MOST_ENTRIES
    largest: int = LARGEST_FILE
    habits: Habits = field(default_factory=Habits)


@dataclass(frozen=True, slots=True)
class Found:
    """An entry with its method and its schedule resolved. Nothing is checked against a guild yet."""

    line: int
    name: str | None
    method: str
    params: JsonObject
    trigger: Trigger
    timezone: str
    missed: str
    overlap: str
    sentence: str
    runs: tuple[datetime, ...]
    notes: tuple[str, ...] = ()
    job_id: str = ""
    is_event: bool = False
    paused: bool = False
    grace: float | None = None
    parts: tuple[Part, ...] | None = None
    in_quiet_hours: bool = False

    def to_json(self) -> JsonObject:
        zone = ZoneInfo(self.timezone)
        return {
            "line": self.line,
            "name": self.name,
            "method": self.method,
            "params": self.params,
            "trigger": self.trigger.to_json(),
            "timezone": self.timezone,
            "missed": self.missed,
            "overlap": self.overlap,
            "sentence": self.sentence,
            "runs": [run.astimezone(zone).isoformat() for run in self.runs],
            "notes": [present_fields("said", note) for note in self.notes],
            "job_id": self.job_id,
            "is_event": self.is_event,
            "paused": self.paused,
            "grace": self.grace,
            "parts": [part.to_json() for part in self.parts] if self.parts is not None else None,
            "in_quiet_hours": self.in_quiet_hours,
        }


def fault_json(fault: Fault) -> JsonObject:
    """Return a fault as JSON for the reader's output."""
    return {"line": fault.line, **present_fields("why", fault.message)}


def read_file(data: bytes, asked: Asked) -> Iterator[Found | Fault]:
    """Yield each entry of a file, read or refused with its line, as soon as it is processed."""
    for item in _owners(data, asked) if asked.pickles else _entries(data, asked):
        found = _resolved(item, asked) if isinstance(item, Entry) else item
        yield _shortened(found) if isinstance(found, Fault) else found


def labelled(label: str, message: str) -> str:
    """Prefix a message with the entry's name, for files whose line numbers don't help."""
    return Sentence("{label}{message}", "of_entry", label=label, message=message) if label else message


def _shortened(fault: Fault) -> Fault:
    said = fault.message if isinstance(fault.message, Sentence) else Sentence(fault.message)
    return Fault(fault.line, said.changed(lambda part: part[:_LONGEST_FAULT]))


# ---------------------------------------------------------------- bytes to entries


def _entries(data: bytes, asked: Asked) -> Iterable[Entry | Fault]:
    text = _text_of(data, asked.largest)
    if isinstance(text, Fault):
        return [text]
    if text.lstrip()[:1] == "{" and "__apscheduler_" in text:
        return [Fault(1, _PICKLED)]
    if "BEGIN:VCALENDAR" in text[:1000].upper():
        from schedulezero.exchange.calendar_import import read_calendar

        params = {"channel_id": asked.channel_id}
        return read_calendar(
            text,
            method=POST,
            params=params,
            zone=asked.zone,
            now=asked.now,
            most=asked.most,
            day_time=asked.habits.day,
        )
    reader = reader_of(text)
    if reader is not None:
        return reader(text, asked.channel_id, asked.zone, asked.now, asked.most)
    return read_jobs(text, asked.most, asked.largest)


def _owners(data: bytes, asked: Asked) -> list[Entry | Fault]:
    from schedulezero.exchange.apscheduler import SQLITE, read_apscheduler, read_job_store

    if len(data) > LARGEST_OWN_FILE:
        return [
            Fault(
                1,
                Sentence(
                    "The file is larger than {largest_own_file} MiB.",
                    "file_too_large_for_owner",
                    largest_own_file=LARGEST_OWN_FILE // 1024 // 1024,
                ),
            )
        ]
    if data.startswith(SQLITE):
        return read_job_store(data, asked.channel_id, asked.zone, asked.now)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [
            Fault(
                1,
                Sentence(
                    "This is neither a JSON export of APScheduler 3 nor its SQLite job store.",
                    "not_apscheduler",
                ),
            )
        ]
    return read_apscheduler(text, asked.channel_id, asked.zone, asked.now)


def _text_of(data: bytes, largest: int) -> str | Fault:
    """Return the text of a file, or a fault that says what the file is instead."""
    if len(data) > largest:
        return too_large(largest)
    for begin, kind in _NOT_TEXT:
        if data.startswith(begin):
            return Fault(
                1,
                Sentence("This is a {kind} file. Upload a text file.", "file_of_kind", kind=kind),
            )
    if data.startswith(b"SQLite format 3\x00") or (data[:1] == b"\x80" and data[1:2] in b"\x02\x03\x04\x05"):
        return Fault(1, _PICKLED)
    coding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(coding)
    except UnicodeDecodeError:
        return Fault(
            1,
            Sentence(
                "This isn't a UTF-8 text file. Save it as UTF-8; an exported file shows how it should look.",
                "file_not_utf8",
            ),
        )
    if not text.strip():
        return Fault(1, Sentence("The file is empty.", "file_empty"))
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        return Fault(line, Sentence("This isn't a text file: it contains a NUL character.", "file_has_nul"))
    return text.replace("\r\n", "\n").replace("\r", "\n")


# ---------------------------------------------------------------- an entry, worked out


def _resolved(entry: Entry, asked: Asked) -> Found | Fault:
    try:
        return _found(entry, asked)
    except (WhenError, TriggerError) as error:
        return Fault(entry.line, labelled(entry.label, error.message))
    except (ValueError, OverflowError, RecursionError) as error:
        return Fault(entry.line, labelled(entry.label, unreadable(error)))


def _found(entry: Entry, asked: Asked) -> Found:
    zone = entry.timezone if entry.timezone is not None else asked.zone
    if zone not in known_zones():
        raise WhenError("“{zone}” isn't a time zone.", code="not_a_zone", zone=zone[:60])
    trigger, zone = _when(entry, zone, asked)
    schedule = schedule_of(trigger, anchor=asked.now, zone=zone)
    runs = tuple(upcoming(schedule, asked.now, max(asked.count, 1)))
    if not runs:
        raise WhenError("Its time has passed.", code="time_over")
    if runs[0] - asked.now > _LATEST_START:
        raise WhenError("Its first run is more than a hundred years away.", code="first_run_too_far")
    params = {key: value for key, value in _plain(entry.params).items() if value != "" or key != "channel_id"}
    parts = entry.parts
    if parts is not None:
        parts = tuple(replace(part, params=_plain(part.params)) for part in parts)
    said = json.dumps([params, *(part.params for part in parts or ())], ensure_ascii=False, allow_nan=False)
    size = len(said.encode("utf-8", "surrogatepass"))
    if size > _LARGEST_PARAMS:
        raise WhenError(
            "Its parameters are larger than {largest_params} KiB.",
            code="params_too_large",
            largest_params=_LARGEST_PARAMS // 1024,
        )
    sentence = describe(trigger, zone, asked.locale)
    return Found(
        line=entry.line,
        name=entry.name or _name_from(params),
        method=entry.method,
        params=params,
        trigger=trigger,
        timezone=zone,
        missed=entry.missed.value,
        overlap=entry.overlap.value,
        sentence=sentence,
        runs=runs[: asked.count],
        notes=entry.notes,
        job_id=entry.job_id,
        is_event=entry.is_event,
        paused=entry.paused,
        grace=entry.grace,
        parts=parts,
        in_quiet_hours=entry.in_quiet_hours,
    )


def _when(entry: Entry, zone: str, asked: Asked) -> tuple[Trigger, str]:
    """Return when an entry runs, and the zone of its times."""
    if entry.trigger is not None:
        return Trigger(entry.trigger.type, _plain(entry.trigger.args)), entry.trigger.zone_or(zone)
    understood = understand(entry.when, zone=zone, locale=asked.locale, now=asked.now, habits=asked.habits)
    return understood.trigger, understood.zone


def _name_from(params: Mapping[str, Any]) -> str | None:
    """Return the beginning of its text, for an entry without a name."""
    for key in ("title", "message", "question", "reason"):
        value = params.get(key)
        text = " ".join(turns(value)[0].split()) if isinstance(value, str) else ""
        if text:
            return text if len(text) <= 60 else f"{text[:59]}…"
    return None


def _plain(value: Any) -> Any:
    """Return a value that JSON can represent. Raises ValueError naming one that it can't."""
    plain: Callable[[Any], Any] = _plain
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a lone surrogate can't be sent
    if isinstance(value, int):
        if abs(value) >= _LARGEST_NUMBER:
            raise ValueError("a number in it is larger than anything here can hold")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("infinity and not-a-number are not values here")
        return value
    if isinstance(value, datetime):
        return (value if value.tzinfo is not None else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in cast("dict[Any, Any]", value).items()}
    raise ValueError(f"a value of the kind {type(value).__name__} has no place in it")
