"""From a method to a saved job: a draft's card, its forms, confirm. Editing and cloning go the same way.

A draft is kept in the bot's memory at every step, so that a refused form, a closed modal, a restart
or an hour's pause loses nothing that was typed; ``/schedule drafts`` brings it back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import discord

from cogs.desk import approval, job_card
from cogs.desk.answers import acknowledge, guild_id_of, member_of, show
from cogs.desk.components import action, note_panel, picked
from cogs.desk.draft import ALERT, END, KEPT, MANAGERS, MISSED, NAME, OVERLAP, PING, auto_name, typed
from cogs.desk.draft_card import choose_panel, draft_panel
from cogs.desk.forms import FIRST, build_form, read_form
from cogs.desk.jobs_here import actor_of, client_of, job_to_change
from cogs.desk.language import locale, t, translated
from cogs.desk.modals import form_action
from cogs.desk.rendered import post_of
from cogs.desk.review import Circumstances, Review, review
from cogs.desk.wording import NEUTRAL, plain
from cogs.good_runs import PING_URL
from cogs.services import Refused, offered_specs, services_of, spec_for, timezone_of
from schedulezero import instants
from schedulezero.dialects import Feature
from schedulezero.errors import ClientError, Conflict, ScheduleZeroError
from schedulezero.memory import Draft, new_id
from schedulezero.methods import MethodSpec, Tell, best_matches
from schedulezero.model import GuildRules, Job, JobState, MissedPolicy, OverlapPolicy, Trigger
from schedulezero.parameter_values import check_params
from schedulezero.parameters import Kind
from schedulezero.run_context import RunContext, running
from schedulezero.variables import facts_of
from schedulezero.when.describe import describe

log = logging.getLogger(__name__)

_RULES_SECONDS = 0.8
_PREVIEW_SECONDS = 1.0
_DRY_RUN_SECONDS = 20.0
_RUN_COUNT = "#runs"


async def begin(
    interaction: discord.Interaction, method: str | None, *, name: str | None, when: str | None
) -> None:
    """Answers ``/schedule create``: with the first form, or with a choice of jobs where none was named."""
    draft = new_draft(interaction, method or "", when=when)
    if name and name.strip():
        draft.values[NAME] = name.strip()[:100]
    if method is None:
        await acknowledge(interaction)
        await services_of(interaction.client).memory.save_draft(draft)
        await show(interaction, choose_panel(draft.id, _all_specs(interaction)))
        return
    spec = loaded(interaction, method)
    draft = _here(interaction, draft, spec)
    await interaction.response.send_modal(build_form(spec, draft, FIRST))
    await services_of(interaction.client).memory.save_draft(draft)


def new_draft(
    interaction: discord.Interaction,
    method: str,
    *,
    values: Mapping[str, Any] | None = None,
    when: str | None = None,
) -> Draft:
    """An empty draft of the person's in this guild."""
    return Draft(
        id=new_id(),
        user_id=str(interaction.user.id),
        guild_id=guild_id_of(interaction),
        method=method,
        values=dict(values or {}),
        when=(when or "").strip()[:200],
    )


def _here(interaction: discord.Interaction, draft: Draft, spec: MethodSpec) -> Draft:
    """The draft with this channel where a channel is required: what is scheduled here is meant for here."""
    if interaction.channel_id is None:
        return draft
    here = {
        parameter.name: [str(interaction.channel_id)]
        for parameter in spec.parameters
        if parameter.kind in (Kind.CHANNEL, Kind.CHANNELS) and parameter.required
    }
    return replace(draft, values={**here, **draft.values})


@action("draft", "choose")
async def choose(interaction: discord.Interaction, draft_id: str) -> None:
    """Offers the job methods again; what was typed is kept where the other one has it, too."""
    await acknowledge(interaction)
    draft = await own_draft(interaction, draft_id)
    await show(interaction, choose_panel(draft.id, _all_specs(interaction)))


@action("draft", "method")
async def method_chosen(interaction: discord.Interaction, draft_id: str) -> None:
    """Takes in which job it shall be."""
    await acknowledge(interaction)
    draft = await own_draft(interaction, draft_id)
    spec = loaded(interaction, picked(interaction))
    draft = _here(interaction, replace(draft, method=spec.name), spec)
    await services_of(interaction.client).memory.save_draft(draft)
    await show_draft(interaction, draft, spec)


@action("job", "edit")
async def begin_edit(interaction: discord.Interaction, job_id: str, *, when: str | None = None) -> None:
    """Shows a job as a draft that changes it; ``when`` is a new schedule to begin with."""
    await acknowledge(interaction)
    job = await job_to_change(interaction, job_id)
    spec = loaded(interaction, job.method)
    draft = replace(_draft_of(interaction, job, spec), job_id=job.id, job_version=job.version)
    draft = replace(draft, when=(when or "").strip()[:200])
    await services_of(interaction.client).memory.save_draft(draft)
    await show_draft(interaction, draft, spec)


@action("job", "clone")
async def clone(interaction: discord.Interaction, job_id: str) -> None:
    """Begins a new job that is like another one."""
    await acknowledge(interaction)
    job = await job_to_change(interaction, job_id)
    spec = loaded(interaction, job.method)
    draft = _draft_of(interaction, job, spec)
    draft.values.pop(_RUN_COUNT)
    if job.name:
        draft.values[NAME] = t("{name} (copy)", name=job.name[:80])
    if job.trigger.type == "date":
        del draft.values[KEPT]  # its moment may be over
    await services_of(interaction.client).memory.save_draft(draft)
    await show_draft(interaction, draft, spec)


def _draft_of(interaction: discord.Interaction, job: Job, spec: MethodSpec) -> Draft:
    """What one would have typed for a job."""
    anchor_at = job.anchor_at or job.created_at or instants.now()
    kept = {"timezone": job.timezone, **job.trigger.args}
    options = {
        NAME: job.name,
        MISSED: job.missed.value,
        OVERLAP: job.overlap.value,
        ALERT: job.meta.get("alert"),
        MANAGERS: job.meta.get("managers"),
        PING: job.params.get(PING_URL),
        KEPT: {
            **job.trigger.to_json(),
            "zone": kept["timezone"],
            "anchor_at": instants.to_iso(anchor_at),
        },
        _RUN_COUNT: job.run_count,
    }
    return new_draft(interaction, job.method, values={**typed(spec, job.params), **options})


@action("draft", "edit")
async def edit(interaction: discord.Interaction, target: str) -> None:
    """Opens the form of a line, as it was filled; the target is ``<draft>.<group>``."""
    draft_id, _, group = target.partition(".")
    draft = await own_draft(interaction, draft_id)
    spec = loaded(interaction, draft.method)
    kept = _kept(draft)
    keeps = describe(kept[0], "UTC", locale()) if kept is not None else None
    await interaction.response.send_modal(build_form(spec, draft, group or FIRST, keeps=keeps))


@form_action("draft", "form")
async def form_submitted(interaction: discord.Interaction, target: str, fields: Mapping[str, Any]) -> None:
    """Takes in a submitted form and shows the card."""
    await acknowledge(interaction)
    draft = await own_draft(interaction, target.partition(".")[0])
    values, when = read_form(fields)
    draft = replace(draft, values={**draft.values, **values}, when=draft.when if when is None else when)
    await services_of(interaction.client).memory.save_draft(draft)
    await show_draft(interaction, draft, loaded(interaction, draft.method))


@action("draft", "later")
async def keep_for_later(interaction: discord.Interaction, draft_id: str) -> None:
    """Puts a draft aside."""
    await acknowledge(interaction)
    await own_draft(interaction, draft_id)
    said = t("Kept. `/schedule drafts` brings it back; after a month without a change it is forgotten.")
    await show(interaction, note_panel(said, colour=NEUTRAL))


@action("draft", "cancel")
async def discard(interaction: discord.Interaction, draft_id: str) -> None:
    """Throws a draft away."""
    await acknowledge(interaction)
    draft = await own_draft(interaction, draft_id)
    await services_of(interaction.client).memory.take_draft(draft.id)
    said = t("The job stays as it was.") if draft.job_id else t("Discarded. Nothing was scheduled.")
    await show(interaction, note_panel(said, colour=NEUTRAL))


@action("draft", "confirm")
async def confirm(interaction: discord.Interaction, draft_id: str) -> None:
    """Saves the job, if nothing stands against it now."""
    await acknowledge(interaction)
    services = services_of(interaction.client)
    draft = await own_draft(interaction, draft_id)
    spec = loaded(interaction, draft.method)
    if draft.job_id is not None:
        await job_to_change(interaction, draft.job_id)  # who may change it may have changed meanwhile
    reviewed = await _review(interaction, draft, spec)
    if not reviewed.ready or reviewed.trigger is None:
        await show_draft(interaction, draft, spec)
        return
    if not await services.memory.take_draft(draft.id):
        raise Refused(t("This was confirmed already."))  # a second click was faster than our answer
    try:
        job = await _save(interaction, draft, spec, reviewed, reviewed.trigger)
    except ClientError as error:
        await services.memory.save_draft(draft)
        notice = translated(error.message)
        if isinstance(error, Conflict) and draft.job_id and error.code == "job_changed":
            notice = t("Somebody changed this job meanwhile. Discard this, and edit it again.")
        await show_draft(interaction, draft, spec, notice=notice)
        return
    heading = t("Changed") if draft.job_id else t("Scheduled")
    if job.state is JobState.PENDING:
        heading = t("Waits for approval")
        await approval.ask_for_approval(interaction, job)
    await show(interaction, await job_card.card_of(interaction, job, heading=heading))


async def _save(
    interaction: discord.Interaction,
    draft: Draft,
    spec: MethodSpec,
    reviewed: Review,
    trigger: Trigger,
) -> Job:
    services, client = services_of(interaction.client), client_of(interaction)
    params, values = reviewed.filled.params, draft.values
    if values.get(PING):
        params = {**params, PING_URL: values[PING]}
    named = values.get(NAME)
    options: dict[str, Any] = {
        "missed": MissedPolicy(values.get(MISSED) or MissedPolicy.LATEST),
        "overlap": OverlapPolicy(values.get(OVERLAP) or OverlapPolicy.ALLOW),
    }
    given = {"alert": values.get(ALERT), "managers": values.get(MANAGERS)}
    meta = {key: value for key, value in given.items() if value}
    state = JobState.PENDING if reviewed.needs_approval else JobState.ACTIVE
    if draft.job_id is None:
        return await client.create(
            Job(
                id="",
                handler_id=services.handler_id,
                method=draft.method,
                params=params,
                trigger=trigger,
                state=state,
                name=str(named or auto_name(spec, params)),
                guild_id=draft.guild_id,
                creator_id=draft.user_id,
                timezone=reviewed.zone,
                meta=meta,
                **options,
            )
        )
    before = await client.job(draft.job_id, draft.guild_id)
    # A zone belongs to its schedule: one that was not edited keeps both.
    touched = draft.when or values.get(END)
    moved = {"trigger": trigger, "timezone": reviewed.zone} if touched else {}
    meta = {**before.meta, "alert": None, "managers": None, **meta}
    changed = replace(
        before, params=params, name=named, meta={k: v for k, v in meta.items() if v}, **options, **moved
    )
    if reviewed.needs_approval:
        changed = replace(changed, state=JobState.PENDING)
    return await client.change(changed, draft.job_version or before.version, actor_of(interaction))


async def show_draft(
    interaction: discord.Interaction,
    draft: Draft,
    spec: MethodSpec,
    *,
    notice: str | None = None,
    told: str | None = None,
) -> None:
    """Shows a draft's card as it stands now.

    Parameters:
        interaction, draft, spec: whose card it is.
        notice: why it was not saved.
        told: what the job says that it would do now; else what it says without looking.
    """
    reviewed = await _review(interaction, draft, spec)
    if told is None and spec.preview is not None and reviewed.filled.complete:
        told = await _told(interaction, spec.preview, spec, reviewed.filled.params, _PREVIEW_SECONDS)
    services = services_of(interaction.client)
    hint = None
    if not await services.memory.timezone(interaction.user.id, interaction.guild_id):
        hint = t("Times are read in {zone}; `/schedule timezone` sets yours.", zone=reviewed.zone)
    now = instants.now()
    assert interaction.guild is not None
    number = int(draft.values.get(_RUN_COUNT) or 0) + 1
    facts = facts_of(
        interaction.guild,
        timezone=reviewed.zone,
        number=number,
        now=reviewed.runs[0] if reviewed.runs else now,
    )
    post = post_of(spec, reviewed.filled.params, facts, number)
    panel = draft_panel(spec, draft, reviewed, now=now, post=post, notice=notice, hint=hint, told=told)
    await show(interaction, panel)


@action("draft", "try")
async def try_out(interaction: discord.Interaction, draft_id: str) -> None:
    """Says what a draft's job would do now, without doing it."""
    await acknowledge(interaction)
    draft = await own_draft(interaction, draft_id)
    spec = loaded(interaction, draft.method)
    reviewed = await _review(interaction, draft, spec)
    told = None
    if spec.dry_run is not None and reviewed.filled.complete and not reviewed.problems:
        told = await _told(interaction, spec.dry_run, spec, reviewed.filled.params, _DRY_RUN_SECONDS)
    await show_draft(interaction, draft, spec, told=told)


async def _told(
    interaction: discord.Interaction, tell: Tell, spec: MethodSpec, params: Mapping[str, Any], seconds: float
) -> str:
    """What a job says of itself, or why it cannot."""
    run = RunContext(guild_id=guild_id_of(interaction), creator_id=str(interaction.user.id))
    try:
        with running(run):
            async with asyncio.timeout(seconds):
                return translated(await tell(interaction.client, check_params(spec, params)))
    except ScheduleZeroError as error:
        return translated(error.message)
    except TimeoutError:
        return t("That cannot be told quickly enough.")
    except Exception:
        log.exception("the preview of %s failed", spec.name)
        return t("That cannot be told: the job's own preview failed. The log says why.")


async def _review(interaction: discord.Interaction, draft: Draft, spec: MethodSpec) -> Review:
    services = services_of(interaction.client)
    zone = await timezone_of(services, interaction.user.id, interaction.guild_id)
    now = instants.now()
    assert interaction.guild is not None
    around = Circumstances(
        guild=interaction.guild,
        member=member_of(interaction),
        zone=zone,
        locale=locale(),
        now=now,
        facts=facts_of(interaction.guild, timezone=zone, number=1, now=now),
        rules=await _rules(interaction),
        approval=(await services.memory.settings(interaction.guild.id)).approval,
        kept=_kept(draft),
    )
    return review(spec, draft, around)


async def _rules(interaction: discord.Interaction) -> GuildRules | None:
    """The guild's rules, if the server tells them soon; it enforces them in any case."""
    try:
        async with asyncio.timeout(_RULES_SECONDS):
            if Feature.RULES in await client_of(interaction).lacks():
                return None
            return await client_of(interaction).rules(guild_id_of(interaction))
    except (ClientError, TimeoutError):
        return None


def _kept(draft: Draft) -> tuple[Trigger, datetime] | None:
    """The schedule of the job that a draft edits or copies."""
    kept = draft.values.get(KEPT)
    if kept is None:
        return None
    trigger = Trigger.from_json(kept)
    if trigger.type != "interval":
        trigger = Trigger(trigger.type, {"timezone": kept["zone"], **trigger.args})
    return trigger, instants.from_iso(kept["anchor_at"])


async def own_draft(interaction: discord.Interaction, draft_id: str) -> Draft:
    """The person's own draft of that id; Refused when it is used up, or somebody else's."""
    draft = await services_of(interaction.client).memory.draft(draft_id)
    if draft is None:
        raise Refused(
            t("This draft was saved or discarded already. `/schedule list` shows what is scheduled.")
        )
    if draft.user_id != str(interaction.user.id) or draft.guild_id != guild_id_of(interaction):
        raise Refused(t("This draft is somebody else's."))
    return draft


def _all_specs(interaction: discord.Interaction) -> list[MethodSpec]:
    return best_matches(offered_specs(interaction.client), "")


def loaded(interaction: discord.Interaction, method: str) -> MethodSpec:
    """What a loaded job method declares; Refused, with all that there are, when it is not loaded."""
    spec = spec_for(interaction.client, method)
    if spec is None or spec.personal:
        names = ", ".join(f"`{item.name}`" for item in offered_specs(interaction.client))
        raise Refused(
            t(
                "There is no job “{name}” loaded. There are: {names}.",
                name=plain(method)[:80],
                names=names or "–",
            )
        )
    return spec
