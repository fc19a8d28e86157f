"""What a guild costs the bot: memory of its process, by a simulated Discord that tells of so many guilds.

    python -m benchmarks.guilds [GUILDS]

Each has ten channels and five roles. Members are not cached (the bot asks for no such intent).
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks.growing import megabytes
from tests.support.discord_server import DiscordServer
from tests.support.installation import Installation

GUILDS = 400
_CHANNELS, _ROLES = 10, 5


async def _resident(guilds: int) -> float:
    """Megabytes of the bot's process when it knows so many guilds more than one."""
    async with DiscordServer() as discord:
        for number in range(guilds):
            guild = discord.env.create_guild(f"Guild {number}", owner=None)
            for role in range(_ROLES):
                guild.create_role(f"role-{role}")
            for channel in range(_CHANNELS):
                guild.create_text_channel(f"channel-{channel}")
        with tempfile.TemporaryDirectory() as folder:
            async with Installation(discord, Path(folder)) as bot:
                await asyncio.sleep(3)
                return megabytes(bot.pid("run"))


def main() -> None:
    guilds = int(sys.argv[1]) if len(sys.argv) > 1 else GUILDS
    alone, many = asyncio.run(_resident(0)), asyncio.run(_resident(guilds))
    each = (many - alone) / guilds * 1024
    print(f"{alone:.0f} MB with one guild, {many:.0f} MB with {guilds} more: {each:.0f} KB a guild")


if __name__ == "__main__":
    main()
