"""Kept files are deleted when nothing needs them any more, and never while a job, undo or a draft may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cogs.files_cog import FilesCog
from cogs.kept_templates import Outcome, Template
from cogs.memory import Draft
from cogs.needed_files import needed_files
from schedulezero import instants
from schedulezero.errors import ServerUnreachable
from schedulezero.model import Job, JobState, Trigger
from schedulezero.model.part import Part
from tests.conftest import until
from tests.support.world import World, said

NOW = instants.now()


def days(count: float) -> datetime:
    return NOW + timedelta(days=count)


def cog_of(world: World) -> FilesCog:
    cog = world.bot.get_cog("FilesCog")
    assert isinstance(cog, FilesCog)
    return cog


async def keep(world: World, content: bytes, place: str | None = None) -> str:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    files = world.bot.services.memory.files
    return (await files.keep(place or str(world.guild.id), "42", "a.png", chunks())).digest


async def is_kept(world: World, digest: str) -> bool:
    return await world.bot.services.memory.files.known(digest, str(world.guild.id)) is not None


async def save(world: World, params: dict[str, Any], **other: Any) -> Job:
    job = Job(
        id="", handler_id=world.settings.handler_id, method="send_announcement",
        params={"channel_id": str(world.channel.id), "message": "x", **params},
        trigger=Trigger("interval", {"days": 1}), guild_id=str(world.guild.id),
        creator_id=str(world.admin.id),
    )  # fmt: skip
    return await world.bot.services.client.create(replace(job, **other))


async def sweep(world: World, *at: float) -> None:
    for day in at:
        await cog_of(world).sweep(days(day))


async def test_a_file_that_nothing_needs_is_deleted_a_week_later_at_the_second_look(world: World) -> None:
    digest = await keep(world, b"unneeded")
    await sweep(world, 0, 6.9, 7.1, 7.2, 8.0)
    assert await is_kept(world, digest)
    await sweep(world, 8.2)
    assert not await is_kept(world, digest)


async def test_a_file_is_kept_as_long_as_a_job_names_it_and_a_month_for_undo(world: World) -> None:
    client = world.bot.services.client
    digest = await keep(world, b"a picture")
    job = await save(world, {"x": {"deep": [{"file": digest}]}})
    paused = await client.pause(job.id)
    await sweep(world, 10, 12, 20, 22, 300, 302)
    assert await is_kept(world, digest)
    await client.cancel(paused)  # which by the clock of these looks was 308 days ago
    await sweep(world, 308, 309.1)
    assert not await is_kept(world, digest)


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.PAUSED, JobState.PENDING, JobState.ACTIVE])
async def test_what_undo_can_bring_back_is_needed(world: World, state: JobState) -> None:
    client = world.bot.services.client
    digest = await keep(world, b"a picture")
    job = await save(
        world,
        {"files": [{"file": digest}]},
        **({"state": JobState.PENDING} if state is JobState.PENDING else {}),
    )
    if state is JobState.CANCELLED:
        await client.cancel(job)
    if state is JobState.PAUSED:
        await client.pause(job.id)
    await sweep(world, 8, 10, 16, 18, 29)
    assert await is_kept(world, digest)
    if state is JobState.CANCELLED:
        restored = await client.restore(job.id)
        assert restored.params["files"] == [{"file": digest}]
        await sweep(world, 60, 62)
        assert await is_kept(world, digest)


async def test_an_earlier_version_is_needed_for_a_month(world: World) -> None:
    client = world.bot.services.client
    before, after = await keep(world, b"before"), await keep(world, b"after")
    job = await save(world, {"files": [{"file": before}]})
    await client.change(replace(job, params={**job.params, "files": [{"file": after}]}), job.version)
    await sweep(world, 8, 10, 17, 19, 29)
    assert await is_kept(world, before)
    await sweep(world, 37, 39)
    assert not await is_kept(world, before)
    assert await is_kept(world, after)


async def test_a_job_that_ran_for_the_last_time_needs_its_file_for_a_month(world: World) -> None:
    services, place = world.bot.services, str(world.guild.id)
    digest = await keep(world, b"once")
    at = {"run_date": instants.to_iso(NOW + timedelta(days=100))}
    job = await save(world, {"files": [{"file": digest}]}, trigger=Trigger("date", at))
    await world.advance(days=100)

    async def over() -> bool:
        return (await services.client.job(job.id, place)).state is JobState.FINISHED

    await until(over)
    for day, needed in ((129, {digest}), (131, set[str]())):
        found = await needed_files(services.client, services.memory, place, frozenset({digest}), days(day))
        assert found == needed


async def test_drafts_and_notes_need_their_files(world: World) -> None:
    memory = world.bot.services.memory
    drafted, noted, forged = [await keep(world, name) for name in (b"draft", b"note", b"neither")]
    values: dict[str, Any] = {"files": [{"file": drafted, "name": "a.png"}]}
    await memory.save_draft(Draft("d1", "42", str(world.guild.id), "send_post", values, ""))
    await memory.put("template", f"welcome:{world.guild.id}", {"values": {"files": [{"file": noted}]}})
    await sweep(world, 8, 10)
    assert await is_kept(world, drafted) and await is_kept(world, noted)
    assert not await is_kept(world, forged)
    await memory.take_draft("d1")
    await sweep(world, 20, 22)
    assert not await is_kept(world, drafted)


async def test_what_runs_before_and_after_needs_its_files(world: World) -> None:
    digest = await keep(world, b"a picture of a part")
    files = [{"file": digest, "name": "a.png"}]
    params: dict[str, Any] = {"channel_ids": [str(world.channel.id)], "files": files}
    await save(world, {}, parts=(Part("t1", "send_post", params, after=timedelta()),))
    await sweep(world, 8, 10, 12)
    assert await is_kept(world, digest)


async def test_templates_need_their_files(world: World) -> None:
    memory, guild = world.bot.services.memory, str(world.guild.id)
    attached, in_turns, unneeded = [await keep(world, name) for name in (b"file", b"texts", b"neither")]
    values: dict[str, Any] = {
        "files": [{"file": attached, "name": "a.png"}],
        "text": f"{{?who}}\n---\n{in_turns}",
    }
    assert (
        await memory.templates.add(Template("t1", guild, "Welcome", "send_post", values, "42"))
        is Outcome.DONE
    )
    await sweep(world, 8, 10)
    assert await is_kept(world, attached) and await is_kept(world, in_turns)
    assert not await is_kept(world, unneeded)
    assert await memory.templates.delete("t1", guild)
    await sweep(world, 20, 22)
    assert not await is_kept(world, attached) and not await is_kept(world, in_turns)


async def test_a_file_that_is_needed_again_at_the_second_look_stays(world: World) -> None:
    digest = await keep(world, b"again")
    await sweep(world, 8)
    await save(world, {"files": [{"file": digest}]})
    await sweep(world, 10)
    assert await is_kept(world, digest)


async def test_another_guilds_job_needs_nothing_of_this_guild(world: World) -> None:
    digest = await keep(world, b"shared")
    await keep(world, b"shared", "8")
    await save(world, {"files": [{"file": digest}]}, guild_id="8")
    await sweep(world, 8, 10)
    assert not await is_kept(world, digest)
    assert await world.bot.services.memory.files.known(digest, "8") is not None


async def test_nothing_is_deleted_while_the_server_does_not_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = await keep(world, b"who knows")
    await sweep(world, 8)
    assert world.bot.server is not None
    await world.bot.server.stop()
    with pytest.raises(ServerUnreachable):
        await sweep(world, 10)
    assert await is_kept(world, digest)


async def test_with_a_published_server_files_stay_a_month_longer(published_world: World) -> None:
    world = published_world
    digest, needed = await keep(world, b"unneeded"), await keep(world, b"needed")
    await save(world, {"files": [{"file": needed}]})
    await sweep(world, 8, 10, 37)
    assert await is_kept(world, digest)
    await sweep(world, 39)
    assert not await is_kept(world, digest)
    assert await is_kept(world, needed)


async def test_a_person_who_is_forgotten_leaves_no_files_of_drafts(world: World) -> None:
    memory = world.bot.services.memory
    drafted, posted = await keep(world, b"draft"), await keep(world, b"post")
    values: dict[str, Any] = {"files": [{"file": drafted}]}
    await memory.save_draft(Draft("d1", "42", str(world.guild.id), "send_post", values, ""))
    await save(world, {"files": [{"file": posted}]})
    await memory.forget_user(42)
    await sweep(world, 0, 1.1)
    assert not await is_kept(world, drafted) and await is_kept(world, posted)


async def test_the_status_shows_how_much_room_files_take(world: World) -> None:
    await keep(world, b"x" * 1_500_000)
    text = said(await world.admin.slash(world.channel, "schedule status"))
    assert "files: 1.5 MiB" in text and "Stored files:" not in text
    text = said(await world.owner.slash(world.channel, "schedule status"))
    assert "✅ **Stored files:** 1 file, 1.5 MiB" in text
