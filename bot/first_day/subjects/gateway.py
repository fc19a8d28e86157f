"""The application, its starts and its events, as the gateway's documentation has them."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.first_day.assumption import assumes
from bot.first_day.findings import NotTried, expect
from bot.first_day.visit import Visit
from cogs.rights.permissions import invited, lacking, wanted
from cogs.services import offered_specs

_GATEWAY = "/events/gateway"


@assumes(
    "gateway.starts",
    "Discord accepts the bot's token, commands and intents as they are",
    "everything",
    f"{_GATEWAY}#connections",
)
async def _starts(visit: Visit) -> str:
    return "started" if visit.bot.is_ready() else "started, and connecting again"


@assumes(
    "gateway.session_limit",
    "A bot may start 1,000 times a day, and learns how often it still may",
    "restarts after a crash",
    f"{_GATEWAY}#session-start-limit-object",
)
async def _session_limit(visit: Visit) -> str:
    limit = (await visit.ask("GET", "/gateway/bot"))["session_start_limit"]
    expect(limit["total"] >= 1000 and limit["max_concurrency"] >= 1, limit)
    expect(0 <= limit["remaining"] <= limit["total"] and limit["reset_after"] >= 0, limit)
    return f"{limit['remaining']} of {limit['total']}, {limit['max_concurrency']} at once"


@assumes(
    "gateway.identify_counts",
    "Each connection takes one start",
    "restarts after a crash",
    f"{_GATEWAY}#identifying",
)
async def _identify_counts(visit: Visit) -> str:
    if visit.sessions_before is None:
        raise NotTried("the number before the start is not known")
    now = (await visit.ask("GET", "/gateway/bot"))["session_start_limit"]["remaining"]
    used, opened = visit.sessions_before - now, visit.bot.shard_count or 1
    if used < 0:
        raise NotTried("the day's starts were reset in between")
    expect(used == opened, f"{opened} connection(s) took {used} starts")
    return f"{opened} connection(s) took {used} starts"


@assumes(
    "gateway.shards",
    "Discord recommends no more shards than the bot opened",
    "`shards`",
    f"{_GATEWAY}#sharding",
)
async def _shards(visit: Visit) -> str:
    asked = (await visit.ask("GET", "/gateway/bot"))["shards"]
    opened = visit.bot.shard_count or 1
    expect(asked <= opened, f"Discord recommends {asked}, and {opened} are open")
    return f"{asked} recommended, {opened} open"


@assumes(
    "gateway.own_member",
    "The bot hears of changes to its own roles without the members intent",
    "permissions of the bot in its cache",
    f"{_GATEWAY}#caveats",
)
async def _own_member(visit: Visit) -> str:
    role = await visit.place.role()
    path = "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"
    await visit.ask("PUT", path, user_id=visit.user_id, role_id=role)
    try:
        await visit.until(
            lambda: any(item.id == role for item in visit.guild.me.roles), "the change of the bot's own roles"
        )
    finally:
        await visit.ask("DELETE", path, user_id=visit.user_id, role_id=role)
    return "the bot's own roles changed in its cache"


@assumes(
    "gateway.others_unheard",
    "Without the members intent, the bot doesn't hear of changes to other members",
    "members are asked for, not taken from the cache",
    f"{_GATEWAY}#list-of-intents",
)
async def _others_unheard(visit: Visit) -> str:
    if visit.bot.intents.members:
        raise NotTried("the bot has the members intent")
    heard: list[Any] = []
    changed = asyncio.Event()
    channel = await visit.place.text("marker")

    async def on_raw(event: str) -> None:
        heard.append(event)

    async def on_socket(name: str) -> None:
        if name == "GUILD_MEMBER_UPDATE":
            await on_raw(name)

    async def on_channel(_before: Any, after: Any) -> None:
        if after.id == channel:
            changed.set()

    role = await visit.place.role()
    path = "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"
    await visit.known(channel)
    visit.bot.add_listener(on_socket, "on_socket_event_type")
    visit.bot.add_listener(on_channel, "on_guild_channel_update")
    try:
        await visit.ask("PUT", path, user_id=visit.creator_id, role_id=role)
        # Events of one connection keep their order: this one comes after what the first change causes.
        await visit.ask("PATCH", "/channels/{channel_id}", channel_id=channel, json={"topic": "marker"})
        await visit.until(changed.is_set, "the change of a channel")
        expect(not heard, "the change of another member was told")
    finally:
        visit.bot.remove_listener(on_socket, "on_socket_event_type")
        visit.bot.remove_listener(on_channel, "on_guild_channel_update")
        await visit.ask("DELETE", path, user_id=visit.creator_id, role_id=role)
    return "nothing was told of it"


@assumes(
    "gateway.message_content",
    "The application's flags say whether Message Content is granted",
    "clean-ups by text, `send_as`",
    "/resources/application#application-object-application-flags",
)
async def _message_content(visit: Visit) -> str:
    flags = (await visit.bot.application_info()).flags
    granted = flags.gateway_message_content or flags.gateway_message_content_limited
    wants = visit.bot.settings.message_content
    expect(granted or not wants, "`message_content` is set, and the flags say that it isn't granted")
    return "granted" if granted else "not granted, and not needed"


@assumes(
    "permissions.invited",
    "The invite link gives the bot exactly the permissions that its jobs need",
    "every job, and what this report is worth",
    "/topics/permissions",
)
async def _permissions(visit: Visit) -> str:
    specs = offered_specs(visit.bot)
    me = await visit.guild.fetch_member(visit.user_id)
    absent = lacking(me.guild_permissions, wanted(specs))
    everyone = visit.guild.default_role.permissions
    more = [
        name for name, held in me.guild_permissions
        if held and not getattr(invited(specs), name) and not getattr(everyone, name)
    ]  # fmt: skip
    expect(not absent, f"lacks {', '.join(absent)}")
    expect(not more, f"has more: {', '.join(more)}")
    return "exactly those"


STARTS = _starts
"""What differs if Discord doesn't let the bot start."""

ASSUMPTIONS = (
    _starts,
    _permissions,
    _session_limit,
    _identify_counts,
    _shards,
    _message_content,
    _own_member,
    _others_unheard,
)
