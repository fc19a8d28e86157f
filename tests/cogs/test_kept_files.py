"""Files that people attach: kept once, opened only by those who have them, within limits, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.config import Settings
from bot.health.doctor_database import check_database
from cogs import file_spool
from cogs.file_spool import CHUNK
from cogs.kept_files import FileRefused, KeptFileStore, Usage
from cogs.memory import Memory
from cogs.own_tables import metadata
from schedulezero.errors import Gone
from schedulezero.model.kept_file import FileFacts, clean_file_name
from schedulezero.model.limits import Limits
from schedulezero.storage.backup import back_up
from schedulezero.storage.database import database_of

MIB = 2**20
GUILD, OTHER, PERSON = "7", "8", "42"
LONG_AGO = datetime(1971, 1, 1, tzinfo=UTC)
LIMITS = Limits(file_mib=2, files_mib_per_guild=5, files_mib=8)


@pytest_asyncio.fixture
async def memory(database: str, tmp_path: Path) -> AsyncIterator[Memory]:
    memory = Memory(database, LIMITS, tmp_path / "spool")
    await memory.open()
    yield memory
    await memory.close()


@pytest.fixture
def files(memory: Memory) -> KeptFileStore:
    return memory.files


async def parts(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def keep(files: KeptFileStore, content: bytes, guild_id: str = GUILD, **said: Any) -> FileFacts:
    return await files.keep(guild_id, PERSON, said.pop("name", "poster.png"), parts(content), **said)


async def content_of(files: KeptFileStore, digest: str, guild_id: str = GUILD) -> bytes:
    with await files.open(digest, guild_id) as file:
        return await asyncio.to_thread(file.read)


async def change(memory_database: str, statement: str) -> None:
    beside = database_of(memory_database, metadata)
    await beside.open()
    try:
        await beside.write(lambda connection: connection.exec_driver_sql(statement))
    finally:
        await beside.close()


async def count(database: str, table: str) -> int:
    beside = database_of(database, metadata)
    await beside.open()
    try:
        return await beside.read(
            lambda connection: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
        )
    finally:
        await beside.close()


async def test_a_file_comes_back_as_it_was_also_after_a_restart(database: str, tmp_path: Path) -> None:
    content = os.urandom(CHUNK * 2 + 17)
    memory = Memory(database, LIMITS, tmp_path / "spool")
    await memory.open()
    facts = await keep(memory.files, content, media_type="image/png", size=len(content))
    assert facts == FileFacts(hashlib.sha256(content).hexdigest(), len(content), "poster.png", "image/png")
    await memory.close()

    memory = Memory(database, LIMITS, tmp_path / "spool")
    await memory.open()
    assert await memory.files.known(facts.digest, GUILD) == facts
    with (
        await memory.files.open(facts.digest, GUILD) as first,
        await memory.files.open(facts.digest, GUILD) as second,
    ):
        first.seek(CHUNK)
        assert second.read() == content  # each has a position of its own
        assert first.read() == content[CHUNK:]
        assert os.fstat(first.fileno()).st_size == len(content)
    await memory.close()
    assert list((tmp_path / "spool").iterdir()) == []


async def test_the_same_content_is_stored_once_for_all_guilds(files: KeptFileStore, database: str) -> None:
    content = os.urandom(CHUNK + 1)
    first = await keep(files, content)
    again = await keep(files, content, name="other.png")
    other = await keep(files, content, OTHER)
    assert first.digest == again.digest == other.digest
    assert (await count(database, "bot_files"), await count(database, "bot_file_chunks")) == (1, 2)
    assert await files.usage() == await files.usage(GUILD) == Usage(1, CHUNK + 1)
    known = await files.known(first.digest, GUILD)
    assert known is not None and known.name == "other.png"


@pytest.mark.parametrize(
    "forged", ["", "x", "../../etc/passwd", "0" * 64, "A" * 64, "0" * 63 + "\0", "' OR 1=1 --"]
)
async def test_a_forged_digest_opens_nothing(files: KeptFileStore, forged: str) -> None:
    await keep(files, b"content")
    assert await files.known(forged, GUILD) is None
    with pytest.raises(Gone) as refused:
        await files.open(forged, GUILD)
    assert refused.value.code == "file_missing" and not refused.value.retry


async def test_another_guilds_digest_opens_nothing(files: KeptFileStore) -> None:
    facts = await keep(files, b"a secret of guild 7")
    assert await content_of(files, facts.digest) == b"a secret of guild 7"  # a copy of it is remembered
    assert await files.known(facts.digest, OTHER) is None
    with pytest.raises(Gone) as refused:
        await files.open(facts.digest, OTHER)
    assert refused.value.code == "file_missing"


async def test_limits_at_their_edges(files: KeptFileStore) -> None:
    full = os.urandom(2 * MIB)
    with pytest.raises(FileRefused) as refused:
        await keep(files, full + b"x")
    assert refused.value.code == "attached_file_too_large"
    assert refused.value.values == {"size": "2.1", "most": "2"}
    with pytest.raises(FileRefused) as refused:
        await keep(files, full, size=2 * MIB + 1)  # before anything is read
    assert refused.value.code == "attached_file_too_large"
    await keep(files, full)
    await keep(files, os.urandom(2 * MIB))
    await keep(files, full)  # known content takes no more room
    with pytest.raises(FileRefused) as refused:
        await keep(files, os.urandom(MIB + 1))
    assert refused.value.code == "guilds_files_limit"
    assert refused.value.values == {"size": "1.1", "used": "4", "most": 5}
    await keep(files, os.urandom(MIB))  # the last byte
    assert (await files.usage(GUILD)).bytes == 5 * MIB
    await keep(files, full, OTHER)  # counts for that guild, but takes no room
    await keep(files, os.urandom(2 * MIB), OTHER)
    with pytest.raises(FileRefused) as refused:
        await keep(files, os.urandom(MIB + 1), "9")
    assert refused.value.code == "files_limit"
    await keep(files, os.urandom(MIB), "9")
    assert (await files.usage()).bytes == 8 * MIB


async def test_an_upload_that_breaks_off_leaves_nothing(files: KeptFileStore, database: str) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield os.urandom(CHUNK * 2)
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        await files.keep(GUILD, PERSON, "a.png", broken())
    for content, size in ((b"short", 6), (b"too long", 7)):
        with pytest.raises(FileRefused) as refused:
            await keep(files, content, size=size)
        assert refused.value.code == "file_incomplete"
    with pytest.raises(FileRefused) as refused:
        await keep(files, b"")
    assert refused.value.code == "attached_file_empty"
    for table in ("bot_files", "bot_file_chunks", "bot_file_holders"):
        assert await count(database, table) == 0


async def test_a_damaged_chunk_is_noticed_and_another_upload_repairs_it(
    files: KeptFileStore, database: str
) -> None:
    content = os.urandom(CHUNK + 5)
    facts = await keep(files, content)
    other = "decode('00', 'hex')" if database.startswith("postgresql") else "x'00'"
    await change(database, f"UPDATE bot_file_chunks SET data = {other} WHERE number = 1")
    for _ in range(2):
        with pytest.raises(Gone) as refused:
            await files.open(facts.digest, GUILD)
        assert refused.value.code == "file_damaged"
    await keep(files, content)
    assert await content_of(files, facts.digest) == content
    files.close()
    await change(database, "DELETE FROM bot_file_chunks WHERE number = 0")
    with pytest.raises(Gone) as refused:
        await files.open(facts.digest, GUILD)
    assert refused.value.code == "file_damaged"


async def test_two_nodes_keep_the_same_file_at_once(database: str, tmp_path: Path) -> None:
    nodes = [Memory(database, LIMITS, tmp_path) for _ in range(3)]
    for node in nodes:
        await node.open()
    content = os.urandom(CHUNK * 3)
    found = await asyncio.gather(
        *(keep(node.files, content, guild_id) for node in nodes for guild_id in (GUILD, OTHER))
    )
    assert len({facts.digest for facts in found}) == 1
    assert (await count(database, "bot_files"), await count(database, "bot_file_chunks")) == (1, 3)
    assert await content_of(nodes[1].files, found[0].digest, OTHER) == content
    # Together they would exceed the guild's limit, so some are refused, on whichever node.
    results = await asyncio.gather(
        *(keep(node.files, os.urandom(2 * MIB)) for node in nodes), return_exceptions=True
    )
    assert [type(result) for result in results].count(FileRefused) == 1
    for node in nodes:
        await node.close()


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from cogs.memory import Memory
from schedulezero import faults

async def parts():
    for _ in range(4):
        yield os.urandom(200_000)

def kill(name):
    if name == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    memory = Memory(sys.argv[1], folder=Path(sys.argv[2]))
    await memory.open()
    faults.trouble_maker = kill
    if sys.argv[3] == "files.forgotten":
        await memory.files.forget_place("7")
    else:
        await memory.files.keep("7", "42", "a.png", parts())

asyncio.run(main())
"""


@pytest.mark.long
@pytest.mark.parametrize("point", ["files.chunk", "files.kept"])
async def test_a_killed_upload_leaves_nothing(database: str, tmp_path: Path, point: str) -> None:
    spool = tmp_path / "spool"
    command = [sys.executable, "-c", KILLED, database, str(spool), point]
    done = await asyncio.to_thread(subprocess.run, command, check=False)
    assert done.returncode == -9
    assert list(spool.iterdir()) == []
    for table in ("bot_files", "bot_file_chunks", "bot_file_holders"):
        assert await count(database, table) == 0


@pytest.mark.long
async def test_a_killed_deletion_leaves_the_file_whole(
    files: KeptFileStore, database: str, tmp_path: Path
) -> None:
    content = os.urandom(CHUNK + 3)
    facts = await keep(files, content)
    command = [sys.executable, "-c", KILLED, database, str(tmp_path / "spool"), "files.forgotten"]
    done = await asyncio.to_thread(subprocess.run, command, check=False)
    assert done.returncode == -9
    assert await content_of(files, facts.digest) == content


async def test_a_guilds_files_are_deleted_with_it_and_shared_ones_stay(
    memory: Memory, files: KeptFileStore, database: str
) -> None:
    shared, own = await keep(files, b"shared"), await keep(files, b"own")
    await keep(files, b"shared", OTHER)
    await content_of(files, own.digest)
    await memory.forget_place(GUILD)
    assert await files.known(shared.digest, GUILD) is None
    with pytest.raises(Gone):
        await files.open(own.digest, GUILD)
    assert await content_of(files, shared.digest, OTHER) == b"shared"
    assert (await count(database, "bot_files"), await count(database, "bot_file_chunks")) == (1, 1)


async def test_a_backup_holds_the_files(files: KeptFileStore, database: str, tmp_path: Path) -> None:
    if database.startswith("postgresql"):
        pytest.skip("PostgreSQL has its own backups")
    content = os.urandom(CHUNK + 1)
    facts = await keep(files, content)
    await asyncio.to_thread(back_up, Path(database), tmp_path / "copy.db")
    copy = Memory(str(tmp_path / "copy.db"), LIMITS)
    await copy.open()
    assert await content_of(copy.files, facts.digest) == content
    await copy.close()


async def test_doctor_tells_how_many_files_there_are(files: KeptFileStore, settings: Settings) -> None:
    assert "kept file" not in (await check_database(settings)).finding
    await keep(files, os.urandom(MIB))
    assert (await check_database(settings)).finding.endswith("; 1 kept file, 1 MiB")


async def test_a_persons_files_are_forgotten_with_them(memory: Memory, files: KeptFileStore) -> None:
    await keep(files, b"of a reminder", PERSON)
    posted = await keep(files, b"of a guild's post")
    await memory.forget_place(PERSON)
    await memory.forget_user(int(PERSON))
    assert await files.usage(PERSON) == Usage(0, 0)
    assert await files.known(posted.digest, GUILD) is not None  # a job of the guild may need it
    assert GUILD in await files.unsure(LONG_AGO, LONG_AGO)


async def test_a_burst_of_opens_copies_a_file_once_and_few_at_a_time(
    files: KeptFileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [await keep(files, os.urandom(CHUNK * 2)) for _ in range(6)]
    most, now, copies = 0, 0, 0
    read = files._read

    async def counted(digest: str) -> AsyncIterator[bytes]:
        nonlocal most, now, copies
        now, copies = now + 1, copies + 1
        most = max(most, now)
        async for chunk in read(digest):
            yield chunk
        now -= 1

    monkeypatch.setattr(files, "_read", counted)
    opened = await asyncio.gather(*(files.open(facts.digest, GUILD) for facts in made * 20))
    assert copies == len(made) and most <= 4
    for file in opened:
        file.close()
    monkeypatch.setattr(file_spool, "_MOST_REMEMBERED", CHUNK * 3)
    for facts in made:
        await content_of(files, facts.digest)
    last = await keep(files, b"one more")
    assert await content_of(files, last.digest) == b"one more"
    assert len(files._spool._remembered) <= 2


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("poster.png", "poster.png"),
        ("Grüße 🎉.png", "Grüße 🎉.png"),
        ("../../etc/passwd", "_._etc_passwd"),
        ("C:\\Windows\\a.exe", "C__Windows_a.exe"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a\x00\n\tb.png", "ab.png"),
        ("", "file"),
        ("...", "file"),
        (".png", "png"),
        ("x" * 300 + ".jpeg", "x" * 95 + ".jpeg"),
        ("a." + "b" * 300, "a." + "b" * 98),
        ("\u200b\u2066", "file"),
        ("half \ud83d.png", "half.png"),
    ],
)
def test_names_are_cleaned(name: str, cleaned: str) -> None:
    assert clean_file_name(name) == cleaned
    assert len(clean_file_name(name)) <= 100
