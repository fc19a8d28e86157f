"""Discord's Spanish of Latin America, es-419, gets the Spanish catalogue, which is written for both."""

from __future__ import annotations

from datetime import UTC, date, datetime

import discord

from cogs import formats
from cogs.guild_language import locale_of
from cogs.language import language_of, shown_locale, speaking, t
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand
from tests.support.text import text_of
from tests.support.world import World

_LATIN = "es-419"


def test_texts_days_and_times_are_spanish() -> None:
    assert language_of(_LATIN) == "es"
    with speaking(_LATIN):
        assert t("Posted.") == "Publicado." and shown_locale() == _LATIN
    assert formats.day(date(2026, 12, 24), _LATIN) == "24 de diciembre de 2026"
    now = datetime(2026, 11, 27, 9, tzinfo=UTC)
    understood = understand("cada lunes a las 18:00", zone="America/Bogota", locale=_LATIN, now=now)
    said = describe(understood.trigger, "America/Bogota", _LATIN)
    assert said == "todos los lunes a las 6:00\u202fp.m."  # the clock has 12 hours there
    assert describe(understood.trigger, "America/Bogota", "es-ES") == "todos los lunes a las 18:00"


async def test_a_person_and_a_guild_of_latin_america_are_answered_in_spanish(world: World) -> None:
    translator = world.bot.tree.translator
    assert translator is not None
    payload = [await item.get_translated_payload(world.bot.tree, translator)
               for item in world.bot.tree.get_commands()]  # fmt: skip
    localized = [
        item["description_localizations"] for item in payload if item.get("description_localizations")
    ]
    assert localized and all(found.get(_LATIN) == found["es-ES"] for found in localized)
    guild = world.bot.get_guild(world.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale(_LATIN)
    assert language_of(locale_of(guild, await world.bot.services.memory.settings(guild.id))) == "es"
    answer = await world.run("question_of_the_day", {"channel_id": str(world.channel.id)})
    assert answer["success"] is True
    assert "¿" in text_of(world.channel.history()[-1])
