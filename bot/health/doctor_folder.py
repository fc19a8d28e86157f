"""``doctor``'s checks of the folder in which the bot starts: what hides our cogs, and which jobs are missing.

A bot of one's own is a ``bot.py`` there that loads ``cogs.schedulezero_cog``. It starts no server, and names
its sprockets itself.
"""

from __future__ import annotations

import ast
import asyncio
import re
import sys
from collections.abc import Collection, Iterator
from importlib.machinery import PathFinder
from pathlib import Path

import cogs
from bot.config import Settings
from bot.sprocket_specs import specs_of_sprockets
from cogs.health import Check, own_instance
from cogs.sprocket_loading import loader
from schedulezero.client.client import Client
from schedulezero.errors import ClientError

_LARGEST = 1_000_000
_OUR_COGS = Path(cogs.__file__ or "").resolve().parent
_LOADS_US = re.compile(r"""["']cogs\.schedulezero_cog["']""")
_SPROCKET = re.compile(r"""["'](?:cogs\.)?sprockets\.(\w+)_sprocket["']""")
LINES = "from pkgutil import extend_path; __path__ = extend_path(__path__, __name__)"
"""What a package `cogs` of somebody else needs, so that ours is found too."""


def sprockets_of(settings: Settings, folder: Path) -> tuple[str, ...]:
    """Return the sprockets that load at start: those in a bot of one's own, or in the settings."""
    own = _own_bot(folder)
    names = settings.sprockets if own is None else own
    return tuple(loader.present_name(name) for name in names)


def is_own_bot(folder: Path) -> bool:
    """Return whether a bot of one's own starts in a folder."""
    return _own_bot(folder) is not None


def unnamed_faults(named: Collection[str]) -> list[str]:
    """Return why sprockets in the owner's own folders can't be imported, for those that don't load at start.

    Parameters:
        named: the sprockets that load at start.
    """
    own = [item.name for item in loader.discover().values() if not item.version and item.name not in named]
    faults = (loader.fault_of(name) for name in sorted(own))
    return [fault for fault in faults if fault is not None]


def check_folder(folder: Path, *, running: bool) -> Iterator[Check]:
    """Check a bot of one's own in a folder; yields nothing if there is none.

    Parameters:
        folder: the folder in which the bot starts.
        running: whether the server answers.
    """
    if _own_bot(folder) is None:
        return
    finding, remedy = _hidden(folder)
    yield Check("folder", finding is None, finding or "bot.py loads ScheduleZero's cog", remedy)
    if not running:
        yield Check(
            "server",
            False,
            "not running, and `python bot.py` doesn't start it",
            "Run `schedulezero-bot server` in this folder first.",
        )


def _hidden(folder: Path) -> tuple[str | None, str | None]:
    """Return what hides our cogs from a program in a folder, and the remedy."""
    place = folder / "cogs"
    if place.resolve() == _OUR_COGS or not (place / "__init__.py").is_file():
        return None, None
    if (place / "schedulezero_cog.py").is_file():
        if PathFinder.find_spec("sprocket_loading", [str(place)]) is not None:
            return None, None  # a checkout
        return (
            "cogs/schedulezero_cog.py takes the place of ScheduleZero's",
            "Remove that file; ScheduleZero's own is found then.",
        )
    if "extend_path" in _text_of(place / "__init__.py") or _found_beside(place):
        return None, None
    return (
        "cogs/__init__.py hides ScheduleZero's cogs from `python bot.py`",
        f"Remove cogs/__init__.py, or write this line in it: {LINES}",
    )


def _found_beside(place: Path) -> bool:
    """Return whether our cogs are found beside another package `cogs`, as in an editable install."""
    return any(finder.find_spec("cogs.schedulezero_cog", [str(place)]) for finder in sys.meta_path)


async def check_registered(settings: Settings, client: Client, folder: Path) -> Check:
    """Check whether the server knows the jobs of the sprockets that load at start."""
    try:
        handlers = await client.handlers()
    except ClientError as error:
        return Check("jobs", False, "the server does not tell which jobs are registered", error.message)
    handler = own_instance(handlers, settings.handler_id, settings.handler_address)
    if handler is None:
        return Check("jobs", True, "not looked at, as the handler isn't registered")
    absent = {
        name: sorted(await asyncio.to_thread(_jobs_of, name) - set(handler.methods))
        for name in sprockets_of(settings, folder)
    }
    told = [f"“{name}” doesn't have {', '.join(jobs)} registered." for name, jobs in absent.items() if jobs]
    if not told:
        return Check("jobs", True, "those of each sprocket are registered")
    how = "Load it with `/load_sprocket`, or reload it; the bot's log says why it isn't loaded."
    return Check("jobs", False, f"{len(told)} sprockets are not registered", " ".join([*told, how]))


def _jobs_of(name: str) -> set[str]:
    """Return the jobs that a sprocket declares or registers by name."""
    file = loader.file_of(name)
    named = jobs_named_in(_text_of(file)) if file is not None else set[str]()
    return named | {spec.name for spec in specs_of_sprockets([name])}


def jobs_named_in(source: str) -> set[str]:
    """Return the names that a source registers as text, as in ``register_sprocket("name", …)``."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()  # the check of its import says so
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "register_sprocket"
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def _own_bot(folder: Path) -> tuple[str, ...] | None:
    """Return the sprockets that a bot of one's own names; None if there is no such bot."""
    text = _text_of(folder / "bot.py")
    return tuple(dict.fromkeys(_SPROCKET.findall(text))) if _LOADS_US.search(text) else None


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
