"""Whether a server first runs a new job when its preview said: a published server may not."""

from __future__ import annotations

from cogs.desk.kit.wording import full
from cogs.language import t
from schedulezero.client.published_triggers import unlike_meant
from schedulezero.model import Job, JobState


def first_run_warning(job: Job) -> str | None:
    """Return a warning if a new job's first run isn't when its preview said; None if it is."""
    unlike = unlike_meant(job) if job.state in (JobState.ACTIVE, JobState.FINISHED) else None
    if unlike is None:
        return None
    meant, told = unlike
    if told is None:
        return t(
            "The scheduler doesn't say when the first run is; it should be {when}. Check the job after that.",
            when=full(meant),
        )
    return t(
        "According to the scheduler, the first run is {told}, not {meant} as the preview said. If that's "
        "too far off, cancel the job.",
        told=full(told),
        meant=full(meant),
    )
