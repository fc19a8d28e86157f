"""Keeps the registry of jobs in step with the sprockets, whichever way they come and go.

A sprocket registers its jobs in an ``on_ready`` listener. That event doesn't fire again for one that comes
while the bot runs, and discord.py has no event for a cog that is added or removed. So while ScheduleZeroCog
is loaded, the bot's own methods `add_cog`, `remove_cog`, `load_extension`, `unload_extension` and
`reload_extension` are replaced by those of `Watch`. They do the same, and then call the new ``on_ready``
listeners, or unregister the jobs of what is gone; `owners` knows whose job each is. If the bot's application
commands have changed, they dispatch the event `COMMANDS_CHANGED`, except while the bot closes: `close`, which
unloads everything, is replaced, too. Cogs and extensions that aren't sprockets are left alone.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from discord.ext import commands

from cogs.sprocket_loading.owners import Owners
from cogs.sprocket_loading.places import is_in, is_sprocket
from cogs.sprocket_loading.swap import bounded, forget_bytecode, spec_of
from schedulezero.methods.host import Registry
from schedulezero.methods.spec import JobFunction

log = logging.getLogger(__name__)

COMMANDS_CHANGED = "sprocket_commands_changed"
"""The event after a sprocket brought or took application commands, as discord.py dispatches it."""
_WATCHED = ("add_cog", "remove_cog", "load_extension", "unload_extension", "reload_extension", "close")


class Watch:
    """Follows the sprockets of a bot from `begin` to `end`.

    Parameters:
        bot: the bot.
        jobs: the registered jobs by name.
        registry: registers and unregisters them.
        owners: whose job each is.
    """

    def __init__(
        self, bot: commands.Bot, jobs: Mapping[str, JobFunction], registry: Registry, owners: Owners
    ) -> None:
        self._bot = bot
        self._jobs = jobs
        self._registry = registry
        self._owners = owners
        self._called: list[Any] = []
        self._real: dict[str, Any] = {}
        self._own: dict[str, Any] = {}
        self._closing = False

    def begin(self) -> None:
        """Replace the bot's methods."""
        for name in _WATCHED:
            self._real[name] = getattr(self._bot, name)
            if name in vars(self._bot):
                self._own[name] = vars(self._bot)[name]
            setattr(self._bot, name, getattr(self, f"_{name}"))

    def end(self) -> None:
        """Put the bot's methods back."""
        for name in self._real:
            if vars(self._bot).get(name) != getattr(self, f"_{name}"):
                continue  # somebody replaced it since, and calls ours
            if name in self._own:
                setattr(self._bot, name, self._own[name])
            else:
                delattr(self._bot, name)

    async def greet(self) -> None:
        """Call the ``on_ready`` listeners of all sprockets that are loaded, as after a change of registry."""
        for listener in self._listeners():
            if is_sprocket(module := _module_of(listener)):
                with self._owners.acting(self._extension_of(module), refusing=False):
                    await self._call([listener])

    def _listeners(self) -> list[Any]:
        return list(self._bot.extra_events.get("on_ready", ()))

    async def _call(self, listeners: Iterable[Any]) -> None:
        """Call ``on_ready`` listeners that weren't called since they were added, if the bot is ready."""
        self._prune()
        if not self._bot.is_ready():
            return
        for listener in listeners:
            if listener not in self._called:
                self._called.append(listener)
                await bounded(listener())

    async def _call_new(self, known: Sequence[Any]) -> None:
        await self._call([item for item in self._listeners() if item not in known])

    def _prune(self) -> None:
        present = self._listeners()
        self._called = [item for item in self._called if item in present]

    def _forget(self, extension: str, methods: Iterable[JobFunction] = (), *, whole: bool = True) -> None:
        """Unregister an extension's jobs: the given ones or, if it is gone as a ``whole``, all of them."""
        given = {id(function) for function in methods}
        for name, function in dict(self._jobs).items():
            if self._owners.belongs_to_other(name, extension):
                continue
            own = self._owners.owner(name) == extension or is_in(
                extension, getattr(function, "__module__", None)
            )
            if id(function) in given or (whole and own):
                self._registry.unregister_sprocket(name)

    def _extension_of(self, module: str) -> str:
        """Return the extension to which a module belongs, or the module itself."""
        return self._owners.extension_of(module) or module

    @contextmanager
    def _telling_of_commands(self) -> Generator[None]:
        """Dispatch an event if the bot's application commands have changed by the end of the block."""
        before = self._bot.tree.get_commands()
        try:
            yield
        finally:
            if self._bot.tree.get_commands() != before and not self._closing:
                self._bot.dispatch(COMMANDS_CHANGED)

    # ------------------------------------------------------------------ in place of the bot's methods

    async def _close(self) -> None:
        self._closing = True
        await self._real["close"]()

    async def _add_cog(self, cog: commands.Cog, /, **options: Any) -> None:
        known = self._listeners()
        if not is_sprocket(cog.__module__) or self._owners.busy:
            # Once its extension is set up, all of its listeners are called.
            await self._real["add_cog"](cog, **options)
            return
        with self._telling_of_commands():
            await self._real["add_cog"](cog, **options)
            try:
                with self._owners.acting(self._extension_of(cog.__module__)):
                    await self._call_new(known)
            except BaseException:
                await self._remove_cog(cog.qualified_name)
                raise

    async def _remove_cog(self, name: str, /, **options: Any) -> commands.Cog | None:
        cog = self._bot.get_cog(name)
        if cog is None or not is_sprocket(cog.__module__):
            try:
                return await self._real["remove_cog"](name, **options)
            finally:
                self._prune()
        extension = self._extension_of(cog.__module__)
        try:
            with self._telling_of_commands(), self._owners.acting(extension):
                return await self._real["remove_cog"](name, **options)
        finally:
            self._prune()
            if self._bot.get_cog(name) is not cog:
                jobs = getattr(cog, "jobs", None)
                own = list(jobs.values()) if isinstance(jobs, Mapping) else []
                others = [item for item in self._bot.cogs.values() if is_in(extension, item.__module__)]
                self._forget(extension, own, whole=not others)

    async def _load_extension(self, name: str, *, package: str | None = None) -> None:
        full = _full_name(name, package)
        if not is_sprocket(full):
            await self._real["load_extension"](name, package=package)
            return
        known = self._listeners()
        with self._telling_of_commands(), self._owners.acting(full):
            try:
                await self._real["load_extension"](name, package=package)
            except BaseException:
                if full not in self._bot.extensions:
                    self._forget(full)
                raise
            try:
                await self._call_new(known)
            except Exception as error:
                await self._unload_extension(full)
                raise commands.ExtensionFailed(full, error) from error

    async def _unload_extension(self, name: str, *, package: str | None = None) -> None:
        full = _full_name(name, package)
        if not is_sprocket(full):
            await self._real["unload_extension"](name, package=package)
            return
        known = full in self._bot.extensions
        try:
            with self._telling_of_commands(), self._owners.acting(full):
                await self._real["unload_extension"](name, package=package)
        finally:
            if known and full not in self._bot.extensions:
                self._forget(full)

    async def _reload_extension(self, name: str, *, package: str | None = None) -> None:
        full = _full_name(name, package)
        if not is_sprocket(full):
            await self._real["reload_extension"](name, package=package)
            return
        old = {
            method: function for method, function in self._jobs.items() if self._owners.owner(method) == full
        }
        if full in self._bot.extensions and (spec := spec_of(full)) is not None:
            forget_bytecode(spec)
        with self._telling_of_commands(), self._owners.acting(full):
            known = self._listeners()
            try:
                await self._real["reload_extension"](name, package=package)  # it calls `_load_extension`
            except Exception:
                if full in self._bot.extensions:
                    await self._resume(full, known, old)
                raise
        for method, function in old.items():
            if self._jobs.get(method) is function:
                self._registry.unregister_sprocket(method)

    async def _resume(self, extension: str, known: Sequence[Any], jobs: Mapping[str, JobFunction]) -> None:
        """Register the jobs of an extension again that discord.py has set up from its loaded module."""
        try:
            await self._call_new(known)
        except Exception:
            log.warning("on_ready of %s failed, which stays loaded", extension, exc_info=True)
        for method, function in jobs.items():
            if method not in self._jobs:
                self._registry.register_sprocket(method, function)


def _full_name(name: str, package: str | None) -> str:
    """Return an extension's absolute name; one that discord.py will refuse is returned unchanged."""
    try:
        return importlib.util.resolve_name(name, package)
    except ImportError:
        return name


def _module_of(listener: Any) -> str:
    """Return the module of a listener's cog, which may inherit the listener, or else the listener's own."""
    cog = getattr(listener, "__self__", None)
    return type(cog).__module__ if isinstance(cog, commands.Cog) else str(getattr(listener, "__module__", ""))
