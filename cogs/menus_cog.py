"""MenusCog: the entries of Discord's menus on messages and people; each is one call into the desk."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from cogs.desk.creating import message_menus
from cogs.desk.kit.replies import answer
from cogs.language import mark
from cogs.places_of_use import IN_SERVERS

_MANAGERS = discord.Permissions(manage_guild=True)


class MenusCog(commands.Cog):
    """Message and user menus, added by hand: discord.py has no decorator for them within a cog."""

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self._menus = [
            self._menu(mark("Schedule this message"), self.schedule_message),
            self._menu(mark("Which job posted this?"), self.which_job),
            self._menu(mark("Post again at…"), self.post_again),
            self._menu(mark("Schedule a role…"), self.schedule_role),
        ]

    @staticmethod
    def _menu(name: str, callback: object) -> app_commands.ContextMenu:
        menu = app_commands.ContextMenu(name=name, callback=callback)  # type: ignore[arg-type]
        menu.default_permissions = _MANAGERS
        menu.allowed_installs, menu.allowed_contexts = IN_SERVERS.installs, IN_SERVERS.contexts
        return menu

    async def cog_load(self) -> None:
        for menu in self._menus:
            self.bot.tree.add_command(menu)

    async def cog_unload(self) -> None:
        for menu in self._menus:
            self.bot.tree.remove_command(menu.name, type=menu.type)

    async def schedule_message(self, interaction: discord.Interaction, message: discord.Message) -> None:
        await answer(interaction, lambda desk: message_menus.schedule_message(desk, message))

    async def which_job(self, interaction: discord.Interaction, message: discord.Message) -> None:
        await answer(interaction, lambda desk: message_menus.which_job(desk, message))

    async def post_again(self, interaction: discord.Interaction, message: discord.Message) -> None:
        await answer(interaction, lambda desk: message_menus.post_again(desk, message), opens_form=True)

    async def schedule_role(self, interaction: discord.Interaction, member: discord.Member) -> None:
        await answer(interaction, lambda desk: message_menus.schedule_role(desk, member))
