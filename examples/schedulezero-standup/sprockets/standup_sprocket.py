"""Stand-up: asks a team what it is doing, and opens a thread for the answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import discord
from discord.ext import commands
from pydantic import BaseModel, Field

from sprockets.kit import (
    ChannelId,
    JobFailed,
    LongText,
    Need,
    RegisteringCog,
    RoleId,
    Text,
    asking_discord,
    by_name,
    channel_of,
    current_run,
    in_channel,
    job,
    mentions,
    post,
    role_of,
    settings_of,
    step,
)


class StandupSettings(BaseModel):
    """What each server can set for itself."""

    questions: Annotated[LongText, Field(max_length=1000, description="What to ask, one on each line")] = (
        "What did you do?\nWhat will you do?\nWhat is in your way?"
    )


@job(
    needs=(
        *in_channel("channel_id", "send_messages", "create_public_threads"),
        Need("mention_everyone", channel="channel_id", when="role_id"),
    ),
    resumable=True,
)
async def hold_standup(
    bot: commands.Bot,
    channel_id: ChannelId,
    team: Annotated[Text, Field(max_length=50)],
    role_id: RoleId | None = None,
    tone: Literal["friendly", "brief"] = "friendly",
) -> dict[str, Any]:
    """Hold a stand-up: ask, and open a thread.

    Params:
        channel_id: Where to ask
        team: The team's name
        role_id: Role to ping
        tone: How to ask
    """
    channel = await channel_of(bot, channel_id)
    if not isinstance(channel, discord.TextChannel):
        raise JobFailed(f"A stand-up needs a text channel; #{channel.name} isn't one.", retry=False)
    role = role_of(channel.guild, role_id) if role_id else None
    guild_id = current_run().guild_id or str(channel.guild.id)
    settings = await settings_of(bot, "standup", StandupSettings, guild_id)
    text = _text(team, settings.questions, tone)
    if role is not None:
        text = f"{role.mention} {text}"
    sent = await post(channel, f"#{channel.name}", content=text, allowed_mentions=mentions(text, role=role))

    async def open_thread(_: dict[str, Any]) -> dict[str, Any]:
        message = channel.get_partial_message(int(sent["message_id"]))
        async with asking_discord(f"create a thread in #{channel.name}"):
            thread = await message.create_thread(name=f"Stand-up of {team}")
        return {"thread_id": str(thread.id)}

    return {"success": True, **sent, **await step("thread", open_thread)}


def _text(team: str, questions: str, tone: str) -> str:
    asked = "\n".join(f"- {line.strip()}" for line in questions.splitlines() if line.strip())
    greeting = f"Good morning, {team}!" if tone == "friendly" else f"Stand-up, {team}."
    return f"**{greeting}**\n{asked}"


@hold_standup.preview
async def _preview(bot: commands.Bot, team: str, tone: str = "friendly", **_: Any) -> str:
    """Show how it will begin."""
    return _text(team, "…", tone)


class StandupSprocket(RegisteringCog):
    """Registers the stand-up."""

    jobs = by_name(hold_standup)
    settings = StandupSettings


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(StandupSprocket(bot))
