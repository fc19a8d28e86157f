"""Panels and forms open although what they would preselect is gone or of another kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import discord
import pytest
from discord import ui

from tests.support.alerting import alerts_to
from tests.support.rules.applying import applied
from tests.support.rules.select_defaults import SelectDefaults
from tests.support.text import text_of
from tests.support.world import World, pick


@pytest.fixture(autouse=True)
def rules() -> Iterator[None]:
    with applied(SelectDefaults()):
        yield


async def test_setup_opens_after_its_channels_and_roles_are_deleted(world: World) -> None:
    channel, role = await alerts_to(world), world.guild.create_role("Schedulers")
    settings = await world.bot.memory.settings(world.guild.id)
    roles = replace(settings, manager_role_ids=(str(role.id),), log_channel_id=str(channel.id))
    await world.bot.memory.save_settings(world.guild.id, roles)
    shown = await world.admin.slash(world.channel, "schedule setup")
    assert str(channel.id) in str(_sent(world)) and "Settings for" in text_of(shown.response)
    world.env.backend.delete_channel(channel.id)
    world.env.backend.delete_role(world.guild.id, role.id)
    await world.env.settle()
    shown = await world.admin.slash(world.channel, "schedule setup")
    assert "Settings for" in text_of(shown.response)
    assert str(channel.id) not in str(_sent(world)) and str(role.id) not in str(_sent(world))


def _sent(world: World) -> Any:
    return next(item.json for item in reversed(world.env.http_requests) if item.method == "PATCH")


@pytest.mark.parametrize("job", ["create_forum_post", "set_thread", "send_announcement"])
async def test_a_form_opens_in_a_channel_of_another_kind(world: World, job: str) -> None:
    shown = await world.admin.slash(world.channel, "schedule create", job=job)
    assert shown.modal is not None


async def test_the_rule_bites(world: World) -> None:
    channel: Any = world.bot.get_channel(world.channel.id)
    gone = discord.Object(7, type=discord.abc.GuildChannel)
    view = ui.View().add_item(ui.ChannelSelect(default_values=[gone]))
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send("x", view=view)
    assert refused.value.code == 50035


async def test_alerts_are_in_the_language_that_the_server_chose(world: World) -> None:
    shown = await world.admin.slash(world.channel, "schedule setup")
    await pick(world.admin, shown.response, "setup:language", ["de"])
    assert (await world.bot.memory.settings(world.guild.id)).language == "de"
    channel = await alerts_to(world)
    job = await world.schedule(
        "send_announcement", {"channel_id": "123456789012345678", "message": "x"}, "in 1 hour"
    )
    await world.bot.services.client.run(job)
    card = await world.message_in(channel)
    assert "Fehlgeschlagen" in text_of(card) or "fehlgeschlagen" in text_of(card), text_of(card)
    shown = await world.admin.slash(world.channel, "schedule setup")
    await pick(world.admin, shown.response, "setup:language", ["discord"])
    assert (await world.bot.memory.settings(world.guild.id)).language is None
