"""From the slash command to the message in the channel and its line in the history."""

from __future__ import annotations

from tests.conftest import until
from tests.support.text import text_of
from tests.support.world import World, said


async def test_a_job_goes_from_the_form_to_the_channel_and_into_the_history(world: World) -> None:
    preview = await world.draft(
        world.admin,
        "send_announcement",
        {"channel_id": [world.channel], "message": "Launch!"},
        "in 2 seconds",
    )
    assert preview.response is not None and preview.ephemeral
    assert "**When:** on " in text_of(preview.response)
    assert "Launch!" in text_of(preview.response)

    await world.admin.click(preview.response, label="Confirm")
    assert "Scheduled: Launch!" in text_of(preview.response)

    message = await world.message_in(world.channel, "Launch!")
    assert message.content == "Launch!"

    async def succeeded() -> str | None:
        text = said(await world.admin.slash(world.channel, "schedule history"))
        return text if "✅ done" in text else None

    text = await until(succeeded)
    assert f"/{world.channel.id}/{message.id}" in text
    assert "finished" in said(await world.admin.slash(world.channel, "schedule list"))


async def test_the_commands_that_discord_was_told(world: World) -> None:
    commands = world.admin.available_commands(world.channel)
    for name in ("create", "list", "show", "cancel", "pause", "resume", "run", "edit", "history", "status"):
        assert f"schedule {name}" in commands
    assert {"schedule reload", "schedule timezone", "load_sprocket", "sprockets"} <= set(commands)
    assert world.plain.available_commands(world.channel) == (
        "question",
        "remind me",
        "remind list",
        "remind timezone",
        "remind forget",
        "remind help",
    )
