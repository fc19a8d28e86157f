"""Files that people upload are read in a process of its own: it ends in time, and the bot stays as it was."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import resource
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schedulezero.exchange import limited_reading
from schedulezero.exchange.limited_reading import (
    FileReaders,
    Reading,
    UnreadableFile,
    checked,
    environment,
    read_limited,
)
from schedulezero.exchange.reader_process import CPU_SECONDS, OUT_OF_MEMORY
from schedulezero.exchange.reading import Asked
from tests.hostile.files import FILES, SIZE
from tests.support.loop_watch import held_at_most, watched_loop
from tests.support.world import World, said

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ASKED = Asked("Europe/Berlin", "en-GB", NOW, "123456789012345678")
SLOW = FILES["long texts of time"]
CRONTAB = b"0 9 * * 1-5 Stand-up!\n@reboot x\n"


MOST_SECONDS = CPU_SECONDS + 1
"""The system ends a process after `CPU_SECONDS`; it counts in whole seconds."""


def processor_seconds() -> float:
    """The processor time of the processes that have ended, which a busy machine doesn't lengthen."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


async def read_or_told(data: bytes) -> Reading | str:
    try:
        return await read_limited(data, ASKED)
    except UnreadableFile as error:
        return error.message


@pytest.mark.parametrize("name", FILES)
async def test_each_file_ends_in_time_with_a_sentence(name: str) -> None:
    data = FILES[name]()[:SIZE]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    used = processor_seconds()
    async with watched_loop() as busy:
        answer = await read_or_told(data)
    assert processor_seconds() - used < MOST_SECONDS
    assert max(busy) < held_at_most()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 64 * 1024
    if isinstance(answer, str):
        assert answer.endswith(".")
    else:
        assert answer.entries or answer.faults
        assert all(fault.line > 0 and fault.message for fault in answer.faults)


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (FILES["a zip file"](), "a ZIP file"),
        (FILES["a pickle"](), "schedulezero-bot import-apscheduler FILE"),
        (FILES["an SQLite file"](), "schedulezero-bot import-apscheduler FILE"),
        (FILES["APScheduler's export"](), "schedulezero-bot import-apscheduler FILE"),
        (FILES["NUL"](), "NUL character"),
        (FILES["lists in lists"](), "is nested too deeply"),
        (FILES["aliases"](), "Aliases"),
        (FILES["thousands of days left out"](), "has more than 16000 characters"),
        (FILES["a zone that changes each second"](), "clock-change rule"),
        (b" \n ", "is empty"),
        (b"x" * (SIZE + 1), "larger than 512 KiB"),
    ],
)
async def test_what_is_wrong_is_said(data: bytes, part: str) -> None:
    answer = await read_limited(data, ASKED)
    assert not answer.entries and part in answer.faults[0].message


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
async def test_a_text_is_read_in_the_codings_that_editors_write(coding: str) -> None:
    text = CRONTAB.decode()
    data = ("\ufeff" + text).encode(coding) if coding == "utf-16-le" else text.encode(coding)
    answer = await read_limited(data.replace(b"\n", b"\r\n") if coding.startswith("utf-8") else data, ASKED)
    assert [entry.name for entry in answer.entries] == ["Stand-up!"] and answer.faults[0].line == 2


async def test_what_was_read_before_it_was_too_much_is_kept() -> None:
    answer = await read_limited(FILES["all minutes of days"](), replace(ASKED, count=100))
    assert 0 < len(answer.entries) < 500
    assert answer.stopped is not None and answer.stopped.message.startswith(
        "Nothing after this line was read."
    )


async def test_a_small_file_that_a_busy_machine_does_not_get_to_is_not_called_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limited_reading, "WALL_SECONDS", 0.02)  # over before the process has begun
    with pytest.raises(UnreadableFile, match=r"machine is busy.*Try again"):
        await read_limited(CRONTAB, ASKED)


@pytest.mark.parametrize(
    ("status", "size", "limited", "word"),
    [
        (None, 200, True, "busy"), (None, 500_000, True, "busy"), (None, 200, False, "busy"),
        (None, 500_000, False, "too long"), (-24, 200, True, "too long"), (-24, 500_000, True, "too long"),
        (OUT_OF_MEMORY, 200, True, "memory"), (1, 200, True, "can't be read"),
    ],
)  # fmt: skip
def test_a_file_takes_too_long_by_processor_time_alone_where_that_is_limited(
    status: int | None, size: int, limited: bool, word: str
) -> None:
    assert word in limited_reading._reason(status, size, limited=limited)


def test_a_machine_that_others_use_too_has_time_for_all_the_processor_time_of_a_file() -> None:
    assert limited_reading.WALL_SECONDS >= 6 * CPU_SECONDS


async def test_one_guild_waits_for_its_own_file_only() -> None:
    readers = FileReaders()
    slow = asyncio.create_task(readers.read(SLOW(), ASKED, "1"))
    await asyncio.sleep(0)
    with pytest.raises(UnreadableFile, match="Another file from this server"):
        await readers.read(CRONTAB, ASKED, "1")
    answer = await readers.read(CRONTAB, ASKED, "2")
    assert len(answer.entries) == 1 and not slow.done()
    await asyncio.gather(slow, return_exceptions=True)
    assert len((await readers.read(CRONTAB, ASKED, "1")).entries) == 1


async def test_so_many_files_are_read_at_once_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited_reading, "WAIT_SECONDS", 0.05)
    readers = FileReaders()
    slow = [asyncio.create_task(readers.read(SLOW(), ASKED, str(guild))) for guild in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(UnreadableFile, match="Many files are being read"):
        await readers.read(CRONTAB, ASKED, "another")
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert len((await readers.read(CRONTAB, ASKED, "another")).entries) == 1


async def test_a_process_that_does_nothing_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited_reading, "WALL_SECONDS", 1.0)
    task = asyncio.create_task(read_limited(SLOW(), ASKED))
    while not children():
        await asyncio.sleep(0.01)
    os.kill(int(children()[0]), signal.SIGSTOP)  # which uses no processor time
    async with asyncio.timeout(60):
        with pytest.raises(UnreadableFile, match="machine is busy"):
            await task
    assert not children()


async def test_what_a_process_writes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    many = b"0 9 * * 1-5 Stand-up!\n" * 20
    assert len((await read_limited(many, ASKED)).entries) == 20
    monkeypatch.setattr(limited_reading, "_LARGEST_OUTPUT", 2000)
    with pytest.raises(UnreadableFile, match="too much memory"):
        await read_limited(many, ASKED)
    monkeypatch.setattr(limited_reading, "_LARGEST_OUTPUT", 10**9)
    monkeypatch.setattr(limited_reading, "_LARGEST_LINE", 64)
    with pytest.raises(UnreadableFile, match="too much memory"):
        await read_limited(many, ASKED)


async def test_a_process_that_writes_without_end_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What it wrote and nobody read must not keep the wait for its end waiting."""
    endless = tmp_path / "python"
    endless.write_text(f"""#!/bin/sh\nexec yes '{{"line": 1, "why": "{"no" * 200}"}}'\n""")
    endless.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(endless))
    async with asyncio.timeout(60):
        with pytest.raises(UnreadableFile, match="too much memory"):
            await read_limited(b"0 9 * * 1-5 Stand-up!\n", ASKED)


async def test_a_reading_that_is_given_up_leaves_no_process() -> None:
    task = asyncio.create_task(read_limited(SLOW(), ASKED))
    while not children():
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not children()


def children() -> list[str]:
    """The processes that read files for this one."""
    listed = Path(f"/proc/self/task/{Path('/proc/self').resolve().name}/children")
    if not listed.exists():
        pytest.skip("needs Linux's /proc")
    found: list[str] = []
    for number in listed.read_text().split():
        line = Path(f"/proc/{number}/cmdline")
        if line.exists() and b"schedulezero.exchange.reader_process" in line.read_bytes():
            found.append(number)
    return found


async def test_the_process_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "DISCORD_TOKEN", "SCHEDULEZERO_API_TOKEN", "SCHEDULEZERO_SECRETS_KEY", "SCHEDULEZERO_DATABASE",
        "PGPASSWORD",
    ):  # fmt: skip
        monkeypatch.setenv(name, "secret")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import os; print(dict(os.environ))",
        stdout=asyncio.subprocess.PIPE, env=environment(),
    )  # fmt: skip
    out, _ = await process.communicate()
    assert b"PYTHONPATH" in out and b"secret" not in out


def test_the_process_starts_light() -> None:
    code = (
        "import sys\nfrom schedulezero.exchange.reader_process import main\nmain()\n"
        "print([name for name in ('discord', 'sqlalchemy', 'aiohttp', 'zmq', 'PIL', 'pydantic', 'icalendar')"
        " if name in sys.modules])"
    )
    sent = json.dumps(ASKED.to_json()).encode() + b"\n" + CRONTAB
    done = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, check=True)
    lines = done.stdout.splitlines()
    assert json.loads(lines[-2]) == {"end": True} and lines[-1] == b"[]"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the process watches itself")
def test_the_process_is_held_to_its_limits() -> None:
    code = (
        "import resource; from schedulezero.exchange.reader_process import limit; limit(); "
        "print(*resource.getrlimit(resource.RLIMIT_CPU), *resource.getrlimit(resource.RLIMIT_CORE), "
        "*resource.getrlimit(resource.RLIMIT_AS)); bytearray(600 * 1024 * 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.stdout.split() == ["5", "5", "0", "0", str(512 * 1024 * 1024), str(512 * 1024 * 1024)]
    assert done.returncode == 1 and "MemoryError" in done.stderr


def test_memory_is_watched_where_the_system_does_not() -> None:
    code = "from schedulezero.exchange.reader_process import watch_memory; watch_memory(1)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == OUT_OF_MEMORY


ENTRY: dict[str, Any] = {
    "line": 1, "name": None, "method": "m", "params": {}, "trigger": {"type": "date", "args": {}},
    "timezone": "UTC", "missed": "latest", "overlap": "allow", "sentence": "s", "runs": [],
    "notes": [{"said": "n", "said_code": "c", "said_values": {}}], "job_id": "",
    "paused": False, "is_event": False, "grace": None, "parts": None, "in_quiet_hours": False,
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"line": "1"}, {"line": -1}, {"name": "x" * 101}, {"method": None}, {"params": []}, {"trigger": "x"},
        {"timezone": "Mars"}, {"missed": "never"}, {"runs": ["soon"]}, {"runs": ["x"] * 101}, {"extra": 1},
        {"notes": ["x"]}, {"notes": [{"said": "n" * 501, "said_code": "c", "said_values": {}}]},
        {"job_id": "x" * 65}, {"paused": "no"}, {"grace": 0.5}, {"parts": [{"id": "x"}]},
        {"why": "both"},
    ],
)  # fmt: skip
def test_what_comes_back_is_checked(change: dict[str, Any]) -> None:
    assert checked(ENTRY) is not None
    with pytest.raises(ValueError):
        checked({**ENTRY, **change})


# Read as: what a pickle does, and its bytes.
PICKLES = {
    "a call": pickle.dumps(Path.home),
    "an eval": b"cbuiltins\neval\n(S'1'\ntR.",
    "a huge array": b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b".",
    "a huge text": b"\x80\x04\x8d" + (2**62).to_bytes(8, "little") + b"x.",
    "a huge memo": b"\x80\x04K\x01r\xff\xff\xff\x7f.",
    "deep tuples": b"\x80\x04)" + b"\x85" * 60_000 + b".",
    "many marks": b"(" * 60_000 + b".",
    "a doubled list": b"\x80\x04]" + b"2(2e" * 1000 + b".",
    "a long number": b"\x80\x04\x8b" + (60_000).to_bytes(4, "little") + b"\x7f" * 60_000 + b".",
    "nothing": b"",
}


@pytest.mark.parametrize("name", PICKLES)
async def test_no_pickle_of_the_owners_hurts(tmp_path: Path, name: str) -> None:
    file = tmp_path / "jobs.db"
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE apscheduler_jobs (id TEXT, next_run_time FLOAT, job_state BLOB)")
    database.execute("INSERT INTO apscheduler_jobs VALUES ('1', 1.0, ?)", (PICKLES[name],))
    database.commit()
    database.close()
    asked = Asked("UTC", "en-GB", NOW, "1", pickles=True)
    used = processor_seconds()
    try:
        answer = await read_limited(file.read_bytes(), asked)
        assert not answer.entries and answer.faults[0].line == 1
    except UnreadableFile as error:
        assert error.message.endswith(".")
    assert processor_seconds() - used < MOST_SECONDS


async def test_on_discord_a_hostile_file_gets_a_sentence_and_a_pickle_the_owners_command(
    world: World,
) -> None:
    async def imported(data: bytes) -> str:
        return said(await world.admin.slash(world.channel, "schedule import", file=("x.yaml", data)))

    answer = await imported(SLOW())
    # Each entry is refused quickly; a slow machine does not get to all of them.
    assert "can't be imported" in answer or "takes too long" in answer or "busy" in answer
    assert "import-apscheduler FILE" in await imported(FILES["APScheduler's export"]())
    assert "1 job can be imported" in await imported(CRONTAB)
