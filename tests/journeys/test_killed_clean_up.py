"""A clean-up of 2,000 old messages by real processes, at Discord's pace, while they are killed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from schedulezero.instants import to_iso
from tests.support.deletions import deletions, fill_backend
from tests.support.discord_server import DiscordServer
from tests.support.installation import Installation

_MESSAGES = 2000
_SPEED = 400.0
"""How fast the processes' clock goes, and Discord's limits with it: the whole takes more than two hours."""
_SECONDS = 200.0


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_none_is_left_and_none_is_tried_twice(tmp_path: Path) -> None:
    async with DiscordServer() as discord, Installation(discord, tmp_path, speed=_SPEED) as installation:
        with deletions(installation.now) as rules:
            room = discord.channels[0]
            fill_backend(discord.backend, room.id, discord.creator.id, _MESSAGES, 30)
            deaths = [611, 817, 1599, 1988]  # within a handful, and near the end

            def die() -> None:
                installation.kill("run")
                rules.die_after = deaths.pop(0) if deaths else None

            rules.die = die
            rules.die_after = deaths.pop(0)
            began_at = installation.now()
            # What has begun goes on after a restart, even if the job makes up for no missed run.
            job = await installation.save(
                "cleanup_messages",
                {"channel_id": str(room.id), "limit": _MESSAGES},
                {"type": "date", "args": {"run_date": to_iso(began_at + timedelta(minutes=10))}},
                missed="skip",
                grace_seconds=3600,
            )
            outcomes = await installation.outcomes([job], _SECONDS)
        records = (await installation.get(f"/api/jobs/{job}/executions"))["records"]
        assert outcomes == {job: "succeeded"}, (records[0]["error"], sum(rules.asked.values()))
        assert records[0]["result"]["message"] == f"{_MESSAGES} messages deleted.", records
        assert not list(room.history())
        assert len(rules.asked) == _MESSAGES and set(rules.asked.values()) == {1}
        assert installation.deaths == 4 and rules.refused
        assert installation.now() - began_at > timedelta(hours=2)
