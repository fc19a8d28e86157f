"""``/schedule status``: the state of the server, the handler, the sprockets and the lag."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from discord import ui

from cogs.background.discord_troubles import TROUBLES
from cogs.command_refusals import told
from cogs.desk.kit.context import Desk
from cogs.desk.kit.layout import panel_of
from cogs.desk.kit.wording import BAD, GOOD, cut, relative, span, state_word
from cogs.desk.settings.busiest import busiest_lines
from cogs.desk.settings.database_status import database_lines
from cogs.desk.settings.plain_status import plain_kinds, plain_lines
from cogs.health import Check, own_instance
from cogs.language import grouped, mebibytes, t, tn, translated
from cogs.rights.allowance import allowance_of, files_used, imports, used_up
from cogs.services import Refused, handler_of
from cogs.sprocket_loading.loader import loaded
from schedulezero import instants
from schedulezero.client.dialect import Feature
from schedulezero.errors import ClientError
from schedulezero.model import HandlerInfo, Run
from schedulezero.model.file_limits import MIB
from schedulezero.sentences import read_sentence

log = logging.getLogger(__name__)

_LATELY = timedelta(hours=1)
_MOST_TROUBLES = 5
_MANY_WAITING = 500
_LONGEST_LIST = 1500


async def show_status(desk: Desk) -> None:
    """Answer ``/schedule status``."""
    owns = await _is_owner(desk)
    checks = await _server_lines(desk) if owns else await plain_lines(desk)
    checks += await _run_lines(desk) if all(check.well for check in checks) else []
    checks += await _limit_lines(desk)
    checks.append(await _commands(desk))
    checks += _refused_lines(desk)
    checks += await _owner_lines(desk) if owns else []
    checks.append(_sprockets(desk) if owns else plain_kinds(len(handler_of(desk.bot).sprockets)))
    latency = desk.bot.latency
    if latency == latency:  # NaN before the first heartbeat
        checks.append(Check("Discord:", latency < 1, f"{latency * 1000:.0f} ms"))
    lines = [f"{'✅' if check.well else '❌'} **{check.subject}** {check.finding}" for check in checks]
    colour = GOOD if all(check.well for check in checks) else BAD
    text = "\n".join([f"### {t('Status')}", *lines])
    await desk.show(panel_of(ui.TextDisplay(text), colour=colour))


def _sprockets(desk: Desk) -> Check:
    names = loaded(desk.bot)
    if not names:
        return Check(t("Sprockets:"), False, t("none. `/load_sprocket` loads one."))
    methods = len(handler_of(desk.bot).sprockets)
    said = tn(
        "{names}, with {count} kind of job",
        "{names}, with {count} kinds of job",
        methods,
        names=", ".join(names),
    )
    return Check(t("Sprockets:"), True, said)


async def _server_lines(desk: Desk) -> list[Check]:
    client = desk.client
    handler = handler_of(desk.bot)
    began = time.perf_counter()
    try:
        health = await client.health()
        answered = (time.perf_counter() - began) * 1000
        if trouble := read_sentence(health, "trouble"):
            return [Check(t("Database:"), False, translated(trouble))]
        handlers = await client.handlers()
        lacks, published = await client.lacks(), await client.is_published()
    except ClientError as error:
        return [Check(t("Scheduler:"), False, translated(error.message))]
    known_by = {"address": client.endpoint, "time": f"{answered:.0f}"}
    if published:
        answers = t("{address}, a published version of the scheduler, answers in {time} ms", **known_by)
    else:
        answers = t("{address} responds in {time} ms", **known_by)
    lines = [Check(t("Scheduler:"), True, answers)]
    known = own_instance(handlers, handler.handler_id, handler.address)
    if known is None:
        text = t("the scheduler doesn't know “{name}”; try `/schedule reload`", name=handler.handler_id)
        lines.append(Check(t("Handler:"), False, text))
    elif known.address != handler.address and handler.shards is None:
        text = t(
            "“{name}” is registered at {address}, but I'm listening at {mine}. Is another "
            "bot using that name?",
            name=known.id,
            address=known.address,
            mine=handler.address,
        )
        lines.append(Check(t("Handler:"), False, text))
    elif not known.connected and Feature.LIVENESS in lacks:
        lines.append(_own_registration(known, handler.server_address if not handler.registered else None))
    elif not known.connected:
        text = t(
            "the scheduler can't reach {address}; is another program using that port?", address=known.address
        )
        lines.append(Check(t("Handler:"), False, text))
    else:
        text = tn(
            "“{name}” is registered with {count} kind of job",
            "“{name}” is registered with {count} kinds of job",
            len(known.methods),
            name=known.id,
        )
        lines.append(Check(t("Handler:"), True, text))
    return lines


async def _run_lines(desk: Desk) -> list[Check]:
    """Say how many runs wait, and what the last one here came to."""
    try:
        health, page = await desk.client.health(), await desk.client.runs(desk.guild_id, limit=1)
    except ClientError:
        return []  # the line about the server shows the reason at the next look
    lines: list[Check] = []
    waiting, running = health.get("runs_waiting"), health.get("runs_under_way")
    if isinstance(waiting, int) and isinstance(running, int):
        text = t("{waiting} waiting, {running} running", waiting=waiting, running=running)
        lines.append(Check(t("Runs:"), waiting < _MANY_WAITING, text))
    if page.runs:
        lines.append(_last_run(page.runs[0]))
    return lines


def _own_registration(known: HandlerInfo, unanswered: str | None) -> Check:
    """Judge by the handler's own registration, for a server that doesn't tell what it reaches.

    Parameters:
        known: the handler as the server knows it.
        unanswered: the address that doesn't answer its registration; None if it is registered.
    """
    if unanswered is not None:
        text = t(
            "{address} isn't responding to my registration; what it says about me may be out of date",
            address=unanswered,
        )
        return Check(t("Handler:"), False, text)
    text = tn(
        "“{name}” is registered with {count} kind of job",
        "“{name}” is registered with {count} kinds of job",
        len(known.methods),
        name=known.id,
    )
    return Check(t("Handler:"), True, text)


async def _commands(desk: Desk) -> Check:
    """Check whether Discord has the bot's commands as they are."""
    offered = await desk.services.commands.state(desk.bot)
    if offered.refusal is not None:
        when = relative(offered.again_at) if offered.again_at is not None else ""
        return Check(t("Commands:"), False, told(offered.refusal, when))
    said = t("Up to date on Discord")
    if offered.reduced:
        said += ". " + t(
            "`/remind` works only in servers, because *User Install* isn't enabled for the app in "
            "Discord's Developer Portal."
        )
    return Check(t("Commands:"), True, said)


async def _limit_lines(desk: Desk) -> list[Check]:
    """Check the limits here; the check fails if one is used up."""
    try:
        allowance = await allowance_of(desk.services, desk.actor_id, desk.guild_id)
        held = Feature.RULES not in await desk.client.lacks()
    except ClientError:
        return []  # the line about the server shows the reason
    most_runs = allowance.limits.runs_per_minute
    full = allowance.most_jobs is not None and allowance.jobs >= allowance.most_jobs
    full = full or (most_runs is not None and allowance.runs >= most_runs)
    said = used_up(allowance, member=not desk.manages, held=held)
    size, limits = imports(desk.services.limits), desk.services.limits
    files = files_used((await desk.memory.files.usage(desk.guild_id)).bytes, limits.files_mib_per_guild)
    return [Check(t("Limits:"), not full, f"{said} · {files} · {size}")]


def _refused_lines(desk: Desk) -> list[Check]:
    """Say so while jobs wait because Discord refused too many requests."""
    counted, now = desk.services.invalid_requests, time.time()
    wait = counted.wait(now)
    if wait is None:
        return []
    text = t(
        "{count} requests in the last ten minutes; jobs will run again {time}, once there are fewer than "
        "{most}",
        count=counted.lately(now),
        most=counted.hold_at,
        time=relative(instants.now() + timedelta(seconds=wait)),
    )
    return [Check(t("Refused by Discord:"), False, text)]


async def _is_owner(desk: Desk) -> bool:
    try:
        return await desk.bot.is_owner(desk.member)
    except TROUBLES as error:
        log.info("Discord can't be asked who owns the bot: %s", error)
        return False


async def _owner_lines(desk: Desk) -> list[Check]:
    """Say to the bot's owner how the background work is, and how many requests Discord refused."""
    supervisor, counted = desk.services.supervisor, desk.services.invalid_requests
    lines: list[Check] = []
    said = tn("{count} task running", "{count} tasks running", len(supervisor.parts))
    if pausing := supervisor.pausing:
        said = t("{names} stopped and will be restarted", names=", ".join(f"`{name}`" for name in pausing))
    lines.append(Check(t("Background work:"), not pausing, said))
    for trouble in supervisor.troubles(_LATELY)[:_MOST_TROUBLES]:
        text = t(
            "`{part}` had problems (×{count}), most recently {when}: {kind}",
            part=trouble.part,
            count=trouble.count,
            when=relative(trouble.at),
            kind=f"`{trouble.kind}`",
        )
        lines.append(Check(t("Background work:"), trouble.kind != "bug", text))
    lines.append(await _files_line(desk))
    lines += await database_lines(desk)
    now = time.time()
    if counted.wait(now) is None:
        text = tn(
            "{count} request in the last ten minutes; the limit is {most}",
            "{count} requests in the last ten minutes; the limit is {most}",
            counted.lately(now),
            most=grouped(counted.hold_at),
        )
        lines.append(Check(t("Refused by Discord:"), True, text))
    return lines + await busiest_lines(desk)


async def _files_line(desk: Desk) -> Check:
    """Say how much of the room for all servers' files is used; the check fails if nine tenths are."""
    used, most = await desk.memory.files.usage(), desk.services.limits.files_mib
    files = tn("{count} file", "{count} files", used.count)
    if most is None:
        said = t("{files}, {used} MiB", files=files, used=mebibytes(used.bytes))
    else:
        said = t("{files}, {used} of {most} MiB", files=files, used=mebibytes(used.bytes), most=grouped(most))
    return Check(t("Stored files:"), most is None or used.bytes <= most * MIB * 0.9, said)


def _last_run(run: Run) -> Check:
    text = f"{relative(run.scheduled_at)}, {state_word(run.state)}"
    if run.lateness is not None:
        text += f", {t('started {time} late', time=span(run.lateness))}"
    return Check(t("Last run here:"), True, text)


async def reload_handler(desk: Desk) -> None:
    """Answer ``/schedule reload``: register the handler again and list its jobs and the changes."""
    handler = handler_of(desk.bot)
    before = set(handler.registered.methods) if handler.registered else set[str]()
    try:
        registered = await handler.refresh()
    except TimeoutError:
        if not await _is_owner(desk):
            raise Refused(t("Scheduling isn't working right now. I'll keep trying.")) from None
        raise Refused(
            t(
                "The scheduler at {address} isn't responding. I'll keep trying.",
                address=handler.server_address,
            )
        ) from None
    after = set(registered.methods)
    changes = [f"`+ {name}`" for name in sorted(after - before)]
    changes += [f"`- {name}`" for name in sorted(before - after)]
    names = cut(", ".join(f"`{name}`" for name in sorted(after)) or "–", _LONGEST_LIST)
    said = tn(
        "Registered with {count} kind of job: {names}.",
        "Registered with {count} kinds of job: {names}.",
        len(after),
        names=names,
    )
    changed = t("Changed: {names}", names=", ".join(changes)) if changes else t("Nothing changed.")
    await desk.say(f"{said} {changed}")
