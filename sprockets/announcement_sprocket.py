"""Announcements: messages, embeds, several channels at once, direct messages."""

from __future__ import annotations

from typing import Any, cast

import discord
from discord.ext import commands

from schedulezero.errors import JobFailed
from schedulezero.methods import Need, needs, variables_in
from schedulezero.steps import resumable
from sprockets.discord_side import (
    asking_discord,
    channel_of,
    colour_of,
    embed_of,
    expect_member,
    for_each,
    mentions,
    partly,
    post,
    role_of,
    text_for,
)
from sprockets.registering import RegisteringCog, by_name

MAX_CONTENT = 2000


@resumable
@needs(
    Need("view_channel", channel="channel_id"),
    Need("send_messages", channel="channel_id"),
    Need("mention_everyone", channel="channel_id", when="everyone"),
    Need("mention_everyone", channel="channel_id", when="role_id"),
)
@variables_in("message")
async def send_announcement(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Post a message in a channel.

    Params:
        channel_id: int - Where to post
        message: str - What to say
        role_id: int - Role to ping with it (optional)
        everyone: bool - Ping @everyone (optional)
        shuffled: bool - Several texts, parted by lines of ---, come shuffled, not in turn (optional)
    """
    channel = await channel_of(bot, params["channel_id"])
    text = text_for(channel.guild, params["message"], shuffled=bool(params.get("shuffled")))
    role = None
    if params.get("role_id"):
        role = role_of(channel.guild, params["role_id"])
    everyone = bool(params.get("everyone"))
    called = [*(["@everyone"] if everyone else []), *([role.mention] if role else [])]
    content = f"{' '.join(called)} {text}".strip() if called else text
    if len(content) > MAX_CONTENT:
        raise JobFailed(
            f"The message has {len(content)} characters; Discord takes {MAX_CONTENT}.", retry=False
        )
    allowed = mentions(params["message"], role=role, everyone=everyone)
    message = await post(channel, f"#{channel.name}", content=content, allowed_mentions=allowed)
    return {"success": True, **message}


@resumable
@needs(
    Need("view_channel", channel="channel_id"),
    Need("send_messages", channel="channel_id"),
    Need("embed_links", channel="channel_id"),
)
@variables_in("title", "description", "footer")
async def send_embed_announcement(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Post an embed: a framed message with a title and a coloured edge.

    Params:
        channel_id: int - Where to post
        title: str - Its heading
        description: str - Its text
        color: str - Colour of its edge, such as #5865F2 or blue (optional)
        footer: str - Small print at its end (optional)
        thumbnail_url: str - Address of a small picture (optional)
        image_url: str - Address of a large picture (optional)
        fields: list - Fields as JSON, such as [{"name": "When", "value": "8 pm", "inline": true}] (optional)
    """
    channel = await channel_of(bot, params["channel_id"])
    data: dict[str, Any] = {
        "title": text_for(channel.guild, params["title"]),
        "description": text_for(channel.guild, params["description"]),
    }
    if params.get("color") not in (None, ""):
        data["color"] = colour_of(params["color"]).value
    if params.get("footer"):
        data["footer"] = {"text": text_for(channel.guild, params["footer"])}
    for key in ("thumbnail", "image"):
        if params.get(f"{key}_url"):
            data[key] = {"url": str(params[f"{key}_url"])}
    if params.get("fields"):
        data["fields"] = [_field(item) for item in params["fields"]]
    quiet = discord.AllowedMentions.none()
    message = await post(channel, f"#{channel.name}", embed=embed_of(data), allowed_mentions=quiet)
    return {"success": True, **message}


@resumable
@needs(
    Need("view_channel", channel="channel_ids"),
    Need("send_messages", channel="channel_ids"),
    Need("embed_links", channel="channel_ids", when="embed"),
)
@variables_in("message")
async def send_to_multiple_channels(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Post the same message in several channels.

    Params:
        channel_ids: list - Where to post
        message: str - What to say
        embed: dict - An embed to add, as JSON (optional)
    """
    embed = embed_of(params["embed"]) if params.get("embed") else None
    allowed = mentions(params["message"])

    async def send(channel_id: int) -> dict[str, Any]:
        channel = await channel_of(bot, channel_id)
        text = text_for(channel.guild, params["message"])
        return await post(channel, f"#{channel.name}", content=text, embed=embed, allowed_mentions=allowed)

    channel_ids = list(dict.fromkeys(params["channel_ids"]))
    results = await for_each(channel_ids, send)
    done = [result for result in results if not isinstance(result, JobFailed)]
    failed = [
        {"channel_id": str(channel_id), "error": result.message}
        for channel_id, result in zip(channel_ids, results, strict=True)
        if isinstance(result, JobFailed)
    ]
    return partly(done, failed, "channels")


@resumable
@needs()
async def send_dm(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Send a direct message to somebody.

    Params:
        user_id: int - Who gets it
        message: str - What to say
        embed: dict - An embed to add, as JSON (optional)
    """
    embed = embed_of(params["embed"]) if params.get("embed") else None
    user_id = params["user_id"]
    await expect_member(bot, user_id)
    try:
        async with asking_discord(f"write to the user {user_id}"):
            user = bot.get_user(user_id) or await bot.fetch_user(user_id)
            message = await post(
                user,
                f"the direct messages of {user_id}",
                content=str(params["message"]),
                embed=embed,
                allowed_mentions=discord.AllowedMentions.none(),
            )
    except JobFailed as error:
        if isinstance(error.__cause__, discord.NotFound):
            raise JobFailed(f"There is no user {user_id}.", retry=False) from error
        if isinstance(error.__cause__, discord.Forbidden):
            raise JobFailed(
                f"The user {user_id} takes no direct messages from me: they are closed, "
                "or we share no server.",
                retry=False,
            ) from error
        raise
    return {"success": True, "user_id": str(user.id), **message}


def _field(item: Any) -> dict[str, Any]:
    data = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
    if not data.get("name") or not data.get("value"):
        raise JobFailed('Each of "fields" needs a "name" and a "value".', retry=False)
    return {"name": str(data["name"]), "value": str(data["value"]), "inline": bool(data.get("inline"))}


class AnnouncementSprocket(RegisteringCog):
    """Registers the announcement jobs."""

    jobs = by_name(send_announcement, send_embed_announcement, send_to_multiple_channels, send_dm)


async def setup(bot: commands.Bot) -> None:
    """Loads the sprocket."""
    await bot.add_cog(AnnouncementSprocket(bot))
