"""The first day in order: look at the guild, ask, start the bot, walk, clean up, report.

The bot that is tried is the real one, on a server, a database and ports of its own that go with it, so that
no real job is touched. It identifies once.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import aiohttp
import discord
from discord.http import Route

from bot.app import ScheduleZeroBot
from bot.cli.exit_status import USAGE, Unusable
from bot.config import Settings
from bot.first_day.answers import Answers
from bot.first_day.assumption import Assumption, Outcome, Verdict, exit_status
from bot.first_day.place import MARK, Place
from bot.first_day.report import line_of, report, summary
from bot.first_day.starting import NotStarted, started
from bot.first_day.subjects.gateway import STARTS
from bot.first_day.table import ASSUMPTIONS
from bot.first_day.terminal import Absent, Person, is_yes
from bot.first_day.visit import Visit
from bot.first_day.walk import walk
from bot.health.doctor_database import bots_on
from bot.health.unreachable import why_unreachable
from bot.sprocket_specs import specs_of_sprockets
from cogs.config.config import DEFAULT_SPROCKETS
from cogs.rights.permissions import invite
from schedulezero.errors import ScheduleZeroError

HANDFUL = 10
"""The most members of a guild that is taken for a test guild."""
_FEWEST_STARTS = 50
_LEAST = ("view_channel", "manage_channels", "manage_roles", "send_messages")
_CLEAR_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the owner asked for.

    Attributes:
        guild_id: The test guild.
        person_id: Who agrees to get direct messages.
        agreed: Whether to start without asking.
        even_so: Whether a guild with more members will do.
        file: Where the report goes.
    """

    guild_id: int
    person_id: int | None
    agreed: bool
    even_so: bool
    file: Path


@dataclass
class _Found:
    """What is known of the guild before the bot starts."""

    owner_id: int
    members: int
    sessions: int
    names: tuple[str, ...] = field(default=())


async def first_day(
    settings: Settings,
    token: str,
    wishes: Wishes,
    person: Person,
    stop: asyncio.Event,
    *,
    assumptions: Sequence[Assumption] = ASSUMPTIONS,
    patience: float = 15.0,
) -> int:
    """Walk all assumptions, write the report, and return the exit status.

    0 means that nothing differs, 1 that something does, 2 that it couldn't run.

    Parameters:
        settings: The bot's settings.
        token: Its token.
        wishes: What the owner asked for.
        person: Whoever started it.
        stop: Ends it early; it cleans up all the same.
        assumptions: What to try.
        patience: How many seconds to wait for what Discord does a little later.

    Raises Unusable if it can't start.
    """
    if await bots_on(settings):
        raise Unusable(
            "The bot is running on this database. Stop it first: the first day needs its token.", USAGE
        )
    async with _logged_in(token) as client:
        found = await _look_at(client, wishes)
        if not await _agreed(wishes, person, found):
            raise Unusable("Nothing was done.", USAGE)
        place = await _place(client, wishes)
        for item in await place.leftovers():
            print(f"removing what an earlier start left: {item}", flush=True)
        left = await place.clear()
    day = _Day(settings, wishes, Absent() if wishes.agreed else person, found, patience)
    if not stop.is_set():
        try:
            await day.walk(token, assumptions, stop)
        finally:
            left = await _cleared(token, wishes, day)
    text = report(
        day.outcomes,
        versions=_versions(),
        windows=day.answers.windows,
        refusals=day.answers.refusals,
        left=left,
        names=found.names,
    )
    await asyncio.to_thread(wishes.file.write_text, text, encoding="utf-8")
    print(f"{summary(day.outcomes)}. The report is in {wishes.file}.", flush=True)
    return exit_status(day.outcomes) or (1 if left else 0)


class _Day:
    """The walk itself, and what it found so far."""

    def __init__(
        self, settings: Settings, wishes: Wishes, person: Person, found: _Found, patience: float
    ) -> None:
        self._settings = settings
        self._wishes = wishes
        self._person = person
        self._found = found
        self._patience = patience
        self.answers = Answers()
        self.outcomes: list[Outcome] = []
        self.direct_channels: set[int] = set()

    async def walk(self, token: str, assumptions: Sequence[Assumption], stop: asyncio.Event) -> None:
        """Start the bot, try each assumption, and stop the bot."""
        try:
            async with started(self._settings, token, self.answers, stop) as (bot, connection):
                visit = self._visit(bot, connection)
                try:
                    async for outcome in walk(visit, assumptions, stop):
                        self._note(outcome)
                finally:
                    self.direct_channels |= visit.place.direct_channels
        except NotStarted as error:
            if error.refused:
                self._note(Outcome(STARTS, Verdict.DIFFERS, str(error)))
            reached = {outcome.assumption.code for outcome in self.outcomes}
            for item in assumptions:
                if item.code not in reached:
                    self._note(Outcome(item, Verdict.NOT_TRIED, "the bot didn't start"))

    def _note(self, outcome: Outcome) -> None:
        print(line_of(outcome, self._found.names), flush=True)
        self.outcomes.append(outcome)

    def _visit(self, bot: ScheduleZeroBot, connection: asyncio.Task[None]) -> Visit:
        assert bot.user is not None and bot.application_id is not None
        return Visit(
            bot=bot,
            place=Place(bot.http, bot.application_id, bot.user.id, self._wishes.guild_id),
            answers=self.answers,
            person=self._person,
            creator_id=self._wishes.person_id or self._found.owner_id,
            person_id=self._wishes.person_id,
            sessions_before=self._found.sessions,
            patience=self._patience,
            connection=connection,
        )


# ------------------------------------------------------------------ before and after


@asynccontextmanager
async def _logged_in(token: str) -> AsyncIterator[discord.Client]:
    """Log in over HTTP only, which takes no start. Raises Unusable if Discord doesn't let it."""
    client = discord.Client(intents=discord.Intents(guilds=True))
    try:
        await client.login(token)
        yield client
    except discord.LoginFailure as error:
        raise Unusable("Discord does not accept the token in DISCORD_TOKEN.", USAGE) from error
    except discord.HTTPException as error:
        raise Unusable(f"Discord answered with status {error.status}, code {error.code}.", USAGE) from error
    except (aiohttp.ClientError, OSError) as error:
        raise Unusable(f"Discord can't be reached ({why_unreachable(error)}).", USAGE) from error
    finally:
        await client.close()


async def _look_at(client: discord.Client, wishes: Wishes) -> _Found:
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
    members = int(data.get("approximate_member_count") or data.get("member_count") or 0)
    if members > HANDFUL and not wishes.even_so:
        raise Unusable(
            f"The server has {members} members. Choose a test server with at most {HANDFUL}, or give "
            "--even-so.",
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
    return _Found(owner_id, members, int(limit["remaining"]), tuple(name for name in named if name))


async def _agreed(wishes: Wishes, person: Person, found: _Found) -> bool:
    """Return whether the person consents."""
    if wishes.agreed:
        return True
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


async def _place(client: discord.Client, wishes: Wishes) -> Place:
    assert client.user is not None and client.application_id is not None
    place = Place(client.http, client.application_id, client.user.id, wishes.guild_id)
    if wishes.person_id is not None:
        route = Route("POST", "/users/@me/channels")
        opened = await client.http.request(route, json={"recipient_id": str(wishes.person_id)})
        place.direct_channels.add(int(opened["id"]))
    return place


async def _cleared(token: str, wishes: Wishes, day: _Day) -> list[str]:
    """Delete everything that was created, and return what couldn't be deleted."""
    try:
        async with asyncio.timeout(_CLEAR_SECONDS), _logged_in(token) as client:
            place = await _place(client, wishes)
            place.direct_channels |= day.direct_channels
            return await place.clear() or await place.leftovers()
    except (ScheduleZeroError, discord.DiscordException, TimeoutError) as error:
        return [f"everything with the mark ({error})"]


def _versions() -> dict[str, str]:
    try:
        own = version("schedulezero-discord")
    except PackageNotFoundError:  # a checkout that isn't installed
        own = "of an unknown version"
    return {
        "schedulezero-bot": own,
        "discord.py": discord.__version__,
        "Python": platform.python_version(),
    }
