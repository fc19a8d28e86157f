"""A first day on the stand-in: its wishes, its person, and discord.py pointed there."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import discord.gateway
import discord.http
import pytest
import yarl

import bot.app
from bot.first_day.preparing import Wishes
from bot.pace.pace import Pace
from tests.support.first_day_rules import FirstDayDiscord

_FASTER = 50


class Told:
    """A person who gives prepared answers, and skips every step after them."""

    def __init__(self, *answers: str) -> None:
        self.answers = deque(answers)
        self.texts: list[str] = []

    async def asked(self, text: str) -> str:
        self.texts.append(text)
        return self.answers.popleft() if self.answers else ""


def wishes(there: FirstDayDiscord, folder: Path) -> Wishes:
    """What an owner asks for who named the guild's owner for direct messages."""
    return Wishes(
        guild_id=there.guild.id,
        person_id=there.creator.id,
        consents=True,
        even_so=False,
        file=folder / "first-day.md",
    )


@contextmanager
def pointed_at(address: str) -> Iterator[None]:
    """Let discord.py talk to the stand-in, with the bot's pace on a faster clock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.http.Route, "BASE", f"http://{address}/api/v10")
        patch.setattr(
            discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(f"ws://{address}/gateway")
        )
        patch.setattr(bot.app, "Pace", lambda *limits: Pace(*limits, window=1 / _FASTER))
        create = bot.app.create_bot

        def create_bot(*arguments: object) -> bot.app.ScheduleZeroBot:
            made = create(*arguments)  # type: ignore[arg-type]
            made._connection.guild_ready_timeout = 0.05
            return made

        patch.setattr("bot.first_day.starting.create_bot", create_bot)
        yield
