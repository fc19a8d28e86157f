"""Whether somebody may do something to a job: one function for every way to act on one.

Two questions are asked. May this person touch this job at all? And may they do by hand what would happen,
in the version of the job that would happen? An act that only stops something is asked the first one, all
others both. Pure over discord.py's objects; `jobs_here` fetches what it takes and refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto

import discord

from cogs.language import t, translated
from cogs.rights.rights import Channel, Of, findings, is_risky
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import Job
from schedulezero.model.authorship import belongs_to_another

MANAGERS = "managers"
"""Under this key of its meta a job keeps the roles that may change it."""


class Act(Enum):
    """What somebody does to a job."""

    PAUSE = auto()
    SKIP = auto()
    CANCEL = auto()
    BEGIN = auto()
    """Opens a draft that edits or copies it; what that says is looked at when it is saved."""
    SAVE = auto()
    RUN = auto()
    MAKE_UP = auto()
    """Runs instants again, or for the first time, that did not run well."""
    RESUME = auto()
    RESTORE = auto()
    """Goes back to a version; an undo is that, too."""
    MOVE = auto()
    IMPORT = auto()
    APPROVE = auto()


_ONLY_STOPS = frozenset({Act.PAUSE, Act.SKIP, Act.CANCEL, Act.BEGIN})
WRITES = frozenset({Act.SAVE, Act.MOVE, Act.IMPORT})
"""Whoever does these writes what the job does, which is then to be possible for the bot, too."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it may be done: nothing stands against it, or these sentences do."""

    against: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return not self.against


@dataclass(frozen=True, slots=True)
class Situation:
    """What a verdict goes by beside the job.

    Attributes:
        member: who acts, in the guild where they do.
        spec: what the job's method declares; None when it is not loaded.
        known: channels that are not in the cache.
        joined: the private threads in which the member is known to be.
        unreachable: why the person whom the job writes to gets nothing from it; None where they do.
        approval: whether the guild asks for a second person.
        cleared: whether what would happen needs no such person, because it is what happened all along.
    """

    member: discord.Member
    spec: MethodSpec | None
    known: Mapping[int, Channel] = field(default_factory=dict[int, Channel])
    joined: Collection[int] = frozenset()
    unreachable: str | None = None
    approval: bool = False
    cleared: bool = False


def decide(act: Act, job: Job, situation: Situation, *, version: Job | None = None) -> Verdict:
    """Whether somebody may do something to a job.

    Parameters:
        act: what they do.
        job: the job as it stands.
        situation: who acts, and what is known.
        version: the job as it would be afterwards, where that is not how it stands.
    """
    member, would_be = situation.member, version or job
    if not may_touch(job, member):
        return Verdict((_not_theirs(job),))
    if act in _ONLY_STOPS:
        return Verdict()
    if situation.spec is None:
        method = discord.utils.escape_markdown(would_be.method[:80])
        return Verdict(
            (t("“{method}” isn't loaded, so I can't check whether you may do this.", method=method),)
        )
    found = findings(
        situation.spec,
        would_be.params,
        member.guild,
        member,
        known=situation.known,
        joined=situation.joined,
    )
    against = [translated(item.text) for item in found if act in WRITES or _blocks(item.of, member)]
    if act in WRITES and situation.unreachable is not None:
        against.append(situation.unreachable)
    unseen = act in (Act.RESTORE, Act.MOVE) and situation.approval and not situation.cleared
    if unseen and is_risky(situation.spec, would_be.params, member.guild):
        name = discord.utils.escape_markdown(job.title)[:60]
        against.append(t("“{name}” needs approval: edit it instead.", name=name))
    return Verdict(tuple(dict.fromkeys(against)))


def _blocks(of: Of, member: discord.Member) -> bool:
    """Whether a finding keeps a person from having a saved job run.

    What only the bot lacks is for the run itself to tell. Rights in a channel that the bot cannot see are
    known of administrators alone, who may do everything in every channel.
    """
    if of is Of.UNSEEN:
        return not member.guild_permissions.administrator
    return of in (Of.PERSON, Of.JOB)


def may_touch(job: Job, member: discord.Member) -> bool:
    """Whether a member may do anything at all to a job.

    A job that belongs to another one is its creator's and the administrators'. Of the others all are
    everybody's who may schedule, unless they name roles: those are their creator's, the administrators' and
    those roles'.
    """
    if str(member.id) == job.creator_id or member.guild_permissions.administrator:
        return True
    if belongs_to_another(job):
        return False
    roles = {str(item) for item in job.meta.get(MANAGERS) or ()}
    return not roles or bool(roles & {str(role.id) for role in member.roles})


def _not_theirs(job: Job) -> str:
    name = f"“{discord.utils.escape_markdown(job.title[:80])}”"
    if belongs_to_another(job):
        return t("Only its creator and administrators may change {job}.", job=name)
    return t("Only its creator, administrators and the roles it names may change {job}.", job=name)


def moved(job: Job, channel_id: str) -> Job | None:
    """A job in another channel; None for one that has no single channel."""
    if "channel_id" not in job.params:
        return None
    return replace(job, params={**job.params, "channel_id": channel_id})
