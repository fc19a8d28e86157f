"""Answer every interaction: check it, acknowledge it, and always reply in words."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable

import discord
from discord import app_commands

from cogs.desk.kit.context import Caller, Desk, caller_of
from cogs.language import speaking, t, translated
from cogs.rights.permissions import invite
from cogs.rights.rights import may_schedule
from cogs.services import Refused, offered_specs
from schedulezero.client.http import held_to_persons_limit
from schedulezero.errors import ScheduleZeroError
from schedulezero.methods.markup import escaped

log = logging.getLogger(__name__)


async def answer(
    interaction: discord.Interaction, work: Callable[[Desk], Awaitable[None]], *, opens_form: bool = False
) -> None:
    """Do what a person who may schedule asked for; answer every error in words.

    Parameters:
        interaction: what they did.
        work: the action; it runs after the acknowledgement.
        opens_form: whether the action answers with a form, which must come before any acknowledgement.
    """

    async def managers_work(caller: Caller) -> None:
        desk = await desk_of(caller)
        if not opens_form:
            await desk.acknowledge()
        with held_to_persons_limit(not desk.manages):
            await work(desk)

    await answer_anyone(interaction, managers_work)


async def answer_anyone(interaction: discord.Interaction, work: Callable[[Caller], Awaitable[None]]) -> None:
    """Do what a person asked for that needs no rights; otherwise the same as `answer`."""
    caller = caller_of(interaction)
    with speaking(interaction.locale):
        try:
            await work(caller)
        except ScheduleZeroError as error:
            await caller.say(translated(error.message))
        except discord.HTTPException:
            raise
        except Exception:
            reference = secrets.token_hex(3)
            log.exception("interaction failed (reference %s)", reference)
            await caller.say(
                t(
                    "Something went wrong on my side, and nothing was changed. The bot's owner can find "
                    "the details in my log under `{reference}`.",
                    reference=reference,
                ),
            )


async def answer_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    """Answer an error that came up before a command's own work; log it if it is a bug."""
    caller = caller_of(interaction)
    with speaking(interaction.locale):
        if isinstance(error, app_commands.TransformerError):
            value = escaped(str(error.value)[:100])
            await caller.say(t("“{value}” can't be used there. Choose again.", value=value))
            return
        if isinstance(error, app_commands.CheckFailure | app_commands.CommandNotFound):
            await caller.say(t("This command can't be used here, or it no longer exists."))
            return
        log.error("a command failed", exc_info=error)
        await caller.say(t("Something went wrong on my side. Try again in a moment."))


async def desk_of(caller: Caller) -> Desk:
    """Return the desk if the person may schedule here; raise Refused otherwise, whatever Discord allowed."""
    guild, member = caller.interaction.guild, caller.interaction.user
    if guild is None or not isinstance(member, discord.Member):
        raise Refused(t("Use this in a server."))
    if caller.bot.get_guild(guild.id) is None:  # the app of a person came along, without the bot
        link = invite(caller.interaction.application_id, offered_specs(caller.bot))
        raise Refused(t("I'm not in this server. Invite me first: {link}", link=link))
    desk = Desk(caller.interaction, caller.bot, caller.services, guild, member)
    if not desk.manages and not may_schedule(member, await desk.memory.settings(guild.id)):
        raise Refused(t("You need the *Manage Server* permission here, or a role that may schedule."))
    return desk
