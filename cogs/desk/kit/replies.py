"""How every interaction is answered: checked, acknowledged, and in words whatever happens."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable

import discord
from discord import app_commands

from cogs.desk.kit.context import Caller, Desk, caller_of
from cogs.language import speaking, t, translated
from cogs.rights.rights import may_schedule
from cogs.services import Refused
from schedulezero.client.http import held_to_persons_limit
from schedulezero.errors import ScheduleZeroError

log = logging.getLogger(__name__)


async def answer(
    interaction: discord.Interaction, work: Callable[[Desk], Awaitable[None]], *, opens_form: bool = False
) -> None:
    """Does what a manager of the server asked for; whatever goes wrong becomes an answer to them.

    Parameters:
        interaction: what they did.
        work: does it; it has been acknowledged by then.
        opens_form: whether the work answers with a form, which it can only before the acknowledgement.
    """

    async def managers_work(caller: Caller) -> None:
        desk = await desk_of(caller)
        if not opens_form:
            await desk.acknowledge()
        with held_to_persons_limit(not desk.manages):
            await work(desk)

    await answer_anyone(interaction, managers_work)


async def answer_anyone(interaction: discord.Interaction, work: Callable[[Caller], Awaitable[None]]) -> None:
    """Does what somebody asked for who needs no right for it; else the same as `answer`."""
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
                    "Something went wrong on my side, and nothing was changed. The bot's owner can "
                    "find it in the log under `{reference}`.",
                    reference=reference,
                ),
            )


async def answer_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    """Tells what was wrong with a command before any of its work began; logs what is a defect."""
    caller = caller_of(interaction)
    with speaking(interaction.locale):
        if isinstance(error, app_commands.TransformerError):
            value = discord.utils.escape_markdown(str(error.value))[:100]
            await caller.say(t("“{value}” doesn't fit there. Pick it again.", value=value))
            return
        if isinstance(error, app_commands.CheckFailure | app_commands.CommandNotFound):
            await caller.say(t("This command can't be used here, or it no longer exists."))
            return
        log.error("a command failed", exc_info=error)
        await caller.say(t("Something went wrong on my side. Try again in a moment."))


async def desk_of(caller: Caller) -> Desk:
    """The desk for whoever may schedule here; Refused for everybody else, whatever Discord let through."""
    guild, member = caller.interaction.guild, caller.interaction.user
    if guild is None or not isinstance(member, discord.Member):
        raise Refused(t("Use this in a server."))
    desk = Desk(caller.interaction, caller.bot, caller.services, guild, member)
    if not desk.manages and not may_schedule(member, await desk.memory.settings(guild.id)):
        raise Refused(t("You need the *Manage Server* permission here, or a role that may schedule."))
    return desk
