"""The command line: turns arguments into one call. Imports heavy modules only when a command needs them.

Errors that a person can fix are printed as one sentence, without a traceback.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, NoReturn

from bot.cli.access import add_keys_arguments, add_token_arguments, keys, token, with_joined_keys
from bot.cli.backup import add_backup_arguments, add_restore_arguments, backup, begin_empty, restore
from bot.cli.exit_status import CONFIG, USAGE, Unusable, status_of
from bot.cli.extras import expect_extra
from bot.cli.files import (
    add_import_apscheduler_arguments,
    add_read_file_arguments,
    import_apscheduler,
    read_file,
)
from bot.cli.importing import uncollected
from bot.cli.interruption import raise_if_seen
from bot.cli.move import add_move_arguments, move
from bot.cli.output import INTERRUPTED, guarded, is_unicode
from bot.cli.parser import Parser
from bot.first_day.command import add_first_day_arguments, first_day_work
from bot.health.ask import add_health_arguments, health
from bot.logs import as_json, hide, hide_passwords, is_json, log_everything, redact, set_up

if TYPE_CHECKING:
    from bot.config import Settings

log = logging.getLogger(__name__)

Work = Callable[[asyncio.Event], Awaitable[int]]

_MOST_RUNS = 1000
"""The largest number of runs that `when` shows."""
_SERVING = ("run", "server")
_LOG_FORMAT = "SCHEDULEZERO_LOG_FORMAT"
_HANGUP = getattr(signal, "SIGHUP", None)  # Windows doesn't have it
_REST_SECONDS = 3.0
_STOPPING = tuple(number for number in (signal.SIGINT, signal.SIGTERM, _HANGUP) if number is not None)


class _Version(argparse.Action):
    """``--version``: prints the version and exits; looks the version up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version

        try:
            found = version("schedulezero-discord")
        except PackageNotFoundError:  # a checkout that isn't installed
            found = "of an unknown version"
        print(f"schedulezero-bot {found}")
        parser.exit()


class _Parser(Parser):
    """The parser of every level of the command line."""

    def refuse(self, sentence: str) -> NoReturn:
        self.exit(_complain(sentence, USAGE))


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit status."""
    return guarded(lambda: _main(argv))


def _main(argv: list[str] | None) -> int:
    set_up(verbose=False)
    if os.environ.get(_LOG_FORMAT) == "json":
        as_json()  # before anything can be said, such as about the arguments
    options = _parser().parse_args(with_joined_keys(sys.argv[1:] if argv is None else argv))
    if options.verbose:
        log_everything()
    hide(os.environ.get("DISCORD_TOKEN", "").strip())
    hide(os.environ.get("SCHEDULEZERO_API_TOKEN", "").strip())
    hide(os.environ.get("SCHEDULEZERO_SECRETS_KEY", "").strip())
    hide_passwords(os.environ.get("SCHEDULEZERO_DATABASE", ""))
    hide_passwords(getattr(options, "to", ""))
    with uncollected():
        from bot.config import ConfigError, load_settings, wants_json
        from bot.environment import told, unknown_variables
        from cogs.discord_library import expect_discord_py
        from schedulezero.errors import ScheduleZeroError

    try:
        if wants_json(options.config):
            as_json()  # before anything can be wrong with the other settings
        expect_discord_py()
        settings = load_settings(options.config)
        hide_passwords(settings.database)
        if (unknown := unknown_variables()) and options.name_of_command in _SERVING:
            log.warning("environment: %s", told(unknown))
        raise_if_seen()
        return options.command(options, settings)
    except (ConfigError, ScheduleZeroError, Unusable) as error:
        return _complain(str(error), status_of(error, serves=options.name_of_command in _SERVING))


def _complain(sentence: str, status: int) -> int:
    if is_json():
        log.critical("%s", sentence)
    else:
        print(f"schedulezero-bot: {redact(sentence)}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="schedulezero-bot", description="Run ScheduleZero, the Discord bot for scheduled jobs."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    parser.set_defaults(config=None, verbose=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = _add(commands, "run", "run the bot on Discord (token in DISCORD_TOKEN)", _run)
    run.add_argument(
        "--cluster",
        metavar="N/OF",
        help="run a share of the bot's shards, such as 2/8; needs `server: external`",
    )
    demo = _add(commands, "demo", "run the bot on a simulated Discord, shown as a web page", _demo)
    demo.add_argument(
        "--port", type=_whole(0, 65535), default=0, metavar="N", help="port of the page (default: a free one)"
    )
    demo.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    dev = _add(
        commands, "dev", "run the bot, or the demo without a token, and reload changed sprockets", _dev
    )
    dev.add_argument("--port", type=_whole(0, 65535), default=0, metavar="N", help="port of the demo's page")
    dev.add_argument("--no-browser", action="store_true", help="do not open the demo's page in a browser")
    new = _add(commands, "new-sprocket", "write a small sprocket with its test", _new_sprocket)
    new.add_argument("name", metavar="NAME", help="what it is called, such as birthday_wishes")
    server = _add(commands, "server", "run the embedded server alone", _server)
    for command in (run, server):
        command.add_argument(
            "--begin-empty",
            action="store_true",
            help="if the SQLite database is damaged or missing, set it aside and begin with an empty one",
        )
    check = _add(
        commands, "doctor", "check everything and say what to do; exit status 1 if something fails", _doctor
    )
    check.add_argument(
        "--server",
        action="store_true",
        help="leave out the bot and Discord, on a machine that only runs `server`",
    )
    add_health_arguments(
        _add(commands, "health", "ask the server whether it is ready; exit status 1 if it is not", health)
    )
    said = "try in a test server what the bot assumes about Discord, and write a report"
    add_first_day_arguments(_add(commands, "first-day", said, _first_day))
    add_token_arguments(_add(commands, "token", "make, list or revoke tokens for the REST API", token))
    add_keys_arguments(
        _add(commands, "keys", "show the keys of the ZeroMQ connections, and allow others", keys)
    )
    add_backup_arguments(_add(commands, "backup", "copy the databases, also while the bot runs", backup))
    add_restore_arguments(_add(commands, "restore", "bring a backup back; the bot must be stopped", restore))
    add_move_arguments(
        _add(commands, "move", "move everything from a SQLite file to PostgreSQL, or back", move)
    )
    when = _add(commands, "when", "show what a text such as 'every friday at 5pm' means", _when)
    when.add_argument("text", nargs="+", metavar="TEXT")
    when.add_argument("--timezone", metavar="Z", help="IANA zone of the times (default: the configured one)")
    when.add_argument("--locale", default="en-GB", metavar="L", help="language and order of dates (en-GB)")
    when.add_argument("--now", metavar="ISO", help="the instant from which to look (default: the present)")
    when.add_argument(
        "--count", type=_whole(0, _MOST_RUNS), default=5, metavar="N", help="how many runs to show (5)"
    )
    when.add_argument("--json", action="store_true", help="as JSON")
    add_read_file_arguments(
        _add(commands, "read-file", "show what an import would make of a file", read_file)
    )
    said = "convert jobs of APScheduler 3 to YAML for /schedule import"
    add_import_apscheduler_arguments(_add(commands, "import-apscheduler", said, import_apscheduler))
    return parser


def _add(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    text: str,
    command: Callable[[argparse.Namespace, Settings], int],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command, name_of_command=name)
    return parser


def _whole(least: int, most: int) -> Callable[[str], int]:
    """Return a parser for whole numbers between two limits."""

    def read(text: str) -> int:
        number = int(text) if re.fullmatch(r"-?[0-9]{1,18}", text.strip()) else None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text[:50]!r} is not a whole number from {least} to {most}")
        return number

    return read


# ------------------------------------------------------------------ commands


def _run(options: argparse.Namespace, settings: Settings) -> int:
    token = os.environ.get("DISCORD_TOKEN", "").strip()
    if not token:
        raise Unusable(
            "There is no token: set DISCORD_TOKEN to your bot's token from "
            "https://discord.com/developers/applications (or try `demo`, which needs none).",
            CONFIG,
        )
    from bot.token_form import UNUSABLE, is_sendable

    if not is_sendable(token):
        raise Unusable(f"DISCORD_TOKEN does not look like a token: {UNUSABLE}.", CONFIG)
    cluster = None
    if options.cluster is not None:
        from bot.clusters import read_cluster

        try:
            cluster = read_cluster(options.cluster)
        except ValueError as error:
            raise Unusable(f"--cluster is {options.cluster[:50]!r}: {error}.", USAGE) from error
        if cluster.count > 1 and settings.server == "embedded":
            raise Unusable(
                "Clusters share one server: start it with `schedulezero-bot server`, and set "
                "`server: external`.",
                CONFIG,
            )
    with uncollected():
        from bot.run import run
        from schedulezero.storage.descriptors import raise_descriptor_limit

    raise_descriptor_limit()
    if options.begin_empty:
        begin_empty(settings)
    return _until_stopped(lambda stop: run(settings, token, stop, cluster))


def _demo(options: argparse.Namespace, settings: Settings) -> int:
    logging.getLogger("discord").setLevel(logging.ERROR)  # warnings about voice and intents don't matter here
    expect_extra("The demo", "demo")
    from bot.demo.demo import demo

    return _until_stopped(
        lambda stop: demo(settings, stop, port=options.port, browser=not options.no_browser)
    )


def _dev(options: argparse.Namespace, settings: Settings) -> int:
    expect_extra("`dev`", "testing")
    from bot.dev import keep_fresh

    token = os.environ.get("DISCORD_TOKEN", "").strip()
    if token:
        from bot.run import run

        return _until_stopped(lambda stop: run(settings, token, stop, beside=keep_fresh))
    expect_extra("`dev` without a token", "demo")
    from bot.demo.demo import demo

    logging.getLogger("discord").setLevel(logging.ERROR)
    return _until_stopped(
        lambda stop: demo(
            settings, stop, port=options.port, browser=not options.no_browser, beside=keep_fresh
        )
    )


def _new_sprocket(options: argparse.Namespace, settings: Settings) -> int:
    from pathlib import Path

    from bot.cli.new_sprocket import NoSuchName, write_sprocket

    try:
        written = write_sprocket(options.name, Path.cwd())
    except NoSuchName as error:
        raise Unusable(error.message, USAGE) from error
    for file in written:
        print(f"wrote {file}")
    print("Test it: python -m pytest -p schedulezero.testing")
    print(f"Try it:  schedulezero-bot dev    and then  /load_sprocket {options.name}")
    return 0


def _server(options: argparse.Namespace, settings: Settings) -> int:
    with uncollected():
        from bot.app import server_config
        from schedulezero.server.service import serving
        from schedulezero.storage.descriptors import raise_descriptor_limit

    if options.begin_empty:
        begin_empty(settings)

    async def serve(stop: asyncio.Event) -> int:
        async with serving(server_config(settings)):
            if not is_json():  # the log says it, too
                print(
                    f"Serving at {settings.api_endpoint}; handlers register at {settings.server_address}.",
                    flush=True,
                )
            await stop.wait()
        return 0

    raise_descriptor_limit()
    return _until_stopped(serve)


def _doctor(options: argparse.Namespace, settings: Settings) -> int:
    from bot.health.doctor import doctor

    token = os.environ.get("DISCORD_TOKEN", "").strip()
    work = doctor(settings, token, options.config, server_only=options.server)
    return _until_stopped(lambda stop: _or_stopped(work, stop))


def _first_day(options: argparse.Namespace, settings: Settings) -> int:
    work = first_day_work(options, settings)
    return _until_stopped(work)


def _when(options: argparse.Namespace, settings: Settings) -> int:
    import json
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from schedulezero.errors import TriggerError, WhenError
    from schedulezero.when.calendar.triggers import run_date, zone_of
    from schedulezero.when.language.preview import preview, warnings
    from schedulezero.when.language.say import languages

    known = re.fullmatch(r"([A-Za-z]{2})(-([A-Za-z]{2}|[0-9]{3}))?", options.locale)
    if known is None or known[1].lower() not in languages():
        raise Unusable(
            f"--locale is {options.locale[:50]!r}; it must be one of {', '.join(languages())}, alone or with "
            "a country, such as en-GB.",
            USAGE,
        )
    try:
        zone = zone_of(options.timezone or settings.timezone).key
        now = run_date(options.now, ZoneInfo(zone), "--now") if options.now else datetime.now(UTC)
        found = preview(
            " ".join(options.text), zone=zone, locale=options.locale, now=now, count=options.count
        )
    except (WhenError, TriggerError) as error:
        return _complain(error.message, 2)
    if options.json:
        print(json.dumps(found.to_json(), ensure_ascii=not is_unicode()))
        return 0
    print(f"{found.sentence} ({found.zone})")
    for run in found.runs:
        print(f"  {run.astimezone(ZoneInfo(found.zone)):%a %Y-%m-%d %H:%M:%S %z}")
    for warning in (*found.notes, *warnings(found.schedule, found.zone, now, found.runs)):
        print(f"note: {warning}")
    for other in found.others:
        print(f"or: {other}")
    return 0


# ------------------------------------------------------------------ stopping


async def _or_stopped(work: Coroutine[Any, Any, int], stop: asyncio.Event) -> int:
    """Return the work's exit status, or INTERRUPTED once ``stop`` is set; for work without an end."""
    from schedulezero.background import run_in_background

    working = run_in_background(work, "the command", passed_on=(Exception,))
    stopping = run_in_background(stop.wait(), "the wait for a signal")
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return working.result()
    working.cancel()
    await asyncio.wait((working,))
    return INTERRUPTED


def _until_stopped(work: Work) -> int:
    """Run work on an event loop that the embedded server's sockets support, until it ends or is stopped.

    SIGINT, SIGTERM and SIGHUP (a closed terminal; not under ``nohup``) set the event that the work receives.
    A second signal ends the process at once.
    """

    stop = asyncio.Event()

    async def begin() -> int:
        return await work(stop)

    # zmq needs a loop with file descriptor watchers, which Windows' default loop doesn't have.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        loop = runner.get_loop()

        def told(number: int, _frame: object) -> None:
            signal.signal(number, signal.SIG_DFL)
            if not loop.is_closed():
                loop.call_soon_threadsafe(stop.set)

        for number in _STOPPING:
            if number != _HANGUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, told)
        raise_if_seen()
        try:
            return runner.run(begin())
        finally:
            runner.run(_end_the_rest())


async def _end_the_rest() -> None:
    """Cancel the tasks that still run, and leave those behind that go on all the same.

    Closing the loop would wait for such a task, somebody else's, without an end.
    """
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    left = (await asyncio.wait(rest, timeout=_REST_SECONDS))[1] if rest else ()
    for task in left:
        logging.getLogger(__name__).warning("%s went on after it was cancelled; it is left behind", task)
        asyncio._unregister_task(task)  # pyright: ignore[reportAttributeAccessIssue,reportUnknownMemberType]
