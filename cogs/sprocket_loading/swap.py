"""Load or reload a sprocket, or leave the bot unchanged: no failure leaves it half done.

The new module is imported before the old one is touched, so that most faults change nothing. Only then is the
old one unloaded and the new one set up. If that fails, the leftovers of the new one are removed and the old
one is set up again from its loaded module. discord.py's own `reload_extension` does less: it unloads first,
and after anything other than an `Exception` (a cancelled time-out, `SystemExit`) neither of them is loaded.
Once an extension is set up, `watching` calls its ``on_ready`` listeners.

A sprocket's own code runs as a task that is abandoned if it takes too long, even if it ignores cancellation,
and whatever it raises becomes an `Exception`, so that it can neither block nor end the bot.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import logging
import sys
import traceback
from collections.abc import Coroutine, Generator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import discord
from discord.ext import commands

from cogs.services import handler_of
from cogs.sprocket_loading.awaits import expect_awaited
from schedulezero.background import run_in_background
from schedulezero.interrupts import is_its_own
from schedulezero.methods.host import Registry, registry_of
from schedulezero.methods.spec import JobFunction

log = logging.getLogger(__name__)

LONGEST_SECONDS = 30.0
"""How long a sprocket's setup may take."""
_CANCEL_SECONDS = 1.0
"""How long its code may take to end once it is cancelled."""
_LONGEST_REASON = 300
_CLOCKS_GRAIN = 2
"""Whole seconds within which two times of files may be the same: FAT keeps every other second."""


class SwapFailed(Exception):
    """The new sprocket could not be loaded; the cause says why, and the bot is unchanged."""


class NameTaken(Exception):
    """A sprocket claims a job name that is already taken.

    Parameters:
        method: the job's name.
        holder: the function that holds it.
    """

    def __init__(self, method: str, holder: JobFunction) -> None:
        super().__init__(f"the job {method} is taken")
        self.method = method
        self.holder = holder


async def take_in(bot: commands.Bot, name: str, own: set[str]) -> None:
    """Load an extension, or replace the loaded one with its new version.

    Parameters:
        bot: the bot.
        name: the extension's name.
        own: the jobs that it has now, and may register again.

    Raises SwapFailed.
    """
    old = bot.extensions.get(name)
    jobs = dict(handler_of(bot).sprockets)
    modules, path = _modules_of(name), list(sys.path)
    try:
        new = _imported(name)
    except Exception as error:
        _put_back(name, modules, path)
        raise SwapFailed from error
    before = _Parts(bot)
    try:
        if old is not None:
            await put_out(bot, name, own)
            before = _Parts(bot)
        await _set_up(bot, name, new)
        for method, function in jobs.items():
            if method not in own and handler_of(bot).sprockets.get(method) is not function:
                raise NameTaken(method, function)
    except BaseException as error:
        # Shielded, so that a cancellation continues only after the bot is restored.
        await asyncio.shield(_restore(bot, name, old, before, jobs, own))
        _put_back(name, modules, path)
        if isinstance(error, Exception):
            raise SwapFailed from error
        raise
    sys.path[:] = path


async def put_out(bot: commands.Bot, name: str, own: set[str]) -> None:
    """Unload an extension and remove its jobs, whether or not it unregisters them itself."""
    try:
        await _unload(bot, name)
    finally:
        for method in own:
            _registry(bot).unregister_sprocket(method)


async def _unload(bot: commands.Bot, name: str) -> None:
    try:
        await bounded(bot.unload_extension(name))
    except commands.ExtensionError:
        raise
    except Exception as error:
        # Its cogs are already gone, so the code that stopped the unloading is not called again.
        log.warning("the sprocket %s could not be unloaded in order", name, exc_info=error)
        if name in bot.extensions:
            await bounded(bot.unload_extension(name))


async def _restore(
    bot: commands.Bot,
    name: str,
    old: ModuleType | None,
    before: _Parts,
    jobs: dict[str, JobFunction],
    own: set[str],
) -> None:
    """Remove the leftovers of a new sprocket, and set up the old one again."""
    if name in bot.extensions:
        try:
            await _unload(bot, name)
        except Exception:
            log.exception("the refused sprocket %s could not be unloaded", name)
    await before.remove_others()
    if old is not None:
        try:
            await _set_up(bot, name, old)
        except Exception:
            log.exception("the sprocket %s, which ran before, could not be set up again", name)
    registry, now = _registry(bot), dict(handler_of(bot).sprockets)
    for method in now.keys() - jobs.keys():
        registry.unregister_sprocket(method)
    for method, function in jobs.items():
        # The old cog has registered its own jobs again, unless its setup failed.
        if now.get(method) is not function and (method not in own or old is not None):
            registry.register_sprocket(method, function)


def _imported(name: str) -> ModuleType:
    """Import a new module of that name and check for ``setup``; it stays in `sys.modules`."""
    importlib.invalidate_caches()
    for module in _modules_of(name):
        del sys.modules[module]
    spec = spec_of(name)
    if spec is None or spec.loader is None:
        raise commands.ExtensionNotFound(name)
    forget_bytecode(spec)
    with _own_code():
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        ready = callable(getattr(module, "setup", None))
    if not ready:
        raise commands.NoEntryPointError(name)
    expect_awaited(module)
    return module


def forget_bytecode(spec: ModuleSpec) -> None:
    """Delete an extension's cached bytecode where Python could take it for that of a later edit.

    Python trusts bytecode if the source's size and whole second of modification are the same (PEP 552). A
    quick edit can keep both, unless the bytecode was written in a later second than the source it is made of.
    """
    cached = [Path(spec.cached)] if spec.cached else []
    for folder in spec.submodule_search_locations or ():
        cached += Path(folder).rglob("*.pyc")
    for path in cached:
        with contextlib.suppress(OSError, NotImplementedError, ValueError):
            source = Path(importlib.util.source_from_cache(str(path)))
            if int(path.stat().st_mtime) > int(source.stat().st_mtime) + _CLOCKS_GRAIN:
                continue
        with contextlib.suppress(OSError):  # where it can't be deleted, Python couldn't write it either
            path.unlink()


def import_alone(name: str) -> None:
    """Import an extension as `take_in` would, and remove it again; raise any fault."""
    modules, path = _modules_of(name), list(sys.path)
    try:
        _imported(name)
    finally:
        _put_back(name, modules, path)


def spec_of(name: str) -> ModuleSpec | None:
    """Return an extension's module spec; this imports its parent packages, which may raise any Exception."""
    with _own_code():
        return importlib.util.find_spec(name)


@contextlib.contextmanager
def _own_code() -> Generator[None]:
    """Convert exceptions of a sprocket that are not an Exception, such as SystemExit, to one."""
    try:
        yield
    except Exception:
        raise
    except BaseException as error:
        if not is_its_own(error):
            raise
        raise RuntimeError(_said(error)) from error


def _said(error: BaseException) -> str:
    last = traceback.format_exception_only(error)[-1].strip()
    return f"it stops with {last}"[:_LONGEST_REASON]


async def bounded(work: Coroutine[Any, Any, object], seconds: float | None = None) -> None:
    """Run a sprocket's own code with a time limit, by default `LONGEST_SECONDS`.

    Raises TimeoutError if it takes longer, RuntimeError if it raises anything other than an Exception.
    """
    # A task that ends with SystemExit would end the event loop, so the task returns its exception instead.
    task = run_in_background(_outcome(work), "a sprocket's own code")
    try:
        await asyncio.wait((task,), timeout=LONGEST_SECONDS if seconds is None else seconds)
    finally:
        if late := not task.done():
            task.cancel()
            await asyncio.wait((task,), timeout=_CANCEL_SECONDS)
            if not task.done():
                log.warning("a sprocket's code ignores that it is cancelled, and is left to itself")
    if late:
        raise TimeoutError
    if (error := task.result()) is not None:
        raise error


async def _outcome(work: Coroutine[Any, Any, object]) -> Exception | None:
    try:
        with _own_code():
            await work
    except Exception as error:  # noqa: BLE001 - it belongs to whoever waits
        return error
    return None


async def _set_up(bot: commands.Bot, name: str, module: ModuleType) -> None:
    """Let discord.py load an extension from an already imported module."""
    imported = _modules_of(name)
    spec: ModuleSpec | None = module.__spec__
    setup: Any = getattr(module, "setup", None)

    async def bounded_setup(bot: commands.Bot) -> None:
        async def own() -> None:
            await setup(bot)

        await bounded(own())

    sys.modules.pop(name, None)
    # So that anything it does after it was abandoned no longer reaches discord.py.
    vars(module)["setup"] = bounded_setup
    try:
        with _offered(name, module):
            # Twice the time: if the setup fails, discord.py's cleanup runs a cog's own code as well.
            await bounded(bot.load_extension(name), 2 * LONGEST_SECONDS + _CANCEL_SECONDS)
    finally:
        vars(module)["setup"] = setup
        module.__spec__ = spec
    sys.modules.update(imported)
    sys.modules[name] = module


class _Offered(MetaPathFinder, Loader):
    """Return one existing module to any import of its name."""

    def __init__(self, name: str, module: ModuleType) -> None:
        self._name, self._module = name, module

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        origin = getattr(self._module, "__file__", None)
        spec = ModuleSpec(fullname, self, origin=origin, is_package=hasattr(self._module, "__path__"))
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the module was executed when it was imported."""


@contextlib.contextmanager
def _offered(name: str, module: ModuleType) -> Generator[None]:
    finder = _Offered(name, module)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Parts:
    """A snapshot of a bot's cogs, listeners and commands."""

    def __init__(self, bot: commands.Bot) -> None:
        self._bot = bot
        self._cogs = dict(bot.cogs)
        self._listeners = {event: list(items) for event, items in bot.extra_events.items()}
        self._commands = set(bot.commands)
        self._app_commands = _app_commands(bot)

    async def remove_others(self) -> None:
        """Remove everything added since."""
        bot = self._bot
        for cog_name, cog in dict(bot.cogs).items():
            if self._cogs.get(cog_name) is not cog:
                try:
                    await bounded(bot.remove_cog(cog_name))
                except Exception:
                    log.exception("the cog %s of a refused sprocket could not be removed in order", cog_name)
        for event, items in {event: list(items) for event, items in bot.extra_events.items()}.items():
            for listener in items:
                if listener not in self._listeners.get(event, []):
                    bot.remove_listener(listener, event)
        for command in set(bot.commands) - self._commands:
            bot.remove_command(command.name)
        for key, command in _app_commands(bot).items():
            if key not in self._app_commands:
                bot.tree.remove_command(command.name, type=key[1])


def _app_commands(bot: commands.Bot) -> dict[tuple[str, Any], Any]:
    return {
        (item.name, getattr(item, "type", discord.AppCommandType.chat_input)): item
        for item in bot.tree.get_commands()
    }


def _registry(bot: commands.Bot) -> Registry:
    registry = registry_of(bot)
    assert registry is not None, "ScheduleZeroCog is loaded before any sprocket"
    return registry


def _modules_of(name: str) -> dict[str, ModuleType]:
    """Return the modules of an extension: itself and its submodules."""
    module = sys.modules.get(name)
    found = {} if module is None else {name: module}
    if module is None or hasattr(module, "__path__"):  # thousands of modules may be loaded
        inner = f"{name}."
        found |= {key: sys.modules[key] for key in list(sys.modules) if key.startswith(inner)}
    return found


def _put_back(name: str, modules: dict[str, ModuleType], path: list[str]) -> None:
    for module in _modules_of(name):
        if module not in modules:
            del sys.modules[module]
    sys.modules.update(modules)
    parent, _, last = name.rpartition(".")
    if name in modules and parent in sys.modules:
        setattr(sys.modules[parent], last, modules[name])
    sys.path[:] = path
