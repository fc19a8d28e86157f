"""Attachments are fetched piece by piece, with limits of size and time, and kept under a clean name."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
import pytest_asyncio

from bot.demo.demo import SimulatedDownloads
from cogs.attachments import Downloads, Upload, keep_upload, upload_of
from cogs.kept_files import FileRefused, Usage
from cogs.memory import Memory
from schedulezero.methods.host import host_of
from schedulezero.model.kept_file import FileFacts
from schedulezero.model.limits import Limits
from schedulezero.web.download import PIECE, download
from schedulezero.web.outgoing import OutgoingFailed
from tests.support.web_service import a_service
from tests.support.world import World

GUILD, PERSON = "7", "42"


@pytest_asyncio.fixture
async def memory(database: str, tmp_path: Path) -> AsyncIterator[Memory]:
    memory = Memory(database, Limits(file_mib=1), tmp_path)
    await memory.open()
    yield memory
    await memory.close()


class Nearby(Downloads):
    """Also from this machine."""

    def pieces(self, bot: discord.Client, url: str) -> AsyncGenerator[bytes]:
        return download(url, seconds=20.0, allow_private=True)


async def keep(memory: Memory, downloads: Downloads, upload: Upload) -> FileFacts:
    nobody: Any = None  # only a simulated Discord asks the bot
    return await keep_upload(memory.files, downloads, nobody, GUILD, PERSON, upload)


def attachment(url: str, size: int, **other: Any) -> Upload:
    return upload_of({"id": "1", "filename": "poster.png", "size": size, "url": url, **other})


def served(content: bytes, *headers: bytes) -> bytes:
    length = b"Content-Length: %d" % len(content)
    return b"\r\n".join([b"HTTP/1.1 200 OK", length, *headers, b"", content])


async def test_an_attachment_is_kept_with_its_own_name_and_type(memory: Memory) -> None:
    content = os.urandom(PIECE * 3 + 1)
    async with a_service(served(content)) as heard:
        url = f"http://127.0.0.1:{heard.port}/attachments/1/2/poster.png?ex=1"
        given = attachment(url, len(content), title="Grüße\u202e", content_type="image/png; charset=x")
        facts = await keep(memory, Nearby(), given)
    assert (facts.size, facts.name, facts.type) == (len(content), "Grüße.png", "image/png")
    with await memory.files.open(facts.digest, GUILD) as file:
        assert file.read() == content


async def test_a_file_that_is_said_to_be_too_large_is_not_even_asked_for(memory: Memory) -> None:
    async with a_service(served(b"x")) as heard:
        given = attachment(f"http://127.0.0.1:{heard.port}/", 2**20 + 1)
        with pytest.raises(FileRefused) as refused:
            await keep(memory, Nearby(), given)
        assert refused.value.code == "attached_file_too_large"
        assert heard.connections == 0


NOT_SENT = "file_not_handed_over"
# Read as: what Discord answers, and the code of the refusal.
ANSWERS = [
    (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", NOT_SENT),
    (
        b"HTTP/1.1 302 Found\r\nLocation: http://example.org/\r\nContent-Length: 0\r\n\r\n",
        NOT_SENT,
    ),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", NOT_SENT),
    (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nshort", "file_incomplete"),
    (served(b"x" * 100, b"Content-Encoding: gzip"), NOT_SENT),
    (served(b"x" * 101), "file_incomplete"),
    (b"nonsense\r\n\r\n", NOT_SENT),
]


@pytest.mark.parametrize(("answer", "code"), ANSWERS)
async def test_what_does_not_arrive_whole_is_not_kept(memory: Memory, answer: bytes, code: str) -> None:
    async with a_service(answer) as heard:
        with pytest.raises(FileRefused) as refused:
            given = attachment(f"http://127.0.0.1:{heard.port}/", 100)
            await keep(memory, Nearby(), given)
    assert refused.value.code == code
    assert await memory.files.usage() == Usage(0, 0)


async def test_a_file_without_an_end_is_read_only_as_far_as_it_was_announced(memory: Memory) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    async with a_service(head, b"x" * PIECE, hold=True) as heard:
        given = attachment(f"http://127.0.0.1:{heard.port}/", PIECE * 2)
        with pytest.raises(FileRefused) as refused:
            await keep(memory, Nearby(), given)
    assert refused.value.code == "file_incomplete"


async def test_a_file_that_never_arrives_is_given_up() -> None:
    async with a_service(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome") as heard:
        url = f"http://127.0.0.1:{heard.port}/"
        with pytest.raises(OutgoingFailed):
            _ = [piece async for piece in download(url, seconds=0.01, allow_private=True)]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/a.png", "file:///etc/passwd", "http://localhost/a"])
async def test_only_public_addresses_are_asked(memory: Memory, url: str) -> None:
    with pytest.raises(FileRefused) as refused:
        await keep(memory, Downloads(), attachment(url, 5))
    assert refused.value.code == NOT_SENT


async def test_a_message_of_the_simulated_discord_gives_its_files(world: World) -> None:
    message = await world.admin.send(world.channel, "look", attachments=[("Poster.png", b"a picture")])
    services = world.bot.services
    assert isinstance(services.downloads, SimulatedDownloads)
    files, guild = services.memory.files, str(world.guild.id)
    given = upload_of(message.attachments[0].to_dict())
    facts = await keep_upload(files, services.downloads, world.bot, guild, PERSON, given)
    assert (facts.name, facts.size) == ("Poster.png", 9)
    found = host_of(world.bot).files  # as sprockets find them
    assert await found.known(facts.digest, guild) == facts
    with await found.open(facts.digest, guild) as file:
        assert file.read() == b"a picture"
