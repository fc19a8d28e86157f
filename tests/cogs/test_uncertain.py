"""A run that nobody can tell of: history and card say so, and it is done again when a person decides."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import sprockets
from bot.config import Settings
from tests.conftest import until
from tests.support.alerting import alerts_to, cards
from tests.support.text import text_of
from tests.support.world import World, a_world, labels, said

PLANTS = '''
"""A sprocket whose job does not say how to go on after it was interrupted."""
import asyncio
from pathlib import Path
from discord.ext import commands

FOLDER = Path(__file__).parent

async def water_the_plants(bot, params):
    """Water the plants."""
    (FOLDER / "begun").touch()
    while not (FOLDER / "release").exists():
        await asyncio.sleep(0.02)
    with (FOLDER / "done").open("a") as file:
        file.write("watered ")

class Plants(commands.Cog):
    def __init__(self, bot):
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self):
        self.bot.get_cog("ScheduleZeroCog").register_sprocket("water_the_plants", water_the_plants)

async def setup(bot):
    await bot.add_cog(Plants(bot))
'''


@pytest.mark.long
async def test_what_a_crash_left_open_is_asked_and_not_guessed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedulezero.handler.thread._DRAIN_SECONDS", 0.0)
    (tmp_path / "plants_sprocket.py").write_text(PLANTS)
    monkeypatch.setattr(sprockets, "__path__", [*sprockets.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "sprockets.plants_sprocket", raising=False)
    chosen = settings.model_copy(update={"sprockets": (*settings.sprockets, "plants")})
    async with a_world(chosen) as world:
        alerts = await alerts_to(world)
        shown = await world.admin.slash(world.channel, "schedule create", job="water_the_plants")
        preview = await world.admin.submit_modal(shown, {"when": "in 1 hour"})
        await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
        await world.advance(hours=1)
        await until(lambda: (tmp_path / "begun").exists())

        await world.restart_bot()
        (card,) = await until(lambda: cards(world, alerts, "may or may not have run"))
        assert "I was stopped while" in text_of(card) and "Retry" in labels(card)
        assert "❓ uncertain" in await history(world) and not (tmp_path / "done").exists()

        (tmp_path / "release").touch()
        await world.admin.click(card, label="Retry")

        async def is_done() -> bool:
            return "✅ done" in await history(world)

        await until(is_done)
        assert (tmp_path / "done").read_text() == "watered "


async def history(world: World) -> str:
    return said(await world.admin.slash(world.channel, "schedule history"))
