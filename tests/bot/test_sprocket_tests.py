"""What the fixture for sprocket authors offers: settings, the guild and creator of a call, outcomes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.config import Settings
from schedulezero.model import RunState
from tests.support.world import a_guild


async def test_settings_creators_and_outcomes(settings: Settings) -> None:
    async with a_guild(settings) as guild:
        params = {"channel_id": str(guild.channel.id), "message": "Hello"}
        assert (await guild.run("send_announcement", params, creator=guild.admin))["success"] is True
        refused = await guild.run("send_announcement", params, guild=guild.env.create_guild("Elsewhere"))
        assert refused["success"] is False, refused

        job = await guild.schedule("send_announcement", params, "in 1 hour", creator=guild.moderator)
        assert job.creator_id == str(guild.moderator.id)
        await guild.advance(hours=1)
        run = await guild.outcome(job)
        assert (run.state, run.number) == (RunState.SUCCEEDED, 1) and run.result is not None

        await guild.configure("web", secret="abc")
        with pytest.raises(ValidationError):
            await guild.configure("web", secret="x" * 500)
        with pytest.raises(AssertionError, match="announcement has no settings"):
            await guild.configure("announcement", secret="abc")
