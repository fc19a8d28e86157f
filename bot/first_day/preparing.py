"""Before the bot starts: whether this guild, this day and this person will do.

It talks to Discord over HTTP only, which takes none of the day's starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import discord
from discord.http import Route

from bot.cli.exit_status import USAGE, Unusable
from bot.first_day.place import MARK, Place
from bot.first_day.terminal import Person, is_yes
from bot.health.unreachable import why_unreachable
from bot.sprocket_specs import specs_of_sprockets
from bot.token_form import how_it_differs
from cogs.config.config import DEFAULT_SPROCKETS
from cogs.rights.permissions import invite
from schedulezero.background import run_in_background

HANDFUL = 10
"""The most members of a guild that is taken for a test guild."""
_FEWEST_STARTS = 50
_LEAST = ("view_channel", "manage_channels", "manage_roles", "send_messages")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the owner asked for.

    Attributes:
        guild_id: The test guild.
        person_id: Who agrees to get direct messages.
        consents: Whether to start without asking.
        even_so: Whether a guild with more members will do.
        file: Where the report goes.
    """

    guild_id: int
    person_id: int | None
    consents: bool
    even_so: bool
    file: Path


@dataclass
class Found:
    """What is known of the guild before the bot starts."""

    owner_id: int
    members: int | None
    sessions: int
    names: tuple[str, ...] = field(default=())


@asynccontextmanager
async def logged_in(token: str) -> AsyncIterator[discord.Client]:
    """Log in over HTTP only, which takes no start. Raises Unusable if Discord doesn't let it."""
    client = discord.Client(intents=discord.Intents(guilds=True))
    try:
        await client.login(token)
        yield client
    except discord.LoginFailure as error:
        raise Unusable(
            f"Discord does not accept the token in DISCORD_TOKEN.{how_it_differs(token)}", USAGE
        ) from error
    except discord.HTTPException as error:
        raise Unusable(f"Discord answered with status {error.status}, code {error.code}.", USAGE) from error
    except (aiohttp.ClientError, OSError) as error:
        raise Unusable(
            f"Discord can't be reached ({why_unreachable(error)}).{how_it_differs(token)}", USAGE
        ) from error
    finally:
        await client.close()


async def look_at(client: discord.Client, wishes: Wishes) -> Found:
    """Return what is known of the guild. Raises Unusable if the walk may not, or can't, take place there."""
    specs = specs_of_sprockets(DEFAULT_SPROCKETS)
    assert client.user is not None
    link = invite(client.user.id, specs)
    try:
        route = Route("GET", "/guilds/{guild_id}", guild_id=wishes.guild_id)
        data: dict[str, Any] = await client.http.request(route, params={"with_counts": "true"})
        guild = await client.fetch_guild(wishes.guild_id)
        me = await guild.fetch_member(client.user.id)
    except (discord.NotFound, discord.Forbidden) as error:
        raise Unusable(f"The bot is not in the server {wishes.guild_id}. Invite it: {link}", USAGE) from error
    members = data.get("approximate_member_count", data.get("member_count"))
    if (members is None or members > HANDFUL) and not wishes.even_so:
        many = members if members is not None else "an unknown number of"
        raise Unusable(
            f"The server has {many} members. Choose a test server with at most {HANDFUL}, or give --even-so.",
            USAGE,
        )
    if absent := [name for name in _LEAST if not getattr(me.guild_permissions, name)]:
        said = ", ".join(name.replace("_", " ") for name in absent)
        raise Unusable(f"The bot lacks {said} there. Invite it again: {link}", USAGE)
    route = Route("GET", "/gateway/bot")
    limit = (await client.http.request(route))["session_start_limit"]
    if limit["remaining"] < _FEWEST_STARTS:
        raise Unusable(
            f"Discord lets the bot start only {limit['remaining']} more times today. Try again tomorrow.",
            USAGE,
        )
    named = [guild.name, str(client.user), client.user.name]
    owner_id = int(data["owner_id"])
    for user_id in {owner_id, wishes.person_id or owner_id}:
        try:
            member = await guild.fetch_member(user_id)
        except discord.NotFound as error:
            raise Unusable("The person of --person is not in that server.", USAGE) from error
        named += [member.name, member.display_name, member.global_name or ""]
    return Found(owner_id, members, int(limit["remaining"]), tuple(name for name in named if name))


async def agreed(wishes: Wishes, person: Person, found: Found, stop: asyncio.Event) -> bool:
    """Return whether the person consents; not if a signal comes instead."""
    if wishes.consents:
        return True
    stopping = run_in_background(stop.wait(), "the wait for a signal")
    asking = run_in_background(_consent(wishes, person, found), "the question", passed_on=(Exception,))
    try:
        await asyncio.wait((asking, stopping), return_when=asyncio.FIRST_COMPLETED)
        return asking.done() and asking.result()
    finally:
        for task in (asking, stopping):
            task.cancel()
        await asyncio.wait((asking, stopping))


async def _consent(wishes: Wishes, person: Person, found: Found) -> bool:
    direct = " sends direct messages to the person that you named," if wishes.person_id else ""
    return is_yes(
        await person.asked(
            f"This creates a category “{MARK}” with channels, a role, events, webhooks and a command in "
            f"“{found.names[0]}” ({found.members} members), posts there,{direct} gives the role to you and "
            "to the bot for a moment, and deletes all of it at the end. It takes about ten minutes. It "
            "registers the bot's commands, and while it runs the bot answers in all its servers, without "
            "their jobs.\nType `yes` and Enter to begin."
        )
    )


async def place_of(client: discord.Client, wishes: Wishes) -> Place:
    """Return the place of a first day, with the direct messages of whoever agreed to get them."""
    assert client.user is not None and client.application_id is not None
    place = Place(client.http, client.application_id, client.user.id, wishes.guild_id)
    if wishes.person_id is not None:
        route = Route("POST", "/users/@me/channels")
        opened = await client.http.request(route, json={"recipient_id": str(wishes.person_id)})
        place.direct_channels.add(int(opened["id"]))
    return place
