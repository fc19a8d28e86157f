"""A cog that registers job functions as long as it is loaded; what the built-in sprockets share.

It does what every sprocket does by the plain contract, which `custom_sprocket` spells out: register
in ``on_ready``, unregister in ``cog_unload``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from discord.ext import commands

from schedulezero.methods import JobFunction


class RegisteringCog(commands.Cog):
    """Registers the functions in ``jobs`` under their names."""

    jobs: ClassVar[Mapping[str, JobFunction]] = {}

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        cog: Any = self.bot.get_cog("ScheduleZeroCog")
        for name, function in self.jobs.items():
            cog.register_sprocket(name, function)

    async def cog_unload(self) -> None:
        cog: Any = self.bot.get_cog("ScheduleZeroCog")
        if cog is not None:
            for name in self.jobs:
                cog.unregister_sprocket(name)


def by_name(*functions: JobFunction) -> dict[str, JobFunction]:
    """Job functions under their own names."""
    return {getattr(function, "__name__"): function for function in functions}  # noqa: B009
