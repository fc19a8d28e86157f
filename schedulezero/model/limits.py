"""Limits on what a guild or a person can request, as set by the bot's owner. Pure.

They apply to jobs with a guild, and to a person's own jobs (reminders), which have the person's id in place
of a guild's. A job with neither was created over REST by the owner and has no limits.

*Endings* (jobs that undo something later, see ``sprockets/kit/follow_up.py``) don't count towards the number
of jobs and are never delayed: a temporary change must end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from schedulezero.model import Job, JsonObject
from schedulezero.model.authorship import ENDINGS
from schedulezero.model.fields import Noun
from schedulezero.said_values import said_span
from schedulezero.sentences import Sentence

MINUTE = timedelta(minutes=1)
EDGE_ENTRIES, EDGE_KIB = 2_000, 2_048
"""Upper bound on the size of an imported file, also if the owner sets no limit."""
EDGE_FILE_MIB = 100
"""Upper bound on the size of a kept file: what Discord takes in a server with the most boosts
(https://discord.com/developers/docs/reference#uploading-files).
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """The owner's limits; None means no limit.

    Attributes:
        jobs_per_guild: unfinished jobs per guild.
        jobs_per_person: unfinished jobs in a guild per person who may schedule but doesn't manage it.
        reminders_per_person: unfinished reminders per person.
        runs_per_minute: runs per guild in any minute.
        reminder_runs_per_minute: reminders per person in any minute.
        direct_messages_per_minute: direct messages that a person receives in any minute from jobs that others
            created, in all guilds together.
        shortest_interval_seconds: minimum time between two runs of one job.
        shortest_reminder_seconds: minimum time between two runs of one reminder.
        import_entries, import_kib: maximum size of an imported file.
        file_mib: maximum size of a file attached to a job, in MiB.
        files_mib_per_guild: total size of the files kept for a guild, in MiB.
        files_mib: total size of all files kept, in MiB; content that several guilds share counts once.
    """

    jobs_per_guild: int | None = 1_000
    jobs_per_person: int | None = 100
    reminders_per_person: int | None = 50
    runs_per_minute: int | None = 120
    reminder_runs_per_minute: int | None = 6
    direct_messages_per_minute: int | None = 6
    shortest_interval_seconds: int | None = 60
    shortest_reminder_seconds: int | None = 300
    import_entries: int | None = 500
    import_kib: int | None = 512
    file_mib: int | None = 10
    files_mib_per_guild: int | None = 200
    files_mib: int | None = 2_000

    def to_json(self) -> JsonObject:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Limits:
        return cls(**{item.name: data.get(item.name) for item in fields(cls)})

    def runs_a_minute(self, personal: bool) -> int | None:
        """Return the maximum number of runs in any minute, for a guild or for a person's reminders."""
        return self.reminder_runs_per_minute if personal else self.runs_per_minute

    def shortest(self, personal: bool) -> timedelta | None:
        """Return the minimum time between two runs of a job or a reminder."""
        seconds = self.shortest_reminder_seconds if personal else self.shortest_interval_seconds
        return timedelta(seconds=seconds) if seconds is not None else None

    @property
    def entries(self) -> int:
        """Return the maximum number of entries read from an imported file."""
        return self.import_entries or EDGE_ENTRIES

    @property
    def file_bytes(self) -> int:
        """Return the maximum size of an imported file in bytes."""
        return (self.import_kib or EDGE_KIB) * 1024

    @property
    def kept_file_bytes(self) -> int:
        """Return the maximum size of a file attached to a job in bytes."""
        return (self.file_mib or EDGE_FILE_MIB) * 2**20


NO_LIMITS = Limits(**{item.name: None for item in fields(Limits)})


@dataclass(frozen=True, slots=True)
class Allowance(Noun):
    """The limits that apply in one place, and the current usage.

    Attributes:
        limits: the owner's limits.
        jobs: number of jobs or reminders.
        most_jobs: maximum number of jobs: the owner's limit, or the guild's own if that is lower.
        mine: number of those jobs that one person created; None if no person was given.
        runs: number of runs that took place within the last minute or are waiting.
    """

    limits: Limits
    jobs: int = 0
    most_jobs: int | None = None
    mine: int | None = None
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that was reached: its key under ``limits`` in the configuration, and the message to show."""

    limit: str
    message: str


def is_personal(guild_id: str | None, creator_id: str | None) -> bool:
    """Return whether something belongs to a person: it has their id in place of a guild's."""
    return guild_id is not None and guild_id == creator_id


def new_ending_id(digest: str) -> str:
    """Return the id of a job that undoes something, by which the server recognizes it."""
    return f"{ENDINGS}{digest}"


def is_ending(job: Job) -> bool:
    """Return whether a job undoes something once. (One that is edited to repeat is a normal job.)"""
    return job.id.startswith(ENDINGS) and job.trigger.type == "date"


def check_jobs(used: int, owners: int | None, guilds: int | None = None) -> Excess | None:
    """Check whether a guild has reached its maximum number of jobs, by the owner's limit or its own."""
    if guilds is not None and used >= guilds and (owners is None or guilds < owners):
        most = guilds
        return Excess(
            "most_jobs",
            Sentence(
                "This server has {used} of {most} scheduled jobs, the limit set in `/schedule setup`. "
                "Cancel one, or raise the limit.",
                "guilds_jobs_limit",
                used=used,
                most=most,
            ),
        )
    if owners is None or used < owners:
        return None
    most = owners
    return Excess(
        "jobs_per_guild",
        Sentence(
            "This server has {used} of {most} scheduled jobs. Cancel one, or ask the bot's owner "
            "to raise `limits.jobs_per_guild`.",
            "jobs_limit",
            used=used,
            most=most,
        ),
    )


def check_persons_jobs(used: int, limits: Limits, person: str) -> Excess | None:
    """Check whether a person who doesn't manage the guild has reached their maximum number of jobs in it."""
    most = limits.jobs_per_person
    if most is None or used < most:
        return None
    return Excess(
        "jobs_per_person",
        Sentence(
            "<@{person}> has {used} of {most} scheduled jobs in this server. Cancel one, or ask "
            "the bot's owner to raise `limits.jobs_per_person`.",
            "persons_jobs_limit",
            person=person,
            used=used,
            most=most,
        ),
    )


def check_reminders(used: int, limits: Limits) -> Excess | None:
    """Check whether a person has reached their maximum number of reminders."""
    most = limits.reminders_per_person
    if most is None or used < most:
        return None
    return Excess(
        "reminders_per_person",
        Sentence(
            "You have {used} of {most} reminders. Cancel one with `/remind list`, or ask the "
            "bot's owner to raise `limits.reminders_per_person`.",
            "reminders_limit",
            used=used,
            most=most,
        ),
    )


def too_often(gap: timedelta, limits: Limits, *, personal: bool) -> Excess:
    """Return the message for two runs that are too close together."""
    shortest = limits.shortest(personal)
    assert shortest is not None, "without a limit no gap is too short"
    apart, least = said_span(gap), said_span(shortest)
    if personal:
        return Excess(
            "shortest_reminder_seconds",
            Sentence(
                "Two of these reminders would be {apart} apart, but the shortest interval allowed is "
                "{least}. Choose a longer one, or ask the bot's owner to lower "
                "`limits.shortest_reminder_seconds`.",
                "reminder_interval_too_short",
                apart=apart,
                least=least,
            ),
        )
    return Excess(
        "shortest_interval_seconds",
        Sentence(
            "Two runs of this job would be {apart} apart, but the shortest interval allowed is {least}. "
            "Choose a longer one, or ask the bot's owner to lower `limits.shortest_interval_seconds`.",
            "interval_too_short",
            apart=apart,
            least=least,
        ),
    )


def held_back(wait: timedelta, limits: Limits, *, personal: bool) -> Sentence:
    """Return the note of a run that waits because of a rate limit."""
    seconds, most = max(round(wait.total_seconds()), 1), limits.runs_a_minute(personal)
    if personal:
        return Sentence(
            "Delayed by {seconds} s. Reminder limit per person: {most} a minute.",
            "reminder_held_back",
            seconds=seconds,
            most=most,
        )
    return Sentence(
        "Delayed by {seconds} s. This server's run limit: {most} a minute.",
        "held_back",
        seconds=seconds,
        most=most,
    )


def given_up(limits: Limits, *, personal: bool) -> Sentence:
    """Return the note of a scheduled run that was skipped because it would have waited too long."""
    most = limits.runs_a_minute(personal)
    if personal:
        return Sentence(
            "Too many reminders were waiting: the limit per person is {most} a minute.",
            "too_many_reminders_waited",
            most=most,
        )
    return Sentence(
        "Too many runs were waiting: the server's limit is {most} a minute.",
        "too_many_runs_waited",
        most=most,
    )


def too_many_runs(limits: Limits, *, personal: bool) -> Excess:
    """Return the message for a person who starts a run by hand while many are waiting."""
    most = limits.runs_a_minute(personal)
    if personal:
        return Excess(
            "reminder_runs_per_minute",
            Sentence(
                "Too many reminders are waiting: a person gets at most {most} a minute. Try again in "
                "a few minutes, or ask the bot's owner to raise `limits.reminder_runs_per_minute`.",
                "too_many_reminders_wait",
                most=most,
            ),
        )
    return Excess(
        "runs_per_minute",
        Sentence(
            "Too many runs are waiting: this server's limit is {most} a minute. Try again in a few "
            "minutes, or ask the bot's owner to raise `limits.runs_per_minute`.",
            "too_many_runs_wait",
            most=most,
        ),
    )


def too_many_direct_messages(person: int, limits: Limits) -> Sentence:
    """Return the error of a run whose message would exceed its recipient's limit."""
    most = limits.direct_messages_per_minute
    return Sentence(
        "Jobs already send <@{person}> the maximum number of direct messages a minute: {most}. Schedule "
        "fewer, or ask the bot's owner to raise `limits.direct_messages_per_minute`.",
        "too_many_direct_messages",
        person=person,
        most=most,
    )


def above_jobs(most: int) -> Excess:
    """Return the message for a guild that sets its number of jobs higher than the owner's limit."""
    return Excess(
        "jobs_per_guild",
        Sentence(
            "A server can have at most {most} jobs. Set a lower number, or ask the bot's owner to "
            "raise `limits.jobs_per_guild`.",
            "rule_above_jobs_limit",
            most=most,
        ),
    )


def above_runs(most: int) -> Excess:
    """Return the message for a guild that sets its runs per hour higher than the owner's limit."""
    return Excess(
        "runs_per_minute",
        Sentence(
            "A server can have at most {most} runs an hour. Set a lower number, or ask the bot's "
            "owner to raise `limits.runs_per_minute`.",
            "rule_above_runs_limit",
            most=most,
        ),
    )
