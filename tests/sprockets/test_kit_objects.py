"""A sprocket whose jobs take Discord's objects, days, times and choices: its form, its card and its runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sprockets
from bot.config import Settings
from bot.testing import simulated_guild
from tests.support.text import text_of
from tests.support.world import World, said

SPROCKET = '''
import datetime
from enum import Enum
from typing import Annotated, Literal

import discord

from sprockets.kit import OptionsFrom, RegisteringCog, RoleId, Text, by_name, job, member_of


class Mood(Enum):
    GLAD = "glad"
    CALM = "calm"


@job()
async def welcome(
    bot,
    where: discord.TextChannel,
    day: datetime.date,
    at: datetime.time,
    mood: Mood = Mood.CALM,
    weeks: Literal[1, 2, 4] = 2,
    roles: list[RoleId] | None = None,
):
    """Welcome people."""
    await where.send(f"{where.name}: {day.isoformat()} {at:%H:%M} {mood!r} {weeks + 0} {roles}")


@job()
async def objects(
    bot,
    who: discord.Member,
    person: discord.User,
    role: discord.Role,
    roles: list[discord.Role],
    voice: discord.VoiceChannel | discord.StageChannel,
    forum: discord.ForumChannel,
    category: discord.CategoryChannel,
    thread: discord.Thread | None = None,
):
    """Return the names of many things."""
    again = await member_of(bot, who.id)
    return {"names": [who.display_name, person.name, role.name, roles[0].name, voice.name, forum.name,
                      category.name, thread.name if thread else None], "same": again.id == who.id}


async def teams(bot, guild_id):
    return [f"Team of {bot.get_guild(guild_id).name}", "red_one", "", "x" * 200]


def too_many(bot, guild_id):
    return range(30)


def broken(bot, guild_id):
    raise RuntimeError("no options")


@job()
async def cheer(
    bot,
    team: Annotated[Text, OptionsFrom(teams)],
    number: Annotated[Text, OptionsFrom(too_many)] = "",
    other: Annotated[Text, OptionsFrom(broken)] = "",
):
    """Cheer for a team."""
    return {"team": team}


class KindsSprocket(RegisteringCog):
    jobs = by_name(welcome, objects, cheer)


async def setup(bot):
    await bot.add_cog(KindsSprocket(bot))
'''


@pytest.fixture
def kinds(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "kinds_sprocket.py").write_text(SPROCKET)
    sprockets.__path__.append(str(tmp_path))
    yield "kinds"
    sprockets.__path__.remove(str(tmp_path))
    sys.modules.pop("sprockets.kinds_sprocket", None)


async def test_a_form_asks_for_each_in_its_own_field(world: World, kinds: str) -> None:
    await world.load(kinds)
    shown = await world.admin.slash(world.channel, "schedule create", job="welcome")
    assert shown.modal is not None
    fields = {item["component"]["custom_id"]: item["component"] for item in shown.modal["components"]}
    assert fields["p:where"]["type"] == 8 and fields["p:where"]["channel_types"] == [0, 5]
    assert fields["p:day"]["placeholder"] == "31 December 2027" and fields["p:at"]["placeholder"] == "18:30"
    assert [item["value"] for item in fields["p:mood"]["options"]] == ["glad", "calm"]
    values = {
        "p:where": [world.channel], "p:day": "31.12.2027", "p:at": "6 pm", "p:mood": ["glad"],
        "when": "tomorrow at 9",
    }  # fmt: skip
    card = await world.admin.submit_modal(shown, values)
    text = said(card)
    assert (
        "**Day:** 31 December 2027" in text and "**At:** 18:00" in text and "**Weeks:** 2 (default)" in text
    )
    assert card.response is not None
    await world.admin.click(card.response, label="Confirm")
    assert "Scheduled" in text_of(card.response)
    (job,) = [item async for item in world.bot.services.client.all_jobs(str(world.guild.id))]
    assert job.params == {
        "where": str(world.channel.id), "day": "2027-12-31", "at": "18:00", "mood": "glad",
    }  # fmt: skip
    await world.advance(days=2)
    sent = await world.message_in(world.channel, "general: 2027-12-31 18:00 <Mood.GLAD: 'glad'> 2 None")
    assert sent is not None
    wrong = await world.admin.slash(world.channel, "schedule create", job="welcome")
    told = said(await world.admin.submit_modal(wrong, {**values, "p:day": "soon", "p:at": "late"}))
    assert "**Day:** must be a date such as 31 December 2027, not “soon”." in told
    assert "**At:** must be a time of day such as 18:30, not “late”." in told


async def test_the_function_gets_objects_of_its_own_guild(settings: Settings, kinds: str) -> None:
    async with simulated_guild(settings) as guild:
        await guild.load(kinds)
        role = guild.guild.create_role("Red")
        voice = guild.guild.create_voice_channel("Lounge")
        forum = guild.guild.create_forum_channel("Ideas")
        category = guild.guild.create_category("Games")
        await guild.env.settle()
        params = {
            "who": str(guild.plain.id), "person": guild.admin.id, "role": role.id, "roles": [str(role.id)],
            "voice": voice.id, "forum": forum.id, "category": category.id,
        }  # fmt: skip
        answer = await guild.run("objects", params)
        assert answer.get("names") == ["pia", "ada", "Red", "Red", "Lounge", "Ideas", "Games", None], answer
        assert answer["same"] is True
        # Read as: a parameter, a value that it can't have, and what is said.
        for name, value, error in (
            (
                "voice",
                guild.channel.id,
                "This job doesn't work in general, which is the wrong kind of channel.",
            ),
            ("who", 5, "5 isn't in this server."),
            ("role", 5, "The role isn't in this server."),
            ("forum", 5, "5"),
        ):
            refused = await guild.run("objects", {**params, name: value})
            assert refused["success"] is False and error in refused["error"], refused


async def test_options_come_from_a_function(world: World, kinds: str) -> None:
    await world.load(kinds)
    shown = await world.admin.slash(world.channel, "schedule create", job="cheer")
    assert shown.modal is not None
    fields = {item["component"]["custom_id"]: item["component"] for item in shown.modal["components"]}
    assert [item["label"] for item in fields["p:team"]["options"]] == ["Team of Moonbase", "red_one"]
    assert fields["p:number"]["type"] == fields["p:other"]["type"] == 4  # lines to type in
    card = await world.admin.submit_modal(shown, {"p:team": ["red_one"], "when": "tomorrow at 9"})
    assert "**Team:** red" in said(card) and card.response is not None
    await world.admin.click(card.response, label="Confirm")
    (job,) = [item async for item in world.bot.services.client.all_jobs(str(world.guild.id))]
    assert job.params == {"team": "red_one"}
