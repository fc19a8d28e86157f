"""``first-day``: its arguments, and whether it can ask a person."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.config import Settings

_FILE = "first-day.md"


def add_first_day_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``first-day``."""
    parser.add_argument(
        "--guild", type=_id, required=True, metavar="ID", help="the test server, in which the bot is"
    )
    parser.add_argument(
        "--person",
        type=_id,
        metavar="ID",
        help="a member who agrees to get direct messages; jobs run in this name (default: the server's "
        "owner, without direct messages)",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask, and skip what only a person can do")
    parser.add_argument("--even-so", action="store_true", help="also in a server with more than ten members")
    parser.add_argument(
        "--report", default=_FILE, metavar="FILE", help=f"where the report goes (default: {_FILE})"
    )


def first_day_work(
    options: argparse.Namespace, settings: Settings
) -> Callable[[asyncio.Event], Awaitable[int]]:
    """Return the work of the command. Raises Unusable if it lacks something that it needs."""
    from bot.cli.exit_status import USAGE, Unusable
    from bot.first_day.day import first_day
    from bot.first_day.preparing import Wishes
    from bot.first_day.terminal import Terminal

    token = os.environ.get("DISCORD_TOKEN", "").strip()
    if not token:
        raise Unusable("There is no token: set DISCORD_TOKEN to the bot's token.", USAGE)
    if not options.yes and not sys.stdin.isatty():
        raise Unusable("There is no terminal to ask for consent; give --yes.", USAGE)
    file = Path(options.report)
    if not file.parent.is_dir() or file.is_dir():
        raise Unusable(f"The report can't be written to {options.report[:200]!r}.", USAGE)
    wishes = Wishes(options.guild, options.person, options.yes, options.even_so, file)
    return lambda stop: first_day(settings, token, wishes, Terminal(), stop)


def _id(text: str) -> int:
    if re.fullmatch(r"[0-9]{15,20}", text.strip()) is None or int(text) >= 2**64:
        raise argparse.ArgumentTypeError(f"{text[:50]!r} is not an id of Discord")
    return int(text)
