"""Jobs and runs as the published server writes them: schedules and records of executions. Pure.

A schedule has no field for a job's metadata, which is therefore kept inside its params under ``_meta``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from schedulezero.client.decoding import is_job_id
from schedulezero.client.published_ids import job_of_run
from schedulezero.errors import ParameterError
from schedulezero.instants import from_iso, from_iso_or_none, to_iso_or_none
from schedulezero.methods.job_meta import read_meta
from schedulezero.methods.spec import META_KEY
from schedulezero.model import Job, JobState, JsonObject, Run, RunState, Trigger
from schedulezero.sentences import read_sentence
from schedulezero.when.calendar.weekdays import stored_trigger

# Read as: a record's status, the state of its run; any other status means that it failed.
_STATES = {
    "success": RunState.SUCCEEDED,
    "succeeded": RunState.SUCCEEDED,
    "completed": RunState.SUCCEEDED,
    "running": RunState.QUEUED,
    "queued": RunState.QUEUED,
    "pending": RunState.QUEUED,
}


def schedule_body(job: Job, schedule_id: str, trigger: JsonObject) -> JsonObject:
    """Return the body of a schedule that runs a job."""
    meta = {
        "name": job.name,
        "guild_id": job.guild_id,
        "creator_id": job.creator_id,
        "meta": dict(job.meta),
        "timezone": job.timezone,
        "trigger": job.trigger.to_json(),
        "created_at": to_iso_or_none(job.created_at),
        "anchor_at": to_iso_or_none(job.anchor_at),
        # A call names no run: two equal jobs, or two presses of *Run now*, must not look like one repeated.
        "schedule_id": schedule_id,
    }
    return {
        "handler_id": job.handler_id,
        "job_method": job.method,
        "job_params": {**job.params, META_KEY: meta},
        "trigger": trigger,
        "job_id": schedule_id,
    }


def jobs_of(items: Sequence[JsonObject]) -> tuple[list[Job], dict[str, str]]:
    """Convert schedules to jobs, without runs on demand that are about to start.

    Also returns the schedules that name a guild but can't be ours: id → why. Any client of the server may
    have made them.
    """
    found: list[Job] = []
    foreign: dict[str, str] = {}
    for item in items:
        schedule_id = str(item.get("id"))
        if job_of_run(schedule_id) is not None:
            continue
        try:
            job = _job_of_schedule(item, schedule_id)
        except ParameterError as error:
            foreign[schedule_id] = error.message
            continue
        if job is not None and job.guild_id is not None and not is_job_id(schedule_id):
            foreign[schedule_id] = "its id doesn't fit into a button"
        elif job is not None:
            found.append(job)
    return found, foreign


def _job_of_schedule(data: JsonObject, schedule_id: str) -> Job | None:
    """Convert a published schedule to a job; None if its format is unknown to us.

    Raises ParameterError if its ``_meta`` is malformed.
    """
    args = data.get("args")
    if not isinstance(args, list) or len(cast("list[Any]", args)) < 3:
        return None
    handler_id, method, params = cast("list[Any]", args)[:3]
    if not isinstance(params, dict):
        return None
    own = dict(cast(JsonObject, params))
    meta = read_meta(own.pop(META_KEY)) if META_KEY in own else {}
    if "trigger" in meta:
        trigger = stored_trigger(Trigger.from_json(meta["trigger"]))
    else:
        trigger = Trigger("unknown", {"text": str(data.get("trigger"))})
    next_run_at = _lenient_instant(data.get("next_fire_time"))
    return Job(
        id=schedule_id,
        handler_id=str(handler_id),
        method=str(method),
        params=own,
        trigger=trigger,
        state=JobState.ACTIVE if next_run_at else JobState.FINISHED,
        next_run_at=next_run_at,
        name=meta.get("name"),
        guild_id=meta.get("guild_id"),
        creator_id=meta.get("creator_id"),
        meta=meta.get("meta", {}),
        timezone=meta.get("timezone", "UTC"),
        created_at=from_iso_or_none(meta.get("created_at")),
        anchor_at=from_iso_or_none(meta.get("anchor_at")),
    )


def job_id_of(record: JsonObject) -> str:
    """Return the job of a record of an execution, scheduled or on demand."""
    schedule_id = str(record.get("job_id"))
    return job_of_run(schedule_id) or schedule_id


def run_of_record(data: JsonObject) -> Run | None:
    """Convert a record of an execution to a run of our job; None if its format is unknown to us."""
    started_at = _lenient_instant(data.get("started_at") or data.get("start_time") or data.get("timestamp"))
    if started_at is None:
        return None
    state = _STATES.get(str(data.get("status", "")).lower(), RunState.FAILED)
    finished_at = None
    if state is not RunState.QUEUED:
        duration = data.get("duration_ms")
        finished_at = _lenient_instant(
            data.get("completed_at") or data.get("finished_at") or data.get("end_time")
        )
        if finished_at is None and isinstance(duration, int | float):
            finished_at = started_at + timedelta(milliseconds=duration)
    result = data.get("result")
    return Run(
        job_id=job_id_of(data),
        handler_id=str(data.get("handler_id")),
        method=str(data.get("method_name") or data.get("method")),
        params={},
        scheduled_at=_lenient_instant(data.get("scheduled_at")) or started_at,
        state=state,
        attempts=1,
        started_at=started_at,
        finished_at=finished_at,
        result=cast(JsonObject, result) if isinstance(result, dict) else None,
        error=read_sentence(data, "error") if data.get("error") else None,
    )


def _lenient_instant(value: Any) -> datetime | None:
    """Parse an instant in any format a foreign server may use; without an offset it is UTC."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else from_iso(value)
    except (ValueError, OverflowError, OSError):
        return None
    return None
