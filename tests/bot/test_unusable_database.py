"""A database that cannot be used is one sentence with its remedy, for each command that opens it."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest

from bot.config import Settings
from cogs.memory import Memory
from tests.support.command_line import ROOT, Ended, environment, line, start

pytestmark = [pytest.mark.sqlite, pytest.mark.long]

COMMANDS = (("run",), ("server",), ("doctor",), ("backup",), ("token", "list"))
SOME_COMMANDS = (("run",), ("doctor",))
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH, _PR_CAPBSET_DROP = 1, 2, 24


def as_a_plain_user() -> None:
    """Before a program begins: lets the modes of files count for root, too."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "prctl")


def on_a_full_disk() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))


async def end(
    settings: Settings, arguments: tuple[str, ...], database: Path, before: Callable[[], None] | None = None
) -> Ended:
    token = "x.y.z" if arguments == ("run",) else ""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments,
        cwd=ROOT, preexec_fn=before,
        env=environment(settings, SCHEDULEZERO_DATABASE=str(database), DISCORD_TOKEN=token),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 90)
    return Ended(process.returncode or 0, out.decode(), err.decode())


def lasting(arguments: tuple[str, ...]) -> int:
    """The exit status for what waiting does not mend: one that keeps a supervisor from starting it again."""
    return 78 if arguments[0] in ("run", "server") else 1


async def each_says(
    settings: Settings,
    database: Path,
    *expected: str,
    before: Callable[[], None] | None = None,
    commands: Sequence[tuple[str, ...]] = SOME_COMMANDS,
) -> None:
    for arguments in commands:
        ended = await end(settings, arguments, database, before)
        said = ended.out if arguments == ("doctor",) else ended.err
        assert "Traceback" not in ended.err, ended.err
        assert any(text in said for text in expected), (arguments, ended)
        assert ended.status == lasting(arguments), (arguments, ended)


async def a_database(path: Path) -> None:
    memory = Memory(str(path))
    await memory.open()
    await memory.close()


async def test_a_folder(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    said = "it is a folder. Name another file under `database`"
    await each_says(settings, tmp_path / "folder", said, commands=COMMANDS)


async def test_below_a_file(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    await each_says(settings, tmp_path / "file" / "a.db", "is a file, not a folder. Name another file")


async def test_a_file_that_may_only_be_read(settings: Settings, tmp_path: Path) -> None:
    await a_database(tmp_path / "a.db")
    (tmp_path / "a.db").chmod(0o400)
    for arguments in (("run",), ("server",), ("doctor",), ("token", "list")):
        ended = await end(settings, arguments, tmp_path / "a.db", as_a_plain_user)
        said = ended.out if arguments == ("doctor",) else ended.err
        assert "may not read and write the file" in said and "chown" in said, (arguments, ended)
        assert ended.status == lasting(arguments) and "Traceback" not in ended.err
    ended = await end(settings, ("backup", str(tmp_path / "copy")), tmp_path / "a.db", as_a_plain_user)
    assert ended.status == 0 and (tmp_path / "copy" / "a.db").exists()


async def test_a_folder_that_may_only_be_read(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    await a_database(folder / "a.db")
    folder.chmod(0o500)
    await each_says(settings, folder / "a.db", "may not read and write the folder", before=as_a_plain_user)
    folder.chmod(0o700)


async def test_a_folder_that_may_not_be_entered(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    await a_database(folder / "a.db")
    folder.chmod(0o000)
    await each_says(settings, folder / "a.db", "may not read and write the folder", before=as_a_plain_user)
    folder.chmod(0o700)


async def test_a_full_disk(settings: Settings, tmp_path: Path) -> None:
    await a_database(tmp_path / "a.db")
    ended = await end(settings, ("backup",), tmp_path / "a.db", on_a_full_disk)
    assert ended.status == 1 and "Traceback" not in ended.err
    assert "disk" in ended.err and "try again" in ended.err
    for arguments in (("server",), ("token", "make", "a")):  # `run` creates its file after it has logged in
        ended = await end(settings, arguments, tmp_path / "new" / "a.db", on_a_full_disk)
        assert ended.status == 1 and "Traceback" not in ended.err
        assert "disk" in ended.err and "try again" in ended.err, (arguments, ended)


async def test_a_damaged_database_has_an_exit_status_of_its_own(settings: Settings, tmp_path: Path) -> None:
    await a_database(tmp_path / "a.db")
    content = (tmp_path / "a.db").read_bytes()[:-4096]
    (tmp_path / "a.db").write_bytes(content)
    await each_says(settings, tmp_path / "a.db", "--begin-empty")
    assert (tmp_path / "a.db").read_bytes() == content


async def test_the_newest_backup_is_named(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    await a_database(path)
    for name, age in (("newest", 10), ("z-older", 20)):
        folder = tmp_path / "backups" / name
        assert (await end(settings, ("backup", str(folder)), path)).status == 0
        os.utime(folder / "a.db", (1e9 - age, 1e9 - age))
    await a_database(tmp_path / "backups" / "of another bot" / "a.db")
    remedy = f"`schedulezero-bot restore {tmp_path}/backups/newest`"
    path.unlink()
    assert remedy in (await end(settings, ("token", "list"), path)).err
    path.write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    assert remedy in (await end(settings, ("token", "list"), path)).err
    ended = await end(settings, ("restore", str(tmp_path / "backups")), path)
    assert ended.status == 2 and f"Name {tmp_path}/backups/newest, the newest" in ended.err
    ended = await end(settings, ("restore", str(tmp_path / "backups" / "newest")), path)
    assert ended.status == 0 and f"Restored {path} from {tmp_path}/backups/newest/a.db" in ended.out


async def test_an_idle_server_on_a_full_disk_is_not_ready(settings: Settings, tmp_path: Path) -> None:
    """Nothing is scheduled, so nothing but the question itself can find out."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.bot_process", "127.0.0.1:1", "server",
        cwd=ROOT, env=environment(settings),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    try:
        await line(process, settings.api_endpoint)
        async with httpx.AsyncClient(base_url=settings.api_endpoint, timeout=60) as api:

            async def becomes(status: int) -> httpx.Response:
                async with asyncio.timeout(60):
                    while (answer := await api.get("/api/health/ready")).status_code != status:
                        await asyncio.sleep(0.2)
                return answer

            await becomes(200)
            process.stdin.write(b"disk full\n")
            await line(process, "obeyed")
            assert "is the disk full?" in (await becomes(503)).json()["trouble"]
            assert (await api.get("/api/health/live")).status_code == 200
            process.stdin.write(b"disk ok\n")
            await line(process, "obeyed")
            await becomes(200)
        process.terminate()
        _, err = await asyncio.wait_for(process.communicate(), 60)
        assert err.count(b"the database cannot be written to") == 1 and b"Traceback" not in err
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_begin_empty_on_the_command_line(settings: Settings, tmp_path: Path) -> None:
    await a_database(tmp_path / "a.db")
    content = (tmp_path / "a.db").read_bytes()[:-4096]
    (tmp_path / "a.db").write_bytes(content)
    given = settings.model_copy(update={"database": str(tmp_path / "a.db")})
    for expected in (1, 1):  # the second time it finds a sound database, and leaves it alone
        process = await start(given, "server", "--begin-empty")
        await line(process, given.api_endpoint)
        process.terminate()
        _, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, err.decode()
        assert b"It was left as it is" not in err and b"--begin-empty" not in err  # what it has just done
        aside = [item for item in tmp_path.glob("a.db.damaged-*") if not item.name.endswith(("-wal", "-shm"))]
        assert len(aside) == expected and aside[0].read_bytes() == content
