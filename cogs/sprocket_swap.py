"""Takes a sprocket in, or leaves the bot as it was: whatever goes wrong, nothing stays half done.

The new module is imported before the old one is touched, so that most faults disturb nothing. Only then is
the old one unloaded and the new one set up. When that fails, what the new one left is removed and the old
one is set up again from the module that was loaded. discord.py's own `reload_extension` does less: it unloads
first, and what is no `Exception` (a time-out, `SystemExit`) leaves neither of the two.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import logging
import sys
from collections.abc import Generator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import discord
from discord.ext import commands

from schedulezero.methods import JobFunction

log = logging.getLogger(__name__)

LONGEST_SECONDS = 30.0
"""How long a sprocket may take to be set up."""


class SwapFailed(Exception):
    """The new sprocket could not be taken in; its cause says why, and the bot is as it was."""


class NameTaken(Exception):
    """A sprocket claims a job that another one has.

    Parameters:
        method: the job's name.
        holder: the function that has it.
    """

    def __init__(self, method: str, holder: JobFunction) -> None:
        super().__init__(f"the job {method} is taken")
        self.method = method
        self.holder = holder


async def take_in(bot: commands.Bot, name: str, own: set[str]) -> None:
    """Loads an extension, or puts its new version in the place of the loaded one.

    Parameters:
        bot: that gets it.
        name: the extension's.
        own: the jobs that it has now, and may bring again.

    Raises SwapFailed.
    """
    old = bot.extensions.get(name)
    jobs = _jobs(bot)
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
        async with asyncio.timeout(LONGEST_SECONDS):
            await _set_up(bot, name, new)
            await before.ready_listeners()
        for method, function in jobs.items():
            if method not in own and _jobs(bot).get(method) is not function:
                raise NameTaken(method, function)
    except BaseException as error:
        # Also when it is cancelled: only then does the caller go on.
        await asyncio.shield(_restore(bot, name, old, before, jobs, own))
        _put_back(name, modules, path)
        if isinstance(error, Exception | SystemExit):
            raise SwapFailed from error
        raise
    sys.path[:] = path


async def put_out(bot: commands.Bot, name: str, own: set[str]) -> None:
    """Unloads an extension; its jobs are gone, whether or not it unregisters them itself."""
    await bot.unload_extension(name)
    for method in own:
        _registry(bot).unregister_sprocket(method)


async def _restore(
    bot: commands.Bot,
    name: str,
    old: ModuleType | None,
    before: _Parts,
    jobs: dict[str, JobFunction],
    own: set[str],
) -> None:
    """Removes what a new sprocket left, and sets up the old one again."""
    if name in bot.extensions:
        with contextlib.suppress(commands.ExtensionError):
            await bot.unload_extension(name)
    await before.remove_others()
    if old is not None:
        parts = _Parts(bot)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                await _set_up(bot, name, old)
                await parts.ready_listeners()
        except Exception:
            log.exception("the sprocket %s, which ran before, could not be set up again", name)
    registry, now = _registry(bot), _jobs(bot)
    for method in now.keys() - jobs.keys():
        registry.unregister_sprocket(method)
    for method, function in jobs.items():
        # Its own jobs have been registered again by the old cog, unless that could not be set up.
        if now.get(method) is not function and (method not in own or old is not None):
            registry.register_sprocket(method, function)


def _imported(name: str) -> ModuleType:
    """A new module of that name, which has ``setup``; it stands in `sys.modules` afterwards."""
    importlib.invalidate_caches()
    for module in _modules_of(name):
        del sys.modules[module]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise commands.ExtensionNotFound(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SystemExit as error:
        raise ImportError(f"it ends the program when it is imported (SystemExit: {error})") from error
    if not callable(getattr(module, "setup", None)):
        raise commands.NoEntryPointError(name)
    return module


async def _set_up(bot: commands.Bot, name: str, module: ModuleType) -> None:
    """Has discord.py load an extension from a module that is imported already."""
    imported = _modules_of(name)
    spec = module.__spec__
    sys.modules.pop(name, None)
    with _offered(name, module):
        await bot.load_extension(name)
    module.__spec__ = spec
    sys.modules.update(imported)
    sys.modules[name] = module


class _Offered(MetaPathFinder, Loader):
    """Gives one module, as it is, to whoever imports it."""

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
        """Does nothing: it was carried out when it was imported."""


@contextlib.contextmanager
def _offered(name: str, module: ModuleType) -> Generator[None]:
    finder = _Offered(name, module)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Parts:
    """The cogs, listeners and commands that a bot has at a moment."""

    def __init__(self, bot: commands.Bot) -> None:
        self._bot = bot
        self._cogs = dict(bot.cogs)
        self._listeners = {event: list(items) for event, items in bot.extra_events.items()}
        self._commands = set(bot.commands)
        self._app_commands = _app_commands(bot)

    async def ready_listeners(self) -> None:
        """Calls the ``on_ready`` listeners that came since; the event itself does not come again."""
        if self._bot.is_ready():
            known = self._listeners.get("on_ready", [])
            for listener in list(self._bot.extra_events.get("on_ready", ())):
                if listener not in known:
                    await listener()

    async def remove_others(self) -> None:
        """Removes what came since."""
        bot = self._bot
        for cog_name, cog in dict(bot.cogs).items():
            if self._cogs.get(cog_name) is not cog:
                await bot.remove_cog(cog_name)
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


def _registry(bot: commands.Bot) -> Any:
    return bot.get_cog("ScheduleZeroCog")


def _jobs(bot: commands.Bot) -> dict[str, JobFunction]:
    return dict(_registry(bot).handler.sprockets)


def _modules_of(name: str) -> dict[str, ModuleType]:
    """The modules of an extension: itself, and what is below it."""
    return {key: item for key, item in list(sys.modules.items()) if key == name or key.startswith(f"{name}.")}


def _put_back(name: str, modules: dict[str, ModuleType], path: list[str]) -> None:
    for module in _modules_of(name):
        if module not in modules:
            del sys.modules[module]
    sys.modules.update(modules)
    parent, _, last = name.rpartition(".")
    if name in modules and parent in sys.modules:
        setattr(sys.modules[parent], last, modules[name])
    sys.path[:] = path
