"""Converts jobs and runs to rows and back. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from operator import itemgetter
from typing import Any, cast

from schedulezero.methods.secret_params import open_by_name
from schedulezero.model import Job, JsonObject, MissedPolicy, OverlapPolicy, Run, RunState, Trigger
from schedulezero.model.fields import Noun, Way, enum_ways, fields_of, seconds
from schedulezero.model.part import MAIN, Part, Waiting, next_part_at
from schedulezero.sentences import read_sentence, sentence_fields
from schedulezero.when.calendar.weekdays import stored_trigger, with_day_names

_MESSAGE_ID = re.compile(r"[0-9]{1,20}")

OUTCOME_COLUMNS = (
    "state",
    "attempts",
    "not_before",
    "started_at",
    "finished_at",
    "result",
    "error",
    "error_code",
    "error_values",
    "note",
    "note_code",
    "note_values",
)


def outcome_columns(run: Run) -> dict[str, Any]:
    """Return the columns that an attempt changes."""
    return {
        "state": run.state.value,
        "attempts": run.attempts,
        "not_before": run.not_before,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "result": dict(run.result) if run.result is not None else None,
        **sentence_fields("error", run.error),
        **sentence_fields("note", run.note),
    }


def run_at(job: Job, at: datetime, now: datetime, state: RunState, note: str | None, number: int = 0) -> Run:
    """Return a new run of a job at an instant, claimed at ``now``."""
    return Run(
        job_id=job.id,
        handler_id=job.handler_id,
        method=job.method,
        params=job.params,
        scheduled_at=at,
        state=state,
        name=job.name,
        guild_id=job.guild_id,
        timezone=job.timezone,
        number=number,
        creator_id=job.creator_id,
        overlap=job.overlap,
        missed=job.missed,
        grace=job.grace,
        claimed_at=now,
        note=note,
        part=MAIN if job.parts else None,
    )


def run_of_part(
    job: Job,
    part: Part,
    item: Waiting,
    now: datetime,
    state: RunState,
    note: str | None,
    number: int = 0,
    at: datetime | None = None,
) -> Run:
    """Return a new run of a part of a job; it goes its own way beside the job's own runs."""
    run = run_at(job, at or item.due_at, now, state, note, number)
    run = replace(run, method=part.method, params=part.params, part=part.id, of=item.of)
    return replace(run, overlap=OverlapPolicy.ALLOW)


def channels_text(job: Job) -> str:
    """Return a job's channel ids as the text that the channel filter searches."""
    return "".join(f" {channel_id} " for channel_id in job.channel_ids)[:2000]


def search_text(job: Job) -> str:
    """Return the text of a job that a text search looks into."""
    # Not everyone who may search may see URLs and secrets, so searches don't find them.
    words = [job.name or "", job.method, *map(str, open_by_name(job.params).values())]
    return " ".join(words)[:2000].casefold()


def _written(items: tuple[Noun, ...]) -> list[JsonObject]:
    return [item.to_json() for item in items]


def _read(noun: type[Noun], items: list[JsonObject]) -> tuple[Noun, ...]:
    return tuple(noun.from_json(item) for item in items) if items else ()


def _ways(kind: type[Any], of: type[Any] | None) -> tuple[Way, Way]:
    """Return how to write and read the values of a class in a column; None means unchanged."""
    if kind is tuple:
        noun: Any = of
        return _written, lambda items: _read(noun, items)
    if kind is timedelta:
        return timedelta.total_seconds, seconds
    return enum_ways(kind) if issubclass(kind, StrEnum) else (dict if kind is Mapping else None, None)


# Read as: a field of a job, its column (the first of two for the trigger), and how to write and read it.
_JOB = [
    (item.name, {"id": "id", "trigger": "trigger_type"}.get(item.name, item.key), *_ways(item.kind, item.of))
    for item in fields_of(Job)
]
_columns = itemgetter(*(column for _, column, _, _ in _JOB))
_READERS = [(place, read) for place, (_, _, _, read) in enumerate(_JOB) if read is not None]
_TRIGGER = [name for name, *_ in _JOB].index("trigger")


def job_row(job: Job) -> dict[str, Any]:
    """Return a job as a row."""
    row: dict[str, Any] = {}
    for name, column, write, _ in _JOB:
        value = getattr(job, name)
        row[column] = value if write is None or value is None else write(value)
    row["trigger_type"] = job.trigger.type
    row["trigger_args"] = dict(with_day_names(job.trigger).args)
    row["part_at"] = next_part_at(job.waiting)
    row["sort_name"] = job.title.casefold()[:100]
    row["channels"] = channels_text(job)
    row["search_text"] = search_text(job)
    return row


def job_of(row: Mapping[Any, Any]) -> Job:
    """Return a row as a job. (This runs for every due job; assigning by position is fastest.)"""
    values = list(_columns(row))
    for place, read in _READERS:
        if values[place] is not None:
            values[place] = read(values[place])
    values[_TRIGGER] = stored_trigger(Trigger(values[_TRIGGER], row["trigger_args"]))
    return Job(*values)


def run_row(run: Run) -> dict[str, Any]:
    """Return a run as a row; the database assigns its sequence."""
    return {
        "start_tag": run.start_tag,
        "job_id": run.job_id,
        "scheduled_at": run.scheduled_at,
        "handler_id": run.handler_id,
        "method": run.method,
        "params": dict(run.params),
        "name": run.name,
        "guild_id": run.guild_id,
        "timezone": run.timezone,
        "number": run.number,
        "round": run.round,
        "creator_id": run.creator_id,
        "part": run.part,
        "part_of": run.of,
        "overlap": run.overlap.value,
        "missed": run.missed.value,
        "grace_seconds": run.grace.total_seconds(),
        "claimed_at": run.claimed_at,
        **outcome_columns(run),
    }


def run_of(row: Mapping[Any, Any]) -> Run:
    """Return a row as a run."""
    return Run(
        sequence=row["sequence"],
        start_tag=row["start_tag"],
        job_id=row["job_id"],
        scheduled_at=row["scheduled_at"],
        handler_id=row["handler_id"],
        method=row["method"],
        params=cast("dict[str, Any]", row["params"]),
        name=row["name"],
        guild_id=row["guild_id"],
        timezone=row["timezone"],
        number=row["number"],
        round=row["round"],
        creator_id=row["creator_id"],
        part=row["part"],
        of=row["part_of"],
        overlap=OverlapPolicy(row["overlap"]),
        missed=MissedPolicy(row["missed"]),
        grace=timedelta(seconds=row["grace_seconds"]),
        state=RunState(row["state"]),
        claimed_at=row["claimed_at"],
        attempts=row["attempts"],
        not_before=row["not_before"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        result=cast("dict[str, Any] | None", row["result"]),
        error=read_sentence(row, "error"),
        note=read_sentence(row, "note"),
    )


def messages_of(run: Run) -> list[str]:
    """Return the ids of the messages that a run posted, according to its result."""
    if run.result is None:
        return []
    steps = run.result.get("done")
    results = [run.result, *(cast("list[Any]", steps) if isinstance(steps, list) else [])]
    found = [cast("dict[str, Any]", item).get("message_id") for item in results if isinstance(item, Mapping)]
    ids = (str(item) for item in found if isinstance(item, str | int))
    return list(dict.fromkeys(text for text in ids if _MESSAGE_ID.fullmatch(text)))
