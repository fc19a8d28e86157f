"""For sprocket authors: reloads changed files while the bot runs, on Discord or in the demo.

If a sprocket fails to load, the old one keeps running. The reason goes to the log and to the owner: in the
channel that ``log_channel`` names, or else by direct message.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import discord
from watchfiles import awatch

from bot.app import ScheduleZeroBot
from cogs.background.discord_troubles import TROUBLES
from cogs.services import Refused
from cogs.sprocket_loading import loader

log = logging.getLogger(__name__)

_MOST_TEXT = 1900


async def keep_fresh(bot: ScheduleZeroBot, stop: asyncio.Event) -> None:
    """Reload sprockets whenever their files change, until ``stop`` is set."""
    folders = loader.folders()
    log.info("watching %s", ", ".join(str(folder) for folder in folders))
    async for changes in awatch(*folders, stop_event=stop, recursive=False):
        names = {
            Path(path).stem.removesuffix("_sprocket") for _, path in changes if path.endswith("_sprocket.py")
        }
        for name in sorted(names & set(loader.available())):
            await tell_owner(bot, await take_up(bot, name))


async def take_up(bot: ScheduleZeroBot, name: str) -> str:
    """Load or reload a sprocket and return a sentence about the result."""
    try:
        if name in loader.loaded(bot):
            await loader.reload(bot, name)
        else:
            await loader.load(bot, name)
    except Refused as error:
        log.error("%s", error.message)
        return f"❌ {error.message}\nThe old one goes on running."
    except Exception as error:
        log.exception("the sprocket %s could not be taken up", name)
        return f"❌ “{name}” couldn't be loaded ({type(error).__name__}); the log says more."
    log.info("took up the changes of sprocket %s", name)
    return f"✅ Took up the changes of **{name}**."


async def tell_owner(bot: ScheduleZeroBot, text: str) -> None:
    """Message the owner in the log channel, or else directly; log a refusal by Discord."""
    try:
        target: discord.abc.Messageable | None = None
        if bot.settings.log_channel is not None:
            target = bot.get_partial_messageable(bot.settings.log_channel)
        elif bot.owner_id is not None:
            target = bot.get_user(bot.owner_id) or await bot.fetch_user(bot.owner_id)
        if target is not None:
            await target.send(text[:_MOST_TEXT], allowed_mentions=discord.AllowedMentions.none())
    except TROUBLES as error:
        log.warning("the owner could not be told: %s", error)
