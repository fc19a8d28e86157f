"""A cog that registers job functions while it is loaded; the built-in sprockets share it.

It follows the same contract as every sprocket, which `example_sprocket` spells out: register in ``on_ready``,
unregister in ``cog_unload``.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from typing import ClassVar

import discord
from discord.ext import commands
from pydantic import BaseModel

from schedulezero.methods.declaring import DeclarationError
from schedulezero.methods.host import registry_of
from schedulezero.methods.spec import JobFunction, MethodSpec, spec_of
from schedulezero.methods.sprocket_settings import parameters_of_settings


class RegisteringCog(commands.Cog):
    """The base class of a sprocket's cog: registers the jobs while it is loaded.

    Set ``jobs`` to the return value of `by_name`, and ``settings`` to a pydantic model if it has settings.
    """

    jobs: ClassVar[Mapping[str, JobFunction]] = {}

    def __init__(self, bot: commands.Bot) -> None:
        for name, function in self.jobs.items():
            _check_permissions(spec_of(name, function), function)
        _check_settings(type(self))
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        registry = registry_of(self.bot)
        assert registry is not None, "ScheduleZeroCog is loaded before any sprocket"
        for name, function in self.jobs.items():
            registry.register_sprocket(name, function)

    async def cog_unload(self) -> None:
        if (registry := registry_of(self.bot)) is not None:
            for name in self.jobs:
                registry.unregister_sprocket(name)


def _check_permissions(spec: MethodSpec, function: JobFunction) -> None:
    """Raise DeclarationError for an unknown Discord permission, early enough to roll back a reload."""
    for need in spec.needs:
        if need.permission not in discord.Permissions.VALID_FLAGS:
            near = difflib.get_close_matches(need.permission, discord.Permissions.VALID_FLAGS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            said = f"{spec.name}: Discord has no permission {need.permission!r}{hint}"
            raise DeclarationError(said, inspect.unwrap(function))


def _check_settings(cog: type[RegisteringCog]) -> None:
    """Raise DeclarationError for settings that no form could ask for."""
    settings = getattr(cog, "settings", None)
    if settings is None:
        return
    if not (isinstance(settings, type) and issubclass(settings, BaseModel)):
        raise DeclarationError(f"{cog.__name__}.settings must be a pydantic model.", cog)
    parameters_of_settings(settings)


def by_name(*functions: JobFunction) -> dict[str, JobFunction]:
    """Return job functions under their own names, as ``RegisteringCog.jobs`` takes them.

    Raises DeclarationError if two of them have the same name.
    """
    found: dict[str, JobFunction] = {}
    for function in functions:
        name = str(getattr(function, "__name__"))  # noqa: B009
        if found.setdefault(name, function) is not function:
            raise DeclarationError(f"two jobs are called {name}.", inspect.unwrap(function))
    return found
