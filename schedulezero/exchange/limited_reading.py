"""Reads files in a short-lived process with limits on time, memory and output.

The process runs `schedulezero.exchange.reader_process`. Its output is data and is validated as such. The bot
reads one file per guild at a time, and a few in total.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from schedulezero.background import run_in_background
from schedulezero.errors import ScheduleZeroError
from schedulezero.exchange.reader_process import CPU_SECONDS, OUT_OF_MEMORY
from schedulezero.exchange.reading import Asked, Found
from schedulezero.exchange.yaml_file import Fault
from schedulezero.model import JsonObject, Trigger
from schedulezero.model.part import LONGEST_SPAN, MOST_LEADS, MOST_THENS, PART_ID, Part
from schedulezero.sentences import LONGEST_CODE, Sentence, read_sentence
from schedulezero.when.calendar.triggers import known_zones

_PROCESSOR_IS_LIMITED = sys.platform != "win32"
WALL_SECONDS = 6.0 * CPU_SECONDS if _PROCESSOR_IS_LIMITED else CPU_SECONDS + 1.5
"""How long a process may take in all.

`CPU_SECONDS` bounds the work where the system counts it. This limit then only ends a process that hardly gets
to run: it is long enough for one that gets a sixth of a processor, on a machine that others use, too.
"""
WAIT_SECONDS = 2.0
MOST_AT_ONCE = 4
_LARGEST_LINE = 256 * 1024
_LARGEST_OUTPUT = 4 * 1024 * 1024
# What a process needs to start and to find its modules and zones; none of our variables, and so no secrets.
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONTZPATH", "TZDIR", "SYSTEMROOT", "LANG", "LC_ALL")


class UnreadableFile(ScheduleZeroError):
    """The file can't be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file's contents: the entries that an import would create, and the refused ones.

    If reading took too much time or memory, ``stopped`` says after which line it stopped, and why.
    """

    entries: tuple[Found, ...]
    faults: tuple[Fault, ...]
    stopped: Fault | None = None


class FileReaders:
    """Reads a bot's files: one per guild at a time, and a few in total."""

    def __init__(self) -> None:
        self._guilds: set[str] = set()
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    async def read(self, data: bytes, asked: Asked, guild_id: str) -> Reading:
        """Read a guild's file. Raises UnreadableFile if it exceeds the limits or the readers are busy."""
        with self._alone(guild_id):
            try:
                await asyncio.wait_for(self._places.acquire(), WAIT_SECONDS)
            except TimeoutError:
                raise UnreadableFile(
                    "Many files are being read right now. Try again in a minute.", code="files_being_read"
                ) from None
            try:
                return await read_limited(data, asked)
            finally:
                self._places.release()

    @contextmanager
    def _alone(self, guild_id: str) -> Generator[None]:
        if guild_id in self._guilds:
            raise UnreadableFile(
                "Another file from this server is being read. Try again in a few seconds.",
                code="file_of_guild_being_read",
            )
        self._guilds.add(guild_id)
        try:
            yield
        finally:
            self._guilds.discard(guild_id)


async def read_limited(data: bytes, asked: Asked) -> Reading:
    """Read a file in a process with limits. Raises UnreadableFile if it exceeds them."""
    if sys.platform == "win32":
        # On Windows, ZeroMQ's event loop can't start processes; another loop in a thread can.
        return await asyncio.to_thread(asyncio.run, _read(data, asked))
    return await _read(data, asked)


async def _read(data: bytes, asked: Asked) -> Reading:
    found: list[Found | Fault] = []

    def take(line: Any) -> bool:
        item = checked(line)
        if item is not None:
            found.append(item)
        return item is None

    said = await run_limited("schedulezero.exchange.reader_process", asked.to_json(), data, take)
    entries = tuple(item for item in found if isinstance(item, Found))
    faults = sorted((item for item in found if isinstance(item, Fault)), key=lambda fault: fault.line)
    stopped: Fault | None = None
    if said is not None:
        if not entries:
            raise UnreadableFile(said)
        last = max(item.line for item in found)
        stopped = Fault(
            last, Sentence("Nothing after this line was read. {said}", "nothing_read_after", said=said)
        )
    return Reading(entries, tuple(faults), stopped)


async def run_limited(module: str, asked: JsonObject, data: bytes, take: Callable[[Any], bool]) -> str | None:
    """Read data in a process with limits; return why it ended before it was done, or None if it was done.

    Parameters:
        module: What the process runs; it limits itself as `schedulezero.exchange.reader_process` does.
        asked: What it is asked, as the first line of its input.
        data: The rest of its input.
        take: Gets each line of its output, which is JSON, and returns whether it was the last one. Raises
            ValueError or ValidationError for one that isn't as agreed.

    Raises UnreadableFile if its output is too large or not as agreed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment(),
        limit=_LARGEST_LINE,
    )
    status: int | None = None
    try:
        async with asyncio.timeout(WALL_SECONDS):
            sent = run_in_background(
                _send(process, json.dumps(asked).encode() + b"\n" + data),
                "sending a file to its reader",
                passed_on=(OSError,),
            )
            try:
                whole = await _received(process, take)
            finally:
                sent.cancel()
                await asyncio.gather(sent, return_exceptions=True)
            status = await process.wait()
    except TimeoutError:
        whole = False
    finally:
        await _end(process)
    return None if whole else _reason(status, len(data))


_TOO_LONG = Sentence("Reading this file takes too long. Split it into smaller ones.", "file_takes_too_long")
_TOO_LARGE = Sentence(
    "Reading this file needs too much memory. Split it into smaller ones.", "file_takes_too_much"
)
_BROKEN = Sentence("This file can't be read: its format isn't supported.", "file_unlike_any")


_BUSY = Sentence(
    "The bot's machine is busy and couldn't read the file in time. Try again in a minute.",
    "file_machine_busy",
)
_SMALL = 16 * 1024


def _reason(status: int | None, size: int, *, limited: bool = _PROCESSOR_IS_LIMITED) -> str:
    """Return why the process ended before it was done.

    Parameters:
        status: Its exit status, or None if it was stopped because its time was up.
        size: The file's size in bytes, which decides where processor time isn't limited.
        limited: Whether processor time is limited. If so, a process whose time was up had some of it left,
            and the machine gave it too little.
    """
    if status is None:
        return _BUSY if limited or size <= _SMALL else _TOO_LONG
    if status < 0:
        return _TOO_LONG
    return _TOO_LARGE if status == OUT_OF_MEMORY else _BROKEN


def environment() -> dict[str, str]:
    """Return the environment of the reader process: the paths of Python and its modules."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    here = str(Path(__file__).resolve().parent.parent)
    passed["PYTHONPATH"] = os.pathsep.join([here, *filter(None, [passed.get("PYTHONPATH")])])
    return {**passed, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


async def _send(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(data)
    await process.stdin.drain()
    process.stdin.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the process and read its remaining output; asyncio's wait hangs until somebody reads it
    (https://github.com/python/cpython/issues/119710)."""
    if process.returncode is None:
        process.kill()
    assert process.stdout is not None
    while await process.stdout.read(_LARGEST_LINE):
        pass
    await process.wait()


async def _received(process: asyncio.subprocess.Process, take: Callable[[Any], bool]) -> bool:
    """Take what the process writes, line by line; return whether the output is complete."""
    assert process.stdout is not None
    size = 0
    while True:
        try:
            line = await process.stdout.readline()
        except ValueError:  # longer than the limit for a line
            raise UnreadableFile(_TOO_LARGE) from None
        size += len(line)
        if size > _LARGEST_OUTPUT:
            raise UnreadableFile(_TOO_LARGE)
        if not line:
            return False
        try:
            is_last = take(json.loads(line))
        except (ValidationError, ValueError, RecursionError) as error:
            raise UnreadableFile(_BROKEN) from error
        if is_last:
            return True
        await asyncio.sleep(0)  # each line takes a moment, and there may be hundreds


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Trigger(_Strict):
    type: Annotated[str, Field(max_length=20)]
    args: dict[str, JsonValue]


class _Note(_Strict):
    said: Annotated[str, Field(max_length=500)]
    said_code: Annotated[str, Field(max_length=LONGEST_CODE)]
    said_values: dict[str, JsonValue]


_Span = Annotated[float, Field(ge=0, le=LONGEST_SPAN.total_seconds())]


class _Part(_Strict):
    id: Annotated[str, Field(pattern=f"^{PART_ID.pattern}$")]
    method: Annotated[str, Field(max_length=100)]
    params: dict[str, JsonValue]
    before_seconds: _Span | None
    after_seconds: _Span | None


class _Entry(_Strict):
    """A line about an entry, as `Found.to_json` writes it."""

    line: Annotated[int, Field(ge=0)]
    name: Annotated[str, Field(max_length=100)] | None
    method: Annotated[str, Field(max_length=100)]
    params: dict[str, JsonValue]
    trigger: _Trigger
    timezone: Annotated[str, Field(max_length=60)]
    missed: Annotated[str, Field(pattern="^(latest|all|skip)$")]
    overlap: Annotated[str, Field(pattern="^(allow|wait|skip)$")]
    sentence: Annotated[str, Field(max_length=20_000)]
    runs: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=100)]
    notes: Annotated[list[_Note], Field(max_length=10)]
    job_id: Annotated[str, Field(max_length=64)]
    is_event: bool
    paused: bool
    grace: Annotated[float, Field(ge=1, le=7 * 86_400)] | None
    parts: Annotated[list[_Part], Field(max_length=MOST_LEADS + MOST_THENS)] | None
    in_quiet_hours: bool


class _Fault(_Strict):
    line: Annotated[int, Field(ge=0)]
    why: Annotated[str, Field(max_length=500)]
    why_code: Annotated[str, Field(max_length=LONGEST_CODE)] | None = None
    why_values: dict[str, JsonValue] | None = None


def checked(data: Any) -> Found | Fault | None:
    """Return a line's entry or fault, None for the last line. Raises ValidationError or ValueError."""
    if data == {"end": True}:
        return None
    if isinstance(data, dict) and "why" in data:
        fault = _Fault.model_validate(data)
        said = read_sentence(fault.model_dump(), "why") if fault.why_code is not None else None
        return Fault(fault.line, said or fault.why)
    entry = _Entry.model_validate(data)
    if entry.timezone not in known_zones():
        raise ValueError("an unknown time zone")
    return Found(
        line=entry.line,
        name=entry.name,
        method=entry.method,
        params=dict(entry.params),
        trigger=Trigger(entry.trigger.type, entry.trigger.args),
        timezone=entry.timezone,
        missed=entry.missed,
        overlap=entry.overlap,
        sentence=entry.sentence,
        runs=tuple(datetime.fromisoformat(run) for run in entry.runs),
        notes=tuple(read_sentence(note.model_dump(), "said") or note.said for note in entry.notes),
        job_id=entry.job_id,
        is_event=entry.is_event,
        paused=entry.paused,
        grace=entry.grace,
        parts=tuple(Part.from_json(part.model_dump()) for part in entry.parts)
        if entry.parts is not None
        else None,
        in_quiet_hours=entry.in_quiet_hours,
    )
