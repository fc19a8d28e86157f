"""Why a job's state doesn't allow an action, as sentences that name both in the reader's language."""

from __future__ import annotations

from collections.abc import Callable

from schedulezero.model import JobState
from schedulezero.sentences import Sentence

_STATES = {
    JobState.ACTIVE: Sentence("active", "state_active"),
    JobState.PENDING: Sentence("waiting for approval", "state_pending"),
    JobState.PAUSED: Sentence("paused", "state_paused"),
    JobState.FINISHED: Sentence("finished", "state_finished"),
    JobState.CANCELLED: Sentence("cancelled", "state_cancelled"),
}

# Read as: what should have been done, and the sentence that it can't, by the state that the job is in.
_REFUSALS: dict[str, Callable[[Sentence], Sentence]] = {
    "paused": lambda state: Sentence(
        "Only an active job can be paused. This one is {state}.", "not_to_be_paused", state=state
    ),
    "resumed": lambda state: Sentence(
        "Only a paused job can be resumed. This one is {state}.", "not_to_be_resumed", state=state
    ),
    "skipped": lambda state: Sentence(
        "Only an active job's next run can be skipped. This job is {state}.",
        "not_to_be_skipped",
        state=state,
    ),
    "approved": lambda state: Sentence(
        "Only a job that is waiting for approval can be approved. This one is {state}.",
        "not_to_be_approved",
        state=state,
    ),
    "sent back": lambda state: Sentence(
        "Changes can only be requested while a job is waiting for approval. This one is {state}.",
        "not_to_be_sent_back",
        state=state,
    ),
    "restored": lambda state: Sentence(
        "Only a cancelled job can be restored. This one is {state}.", "not_to_be_restored", state=state
    ),
}


def wrong_state(state: JobState, done: str) -> Sentence:
    """Return why a job in a state can't be, for example, ``paused``."""
    return _REFUSALS[done](_STATES[state])
