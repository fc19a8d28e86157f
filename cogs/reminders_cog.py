"""RemindersCog: ``/remind``, for everyone: in servers, in direct messages and in user installs."""

from __future__ import annotations

import builtins
from collections.abc import Awaitable, Callable

import discord
from discord import app_commands
from discord.ext import commands

from cogs.desk.kit.context import Caller
from cogs.desk.kit.replies import answer_anyone
from cogs.desk.kit.suggesting import when_choices
from cogs.desk.kit.zones import zone_choices
from cogs.desk.reminders import listing, own_data, own_zone, reminders
from cogs.desk.start import help_panel
from cogs.places_of_use import EVERYWHERE
from schedulezero.methods.closed_doors import note_came_by


class RemindersCog(commands.Cog):
    """Personal reminders."""

    remind = app_commands.Group(
        name="remind",
        description="Get a reminder by direct message",
        allowed_installs=EVERYWHERE.installs,
        allowed_contexts=EVERYWHERE.contexts,
    )

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot

    @remind.command(name="me", description="Get a reminder by direct message, once or repeatedly")
    @app_commands.describe(
        what="What to remind you of", when="When: in 10 minutes, tomorrow at 9, every Friday at 17:00, …"
    )
    async def me(
        self,
        interaction: discord.Interaction,
        what: app_commands.Range[str, 1, 1800],
        when: app_commands.Range[str, 1, 200],
    ) -> None:
        await _answer(interaction, lambda caller: reminders.remind(caller, what, when))

    @remind.command(name="list", description="Show your reminders; edit or cancel them")
    async def list(self, interaction: discord.Interaction) -> None:
        await _answer(interaction, listing.show_reminders)

    @remind.command(name="timezone", description="Set your time zone")
    @app_commands.describe(zone="A city or time zone, such as Berlin")
    async def timezone(
        self, interaction: discord.Interaction, zone: app_commands.Range[str, 1, 60] | None = None
    ) -> None:
        await _answer(interaction, lambda caller: own_zone.answer_zone(caller, zone))

    @remind.command(name="forget", description="See or delete what I store about you")
    async def forget(self, interaction: discord.Interaction) -> None:
        await _answer(interaction, own_data.show_own_data)

    @remind.command(name="help", description="What I can do for you, and what you can type")
    async def help(self, interaction: discord.Interaction) -> None:
        await _answer(interaction, help_panel.show_help)

    @timezone.autocomplete("zone")
    async def suggest_zone(
        self, interaction: discord.Interaction, current: str
    ) -> builtins.list[app_commands.Choice[str]]:
        """Suggest zones by city, country, abbreviation or offset, each with its current local time."""
        return await zone_choices(interaction, current)

    @me.autocomplete("when")
    async def suggest_when(
        self, interaction: discord.Interaction, current: str
    ) -> builtins.list[app_commands.Choice[str]]:
        """Suggest how the typed text is read as a time, and how it could continue."""
        return await when_choices(interaction, current)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Handle clicks on reminders, including those sent before a restart."""
        await reminders.take(interaction)


async def _answer(interaction: discord.Interaction, work: Callable[[Caller], Awaitable[None]]) -> None:
    """Answer a command; whoever uses one may have opened their direct messages since the last refusal."""

    async def own_work(caller: Caller) -> None:
        await note_came_by(caller.memory, caller.actor_id)
        await work(caller)

    await answer_anyone(interaction, own_work)
