"""Each rule that the tests add to the simulated Discord bites."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from tests.support.clocks import Clock
from tests.support.granting import give_the_bot
from tests.support.rules.applying import applied
from tests.support.rules.commands import Commands
from tests.support.rules.edit_age import EditAge
from tests.support.rules.hidden_content import hidden_content
from tests.support.rules.trimmed_texts import TrimmedTexts
from tests.support.world import World


async def test_old_messages_are_edited_seldom(world: World) -> None:
    clock = Clock()
    channel: Any = world.bot.get_channel(world.channel.id)
    message = await channel.send("first")
    with applied(EditAge(clock, most=2)):
        for _ in range(4):
            await message.edit(content="young")
        clock.offset = discord.utils.utcnow() - discord.utils.utcnow().replace(year=2020)
        for _ in range(2):
            await message.edit(content="old")
        with pytest.raises(discord.HTTPException) as refused:
            await message.edit(content="too old")
    assert refused.value.code == 30046 and refused.value.status == 429


async def test_a_webhooks_content_is_hidden_but_for_its_token(world: World) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    channel: Any = world.bot.get_channel(world.channel.id)
    webhook = await channel.create_webhook(name="Ours")
    sent = await webhook.send("Ahoy", wait=True)
    with hidden_content(world):
        assert (await channel.fetch_message(sent.id)).content == ""
        assert (await webhook.fetch_message(sent.id)).content == "Ahoy"
        assert (await channel.fetch_message((await channel.send("mine")).id)).content == "mine"


async def test_texts_are_trimmed(world: World) -> None:
    channel: Any = world.bot.get_channel(world.channel.id)
    embed = discord.Embed(title=" T ", description="text\n").add_field(name=" a", value="b ")
    with applied(TrimmedTexts()):
        message = await channel.send(" Hello\r\nthere ", embed=embed)
    assert message.content == "Hello\nthere" and message.embeds[0].title == "T"
    assert message.embeds[0].description == "text" and message.embeds[0].fields[0].value == "b"


@pytest.mark.parametrize(
    ("change", "installs"),
    [({"description": "x" * 101}, (0, 1)), ({"integration_types": [0, 1]}, (0,)), ({"name": ""}, (0,))],
)
async def test_a_list_of_commands_is_refused_as_a_whole(
    world: World, change: dict[str, Any], installs: tuple[int, ...]
) -> None:
    application = world.bot.application_id
    assert application is not None
    fine = {"name": "fine", "description": "Fine", "type": 1}
    with applied(Commands(*installs)):
        await world.bot.http.bulk_upsert_global_commands(application, [fine])  # type: ignore[list-item]
        with pytest.raises(discord.HTTPException) as refused:
            await world.bot.http.bulk_upsert_global_commands(application, [fine, {**fine, **change}])  # type: ignore[list-item]
    assert refused.value.code == 50035
