"""From a method to a saved job: a draft's card, its forms, confirm. Edit and clone work the same way.

Every step saves the draft in the bot's memory, so that a refused form, a closed modal, a restart or an
hour's pause loses no input; ``/schedule drafts`` reopens it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import discord

from cogs.background.success_pings import PING_URL
from cogs.desk.creating.draft_view import (
    RUN_COUNT,
    kept_schedule,
    loaded,
    own_draft,
    review_here,
    show_draft,
    with_hidden,
    zone_of,
)
from cogs.desk.creating.event_choices import event_value
from cogs.desk.creating.recent import recently_used
from cogs.desk.creating.typed_texts import sent_values, typed_draft
from cogs.desk.drafts.auto_names import auto_name
from cogs.desk.drafts.choosing import choose_panel
from cogs.desk.drafts.draft import (
    ALERT,
    CHANGES,
    END,
    HIDDEN,
    KEPT,
    MANAGERS,
    MISSED,
    NAME,
    OVERLAP,
    OWN,
    PING,
    QUIET,
    fitting,
    strangers_in,
    switches,
    typed,
)
from cogs.desk.drafts.forms import FIRST, build_form, read_form
from cogs.desk.drafts.options import with_options
from cogs.desk.drafts.parts import PARTS, have_secrets, parts_of
from cogs.desk.drafts.review import Review
from cogs.desk.drafts.secrecy import may_read, without_secrets
from cogs.desk.drafts.uploads import with_uploads
from cogs.desk.jobs import job_card
from cogs.desk.jobs.approval_card import ask_for_approval
from cogs.desk.jobs.lookup import check, job_for
from cogs.desk.jobs.running import look_at_once
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.first_run import first_run_warning
from cogs.desk.kit.lacking import expect, lacks_of
from cogs.desk.kit.layout import note_panel
from cogs.desk.kit.modals import open_form
from cogs.desk.kit.names import directory_here
from cogs.desk.kit.suggesting import handy_choices
from cogs.desk.kit.wording import NEUTRAL, is_held, no_longer_held, plain
from cogs.desk.queue.adding import QUEUE, put_into, slot_held, taken_out
from cogs.desk.queue.slots import META, Queue
from cogs.formats import zone_name
from cogs.guild_language import locale_of
from cogs.language import shown_locale, speaking, t, tc, translated
from cogs.memory import Draft, new_id
from cogs.own_schedules import switched_on, taking_turns
from cogs.rights.deciding import Act
from cogs.services import Refused, pickable_specs, spec_for
from schedulezero import instants
from schedulezero.client.dialect import Feature, JobQuery
from schedulezero.compose.naming import told_apart
from schedulezero.errors import ClientError, Conflict
from schedulezero.methods.spec import MethodSpec, required_channels
from schedulezero.model import Job, JobState, MissedPolicy, OverlapPolicy, Trigger
from schedulezero.model.authorship import ASKED, OWN_SCHEDULE
from schedulezero.when.calendar.weekdays import stored_trigger
from schedulezero.when.language.describe import describe
from schedulezero.when.language.handy import handy_times

log = logging.getLogger(__name__)


async def begin(
    desk: Desk, method: str | None, *, name: str | None, when: str | None, event: str | None = None
) -> None:
    """Answer ``/schedule create`` with the first form, or with a choice of jobs if none was named."""
    draft = new_draft(desk, method or "", when=when)
    if name and name.strip():
        draft.values[NAME] = name.strip()[:100]
    if method is None:
        await desk.acknowledge()
        await desk.memory.save_draft(draft)
        await _show_kinds(desk, draft)
        return
    spec = loaded(desk, method)
    draft = here(desk, draft, spec)
    draft.values.update(event_value(spec, event))
    spec = await with_options(desk.bot, desk.guild.id, spec, draft.values)
    await open_form(desk, build_form(spec, draft, FIRST))
    await desk.memory.save_draft(draft)


def new_draft(
    desk: Desk,
    method: str,
    *,
    values: Mapping[str, Any] | None = None,
    when: str | None = None,
) -> Draft:
    """Return a new draft of the caller in this guild."""
    return Draft(
        id=new_id(),
        user_id=desk.actor_id,
        guild_id=desk.guild_id,
        method=method,
        values=dict(values or {}),
        when=(when or "").strip()[:200],
    )


def here(desk: Desk, draft: Draft, spec: MethodSpec) -> Draft:
    """Fill required channels with the current one: a job scheduled here is most likely meant for here.

    When it runs is filled with the time that is usual for such a job.
    """
    draft = replace(draft, when=draft.when or spec.usual)
    if desk.interaction.channel_id is None:
        return draft
    here = {name: [str(desk.interaction.channel_id)] for name in required_channels(spec)}
    return replace(draft, values={**here, **draft.values})


async def choose(desk: Desk, draft_id: str) -> None:
    """Offer the job methods again; input that fits the new method is kept."""
    await _show_kinds(desk, await _new_here(desk, draft_id))


async def _show_kinds(desk: Desk, draft: Draft) -> None:
    specs = pickable_specs(desk.bot)
    try:
        recent = await recently_used(desk.client, desk.guild_id, desk.actor_id, specs)
    except ClientError as error:
        log.info("what was used here last is not known: %s", error)
        recent = []
    await desk.show(choose_panel(draft.id, specs, recent))


async def begin_new(desk: Desk, _target: str) -> None:
    """Offer the kinds of jobs for a new one."""
    await begin(desk, None, name=None, when=None)


async def begin_post(desk: Desk, _target: str) -> None:
    """Open the form of a new post, or of whatever is offered first."""
    first = next(iter(pickable_specs(desk.bot)), None)
    await begin(desk, first.name if first is not None else None, name=None, when=None)


async def method_chosen(desk: Desk, target: str) -> None:
    """Set the draft's method to the picked one; the target is ``<draft>.<menu>``."""
    await _set_method(desk, target.partition(".")[0], desk.picked())


async def method_tapped(desk: Desk, target: str) -> None:
    """Set the draft's method to that of a button; the target is ``<draft>.<method>``."""
    draft_id, _, method = target.partition(".")
    await _set_method(desk, draft_id, method)


async def _set_method(desk: Desk, draft_id: str, method: str) -> None:
    draft = await _new_here(desk, draft_id)
    spec = loaded(desk, method)
    before = spec_for(desk.bot, draft.method)
    values = fitting(spec, before, draft.values)
    # What is usual for one kind of job isn't meant for another.
    when = "" if before is not None and draft.when == before.usual else draft.when
    draft = here(desk, replace(draft, method=spec.name, values=values, when=when), spec)
    await desk.memory.save_draft(draft)
    await show_draft(desk, draft, spec)


async def time_chosen(desk: Desk, draft_id: str) -> None:
    """Set the draft's time to the picked one."""
    draft = replace(taken_out(await own_draft(desk, draft_id)), when=desk.picked())
    await desk.memory.save_draft(draft)
    await show_draft(desk, draft, loaded(desk, draft.method))


async def time_tapped(desk: Desk, target: str) -> None:
    """Set the draft's time to that of a button; the target is ``<draft>.<seconds since 1970>``."""
    draft_id, _, seconds = target.partition(".")
    draft = await own_draft(desk, draft_id)
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
        raise Refused(t("This button is from an older version of me. Use the command again."))
    at = datetime.fromtimestamp(int(seconds), ZoneInfo(await zone_of(desk, draft)))
    draft = replace(taken_out(draft), when=at.isoformat(timespec="seconds"))
    await desk.memory.save_draft(draft)
    await show_draft(desk, draft, loaded(desk, draft.method))


async def queued(desk: Desk, draft_id: str) -> None:
    """Put the draft into the picked queue."""
    draft = await _new_here(desk, draft_id)
    spec = loaded(desk, draft.method)
    before = _own_time(draft)
    draft = await put_into(desk, draft, spec, desk.picked())
    await desk.memory.save_draft(draft)
    told = (
        t("It will be posted once, in the queue's next free slot, instead of “{when}”.", when=before)
        if before
        else None
    )
    await show_draft(desk, draft, spec, told=told)


def _own_time(draft: Draft) -> str:
    """Return a draft's time in words, without that of a queue; empty if it has none."""
    kept = kept_schedule(draft)
    if draft.values.get(QUEUE):
        return ""
    if draft.when.strip() or kept is None:
        return plain(draft.when.strip())
    return describe(kept[0], "UTC", shown_locale())


async def _new_here(desk: Desk, draft_id: str) -> Draft:
    """Return the caller's own draft of a new job; a draft that edits a job keeps that job's method."""
    draft = await own_draft(desk, draft_id)
    if draft.job_id is not None:
        raise Refused(t("You can't change what kind of job this is. Create a new job instead."))
    return draft


async def begin_edit(desk: Desk, job_id: str, *, when: str | None = None) -> None:
    """Show a job as a draft that changes it; ``when`` is an optional new schedule."""
    await expect(desk, Feature.EDIT)
    job = await job_for(desk, Act.BEGIN, job_id)
    spec = loaded(desk, job.method)
    draft = edit_of(desk, job, spec, desk.member)
    draft = replace(draft, when=(when or "").strip()[:200])
    await desk.memory.save_draft(draft)
    await show_draft(desk, draft, spec)


async def clone(desk: Desk, job_id: str) -> None:
    """Start a draft of a new job as a copy of another."""
    job = await job_for(desk, Act.COPY, job_id)
    spec = loaded(desk, job.method)
    draft = _draft_of(desk, job, spec, desk.member)
    draft.values.pop(RUN_COUNT)
    if job.name:
        draft.values[NAME] = t("{name} (copy)", name=job.name[:80])
    if job.trigger.type == "date":
        del draft.values[KEPT]  # its time may have passed
    await desk.memory.save_draft(draft)
    await show_draft(desk, draft, spec)


def edit_of(desk: Desk, job: Job, spec: MethodSpec, writer: discord.Member) -> Draft:
    """Return a member's new draft that edits a job; it isn't saved yet."""
    draft = replace(_draft_of(desk, job, spec, writer), user_id=str(writer.id))
    if (asked := job.meta.get(ASKED)) and job.state is JobState.PENDING:
        draft.values[CHANGES] = str(asked)
    return replace(draft, job_id=job.id, job_version=job.version)


def _draft_of(desk: Desk, job: Job, spec: MethodSpec, writer: discord.Member) -> Draft:
    """Return the draft that would create this job."""
    anchor_at = job.anchor_at or job.created_at or instants.now()
    kept = {"timezone": job.timezone, **job.trigger.args}
    options = {
        NAME: job.name,
        MISSED: job.missed.value,
        OVERLAP: job.overlap.value,
        QUIET: "run" if job.in_quiet_hours else None,
        ALERT: job.meta.get("alert"),
        MANAGERS: job.meta.get("managers"),
        KEPT: {
            **stored_trigger(job.trigger).to_json(),
            "zone": kept["timezone"],
            "anchor_at": instants.to_iso(anchor_at),
        },
        RUN_COUNT: job.run_count,
    }
    readable = without_secrets(spec, job, writer)
    hidden = sorted(job.params.keys() - readable.params.keys())
    options[PING] = readable.params.get(PING_URL)
    if may_read(job, writer) or not have_secrets(job.parts, lambda name: spec_for(desk.bot, name)):
        options[PARTS] = [part.to_json() for part in job.parts]
    options[HIDDEN] = [PING if name == PING_URL else name for name in hidden]
    return new_draft(desk, job.method, values={**typed(spec, readable.params), **options})


async def edit(desk: Desk, target: str) -> None:
    """Open the form of a line with its current values; the target is ``<draft>.<group>``."""
    draft_id, _, group = target.partition(".")
    draft = await own_draft(desk, draft_id)
    spec = loaded(desk, draft.method)
    kept = kept_schedule(draft)
    zone = await zone_of(desk, draft)
    keeps = f"{describe(kept[0], zone, shown_locale())} ({zone_name(zone)})" if kept is not None else None
    lacks = await lacks_of(desk)
    draft = await typed_draft(desk, spec, draft)
    spec = await with_options(desk.bot, desk.guild.id, spec, draft.values)
    handy = handy_choices(handy_times(instants.now(), zone, await desk.habits()), zone)
    form = build_form(spec, draft, group or FIRST, keeps=keeps, lacks=lacks, handy=handy)
    await open_form(desk, form)


async def form_submitted(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Save a submitted form in the draft and show the card."""
    draft = await own_draft(desk, target.partition(".")[0])
    spec = loaded(desk, draft.method)
    values, when = read_form(fields)
    if strangers_in(spec, values):
        raise Refused(t("This form is from an older version of me. Use the command again."))
    values = await sent_values(desk, spec, values)
    if when is not None and when != draft.when:
        draft = taken_out(draft)
    kept, refused = await with_uploads(desk, spec, draft.values, values)
    draft = replace(draft, values={**draft.values, **kept}, when=draft.when if when is None else when)
    await desk.memory.save_draft(draft)
    await show_draft(desk, draft, spec, notice=" ".join(refused) or None)


async def switched(desk: Desk, draft_id: str) -> None:
    """Switch what was picked on, and everything else in the same menu off."""
    draft = await own_draft(desk, draft_id)
    spec = loaded(desk, draft.method)
    picked = set(desk.all_picked())
    draft = replace(
        draft, values={**draft.values, **{item.name: item.name in picked for item in switches(spec)}}
    )
    await desk.memory.save_draft(draft)
    await show_draft(desk, draft, spec)


async def keep_for_later(desk: Desk, draft_id: str) -> None:
    """Close a draft's card and keep the draft."""
    await own_draft(desk, draft_id)
    said = t(
        "Saved as a draft. `/schedule drafts` brings it back. Drafts are deleted after "
        "30 days without changes."
    )
    await desk.show(note_panel(said, colour=NEUTRAL))


async def discard(desk: Desk, draft_id: str) -> None:
    """Delete a draft."""
    draft = await own_draft(desk, draft_id)
    await desk.memory.take_draft(draft.id)
    said = t("The job stays as it is.") if draft.job_id else t("Discarded. Nothing was scheduled.")
    await desk.show(note_panel(said, colour=NEUTRAL))


async def confirm(desk: Desk, draft_id: str) -> None:
    """Save the job, if nothing prevents it now."""
    async with slot_held(desk, await own_draft(desk, draft_id)) as (draft, queue):
        await _confirm(desk, draft, queue)


async def _confirm(desk: Desk, draft: Draft, queue: Queue | None) -> None:
    spec = loaded(desk, draft.method)
    before = None
    if draft.job_id is not None:  # the rights to change it may have changed
        before = await job_for(desk, Act.BEGIN, draft.job_id)
    reviewed = await review_here(desk, draft, spec)
    job = await save_job(desk, draft, spec, reviewed)
    if job is None:
        return
    heading = tc("a job", "Changed") if draft.job_id else t("Scheduled")
    if queue is not None:
        heading = t("In the queue “{name}”", name=plain(queue.name))
    if job.state is JobState.PENDING:
        heading = t("Waiting for approval")
        await ask_for_approval(desk, job)
    warning = first_run_warning(job) if before is None else no_longer_held(before, job)
    if spec.watches and job.state is JobState.ACTIVE and not is_held(job):
        warning = await look_at_once(desk, job) or warning
    await job_card.show_job(desk, job, heading=heading, warning=warning)


async def _own_name(desk: Desk, spec: MethodSpec, params: Mapping[str, Any]) -> str:
    """Return a name for an unnamed job, in the guild's language, that no job here has yet."""
    directory, guild = await directory_here(desk), desk.guild
    with speaking(locale_of(guild, await desk.memory.settings(guild.id))):
        name = auto_name(spec, params, directory)
    found = desk.client.all_jobs(desk.guild_id, JobQuery(text=name))
    return told_apart(name, {str(job.name) async for job in found})


async def save_job(
    desk: Desk,
    draft: Draft,
    spec: MethodSpec,
    reviewed: Review,
    *,
    otherwise: Draft | None = None,
    keep: bool = False,
) -> Job | None:
    """Use up a draft and save its job. Return None if that isn't possible; the draft's card then says why.

    Parameters:
        desk, draft, spec, reviewed: what to save.
        otherwise: the draft to keep if it isn't saved; by default the same.
        keep: leave the stored draft as it is; the caller guards against a second click.
    """
    memory, kept = desk.memory, otherwise or draft
    if not reviewed.ready or reviewed.trigger is None:
        await show_draft(desk, kept, spec, notice=t("First fill in or fix what is listed above."))
        return None
    if not keep and not await memory.take_draft(draft.id):
        raise Refused(t("This has already been confirmed."))  # a second click arrived before the answer
    try:
        return await _save(desk, draft, spec, reviewed, reviewed.trigger)
    except Refused:
        await memory.save_draft(kept)
        raise
    except ClientError as error:
        await memory.save_draft(kept)
        notice = translated(error.message)
        if isinstance(error, Conflict) and draft.job_id and error.code == "job_changed":
            notice = t(
                "Someone changed this job after you started. Discard this draft and edit the job again."
            )
        await show_draft(desk, kept, spec, notice=notice)
        return None


async def _save(
    desk: Desk,
    draft: Draft,
    spec: MethodSpec,
    reviewed: Review,
    trigger: Trigger,
) -> Job:
    services, client = desk.services, desk.client
    draft = await with_hidden(desk, draft, spec)
    params, values = reviewed.filled.params, draft.values
    if values.get(PING):
        params = {**params, PING_URL: values[PING]}
    named = values.get(NAME)
    options: dict[str, Any] = {
        "missed": MissedPolicy(values.get(MISSED) or MissedPolicy.LATEST),
        "overlap": OverlapPolicy(values.get(OVERLAP) or OverlapPolicy.ALLOW),
        "in_quiet_hours": spec.watches or values.get(QUIET) == "run",
        "on_free_days": spec.watches,
    }
    given = {"alert": values.get(ALERT), "managers": values.get(MANAGERS), META: values.get(QUEUE)}
    given[OWN_SCHEDULE] = values.get(OWN)
    meta = {key: value for key, value in given.items() if value}
    state = JobState.PENDING if reviewed.needs_approval else JobState.ACTIVE
    if draft.job_id is None:
        job = Job(
            id="",
            handler_id=services.handler_id,
            method=draft.method,
            params=params,
            trigger=trigger,
            state=state,
            name=str(named) if named else await _own_name(desk, spec, params),
            guild_id=draft.guild_id,
            creator_id=draft.user_id,
            timezone=reviewed.zone,
            meta=meta,
            parts=parts_of(values),
            **options,
        )
        await check(desk, Act.SAVE, job)
        if OWN_SCHEDULE not in meta:
            return await client.create(job)
        async with taking_turns(draft.guild_id):
            if await switched_on(client, draft.guild_id, draft.method) is not None:
                raise Refused(t("This schedule is already switched on."))
            return await client.create(job)
    before = await client.job(draft.job_id, draft.guild_id)
    if before.method != draft.method:
        raise Refused(t("This draft is for a different kind of job. Discard it and edit the job again."))
    # A zone belongs to its schedule: an unedited schedule keeps both.
    touched = draft.when or values.get(END)
    moved = {"trigger": trigger, "timezone": reviewed.zone} if touched else {}
    meta = {**before.meta, "alert": None, "managers": None, ASKED: None, **meta}
    if touched:
        meta.pop(META, None)  # it has left its slot
    changed = replace(
        before, params=params, name=named, meta={k: v for k, v in meta.items() if v}, **options, **moved
    )
    if PARTS in values:
        changed = replace(changed, parts=parts_of(values))
    if reviewed.needs_approval:
        changed = replace(changed, state=JobState.PENDING)
    await check(desk, Act.SAVE, before, version=changed)
    return await client.change(changed, draft.job_version or before.version, desk.actor_id)


PANELS = (
    Panel(
        "draft",
        clicks={
            "choose": choose,
            "method": method_chosen,
            "pick": method_tapped,
            "new": begin_new,
            "meant": time_chosen,
            "soon": time_tapped,
            "queue": queued,
            "later": keep_for_later,
            "cancel": discard,
            "confirm": confirm,
            "switch": switched,
        },
        opens={"edit": edit, "post": begin_post},
        forms={"form": form_submitted},
    ),
    Panel("job", clicks={"edit": begin_edit, "clone": clone}),
)
