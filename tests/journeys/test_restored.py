"""A backup is restored after its bot went on: nothing is posted twice, and nothing given for a while stays.

On real processes against a simulated Discord; what happened there is counted.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.discord_server import DiscordServer
from tests.support.installation import ROOT, Installation, soon

pytestmark = pytest.mark.sqlite
_SPROCKETS = "announcement,moderation,roles,channels"


class Stoppable(Installation):
    """An installation whose bot may be stopped and started by hand."""

    def __init__(self, discord: DiscordServer, folder: Path) -> None:
        super().__init__(discord, folder)
        settings = yaml.safe_load(self.config.read_text())
        self.config.write_text(yaml.safe_dump({**settings, "sprockets": _SPROCKETS}))

    async def stop(self) -> None:
        self._keeping.pop("run").cancel()
        self.processes["run"].terminate()
        await self.processes["run"].wait()

    async def go_on(self) -> None:
        await self._start("run")
        self._keeping["run"] = asyncio.create_task(self._keep("run"))
        await self.ready()

    async def command(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *arguments, "--config", str(self.config),
            cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out = (await process.communicate())[0].decode()
        assert process.returncode == 0, out
        return out


def has_role(discord: DiscordServer, person: Any, role: Any) -> bool:
    member = discord.backend.guilds[discord.guild.id].members[person.id]
    return str(role.id) in [str(item) for item in member.role_ids]


@pytest.mark.timeout(400)
async def test_a_restored_backup_repeats_nothing_and_ends_what_was_given(tmp_path: Path) -> None:
    """Both cases at once, because most of each is a minute for which the role was given."""
    for name in ("sound", "damaged"):
        (tmp_path / name).mkdir()
    await asyncio.gather(
        _goes_back(tmp_path / "sound", damaged=False), _goes_back(tmp_path / "damaged", damaged=True)
    )


async def _goes_back(tmp_path: Path, *, damaged: bool) -> None:
    async with DiscordServer() as discord:
        role = discord.guild.create_role("Guests")
        pia = discord.guild.add_member(discord.env.create_user("pia"), roles=[])
        async with Stoppable(discord, tmp_path) as bot:
            at = soon(12)
            post = {"channel_id": str(discord.channels[0].id), "message": "once only"}
            give = {"role_id": str(role.id), "user_ids": [str(pia.id)], "lasts": "1m"}
            give["guild_id"] = str(discord.guild.id)
            jobs = [
                await bot.schedule("send_announcement", post, at),
                await bot.schedule("give_role_for", give, at),
            ]
            await bot.command("backup", str(tmp_path / "copy"))
            await bot.save("send_announcement", post, {"type": "cron", "args": {"hour": 3}}, name="Too late")
            assert set((await bot.outcomes(jobs, 60)).values()) == {"succeeded"}
            assert has_role(discord, pia, role)
            await bot.stop()
            if damaged:
                content = bytearray(bot.database.read_bytes())
                content[:4096] = bytes(4096)
                bot.database.write_bytes(content)
            said = await bot.command("restore", str(tmp_path / "copy"))
            if damaged:
                assert "damaged or missing" in said and "Audit Log" in said
            else:
                assert "Remove the role Guests from pia" in said and "1 job (“Too late”)" in said
            discord._nonces.clear()
            await bot.go_on()
            assert set((await bot.outcomes(jobs, 60)).values()) == {"succeeded"}
            assert sum(discord.posts().values()) == 1
            async with asyncio.timeout(200):
                while has_role(discord, pia, role):
                    await asyncio.sleep(0.2)
            assert sum(discord.posts().values()) == 1
