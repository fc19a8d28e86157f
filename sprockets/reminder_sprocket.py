"""Reminders by direct message, with buttons to snooze or finish them.

The buttons keep all their state in their custom ids; `cogs.reminders_cog` answers them, even after a restart.
"""

from __future__ import annotations

from typing import Annotated, Any

import discord
from discord.ext import commands
from pydantic import Field

from schedulezero.errors import JobFailed
from schedulezero.handler.run_context import current_run
from schedulezero.methods.typed import LongText, MemberId, job
from sprockets.kit.asking import asking_discord
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.posting import post

MARK = "⏰"
# Each row: minutes to snooze for, and the button's label.
_SNOOZES = ((10, "10 min"), (60, "1 h"), (24 * 60, "1 d"))


@job(resumable=True, personal=True)
async def remind(
    bot: commands.Bot, user_id: MemberId, message: Annotated[LongText, Field(max_length=1800)]
) -> dict[str, Any]:
    """Remind me by direct message.

    Params:
        user_id: The person to remind: whoever created the reminder
        message: Of what
    """
    if current_run().creator_id not in (None, str(user_id)):
        raise JobFailed(
            "A reminder can only go to the person who created it.",
            retry=False,
            code="reminder_for_somebody_else",
        )
    async with asking_discord("remind you"):
        user = bot.get_user(user_id) or await bot.fetch_user(user_id)
        sent = await post(
            user,
            "your direct messages",
            content=f"{MARK} {message}",
            view=_buttons(),
            allowed_mentions=discord.AllowedMentions.none(),
        )
    return {"success": True, **sent}


def _buttons() -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for minutes, label in _SNOOZES:
        view.add_item(discord.ui.Button(label=label, emoji="💤", custom_id=f"sz-remind:snooze:{minutes}"))
    done: discord.ui.Button[Any] = discord.ui.Button(
        label="Done", emoji="✅", style=discord.ButtonStyle.success, custom_id="sz-remind:done:0"
    )
    view.add_item(done)
    return view


class ReminderSprocket(RegisteringCog):
    """Registers the reminder job."""

    jobs = by_name(remind)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(ReminderSprocket(bot))
