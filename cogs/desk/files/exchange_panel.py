"""``/schedule export`` and ``import``: jobs as a file; a dry run first, with each bad entry's line."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

import discord
from discord import ui

from cogs.background.success_pings import PING_URL, ping_fault
from cogs.desk.drafts.draft import auto_name, fill, label_of, typed
from cogs.desk.drafts.secrecy import without_secrets
from cogs.desk.jobs.approval_card import ask_for_approval
from cogs.desk.jobs.lookup import job_here, verdicts
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.first_run import first_run_warning
from cogs.desk.kit.lacking import lacks_of, not_possible, why
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.wording import BAD, GOOD, NEUTRAL, bullets, cut, plain, titled
from cogs.language import locale, t, tn, translated
from cogs.memory import new_id
from cogs.rights.allowance import allowance_of, runs_too_often
from cogs.rights.channels import SeenChannels
from cogs.rights.deciding import Act
from cogs.rights.own_checks import OwnChecks
from cogs.rights.rights import is_risky, problems
from cogs.services import Refused, spec_for
from schedulezero import instants
from schedulezero.client.dialect import BulkChange, Feature
from schedulezero.errors import ClientError, ParameterError
from schedulezero.exchange.calendar_export import calendar_of
from schedulezero.exchange.limited_reading import UnreadableFile
from schedulezero.exchange.reading import Asked, Found
from schedulezero.exchange.yaml_file import Fault, write_jobs
from schedulezero.methods.spec import MethodSpec
from schedulezero.methods.variables import facts_of, rendered
from schedulezero.model import Job, JobState, JsonObject, MissedPolicy, OverlapPolicy
from schedulezero.model.limits import Allowance, Limits
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.calendar.weekdays import stored_trigger, with_day_names

_SHOWN_FAULTS = 12
_SHOWN_JOBS = 10
_QUICK = 50


async def export(desk: Desk, kind: str) -> None:
    """Answer ``/schedule export`` with a file of all active, paused and pending jobs."""
    found = [
        job
        async for job in desk.client.all_jobs(desk.guild_id)
        if job.state in (JobState.ACTIVE, JobState.PAUSED, JobState.PENDING)
    ]
    if not found:
        raise Refused(t("Nothing is scheduled here yet. Start with `/schedule create`."))
    hidden = 0
    if kind == "ics":
        name = desk.guild.name
        file = await asyncio.to_thread(calendar_of, found, name=name, now=instants.now())
        data, left_out = file.data, file.left_out
    else:
        specs = {name: spec_for(desk.bot, name) for name in {job.method for job in found}}
        data, hidden = await asyncio.to_thread(_written, found, specs, desk.member)
        left_out = 0
    name = f"schedule.{kind}"
    said = tn("{count} job is in this file.", "{count} jobs are in this file.", len(found) - left_out)
    if left_out:
        no_room = tn(
            "{count} job doesn't fit in the calendar file.",
            "{count} jobs don't fit in the calendar file.",
            left_out,
        )
        said += f"\n-# {no_room}"
    if hidden:
        withheld = tn(
            "{count} job leaves out its web addresses and what it sends there; you need "
            "*Manage Server* to see them.",
            "{count} jobs leave out their web addresses and what they send there; you need "
            "*Manage Server* to see them.",
            hidden,
        )
        said += f"\n-# {withheld}"
    panel = panel_of(ui.TextDisplay(said), ui.File(f"attachment://{name}"), colour=NEUTRAL)
    await desk.show(panel, [discord.File(BytesIO(data), name)])


def _written(
    jobs: list[Job], specs: Mapping[str, MethodSpec | None], member: discord.Member
) -> tuple[bytes, int]:
    """Return jobs as YAML without secrets, and the number of jobs with some left out; runs in a thread."""
    readable = [without_secrets(specs[job.method], job, member) for job in jobs]
    hidden = sum(len(job.params) < len(whole.params) for job, whole in zip(readable, jobs, strict=True))
    return write_jobs(readable).encode(), hidden


async def dry_run(desk: Desk, file: discord.Attachment, channel_id: int | None) -> None:
    """Answer ``/schedule import``: show what a file would do, and which entries cannot be imported."""
    limits = desk.services.limits
    if file.size > limits.file_bytes:
        raise Refused(t("The file is larger than {size} KiB.", size=limits.file_bytes // 1024))
    services = desk.services
    asked = Asked(
        zone=await desk.zone(),
        locale=locale(),
        now=instants.now(),
        channel_id=str(channel_id or desk.interaction.channel_id),
        most=limits.entries,
        largest=limits.file_bytes,
        habits=await desk.habits(),
    )
    try:
        read = await services.files.read(await file.read(), asked, desk.guild_id)
    except UnreadableFile as error:
        raise Refused(translated(error.message)) from error
    faults = list(read.faults)
    ready: list[tuple[Job, str]] = []
    seen = SeenChannels(desk.bot, desk.guild)
    own = OwnChecks(desk.bot, desk.guild, desk.actor_id)
    allowance = await allowance_of(desk.services, desk.actor_id, desk.guild_id)
    lacks = await desk.client.lacks()
    approval = (await desk.memory.settings(desk.guild.id)).approval
    for item in read.entries:
        await asyncio.sleep(0)  # an entry takes a millisecond or two, and a file may have hundreds
        found = await _job(desk, item, seen, own, allowance.limits)
        if isinstance(found, Job):
            pending = approval and found.state is JobState.PENDING
            cannot = not_possible(
                lacks, found.trigger, found.timezone, found.missed, found.overlap, needs_approval=pending
            )
            found = Fault(item.line, cannot[0]) if cannot else found
        if isinstance(found, Fault):
            faults.append(found)
        else:
            ready.append((found, item.sentence))
    faults.sort(key=lambda fault: fault.line)
    if read.stopped is not None:
        faults.insert(0, read.stopped)
    panel_id = new_id()
    await desk.memory.save_panel(
        panel_id,
        desk.guild.id,
        {"import": [_kept(job) for job, _ in ready], "by": desk.actor_id},
    )
    room = _room(allowance, not desk.manages)
    await desk.show(_dry_panel(panel_id, ready, faults, room))


def _room(allowance: Allowance, member: bool) -> int | None:
    """Return how many more jobs there is room for; None for no limit."""
    left = [allowance.most_jobs - allowance.jobs] if allowance.most_jobs is not None else []
    if member and allowance.limits.jobs_per_person is not None:
        left.append(allowance.limits.jobs_per_person - (allowance.mine or 0))
    return max(min(left), 0) if left else None


async def _job(desk: Desk, entry: Found, seen: SeenChannels, own: OwnChecks, limits: Limits) -> Job | Fault:
    """Convert an entry to a job of this guild, with the same checks as typed input."""
    spec = spec_for(desk.bot, entry.method)
    if spec is None or spec.personal:
        return Fault(
            entry.line,
            t("There is no kind of job called “{name}” at the moment.", name=plain(entry.method)[:60]),
        )
    ping = entry.params.get(PING_URL)
    unknown = next((key for key in entry.params if spec.parameter(key) is None and key != PING_URL), None)
    if unknown is not None:
        names = ", ".join(parameter.name for parameter in spec.parameters)
        return Fault(
            entry.line,
            t(
                "`{job}` takes no “{name}”; it takes {names}.",
                job=spec.name,
                name=plain(unknown)[:40],
                names=names,
            ),
        )
    try:
        values = typed(spec, entry.params)
    except (TypeError, ValueError):
        return Fault(entry.line, t("Its values have the wrong type."))
    filled = fill(spec, values, desk.guild_id)
    if filled.missing:
        return Fault(entry.line, f"**{label_of(filled.missing[0])}** {t('is missing.')}")
    if filled.errors:
        return Fault(entry.line, next(iter(filled.errors.values())))
    if wrong := ping_fault(ping):
        return Fault(entry.line, f"**{t('Call after each successful run')}:** {translated(wrong)}")
    try:
        facts = facts_of(desk.guild, timezone=entry.timezone, number=1, now=instants.now())
        for name in spec.variables:
            if isinstance(filled.params.get(name), str):
                rendered(filled.params[name], facts)
    except ParameterError as error:
        return Fault(entry.line, translated(error.message))
    params = {**filled.params, **({PING_URL: ping} if ping else {})}
    known = await seen.of(spec, params)
    member = desk.member
    joined = await seen.joined(member, spec, params)
    found = problems(spec, params, desk.guild, member, known=known, joined=joined)
    against = [translated(text) for text in found]
    if (unreachable := await seen.unreachable(spec, params)) is not None:
        against.append(unreachable)
    if not against and (objection := await own.against(spec, params, known)) is not None:
        against.append(objection)
    if against:
        return Fault(entry.line, against[0])
    now = instants.now()
    schedule = schedule_of(entry.trigger, anchor=now, zone=entry.timezone)
    often = await asyncio.to_thread(runs_too_often, schedule, now, limits)
    if often is not None:
        return Fault(entry.line, often)
    risky = is_risky(spec, params, desk.guild)
    return Job(
        id="",
        handler_id=desk.services.handler_id,
        method=spec.name,
        params=params,
        trigger=entry.trigger,
        state=JobState.PENDING if risky else JobState.ACTIVE,
        name=entry.name or auto_name(spec, filled.params),
        guild_id=desk.guild_id,
        creator_id=desk.actor_id,
        timezone=entry.timezone,
        missed=MissedPolicy(entry.missed),
        overlap=OverlapPolicy(entry.overlap),
    )


def _dry_panel(
    panel_id: str, ready: list[tuple[Job, str]], faults: list[Fault], room: int | None = None
) -> ui.LayoutView:
    lines = [f"### {t('Check before you import')}"]
    lines.append(f"**{tn('{count} job can be imported', '{count} jobs can be imported', len(ready))}**")
    if room is not None and room < len(ready):
        said = t("There is room for only {count} of them. `/schedule status` shows the limits.", count=room)
        lines.append(f"⚠ {said}")
    lines += bullets(
        [f"{cut(plain(job.title), 60)} · {cut(plain(sentence), 90)}" for job, sentence in ready], _SHOWN_JOBS
    )
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(lines))]
    if faults:
        heading = tn("{count} entry can't be imported", "{count} entries can't be imported", len(faults))
        listed = [
            f"{t('Line {number}:', number=fault.line)} {cut(translated(fault.message), 180)}"
            for fault in faults
        ]
        told = "\n".join([f"**⚠ {heading}**", *bullets(listed, _SHOWN_FAULTS)])
        items += [ui.Separator(), ui.TextDisplay(told)]
    label = tn("Import {count} job", "Import {count} jobs", len(ready))
    style = discord.ButtonStyle.success
    items.append(
        row_of(
            DeskButton("import", "do", panel_id, label, style=style, disabled=not ready),
            DeskButton("import", "drop", panel_id, t("Discard")),
        )
    )
    return panel_of(*items, colour=BAD if faults else NEUTRAL)


async def drop(desk: Desk, panel_id: str) -> None:
    """Discard the dry run without importing."""
    await _take(desk, panel_id)
    said = t("Discarded. Nothing was scheduled.")
    await desk.show(panel_of(ui.TextDisplay(said), colour=NEUTRAL))


async def do(desk: Desk, panel_id: str) -> None:
    """Create the jobs that passed the dry run; one click undoes them all."""
    jobs = await _take(desk, panel_id)
    memory = desk.memory
    approval = (await memory.settings(desk.guild.id)).approval
    lacks = await lacks_of(desk)
    made: dict[str, int] = {}
    refused: list[str] = []
    waiting: list[Job] = []
    unlike: list[str] = []
    if len(jobs) > _QUICK:
        said = t("Changing {count} jobs…", count=len(jobs))
        await desk.show(panel_of(ui.TextDisplay(said), colour=NEUTRAL))
    async for job, verdict in verdicts(desk, Act.IMPORT, jobs):
        spec = spec_for(desk.bot, job.method)
        if spec is None or not verdict.allowed:
            refused.append(f"“{cut(plain(job.title), 60)}”: {verdict.against[0]}")
            continue
        risky = approval and is_risky(spec, job.params, desk.guild)
        wanted = replace(job, state=JobState.PENDING if risky else JobState.ACTIVE)
        try:
            created = await desk.client.create(wanted, desk.actor_id)
        except ClientError as error:
            refused.append(f"“{cut(plain(job.title), 60)}”: {translated(error.message)}")
        else:
            made[created.id] = created.version
            waiting += [created] if created.state is JobState.PENDING else []
            if (warning := first_run_warning(created)) is not None:
                unlike.append(f"⚠ {titled(created, 60)}: {warning}")
    await memory.save_panel(panel_id, desk.guild.id, {"imported": made})
    lines = [f"### {tn('{count} job was imported.', '{count} jobs were imported.', len(made))}"]
    if waiting:
        await ask_for_approval(desk, *waiting)
        said = tn("{count} of them waits for approval.", "{count} of them wait for approval.", len(waiting))
        lines.append(f"✋ {said}")
    lines += [f"- {line}" for line in refused[:10]]
    buttons: list[DeskButton] = []
    lines += bullets(unlike, _SHOWN_JOBS)
    lines += why(lacks, Feature.BULK, Feature.UNDO) if made else []
    if made and Feature.BULK not in lacks:
        style = discord.ButtonStyle.primary
        buttons.append(DeskButton("import", "undo", panel_id, t("Undo"), style=style))
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(lines))]
    if buttons:
        items.append(row_of(*buttons))
    await desk.show(panel_of(*items, colour=BAD if refused else GOOD))


async def undo(desk: Desk, panel_id: str) -> None:
    """Cancel the imported jobs, except those changed since."""
    memory = desk.memory
    state = await memory.panel(panel_id, desk.guild.id)
    made: dict[str, int] = (state or {}).get("imported") or {}
    if not made:
        raise Refused(t("This was already undone."))
    jobs = [await job_here(desk, job_id, cancelled=True) for job_id in made]
    allowed = [job.id async for job, verdict in verdicts(desk, Act.CANCEL, jobs) if verdict.allowed]
    change = BulkChange("cancel", {job_id: made[job_id] for job_id in allowed})
    outcome = await desk.client.bulk(desk.guild_id, change, desk.actor_id)
    await memory.save_panel(panel_id, desk.guild.id, {"imported": None})
    said = tn("{count} job was cancelled again.", "{count} jobs were cancelled again.", len(outcome.changed))
    await desk.show(panel_of(ui.TextDisplay(said), colour=NEUTRAL))


async def _take(desk: Desk, panel_id: str) -> list[Job]:
    """Use up a dry run; raise Refused if it is used up or someone else's."""
    memory = desk.memory
    state = await memory.panel(panel_id, desk.guild.id)
    if state is not None and state.get("by", "") not in ("", desk.actor_id):
        raise Refused(t("This draft belongs to someone else."))
    taken = await memory.take_panel(panel_id, desk.guild.id)
    if taken is None or "import" not in taken:
        raise Refused(t("This was already done."))
    found = [Job.from_json(item) for item in taken["import"]]
    return [replace(job, trigger=stored_trigger(job.trigger)) for job in found]


def _kept(job: Job) -> JsonObject:
    return replace(job, trigger=with_day_names(job.trigger)).to_json()


PANELS = (Panel("import", clicks={"drop": drop, "do": do, "undo": undo}),)
