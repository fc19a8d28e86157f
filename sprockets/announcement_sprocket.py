"""Announcements: messages, embeds, several channels at once, direct messages."""

from __future__ import annotations

from typing import Any, cast

import discord
from discord.ext import commands

from schedulezero.errors import JobFailed
from schedulezero.methods import Need, needs, variables_in
from sprockets.discord_side import (
    channel_of,
    colour_of,
    embed_of,
    failure,
    mentions,
    partly,
    posted,
    role_of,
    text_for,
)
from sprockets.registering import RegisteringCog, by_name

MAX_CONTENT = 2000


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
    try:
        message = await channel.send(content, allowed_mentions=mentions(text, role=role, everyone=everyone))
    except discord.HTTPException as error:
        raise failure(error, f"post in #{channel.name}") from error
    return {"success": True, **posted(message)}


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
    try:
        message = await channel.send(embed=embed_of(data), allowed_mentions=discord.AllowedMentions.none())
    except discord.HTTPException as error:
        raise failure(error, f"post an embed in #{channel.name}") from error
    return {"success": True, **posted(message)}


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
    extra: dict[str, Any] = {"embed": embed_of(params["embed"])} if params.get("embed") else {}
    done: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for channel_id in dict.fromkeys(params["channel_ids"]):
        try:
            channel = await channel_of(bot, channel_id)
            text = text_for(channel.guild, params["message"])
            try:
                message = await channel.send(text, allowed_mentions=mentions(text), **extra)
            except discord.HTTPException as error:
                raise failure(error, f"post in #{channel.name}") from error
        except JobFailed as error:
            failed.append({"channel_id": str(channel_id), "error": error.message})
        else:
            done.append(posted(message))
    return partly(done, failed, "channels")


@needs()
async def send_dm(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Send a direct message to somebody.

    Params:
        user_id: int - Who gets it
        message: str - What to say
        embed: dict - An embed to add, as JSON (optional)
    """
    extra: dict[str, Any] = {"embed": embed_of(params["embed"])} if params.get("embed") else {}
    try:
        user = bot.get_user(params["user_id"]) or await bot.fetch_user(params["user_id"])
        message = await user.send(str(params["message"]), **extra)
    except discord.NotFound as error:
        raise JobFailed(f"There is no user {params['user_id']}.", retry=False) from error
    except discord.Forbidden as error:
        raise JobFailed(
            f"The user {params['user_id']} takes no direct messages from me: they are closed, "
            "or we share no server.",
            retry=False,
        ) from error
    except discord.HTTPException as error:
        raise failure(error, f"write to the user {params['user_id']}") from error
    return {"success": True, "user_id": str(user.id), **posted(message)}


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
