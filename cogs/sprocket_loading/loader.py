"""Check, load and reload sprockets. The slash commands are in `sprockets_cog`, and `places` finds sprockets.

A name that isn't a sprocket's is refused before anything is imported. A sprocket written for py-cord is
refused with a list of the edits it needs.
"""

from __future__ import annotations

import ast
import asyncio
import functools
import importlib.util
import logging
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from discord.ext import commands
from pydantic import BaseModel

from cogs.language import LANGUAGES
from cogs.services import Refused, handler_of, services_of
from cogs.sprocket_loading import swap
from cogs.sprocket_loading.owners import claimed_already
from cogs.sprocket_loading.places import (
    KIT,
    Found,
    available,
    clashes,
    discover,
    extension,
    extension_of,
    folders,
    is_in,
    loaded,
    look_around,
    look_in,
    own_version,
    present_name,
    replaced,
)
from cogs.sprocket_loading.sealing import seal_settings
from cogs.sprocket_loading.swap import NameTaken, SwapFailed, put_out, spec_of, take_in
from cogs.sprocket_texts import read_texts, set_texts
from schedulezero.methods.declaring import DeclarationError
from schedulezero.methods.spec import JobFunction
from schedulezero.sentences import Sentence

__all__ = [
    "Found", "available", "clashes", "cog_of", "discover", "extension", "fault_of", "file_of", "folders",
    "jobs_of", "load", "loaded", "look_around", "look_in", "own_version", "present_name", "pycord_edits",
    "reload", "replaced", "settled", "unload",
]  # fmt: skip

log = logging.getLogger(__name__)

CHANGED = "sprocket_changed"
"""The event after a sprocket was loaded or reloaded, as discord.py dispatches it."""
_LONGEST_REASON = 500
_locks: WeakKeyDictionary[commands.Bot, asyncio.Lock] = WeakKeyDictionary()

# Read as: an attribute of the module discord that only py-cord has, its replacement in discord.py.
_PYCORD_NAMES = {
    "Bot": "use commands.Bot, with `from discord.ext import commands`",
    "AutoShardedBot": "use commands.AutoShardedBot, with `from discord.ext import commands`",
    "ApplicationContext": "use discord.Interaction; ctx.respond is interaction.response.send_message",
    "slash_command": "use @app_commands.command(), with `from discord import app_commands`",
    "Option": "use a plain annotation and @app_commands.describe()",
    "Cog": "use commands.Cog, with `from discord.ext import commands`",
    "SlashCommandGroup": "use app_commands.Group",
}


def cog_of(bot: commands.Bot, name: str) -> commands.Cog | None:
    """Return the cog of a loaded sprocket that declares settings, if there is one."""
    cogs = _cogs_of(bot, extension(name, bot))
    found = (cog for cog in cogs if isinstance(getattr(cog, "settings", None), type))
    return next(found, None)


def jobs_of(bot: commands.Bot, name: str) -> dict[str, JobFunction]:
    """Return the jobs of a loaded sprocket by name.

    They are the functions defined in its module or package, and those in its cog's ``jobs``, wherever
    defined.
    """
    module = extension(name, bot)  # once: this scans every folder where packages may be installed
    kept = [getattr(cog, "jobs", None) for cog in _cogs_of(bot, module)]
    listed = {id(job) for jobs in kept if isinstance(jobs, Mapping) for job in jobs.values()}
    return {
        method: function
        for method, function in handler_of(bot).sprockets.items()
        if id(function) in listed or is_in(module, getattr(function, "__module__", None))
    }


def _cogs_of(bot: commands.Bot, extension: str) -> list[commands.Cog]:
    return [cog for cog in bot.cogs.values() if is_in(extension, cog.__module__)]


async def settled(bot: commands.Bot) -> None:
    """Wait while sprockets are being loaded or unloaded: the bot is half changed in between."""
    async with _turns(bot):
        return


async def load(bot: commands.Bot, name: str) -> list[str]:
    """Load a sprocket and return the names of its job methods."""
    module = _checked(name, bot)
    async with _turns(bot):
        if module in bot.extensions:
            raise Refused(
                "“{name}” is already loaded. To pick up changes, use `/reload_sprocket`.",
                code="sprocket_loaded_already",
                name=name,
            )
        return await _change(bot, name, module)


async def reload(bot: commands.Bot, name: str) -> list[str]:
    """Reload a sprocket; on an error the old one keeps running."""
    module = _checked(name, bot)
    async with _turns(bot):
        if module not in bot.extensions:
            raise Refused(
                "“{name}” isn't loaded. To load it, use `/load_sprocket`.",
                code="sprocket_not_loaded",
                name=name,
            )
        return await _change(bot, name, module)


async def unload(bot: commands.Bot, name: str) -> None:
    """Unload a sprocket and remove its job methods."""
    async with _turns(bot):
        if name not in available() or extension(name, bot) not in bot.extensions:
            there = loaded(bot)
            if not there:
                raise Refused(
                    "“{name}” isn't loaded. There are no sprockets loaded.",
                    code="no_sprockets_loaded",
                    name=name,
                )
            raise Refused(
                "“{name}” isn't loaded. Loaded: {loaded}.",
                code="sprocket_not_among_loaded",
                name=name,
                loaded=", ".join(there),
            )
        try:
            module = extension(name, bot)
            await put_out(bot, module, set(jobs_of(bot, name)))
            set_texts(module, None)
        except Exception as error:
            raise Refused(
                "“{name}” couldn't be unloaded: {reason}",
                code="sprocket_not_unloadable",
                name=name,
                reason=_reason(error),
            ) from error


async def _change(bot: commands.Bot, name: str, module: str) -> list[str]:
    """Load or reload a sprocket; on a failure, raise Refused with the reason and leave the bot unchanged."""
    own = set(jobs_of(bot, name)) if module in bot.extensions else set[str]()
    before = set(handler_of(bot).sprockets) - own
    texts = await asyncio.to_thread(_texts_of, name)
    try:
        await take_in(bot, module, own)
    except SwapFailed as failed:
        error = failed.__cause__ or failed
        if isinstance(error, NameTaken):
            raise claimed_already(name, error.method, _owner(bot, error.holder)) from error
        if isinstance(error, commands.ExtensionFailed) and isinstance(error.original, Refused):
            raise error.original from error
        log.warning("sprocket %r could not be loaded", name, exc_info=error)
        if isinstance(error.__cause__ if isinstance(error, commands.ExtensionError) else error, TimeoutError):
            seconds = f"{swap.LONGEST_SECONDS:g}"
            raise Refused(
                "“{name}” couldn't be loaded: it wasn't ready after {seconds} s.",
                code="sprocket_not_ready",
                name=name,
                seconds=seconds,
            ) from error
        raise _not_loadable(name, error) from error
    set_texts(module, texts)
    model = getattr(cog_of(bot, name), "settings", None)
    if isinstance(model, type) and issubclass(model, BaseModel):
        await seal_settings(services_of(bot).memory, name, model)
    bot.dispatch(CHANGED)
    return sorted(set(handler_of(bot).sprockets) - before)


def _texts_of(name: str) -> Any:
    """Return the translations that a sprocket brings; raise Refused if they can't be read."""
    file = file_of(name)
    try:
        return read_texts(file, LANGUAGES) if file is not None else None
    except Exception as error:
        raise Refused(
            "“{name}” couldn't be loaded, because its translations can't be read: “{reason}”.",
            code="sprocket_texts_unreadable",
            name=name,
            reason=str(error),
        ) from error


def _not_loadable(name: str, error: BaseException) -> Refused:
    return Refused(
        "“{name}” couldn't be loaded: {reason}",
        code="sprocket_not_loadable",
        name=name,
        reason=_reason(error),
    )


def _reason(error: BaseException) -> str:
    """Return why a sprocket could not be loaded, imported or unloaded."""
    if isinstance(error, commands.ExtensionError):
        error = error.__cause__ or getattr(error, "original", None) or error
    if isinstance(error, TimeoutError):
        return Sentence(
            "it took longer than {seconds} s.", "sprocket_slow", seconds=f"{swap.LONGEST_SECONDS:g}"
        )
    declared = isinstance(error, DeclarationError)
    last = str(error) if declared else traceback.format_exception_only(error)[-1].strip()
    last = last if len(last) <= _LONGEST_REASON else f"{last[:_LONGEST_REASON]}…"
    place = _place_of(error)
    if place is None:
        return last
    file, line = place
    if line is None:
        return f"{last} ({file})"
    return Sentence("{error} ({file}, line {line})", "sprocket_error_at", error=last, file=file, line=line)


def _place_of(error: BaseException) -> tuple[str, int | None] | None:
    """Return the file of a sprocket, and the line, where an error arose; None if it arose elsewhere."""
    if isinstance(error, DeclarationError) and error.place is not None:
        return _shown(Path(error.place.file)), error.place.line
    frames = traceback.extract_tb(error.__traceback__)
    places = [(frame.filename, frame.lineno) for frame in frames]
    if isinstance(error, SyntaxError) and error.filename is not None:
        places.append((error.filename, error.lineno))
    for name, line in reversed(places):
        file = Path(name)
        if file.is_relative_to(KIT):
            continue  # it says what is wrong in the sprocket
        for folder in folders():
            if file.is_relative_to(folder) or file.is_relative_to(folder.resolve()):
                return _shown(file), line
    return _place_of(error.__cause__) if error.__cause__ is not None else None


def _shown(file: Path) -> str:
    """Return a sprocket's file as seen from the current folder, without the folders of this machine."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else Path(*file.parts[-2:]))


def _turns(bot: commands.Bot) -> asyncio.Lock:
    """Return the lock for loading and unloading, since each compares the bot before and after its change."""
    return _locks.setdefault(bot, asyncio.Lock())


def _owner(bot: commands.Bot, function: JobFunction) -> str:
    owners = (name for name in loaded(bot) if function in jobs_of(bot, name).values())
    return next((f"“{name}”" for name in owners), str(getattr(function, "__module__", "another sprocket")))


def _checked(name: str, bot: commands.Bot | None = None) -> str:
    """Return the module of a sprocket that can be loaded, or is; raise Refused with the reason."""
    found = discover()
    if name not in found:
        raise Refused(
            "There is no sprocket called “{name}”. Available: {known}.",
            code="sprocket_missing",
            name=name[:50],
            known=sorted(found),
        )
    module = extension_of(found[name], bot)
    try:
        spec = spec_of(module)
    except Exception as error:
        raise _not_loadable(name, error) from error
    if spec is None or spec.origin is None:
        raise Refused("The file for “{name}” can't be found.", code="sprocket_file_missing", name=name)
    try:
        source = importlib.util.decode_source(Path(spec.origin).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return module  # compiled or unreadable; the import reports which
    edits = pycord_edits(source)
    if edits:
        listed = "\n".join(f"- {edit}" for edit in edits)
        raise Refused(
            "“{name}” is written for py-cord, and I run on discord.py. It needs these edits:\n{listed}",
            code="sprocket_for_pycord",
            name=name,
            listed=listed,
        )
    return module


def file_of(name: str) -> Path | None:
    """Return the file of a sprocket; None if there is none."""
    try:
        spec = spec_of(extension(name))
    except Exception:  # noqa: BLE001 - a package above it may raise anything; `fault_of` says what
        return None
    return Path(spec.origin) if spec is not None and spec.origin is not None else None


def fault_of(name: str) -> str | None:
    """Return why a sprocket cannot be imported; None if it can. Nothing stays loaded."""
    try:
        swap.import_alone(_checked(name))
    except Refused as refused:
        return refused.message
    except Exception as error:  # noqa: BLE001 - a sprocket may raise anything; the answer says what
        return f"“{name}” cannot be imported: {_reason(error)}"
    return None


@functools.lru_cache(maxsize=64)
def pycord_edits(source: str) -> tuple[str, ...]:
    """Return the edits that port a sprocket's source from py-cord; empty if it needs none."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()  # the import reports it better
    edits: list[str] = []
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "discord"
            and node.attr in _PYCORD_NAMES
        ):
            edits.append(f"line {node.lineno}: `discord.{node.attr}`: {_PYCORD_NAMES[node.attr]}.")
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in ("setup", "teardown"):
            edits.append(f"line {node.lineno}: make it `async def {node.name}(bot)`.")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "setup":
            awaited = {id(item.value) for item in ast.walk(node) if isinstance(item, ast.Await)}
            edits += [
                f"line {call.lineno}: write `await bot.{call.func.attr}(…)`."
                for call in ast.walk(node)
                if isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr in ("add_cog", "load_extension")
                and id(call) not in awaited
            ]
    return tuple(sorted(set(edits), key=lambda edit: int(edit.split()[1].rstrip(":"))))
