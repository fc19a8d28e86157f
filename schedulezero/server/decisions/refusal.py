"""What the server refuses, and why: a code for programs, a sentence for people.

    Refusal             the request is wrong in itself
    ├─ Missing          there is no such thing
    ├─ Conflict         it does not go with the state that things are in
    └─ LimitReached     a limit of the owner's or the guild's is reached

The REST API turns each into a status of HTTP (`schedulezero.server.http.errors`).
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
        code: a word that programs can rely on: of the kind of refusal, where its sentence has a finer one.
        message: what was wrong and what would be right; a `Sentence` where people read it, too.
        field: the part of the request that was wrong.
    """

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(clean_text(message if isinstance(message, Sentence) else Sentence(message)))
        self.code = code
        self.field = clean_text(field) if field is not None else None

    def to_json(self) -> JsonObject:
        """The refusal as every answer carries it: ``{"error": {"code", "message", "field"?, …}}``.

        The sentence's own code and values are ``message_code`` and ``message_values``.
        """
        error: JsonObject = {"code": self.code, **present_fields("message", self.message)}
        if self.field is not None:
            error["field"] = self.field
        return {"error": error}


class Missing(Refusal):
    """What the request names does not exist."""


class Conflict(Refusal):
    """The request does not go with the state that things are in."""


class LimitReached(Refusal):
    """A request that a limit of the owner's, or of the guild's own, refuses.

    Parameters:
        excess: which limit, and the sentence to tell.
    """

    def __init__(self, excess: Excess) -> None:
        code, field = _OF_LIMITS[excess.limit]
        super().__init__(code, excess.message, field)
        self.limit = excess.limit


def no_such_job(job_id: str) -> Missing:
    """The refusal of an id that no job has."""
    return Missing(
        "job_not_found", Sentence("There is no job {job_id!r}.", "job_missing", job_id=job_id), "job_id"
    )
