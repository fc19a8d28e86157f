"""Keeps the registry of jobs in step with the sprockets, whichever way they come and go.

A sprocket registers its jobs in an ``on_ready`` listener. That event doesn't fire again for one that comes
while the bot runs, and discord.py has no event for a cog that is added or removed. So while ScheduleZeroCog
is loaded, the bot's own methods `add_cog`, `remove_cog`, `load_extension`, `unload_extension` and
`reload_extension` are replaced by those of `Watch`. They do the same, and then call the new ``on_ready``
listeners, or unregister the jobs of what is gone. Cogs and extensions that aren't sprockets are left alone.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from discord.ext import commands

from cogs.sprocket_loading.places import is_in, is_sprocket
from cogs.sprocket_loading.swap import bounded, forget_bytecode, spec_of
from schedulezero.methods.spec import JobFunction

_WATCHED = ("add_cog", "remove_cog", "load_extension", "unload_extension", "reload_extension")


class Watch:
    """Follows the sprockets of a bot from `begin` to `end`.

    Parameters:
        bot: the bot.
        jobs: the registered jobs by name.
        unregister: unregisters a job.
    """

    def __init__(
        self, bot: commands.Bot, jobs: Mapping[str, JobFunction], unregister: Callable[[str], None]
    ) -> None:
        self._bot = bot
        self._jobs = jobs
        self._unregister = unregister
        self._called: list[Any] = []
        self._real: dict[str, Any] = {}
        self._own: dict[str, Any] = {}

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
        await self._call(listener for listener in self._listeners() if is_sprocket(_module_of(listener)))

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

    def _prune(self) -> None:
        present = self._listeners()
        self._called = [item for item in self._called if item in present]

    def _forget(self, module: str | None, methods: Iterable[JobFunction] = ()) -> None:
        """Unregister the jobs that are defined in an extension, if one is given, and the given ones."""
        given = {id(function) for function in methods}
        for name, function in dict(self._jobs).items():
            defined = getattr(function, "__module__", None)
            if id(function) in given or (module is not None and is_in(module, defined)):
                self._unregister(name)

    def _extension_of(self, module: str) -> str:
        """Return the extension to which a module belongs, or the module itself."""
        return next((name for name in self._bot.extensions if is_in(name, module)), module)

    # ------------------------------------------------------------------ in place of the bot's methods

    async def _add_cog(self, cog: commands.Cog, /, **options: Any) -> None:
        known = self._listeners()
        await self._real["add_cog"](cog, **options)
        if is_sprocket(cog.__module__):
            try:
                await self._call([item for item in self._listeners() if item not in known])
            except BaseException:
                await self._remove_cog(cog.qualified_name)
                raise

    async def _remove_cog(self, name: str, /, **options: Any) -> commands.Cog | None:
        cog = self._bot.get_cog(name)
        try:
            return await self._real["remove_cog"](name, **options)
        finally:
            self._prune()
            if cog is not None and is_sprocket(cog.__module__) and self._bot.get_cog(name) is not cog:
                jobs = getattr(cog, "jobs", None)
                own = list(jobs.values()) if isinstance(jobs, Mapping) else []
                extension = self._extension_of(cog.__module__)
                others = [item for item in self._bot.cogs.values() if is_in(extension, item.__module__)]
                self._forget(None if others else extension, own)

    async def _load_extension(self, name: str, *, package: str | None = None) -> None:
        known = self._listeners()
        await self._real["load_extension"](name, package=package)
        full = _full_name(name, package)
        if is_sprocket(full):
            try:
                await self._call([item for item in self._listeners() if item not in known])
            except Exception as error:
                await self._unload_extension(full)
                raise commands.ExtensionFailed(full, error) from error

    async def _unload_extension(self, name: str, *, package: str | None = None) -> None:
        full = _full_name(name, package)
        known = full in self._bot.extensions
        try:
            await self._real["unload_extension"](name, package=package)
        finally:
            if known and full not in self._bot.extensions and is_sprocket(full):
                self._forget(full)

    async def _reload_extension(self, name: str, *, package: str | None = None) -> None:
        full = _full_name(name, package)
        if not is_sprocket(full):
            await self._real["reload_extension"](name, package=package)
            return
        old = {
            method: function
            for method, function in self._jobs.items()
            if is_in(full, getattr(function, "__module__", None))
        }
        if full in self._bot.extensions and (spec := spec_of(full)) is not None:
            forget_bytecode(spec)
        known = self._listeners()
        await self._real["reload_extension"](name, package=package)
        await self._call([item for item in self._listeners() if item not in known])
        for method, function in old.items():
            if self._jobs.get(method) is function:
                self._unregister(method)


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
