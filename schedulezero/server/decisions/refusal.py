"""The errors with which the server refuses a request: a code for programs, a sentence for people.

    Refusal             the request itself is wrong
    ├─ Missing          the thing it names doesn't exist
    ├─ Conflict         it doesn't fit the current state
    └─ LimitReached     it exceeds a limit set by the owner or the guild

The REST API maps each to an HTTP status (`schedulezero.server.http.errors`).
"""

from __future__ import annotations

from schedulezero.errors import ScheduleZeroError
from schedulezero.model import JsonObject
from schedulezero.model.limits import Excess
from schedulezero.sentences import Sentence, present_fields
from schedulezero.wire.storable import clean_text

# Read as: the limit that is reached, and the code and the field of the answer.
_OF_LIMITS = {
    "jobs_per_guild": ("too_many_jobs", "guild_id"),
    "most_jobs": ("too_many_jobs", "guild_id"),
    "jobs_per_person": ("too_many_jobs", "creator_id"),
    "reminders_per_person": ("too_many_reminders", "guild_id"),
    "shortest_interval_seconds": ("too_often", "trigger"),
    "shortest_reminder_seconds": ("too_often", "trigger"),
    "runs_per_minute": ("too_many_runs", None),
    "reminder_runs_per_minute": ("too_many_runs", None),
}


class Refusal(ScheduleZeroError):
    """A request that the server refuses.

    Parameters:
        code: a stable word for programs. It names the kind of refusal; the sentence may have a finer code.
        message: what was wrong and what would be right; a `Sentence` if people read it, too.
        field: the part of the request that was wrong.
    """

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(clean_text(message if isinstance(message, Sentence) else Sentence(message)))
        self.code = code
        self.field = clean_text(field) if field is not None else None

    def to_json(self) -> JsonObject:
        """Return the refusal as the JSON of an answer: ``{"error": {"code", "message", "field"?, …}}``.

        The sentence's own code and values are ``message_code`` and ``message_values``.
        """
        error: JsonObject = {"code": self.code, **present_fields("message", self.message)}
        if self.field is not None:
            error["field"] = self.field
        return {"error": error}


class Missing(Refusal):
    """The thing the request names doesn't exist."""


class Conflict(Refusal):
    """The request doesn't fit the current state."""


class LimitReached(Refusal):
    """The request exceeds a limit set by the owner or by the guild itself.

    Parameters:
        excess: the limit and the sentence that explains it.
    """

    def __init__(self, excess: Excess) -> None:
        code, field = _OF_LIMITS[excess.limit]
        super().__init__(code, excess.message, field)
        self.limit = excess.limit


def no_such_job(job_id: str) -> Missing:
    """Return the refusal for an id that no job has."""
    return Missing(
        "job_not_found", Sentence("There is no job {job_id!r}.", "job_missing", job_id=job_id), "job_id"
    )
