"""`read-file` previews an import; `import-apscheduler` converts APScheduler's jobs to our YAML."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.logs import redact

if TYPE_CHECKING:
    from bot.config import Settings
    from schedulezero.exchange.limited_reading import Reading
    from schedulezero.exchange.yaml_file import Fault


class _Refused(Exception):
    """An option or a file can't be used; the message says what would work."""


def add_read_file_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``read-file``."""
    parser.add_argument("file", metavar="FILE", help="the file; - reads the standard input")
    parser.add_argument("--timezone", metavar="Z", help="IANA zone of times that name none")
    parser.add_argument("--now", metavar="ISO", help="the instant from which to look (default: the present)")
    parser.add_argument("--count", default="5", metavar="N", help="how many runs of each entry to show (5)")
    parser.add_argument("--json", action="store_true", help="as JSON")


def add_import_apscheduler_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``import-apscheduler``."""
    parser.add_argument(
        "file", metavar="FILE", help="APScheduler 3's JSON export or SQLite job store; - reads the input"
    )
    parser.add_argument("--output", metavar="FILE", help="where to write the YAML (default: standard output)")
    parser.add_argument("--channel", metavar="ID", default="", help="where jobs post that name no channel")
    parser.add_argument("--now", metavar="ISO", help="the instant from which to look (default: the present)")


def read_file(options: argparse.Namespace, settings: Settings) -> int:
    """Print what importing a file would create. Return 0, or 2 if nothing could be read."""
    try:
        reading = _read(options, settings, zone=options.timezone, count=_count(options.count))
    except _Refused as error:
        return _complain(str(error))
    if options.json:
        print(json.dumps(_as_json(reading), ensure_ascii=False))
        return 0 if reading.entries else 2
    for entry in reading.entries:
        print(f"line {entry.line}: {entry.name or entry.method}: {entry.sentence} ({entry.timezone})")
        for note in entry.notes:
            print(f"  note: {note}")
        for run in entry.runs:
            print(f"  {run:%a %Y-%m-%d %H:%M:%S %z}")
    for fault in _refused(reading):
        print(f"line {fault.line}: refused: {fault.message}")
    count = f"{len(reading.entries)} read, {len(_refused(reading))} refused."
    print(f"{count} `/schedule import` checks their methods and parameters, too.")
    return 0 if reading.entries else 2


def import_apscheduler(options: argparse.Namespace, settings: Settings) -> int:
    """Write the jobs of an APScheduler file as YAML for ``/schedule import``. Return 2 if there are none."""
    from schedulezero.exchange.yaml_file import write_jobs
    from schedulezero.model import Job, MissedPolicy, OverlapPolicy
    from schedulezero.storage import private_files

    try:
        reading = _read(options, settings, count=5, channel_id=_channel(options.channel), pickles=True)
    except _Refused as error:
        return _complain(str(error))
    refused = _refused(reading)
    for fault in refused:
        print(f"refused: {redact(fault.message)}", file=sys.stderr)
    if not reading.entries:
        return _complain(
            "Nothing was written: none of what this file holds can be taken over."
            if refused
            else "Nothing was written: this file holds no jobs."
        )
    for entry in reading.entries:
        for note in entry.notes:
            print(f"line {entry.line}: {redact(note)}", file=sys.stderr)
    text = write_jobs(
        Job(
            id="",
            handler_id="",
            method=entry.method,
            params=entry.params,
            trigger=entry.trigger,
            name=entry.name,
            timezone=entry.timezone,
            missed=MissedPolicy(entry.missed),
            overlap=OverlapPolicy(entry.overlap),
        )
        for entry in reading.entries
    )
    if options.output is None:
        sys.stdout.write(text)
        return 0
    output = Path(options.output).absolute()
    try:
        private_files.write_new(output, text)
    except FileExistsError:
        return _complain(f"{output} exists already; give another name.")
    except (OSError, ValueError) as error:
        return _complain(f"{output} cannot be written: {getattr(error, 'strerror', None) or error}.")
    count = len(reading.entries)
    print(f"Wrote {count} job{'s' if count != 1 else ''} to {output}", file=sys.stderr)
    return 0


def _read(
    options: argparse.Namespace,
    settings: Settings,
    *,
    zone: str | None = None,
    count: int = 1,
    channel_id: str = "",
    pickles: bool = False,
) -> Reading:
    from schedulezero import instants
    from schedulezero.errors import TriggerError
    from schedulezero.exchange.limited_reading import UnreadableFile, read_limited
    from schedulezero.exchange.reading import LARGEST_OWN_FILE, Asked
    from schedulezero.when.calendar.triggers import run_date, zone_of

    try:
        key = zone_of(zone if zone is not None else settings.timezone).key
        now = run_date(options.now, ZoneInfo(key), "--now") if options.now is not None else instants.now()
    except TriggerError as error:
        raise _Refused(error.message) from error
    if now.year < 1970:
        raise _Refused(f"--now is {options.now!r}; it must be in 1970 or later.")
    limits = settings.limits.limits()
    data = _content(options.file, LARGEST_OWN_FILE if pickles else limits.file_bytes)
    try:
        return asyncio.run(
            read_limited(
                data, Asked(key, "en-GB", now, channel_id, count, pickles, limits.entries, limits.file_bytes)
            )
        )
    except UnreadableFile as error:
        raise _Refused(error.message) from error


def _content(name: str, most: int) -> bytes:
    """Return the contents of a file or of standard input, reading at most one byte more than the limit."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(most + 1)
        with Path(name).open("rb") as file:
            return file.read(most + 1)
    except (OSError, ValueError) as error:
        raise _Refused(
            f"{Path(name).absolute()} cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from error


def _count(text: str) -> int:
    from schedulezero.exchange.reading import MOST_RUNS

    if not text.isascii() or not text.isdecimal() or len(text) > 4 or int(text) > MOST_RUNS:
        raise _Refused(f"--count is {text[:40]!r}; it must be a whole number from 0 to {MOST_RUNS}.")
    return int(text)


def _channel(text: str) -> str:
    if text and not (text.isascii() and text.isdecimal() and len(text) <= 20):
        raise _Refused(f"--channel is {text[:40]!r}; it must be the id of a channel, which is digits only.")
    return text


def _refused(reading: Reading) -> list[Fault]:
    return [*reading.faults, *filter(None, [reading.stopped])]


def _as_json(reading: Reading) -> dict[str, Any]:
    return {
        "entries": [
            {
                "line": entry.line,
                "name": entry.name,
                "sentence": entry.sentence,
                "trigger": entry.trigger.to_json(),
                "runs": [run.isoformat() for run in entry.runs],
                "notes": list(entry.notes),
            }
            for entry in reading.entries
        ],
        "refused": [{"line": fault.line, "why": fault.message} for fault in _refused(reading)],
    }


def _complain(sentence: str) -> int:
    print(f"schedulezero-bot: {redact(sentence)}", file=sys.stderr)
    return 2
