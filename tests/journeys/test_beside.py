"""Another process opens the database of a running bot, by every command, and nothing is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.support.beside import COMMANDS, beside, command
from tests.support.discord_server import DiscordServer
from tests.support.installation import Installation, soon

pytestmark = pytest.mark.sqlite


async def save_jobs(installation: Installation, count: int) -> set[str]:
    values = {"channel_id": str(installation.discord.channels[0].id), "message": "later"}
    return {await installation.schedule("send_announcement", values, soon(86_400)) for _ in range(count)}


def jobs_in(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        return {row[0] for row in connection.execute("SELECT id FROM jobs")}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("apart", [False, True], ids=["embedded", "apart"])
async def test_no_command_beside_a_bot_loses_what_it_acknowledged(tmp_path: Path, apart: bool) -> None:
    async with DiscordServer() as discord, Installation(discord, tmp_path, apart=apart) as installation:
        jobs = await save_jobs(installation, 3)
        ended = {name: await beside(name, installation.config, tmp_path / "first") for name in COMMANDS}
        jobs |= await save_jobs(installation, 5)

        for name in ("restore", "move", "server", "run"):
            owner = str(installation.pid("run" if name == "run" or not apart else "server"))
            assert owner in ended[name].err and "stop it" in ended[name].err.casefold(), ended[name]
        assert "ok    database" in ended["doctor"].out

        assert (await command(installation.config, "backup", str(tmp_path / "second"))).status == 0
        assert jobs_in(tmp_path / "second" / "schedulezero.db") == jobs

        for role in installation.roles:
            installation.kill(role)
        await asyncio.sleep(0.2)
        await installation.ready()
        found = await installation.get("/api/jobs", limit=100)
        assert {job["job_id"] for job in found["jobs"]} == jobs


@pytest.mark.timeout(300)
async def test_a_token_that_is_revoked_beside_a_server_stops_at_once(tmp_path: Path) -> None:
    async with DiscordServer() as discord, Installation(discord, tmp_path) as installation:
        made = await command(installation.config, "token", "make", "short-lived", "--scope", "write")
        secret = made.out.split()[0]
        headers = {"Authorization": f"Bearer {secret}"}
        base = str(installation._http.base_url)
        async with httpx.AsyncClient(base_url=base, headers=headers) as api:
            assert (await api.get("/api/jobs")).status_code == 200
            assert (await command(installation.config, "token", "list")).status == 0
            await save_jobs(installation, 1)
            revoked = await command(installation.config, "token", "revoke", secret.split("_")[1])
            assert revoked.status == 0
            assert (await api.get("/api/jobs")).status_code == 401
