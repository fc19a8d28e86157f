"""What a first day creates in a guild, and its removal, also of what a killed one left behind.

Everything bears `MARK` at the beginning of its name from the request that creates it, so that a later start
finds it whenever an earlier one died. Nothing without the mark is ever changed or deleted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord.http import HTTPClient, Route

from bot.first_day.findings import NotTried

MARK = "sz-first-day"
REASON = "ScheduleZero: first day"
TAG = "first"
"""The forum's one tag."""

CATEGORY, TEXT, NEWS, VOICE, STAGE, FORUM = 4, 0, 5, 2, 13, 15
"""https://discord.com/developers/docs/resources/channel#channel-object-channel-types"""
_REQUIRE_TAG = 1 << 4
"""https://discord.com/developers/docs/resources/channel#channel-object-channel-flags"""
_LOOKED_BACK = 50


class Place:
    """The things of one first day in a guild. Each is created when a check first needs it.

    Parameters:
        http: The bot's HTTP client.
        application_id: The bot's application.
        user_id: The bot.
        guild_id: The guild.
    """

    def __init__(self, http: HTTPClient, application_id: int, user_id: int, guild_id: int) -> None:
        self._http = http
        self._application_id = application_id
        self._user_id = user_id
        self.guild_id = guild_id
        self._made: dict[str, int] = {}
        self._refused: dict[str, str] = {}
        self.direct_channels: set[int] = set()
        """The direct message channels in which something was sent."""

    async def text(self, name: str = "text") -> int:
        """Return the id of a text channel with that name after the mark."""
        return await self._channel(name, TEXT)

    async def news(self) -> int:
        """Return the id of an announcement channel; only Community servers have them."""
        return await self._channel("news", NEWS)

    async def voice(self) -> int:
        """Return the id of a voice channel."""
        return await self._channel("voice", VOICE)

    async def stage(self) -> int:
        """Return the id of a stage channel; only Community servers have them."""
        return await self._channel("stage", STAGE)

    async def forum(self) -> int:
        """Return the id of a forum whose posts need a tag."""
        tags = [{"name": TAG, "moderated": False, "emoji_id": None, "emoji_name": None}]
        return await self._channel("forum", FORUM, available_tags=tags, flags=_REQUIRE_TAG)

    async def role(self) -> int:
        """Return the id of a role without permissions."""

        async def make() -> int:
            body = {"name": f"{MARK} role", "permissions": "0", "mentionable": False}
            route = Route("POST", "/guilds/{guild_id}/roles", guild_id=self.guild_id)
            return int((await self._http.request(route, json=body, reason=REASON))["id"])

        return await self._once("role", make)

    async def category(self) -> int:
        """Return the id of the category that holds all channels."""
        return await self._once("category", lambda: self._make_channel(MARK, CATEGORY))

    async def _channel(self, name: str, kind: int, **more: Any) -> int:
        parent = await self.category()
        return await self._once(
            name, lambda: self._make_channel(f"{MARK}-{name}", kind, parent_id=str(parent), **more)
        )

    async def _make_channel(self, name: str, kind: int, **more: Any) -> int:
        route = Route("POST", "/guilds/{guild_id}/channels", guild_id=self.guild_id)
        body = {"name": name, "type": kind, **more}
        return int((await self._http.request(route, json=body, reason=REASON))["id"])

    async def _once(self, what: str, make: Callable[[], Awaitable[int]]) -> int:
        if what in self._refused:
            raise NotTried(self._refused[what])
        if what not in self._made:
            try:
                self._made[what] = await make()
            except discord.HTTPException as error:
                if error.status >= 500 or error.status == 429:
                    raise
                said = f"Discord refuses to make the {what} ({error.status}, code {error.code})"
                self._refused[what] = said
                raise NotTried(said) from error
        return self._made[what]

    # ------------------------------------------------------------- cleaning up

    async def clear(self) -> list[str]:
        """Delete everything with the mark, this day's and earlier ones'; return what could not be deleted."""
        stuck: list[str] = []
        for kind, name, route in await self._marked():
            try:
                await self._http.request(route, reason=REASON)
            except discord.NotFound:
                continue  # deleted with its category, or by somebody
            except discord.HTTPException as error:
                stuck.append(f"{kind} “{name}” ({error.status}, code {error.code})")
        self._made.clear()
        self._refused.clear()
        return stuck

    async def leftovers(self) -> list[str]:
        """Return what bears the mark now."""
        return [f"{kind} “{name}”" for kind, name, _ in await self._marked()]

    async def _marked(self) -> list[tuple[str, str, Route]]:
        """Return everything with the mark: its kind, its name, and the request that deletes it."""
        found: list[tuple[str, str, Route]] = []
        for event in await self._ask("/guilds/{guild_id}/scheduled-events"):
            if _is_marked(event) and str(event.get("creator_id")) == str(self._user_id):
                path = "/guilds/{guild_id}/scheduled-events/{event_id}"
                route = Route("DELETE", path, guild_id=self.guild_id, event_id=event["id"])
                found.append(("event", event["name"], route))
        channels = [item for item in await self._ask("/guilds/{guild_id}/channels") if _is_marked(item)]
        # The category last: a start that dies in between still finds what is in it by its own name.
        for item in sorted(channels, key=lambda item: item["type"] == CATEGORY):
            route = Route("DELETE", "/channels/{channel_id}", channel_id=item["id"])
            found.append(("channel", item["name"], route))
        for role in await self._ask("/guilds/{guild_id}/roles"):
            if _is_marked(role) and not role.get("managed"):
                path = "/guilds/{guild_id}/roles/{role_id}"
                route = Route("DELETE", path, guild_id=self.guild_id, role_id=role["id"])
                found.append(("role", role["name"], route))
        base = "/applications/{application_id}/guilds/{guild_id}/commands"
        for command in await self._ask(base):
            if _is_marked(command):
                route = Route(
                    "DELETE",
                    base + "/{command_id}",
                    application_id=self._application_id,
                    guild_id=self.guild_id,
                    command_id=command["id"],
                )
                found.append(("command", command["name"], route))
        for channel_id in self.direct_channels:
            path = "/channels/{channel_id}/messages"
            route = Route("GET", path, channel_id=channel_id)
            for message in await self._http.request(route, params={"limit": _LOOKED_BACK}):
                if str(message["author"]["id"]) == str(self._user_id) and MARK in message["content"]:
                    one = Route(
                        "DELETE", path + "/{message_id}", channel_id=channel_id, message_id=message["id"]
                    )
                    found.append(("direct message", MARK, one))
        return found

    async def _ask(self, path: str) -> list[dict[str, Any]]:
        ids: dict[str, Any] = {"guild_id": self.guild_id, "application_id": self._application_id}
        return await self._http.request(Route("GET", path, **ids))


def _is_marked(item: dict[str, Any]) -> bool:
    return str(item.get("name", "")).startswith(MARK)
