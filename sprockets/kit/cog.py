"""A cog that registers job functions while it is loaded; the built-in sprockets share it.

It follows the same contract as every sprocket, which `example_sprocket` spells out: register in ``on_ready``,
unregister in ``cog_unload``.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from typing import ClassVar, get_type_hints

import discord
from discord.ext import commands
from pydantic import BaseModel

from schedulezero.methods.annotations import declares_parameter
from schedulezero.methods.declaring import DeclarationError
from schedulezero.methods.host import registry_of
from schedulezero.methods.spec import SPEC_ATTRIBUTE, JobFunction, MethodSpec, spec_of
from schedulezero.methods.sprocket_settings import parameters_of_settings


class RegisteringCog(commands.Cog):
    """The base class of a sprocket's cog: registers the jobs while it is loaded.

    Set ``jobs`` to the return value of `by_name`, and ``settings`` to a pydantic model if it has settings.
    """

    jobs: ClassVar[Mapping[str, JobFunction]] = {}

    def __init__(self, bot: commands.Bot) -> None:
        if not isinstance(self.jobs, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            kind = type(self)
            raise DeclarationError(f"{kind.__name__}.jobs must be what by_name(…) returns.", kind)
        for name, function in self.jobs.items():
            _check_permissions(spec_of(name, function), function)
        _check_settings(type(self))
        _check_unload(type(self))
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


def _check_unload(cog: type[RegisteringCog]) -> None:
    """Raise DeclarationError for a ``cog_unload`` after which the jobs would stay registered."""
    for kind in cog.__mro__[: cog.__mro__.index(RegisteringCog)]:
        function = inspect.unwrap(vars(kind)["cog_unload"]) if "cog_unload" in vars(kind) else None
        if inspect.isfunction(function) and "cog_unload" not in function.__code__.co_names:
            said = "must call `await super().cog_unload()`, which takes its jobs out."
            raise DeclarationError(f"{kind.__name__}.cog_unload {said}", function)


def _expect_job(function: JobFunction) -> None:
    """Raise DeclarationError for a function that takes parameters of its own, without being a typed job."""
    if hasattr(function, SPEC_ATTRIBUTE) or not inspect.isfunction(function):
        return
    names = list(inspect.signature(function).parameters)
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception:  # noqa: BLE001 - an annotation may name anything; a plain job needs none
        hints = {}
    if len(names) != 2 or (names[1] in hints and declares_parameter(hints[names[1]])):
        said = "takes parameters of its own, so it needs `@job()` above it."
        raise DeclarationError(f"{function.__name__} {said}", function)


def by_name(*functions: JobFunction) -> dict[str, JobFunction]:
    """Return job functions under their own names, as ``RegisteringCog.jobs`` takes them.

    Raises DeclarationError if two of them have the same name, or one can't be a job.
    """
    found: dict[str, JobFunction] = {}
    for function in functions:
        name = str(getattr(function, "__name__"))  # noqa: B009
        _expect_job(function)
        if name in found:
            wrong = f"{name} is listed twice." if found[name] is function else f"two jobs are called {name}."
            raise DeclarationError(wrong, inspect.unwrap(function))
        found[name] = function
    return found
