"""Decide whether a person may act on a job: one function for every kind of action.

It asks two questions. May this person touch this job at all? And may they do by hand what the resulting
version of the job would do? Actions that only stop something need the first, all others need both. Pure over
discord.py's objects; `cogs.desk.jobs.lookup` fetches the facts and refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto

import discord

from cogs.language import in_quotes, t, translated
from cogs.rights.rights import Channel, Of, findings, is_risky, pings_beyond
from schedulezero.methods.markup import escaped
from schedulezero.methods.spec import MethodSpec
from schedulezero.model import Job, JobState
from schedulezero.model.authorship import ENDINGS, belongs_to_another, definition, is_rewritten
from schedulezero.model.method_names import spoken

MANAGERS = "managers"
"""The key in a job's meta that holds the roles that may change it."""


class Act(Enum):
    """An action on a job."""

    PAUSE = auto()
    SKIP = auto()
    CANCEL = auto()
    BEGIN = auto()
    """Open a draft that edits it; its contents are checked on save."""
    COPY = auto()
    """Open a draft of a new job like it."""
    SAVE = auto()
    RUN = auto()
    MAKE_UP = auto()
    """Run instants again that did not run well, or for the first time."""
    RESUME = auto()
    RESTORE = auto()
    """Restore a version; an undo does the same."""
    MOVE = auto()
    """Move to another channel."""
    REZONE = auto()
    """Move to the same times of day in another time zone."""
    IMPORT = auto()
    APPROVE = auto()
    SEND_BACK = auto()
    """Ask the author of a waiting job for changes."""


_ONLY_STOPS = frozenset({Act.PAUSE, Act.SKIP, Act.CANCEL, Act.BEGIN, Act.COPY, Act.SEND_BACK})
_OF_ENDINGS = frozenset({Act.CANCEL, Act.RUN, Act.MAKE_UP, Act.RESUME, Act.COPY})
"""What may be done to a job that ends another one: settle it now, or call it off."""
_IN_CREATORS_NAME = frozenset({Act.RUN, Act.MAKE_UP, Act.RESUME, Act.RESTORE, Act.APPROVE})
"""What lets a job run with the rights of its creator, whoever acts, unless the action rewrites it."""
WRITES = frozenset({Act.SAVE, Act.MOVE, Act.REZONE, Act.IMPORT})
"""Actions that write what the job does, so the bot must also be able to do it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision: allowed if there are no sentences against it.

    Attributes:
        against: what is against it.
        named: whether these sentences name the job.
    """

    against: tuple[str, ...] = ()
    named: bool = False

    @property
    def allowed(self) -> bool:
        return not self.against


@dataclass(frozen=True, slots=True)
class Situation:
    """What a verdict depends on, in addition to the job.

    Attributes:
        member: who acts, in the guild where they act.
        spec: what the job's method declares; None if it is not loaded.
        becomes: the whole job after the action, where the decision is about a part of it; None for no part.
        known: channels that are not in the cache.
        joined: the private threads that the member is known to be in.
        unreachable: why the job's recipient cannot get its messages; None if they can.
        objection: why the job would fail at each run, by its own check; None if no reason is known.
        approval: whether the guild requires approval by a second person.
        cleared: whether the action needs no approval, because it does not change what the job does.
    """

    member: discord.Member
    spec: MethodSpec | None
    becomes: Job | None = None
    known: Mapping[int, Channel] = field(default_factory=dict[int, Channel])
    joined: Collection[int] = frozenset()
    unreachable: str | None = None
    objection: str | None = None
    approval: bool = False
    cleared: bool = False


def decide(act: Act, job: Job, situation: Situation, *, version: Job | None = None) -> Verdict:
    """Decide whether a person may act on a job.

    Parameters:
        act: the action.
        job: the job in its current version.
        situation: who acts, and what is known.
        version: the job after the action, if it differs.
    """
    member, would_be = situation.member, version or job
    if not may_touch(job, member):
        return Verdict((_not_theirs(job),), named=True)
    if belongs_to_another(job):
        # A copy of a job that another one planned would do nothing by itself.
        possible = _OF_ENDINGS if job.id.startswith(ENDINGS) else _OF_ENDINGS - {Act.COPY}
        if act not in possible and not (act is Act.RESTORE and definition(job) == definition(would_be)):
            return Verdict((_only_called_off(job),), named=True)
        if act is Act.COPY or situation.spec is None:
            return Verdict()
        # The bot owes it by itself; whoever settles or calls it off by hand needs the rights for that.
        found = findings(
            situation.spec, job.params, member.guild, member, known=situation.known, joined=situation.joined
        )
        return Verdict(tuple(dict.fromkeys(translated(item.text) for item in found if item.of is Of.PERSON)))
    if act in _ONLY_STOPS:
        return Verdict()
    if situation.spec is None:
        method = escaped(spoken(would_be.method)[:80])
        return Verdict(
            (
                t(
                    "“{method}” isn't loaded, so I can't check whether you're allowed to do this.",
                    method=method,
                ),
            )
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
    becomes = situation.becomes or would_be
    starts = act in _IN_CREATORS_NAME or becomes.trigger != job.trigger
    if starts and str(member.id) != job.creator_id and not is_rewritten(job, becomes):
        beyond = pings_beyond(situation.spec, would_be.params, member, situation.known)
        against += [translated(text) for text in beyond]
    if act in WRITES:
        against += [item for item in (situation.unreachable, situation.objection) if item is not None]
    wrote = (act in WRITES or act is Act.RESTORE) and (not job.id or definition(job) != definition(becomes))
    exempt = becomes.in_quiet_hours and would_be is becomes and not situation.spec.watches
    if wrote and exempt and not member.guild_permissions.manage_guild:
        against.append(t("Only members with *Manage Server* may let a job run during quiet hours."))
    waits = situation.cleared or would_be.state is JobState.PENDING  # and so is still read by a second person
    unseen = act in (Act.RESTORE, Act.MOVE, Act.REZONE) and situation.approval and not waits
    if unseen and is_risky(situation.spec, would_be.params, member.guild):
        name = escaped(job.title[:60])
        against.append(t("“{name}” needs approval: edit it instead.", name=name))
    return Verdict(tuple(dict.fromkeys(against)))


def _blocks(of: Of, member: discord.Member) -> bool:
    """Return whether a finding prevents a person from running a saved job.

    The run itself reports rights that only the bot lacks. In a channel that the bot cannot see, only
    administrators' rights are known: they may do everything in every channel.
    """
    if of is Of.UNSEEN:
        return not member.guild_permissions.administrator
    return of in (Of.PERSON, Of.JOB)


def may_touch(job: Job, member: discord.Member) -> bool:
    """Return whether a member may act on a job at all.

    A job that belongs to another job may be changed by its creator and administrators. Any other job may be
    changed by everyone who may schedule, unless it names roles: then by those roles, its creator and
    administrators.
    """
    if str(member.id) == job.creator_id or member.guild_permissions.administrator:
        return True
    if belongs_to_another(job):
        return False
    roles = job.meta.get(MANAGERS)
    if not roles:
        return True
    if not isinstance(roles, list | tuple):
        return False  # a client of the server wrote something else, and which roles it meant is unknown
    named = {str(item) for item in roles}
    return any(str(role.id) in named for role in member.roles)


def _not_theirs(job: Job) -> str:
    name = in_quotes(escaped(job.title[:80]))
    if belongs_to_another(job):
        return t("Only the creator of {job} and administrators may change it.", job=name)
    return t(
        "Only the creator of {job}, administrators and members with one of its editing roles may change it.",
        job=name,
    )


def _only_called_off(job: Job) -> str:
    name = in_quotes(escaped(job.title[:80]))
    if not job.id.startswith(ENDINGS):
        return t("{job} belongs to another job. It can't be changed, only run now or cancelled.", job=name)
    return t("{job} undoes what another job did. It can't be changed, only run now or cancelled.", job=name)


def moved(job: Job, channel_id: str) -> Job | None:
    """Return a job moved to another channel; None if it does not have a single channel."""
    if "channel_id" not in job.params:
        return None
    return replace(job, params={**job.params, "channel_id": channel_id})
