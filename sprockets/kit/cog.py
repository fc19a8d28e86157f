"""A cog that registers job functions while it is loaded; the built-in sprockets share it.

It follows the same contract as every sprocket, which `example_sprocket` spells out: register in ``on_ready``,
unregister in ``cog_unload``.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import ClassVar

import discord
from discord.ext import commands

from schedulezero.methods.host import registry_of
from schedulezero.methods.spec import JobFunction, MethodSpec, spec_of


class RegisteringCog(commands.Cog):
    """The base class of a sprocket's cog: registers the jobs while it is loaded.

    Set ``jobs`` to the return value of `by_name`, and ``settings`` to a pydantic model if it has settings.
    """

    jobs: ClassVar[Mapping[str, JobFunction]] = {}

    def __init__(self, bot: commands.Bot) -> None:
        for name, function in self.jobs.items():
            _check_permissions(spec_of(name, function))
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


def _check_permissions(spec: MethodSpec) -> None:
    """Raise TypeError for an unknown Discord permission, early enough to roll back a reload."""
    for need in spec.needs:
        if need.permission not in discord.Permissions.VALID_FLAGS:
            near = difflib.get_close_matches(need.permission, discord.Permissions.VALID_FLAGS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise TypeError(f"{spec.name}: Discord has no permission {need.permission!r}{hint}")


def by_name(*functions: JobFunction) -> dict[str, JobFunction]:
    """Return job functions under their own names, as ``RegisteringCog.jobs`` takes them."""
    return {getattr(function, "__name__"): function for function in functions}  # noqa: B009
