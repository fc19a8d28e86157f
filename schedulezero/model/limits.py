"""What one guild and one person can ask for at most, as the bot's owner sets it. Pure.

The limits hold for jobs that bear a guild, and for a person's own ones (reminders), which bear the person's
id in the place of a guild's. A job without either was made over REST by the owner, and has no limits.

*Endings* (jobs that undo something later, see ``sprockets/kit/follow_up.py``) are exempt from the number of
jobs and are not held back: what was done for a while must end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from schedulezero.model import Job, JsonObject
from schedulezero.model.authorship import ENDINGS
from schedulezero.model.fields import Noun
from schedulezero.sentences import Sentence

MINUTE = timedelta(minutes=1)
EDGE_ENTRIES, EDGE_KIB = 2_000, 2_048
"""How large an imported file can be whatever the owner sets."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The owner's limits; None stands for no limit.

    Attributes:
        jobs_per_guild: jobs of a guild that are not over.
        jobs_per_person: of those, the ones of a person who only may schedule and does not manage the guild.
        reminders_per_person: reminders of a person that are not over.
        runs_per_minute: runs of a guild within any minute.
        reminder_runs_per_minute: reminders that a person gets within any minute.
        direct_messages_per_minute: messages that a person gets directly within any minute, from jobs that
            others made in any guild.
        shortest_interval_seconds: between two runs of one job.
        shortest_reminder_seconds: between two runs of one reminder.
        import_entries, import_kib: of one imported file.
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

    def to_json(self) -> JsonObject:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Limits:
        return cls(**{item.name: data.get(item.name) for item in fields(cls)})

    def runs_a_minute(self, personal: bool) -> int | None:
        """How many runs there may be within any minute: of a guild, or of a person's reminders."""
        return self.reminder_runs_per_minute if personal else self.runs_per_minute

    def shortest(self, personal: bool) -> timedelta | None:
        """The shortest time between two runs of a job, or of a reminder."""
        seconds = self.shortest_reminder_seconds if personal else self.shortest_interval_seconds
        return timedelta(seconds=seconds) if seconds is not None else None

    @property
    def entries(self) -> int:
        """How many entries of an imported file are read."""
        return self.import_entries or EDGE_ENTRIES

    @property
    def file_bytes(self) -> int:
        """How large an imported file may be."""
        return (self.import_kib or EDGE_KIB) * 1024


NO_LIMITS = Limits(**{item.name: None for item in fields(Limits)})


@dataclass(frozen=True, slots=True)
class Allowance(Noun):
    """The limits that hold in one place, and what is used up of them.

    Attributes:
        limits: the owner's.
        jobs: how many jobs, or reminders, there are.
        most_jobs: how many there may be: the owner's limit, or a guild's own if that is lower.
        mine: how many of them one person made; None where nobody was named.
        runs: how many runs there were within the last minute, or wait for their turn.
    """

    limits: Limits
    jobs: int = 0
    most_jobs: int | None = None
    mine: int | None = None
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that is reached: its key below ``limits`` in the configuration, and the sentence to tell."""

    limit: str
    message: str


def is_personal(guild_id: str | None, creator_id: str | None) -> bool:
    """Whether something is a person's own: it bears their id in the place of a guild's."""
    return guild_id is not None and guild_id == creator_id


def new_ending_id(digest: str) -> str:
    """The id of a job that undoes something, by which the server knows it."""
    return f"{ENDINGS}{digest}"


def is_ending(job: Job) -> bool:
    """Whether a job undoes something, once. (Edited to run again and again, it is a job like any other.)"""
    return job.id.startswith(ENDINGS) and job.trigger.type == "date"


def check_jobs(used: int, owners: int | None, guilds: int | None = None) -> Excess | None:
    """Whether a guild has as many jobs as it may have: by the owner's limit, or by its own."""
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
    """Whether a person who only may schedule has as many jobs in a guild as they may have."""
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
    """Whether a person has as many reminders as they may have."""
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
    """What to tell of two runs that are closer to each other than they may be."""
    shortest = limits.shortest(personal)
    assert shortest is not None, "without a limit no gap is too short"
    apart, least = spoken(gap), spoken(shortest)
    if personal:
        return Excess(
            "shortest_reminder_seconds",
            Sentence(
                "Two of these reminders would be {apart} apart, and the shortest interval is {least}. "
                "Choose a longer one, or ask the bot's owner to lower "
                "`limits.shortest_reminder_seconds`.",
                "reminder_interval_too_short",
                apart=apart,
                least=least,
            ),
        )
    return Excess(
        "shortest_interval_seconds",
        Sentence(
            "Two runs of this job would be {apart} apart, and the shortest interval is {least}. "
            "Choose a longer one, or ask the bot's owner to lower "
            "`limits.shortest_interval_seconds`.",
            "interval_too_short",
            apart=apart,
            least=least,
        ),
    )


def held_back(wait: timedelta, limits: Limits, *, personal: bool) -> Sentence:
    """What a run's note says of its wait for its turn."""
    seconds, most = max(round(wait.total_seconds()), 1), limits.runs_a_minute(personal)
    if personal:
        return Sentence(
            "Delayed {seconds} s: a person gets at most {most} reminders a minute.",
            "reminder_held_back",
            seconds=seconds,
            most=most,
        )
    return Sentence(
        "Delayed {seconds} s: this server has at most {most} runs a minute.",
        "held_back",
        seconds=seconds,
        most=most,
    )


def given_up(limits: Limits, *, personal: bool) -> Sentence:
    """What the note of a scheduled run says that would have had to wait for too long."""
    most = limits.runs_a_minute(personal)
    if personal:
        return Sentence(
            "Too many reminders were waiting: a person's limit is {most} a minute.",
            "too_many_reminders_waited",
            most=most,
        )
    return Sentence(
        "Too many runs were waiting: the server's limit is {most} runs a minute.",
        "too_many_runs_waited",
        most=most,
    )


def too_many_runs(limits: Limits, *, personal: bool) -> Excess:
    """What to tell whoever asks for a run by hand while many are waiting."""
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
            "Too many runs are waiting: this server has at most {most} a minute. Try again in a "
            "few minutes, or ask the bot's owner to raise `limits.runs_per_minute`.",
            "too_many_runs_wait",
            most=most,
        ),
    )


def too_many_direct_messages(person: int, limits: Limits) -> Sentence:
    """What the error of a run says whose message would be one too many for the person who gets it."""
    most = limits.direct_messages_per_minute
    return Sentence(
        "<@{person}> gets at most {most} direct messages a minute from jobs, and this would "
        "be one more. Schedule fewer, or ask the bot's owner to raise "
        "`limits.direct_messages_per_minute`.",
        "too_many_direct_messages",
        person=person,
        most=most,
    )


def above_jobs(most: int) -> Excess:
    """What to tell a guild that sets itself a higher number of jobs than the owner does."""
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
    """What to tell a guild that sets itself a higher number of runs an hour than the owner does."""
    return Excess(
        "runs_per_minute",
        Sentence(
            "A server can have at most {most} runs an hour. Set a lower number, or ask the bot's "
            "owner to raise `limits.runs_per_minute`.",
            "rule_above_runs_limit",
            most=most,
        ),
    )


def spoken(length: timedelta) -> str:
    """A length of time as these sentences say it, in the same letters in every language."""
    seconds = length.total_seconds()
    if seconds >= 60 and seconds % 60 == 0:
        return f"{seconds / 60:g} min"
    return f"{seconds:g} s"
