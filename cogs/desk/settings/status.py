"""How the whole is doing, for whoever runs it: server, handler, sprockets, lag."""

from __future__ import annotations

import time
from dataclasses import dataclass

import discord
from discord import ui
from discord.ext import commands

from cogs.desk.kit.replies import acknowledge, guild_id_of, say, show
from cogs.desk.kit.wording import BAD, GOOD, relative, span, state_word
from cogs.language import t, translated
from cogs.rights.allowance import allowance_of, imports, only_schedules, used_up
from cogs.services import Refused, handler_of, services_of
from cogs.sprocket_loading.loader import loaded
from schedulezero.errors import ClientError
from schedulezero.model import Run
from schedulezero.sentences import read_sentence

_MANY_WAITING = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is checked: how it is, and what to do when it is not well."""

    well: bool
    text: str

    def __str__(self) -> str:
        return f"{'✅' if self.well else '❌'} {self.text}"


async def show_status(interaction: discord.Interaction) -> None:
    """Answers ``/schedule status``."""
    await acknowledge(interaction)
    lines = await _server_lines(interaction)
    lines += await _limit_lines(interaction)
    assert isinstance(interaction.client, commands.Bot)
    names = loaded(interaction.client)
    methods = len(handler_of(interaction.client).sprockets)
    listed = ", ".join(names) or t("none")
    said = f"**{t('Sprockets:')}** {t('{names}, with {count} jobs', names=listed, count=methods)}"
    lines.append(Line(bool(names), said if names else f"{said}. {t('`/load_sprocket` loads one.')}"))
    latency = interaction.client.latency
    if latency == latency:  # not a number before the first heartbeat
        lines.append(Line(latency < 1, f"**Discord:** {latency * 1000:.0f} ms"))
    well = all(line.well for line in lines)
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=GOOD if well else BAD)
    container.add_item(ui.TextDisplay(f"### {t('Status')}\n" + "\n".join(map(str, lines))))
    panel = ui.LayoutView(timeout=None)
    panel.add_item(container)
    await show(interaction, panel)


async def _server_lines(interaction: discord.Interaction) -> list[Line]:
    client = services_of(interaction.client).client
    handler = handler_of(interaction.client)
    began = time.perf_counter()
    try:
        health = await client.health()
        answered = (time.perf_counter() - began) * 1000
        if trouble := read_sentence(health, "trouble"):
            return [Line(False, f"**{t('Database:')}** {translated(trouble)}")]
        handlers = await client.handlers()
        page = await client.runs(guild_id_of(interaction), limit=1)
    except ClientError as error:
        return [Line(False, f"**{t('Server:')}** {translated(error.message)}")]
    answers = t("{address} answers in {time} ms", address=client.endpoint, time=f"{answered:.0f}")
    lines = [Line(True, f"**{t('Server:')}** {answers}")]
    own = [info for info in handlers if info.id == handler.handler_id]
    known = next((info for info in own if info.address == handler.address), own[0] if own else None)
    if known is None:
        text = t("the server does not know “{name}”; try `/schedule reload`", name=handler.handler_id)
        lines.append(Line(False, f"**{t('Handler:')}** {text}"))
    elif not known.connected:
        text = t("the server cannot reach {address}; is another program on that port?", address=known.address)
        lines.append(Line(False, f"**{t('Handler:')}** {text}"))
    else:
        text = t("“{name}” is registered with {count} jobs", name=known.id, count=len(known.methods))
        lines.append(Line(True, f"**{t('Handler:')}** {text}"))
    waiting, running = health.get("runs_waiting"), health.get("runs_under_way")
    if isinstance(waiting, int) and isinstance(running, int):
        text = t("{waiting} runs wait, {running} are under way", waiting=waiting, running=running)
        lines.append(Line(waiting < _MANY_WAITING, f"**{t('Queue:')}** {text}"))
    if page.runs:
        lines.append(_last_run(page.runs[0]))
    return lines


async def _limit_lines(interaction: discord.Interaction) -> list[Line]:
    """The limits that hold here; not well when one of them is used up."""
    try:
        allowance = await allowance_of(interaction, guild_id_of(interaction))
    except ClientError:
        return []  # the line about the server says why
    most_runs = allowance.limits.runs_per_minute
    full = allowance.most_jobs is not None and allowance.jobs >= allowance.most_jobs
    full = full or (most_runs is not None and allowance.runs >= most_runs)
    said = used_up(allowance, member=only_schedules(interaction))
    size = imports(services_of(interaction.client).limits)
    return [Line(not full, f"**{t('Limits:')}** {said} · {size}")]


def _last_run(run: Run) -> Line:
    text = f"**{t('Last run here:')}** {relative(run.scheduled_at)}, {state_word(run.state)}"
    if run.lateness is not None:
        text += f", {t('began {time} after its time', time=span(run.lateness))}"
    return Line(True, text)


async def reload_handler(interaction: discord.Interaction) -> None:
    """Answers ``/schedule reload``: registers the handler again and says what changed."""
    await acknowledge(interaction)
    handler = handler_of(interaction.client)
    before = set(handler.registered.methods) if handler.registered else set[str]()
    try:
        registered = await handler.refresh()
    except TimeoutError:
        raise Refused(
            t(
                "The server at {address} does not answer. I go on trying by myself.",
                address=handler.server_address,
            )
        ) from None
    after = set(registered.methods)
    changes = [f"`+ {name}`" for name in sorted(after - before)]
    changes += [f"`- {name}`" for name in sorted(before - after)]
    said = t("Registered with {count} jobs.", count=len(after))
    changed = t("Changed: {names}", names=", ".join(changes)) if changes else t("Nothing changed.")
    await say(interaction, f"{said} {changed}")
