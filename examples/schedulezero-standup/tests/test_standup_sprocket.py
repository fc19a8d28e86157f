"""The stand-up in a simulated guild. Run it with: python -m pytest -p schedulezero.testing"""

from __future__ import annotations

import pytest

from schedulezero.testing import SimulatedGuild

pytestmark = pytest.mark.asyncio


async def test_it_asks_and_opens_a_thread(guild: SimulatedGuild) -> None:
    await guild.load("standup")
    params = {"channel_id": guild.channel.id, "team": "Rockets", "tone": "brief"}
    answer = await guild.run("hold_standup", params)
    assert answer["success"] is True, answer
    assert guild.posted()[-1].content.startswith("**Stand-up, Rockets.**\n- What did you do?")
    assert guild.bot.get_channel(int(answer["thread_id"])) is not None


async def test_it_is_held_when_it_is_due(guild: SimulatedGuild) -> None:
    await guild.load("standup")
    params = {"channel_id": str(guild.channel.id), "team": "Rockets"}
    await guild.schedule("hold_standup", params, "in 2 hours")
    await guild.advance(hours=2)
    await guild.message_in(guild.channel, "Good morning, Rockets!")


async def test_a_wrong_tone_is_refused_in_words(guild: SimulatedGuild) -> None:
    await guild.load("standup")
    answer = await guild.run("hold_standup", {"channel_id": 1, "team": "Rockets", "tone": "rude"})
    assert answer["error"] == "'tone' of hold_standup must be one of friendly, brief, not 'rude'."
