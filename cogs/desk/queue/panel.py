"""``/schedule queue``: a queue's slots, what waits in them, *Post the next one now*, and the queues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import discord
from discord import ui

from cogs.desk.jobs.lookup import job_for, rules_here, verdicts
from cogs.desk.kit.components import TEXT_CHANNELS, DeskButton, DeskSelect, objects
from cogs.desk.kit.context import Desk
from cogs.desk.kit.corrections import Mistyped
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.lacking import expect
from cogs.desk.kit.layout import panel_of, row_of
from cogs.desk.kit.modals import ask, text_field
from cogs.desk.kit.wording import BAD, NEUTRAL, cut, full, plain, title_of
from cogs.desk.queue.slots import META, SOONEST, Queue, at_slot, closed_up, instant_of
from cogs.desk.queue.store import (
    MOST_QUEUES,
    queue_here,
    queues_here,
    remove_queue,
    save_queue,
    taking_turns,
    waiting_here,
)
from cogs.formats import zone_name
from cogs.language import example, locale, shown_locale, t, tc, tn, translated, with_colon
from cogs.memory import new_id
from cogs.rights.deciding import Act
from cogs.services import Refused
from schedulezero import instants
from schedulezero.client.dialect import Feature
from schedulezero.errors import ClientError, WhenError
from schedulezero.model import Job, JobState, Trigger
from schedulezero.when.calendar.quiet_hours import forbidden
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand

_SHOWN_SLOTS = 12
_LONGEST_NAME = 60
_NEW = "new"
_SOON = timedelta(seconds=1)
"""So far ahead is a post that goes out now: the server takes no time that has passed."""


async def begin(desk: Desk) -> None:
    """Answer ``/schedule queue``."""
    await desk.acknowledge()
    queues = await queues_here(desk)
    if queues:
        await show(desk, queues[0].id)
        return
    said = [
        f"### {t('Queues')}",
        t(
            "A queue has slots, such as *Mon, Wed and Fri at 18:00 in #art*. What you add takes the next "
            "free slot."
        ),
    ]
    button = DeskButton("queue", "edit", _NEW, t("New queue"), style=discord.ButtonStyle.primary)
    await desk.show(panel_of(ui.TextDisplay("\n".join(said)), row_of(button), colour=NEUTRAL))


async def show(desk: Desk, queue_id: str, *, notice: str | None = None) -> None:
    """Show a queue."""
    queue = await queue_here(desk, queue_id)
    queues, waiting = await queues_here(desk), await waiting_here(desk, queue)
    now, rules = instants.now(), await rules_here(desk)
    slots = list(islice(queue.slots(now, rules), _SHOWN_SLOTS))
    gaps = closed_up(queue, waiting, now, rules)
    told = describe(queue.trigger, queue.timezone, shown_locale())
    lines = [
        f"### {t('Queue “{name}”', name=plain(queue.name))}",
        f"{told} ({zone_name(queue.timezone)}) · <#{queue.channel_id}>",
        tn("**{count}** post in the queue.", "**{count}** posts in the queue.", len(waiting)),
        *_slot_lines(slots, waiting),
    ]
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(lines))]
    if notice:
        items.append(ui.TextDisplay(f"-# {notice}"))
    if len(queues) > 1:
        options = [
            discord.SelectOption(label=cut(item.name, 100), value=item.id, default=item.id == queue.id)
            for item in queues
        ]
        items.append(row_of(DeskSelect("queue", "chosen", queue.id, t("Another queue…"), options)))
    if len(waiting) > 1:
        first = [discord.SelectOption(label=cut(title_of(job), 100), value=job.id) for job in waiting[1:26]]
        items.append(row_of(DeskSelect("queue", "first", queue.id, t("Move to the front…"), first)))
    buttons = [DeskButton("queue", "asknow", queue.id, t("Post the next one now"), disabled=not waiting)]
    if gaps:
        buttons.append(DeskButton("queue", "close", queue.id, t("Close the gaps")))
    if desk.manages:
        buttons += [
            DeskButton("queue", "edit", queue.id, t("Edit")),
            DeskButton("queue", "edit", _NEW, t("New queue"), disabled=len(queues) >= MOST_QUEUES),
            DeskButton("queue", "askremove", queue.id, t("Remove")),
        ]
    items.append(row_of(*buttons))
    await desk.show(panel_of(*items, colour=NEUTRAL))


def _slot_lines(slots: Sequence[datetime], waiting: Sequence[Job]) -> list[str]:
    """Return a line for each slot and for each job outside of the slots, in order."""
    by_slot: dict[datetime, list[Job]] = {slot: [] for slot in slots}
    for job in waiting:
        at = instant_of(job)
        if at is not None and (not slots or at <= slots[-1]):
            by_slot.setdefault(at, []).append(job)
    lines: list[str] = []
    for at in sorted(by_slot):
        names = ", ".join(_named(job) for job in by_slot[at]) or f"*{t('free')}*"
        lines.append(f"- {with_colon(full(at))} {names}")
    later = len(waiting) - sum(len(jobs) for jobs in by_slot.values())
    return [*lines, *([f"- {tn('and {count} more', 'and {count} more', later)}"] if later else [])]


def _named(job: Job) -> str:
    name = cut(plain(title_of(job)), 60)
    marks = {JobState.PAUSED: tc("a post in a queue", "paused"), JobState.PENDING: t("waiting for approval")}
    return f"{name} ({marks[job.state]})" if job.state in marks else name


async def chosen(desk: Desk, _queue_id: str) -> None:
    """Show the picked queue."""
    await show(desk, desk.picked())


# -------------------------------------------------------------------- queues themselves


async def ask_queue(desk: Desk, queue_id: str) -> None:
    """Open the form of a new queue, or of one that there is."""
    desk.check_settings()
    queue = None if queue_id == _NEW else await queue_here(desk, queue_id)
    channel = [queue.channel_id] if queue is not None else [str(desk.interaction.channel_id)]
    fields = [
        text_field("name", t("Name"), value=queue and queue.name, required=True, most=_LONGEST_NAME),
        text_field(
            "slots",
            t("Slots"),
            placeholder=example("Mon, Wed and Fri at 18:00"),
            description=t("Leave it empty to keep the current slots") if queue is not None else None,
            required=queue is None,
        ),
        ui.Label(
            text=t("Channel"),
            component=ui.ChannelSelect(
                custom_id="channel",
                channel_types=TEXT_CHANNELS,
                default_values=objects(channel, discord.abc.GuildChannel),
            ),
        ),
    ]
    await ask(desk, "queue", "form", queue_id, t("Queue"), fields)


async def queue_given(desk: Desk, queue_id: str, fields: Mapping[str, Any]) -> None:
    """Save a queue."""
    desk.check_settings()
    name = str(fields.get("name") or "").strip()
    typed = str(fields.get("slots") or "").strip()
    channels = fields.get("channel") or []
    queues = await queues_here(desk)
    if not name or not channels:
        raise Mistyped(t("A queue needs a name and a channel."), "edit")
    if any(item.name.casefold() == name.casefold() and item.id != queue_id for item in queues):
        said = t("There is already a queue called “{name}”. Choose another name.", name=plain(name))
        raise Mistyped(said, "edit")
    now = instants.now()
    if queue_id == _NEW:
        if len(queues) >= MOST_QUEUES:
            raise Refused(t("A server can have at most {most} queues. Remove one first.", most=MOST_QUEUES))
        zone = await desk.services.timezone_of(0, desk.guild.id)
        trigger, zone = await _slots(desk, typed, zone)
        queue = Queue(new_id(), desk.guild_id, name, str(channels[0]), trigger, zone, now)
    else:
        queue = replace(await queue_here(desk, queue_id), name=name, channel_id=str(channels[0]))
        if typed:
            trigger, zone = await _slots(desk, typed, queue.timezone)
            queue = replace(queue, trigger=trigger, timezone=zone, anchor_at=now)
    await save_queue(desk, queue)
    await show(desk, queue.id, notice=t("Saved."))


async def _slots(desk: Desk, typed: str, zone: str) -> tuple[Trigger, str]:
    """Read a queue's slots; raise Mistyped for what isn't a recurring schedule."""
    now = instants.now()
    try:
        found = understand(typed, zone=zone, locale=locale(), now=now, habits=await desk.habits())
    except WhenError as error:
        said = f"{translated(error.message)}\n-# {t('You wrote:')} {plain(typed)}"
        raise Mistyped(said, "edit") from error
    schedule = schedule_of(found.trigger, anchor=now, zone=found.zone)
    if len(list(upcoming(schedule, now, 2))) < 2:
        raise Mistyped(t("Slots repeat. Example: `Mon, Wed and Fri at 18:00`."), "edit")
    return found.trigger, found.zone


async def ask_remove(desk: Desk, queue_id: str) -> None:
    """Ask before a queue is removed."""
    desk.check_settings()
    queue = await queue_here(desk, queue_id)
    said = t("Remove the queue “{name}”? Posts waiting in it will stay scheduled.", name=plain(queue.name))
    buttons = row_of(
        DeskButton("queue", "show", queue.id, tc("a queue", "Keep it")),
        DeskButton("queue", "remove", queue.id, t("Remove"), style=discord.ButtonStyle.danger),
    )
    await desk.show(panel_of(ui.TextDisplay(said), buttons, colour=BAD))


async def remove(desk: Desk, queue_id: str) -> None:
    """Remove a queue."""
    desk.check_settings()
    queue = await queue_here(desk, queue_id)
    await remove_queue(desk, queue)
    await begin(desk)


# -------------------------------------------------------------------- what waits


async def ask_now(desk: Desk, queue_id: str) -> None:
    """Ask before the next post goes out."""
    queue = await queue_here(desk, queue_id)
    job = await _first(desk, queue)
    said = t(
        "Post “{name}” in <#{channel}> now? The posts waiting behind it move up.",
        name=plain(title_of(job)),
        channel=queue.channel_id,
    )
    buttons = row_of(
        DeskButton("queue", "show", queue.id, t("Not yet")),
        DeskButton(
            "queue", "now", f"{queue.id}.{job.id}", t("Post it now"), style=discord.ButtonStyle.success
        ),
    )
    await desk.show(panel_of(ui.TextDisplay(said), buttons, colour=NEUTRAL))


async def _first(desk: Desk, queue: Queue) -> Job:
    for job in await waiting_here(desk, queue):
        if job.state is JobState.ACTIVE and (instant_of(job) or instants.now()) > instants.now():
            return job
    raise Refused(t("Nothing in “{name}” can be posted now.", name=plain(queue.name)))


async def post_now(desk: Desk, target: str) -> None:
    """Post the next one now, and let the others move up; the target is ``<queue>.<job>``."""
    queue_id, _, job_id = target.partition(".")
    queue = await queue_here(desk, queue_id)
    await expect(desk, Feature.EDIT)
    async with taking_turns(queue.id):
        job = await job_for(desk, Act.RUN, job_id)
        if job.meta.get(META) != queue.id or job.state is not JobState.ACTIVE or job.next_run_at is None:
            raise Refused(t("This has already been done."))
        at, rules = instants.now() + _SOON, await rules_here(desk)
        if rules is not None and (why := forbidden(rules, at)) is not None:
            raise Refused(t("This post can't go out now: {reason}", reason=translated(why)))
        # One change of its time posts it, by the way of every job: once, with its history.
        meta = {key: value for key, value in job.meta.items() if key != META}
        now = replace(at_slot(job, at), meta=meta)
        await desk.client.change(now, job.version, desk.actor_id)
        left = await _close(desk, queue)
    said = t("“{name}” is on its way.", name=plain(title_of(job)))
    await show(desk, queue.id, notice=f"{said} {left}".strip())


async def close(desk: Desk, queue_id: str) -> None:
    """Move what waits to the first free slots."""
    queue = await queue_here(desk, queue_id)
    await expect(desk, Feature.EDIT)
    async with taking_turns(queue.id):
        left = await _close(desk, queue)
    await show(desk, queue.id, notice=left or None)


async def _close(desk: Desk, queue: Queue) -> str:
    """Close a queue up; return what to tell about jobs that stayed where they are.

    Nobody moves what they might not post themselves.
    """
    waiting, rules = await waiting_here(desk, queue), await rules_here(desk)
    fixed: set[str] = set()
    sooner = {job.id: at_slot(job, instants.now()) for job in waiting}  # to which slot is not decided yet
    async for job, verdict in verdicts(desk, Act.SAVE, waiting, versions=sooner):
        if not verdict.allowed:
            fixed.add(job.id)
    for job, slot in closed_up(queue, waiting, instants.now(), rules, fixed=fixed):
        if not await _moved(desk, job, slot):
            fixed.add(job.id)
    if not fixed:
        return ""
    return tn("{count} post stays where it is.", "{count} posts stay where they are.", len(fixed))


async def _moved(desk: Desk, job: Job, slot: datetime) -> bool:
    """Move a job; return False if somebody else has just changed it or the server refuses."""
    try:
        await desk.client.change(at_slot(job, slot), job.version, desk.actor_id)
    except ClientError:
        return False
    return True


async def put_first(desk: Desk, queue_id: str) -> None:
    """Give the picked job the first slot, and each one before it the slot after its own."""
    queue = await queue_here(desk, queue_id)
    picked = desk.picked()
    await expect(desk, Feature.EDIT)
    async with taking_turns(queue.id):
        waiting = [job for job in await waiting_here(desk, queue) if _may_move(job)]
        place = next((number for number, job in enumerate(waiting) if job.id == picked), 0)
        before, slots = waiting[:place], [instant_of(job) for job in waiting[: place + 1]]
        moves = [(waiting[place], slots[0]), *zip(before, slots[1:], strict=True)] if before else []
        wanted = {job.id: at_slot(job, slot) for job, slot in moves if slot is not None}
        async for _, verdict in verdicts(desk, Act.SAVE, [job for job, _ in moves], versions=wanted):
            if not verdict.allowed:
                raise Refused(verdict.against[0])
        for job, slot in moves:
            if slot is not None:
                await _moved(desk, job, slot)
    await show(desk, queue.id)


def _may_move(job: Job) -> bool:
    at = instant_of(job)
    return at is not None and at > instants.now() + SOONEST


PANELS = (
    Panel(
        "queue",
        clicks={
            "show": show,
            "chosen": chosen,
            "first": put_first,
            "asknow": ask_now,
            "now": post_now,
            "close": close,
            "askremove": ask_remove,
            "remove": remove,
        },
        opens={"edit": ask_queue},
        forms={"form": queue_given},
    ),
)
