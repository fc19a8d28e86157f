"""What every built-in sprocket needs of Discord: finding things, and failing in words.

A failure says whether trying again can help: a missing channel or permission is final, an outage
of Discord is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import discord

from schedulezero import instants
from schedulezero.colours import parse_colour
from schedulezero.errors import JobFailed, ParameterError
from schedulezero.run_context import current_run
from schedulezero.variables import facts_of, render, turn

Sendable = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel

_USER_MENTION = re.compile(r"<@!?(\d{15,20})>")


def failure(error: discord.HTTPException, doing: str) -> JobFailed:
    """What Discord refused, as the failure of a job.

    Parameters:
        error: Discord's answer.
        doing: what was being done, such as ``post in #general``.
    """
    if isinstance(error, discord.Forbidden):
        return JobFailed(f"I may not {doing}: Discord says “{error.text or 'forbidden'}”.", retry=False)
    if isinstance(error, discord.NotFound):
        return JobFailed(f"I could not {doing}: it is gone.", retry=False)
    again = error.status >= 500 or error.status == 429
    return JobFailed(f"I could not {doing}: Discord says “{error.text or error.status}”.", retry=again)


async def channel_of(bot: discord.Client, channel_id: int) -> Sendable:
    """The channel of that id where messages can be posted; JobFailed when there is none."""
    channel: Any = bot.get_channel(channel_id)
    if channel is None:
        try:
            channel = await bot.fetch_channel(channel_id)
        except discord.NotFound as error:
            raise JobFailed(f"The channel {channel_id} no longer exists.", retry=False) from error
        except discord.HTTPException as error:
            raise failure(error, f"see the channel {channel_id}") from error
    if not isinstance(channel, Sendable):
        raise JobFailed(f"Messages cannot be posted in {channel}; choose a text channel.", retry=False)
    return channel


def guild_of(bot: discord.Client, guild_id: int) -> discord.Guild:
    """The guild of that id; JobFailed when the bot is not in it."""
    guild = bot.get_guild(guild_id)
    if guild is None:
        raise JobFailed(f"I am not in the server {guild_id} any more.", retry=False)
    return guild


def role_of(guild: discord.Guild, role_id: int) -> discord.Role:
    """The role of that id; JobFailed when the guild has none."""
    role = guild.get_role(role_id)
    if role is None:
        raise JobFailed(f"The role {role_id} no longer exists.", retry=False)
    return role


def mentions(
    text: str, *, role: discord.Role | None = None, everyone: bool = False
) -> discord.AllowedMentions:
    """Mentions no wider than asked: the people named in the text, and the role or everyone if asked."""
    users = [discord.Object(int(number)) for number in dict.fromkeys(_USER_MENTION.findall(text))]
    roles: Iterable[Any] = [role] if role is not None else []
    return discord.AllowedMentions(
        everyone=everyone, roles=list(roles), users=users[:100], replied_user=False
    )


def colour_of(value: Any) -> discord.Colour:
    """A colour as `schedulezero.colours` reads it; JobFailed for anything else."""
    found = parse_colour(value)
    if found is None:
        raise JobFailed(f"{str(value)[:40]!r} is no colour; write one such as #5865F2 or blue.", retry=False)
    return discord.Colour(found)


def embed_of(data: dict[str, Any]) -> discord.Embed:
    """An embed from its JSON; JobFailed says what is wrong with it."""
    try:
        embed = discord.Embed.from_dict(data)
        if not embed or len(embed) > 6000:
            raise ValueError("it is empty or longer than 6,000 characters")
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise JobFailed(f"The embed cannot be used: {error}.", retry=False) from error
    return embed


def text_for(guild: discord.Guild, text: Any, *, shuffled: bool = False) -> str:
    """The text whose turn it is in the current run, with its variables filled in."""
    run = current_run()
    chosen = turn(str(text), run.number, shuffled=shuffled, seed=run.job_id or "")
    try:
        facts = facts_of(guild, timezone=run.timezone, number=run.number, now=instants.now())
        return render(chosen, facts)
    except ParameterError as error:
        raise JobFailed(error.message, retry=False) from error


def posted(message: discord.Message) -> dict[str, Any]:
    """A posted message as a result; ids as texts, which every JSON client can hold."""
    return {
        "message_id": str(message.id),
        "channel_id": str(message.channel.id),
        "guild_id": str(message.guild.id) if message.guild else None,
        "url": message.jump_url,
    }


def partly(done: list[dict[str, Any]], failed: list[dict[str, str]], what: str) -> dict[str, Any]:
    """The result of a job with several steps: success, partial success, or JobFailed for none.

    Parameters:
        done: what succeeded.
        failed: what did not; each with its ``error``.
        what: the steps in plural, such as ``channels``.
    """
    total = len(done) + len(failed)
    if failed and not done:
        reasons = "; ".join(dict.fromkeys(item["error"] for item in failed))
        raise JobFailed(f"None of {total} {what}: {reasons}", retry=False)
    result: dict[str, Any] = {"success": True, "done": done, "message": f"{len(done)} of {total} {what}"}
    if failed:
        result["partial"] = True
        result["failed"] = failed
    return result
