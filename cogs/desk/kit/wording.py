"""The wording of panels: the same look and words everywhere. Pure text.

Every state has a word; none relies on a colour or symbol alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

import discord

from cogs import formats
from cogs.desk.kit.framed import cut, framed, plain, with_mentions_of_people
from cogs.language import in_quotes, mark, shown_locale, t, tn, translated, with_colon
from schedulezero import instants
from schedulezero.methods.markup import escaped
from schedulezero.methods.message_links import read_message_link
from schedulezero.methods.parameters import Kind
from schedulezero.model import Job, JobState, MissedPolicy, OverlapPolicy, Run, RunState
from schedulezero.model.job_names import name_of
from schedulezero.sentences import read_sentence
from schedulezero.when.calendar.skipped import runs_skipped
from schedulezero.when.language.describe import describe

_ESCAPE = re.compile(r"\\(.)")

MAX_LABEL = 45
MAX_FIELDS = 5
"""The most fields in a modal."""
MAX_OPTION = 100

NEUTRAL = discord.Colour.blurple()
GOOD = discord.Colour.green()
BAD = discord.Colour.red()
WAITING = discord.Colour.gold()
OVER = discord.Colour.greyple()

# Read as: state, its symbol, its word, the colour of its panel's edge.
_JOB_STATES: dict[JobState, tuple[str, str, discord.Colour]] = {
    JobState.ACTIVE: ("▶", mark("active"), GOOD),
    JobState.PENDING: ("✋", mark("waiting for approval"), WAITING),
    JobState.PAUSED: ("⏸", mark("paused"), WAITING),
    JobState.FINISHED: ("✔", mark("finished"), OVER),
    JobState.CANCELLED: ("✖", mark("cancelled"), OVER),
}
_RUN_STATES: dict[RunState, tuple[str, str]] = {
    RunState.QUEUED: ("⏳", mark("waiting")),
    RunState.SUCCEEDED: ("✅", mark("done")),
    RunState.FAILED: ("❌", mark("failed")),
    RunState.MISSED: ("⚠️", mark("missed")),
    RunState.SKIPPED: ("⏭", mark("skipped")),
    RunState.CANCELLED: ("✖", mark("cancelled")),
    RunState.UNCERTAIN: ("❓", mark("uncertain")),
}
# Read as: the kind of id, its mention in a message.
_MENTIONS = {
    Kind.CHANNEL: "<#{}>", Kind.CHANNELS: "<#{}>", Kind.ROLE: "<@&{}>",
    Kind.ROLES: "<@&{}>", Kind.USER: "<@{}>", Kind.USERS: "<@{}>",
}  # fmt: skip
MISSED = {
    MissedPolicy.LATEST: mark("run the latest only"),
    MissedPolicy.ALL: mark("run all of them"),
    MissedPolicy.SKIP: mark("skip them"),
}
OVERLAP = {
    OverlapPolicy.ALLOW: mark("run at the same time"),
    OverlapPolicy.WAIT: mark("wait for the previous run"),
    OverlapPolicy.SKIP: mark("skip the later run"),
}
# Read as: what a draft says of the quiet hours, its wording.
IN_QUIET_HOURS = {"skip": mark("skip the run"), "run": mark("run anyway")}
# Read as: the action of a version, its wording on a card.
ACTIONS = {
    "created": mark("created"),
    "changed": mark("changed"),
    "paused": mark("paused"),
    "resumed": mark("resumed"),
    "skipped": mark("next run skipped"),
    "approved": mark("approved"),
    "changes_asked": mark("changes requested"),
    "cancelled": mark("cancelled"),
    "restored": mark("restored"),
}


def quoted(text: str) -> str:
    """Return somebody's text as a quote, without formatting of its own."""
    return "\n".join(f"> {plain(line)}" for line in text.splitlines())


def job_state(job: Job) -> str:
    """Return the state of a job as a symbol and a word, and until when it is on hold."""
    symbol, word, _ = _JOB_STATES[job.state]
    if job.state is JobState.ACTIVE and job.held_until is not None and is_held(job):
        if skipped_runs(job):
            return f"⏭ {t('next run skipped')}"
        return f"⏸ {t('paused until {when}', when=discord.utils.format_dt(job.held_until, 'f'))}"
    return f"{symbol} {t(word)}"


def job_colour(job: Job) -> discord.Colour:
    """Return the colour of a job's edge."""
    return WAITING if is_held(job) else _JOB_STATES[job.state][2]


def state_word(state: JobState | RunState) -> str:
    """Return the word for a state."""
    return t(_JOB_STATES[state][1] if isinstance(state, JobState) else _RUN_STATES[state][1])


def run_state(state: RunState) -> str:
    """Return the state of a run as a symbol and a word."""
    symbol, word = _RUN_STATES[state]
    return f"{symbol} {t(word)}"


def is_held(job: Job) -> bool:
    """Return whether a job skips its runs until a later instant."""
    return job.held_until is not None and job.held_until > instants.now()


def skipped_runs(job: Job) -> list[datetime]:
    """Return the runs that a job skips because somebody skipped the next one; nothing if it is held."""
    return runs_skipped(job, instants.now())


def its_time_has_passed() -> str:
    """Return what to say of a job that is brought back too late, and what can be done about it."""
    return t("Its time has passed. Choose another with *Edit*.")


def no_longer_held(before: Job, after: Job) -> str | None:
    """Return that runs which were skipped or held before a change no longer are; None if they still are."""
    at = after.updated_at or instants.now()
    if before.held_until is None or before.held_until <= at:
        return None
    skipped = runs_skipped(before, at)
    if len(skipped) > len(runs_skipped(after, at)) and after.held_until != before.held_until:
        return t("No longer skipped: {when}", when=full(skipped[-1]))
    return t("No longer on hold.") if after.held_until is None else None


def sentence(job: Job) -> str:
    """Describe a job's schedule in the reader's language."""
    return describe(job.trigger, job.timezone, shown_locale())


def sentence_with_zone(job: Job) -> str:
    """Describe a job's schedule in the reader's language, and name its zone."""
    return f"{sentence(job)} ({formats.zone_name(job.timezone)})"


def sentence_in(job: Job, zone: str | None) -> str:
    """Describe a job's schedule, with its zone if that isn't the reader's."""
    own = job.trigger.zone_or(job.timezone)
    return (
        sentence(job)
        if zone is None or own == zone or job.trigger.type == "interval"
        else (f"{sentence(job)} ({formats.zone_name(own)})")
    )


def full(instant: datetime) -> str:
    """Format an instant in the reader's own zone and language, with its distance from now."""
    return f"{discord.utils.format_dt(instant, 'F')} ({discord.utils.format_dt(instant, 'R')})"


def relative(instant: datetime) -> str:
    """Format an instant by its distance from now."""
    return discord.utils.format_dt(instant, "R")


def readable(text: str) -> str:
    """Escape whatever can hide a part of a text; emphasis and mentions hide nothing and stay."""
    shown = with_mentions_of_people(escaped(text))
    return _ESCAPE.sub(lambda found: found[1] if found[1] in "*_~" else found[0], shown)


def bullets(items: Sequence[str], most: int) -> list[str]:
    """Return the first lines of a list, and how many more there are."""
    lines = [f"- {item}" for item in items[:most]]
    if (more := len(items) - most) > 0:
        lines.append(f"- {tn('and {count} more', 'and {count} more', more)}")
    return lines


def mentioned(kind: Kind, value: object) -> str | None:
    """Return ids as mentions; None if the kind does not hold ids."""
    mention = _MENTIONS.get(kind)
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    return " ".join(mention.format(item) for item in items) if mention is not None else None


def brief(value: object, length: int = 80) -> str:
    """Format any value on one short line."""
    if value in (None, "", [], {}):
        return "–"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return cut(plain(text), length)


def changed(label: str, old: str, new: str) -> str:
    """Format one difference."""
    return f"{with_colon(label)} {old} → {new}"


def titled(job: Job, length: int = 80) -> str:
    """Return a job's title in quotation marks."""
    return in_quotes(cut(plain(title_of(job)), length))


def span(length: timedelta) -> str:
    """Format a measured length of time, rounded, in a suitable unit."""
    return formats.rounded_span(length, shown_locale())


def next_run(job: Job) -> str:
    """Return when a job runs next, or why it does not."""
    if job.state is JobState.PENDING:
        return t("won't run until someone approves it")
    if job.state is JobState.PAUSED:
        return t("won't run until someone resumes it")
    if job.next_run_at is None:
        return t("no longer runs")
    return t("next {when}", when=relative(job.next_run_at))


def message_url(run: Run) -> str | None:
    """Return the link to what a run posted or opened; None if it did neither."""
    result = run.result or {}
    url = result.get("url")
    if isinstance(url, str) and url.startswith("https://discord.com/"):
        return url
    message_id, channel_id = result.get("message_id"), result.get("channel_id")
    if message_id and channel_id and run.guild_id:
        return f"https://discord.com/channels/{run.guild_id}/{channel_id}/{message_id}"
    return None


def _made(url: str) -> str:
    """Name the target of a Discord link."""
    if read_message_link(url) is not None:
        return t("the message")
    return t("the event") if "/events/" in url else t("the thread")


def outcome(run: Run, *, running: bool = False) -> str:
    """Return the outcome of a run on one line, or that it is running now."""
    if running and run.state is RunState.QUEUED:
        return f"⏳ {t('running')}"
    parts = [run_state(run.state)]
    # Of what was tried again, only the last try was late, and the number of tries says why.
    if run.attempts <= 1 and run.lateness is not None and run.lateness >= timedelta(seconds=2):
        parts.append(t("{time} late", time=span(run.lateness)))
    if run.duration is not None:
        parts.append(t("took {time}", time=span(run.duration)))
    if run.attempts > 1:
        parts.append(t("{count} attempts", count=run.attempts))
    if url := message_url(run):
        parts.append(f"[{_made(url)}]({url})")
    return " · ".join(parts)


def reason(run: Run, length: int = 300) -> str | None:
    """Return why a run failed or did not happen, in the reader's language."""
    said = run.error or run.note
    if not said:
        return None
    return framed(said, length)


def result(run: Run, length: int = 300) -> str | None:
    """Return what a successful run tells about itself, in the reader's language; None if it tells nothing."""
    said = read_sentence(run.result or {}, "message") if run.state is RunState.SUCCEEDED else None
    return framed(said, length) if said and said.strip() else None


def title_of(job: Job) -> str:
    """Return a job's title; in the reader's language if the bot named the job itself."""
    return translated(name_of(job))
