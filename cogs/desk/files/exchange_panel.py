"""``/schedule export`` and ``import``: jobs as a file; a dry run first, with each bad entry's line."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import discord
from discord import ui

from cogs.background.success_pings import PING_URL, ping_fault
from cogs.command_mentions import with_mentions
from cogs.desk.drafts.auto_names import auto_name
from cogs.desk.drafts.draft import fill, label_of, typed
from cogs.desk.drafts.parts import SpecOf
from cogs.desk.drafts.secrecy import with_readable_parts, without_secrets
from cogs.desk.files.import_steps import copy, do, drop, undo, update
from cogs.desk.files.known_jobs import LIVE, Update, is_same
from cogs.desk.files.table_cells import Lacking, Pictures, placed
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.lacking import not_possible
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.names import directory_here
from cogs.desk.kit.wording import BAD, NEUTRAL, bullets, cut, plain
from cogs.formats import zone_name
from cogs.language import locale, t, tn, translated, with_colon
from cogs.memory import new_id
from cogs.rights.allowance import allowance_of, runs_too_often
from cogs.rights.channels import SeenChannels
from cogs.rights.own_checks import OwnChecks
from cogs.rights.rights import is_risky, problems
from cogs.services import Refused, spec_for, specs_of
from schedulezero import instants
from schedulezero.client.dialect import Feature
from schedulezero.errors import ParameterError
from schedulezero.exchange.calendar_export import calendar_of
from schedulezero.exchange.limited_reading import UnreadableFile
from schedulezero.exchange.reading import Asked, Found
from schedulezero.exchange.yaml_file import Fault, write_jobs
from schedulezero.methods.parameters import Kind
from schedulezero.methods.spec import MethodSpec, required_channels
from schedulezero.methods.variables import facts_of, rendered
from schedulezero.model import Job, JobState, JsonObject, MissedPolicy, OverlapPolicy
from schedulezero.model.authorship import belongs_to_another
from schedulezero.model.job import DEFAULT_GRACE
from schedulezero.model.limits import Allowance, Limits
from schedulezero.model.part import Part, part_of
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.calendar.weekdays import with_day_names

_SHOWN_FAULTS = 12
_SHOWN_JOBS = 10
_SHOWN_NOTES = 5


async def export(desk: Desk, kind: str) -> None:
    """Answer ``/schedule export`` with a file of all active, paused and pending jobs."""
    found = [
        job
        async for job in desk.client.all_jobs(desk.guild_id)
        if job.state in LIVE and not belongs_to_another(job)
    ]
    if not found:
        raise Refused(t("Nothing is scheduled here yet. Start with `/schedule create`."))
    hidden = 0
    if kind == "ics":
        name = desk.guild.name
        file = await asyncio.to_thread(calendar_of, found, name=name, now=instants.now())
        data, left_out = file.data, file.left_out
    else:
        methods = {each.method for job in found for each in (job, *job.parts)}
        specs = {name: spec_for(desk.bot, name) for name in methods}
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
            "In {count} job, the web addresses and the data sent to them are left out; you need *Manage "
            "Server* to see these.",
            "In {count} jobs, the web addresses and the data sent to them are left out; you need *Manage "
            "Server* to see these.",
            hidden,
        )
        said += f"\n-# {withheld}"
    panel = panel_of(ui.TextDisplay(said), ui.File(f"attachment://{name}"), colour=NEUTRAL)
    await desk.show(panel, [discord.File(BytesIO(data), name)])


def _written(
    jobs: list[Job], specs: Mapping[str, MethodSpec | None], member: discord.Member
) -> tuple[bytes, int]:
    """Return jobs as YAML without secrets, and the number of jobs with some left out; runs in a thread."""
    readable = [_readable(job, member, specs.__getitem__) for job in jobs]
    hidden = sum(
        any(len(one.params) < len(all_.params) for one, all_ in zip(_each(job), _each(whole), strict=True))
        for job, whole in zip(readable, jobs, strict=True)
    )
    return write_jobs(readable).encode(), hidden


def _readable(job: Job, member: discord.Member, spec_of: SpecOf) -> Job:
    return with_readable_parts(without_secrets(spec_of(job.method), job, member), job, member, spec_of)


def _each(job: Job) -> tuple[Job | Part, ...]:
    return (job, *job.parts)


def _as_it_was(desk: Desk, item: Found, before: Job) -> Found:
    """Return an entry with what was hidden from whoever exported it, and with parts that it doesn't name."""
    readable = _readable(before, desk.member, specs_of(desk.bot))
    hidden = {name: value for name, value in before.params.items() if name not in readable.params}
    parts: list[Part] = []
    for part in before.parts if item.parts is None else item.parts:
        whole = part_of(before.parts, part.id)
        shown = part_of(readable.parts, part.id)
        if whole is not None and shown is not None and whole.method == part.method:
            kept = {name: value for name, value in whole.params.items() if name not in shown.params}
            part = replace(part, params={**kept, **part.params})
        parts.append(part)
    return replace(item, params={**hidden, **item.params}, parts=tuple(parts))


async def dry_run(desk: Desk, file: discord.Attachment, channel_id: int | None) -> None:
    """Answer ``/schedule import``: show what a file would do, and which entries cannot be imported."""
    limits = desk.services.limits
    if file.size > limits.file_bytes:
        raise Refused(t("The file is larger than {size} KiB.", size=limits.file_bytes // 1024))
    await read_again(desk, await file.read(), str(channel_id or desk.interaction.channel_id), {})


async def read_again(
    desk: Desk, data: bytes, channel_id: str, pictures: Pictures, *, refused: Sequence[str] = ()
) -> None:
    """Show what a file would do.

    Parameters:
        desk: for whom, and where.
        data: the file.
        channel_id: where entries without a channel post.
        pictures: the pictures that have been added to a table.
        refused: what to say of pictures that couldn't be added.
    """
    services, limits = desk.services, desk.services.limits
    asked = Asked(
        zone=await desk.zone(),
        locale=locale(),
        now=instants.now(),
        channel_id=channel_id,
        most=limits.entries,
        largest=limits.file_bytes,
        habits=await desk.habits(),
    )
    try:
        read = await services.files.read(data, asked, desk.guild_id)
    except UnreadableFile as error:
        raise Refused(translated(error.message)) from error
    faults = list(read.faults)
    dry = _Dry(notes=list(refused))
    existing: dict[str, Job] = {}
    if any(item.job_id for item in read.entries):
        existing = {job.id: job async for job in desk.client.all_jobs(desk.guild_id) if job.state in LIVE}
    seen = SeenChannels(desk.bot, desk.guild)
    own = OwnChecks(desk.bot, desk.guild, desk.actor_id)
    allowance = await allowance_of(desk.services, desk.actor_id, desk.guild_id)
    lacks = await desk.client.lacks()
    approval = (await desk.memory.settings(desk.guild.id)).approval
    for entry in read.entries:
        item = placed(entry, desk.guild, pictures)
        if isinstance(item, Lacking):
            faults.append(Fault(entry.line, item.reason))
            dry.missing |= dict.fromkeys(item.pictures)
            continue
        await asyncio.sleep(0)  # an entry takes a millisecond or two, and a file may have hundreds
        before = existing.get(item.job_id)
        if before is not None and belongs_to_another(before):
            before = None
        wanted: list[Found] = [item]
        if before is not None and not item.is_event:
            wanted.append(_as_it_was(desk, item, before))
        found: list[Job | Fault] = []
        for one in wanted:
            job = await _job(desk, one, channel_id, seen, own, allowance.limits)
            if isinstance(job, Job):
                pending = approval and job.state is JobState.PENDING
                cannot = not_possible(
                    lacks, job.trigger, job.timezone, job.missed, job.overlap, needs_approval=pending
                )
                if job.parts and Feature.PARTS in lacks:
                    cannot.append(translated(lacks[Feature.PARTS]))
                job = Fault(item.line, cannot[0]) if cannot else job
            found.append(job)
        if isinstance(found[-1], Fault):
            faults.append(found[-1])
            continue
        dry.notes += [f"{t('Line {number}:', number=item.line)} {translated(note)}" for note in item.notes]
        if before is None:
            dry.new.append((found[-1], item.sentence))
            continue
        dry.copies += [(job, item.sentence) for job in found[:1] if isinstance(job, Job)]
        if item.is_event or is_same(before, found[-1], asked.now):
            dry.same += 1
        else:
            dry.updates.append(Update(found[-1], before.id, before.version))
    faults.sort(key=lambda fault: fault.line)
    if read.stopped is not None:
        faults.insert(0, read.stopped)
    panel_id = new_id()
    await desk.memory.save_panel(
        panel_id,
        desk.guild.id,
        {
            "import": [_kept(job) for job, _ in dry.new],
            "copies": [_kept(job) for job, _ in dry.copies],
            "updates": [item.to_json() for item in dry.updates],
            "by": desk.actor_id,
            "source": {
                "data": base64.b64encode(data).decode(),
                "channel_id": channel_id,
                "pictures": dict(pictures),
            }
            if dry.missing
            else None,
        },
    )
    room = _room(allowance, not desk.manages)
    await desk.show(_dry_panel(panel_id, dry, faults, room))


def _room(allowance: Allowance, member: bool) -> int | None:
    """Return how many more jobs there is room for; None for no limit."""
    left = [allowance.most_jobs - allowance.jobs] if allowance.most_jobs is not None else []
    if member and allowance.limits.jobs_per_person is not None:
        left.append(allowance.limits.jobs_per_person - (allowance.mine or 0))
    return max(min(left), 0) if left else None


async def _job(
    desk: Desk, entry: Found, channel_id: str, seen: SeenChannels, own: OwnChecks, limits: Limits
) -> Job | Fault:
    """Convert an entry to a job of this guild, with the same checks as typed input.

    A post that names no channel goes to the given one.
    """
    done: list[tuple[MethodSpec, JsonObject]] = []
    parts = entry.parts or ()
    for method, given in ((entry.method, entry.params), *((part.method, part.params) for part in parts)):
        given = _with_channel(spec_for(desk.bot, method), given, channel_id)
        checked = await _checked(desk, entry, method, given, seen, own)
        if isinstance(checked, Fault):
            return checked
        done.append(checked)
    spec, params = done[0]
    now = instants.now()
    schedule = schedule_of(entry.trigger, anchor=now, zone=entry.timezone)
    often = await asyncio.to_thread(runs_too_often, schedule, now, limits)
    if often is not None:
        return Fault(entry.line, often)
    risky = any(is_risky(each, given, desk.guild) for each, given in done)
    return Job(
        id="",
        handler_id=desk.services.handler_id,
        method=spec.name,
        params=params,
        trigger=entry.trigger,
        state=JobState.PAUSED if entry.paused else JobState.PENDING if risky else JobState.ACTIVE,
        grace=timedelta(seconds=entry.grace) if entry.grace is not None else DEFAULT_GRACE,
        name=entry.name or auto_name(spec, params, await directory_here(desk)),
        guild_id=desk.guild_id,
        creator_id=desk.actor_id,
        timezone=entry.timezone,
        missed=MissedPolicy(entry.missed),
        overlap=OverlapPolicy(entry.overlap),
        in_quiet_hours=spec.watches or entry.in_quiet_hours,
        on_free_days=spec.watches,
        parts=tuple(replace(part, params=checked[1]) for part, checked in zip(parts, done[1:], strict=True)),
    )


def _with_channel(spec: MethodSpec | None, given: Mapping[str, Any], channel_id: str) -> Mapping[str, Any]:
    """Return what an entry gives, with a channel to post in if it has to name one and doesn't."""
    if spec is None:
        return given
    posting = {need.channel for need in spec.needs if need.permission == "send_messages"}
    absent = [name for name in required_channels(spec) if name in posting and not given.get(name)]
    several = {item.name for item in spec.parameters if item.kind is Kind.CHANNELS}
    return {**given, **{name: [channel_id] if name in several else channel_id for name in absent}}


async def _checked(
    desk: Desk, entry: Found, method: str, given: Mapping[str, Any], seen: SeenChannels, own: OwnChecks
) -> tuple[MethodSpec, JsonObject] | Fault:
    """Return what an entry, or a part of it, does, with its params; or why this person can't schedule it."""
    spec = spec_for(desk.bot, method)
    if spec is None or spec.personal:
        return Fault(
            entry.line,
            t("There is no kind of job called “{name}” at the moment.", name=plain(method)[:60]),
        )
    ping = given.get(PING_URL)
    unknown = next((key for key in given if spec.parameter(key) is None and key != PING_URL), None)
    if unknown is not None:
        names = ", ".join(parameter.name for parameter in spec.parameters)
        return Fault(
            entry.line,
            t(
                "`{job}` has no option “{name}”. Options: {names}.",
                job=spec.name,
                name=plain(unknown)[:40],
                names=names,
            ),
        )
    try:
        values = typed(spec, given)
    except (TypeError, ValueError):
        return Fault(entry.line, t("A value has the wrong type."))
    filled = fill(spec, values, desk.guild_id)
    if filled.missing:
        return Fault(entry.line, t("Still missing: {label}.", label=f"**{label_of(filled.missing[0])}**"))
    if filled.errors:
        return Fault(entry.line, next(iter(filled.errors.values())))
    if wrong := ping_fault(ping):
        return Fault(entry.line, f"**{with_colon(t('Call after each successful run'))}** {translated(wrong)}")
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
    return spec, params


@dataclass(slots=True)
class _Dry:
    """What an import would do.

    Attributes:
        new: Jobs that don't exist here, each with its schedule in words.
        copies: Jobs like those that exist here, for an import beside them.
        updates: Jobs that exist here and are otherwise in the file.
        same: How many exist here as they are in the file.
        notes: What was taken otherwise than it stands in the file.
        missing: The names of pictures that a table names and that aren't here, in order.
    """

    new: list[tuple[Job, str]] = field(default_factory=list[tuple[Job, str]])
    copies: list[tuple[Job, str]] = field(default_factory=list[tuple[Job, str]])
    updates: list[Update] = field(default_factory=list[Update])
    same: int = 0
    notes: list[str] = field(default_factory=list[str])
    missing: dict[str, None] = field(default_factory=dict[str, None])


def _dry_panel(panel_id: str, dry: _Dry, faults: list[Fault], room: int | None = None) -> ui.LayoutView:
    ready = dry.new
    lines = [f"### {t('Check before you import')}"]
    lines.append(f"**{tn('{count} job can be imported', '{count} jobs can be imported', len(ready))}**")
    if room is not None and room < len(ready):
        said = t("Room for more jobs: {count}. `/schedule status` shows the limits.", count=room)
        lines.append(f"⚠ {with_mentions(said)}")
    lines += bullets([_line(job, sentence) for job, sentence in ready], _SHOWN_JOBS)
    known = dry.same + len(dry.updates)
    if known:
        said = tn("{count} job already exists here.", "{count} jobs already exist here.", known)
        changed = tn(
            "{count} is different in the file.", "{count} are different in the file.", len(dry.updates)
        )
        lines.append(f"**{said}** {changed}")
        lines += bullets([cut(plain(item.job.title), 60) for item in dry.updates], _SHOWN_JOBS)
    lines += bullets([f"ℹ {cut(note, 180)}" for note in dry.notes], _SHOWN_NOTES)
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
    buttons = [DeskButton("import", "do", panel_id, label, style=style, disabled=not ready)]
    if dry.updates:
        label = tn("Update {count} job", "Update {count} jobs", len(dry.updates))
        label = f"{tn('Import {count} job', 'Import {count} jobs', len(ready))}, {label}" if ready else label
        buttons.append(DeskButton("import", "update", panel_id, label, style=discord.ButtonStyle.primary))
    if dry.copies:
        count = len(ready) + len(dry.copies)
        label = tn("Import {count} job, as a copy", "Import all {count} jobs, as copies", count)
        buttons.append(DeskButton("import", "copy", panel_id, label))
    if dry.missing:
        buttons.insert(
            0,
            DeskButton(
                "import", "pictures", panel_id, t("Add the pictures"), style=discord.ButtonStyle.primary
            ),
        )
    items.append(row_of(*buttons, DeskButton("import", "drop", panel_id, t("Discard"))))
    return panel_of(*items, colour=BAD if faults else NEUTRAL)


def _line(job: Job, sentence: str) -> str:
    """Return what a new job is called, where it works, and when by which zone."""
    zone = job.trigger.zone_or(job.timezone)
    when = sentence if job.trigger.type == "interval" else f"{sentence} ({zone_name(zone)})"
    return " · ".join([cut(plain(job.title), 60), *_channels(job), cut(plain(when), 130)])


def _channels(job: Job) -> list[str]:
    listed = job.params.get("channel_ids")
    ids = listed if isinstance(listed, list) else [job.params.get("channel_id")]
    return [" ".join(f"<#{item}>" for item in ids[:3])] if ids and ids[0] else []


def _kept(job: Job) -> JsonObject:
    return replace(job, trigger=with_day_names(job.trigger)).to_json()


PANELS = (Panel("import", clicks={"drop": drop, "do": do, "copy": copy, "update": update, "undo": undo}),)
