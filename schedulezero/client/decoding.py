"""Converts a server's JSON to domain objects; raises BadAnswer if it is invalid. Shared by both dialects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from schedulezero.errors import BadAnswer, NotFound
from schedulezero.model import Job, JsonObject, Run
from schedulezero.sentences import Sentence

T = TypeVar("T")

LONGEST_ASKED_ID = 64
"""The most characters of a job's id that we ask for: a button has room for it and for an instant."""

_JOB_ID = re.compile(rf"[A-Za-z0-9_.:\-]{{1,{LONGEST_ASKED_ID}}}")


def is_job_id(text: str) -> bool:
    """Whether a text can be the id of a job: it fits into a path and into a button."""
    return _JOB_ID.fullmatch(text) is not None and bool(text.strip("."))


def job_path(job_id: str) -> str:
    """Return the path of a job. The id may be user input, so an impossible one is never requested."""
    if not is_job_id(job_id):
        raise no_job_here()
    return f"/api/jobs/{job_id}"


def no_job_here() -> NotFound:
    """Return the error for a job that doesn't exist, or that its reader may not know of."""
    return NotFound(
        Sentence("There is no job with that name here.", "job_not_here"),
        code="job_not_found",
        field="job_id",
    )


def items_of(answer: JsonObject, key: str) -> list[JsonObject]:
    """Return a list of objects from an answer."""
    items = answer.get(key)
    if not isinstance(items, list):
        raise BadAnswer(
            "The list “{key}” is missing from the scheduler's response. Is it really a ScheduleZero "
            "scheduler?",
            code="answer_lacks_list",
            key=key,
        )
    return [cast(JsonObject, item) for item in cast("list[Any]", items) if isinstance(item, dict)]


def read_answer(read: Callable[[Mapping[str, Any]], T], data: JsonObject, what: str) -> T:
    """Read an answer with a ``from_json`` function.

    Parameters:
        read: the ``from_json`` function.
        data: the answer.
        what: the expected object, such as ``a job``.
    """
    try:
        return read(data)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise BadAnswer(
            "A response from the scheduler can't be read: “{error}”.",
            code="answer_unreadable",
            what=what,
            error=error,
        ) from error


def job_of(data: JsonObject) -> Job:
    """Read an answer as a job."""
    return read_answer(Job.from_json, data, "a job")


def run_of(data: JsonObject) -> Run:
    """Read an answer as a run."""
    return read_answer(Run.from_json, data, "a run")
