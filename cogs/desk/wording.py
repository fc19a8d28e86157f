"""How things are said: one look and the same words everywhere. Pure text."""

from __future__ import annotations

from datetime import datetime, timedelta

import discord

from schedulezero.model import Job, JobState, Run, RunState

MAX_LABEL = 45
MAX_OPTION = 100

# Read as: state, the word for it with its mark, the colour of its panel's edge.
JOB_STATES: dict[JobState, tuple[str, discord.Colour]] = {
    JobState.ACTIVE: ("▶ active", discord.Colour.green()),
    JobState.PAUSED: ("⏸ paused", discord.Colour.gold()),
    JobState.FINISHED: ("✔ finished", discord.Colour.greyple()),
    JobState.CANCELLED: ("✖ cancelled", discord.Colour.greyple()),
}
RUN_STATES: dict[RunState, str] = {
    RunState.QUEUED: "⏳ waiting",
    RunState.SUCCEEDED: "✅ done",
    RunState.FAILED: "❌ failed",
    RunState.MISSED: "⚠️ missed",
    RunState.CANCELLED: "✖ cancelled",
}
NEUTRAL = discord.Colour.blurple()
GOOD = discord.Colour.green()
BAD = discord.Colour.red()


def full(instant: datetime) -> str:
    """An instant in the reader's own zone and language, with how far away it is."""
    return f"{discord.utils.format_dt(instant, 'F')} ({discord.utils.format_dt(instant, 'R')})"


def relative(instant: datetime) -> str:
    """How far away an instant is."""
    return discord.utils.format_dt(instant, "R")


def cut(text: str, length: int) -> str:
    """A text that fits, with an ellipsis where it was cut; counted as Discord counts."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def plain(text: str) -> str:
    """Somebody's text as text: no formatting, no pings, on one line."""
    return discord.utils.escape_mentions(discord.utils.escape_markdown(" ".join(text.split())))


def quoted(text: str, length: int) -> str:
    """A text as a block quote."""
    return "\n".join(f"> {line}" for line in cut(text, length).splitlines())


def span(length: timedelta) -> str:
    """A length of time in the unit that suits it."""
    seconds = length.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 90:
        return f"{seconds:.1f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def next_run(job: Job) -> str:
    """When a job runs next, or why it does not."""
    if job.state is JobState.PAUSED:
        return "paused, does not run"
    if job.next_run_at is None:
        return "does not run any more"
    return f"next {relative(job.next_run_at)}"


def message_url(run: Run) -> str | None:
    """The link to the message that a run posted, None when it posted none."""
    result = run.result or {}
    url = result.get("url")
    if isinstance(url, str) and url.startswith("https://discord.com/"):
        return url
    message_id, channel_id = result.get("message_id"), result.get("channel_id")
    if message_id and channel_id and run.guild_id:
        return f"https://discord.com/channels/{run.guild_id}/{channel_id}/{message_id}"
    return None


def outcome(run: Run) -> str:
    """What became of a run, on one line."""
    parts = [RUN_STATES[run.state]]
    if run.lateness is not None and run.lateness >= timedelta(seconds=2):
        parts.append(f"{span(run.lateness)} late")
    if run.duration is not None:
        parts.append(f"took {span(run.duration)}")
    if run.attempts > 1:
        parts.append(f"{run.attempts} attempts")
    if url := message_url(run):
        parts.append(f"[the message]({url})")
    return " · ".join(parts)
