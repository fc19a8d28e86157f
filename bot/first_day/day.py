"""The first day in order: look at the guild, ask, start the bot, walk, clean up, report.

The bot that is tried is the real one, on a server, a database and ports of its own that go with it, so that
no real job is touched. It identifies once.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import discord

from bot.app import ScheduleZeroBot
from bot.cli.exit_status import USAGE, Unusable
from bot.config import Settings
from bot.first_day.answers import Answers
from bot.first_day.assumption import Assumption, Outcome, Verdict, exit_status
from bot.first_day.folder import remove_leftovers
from bot.first_day.place import Place
from bot.first_day.preparing import Found, Wishes, agreed, logged_in, look_at, place_of
from bot.first_day.report import line_of, report, summary
from bot.first_day.starting import NotStarted, started
from bot.first_day.subjects.gateway import STARTS
from bot.first_day.table import ASSUMPTIONS
from bot.first_day.terminal import Absent, Person
from bot.first_day.visit import Visit
from bot.first_day.walk import walk
from bot.health.doctor_database import bots_on
from schedulezero.errors import ScheduleZeroError

_CLEAR_SECONDS = 120.0


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
    async with logged_in(token) as client:
        found = await look_at(client, wishes)
        if not await agreed(wishes, person, found, stop):
            raise Unusable("Nothing was done.", USAGE)
        place = await place_of(client, wishes)
        for item in await place.leftovers():
            print(f"removing what an earlier start left: {item}", flush=True)
        left = await place.clear()
    for folder in await asyncio.to_thread(remove_leftovers):
        print(f"removed the folder that an earlier start left: {folder}", flush=True)
    day = _Day(settings, wishes, Absent() if wishes.consents else person, found, patience)
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
    print(f"{summary(day.outcomes)}. {_written(text, wishes.file)}", flush=True)
    return exit_status(day.outcomes) or (1 if left else 0)


class _Day:
    """The walk itself, and what it found so far."""

    def __init__(
        self, settings: Settings, wishes: Wishes, person: Person, found: Found, patience: float
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


def _written(text: str, file: Path) -> str:
    """Write the report, and return where it is; a report that can't be written is shown instead."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        return f"The report can't be written to {file} ({error.strerror}), so here it is:\n\n{text}"
    return f"The report is in {file}."


async def _cleared(token: str, wishes: Wishes, day: _Day) -> list[str]:
    """Delete everything that was created, and return what couldn't be deleted."""
    try:
        async with asyncio.timeout(_CLEAR_SECONDS), logged_in(token) as client:
            place = await place_of(client, wishes)
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
