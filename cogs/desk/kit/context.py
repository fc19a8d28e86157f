"""One interaction with all that answering it takes: who asks and where, the bot's services, and how to reply.

It is made once for each interaction, by `replies.answer` and `replies.answer_anyone`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import discord
from discord import ui
from discord.ext import commands

from cogs.desk.kit.layout import fit
from cogs.language import t
from cogs.memory import Memory
from cogs.services import Refused, Services, services_of
from schedulezero.client.client import Client


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who uses the bot, in a server or anywhere else.

    Attributes:
        interaction: what they did.
        bot: ours, or somebody else's that loads our cogs.
        services: what the bot carries.
    """

    interaction: discord.Interaction
    bot: commands.Bot
    services: Services

    @property
    def client(self) -> Client:
        """The REST client."""
        return self.services.client

    @property
    def memory(self) -> Memory:
        """The bot's own tables."""
        return self.services.memory

    @property
    def actor_id(self) -> str:
        """Who asks, as the server notes it."""
        return str(self.interaction.user.id)

    async def zone(self) -> str:
        """The zone in which the person means their times here."""
        return await self.services.timezone_of(self.interaction.user.id, self.interaction.guild_id)

    async def acknowledge(self) -> None:
        """Answers at once, so that slow calls may follow: in the panel that was clicked, or in a new one."""
        interaction = self.interaction
        if interaction.response.is_done():
            return
        if interaction.message is not None and interaction.message.flags.ephemeral:
            await interaction.response.defer()
        else:  # a message that everybody sees is not written over
            await interaction.response.defer(ephemeral=True, thinking=True)

    async def say(self, text: str) -> None:
        """Tells the person something, for their eyes only, however far the interaction has come."""
        quiet = discord.AllowedMentions.none()
        if self.interaction.response.is_done():
            await self.interaction.followup.send(text[:2000], ephemeral=True, allowed_mentions=quiet)
        else:
            await self.interaction.response.send_message(text[:2000], ephemeral=True, allowed_mentions=quiet)

    async def show(self, panel: ui.LayoutView, files: Sequence[discord.File] = ()) -> None:
        """Puts a panel where the interaction began: over the panel that was clicked, or in a new one."""
        await self.acknowledge()
        fit(panel)
        await self.interaction.edit_original_response(
            view=panel, attachments=list(files), allowed_mentions=discord.AllowedMentions.none()
        )

    def all_picked(self) -> list[str]:
        """The values that were picked in a select."""
        values: list[str] = (self.interaction.data or {}).get("values", [])  # type: ignore[assignment]
        return values

    def picked(self) -> str:
        """The value that was picked in a select; Refused when none was."""
        values = self.all_picked()
        if not values:
            raise Refused(t("Nothing was picked."))
        return values[0]


@dataclass(frozen=True, slots=True)
class Desk(Caller):
    """Somebody who may schedule in a guild, at that guild's desk.

    Attributes:
        guild: where.
        member: who.
    """

    guild: discord.Guild
    member: discord.Member

    @property
    def guild_id(self) -> str:
        """The guild, as jobs carry it."""
        return str(self.guild.id)

    @property
    def manages(self) -> bool:
        """Whether they manage the server; else they have a role that may schedule."""
        return self.interaction.permissions.manage_guild

    def check_settings(self) -> None:
        """Refuses whoever may not manage the server; a role that may only schedule changes no settings."""
        if not self.manages:
            raise Refused(t("You need the *Manage Server* permission to change settings."))


def caller_of(interaction: discord.Interaction) -> Caller:
    """Whoever did it."""
    # A client with cogs is a bot; discord.py's two kinds of bots have the same members and no common type.
    bot = cast(commands.Bot, interaction.client)
    return Caller(interaction, bot, services_of(bot))
