"""Runs in the words of dialect B, the published server's. (A run is called an *execution* there.)

It knows three words for a run's status. What never began, because it was skipped or cancelled, is not an
execution, and doesn't appear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from schedulezero.model import JsonObject, Run, RunState
from schedulezero.server.store.runs import RunCount

# Read as: dialect B's word, and the states of runs that it stands for.
STATES: Mapping[str, tuple[RunState, ...]] = {
    "success": (RunState.SUCCEEDED,),
    "error": (RunState.FAILED, RunState.MISSED, RunState.UNCERTAIN),
    "running": (RunState.QUEUED,),
}
ALL = tuple(state for states in STATES.values() for state in states)
_WORDS = {state: word for word, states in STATES.items() for state in states}
_MILLISECOND = timedelta(milliseconds=1)


def published_record(run: Run) -> JsonObject:
    """Return a run as a record of dialect B. Our own fields stay beside those that it knows."""
    return {
        **run.to_json(),
        "method_name": run.method,
        "status": _WORDS.get(run.state, "error"),
        "started_at": _iso(run.started_at or run.scheduled_at),
        "completed_at": _iso(run.finished_at),
        "duration_ms": _milliseconds(run.duration),
    }


def immediate_id(handler_id: str, method: str, at: datetime) -> str:
    """Return the job id of a call on demand, as the published server writes it."""
    return f"immediate_{handler_id}_{method}_{at.timestamp():.6f}"


def statistics(counts: Iterable[RunCount]) -> JsonObject:
    """Return statistics in dialect B's fields, with the number of runs in each of our states beside them."""
    by_status = {state.value: 0 for state in RunState}
    by_handler: dict[str, dict[str, int]] = {}
    took, timed = timedelta(), 0
    for item in counts:
        by_status[item.state.value] += item.count
        word = _WORDS.get(item.state)
        if word not in ("success", "error"):
            continue
        own = by_handler.setdefault(item.handler_id, {"total": 0, "success": 0, "error": 0})
        own["total"] += item.count
        own[word] += item.count
        took += item.took
        timed += item.timed
    success = sum(own["success"] for own in by_handler.values())
    error = sum(own["error"] for own in by_handler.values())
    total = success + error
    return {
        "total_executions": total,
        "lifetime_executions": total,
        "success_count": success,
        "error_count": error,
        "success_rate": 100 * success / total if total else 0.0,
        "avg_duration_ms": took / _MILLISECOND / timed if timed else 0.0,
        "by_handler": by_handler,
        "total": sum(by_status.values()),
        "by_status": by_status,
    }


def _iso(instant: datetime | None) -> str | None:
    """Return an instant as the published server writes it, with ``+00:00``."""
    return instant.isoformat() if instant is not None else None


def _milliseconds(duration: timedelta | None) -> Any:
    return round(duration / _MILLISECOND, 3) if duration is not None else None
