"""One bot as two processes, on one server and one PostgreSQL, with a simulated Discord behind sockets."""

from __future__ import annotations

from pathlib import Path

import pytest
import simcord

from tests.conftest import until
from tests.support.discord_server import DiscordServer
from tests.support.installation import Installation, soon

pytestmark = [pytest.mark.postgresql, pytest.mark.timeout(180)]


async def test_each_cluster_serves_its_shards(tmp_path: Path, postgres_url: str) -> None:
    async with DiscordServer() as discord:
        rooms = [discord.guild_of_shard(shard, 2) for shard in range(2)]
        async with Installation(discord, tmp_path, clusters=2, database=postgres_url) as bot:
            assert sorted(discord.identified) == [(0, 2), (1, 2)]
            shares = {item["address"]: item["shards"] for item in await bot.handlers()}
            assert sorted(share["ids"] for share in shares.values()) == [[0], [1]]
            # Discord is told of the commands by one of them.

            def told() -> list[str]:
                asked = [path for method, path in discord.asked if method == "PUT"]
                return [path for path in asked if path.endswith("/commands") and "/guilds/" not in path]

            await until(lambda: len(told()) == 1)

            jobs = [await _save(bot, room, f"to shard {shard}") for shard, room in enumerate(rooms)]
            assert set((await bot.outcomes(jobs, 20)).values()) == {"succeeded"}
            posts = discord.posts()
            assert [posts[room.id, f"to shard {shard}"] for shard, room in enumerate(rooms)] == [1, 1]

            # A cluster that dies is started again; its guild's run waits for it, the other's does not.
            bot.kill("run --cluster 2/2")
            late = [await _save(bot, room, "late") for room in rooms]
            assert set((await bot.outcomes(late, 60)).values()) == {"succeeded"}
            await until(lambda: [discord.posts()[room.id, "late"] for room in rooms] == [1, 1])


async def _save(bot: Installation, room: simcord.ChannelHandle, text: str) -> str:
    assert room.guild is not None
    params = {"channel_id": str(room.id), "message": text}
    trigger = {"type": "date", "args": {"run_date": soon(0.5).isoformat()}}
    return await bot.save("send_announcement", params, trigger, guild_id=str(room.guild.id))
