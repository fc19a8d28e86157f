"""Each recipe for sprockets is run."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import sprockets
from bot.config import Settings
from bot.testing import simulated_guild
from cogs.language import speaking, t

PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "sprocket-recipes.md"
_BLOCK = re.compile(r'^```\w+ title="sprockets/([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def write(folder: Path) -> None:
    files: dict[str, str] = {}
    for title, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        files[title] = f"{files[title]}\n\n{text}" if title in files else text
    for title, text in files.items():
        (folder / title).parent.mkdir(exist_ok=True)
        (folder / title).write_text(text, encoding="utf-8")


async def test_the_recipes_do_what_they_say(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path)
    sprockets.__path__.append(str(tmp_path))
    try:
        async with simulated_guild(settings) as guild:
            assert len(await guild.load("recipes")) == 7
            where = str(guild.channel.id)
            game = {
                "where": where,
                "host": guild.plain.id,
                "day": "2027-12-31",
                "game": "Go",
                "size": "large",
            }
            assert (await guild.run("invite_to_game", game))["success"] is True
            said = f"<@{guild.plain.id}> hosts Go on 31 December, for a large round."
            assert guild.posted()[-1].content == said
            assert (await guild.run("post_report", {"where": where}))["success"] is True
            report = guild.posted()[-1]
            assert report.embeds[0].title == "This week" and report.attachments[0].filename == "week.csv"
            opened = await guild.run("open_talk", {"where": where, "topic": "Books"})
            assert guild.bot.get_channel(int(opened["thread_id"])) is not None, opened
            assert (await guild.run("read_wishes", {"where": where}))["success"] is True
            assert guild.posted()[-1].content == "Nobody wishes for anything."
            wished = await guild.plain.slash(guild.channel, "wish", text="a *cake*")
            assert wished.response.content == "May it come true!"
            assert (await guild.run("read_wishes", {"where": where}))["success"] is True
            assert guild.posted()[-1].content == f"<@{guild.plain.id}> wishes: a *cake*"
            for day in (1, 2):
                assert (await guild.run("count_days", {"where": where}))["success"] is True
                assert guild.posted()[-1].content == f"Day {day}"
            inside = {"address": "http://127.0.0.1/"}
            assert "Set the key" in (await guild.run("ping_service", inside))["error"]
            await guild.configure("recipes", api_key="k3y")
            assert "private network" in (await guild.run("ping_service", inside))["error"]
            counted = await guild.run("count_messages", {"where": where, "most": 3}, creator=guild.admin)
            assert counted["count"] == 3, counted
            with speaking("de"):
                assert t("Count the days.") == "Zähle die Tage."
    finally:
        sprockets.__path__.remove(str(tmp_path))
        sys.modules.pop("sprockets.recipes_sprocket", None)
