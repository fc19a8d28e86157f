"""One interaction and everything needed to answer it: who and where, the bot's services, the ways to reply.

`replies.answer` and `replies.answer_anyone` make one for each interaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import discord
from discord import ui
from discord.ext import commands

from cogs.command_mentions import with_mentions
from cogs.desk.kit.defaults import drop_stale_defaults
from cogs.desk.kit.layout import fit
from cogs.language import t
from cogs.memory import Memory
from cogs.services import Refused, Services, services_of
from schedulezero.client.client import Client
from schedulezero.compose import limits
from schedulezero.model.habits import Habits


@dataclass(frozen=True, slots=True)
class Caller:
    """A person who uses the bot, in a server or anywhere else.

    Attributes:
        interaction: what they did.
        bot: this project's bot, or another that loads its cogs.
        services: the services attached to the bot.
        typed: what they typed into a form that was refused, which it opens with again: field name → value.
    """

    interaction: discord.Interaction
    bot: commands.Bot
    services: Services
    typed: Mapping[str, Any] = field(default_factory=dict[str, Any], kw_only=True)

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
        """The caller's id in the server's format."""
        return str(self.interaction.user.id)

    async def zone(self) -> str:
        """Return the zone in which to read the person's times here."""
        return await self.services.timezone_of(self.interaction.user.id, self.interaction.guild_id)

    async def habits(self) -> Habits:
        """Return what words without an hour mean here."""
        return await self.services.habits_of(self.interaction.guild_id)

    async def acknowledge(self) -> None:
        """Acknowledge at once, so that slow calls may follow: in the clicked panel, or in a new one."""
        interaction = self.interaction
        if interaction.response.is_done():
            return
        if interaction.message is not None and interaction.message.flags.ephemeral:
            await interaction.response.defer()
        else:  # a public message is not replaced by the answer
            await interaction.response.defer(ephemeral=True, thinking=True)

    async def say(self, text: str) -> None:
        """Tell the person something privately, whether or not the interaction has been answered."""
        quiet, text = discord.AllowedMentions.none(), with_mentions(text)
        if self.interaction.response.is_done():
            await self.interaction.followup.send(
                text[: limits.TEXT.most], ephemeral=True, allowed_mentions=quiet
            )
        else:
            await self.interaction.response.send_message(
                text[: limits.TEXT.most], ephemeral=True, allowed_mentions=quiet
            )

    async def show(
        self, panel: ui.LayoutView, files: Sequence[discord.File] = ()
    ) -> discord.InteractionMessage:
        """Show a panel where the interaction began: in place of the clicked panel, or as a new one."""
        await self.acknowledge()
        self.leaves_message()
        return await self.draw(panel, files)

    async def draw(
        self, panel: ui.LayoutView, files: Sequence[discord.File] = ()
    ) -> discord.InteractionMessage:
        """Draw a panel in the interaction's answer, which is there already."""
        fit(panel)
        await drop_stale_defaults(self.interaction, panel)
        return await self.interaction.edit_original_response(
            view=panel, attachments=list(files), allowed_mentions=discord.AllowedMentions.none()
        )

    def leaves_message(self) -> None:
        """Note that the clicked message will show something else: nothing draws there any more."""
        if self.interaction.message is not None:
            self.services.live_cards.gone(self.interaction.message.id)

    def all_picked(self) -> list[str]:
        """Return the values picked in a select."""
        values: list[str] = (self.interaction.data or {}).get("values", [])  # type: ignore[assignment]
        return values

    def picked(self) -> str:
        """Return the value picked in a select; raise Refused if nothing was picked."""
        values = self.all_picked()
        if not values:
            raise Refused(t("Nothing was picked."))
        return values[0]


@dataclass(frozen=True, slots=True)
class Desk(Caller):
    """A person who may schedule in a guild, at that guild's desk.

    Attributes:
        guild: where.
        member: who.
    """

    guild: discord.Guild
    member: discord.Member

    @property
    def guild_id(self) -> str:
        """The guild's id in the format of a job."""
        return str(self.guild.id)

    @property
    def manages(self) -> bool:
        """Whether they manage the server; otherwise they have a role that may schedule."""
        return self.interaction.permissions.manage_guild

    def check_settings(self) -> None:
        """Raise Refused unless the person manages the server; a role to schedule changes no settings."""
        if not self.manages:
            raise Refused(t("You need the *Manage Server* permission to change settings."))


def caller_of(interaction: discord.Interaction) -> Caller:
    """Return the caller of an interaction."""
    # A client with cogs is a bot; discord.py's two bot classes have the same members but no common type.
    bot = cast(commands.Bot, interaction.client)
    return Caller(interaction, bot, services_of(bot))
