"""``token`` and ``keys``: control who may use the server over REST, and over ZeroMQ from other machines."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.exit_status import USAGE, Unusable

if TYPE_CHECKING:
    from bot.config import Settings


_KEY_LENGTH = 40


def add_token_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``token``."""
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    make = actions.add_parser("make", help="make a token; it is shown once")
    make.add_argument("name", help="what it is for, such as backup-script")
    make.add_argument(
        "--scope", choices=("read", "write", "admin"), default="read", help="what it may (default: read)"
    )
    actions.add_parser("list", help="show the tokens, without their secrets")
    revoke = actions.add_parser("revoke", help="revoke a token at once")
    revoke.add_argument("token", metavar="NAME", help="its name, or the id that `token list` shows")


def token(options: argparse.Namespace, settings: Settings) -> int:
    """Make, list or revoke a token; this works while the server runs."""
    return asyncio.run(_token(options, settings))


async def _token(options: argparse.Namespace, settings: Settings) -> int:
    from schedulezero.server.records.tables import metadata
    from schedulezero.server.records.tokens import Scope, TokenNameUnusable, TokenRefused, Tokens
    from schedulezero.storage.database import database_of

    absent = _absent_database(settings.database)
    if absent is not None and options.action != "make":
        raise Unusable(
            f"There is no database {absent}. Run this where the server runs, or give its --config."
        )
    database = database_of(settings.database, metadata)
    await database.open()
    try:
        tokens = Tokens(database)
        if options.action == "make":
            try:
                print(await tokens.make(options.name, Scope(options.scope)))
            except TokenNameUnusable as error:
                raise Unusable(error.message, USAGE) from error
            advice = "Keep it; it cannot be shown again. Use: Authorization: Bearer …"
            print(advice, file=sys.stderr)  # so that stdout holds only the token
            if (
                absent is not None
            ):  # not refused: a server beyond this machine needs one before its first start
                print(
                    f"Warning: this made a new database, {absent}. Only a server on it accepts the token. If "
                    "yours uses another one, run this where the server runs, or give its --config.",
                    file=sys.stderr,
                )
            return 0
        if options.action == "revoke":
            found = await tokens.revoke(options.token)
            if found is None:
                raise TokenRefused(
                    f"There is no token {options.token[:100]!r}; `token list` shows their names and ids."
                )
            print(f"Revoked {found.name} ({found.id}).")
            return 0
        known = await tokens.list()
        for item in known:
            print(f"{item.id}  {item.scope.value:5}  made {item.created_at:%Y-%m-%d}  {item.name}")
        if not known:
            print("There are no tokens.")
        return 0
    finally:
        await database.close()


def _absent_database(setting: str) -> Path | None:
    """Return the SQLite database if it would be created; raise DatabaseUnusable if it used to exist."""
    from schedulezero.storage.database import is_postgres_setting, sqlite_path
    from schedulezero.storage.sqlite_errors import explained
    from schedulezero.storage.sqlite_file import check, is_absent

    if is_postgres_setting(setting):
        return None
    path = sqlite_path(setting)
    with explained(path):
        absent = is_absent(path)
    if not absent:
        return None
    check(path)  # raises if the file used to exist
    return path


def with_joined_keys(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with ``--allow KEY`` as ``--allow=KEY``: a key may begin with a hyphen."""
    found: list[str] = []
    for argument in arguments:
        if found and found[-1] in ("--allow", "--revoke") and len(argument) == _KEY_LENGTH:
            found[-1] += f"={argument}"
        else:
            found.append(argument)
    return found


def add_keys_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``keys``."""
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--allow", metavar="KEY", help="let the holder of this public key in")
    change.add_argument(
        "--revoke",
        metavar="NAME",
        help="revoke a key at once, by its name or the key itself",
    )
    parser.add_argument("--name", help="with --allow: whose key it is, for the list")


def keys(options: argparse.Namespace, settings: Settings) -> int:
    """Print this side's public key and the keys it accepts; create the key pair if there is none.

    Changes take effect at once, even on a running server and for open connections.
    """
    from schedulezero.errors import NoSuchKey
    from schedulezero.wire.keys import load_keys

    if options.name is not None and options.allow is None:
        raise Unusable("--name goes with --allow: it says whose key is let in.", USAGE)
    new = not (folder := Path(settings.keys).absolute()).exists()
    ring = load_keys(settings.keys)
    try:
        if options.allow is not None:
            ring.allow(options.allow.strip(), options.name or "")
        if options.revoke is not None:
            key, name = ring.revoke(options.revoke)
            print(f"Revoked {f'{name} ({key})' if name else key}.")
    except NoSuchKey as error:
        raise Unusable(error.message, USAGE) from error
    if new:
        print(
            f"Warning: this made new keys in {folder}. If your bot or server has keys already, run this in "
            "its folder, or give its --config.",
            file=sys.stderr,
        )
    print(f"This side's public key: {ring.public}")
    print(f"Keys that are let in, this side's own among them ({ring.allowed_file}):")
    for key, name in ring.allowed().items():
        print(f"  {key}  {name}")
    return 0
