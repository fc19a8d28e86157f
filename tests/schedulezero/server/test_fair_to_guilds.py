"""A guild whose thousands of runs wait for Discord holds up nobody else: real server, real handler."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from schedulezero.server.service import ServerConfig
from tests.support.fair import COOL, HOT, Discord, due, serving


async def test_one_guilds_posts_that_wait_leave_room_for_anothers(server_config: ServerConfig) -> None:
    now = datetime.now(UTC)
    await due(server_config, HOT, 3000, now - timedelta(seconds=2))
    await due(server_config, COOL, 400, now - timedelta(seconds=1))
    discord = Discord()
    async with serving(server_config, discord):
        await discord.has_asked(COOL, 400)
        assert discord.asking[HOT] <= 160
        discord.answers.set()
        await discord.has_asked(HOT, 3000)
    assert discord.asking == {HOT: 3000, COOL: 400}
