"""The sprocket to copy: its job calls another's, and its slash command answers."""

from __future__ import annotations

from tests.support.world import World, said


async def test_its_job_builds_on_another_sprockets(world: World) -> None:
    answer = await world.run("question_of_the_day", {"channel_id": str(world.channel.id), "question": "Why?"})
    assert answer["success"] is True
    message = await world.message_in(world.channel, "Why?")
    assert message.content == "**Why?**" and answer["message_id"] == str(message.id)
    assert (await world.run("question_of_the_day", {"channel_id": world.channel.id}))["success"] is True


async def test_its_slash_command(world: World) -> None:
    assert said(await world.plain.slash(world.channel, "question")).endswith("?")
