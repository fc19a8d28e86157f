"""`dev` takes up changed sprockets, and keeps the old one when the new one is broken."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sprockets
from bot.cli.new_sprocket import NoSuchName, write_sprocket
from bot.dev import keep_fresh
from cogs.sprocket_loading import loader
from tests.conftest import until
from tests.support.world import World, said


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of sprockets where the bot is started."""
    place = tmp_path / "sprockets"
    place.mkdir()
    loader.look_in(place)
    yield tmp_path
    sprockets.__path__.remove(str(place.resolve()))
    for name in [name for name in sys.modules if name.startswith("sprockets.fresh")]:
        del sys.modules[name]


@pytest.mark.long
async def test_changes_are_taken_up_and_errors_are_told(world: World, folder: Path) -> None:
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_fresh(world.bot, stop))
    world.bot.settings = world.bot.settings.model_copy(update={"log_channel": world.channel.id})
    try:
        file, _ = write_sprocket("fresh", folder)

        async def until_told(text: str) -> None:
            def touched() -> bool:
                file.touch()  # the watcher may not have begun when the file was written
                return any(text in message.content for message in world.posted())

            await until(touched)

        await until_told("Took up the changes of **fresh**")
        assert "fresh" in world.handler.sprockets
        params = {"channel_id": world.channel.id, "message": "Hello"}
        assert (await world.run("fresh", params))["success"] is True
        file.write_text("import nothing_of_that_name\n", encoding="utf-8")
        await until_told("nothing_of_that_name")
        assert (await world.run("fresh", params))["success"] is True, "the old one goes on running"
    finally:
        stop.set()
        await keeping


async def test_a_job_that_another_sprocket_has_is_refused(world: World, folder: Path) -> None:
    file, _ = write_sprocket("fresh", folder)
    source = file.read_text(encoding="utf-8")
    file.write_text(
        source.replace("async def fresh", "async def send_dm").replace("by_name(fresh)", "by_name(send_dm)")
    )
    before = world.handler.sprockets["send_dm"]
    text = said(await world.owner.slash(world.channel, "load_sprocket", name="fresh"))
    assert text == ("“announcement” already provides the job `send_dm`. Unload it before you load “fresh”.")
    assert world.handler.sprockets["send_dm"] is before and "fresh" not in loader.loaded(world.bot)


@pytest.mark.parametrize("name", ["", "Greet", "1st", "a-b", "../x", "class", "x" * 41, "sz:draft"])
def test_names_that_cannot_be(name: str, tmp_path: Path) -> None:
    with pytest.raises(NoSuchName, match="cannot be a sprocket's name"):
        write_sprocket(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
