"""SprocketsCog: load sprockets while the bot runs (bot owners) and change their settings (managers)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import discord
from discord import app_commands
from discord.ext import commands

from cogs.background.supervisor import Kept
from cogs.command_refusals import told
from cogs.desk.kit.context import Desk
from cogs.desk.kit.replies import answer
from cogs.desk.kit.wording import relative
from cogs.desk.settings import sprocket_panel
from cogs.desk.settings.audit_panel import note_change
from cogs.language import t
from cogs.own_schedules import follow_new_texts
from cogs.owner_guilds import OwnerGuilds
from cogs.places_of_use import in_servers
from cogs.services import Refused, handler_of, services_of
from cogs.sprocket_loading import loader
from schedulezero.methods.spec import spec_of

_OWNERS = discord.Permissions(administrator=True)
_MANAGERS = discord.Permissions(manage_guild=True)


class SprocketsCog(commands.Cog):
    """Load, reload and unload sprockets."""

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self._guilds: OwnerGuilds | None = None
        self._placing: set[Kept] = set()

    async def cog_unload(self) -> None:
        for kept in list(self._placing):
            await kept.close()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        self._place(self._owner_guilds().place_all)
        await self.on_sprocket_changed()

    @commands.Cog.listener()
    async def on_sprocket_changed(self) -> None:
        """Let the guilds' jobs follow the schedules that sprockets bring."""
        if self.bot.is_ready():  # `on_ready` lets them follow once all are registered
            self._keep("following sprockets' schedules", self._follow_schedules)

    async def _follow_schedules(self) -> None:
        handler = handler_of(self.bot)
        await handler.wait_bound()  # sprockets have registered by then
        specs = {name: spec_of(name, job) for name, job in handler.sprockets.items()}
        schedules = {name: spec for name, spec in specs.items() if spec.schedule}
        if schedules:
            await handler.refresh()  # the server refuses changes of jobs that it doesn't know of yet
            client = services_of(self.bot).client
            for guild in list(self.bot.guilds):
                await follow_new_texts(client, str(guild.id), schedules)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        self._place(lambda: self._owner_guilds().place(guild))

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        self._place(lambda: self._owner_guilds().place(guild))

    @commands.Cog.listener()
    async def on_guild_update(self, before: discord.Guild, after: discord.Guild) -> None:
        if before.owner_id != after.owner_id:
            self._place(lambda: self._owner_guilds().place(after))

    def _place(self, work: Callable[[], Awaitable[None]]) -> None:
        """Place the owner's commands in the background, again and again while Discord has trouble."""
        self._keep("placing the owner's commands", work)

    def _keep(self, part: str, work: Callable[[], Awaitable[None]]) -> None:
        kept = services_of(self.bot).supervisor.keep(part, work)
        self._placing.add(kept)
        kept.task.add_done_callback(lambda _: self._placing.discard(kept))

    def offer_to_owners_only(self) -> None:
        """Remove the owner commands from the global ones; call it after they have been added."""
        offered = [
            item
            for item in self.get_app_commands()
            if isinstance(item, app_commands.Command)
            and item.default_permissions == _OWNERS
            and self.bot.tree.get_command(item.name) is item  # the bot may have one of its own
        ]
        self._guilds = OwnerGuilds(self.bot, offered)

    def _owner_guilds(self) -> OwnerGuilds:
        assert self._guilds is not None, "offer_to_owners_only() comes first"
        return self._guilds

    @app_commands.command(
        name="load_sprocket", description="Load a sprocket so that its jobs can be scheduled"
    )
    @app_commands.describe(name="Which sprocket")
    @in_servers
    @app_commands.default_permissions(_OWNERS)
    async def load_sprocket(self, interaction: discord.Interaction, name: str) -> None:
        async def work(desk: Desk) -> str:
            brought = await loader.load(self.bot, name.strip())
            await note_change(desk, "sprocket_loaded", (), name=name.strip())
            return f"{t('Loaded {name}.', name=f'**{name}**')} {_brought(brought)}"

        await self._as_owner(interaction, work)

    @app_commands.command(
        name="unload_sprocket", description="Unload a sprocket. Its jobs can't run until it is loaded again."
    )
    @app_commands.describe(name="Which sprocket")
    @in_servers
    @app_commands.default_permissions(_OWNERS)
    async def unload_sprocket(self, interaction: discord.Interaction, name: str) -> None:
        async def work(desk: Desk) -> str:
            await loader.unload(self.bot, name.strip())
            await note_change(desk, "sprocket_unloaded", (), name=name.strip())
            return t(
                "Unloaded {name}. Runs that need it will wait a while, and will be missed if it isn't "
                "loaded again in time.",
                name=f"**{name}**",
            )

        await self._as_owner(interaction, work)

    @app_commands.command(name="reload_sprocket", description="Reload a sprocket whose file has changed")
    @app_commands.describe(name="Which sprocket")
    @in_servers
    @app_commands.default_permissions(_OWNERS)
    async def reload_sprocket(self, interaction: discord.Interaction, name: str) -> None:
        async def work(desk: Desk) -> str:
            brought = await loader.reload(self.bot, name.strip())
            await note_change(desk, "sprocket_reloaded", (), name=name.strip())
            return f"{t('Reloaded {name}.', name=f'**{name}**')} {_brought(brought)}"

        await self._as_owner(interaction, work)

    @app_commands.command(name="sprockets", description="Show the sprockets, their jobs and their settings")
    @in_servers
    @app_commands.default_permissions(_MANAGERS)
    async def sprockets(self, interaction: discord.Interaction) -> None:
        await answer(interaction, sprocket_panel.show_sprockets)

    @load_sprocket.autocomplete("name")
    async def suggest_available(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Suggest sprockets that are available and not loaded."""
        names = [name for name in loader.available() if name not in loader.loaded(self.bot)]
        return await self._choices(interaction, names, current)

    @unload_sprocket.autocomplete("name")
    @reload_sprocket.autocomplete("name")
    async def suggest_loaded(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Suggest loaded sprockets."""
        return await self._choices(interaction, loader.loaded(self.bot), current)

    async def _choices(
        self, interaction: discord.Interaction, names: list[str], current: str
    ) -> list[app_commands.Choice[str]]:
        if not await self.bot.is_owner(interaction.user):
            return []
        found = loader.discover()
        fitting = [found[name] for name in names if current.casefold() in name.casefold()]
        return [
            app_commands.Choice(name=f"{item.name} · {item.source}"[:100], value=item.name)
            for item in fitting[:25]
        ]

    async def _as_owner(
        self, interaction: discord.Interaction, work: Callable[[Desk], Awaitable[str]]
    ) -> None:
        """Do something for the bot's owner and show them the result."""

        async def owners_work(desk: Desk) -> None:
            if not await self.bot.is_owner(interaction.user):
                raise Refused("Only the bot's owner may do this.", code="only_owner")
            commands = desk.services.commands
            before = await commands.mark(self.bot)
            said = await work(desk)
            if await commands.mark(self.bot) != before:
                # The sprocket has commands of its own, which Discord may refuse.
                offered = await commands.offered(self.bot)
                if offered.refusal is not None:
                    when = relative(offered.again_at) if offered.again_at is not None else ""
                    said += f"\n⚠️ {told(offered.refusal, when)}"
            await desk.say(said)

        await answer(interaction, owners_work)


def _brought(names: list[str]) -> str:
    if not names:
        return t("It provides no jobs.")
    return t("It provides: {names}.", names=", ".join(f"`{name}`" for name in names))
