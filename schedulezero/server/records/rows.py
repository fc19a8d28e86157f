"""Jobs and runs as rows and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from schedulezero.methods.parameters import Kind, kind_of, tells_a_secret
from schedulezero.model import Job, JobState, MissedPolicy, OverlapPolicy, Run, RunState, Trigger
from schedulezero.sentences import read_sentence, sentence_fields

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


def outcome(run: Run) -> dict[str, Any]:
    """The columns that an attempt changes."""
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
    """The run of a job at an instant, as it is when it is claimed."""
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
    )


def channels_text(job: Job) -> str:
    """The channels that a job names, as a text that a filter by channel looks into."""
    named = job.params.get("channel_ids")
    items = [job.params.get("channel_id"), *(cast("list[Any]", named) if isinstance(named, list) else [])]
    return "".join(f" {item} " for item in items if item)[:2000]


def search_text(job: Job) -> str:
    """What a search by text looks into."""
    # Addresses and what is sent there are not for everybody who may search, so no search finds them.
    open_to_all = [
        value
        for key, value in job.params.items()
        if kind_of(key, "") is not Kind.URL and not tells_a_secret(key)
    ]
    words = [job.name or "", job.method, *map(str, open_to_all)]
    return " ".join(words)[:2000].casefold()


def job_row(job: Job) -> dict[str, Any]:
    """A job as a row."""
    return {
        "id": job.id,
        "handler_id": job.handler_id,
        "method": job.method,
        "params": dict(job.params),
        "trigger_type": job.trigger.type,
        "trigger_args": dict(job.trigger.args),
        "anchor_at": job.anchor_at,
        "state": job.state.value,
        "next_run_at": job.next_run_at,
        "name": job.name,
        "guild_id": job.guild_id,
        "creator_id": job.creator_id,
        "timezone": job.timezone,
        "grace_seconds": job.grace.total_seconds(),
        "missed": job.missed.value,
        "overlap": job.overlap.value,
        "held_until": job.held_until,
        "meta": dict(job.meta),
        "run_count": job.run_count,
        "sort_name": job.title.casefold()[:100],
        "channels": channels_text(job),
        "version": job.version,
        "search_text": search_text(job),
        "created_at": job.created_at,
        "updated_at": job.updated_at,
    }


def job_of(row: Mapping[Any, Any]) -> Job:
    """A row as a job."""
    return Job(
        id=row["id"],
        handler_id=row["handler_id"],
        method=row["method"],
        params=cast("dict[str, Any]", row["params"]),
        trigger=Trigger(row["trigger_type"], cast("dict[str, Any]", row["trigger_args"])),
        state=JobState(row["state"]),
        next_run_at=row["next_run_at"],
        anchor_at=row["anchor_at"],
        name=row["name"],
        guild_id=row["guild_id"],
        creator_id=row["creator_id"],
        timezone=row["timezone"],
        grace=timedelta(seconds=row["grace_seconds"]),
        missed=MissedPolicy(row["missed"]),
        overlap=OverlapPolicy(row["overlap"]),
        held_until=row["held_until"],
        meta=cast("dict[str, Any]", row["meta"]),
        run_count=row["run_count"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def run_row(run: Run) -> dict[str, Any]:
    """A run as a row; the database numbers it."""
    return {
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
        "overlap": run.overlap.value,
        "missed": run.missed.value,
        "grace_seconds": run.grace.total_seconds(),
        "claimed_at": run.claimed_at,
        **outcome(run),
    }


def run_of(row: Mapping[Any, Any]) -> Run:
    """A row as a run."""
    return Run(
        sequence=row["sequence"],
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
    """The ids of the messages that a run posted, as its result tells of them."""
    if run.result is None:
        return []
    steps = run.result.get("done")
    results = [run.result, *(cast("list[Any]", steps) if isinstance(steps, list) else [])]
    found = [cast("dict[str, Any]", item).get("message_id") for item in results if isinstance(item, Mapping)]
    ids = (str(item) for item in found if isinstance(item, str | int))
    return list(dict.fromkeys(text for text in ids if _MESSAGE_ID.fullmatch(text)))
