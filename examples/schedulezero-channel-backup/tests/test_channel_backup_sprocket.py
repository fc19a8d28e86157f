"""The channel backup in a simulated guild."""

from __future__ import annotations

import json
from typing import Any

import discord
import pytest

from schedulezero.testing import SimulatedGuild


@pytest.fixture
async def log(guild: SimulatedGuild) -> Any:
    """Give the channel for the files, with the sprocket loaded."""
    await guild.load("channel_backup")
    return guild.guild.create_text_channel("backups")


async def records(message: discord.Message) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await message.attachments[0].read()).splitlines()]


async def test_the_messages_are_in_the_file_the_oldest_first(guild: SimulatedGuild, log: Any) -> None:
    first = await guild.plain.send(guild.channel, "Hello", attachments=[("plan.txt", b"12345")])
    await guild.admin.send(guild.channel, "Grüße", reply_to=first)
    answer = await guild.run("back_up_channel", {"source": guild.channel.id, "log": log.id})
    assert answer["success"] is True and answer["messages"] == 2, answer
    sent = guild.posted(log)[-1]
    assert sent.content.splitlines() == [
        f"Backup of {guild.channel.mention}: 2 messages.",
        "-# 1 attachment left out; the file has names and sizes.",
    ]
    hello, greetings = await records(sent)
    assert hello["text"] == "Hello" and hello["attachments"] == [{"name": "plan.txt", "bytes": 5}]
    assert hello["author"] == {"id": str(guild.plain.id), "name": guild.plain.name}
    assert greetings["text"] == "Grüße" and greetings["answers"] == hello["id"]


async def test_the_newest_are_kept_and_the_post_says_that_older_ones_are_left_out(
    guild: SimulatedGuild, log: Any
) -> None:
    for number in range(5):
        await guild.plain.send(guild.channel, f"Message {number}")
    params = {"source": guild.channel.id, "log": log.id, "most": 3}
    await guild.run("back_up_channel", params)
    sent = guild.posted(log)[-1]
    assert [record["text"] for record in await records(sent)] == ["Message 2", "Message 3", "Message 4"]
    assert "Older messages are left out: the backup takes 3 messages at most." in sent.content
    await guild.run("back_up_channel", {**params, "most": 5})
    assert "left out" not in guild.posted(log)[-1].content


async def test_the_file_stays_below_its_size(guild: SimulatedGuild, log: Any) -> None:
    for number in range(40):
        await guild.plain.send(guild.channel, f"{number} {'x' * 1990}")
    await guild.run("back_up_channel", {"source": guild.channel.id, "log": log.id, "kibibytes": 64})
    sent = guild.posted(log)[-1]
    assert 60 * 1024 < sent.attachments[0].size <= 64 * 1024
    assert "Older messages are left out: the file may have 64 KiB at most." in sent.content
    assert (await records(sent))[-1]["text"].startswith("39 ")


async def test_an_empty_channel_has_no_file(guild: SimulatedGuild, log: Any) -> None:
    await guild.run("back_up_channel", {"source": guild.channel.id, "log": log.id})
    sent = guild.posted(log)[-1]
    assert sent.content == f"Backup of {guild.channel.mention}: 0 messages." and not sent.attachments


async def test_it_runs_every_day(guild: SimulatedGuild, log: Any) -> None:
    await guild.plain.send(guild.channel, "Hello")
    params = {"source": guild.channel.id, "log": log.id}
    job = await guild.schedule("back_up_channel", params, "every day at 4")
    await guild.advance(days=1)
    run = await guild.outcome(job)
    assert run.error is None
    await guild.message_in(log, "1 message.")


async def test_who_may_not_read_the_channel_gets_no_copy(guild: SimulatedGuild, log: Any) -> None:
    hidden = guild.guild.create_text_channel(
        "hidden",
        overwrites={guild.guild.default_role: discord.PermissionOverwrite(read_message_history=False)},
    )
    answer = await guild.run("back_up_channel", {"source": hidden.id, "log": log.id}, creator=guild.moderator)
    assert "Read Message History" in answer["error"]
    assert not guild.posted(log)


async def test_its_own_channel_is_refused(guild: SimulatedGuild, log: Any) -> None:
    answer = await guild.run("back_up_channel", {"source": log.id, "log": log.id})
    assert "another channel" in answer["error"]
