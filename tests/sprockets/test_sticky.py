"""A post stays its channel's last message, over restarts and deaths, until its job is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import discord
import pytest

from schedulezero import faults
from schedulezero.methods.note_kinds import STICKY
from schedulezero.model import Job
from schedulezero.model.part import Part
from sprockets.kit import sticky_keeping
from sprockets.kit.sticky import move_down
from sprockets.kit.sticky_keeping import KeepsStickies
from sprockets.kit.sticky_pace import StickyPace
from tests.conftest import until
from tests.support.acting import now
from tests.support.failing import failing, outage
from tests.support.for_a_while import result
from tests.support.keeping import kept
from tests.support.posting_with import METHOD, composing
from tests.support.resuming import call
from tests.support.rules.applying import applied
from tests.support.rules.embedded_files import EmbeddedFiles
from tests.support.world import World


@pytest.fixture(autouse=True)
async def composed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests say when a post moves: on a slow machine, the cog would be first.
    monkeypatch.setattr(sticky_keeping, "TICK_SECONDS", 3600.0)
    await composing(world)


async def a_sticky(world: World, when: str = "every day at 9", **params: Any) -> Job:
    """Return a job whose run has left a sticky post."""
    values = {"channel_id": str(world.channel.id), "text": "Read the rules", "sticky": True, **params}
    job = await world.schedule(METHOD, values, when)
    run = await result(world, job)
    assert run.error is None, run
    return job


async def writes(world: World, word: str) -> None:
    await world.plain.send(world.channel, word)
    await world.env.settle()


async def moved(world: World) -> None:
    """Move what is due, as if nobody had written for a while."""
    keeper: Any = world.bot.get_cog("ComposerSprocket")
    assert isinstance(keeper, KeepsStickies)
    keeper.pace.pause = keeper.pace.least = 0.0
    for known in keeper.pace._channels.values():
        known.waits_until = 0.0
    keeper._unknown = keeper.pace.channels
    await keeper.look()
    await world.env.settle()


def texts(world: World) -> list[str]:
    return [message.content for message in world.channel.history()]


async def note(world: World) -> dict[str, Any] | None:
    return await world.bot.memory.kept(STICKY, str(world.channel.id))


async def test_it_moves_below_what_people_write(world: World) -> None:
    await a_sticky(world)
    await writes(world, "Hi")
    await moved(world)
    assert texts(world) == ["Hi", "Read the rules"]
    await moved(world)
    await writes(world, "Ho")
    await moved(world)
    assert texts(world) == ["Hi", "Ho", "Read the rules"]
    posts = [item for item in world.env.http_requests if item.path.endswith("/messages")]
    assert sum(item.method == "POST" for item in posts) == 3


async def test_it_stays_put_while_it_is_the_last(world: World) -> None:
    await a_sticky(world)
    for _ in range(3):
        await moved(world)
    assert len([item for item in world.env.http_requests if item.method == "DELETE"]) == 0


async def test_a_new_post_of_its_job_takes_its_place(world: World) -> None:
    job = await a_sticky(world)
    await writes(world, "Hi")
    await moved(world)
    assert (await result(world, job)).error is None
    assert texts(world) == ["Hi", "Read the rules"]


@pytest.mark.parametrize("end", ["cancel", "pause"])
async def test_it_ends_with_its_job(world: World, end: str) -> None:
    job = await a_sticky(world)
    client = world.bot.services.client
    fresh = await client.job(job.id, str(world.guild.id))
    await (client.cancel(fresh) if end == "cancel" else client.pause(fresh.id))
    await writes(world, "Hi")
    await moved(world)
    assert texts(world) == ["Read the rules", "Hi"] and await note(world) is None


async def test_a_part_of_a_job_has_one_too(world: World) -> None:
    values = {"channel_id": str(world.channel.id), "text": "Read the rules", "sticky": True}
    job = await world.schedule(METHOD, {**values, "text": "Own"}, "every day at 9")
    client = world.bot.services.client
    part = Part("b1", METHOD, values, before=timedelta(hours=1))
    job = await client.change(replace(job, parts=(part,)), job.version, str(world.admin.id))

    async def runs(number: int) -> None:
        context = {"part": "b1", "of": f"2030-01-0{number}T09:00:00Z", "number": number}
        await call(world, METHOD, values, f"{job.id}@{number}", context, job.id)

    await runs(1)
    await writes(world, "Hi")
    await moved(world)
    assert texts(world) == ["Hi", "Read the rules"]
    await runs(2)
    assert texts(world) == ["Hi", "Read the rules"]
    await call(world, METHOD, {**values, "sticky": False, "text": "Own"}, f"{job.id}@3", {}, job.id)
    await moved(world)
    assert texts(world) == ["Hi", "Own", "Read the rules"]  # what the job itself posts is another thing
    await client.change(replace(await now(world, job), parts=()), job.version, str(world.admin.id))
    await writes(world, "Ho")
    await moved(world)
    assert texts(world)[-1] == "Ho" and await note(world) is None


async def test_it_ends_when_its_job_gets_another_channel(world: World) -> None:
    job = await a_sticky(world)
    other: Any = world.guild.create_text_channel("elsewhere")
    fresh = await now(world, job)
    params = {**fresh.params, "channel_id": str(other.id)}
    await world.bot.services.client.change(replace(fresh, params=params), fresh.version, str(world.admin.id))
    assert (await result(world, await now(world, job))).error is None
    await writes(world, "Hi")
    await moved(world)
    assert texts(world) == ["Read the rules", "Hi"] and await note(world) is None
    assert await world.bot.memory.kept(STICKY, str(other.id)) is not None


@pytest.mark.parametrize("where", ["image", "thumbnail", "footer"])
async def test_a_file_that_an_embed_shows_is_sent_anew(world: World, where: str) -> None:
    """The address in the embed ends with the message that had the file."""
    embed: dict[str, Any] = {"title": "Rules", "footer": {"text": "Soon"}, "image": {}, "thumbnail": {}}
    embed[where]["icon_url" if where == "footer" else "url"] = "attachment://a.png"
    embed = {key: value for key, value in embed.items() if value}
    file = await kept(world, b"picture", "a.png")
    params = {"channel_ids": [str(world.channel.id)], "embeds": [embed], "files": [file], "sticky": True}
    job = await world.schedule("send_post", params, "every day at 9")
    with applied(EmbeddedFiles()):
        run = await result(world, job)
        assert run.error is None and not (run.result or {}).get("failed_afterwards"), run
        (first,) = world.env.backend.messages[world.channel.id]
        for word in ("Hi", "Ho"):
            await writes(world, word)
            await moved(world)
    copy = world.channel.history()[-1]
    assert copy.id != first and [item.filename for item in copy.attachments] == ["a.png"]
    assert await copy.attachments[0].read() == b"picture"
    (shown,) = copy.embeds
    address = shown.footer.icon_url if where == "footer" else getattr(shown, where).url
    assert address == "attachment://a.png"


async def test_it_ends_when_somebody_deletes_it(world: World) -> None:
    await a_sticky(world)
    backend = world.env.backend
    backend.delete_message(world.channel.id, world.channel.history()[0].id)
    await writes(world, "Hi")
    await moved(world)
    assert texts(world) == ["Hi"] and await note(world) is None


async def test_a_job_that_ran_once_keeps_its_post_there(world: World) -> None:
    await a_sticky(world, "in 3 days")
    await writes(world, "Hi")
    await moved(world)
    assert texts(world) == ["Hi", "Read the rules"]


async def test_it_goes_on_after_a_restart(world: World) -> None:
    await a_sticky(world)
    await world.restart_bot()
    await composing(world)
    keeper: Any = world.bot.get_cog("ComposerSprocket")
    await until(lambda: keeper.pace.channels)
    await writes(world, "Hi")
    await moved(world)
    assert texts(world) == ["Hi", "Read the rules"]


@pytest.mark.parametrize("point", ["step.begun", "step.done"])
async def test_it_stands_there_once_wherever_the_process_dies(
    world: World, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_sticky(world)
    for times in range(1, 4):
        left = times

        def trouble(passed: str) -> None:
            nonlocal left
            if passed == point and left:
                left -= 1
                if not left:
                    raise RuntimeError("the process dies here, so to speak")

        await writes(world, f"Hi {times}")
        last = max(message.id for message in world.channel.history())
        monkeypatch.setattr(faults, "trouble_maker", trouble)
        with pytest.raises(RuntimeError):
            await move_down(world.bot, world.channel.id, last, world.bot.services.journal)
        assert await move_down(world.bot, world.channel.id, last, world.bot.services.journal) is not None
        assert texts(world)[-1] == "Read the rules" and texts(world).count("Read the rules") == 1
    posts = [item for item in world.env.http_requests if item.path.endswith("/messages")]
    assert sum(item.method == "POST" for item in posts) == 4


async def test_an_outage_is_waited_for(world: World) -> None:
    await a_sticky(world)
    await writes(world, "Hi")
    with failing(world, "POST", r"/channels/\d+/messages", {1}, outage):
        await moved(world)
    assert texts(world) == ["Read the rules", "Hi"] and await note(world) is not None
    await moved(world)
    assert texts(world) == ["Hi", "Read the rules"]


async def test_it_notifies_and_pings_nobody(world: World) -> None:
    await a_sticky(world, text=f"Ask <@{world.admin.id}>")
    await writes(world, "Hi")
    await moved(world)
    copy = world.channel.history()[-1]
    assert copy.flags.suppress_notifications and copy.content == f"Ask <@{world.admin.id}>"
    model = world.env.backend.messages[world.channel.id][copy.id]
    assert not model.ping_user_ids


async def test_no_message_content_is_needed(world: World) -> None:
    assert not world.bot.intents.message_content and not world.bot.intents.guild_messages
    await a_sticky(world)
    assert isinstance(world.channel.history()[0], discord.Message)


def test_a_busy_channel_waits_for_a_pause_and_moves_seldom() -> None:
    pace = StickyPace(pause=5, least=30)
    pace.watch(1)
    for second in range(60):
        pace.wrote(1, 100 + second, float(second))
        assert pace.due(float(second)) is None
    assert pace.due(63.0) is None and pace.due(64.0) == 1
    assert pace.take(1, 64.0) == 159 and pace.due(64.0) is None
    pace.wrote(1, 200, 65.0)
    assert pace.due(93.0) is None and pace.due(94.0) == 1


def test_the_channel_that_waited_longest_comes_first_and_others_do_not_matter() -> None:
    pace = StickyPace(pause=5, least=30)
    for channel in (1, 2):
        pace.watch(channel)
    pace.wrote(2, 10, 0.0)
    pace.wrote(1, 11, 1.0)
    pace.wrote(3, 12, 0.0)
    assert pace.due(10.0) == 2
    pace.take(2, 10.0)
    assert pace.due(10.0) == 1
    pace.failed(1, pace.take(1, 10.0), 100.0)
    assert pace.due(99.0) is None and pace.due(100.0) == 1
    pace.drop(1)
    assert pace.due(200.0) is None
