"""The status screen that `run` prints once it is ready, with the bot's invite link.

rich, which draws it, is imported then, so that no start waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from bot.app import ScheduleZeroBot
from bot.logs import is_json, redact
from cogs.health import Check
from cogs.rights.permissions import invite, lacking, wanted
from cogs.services import handler_of, offered_specs
from cogs.sprocket_loading import loader
from schedulezero.errors import ClientError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.panel import Panel

log = logging.getLogger(__name__)

_HANDLER_SECONDS = 5.0


async def show_screen(bot: ScheduleZeroBot, stop: asyncio.Event, console: Console | None = None) -> None:
    """Wait until the bot is ready and print the status screen, or log it where the log is JSON."""
    await bot.wait_until_ready()
    checks = await checks_of(bot)
    assert bot.user is not None
    link = invite(bot.user.id, offered_specs(bot))
    if is_json():
        for check in checks:
            log.log(logging.INFO if check.well else logging.WARNING, "%s", check)
        log.info("the link that invites the bot is %s", link)
        return
    from rich.console import Console
    from rich.text import Text

    shown = console or Console()
    try:
        with shown.capture() as captured:
            shown.print(screen(checks, str(bot.user)))
            # The link has its own line and never wraps, so that it can be clicked and copied.
            shown.print(Text.assemble(("Invite me: ", "bold"), (link, "cyan")), soft_wrap=True)
        shown.file.write(captured.get())
        shown.file.flush()
    except OSError as error:
        # Nobody reads the output any more, but the bot keeps running.
        log.warning("the screen cannot be shown (%s); the link that invites the bot is %s", error, link)


async def checks_of(bot: ScheduleZeroBot) -> list[Check]:
    """Return the running bot's checks, each with its suggested fix."""
    handler, settings = handler_of(bot), bot.settings
    try:
        async with asyncio.timeout(_HANDLER_SECONDS):
            await handler.wait_bound()
            await handler.refresh()
        server = Check(
            "server", True, f"{settings.api_endpoint} ({settings.server}), handler {handler.handler_id!r}"
        )
    except (TimeoutError, OSError, RuntimeError) as error:
        remedy = "Start the ScheduleZero server, or set `server: embedded`; I go on trying."
        why = str(error) or f"nothing heard for {_HANDLER_SECONDS:g} s"
        server = Check("server", False, f"{settings.server_address} does not answer ({why})", remedy)
    try:
        health = await bot.services.client.health()
        ready, trouble = bool(health.get("ready", True)), str(health.get("trouble", ""))
    except ClientError as error:
        ready, trouble = False, error.message
    database = Check("database", ready, bot.memory.where, trouble or None)
    loaded = loader.loaded(bot)
    missing = [name for name in settings.sprockets if name not in loaded]
    sprockets = Check(
        "sprockets", not missing, f"{', '.join(loaded) or 'none'}; {len(handler.sprockets)} jobs",
        f"{', '.join(missing)} couldn't be loaded; the log above says why.",
    )  # fmt: skip
    return [server, database, sprockets, *_guilds(bot)]


def _guilds(bot: ScheduleZeroBot) -> list[Check]:
    if not bot.guilds:
        return [Check("servers", False, "none yet", "Invite the bot with the link below.")]
    needed = wanted(offered_specs(bot))
    told: list[str] = []
    for guild in bot.guilds:
        names = lacking(guild.me.guild_permissions, needed)
        if names:
            told.append(f"{guild.name}: {', '.join(name.replace('_', ' ') for name in names)}")
    remedy = "Without these, some jobs are refused: " + "; ".join(told[:5])
    return [Check("servers", not told, f"{len(bot.guilds)}", remedy if told else None)]


def screen(checks: list[Check], name: str) -> Panel:
    """Return the status screen."""
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for check in checks:
        mark = Text("ok", style="green") if check.well else Text("!!", style="bold red")
        finding = Text(redact(check.finding))
        if check.remedy and not check.well:
            finding.append(f"\n→ {redact(check.remedy)}", style="yellow")
        table.add_row(mark, Text(check.subject, style="bold"), finding)
    hint = Text("Type /schedule help in Discord. Ctrl-C ends me.", style="dim")
    return Panel(
        Group(table, Text(), hint),
        title=f"{name} · ScheduleZero {loader.own_version()}",
        title_align="left",
    )
