"""From a method to a saved job: form → preview → confirm. Editing a job goes the same way.

A draft is kept in the bot's memory at every step, so that a refused form, a closed modal or a
restart loses nothing that was typed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import discord

from cogs.desk import job_card
from cogs.desk.components import acknowledge, action, guild_id_of, show
from cogs.desk.draft import auto_name, typed
from cogs.desk.forms import build_form, form_of, read_form
from cogs.desk.preview import Review, preview_panel, review
from cogs.desk.wording import plain
from cogs.services import Refused, handler_of, services_of, spec_for, timezone_of
from schedulezero import instants
from schedulezero.errors import ClientError, Conflict
from schedulezero.memory import Draft, new_id
from schedulezero.methods import Kind, MethodSpec
from schedulezero.model import Job, Trigger
from schedulezero.when.describe import describe

NAME_KEY = "#name"
"""Where a draft keeps the job's name among its values; no parameter can be called so."""
_KEPT_KEY = "#kept"


async def begin(interaction: discord.Interaction, method: str, *, name: str | None, when: str | None) -> None:
    """Answers ``/schedule create`` with the first form."""
    spec = _loaded(interaction, method)
    values: dict[str, object] = {}
    if interaction.channel_id is not None:
        # What is scheduled here is most often meant for here.
        channels = (Kind.CHANNEL, Kind.CHANNELS)
        values = {
            parameter.name: [str(interaction.channel_id)]
            for parameter in spec.parameters
            if parameter.kind in channels and parameter.required
        }
    if name and name.strip():
        values[NAME_KEY] = name.strip()[:100]
    draft = Draft(
        id=new_id(),
        user_id=str(interaction.user.id),
        guild_id=guild_id_of(interaction),
        method=method,
        values=values,
        when=(when or "").strip()[:200],
    )
    await interaction.response.send_modal(build_form(spec, draft, 0))
    await services_of(interaction.client).memory.save_draft(draft)


@action("job", "edit")
async def begin_edit(interaction: discord.Interaction, job_id: str, *, when: str | None = None) -> None:
    """Shows a job as a draft that changes it; ``when`` is a new schedule to begin with."""
    await acknowledge(interaction)
    services = services_of(interaction.client)
    job = await services.client.job(job_id, guild_id_of(interaction))
    spec = _loaded(interaction, job.method)
    anchor_at = job.anchor_at or job.created_at or instants.now()
    draft = Draft(
        id=new_id(),
        user_id=str(interaction.user.id),
        guild_id=guild_id_of(interaction),
        method=job.method,
        values={
            **typed(spec, job.params),
            NAME_KEY: job.name,
            _KEPT_KEY: {**job.trigger.to_json(), "anchor_at": instants.to_iso(anchor_at)},
        },
        when=(when or "").strip()[:200],
        job_id=job.id,
        job_version=job.version,
    )
    await services.memory.save_draft(draft)
    await _show_preview(interaction, draft, spec)


async def submitted(interaction: discord.Interaction) -> None:
    """Takes in a submitted form and shows the preview."""
    found = form_of(interaction)
    assert found is not None, "the caller looked"
    await acknowledge(interaction)
    services = services_of(interaction.client)
    draft = await _own_draft(interaction, found[0])
    values, when = read_form(interaction)
    draft = replace(
        draft, values={**draft.values, **values}, when=draft.when if when is None else when.strip()
    )
    await services.memory.save_draft(draft)
    await _show_preview(interaction, draft, _loaded(interaction, draft.method))


@action("draft", "edit")
async def edit(interaction: discord.Interaction, draft_id: str) -> None:
    """Opens the first form again, as it was filled."""
    await _open_form(interaction, draft_id, 0)


@action("draft", "morea")
async def more(interaction: discord.Interaction, draft_id: str) -> None:
    """Opens the second form."""
    await _open_form(interaction, draft_id, 1)


@action("draft", "moreb")
async def still_more(interaction: discord.Interaction, draft_id: str) -> None:
    """Opens the third form."""
    await _open_form(interaction, draft_id, 2)


@action("draft", "cancel")
async def discard(interaction: discord.Interaction, draft_id: str) -> None:
    """Throws a draft away."""
    await acknowledge(interaction)
    draft = await _own_draft(interaction, draft_id)
    await services_of(interaction.client).memory.take_draft(draft.id)
    said = "The job stays as it was." if draft.job_id else "Discarded. Nothing was scheduled."
    await show(interaction, job_card.note_panel(said))


@action("draft", "confirm")
async def confirm(interaction: discord.Interaction, draft_id: str) -> None:
    """Saves the job, if nothing stands against it now."""
    await acknowledge(interaction)
    services = services_of(interaction.client)
    draft = await _own_draft(interaction, draft_id)
    spec = _loaded(interaction, draft.method)
    _, reviewed = await _review(interaction, draft, spec)
    if not reviewed.ready or reviewed.trigger is None:
        await _show_preview(interaction, draft, spec)
        return
    if not await services.memory.take_draft(draft.id):
        raise Refused("This was confirmed already.")  # a second click was faster than our answer
    try:
        job = await _save(interaction, draft, spec, reviewed, reviewed.trigger)
    except ClientError as error:
        await services.memory.save_draft(draft)
        notice = error.message
        if isinstance(error, Conflict) and draft.job_id:
            notice = "Somebody changed this job meanwhile. Discard this, and edit it again."
        panel = preview_panel(
            spec, draft, reviewed, locale=interaction.locale.value, now=instants.now(), notice=notice
        )
        await show(interaction, panel)
        return
    heading = "Changed" if draft.job_id else "Scheduled"
    await show(interaction, await job_card.card_of(interaction, job, heading=heading))


async def _save(
    interaction: discord.Interaction,
    draft: Draft,
    spec: MethodSpec,
    reviewed: Review,
    trigger: Trigger,
) -> Job:
    services = services_of(interaction.client)
    params = reviewed.filled.params
    named = draft.values.get(NAME_KEY)
    if draft.job_id is None:
        return await services.client.create(
            Job(
                id="",
                handler_id=services.handler_id,
                method=draft.method,
                params=params,
                trigger=trigger,
                name=str(named or auto_name(spec, params)),
                guild_id=draft.guild_id,
                creator_id=draft.user_id,
                timezone=reviewed.zone,
            )
        )
    before = await services.client.job(draft.job_id, draft.guild_id)
    # A zone belongs to its schedule: one that was not edited keeps both.
    moved = {"trigger": trigger, "timezone": reviewed.zone} if draft.when else {}
    changed = replace(before, params=params, name=named, **moved)
    return await services.client.change(changed, draft.job_version or before.version)


async def _open_form(interaction: discord.Interaction, draft_id: str, step: int) -> None:
    draft = await _own_draft(interaction, draft_id)
    spec = _loaded(interaction, draft.method)
    kept = _kept(draft)
    keeps = describe(kept[0], "UTC", interaction.locale.value) if kept is not None else None
    await interaction.response.send_modal(build_form(spec, draft, step, keeps=keeps))


async def _show_preview(interaction: discord.Interaction, draft: Draft, spec: MethodSpec) -> None:
    zone, reviewed = await _review(interaction, draft, spec)
    services = services_of(interaction.client)
    chosen = await services.memory.timezone(interaction.user.id, interaction.guild_id)
    hint = None if chosen else f"Times are read in {zone}; `/schedule timezone` sets yours."
    now = instants.now()
    await show(
        interaction, preview_panel(spec, draft, reviewed, locale=interaction.locale.value, now=now, hint=hint)
    )


async def _review(interaction: discord.Interaction, draft: Draft, spec: MethodSpec) -> tuple[str, Review]:
    services = services_of(interaction.client)
    zone = await timezone_of(services, interaction.user.id, interaction.guild_id)
    assert interaction.guild is not None and isinstance(interaction.user, discord.Member)
    reviewed = review(
        spec,
        draft,
        guild=interaction.guild,
        member=interaction.user,
        zone=zone,
        locale=interaction.locale.value,
        now=instants.now(),
        kept=_kept(draft),
    )
    return zone, reviewed


def _kept(draft: Draft) -> tuple[Trigger, datetime] | None:
    """The schedule of the job that a draft edits."""
    kept = draft.values.get(_KEPT_KEY)
    if kept is None:
        return None
    return Trigger.from_json(kept), instants.from_iso(kept["anchor_at"])


async def _own_draft(interaction: discord.Interaction, draft_id: str) -> Draft:
    draft = await services_of(interaction.client).memory.draft(draft_id)
    if draft is None:
        raise Refused("This draft was saved or discarded already. `/schedule list` shows what is scheduled.")
    if draft.user_id != str(interaction.user.id) or draft.guild_id != guild_id_of(interaction):
        raise Refused("This draft is somebody else's.")
    return draft


def _loaded(interaction: discord.Interaction, method: str) -> MethodSpec:
    spec = spec_for(interaction.client, method)
    if spec is None:
        names = ", ".join(f"`{name}`" for name in sorted(handler_of(interaction.client).sprockets))
        raise Refused(f"There is no job “{plain(method)[:80]}” loaded. There are: {names or 'none'}.")
    return spec
