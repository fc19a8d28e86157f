"""Americans read 12 hours wherever a time stands, and what they read can be typed; guilds have their own."""

from __future__ import annotations

from datetime import time

import discord
import pytest

from cogs.guild_language import locale_of
from cogs.guild_settings import GuildSettings
from schedulezero.clocks import in_clocks_of
from tests.support.languages import everybody_is
from tests.support.scheduling import hello
from tests.support.setting_up import setup
from tests.support.text import text_of
from tests.support.world import World, press, said


def plain(text: str) -> str:
    return text.replace("\u202f", " ")


async def test_an_american_reads_12_hours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody_is(monkeypatch, "en-US")
    preview = await world.draft(world.admin, "send_announcement", hello(world), "every monday at 18:30")
    shown = text_of(preview.response)
    assert "every Monday at 6:30 PM" in plain(shown) and "18:30" not in shown
    sentence = shown[shown.index("every Monday") : shown.index("PM") + 2]
    again = await world.draft(world.admin, "send_announcement", hello(world), sentence)
    assert sentence in text_of(again.response)

    panel = await setup(world)
    assert "Morning 9:00 AM · Lunch 12:00 PM" in plain(text_of(panel))
    form = await press(world.admin, panel, "setup:hours")
    assert form.modal is not None
    fields = [item["component"] for item in form.modal["components"]]
    filled = {item["custom_id"]: item["value"] for item in fields}
    assert plain(filled["evening"]) == "7:00 PM"
    await world.admin.submit_modal(form, {**filled, "morning": "8:15\u202fAM"})
    assert "Morning 8:15 AM · Lunch 12:00 PM" in plain(text_of(await setup(world)))
    changes = plain(said(await world.admin.slash(world.channel, "schedule audit")))
    assert "Morning: 9:00 AM → 8:15 AM" in changes

    quiet = in_clocks_of("en-US", "22:00-07:00")
    form = await press(world.admin, await setup(world), "setup:limits")
    await world.admin.submit_modal(form, {"quiet": quiet, "days": "", "holidays": "", "jobs": "", "runs": ""})
    assert "quiet from 10:00 PM to 7:00 AM" in plain(text_of(await setup(world)))
    rules = await world.bot.services.client.rules(str(world.guild.id))
    assert rules is not None and (rules.quiet_from, rules.quiet_to) == (time(22), time(7))


async def test_a_guild_reads_the_clock_of_the_language_that_it_chose(world: World) -> None:
    guild = world.bot.get_guild(world.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale.american_english
    names = (None, "en", "en-US", "es-419")
    chosen = {name: locale_of(guild, GuildSettings(language=name)) for name in names}
    assert chosen == {None: "en-US", "en": "en-GB", "en-US": "en-US", "es-419": "es-419"}
    assert locale_of(guild, GuildSettings(language="xx")) == "en-US"
