"""What the fixture for sprocket authors offers: settings, the guild and creator of a call, outcomes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot import testing
from bot.config import Settings
from bot.testing import simulated_guild
from schedulezero.model import RunState


async def test_settings_creators_and_outcomes(settings: Settings) -> None:
    async with simulated_guild(settings) as guild:
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
        with pytest.raises(TypeError, match=r"web has no setting 'secrt'; did you mean 'secret'\?"):
            await guild.configure("web", secrt="abc")
        typo = {"channel_id": str(guild.channel.id), "mesage": "Hello"}
        said = "send_announcement has no parameter 'mesage'; did you mean 'message'"
        with pytest.raises(TypeError, match=said):
            await guild.run("send_announcement", typo)
        with pytest.raises(TypeError, match=said):
            await guild.schedule("send_announcement", typo, "in 1 hour")


async def test_what_never_comes_is_told_with_what_came(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulated_guild(settings) as guild:
        monkeypatch.setattr(testing, "SECONDS", 0.1)
        params = {"channel_id": str(guild.channel.id), "message": "Hello"}
        job = await guild.schedule("send_announcement", params, "in 1 hour")
        await guild.advance(hours=1)
        await guild.outcome(job, seconds=15)
        with pytest.raises(TimeoutError) as raised:
            await guild.message_in(guild.channel, "Goodbye")
        said = str(raised.value)
        assert said.startswith("no message that contains 'Goodbye' was posted in #general within 0.1 s.")
        assert "The bot posted 'Hello'. The handler runs, and the server knows it." in said
        assert "Last runs: send_announcement succeeded." in said
        with pytest.raises(
            TimeoutError, match=r"^run 7 of send_announcement \(.+\) hasn't ended within 0.1 s"
        ):
            await guild.outcome(job, 7, seconds=0.1)
