"""Check a draft at this moment: what it means and what prevents saving it. Pure; fetches nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import discord

from cogs import formats
from cogs.background.success_pings import PING_URL, ping_fault
from cogs.desk.drafts.draft import END, MISSED, OVERLAP, PING, QUIET, Filled, fill, label_of
from cogs.desk.drafts.post_preview import is_composed
from cogs.desk.kit.lacking import not_possible
from cogs.desk.kit.suggesting import handy_choices
from cogs.language import shown_locale, t, translated, with_colon
from cogs.memory import Draft
from cogs.rights.allowance import runs_too_often, without_room
from cogs.rights.rights import Channel, is_risky, problems
from cogs.rights.two_factor import two_factor_caution
from cogs.rights.typed_pings import typed_ping_cautions
from schedulezero.client.dialect import Feature
from schedulezero.compose import limits
from schedulezero.compose.rendering import length_of, rendered_post
from schedulezero.compose.typed_text import Directory, unsilenced
from schedulezero.errors import ParameterError, TriggerError, WhenError
from schedulezero.methods.spec import MethodSpec
from schedulezero.methods.variables import Facts, rendered, skipped
from schedulezero.model import GuildRules, MissedPolicy, OverlapPolicy, Trigger
from schedulezero.model.habits import Habits
from schedulezero.model.limits import Allowance
from schedulezero.when.calendar.gaps import gap_below
from schedulezero.when.calendar.quiet_hours import forbidden
from schedulezero.when.calendar.schedules import Schedule, upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.bounding import read_end, with_end
from schedulezero.when.language.handy import handy_times
from schedulezero.when.language.parse import understand
from schedulezero.when.language.understood import spoken

SHOWN_RUNS = 5


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a draft is checked against.

    Attributes:
        guild, member: where and by whom.
        zone, locale: how to read the person's times.
        now: the present instant.
        habits: what words without an hour mean in the guild.
        facts: the values of the variables.
        directory: the names that the person can mean in a text.
        known: channels that are not in the cache.
        joined: the private threads that the person is known to be in.
        unreachable: why the job's recipients cannot get its messages; None if they can.
        objection: why the job would fail at each run, by its own check; None if no reason is known.
        rules: the guild's rules against runs; None if unknown.
        approval: whether the guild requires approval by a second person.
        kept: for an edit, the trigger (with its anchor) that an empty *when* keeps.
        allowance: the guild's limits; None if unknown.
        only_schedules: whether the person may schedule through a role but does not manage the guild.
        lacks: the features that the server lacks, each with a sentence.
    """

    guild: discord.Guild
    member: discord.Member
    zone: str
    locale: str
    now: datetime
    facts: Facts
    directory: Directory = field(default_factory=Directory)
    habits: Habits = field(default_factory=Habits)
    known: Mapping[int, Channel] = field(default_factory=dict[int, Channel])
    joined: Collection[int] = frozenset()
    unreachable: str | None = None
    objection: str | None = None
    rules: GuildRules | None = None
    approval: bool = False
    kept: tuple[Trigger, datetime] | None = None
    allowance: Allowance | None = None
    only_schedules: bool = False
    lacks: Mapping[Feature, str] = field(default_factory=dict[Feature, str])


@dataclass(frozen=True, slots=True)
class Review:
    """The result of checking a draft.

    Attributes:
        filled: its params and their errors.
        trigger: the trigger read from *when* (or kept, for an edit); None if *when* was not understood.
        schedule: the trigger as a schedule.
        zone: the zone of its wall-clock times: the person's, unless the text names another.
        when_error: why *when* was not understood.
        offers: texts that may be what was meant instead, also of a *when* that was understood.
        notes: how *when* was read, where that isn't plain.
        problems: rights that the person or the bot lack, and limits that it would exceed.
        runs: its next instants.
        forbidden: the instants among them that the guild's rules would skip, each with the reason.
        needs_approval: whether it must wait for a second person.
        cautions: what may go wrong, though it can be saved.
        lacks: the features that the server lacks, each with a sentence.
        handy: times to pick with one tap, while none is chosen: a label, and the text that means it.
    """

    filled: Filled
    trigger: Trigger | None
    schedule: Schedule | None
    zone: str
    when_error: str | None
    problems: list[str]
    offers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    runs: tuple[datetime, ...] = ()
    forbidden: tuple[tuple[datetime, str], ...] = ()
    needs_approval: bool = False
    cautions: tuple[str, ...] = ()
    lacks: Mapping[Feature, str] = field(default_factory=dict[Feature, str])
    handy: tuple[tuple[str, str], ...] = ()

    @property
    def ready(self) -> bool:
        """Whether it can be saved."""
        return self.filled.complete and self.trigger is not None and not self.problems


def review(spec: MethodSpec, draft: Draft, around: Circumstances) -> Review:
    """Check a draft."""
    filled = fill(spec, draft.values, str(around.guild.id))
    of_texts = _text_errors(spec, filled, around.facts)
    errors = {
        **filled.errors,
        **of_texts,
        **({} if of_texts else _post_errors(spec, filled, around)),
        **_ping_errors(draft),
    }
    filled = replace(filled, errors=errors)
    when = _schedule(draft, around)
    trigger, schedule, zone = when.trigger, when.schedule, when.zone
    runs = tuple(upcoming(schedule, around.now, SHOWN_RUNS)) if schedule is not None else ()
    skipped: tuple[tuple[datetime, str], ...] = ()
    if around.rules is not None:
        exempt = spec.watches or draft.values.get(QUIET) == "run"
        reasons = [
            (run, forbidden(around.rules, run, in_quiet_hours=exempt, on_free_days=spec.watches))
            for run in runs
        ]
        skipped = tuple((run, why) for run, why in reasons if why is not None)
    against: list[str] = []
    if not filled.errors:
        params = {**filled.params, PING_URL: draft.values.get(PING)}
        found = problems(spec, params, around.guild, around.member, known=around.known, joined=around.joined)
        against = [translated(text) for text in found]
        against += [item for item in (around.unreachable, around.objection) if item is not None]
    against += _exceeded(draft, schedule, around)
    needs_approval = around.approval and is_risky(spec, filled.params, around.guild)
    against += not_possible(
        around.lacks,
        trigger,
        zone,
        MissedPolicy(draft.values.get(MISSED) or MissedPolicy.LATEST),
        OverlapPolicy(draft.values.get(OVERLAP) or OverlapPolicy.ALLOW),
        needs_approval=needs_approval,
    )
    return Review(
        filled=filled,
        trigger=trigger,
        schedule=schedule,
        zone=zone,
        when_error=when.error,
        offers=when.offers,
        notes=when.notes,
        problems=against,
        runs=runs,
        forbidden=skipped,
        needs_approval=needs_approval,
        cautions=_cautions(
            spec, filled.params, schedule, around, [run.astimezone(ZoneInfo(zone)) for run in runs]
        ),
        lacks=around.lacks,
        handy=() if trigger or draft.when.strip() else tuple(_handy(around)),
    )


def _handy(around: Circumstances) -> list[tuple[str, str]]:
    return handy_choices(handy_times(around.now, around.zone, around.habits), around.zone)


def _cautions(
    spec: MethodSpec,
    params: Mapping[str, Any],
    schedule: Schedule | None,
    around: Circumstances,
    runs: Sequence[datetime],
) -> tuple[str, ...]:
    """List what may go wrong: pings that ping nobody, a right that can't be looked up, runs too close."""
    found = typed_ping_cautions(spec, params, around.member, around.directory, around.known)
    if (caution := two_factor_caution(around.guild, [spec])) is not None:
        found.append(caution)
    for text in (params.get(name) for name in spec.variables):
        if isinstance(text, str) and (jump := skipped(text, runs)) is not None:
            found.append(
                t(
                    "The clocks skip {variable} on {day}. The text will show {instead} that day.",
                    variable=f"`{jump[0]}`",
                    day=formats.day(jump[1], shown_locale()),
                    instead=formats.clock(jump[1].time(), shown_locale()),
                )
            )
            break
    if schedule is None or spec.pace is None:
        return tuple(found)
    if (gap := gap_below(schedule, around.now, spec.pace)) is not None:
        found.append(
            t(
                "Some of its runs are only {gap} apart. Discord can't keep up with intervals shorter than "
                "{least}, so some runs will wait.",
                gap=formats.span(gap, shown_locale()),
                least=formats.span(spec.pace, shown_locale()),
            )
        )
    return tuple(found)


def _exceeded(draft: Draft, schedule: Schedule | None, around: Circumstances) -> list[str]:
    """List the limits that a draft exceeds. An edit does not count as a new job and may keep its schedule."""
    if around.allowance is None:
        return []
    found: list[str | None] = []
    if draft.job_id is None:
        person = str(around.member.id) if around.only_schedules else None
        found.append(without_room(around.allowance, person=person))
    if schedule is not None and (draft.job_id is None or draft.when.strip() or draft.values.get(END)):
        found.append(runs_too_often(schedule, around.now, around.allowance.limits))
    return [text for text in found if text is not None]


def _text_errors(spec: MethodSpec, filled: Filled, facts: Facts) -> dict[str, str]:
    """Return errors for texts with invalid variables, or with a turn that is too long."""
    found: dict[str, str] = {}
    for name in spec.variables:
        text, parameter = filled.params.get(name), spec.parameter(name)
        if not isinstance(text, str) or parameter is None:
            continue
        try:
            longest = max(len(unsilenced(part)[0]) for part in rendered(text, facts))
        except ParameterError as error:
            found[name] = f"**{with_colon(label_of(parameter))}** {translated(error.message)}"
            continue
        if name == "message" and longest > limits.TEXT.most:
            said = t("has {count} characters; Discord allows {most}.", count=longest, most=limits.TEXT.most)
            found[name] = f"**{with_colon(label_of(parameter))}** {said}"
    return found


def _post_errors(spec: MethodSpec, filled: Filled, around: Circumstances) -> dict[str, str]:
    """Return errors for a composed post that would be empty, or too long for Discord in its first run."""
    if not is_composed(spec) or filled.errors:
        return {}
    try:
        post = rendered_post(filled.params, around.facts, 1, guild_id=str(around.guild.id))
    except ParameterError as error:
        return {"#post": translated(error.message)}
    if post.empty:
        return {"#post": t("Write some text, or add an embed, a file or a poll.")}
    if post.layout and (post.embeds or post.poll or filled.params.get("text")):
        return {"#post": t("A layout takes the place of text, embeds and a poll. Remove one or the other.")}
    found: dict[str, str] = {}
    # Read as: what is counted, how much there is, how much Discord takes.
    counted = (
        (t("Text"), len(post.content), limits.TEXT.most),
        (t("Embeds"), sum(map(length_of, post.embeds)), limits.EMBED_TOTAL.most),
    )
    for label, count, most in counted:
        if count > most:
            said = t("has {count} characters; Discord allows {most}.", count=count, most=most)
            found[f"#{label}"] = f"**{with_colon(label)}** {said}"
    return found


def _ping_errors(draft: Draft) -> dict[str, str]:
    wrong = ping_fault(draft.values.get(PING))
    return (
        {PING: f"**{with_colon(t('Call after each successful run'))}** {translated(wrong)}"} if wrong else {}
    )


@dataclass(frozen=True, slots=True)
class _When:
    """The draft's schedule, or why there is none."""

    zone: str
    trigger: Trigger | None = None
    schedule: Schedule | None = None
    error: str | None = None
    offers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _schedule(draft: Draft, around: Circumstances) -> _When:
    zone, anchor = around.zone, around.now
    notes: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    try:
        if around.kept is not None and not draft.when.strip():
            trigger, anchor = around.kept
            zone = trigger.zone_or(zone)
        else:
            understood = understand(
                draft.when, zone=zone, locale=around.locale, now=around.now, habits=around.habits
            )
            trigger, zone = understood.trigger, understood.zone
            notes = tuple(translated(note) for note in understood.notes)
            offers = tuple(spoken(item, around.zone, around.locale) for item in understood.others)
        end = draft.values.get(END)
        if end:
            last = read_end(str(end), zone=zone, locale=around.locale, now=around.now, habits=around.habits)
            trigger = with_end(trigger, last)
        schedule = schedule_of(trigger, anchor=anchor, zone=zone)
        if end and schedule.next_after(around.now) is None:
            raise WhenError("“{end}” is before the first run.", code="end_before_first_run", end=end)
    except (WhenError, TriggerError) as error:
        offers = error.offers if isinstance(error, WhenError) else ()
        return _When(zone, error=translated(error.message), offers=offers)
    return _When(zone, trigger, schedule, offers=offers, notes=notes)
