"""Whether the application may read the text of other people's messages.

Over HTTP it may if Message Content is switched on in the developer portal, whatever intents the bot
identified with (https://discord.com/developers/docs/events/gateway#http-restrictions).
"""

from __future__ import annotations

import discord
from discord.ext import commands


async def can_read_content(bot: commands.Bot) -> bool:
    """Return whether the text of messages can be read; raises what discord.py raises.

    Discord tells at each login. A switch that was off then may be on now, so it is asked again.
    """
    flags = bot.application_flags  # false before the first login
    return (bool(flags) and reads_content(flags)) or reads_content((await bot.application_info()).flags)


def reads_content(flags: discord.ApplicationFlags) -> bool:
    """Return whether Message Content is granted; Discord marks applications in few guilds as limited."""
    return flags.gateway_message_content or flags.gateway_message_content_limited
