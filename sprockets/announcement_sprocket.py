"""Announcements: messages, embeds, several channels at once, direct messages."""

from __future__ import annotations

from typing import Any, cast

import discord
from discord.ext import commands

from schedulezero.compose import limits
from schedulezero.errors import Forbidden, Gone, JobFailed
from schedulezero.methods.spec import Need, in_channel
from schedulezero.methods.typed import (
    ChannelId,
    ChannelIds,
    Colour,
    LongText,
    MemberId,
    RoleId,
    Text,
    Url,
    job,
)
from schedulezero.sentences import Sentence
from sprockets.kit.asking import refused_with
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.direct import direct_messages_of, in_direct_messages
from sprockets.kit.discord_codes import UNREACHABLE
from sprockets.kit.lookups import channel_of, expect_member, role_of
from sprockets.kit.messages import (
    colour_of,
    embed_of,
    expect_texts,
    fitting,
    mentions,
    silenced,
    text_for,
    turn_for,
)
from sprockets.kit.posting import post
from sprockets.kit.several import CHANNELS, for_each, partly


@job(
    needs=(
        *in_channel("channel_id", "send_messages"),
        Need("mention_everyone", channel="channel_id", when="everyone"),
        Need("mention_everyone", channel="channel_id", when="role_id"),
    ),
    variables=("message",),
    pings=("message",),
    resumable=True,
    instead="send_post",
)
async def send_announcement(
    bot: commands.Bot,
    channel_id: ChannelId,
    message: LongText,
    role_id: RoleId | None = None,
    everyone: bool = False,
    shuffled: bool = False,
) -> dict[str, Any]:
    """Post a message in a channel.

    Params:
        channel_id: Where to post
        message: What to say
        role_id: Role to ping with it
        everyone: Ping @everyone
        shuffled: Use several texts (separated by --- lines) in random order
    """
    channel = await channel_of(bot, channel_id)
    text, silent = silenced(text_for(channel.guild, message, shuffled=shuffled))
    role, everyone = _called(channel.guild, role_id, everyone)
    content = f"{_pings(role, everyone)}{text}".strip()
    said = turn_for(message, shuffled=shuffled)
    allowed = mentions(said, role=role, everyone=everyone, channel=channel)
    sent = await post(channel, f"#{channel.name}", content=content, allowed_mentions=allowed, silent=silent)
    return {"success": True, **sent}


@send_announcement.check
async def _check_announcement(
    bot: commands.Bot, channel_id: int, message: str, role_id: int | None, everyone: bool, **_: Any
) -> None:
    channel = await channel_of(bot, channel_id)
    pings = _pings(*_called(channel.guild, role_id, everyone))
    expect_texts(channel.guild, message, limits.TEXT.most, "message", before=pings, silent=True)


def _called(guild: discord.Guild, role_id: int | None, everyone: bool) -> tuple[discord.Role | None, bool]:
    """Return the role to ping, and whether to ping @everyone, which Discord's menus offer as a role."""
    role = role_of(guild, role_id) if role_id else None
    return (None, True) if role is not None and role.is_default() else (role, everyone)


def _pings(role: discord.Role | None, everyone: bool) -> str:
    called = [*(["@everyone"] if everyone else []), *([role.mention] if role else [])]
    return f"{' '.join(called)} " if called else ""


@job(
    needs=in_channel("channel_id", "send_messages", "embed_links"),
    variables=("title", "description", "footer"),
    resumable=True,
    instead="send_post",
)
async def send_embed_announcement(
    bot: commands.Bot,
    channel_id: ChannelId,
    title: Text,
    description: LongText,
    color: Colour | int | None = None,
    footer: Text | None = None,
    thumbnail_url: Url | None = None,
    image_url: Url | None = None,
    fields: list[Any] | None = None,
) -> dict[str, Any]:
    """Post an embed: a message in a frame with a title and a coloured edge.

    Params:
        channel_id: Where to post
        title: The heading
        description: The text
        color: Colour of the edge, such as #5865F2 or blue
        footer: Small text at the bottom
        thumbnail_url: Address of a small picture
        image_url: Address of a large picture
        fields: Fields as JSON, such as [{"name": "When", "value": "8 pm", "inline": true}]
    """
    channel = await channel_of(bot, channel_id)
    embed = _embed(channel.guild, title, description, color, footer, thumbnail_url, image_url, fields)
    quiet = discord.AllowedMentions.none()
    sent = await post(channel, f"#{channel.name}", embed=embed, allowed_mentions=quiet)
    return {"success": True, **sent}


def _embed(
    guild: discord.Guild,
    title: str,
    description: str,
    color: Any,
    footer: str | None,
    thumbnail_url: str | None,
    image_url: str | None,
    fields: list[Any] | None,
) -> discord.Embed:
    data: dict[str, Any] = {
        "title": text_for(guild, title),
        "description": text_for(guild, description),
    }
    if color not in (None, ""):
        data["color"] = colour_of(color).value
    if footer:
        data["footer"] = {"text": text_for(guild, footer)}
    for key, url in (("thumbnail", thumbnail_url), ("image", image_url)):
        if url:
            data[key] = {"url": url}
    if fields:
        data["fields"] = [_field(item) for item in fields]
    return embed_of(data)


@send_embed_announcement.check
async def _check_embed(
    bot: commands.Bot,
    channel_id: int,
    title: str,
    description: str,
    color: Any,
    footer: str | None,
    thumbnail_url: str | None,
    image_url: str | None,
    fields: list[Any] | None,
) -> None:
    guild = (await channel_of(bot, channel_id)).guild
    expect_texts(guild, title, limits.EMBED_TITLE.most, "title")
    expect_texts(guild, description, limits.EMBED_DESCRIPTION.most, "description")
    expect_texts(guild, footer or "", limits.EMBED_FOOTER.most, "footer", blank=True)
    _embed(guild, title, description, color, footer, thumbnail_url, image_url, fields)


@job(
    needs=(
        *in_channel("channel_ids", "send_messages"),
        Need("embed_links", channel="channel_ids", when="embed"),
    ),
    variables=("message",),
    pings=("message",),
    resumable=True,
    instead="send_post",
)
async def send_to_multiple_channels(
    bot: commands.Bot, channel_ids: ChannelIds, message: LongText, embed: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Post the same message in several channels.

    Params:
        channel_ids: Where to post
        message: What to say
        embed: An embed to add, as JSON
    """
    built = embed_of(embed) if embed else None

    async def send(channel_id: int) -> dict[str, Any]:
        channel = await channel_of(bot, channel_id)
        text, silent = silenced(text_for(channel.guild, message))
        return await post(
            channel,
            f"#{channel.name}",
            content=text,
            embed=built,
            allowed_mentions=mentions(turn_for(message), channel=channel),
            silent=silent,
        )

    unique = list(dict.fromkeys(channel_ids))
    results = await for_each(unique, send)
    done = [result for result in results if not isinstance(result, JobFailed)]
    failed = [
        {"channel_id": str(channel_id), "error": result.message}
        for channel_id, result in zip(unique, results, strict=True)
        if isinstance(result, JobFailed)
    ]
    return partly(done, failed, CHANNELS)


@send_to_multiple_channels.check
async def _check_channels(
    bot: commands.Bot, channel_ids: list[int], message: str, embed: dict[str, Any] | None
) -> None:
    channels = [await channel_of(bot, channel_id) for channel_id in dict.fromkeys(channel_ids)]
    expect_texts(
        channels[0].guild, message, limits.TEXT.most, "message", blank=embed is not None, silent=True
    )
    if embed:
        embed_of(embed)


@job(resumable=True, addressee="user_id")
async def send_dm(
    bot: commands.Bot, user_id: MemberId, message: LongText, embed: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Send someone a direct message.

    Params:
        user_id: Who gets it
        message: What to say
        embed: An embed to add, as JSON
    """
    built = embed_of(embed) if embed else None
    member = await expect_member(bot, user_id)
    if member is not None and member.bot:
        raise JobFailed(
            "{user_id} is a bot, and bots can't receive direct messages.",
            retry=False,
            code="addressee_is_bot",
            user_id=user_id,
        )

    async def send(channel: discord.abc.Messageable) -> dict[str, Any]:
        return await post(
            channel,
            direct_messages_of(user_id),
            content=message,
            embed=built,
            allowed_mentions=discord.AllowedMentions.none(),
        )

    try:
        sent = await in_direct_messages(
            bot,
            user_id,
            Sentence("send a direct message to user {user_id}", "doing_write_to", user_id=user_id),
            send,
        )
    except Gone as error:
        raise JobFailed(
            "There is no user {user_id}.", retry=False, code="user_missing", user_id=user_id
        ) from error
    except Forbidden as error:
        if refused_with(error) not in (*UNREACHABLE, 50001):
            raise
        raise JobFailed(
            "I can't send direct messages to user {user_id}: they don't accept them from me, or we don't "
            "share a server.",
            retry=False,
            code="user_unreachable",
            user_id=user_id,
        ) from error
    return {"success": True, "user_id": str(user_id), **sent}


@send_dm.check
async def _check_dm(bot: commands.Bot, user_id: int, message: str, embed: dict[str, Any] | None) -> None:
    fitting(message, limits.TEXT.most, "message")
    if embed:
        embed_of(embed)


def _field(item: Any) -> dict[str, Any]:
    data = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
    name, value = (str(data.get(key) or "") for key in ("name", "value"))  # `embed_of` refuses empty ones
    return {"name": name, "value": value, "inline": bool(data.get("inline"))}


class AnnouncementSprocket(RegisteringCog):
    """Registers the announcement jobs."""

    jobs = by_name(send_announcement, send_embed_announcement, send_to_multiple_channels, send_dm)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(AnnouncementSprocket(bot))
