"""What a job is given and what it posts, as its card shows them to the reader."""

from __future__ import annotations

import logging

from cogs.desk.drafts.draft import typed
from cogs.desk.drafts.draft_card import parameter_lines
from cogs.desk.drafts.post_preview import Post, post_of
from cogs.desk.kit.context import Desk
from cogs.desk.kit.wording import cut, span
from cogs.language import t, translated
from cogs.rights.member_counts import count_members
from cogs.services import spec_for
from schedulezero import instants
from schedulezero.client.dialect import Feature
from schedulezero.errors import ScheduleZeroError
from schedulezero.handler.run_context import RunContext, running
from schedulezero.methods.parameters import Kind
from schedulezero.methods.spec import MethodSpec, Tell
from schedulezero.methods.values import check_params
from schedulezero.methods.variables import facts_of
from schedulezero.model import Job

log = logging.getLogger(__name__)


async def details_of(desk: Desk, job: Job) -> str:
    """Return the lines of a job's params."""
    spec = spec_for(desk.bot, job.method)
    if spec is None:
        return f"*{await _unloaded(desk, job)}*"
    if spec.internal and spec.preview is not None:
        return await _as_it_will_look(desk, job, spec, spec.preview)
    asked = [parameter for parameter in spec.parameters if parameter.kind is not Kind.GUILD]
    asked.sort(key=lambda item: item.kind is Kind.LONG_TEXT)  # no line then stands in a quoted text
    lines = parameter_lines(asked, typed(spec, job.params), 100 if spec.variables else 600)
    return cut("\n".join(lines), 1800)


async def _unloaded(desk: Desk, job: Job) -> str:
    """Return what becomes of a job's runs while its sprocket isn't loaded."""
    if Feature.POLICIES in await desk.client.lacks():
        return t("Its sprocket isn't loaded, so its runs would fail.")
    return t("Its sprocket isn't loaded. Each run waits up to {time} for it.", time=span(job.grace))


async def _as_it_will_look(desk: Desk, job: Job, spec: MethodSpec, tell: Tell) -> str:
    """Return where a job that the bot planned acts, and what it says there, in place of its params."""
    places = [item for item in spec.parameters if item.kind is Kind.CHANNEL]
    run = RunContext(
        job_id=job.id,
        guild_id=job.guild_id,
        creator_id=job.creator_id,
        scheduled_at=job.next_run_at or instants.now(),
        timezone=job.timezone,
    )
    try:
        with running(run):
            said = translated(await tell(desk.bot, check_params(spec, job.params)))
    except ScheduleZeroError as error:
        said = translated(error.message)
    except Exception:
        log.exception("the preview of %s failed", spec.name)
        said = t("The job's preview failed. The bot's owner can find the reason in my log.")
    lines = parameter_lines(places, typed(spec, job.params))
    shown = "\n".join(f"> {line}" for line in said.splitlines())
    return cut("\n".join([*lines, shown]), 1800)


async def post_shown(desk: Desk, job: Job) -> Post | None:
    """Return the preview of what a job posts next; None if it posts nothing."""
    spec = spec_for(desk.bot, job.method)
    if spec is None:
        return None
    number = job.run_count + 1
    at = job.next_run_at or instants.now()
    zone = job.trigger.zone_or(job.timezone)
    await count_members(desk.bot, desk.guild, job.params.values())
    facts = facts_of(desk.guild, timezone=zone, number=number, now=at)
    return post_of(spec, job.params, facts, number, guild_id=job.guild_id or "")
