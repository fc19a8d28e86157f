"""Show a draft: checked against Discord and the server as they are now, with the job's own preview."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import datetime

from cogs.background.success_pings import PING_URL
from cogs.command_mentions import with_mentions
from cogs.desk.drafts.draft import KEPT, PING, fill, typed
from cogs.desk.drafts.draft_card import draft_panel
from cogs.desk.drafts.parts import PARTS, part_lines, parts_of, when_said
from cogs.desk.drafts.post_preview import post_of
from cogs.desk.drafts.review import Circumstances, Review, review
from cogs.desk.drafts.secrecy import kept_hidden
from cogs.desk.jobs.lookup import rules_here
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.lacking import lacks_of
from cogs.desk.kit.names import directory_here
from cogs.desk.kit.soon import soon
from cogs.desk.kit.wording import plain
from cogs.desk.queue.adding import QUEUE
from cogs.desk.queue.store import queues_here
from cogs.formats import zone_name
from cogs.language import in_quotes, locale, t, translated
from cogs.memory import Draft
from cogs.rights.allowance import allowance_of
from cogs.rights.channels import SeenChannels
from cogs.rights.member_counts import count_members
from cogs.rights.own_checks import OwnChecks
from cogs.rights.rights import is_risky
from cogs.services import Refused, offered_specs, spec_for
from schedulezero import instants
from schedulezero.client.dialect import Feature
from schedulezero.errors import ScheduleZeroError
from schedulezero.handler.run_context import RunContext, running
from schedulezero.methods.spec import MethodSpec, Tell
from schedulezero.methods.values import check_params
from schedulezero.methods.variables import Facts, facts_of
from schedulezero.model import Trigger
from schedulezero.model.part import leads
from schedulezero.when.calendar.ahead import ahead_of
from schedulezero.when.calendar.weekdays import stored_trigger

log = logging.getLogger(__name__)


RUN_COUNT = "#runs"
"""The key in a draft's values that holds how often the edited job has run."""
_PREVIEW_SECONDS = 1.0
_DRY_RUN_SECONDS = 20.0


async def show_draft(
    desk: Desk,
    draft: Draft,
    spec: MethodSpec,
    *,
    notice: str | None = None,
    told: str | None = None,
) -> None:
    """Show a draft's card in its current state.

    Parameters:
        desk, draft, spec: whose card it is.
        notice: why it was not saved.
        told: the job's own report of what it would do now; by default its quick preview.
    """
    reviewed = await review_here(desk, draft, spec)
    hidden = kept_hidden(draft)
    if told is None and spec.preview is not None and reviewed.filled.complete and not hidden:
        told = await _told(desk, spec.preview, spec, reviewed, _PREVIEW_SECONDS)
        told = None if told in reviewed.problems else told  # the card says it already
    services = desk.services
    hint = None
    own, kept = await desk.zone(), kept_zone(draft)
    if kept is not None and draft.when.strip() and own != reviewed.zone == kept:
        hint = t(
            "I read this in the job's time zone, {zone}, not in yours ({own}).",
            zone=zone_name(kept),
            own=zone_name(own),
        )
    elif not await services.memory.timezone(desk.member.id, desk.guild.id):
        hint = with_mentions(
            t(
                "I read times in {zone}. To change your time zone, use `/schedule timezone`.",
                zone=reviewed.zone,
            )
        )
    now = instants.now()
    facts = next_facts(desk, draft, reviewed)
    seen = {name: value for name, value in reviewed.filled.params.items() if name not in hidden}
    post = post_of(spec, seen, facts, facts.number, guild_id=desk.guild_id, faults=False)
    queues = [(queue.id, queue.name) for queue in await queues_here(desk)]
    panel = draft_panel(
        spec,
        draft,
        reviewed,
        now=now,
        post=post,
        notice=notice,
        hint=hint,
        told=told,
        parts=_parts(desk, draft, reviewed),
        queues=queues,
        queue=next((name for key, name in queues if key == draft.values.get(QUEUE)), None),
    )
    await desk.show(panel)


def next_facts(desk: Desk, draft: Draft, reviewed: Review) -> Facts:
    """Return the values of the variables in a draft's next run."""
    return facts_of(
        desk.guild,
        timezone=reviewed.zone,
        number=int(draft.values.get(RUN_COUNT) or 0) + 1,
        now=reviewed.runs[0] if reviewed.runs else instants.now(),
    )


def _parts(desk: Desk, draft: Draft, reviewed: Review) -> list[str] | None:
    """Return the lines of what a draft does before and after; None if the server can't, or it is hidden."""
    if Feature.PARTS in reviewed.lacks or (draft.job_id is not None and PARTS not in draft.values):
        return None
    parts = parts_of(draft.values)
    lines = part_lines(parts, lambda name: spec_for(desk.bot, name))
    if len(reviewed.runs) == 1:  # none comes again: what has passed is left out
        for part in leads(parts):
            assert part.before is not None
            if ahead_of(reviewed.runs[0], part.before, reviewed.zone) <= instants.now():
                lines.append(
                    f"⚠ {t('{when}: this time has already passed, so it is left out.', when=when_said(part))}"
                )
    return lines


async def try_out(desk: Desk, draft_id: str) -> None:
    """Show what a draft's job would do now, without doing it."""
    draft = await own_draft(desk, draft_id)
    spec = loaded(desk, draft.method)
    reviewed = await review_here(desk, draft, spec)
    told = None
    against = reviewed.problems or kept_hidden(draft)
    if spec.dry_run is not None and reviewed.filled.complete and not against:
        told = await _told(desk, spec.dry_run, spec, reviewed, _DRY_RUN_SECONDS)
    await show_draft(desk, draft, spec, told=told)


async def _told(desk: Desk, tell: Tell, spec: MethodSpec, reviewed: Review, seconds: float) -> str:
    """Return what a job reports about its next run, or why it cannot."""
    run = RunContext(
        guild_id=desk.guild_id,
        creator_id=desk.actor_id,
        scheduled_at=reviewed.runs[0] if reviewed.runs else instants.now(),
        timezone=reviewed.zone,
    )
    try:
        with running(run):
            async with asyncio.timeout(seconds):
                return translated(await tell(desk.bot, check_params(spec, reviewed.filled.params)))
    except ScheduleZeroError as error:
        return translated(error.message)
    except TimeoutError:
        return t("The preview took too long.")
    except Exception:
        log.exception("the preview of %s failed", spec.name)
        return t("The job's preview failed. The bot's owner can find the reason in my log.")


async def review_here(desk: Desk, draft: Draft, spec: MethodSpec) -> Review:
    """Check a draft here and now, for the caller."""
    draft = await with_hidden(desk, draft, spec)
    services = desk.services
    zone = await zone_of(desk, draft)
    now = instants.now()
    guild = desk.guild
    filled = fill(spec, draft.values, str(guild.id))
    params = filled.params
    rules, allowance = await asyncio.gather(
        soon(rules_here(desk)), soon(allowance_of(desk.services, desk.actor_id, desk.guild_id))
    )
    seen = SeenChannels(desk.bot, guild)
    known = await seen.of(spec, params)
    await count_members(desk.bot, guild, params.values())
    settings = await services.memory.settings(guild.id)
    own = OwnChecks(desk.bot, guild, desk.actor_id)
    around = Circumstances(
        guild=guild,
        member=desk.member,
        zone=zone,
        locale=locale(),
        now=now,
        facts=facts_of(guild, timezone=zone, number=1, now=now),
        directory=await directory_here(desk),
        known=known,
        joined=await seen.joined(desk.member, spec, params),
        unreachable=await seen.unreachable(spec, params),
        objection=await own.against(spec, params, known) if filled.complete else None,
        rules=rules,
        approval=settings.approval,
        habits=settings.habits,
        kept=kept_schedule(draft),
        allowance=allowance,
        only_schedules=not desk.manages,
        lacks=await lacks_of(desk),
    )
    return _with_risky_parts(desk, draft, review(spec, draft, around), around)


def _with_risky_parts(desk: Desk, draft: Draft, reviewed: Review, around: Circumstances) -> Review:
    """Return a review that also asks for approval if something before or after the runs needs it."""
    specs = [(part, spec_for(desk.bot, part.method)) for part in parts_of(draft.values)]
    risky = any(spec is None or is_risky(spec, part.params, around.guild) for part, spec in specs)
    return replace(reviewed, needs_approval=reviewed.needs_approval or (around.approval and risky))


async def with_hidden(desk: Desk, draft: Draft, spec: MethodSpec) -> Draft:
    """Fill in the job's values that the draft keeps hidden; never show or save the result as a draft."""
    hidden = kept_hidden(draft)
    if not hidden or draft.job_id is None:
        return draft
    job = await desk.client.job(draft.job_id, draft.guild_id)
    stored = {**typed(spec, job.params), PING: job.params.get(PING_URL)}
    return replace(draft, values={**draft.values, **{name: stored.get(name) for name in hidden}})


def kept_schedule(draft: Draft) -> tuple[Trigger, datetime] | None:
    """Return the schedule of the job that a draft edits or copies: its trigger and its anchor time."""
    kept = draft.values.get(KEPT)
    if kept is None:
        return None
    trigger = stored_trigger(Trigger.from_json(kept))
    if trigger.type != "interval":
        trigger = Trigger(trigger.type, {"timezone": kept["zone"], **trigger.args})
    return trigger, instants.from_iso(kept["anchor_at"])


def kept_zone(draft: Draft) -> str | None:
    """Return the IANA zone of the job that a draft edits or copies; None for a new one."""
    kept = draft.values.get(KEPT)
    return str(kept["zone"]) if kept is not None else None


async def zone_of(desk: Desk, draft: Draft) -> str:
    """Return the zone in which the times of a draft are read: its job's, so that an edit doesn't move it."""
    return kept_zone(draft) or await desk.zone()


async def own_draft(desk: Desk, draft_id: str) -> Draft:
    """Return the caller's own draft of that id; raise Refused if it is used up or someone else's."""
    draft = await desk.memory.draft(draft_id)
    if draft is None:
        raise Refused(
            t("This draft has already been saved or discarded. `/schedule list` shows what is scheduled.")
        )
    if draft.user_id != desk.actor_id or draft.guild_id != desk.guild_id:
        raise Refused(t("This draft belongs to someone else."))
    return draft


def loaded(desk: Desk, method: str) -> MethodSpec:
    """Return a loaded method's spec by its name or by what it is called in the list of jobs.

    Raises Refused if there is none, with what those are called that may have been meant, or else all.
    """
    spec = spec_for(desk.bot, method)
    if spec is None or spec.personal:
        titles = {
            item.name: t(item.summary).rstrip(".") or item.name
            for item in offered_specs(desk.bot)
            if not item.internal
        }
        typed = method.strip().casefold()
        same = [name for name, title in titles.items() if title.casefold() == typed]
        if len(same) == 1 and (spec := spec_for(desk.bot, same[0])) is not None:
            return spec
        near = [title for title in titles.values() if typed and typed in title.casefold()]
        names = ", ".join(in_quotes(plain(title)) for title in near or titles.values())
        raise Refused(
            t(
                "There is no kind of job called “{name}”. Pick one from the list: {names}.",
                name=plain(method)[:80],
                names=names or "–",
            )
        )
    return spec


PANELS = (Panel("draft", clicks={"try": try_out}),)
