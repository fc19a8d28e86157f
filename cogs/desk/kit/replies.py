"""How every interaction is answered: acknowledged first, checked afresh, and in words whatever happens."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord
from discord import app_commands, ui

from cogs.language import speaking, t, translated
from cogs.rights.rights import may_schedule
from cogs.services import Refused, services_of
from schedulezero.client.http import held_to_persons_limit
from schedulezero.errors import ScheduleZeroError

log = logging.getLogger(__name__)

MOST_TEXT = 4000
"""Characters in all texts of a panel together, as Discord takes them."""


async def answer(interaction: discord.Interaction, work: Callable[[], Awaitable[None]]) -> None:
    """Does what a manager of the server asked for; whatever goes wrong becomes an answer to them."""

    async def managers_work() -> None:
        await check_manager(interaction)
        with held_to_persons_limit(not interaction.permissions.manage_guild):
            await work()

    await answer_anyone(interaction, managers_work)


async def answer_anyone(interaction: discord.Interaction, work: Callable[[], Awaitable[None]]) -> None:
    """Does what somebody asked for who needs no right for it; else the same as `answer`."""
    with speaking(interaction.locale):
        try:
            await work()
        except ScheduleZeroError as error:
            await say(interaction, translated(error.message))
        except discord.HTTPException:
            raise
        except Exception:
            reference = secrets.token_hex(3)
            log.exception("interaction failed (reference %s)", reference)
            await say(
                interaction,
                t(
                    "Something went wrong on my side; nothing was changed. The bot's owner finds it in the "
                    "log under `{reference}`.",
                    reference=reference,
                ),
            )


async def answer_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    """Tells what was wrong with a command before any of its work began; logs what is a defect."""
    with speaking(interaction.locale):
        if isinstance(error, app_commands.TransformerError):
            value = discord.utils.escape_markdown(str(error.value))[:100]
            await say(interaction, t("“{value}” does not fit there; pick it again.", value=value))
            return
        if isinstance(error, app_commands.CheckFailure | app_commands.CommandNotFound):
            await say(interaction, t("This command cannot be used here, or is not there any more."))
            return
        log.error("a command failed", exc_info=error)
        await say(interaction, t("Something went wrong on my side; try again in a moment."))


async def check_manager(interaction: discord.Interaction) -> None:
    """Refuses whoever may not manage the server or has no role for it, whatever Discord let through."""
    if interaction.guild is None or not isinstance(interaction.user, discord.Member):
        raise Refused(t("Use this in a server."))
    if interaction.permissions.manage_guild:
        return
    settings = await services_of(interaction.client).memory.settings(interaction.guild.id)
    if not may_schedule(interaction.user, settings):
        raise Refused(
            t("For this you need the permission *Manage Server* here, or a role that may schedule.")
        )


def check_settings(interaction: discord.Interaction) -> None:
    """Refuses whoever may not manage the server; who may only schedule does not change its settings."""
    if not interaction.permissions.manage_guild:
        raise Refused(t("Settings are changed by those who may manage the server."))


def guild_id_of(interaction: discord.Interaction) -> str:
    """The guild of an interaction, as jobs carry it."""
    assert interaction.guild_id is not None
    return str(interaction.guild_id)


def member_of(interaction: discord.Interaction) -> discord.Member:
    """Whoever used it, as a member of the guild."""
    assert isinstance(interaction.user, discord.Member)
    return interaction.user


async def say(interaction: discord.Interaction, text: str) -> None:
    """Tells the person something, for their eyes only, however far the interaction has come."""
    quiet = discord.AllowedMentions.none()
    if interaction.response.is_done():
        await interaction.followup.send(text[:2000], ephemeral=True, allowed_mentions=quiet)
    else:
        await interaction.response.send_message(text[:2000], ephemeral=True, allowed_mentions=quiet)


async def acknowledge(interaction: discord.Interaction) -> None:
    """Answers at once, so that slow calls may follow: in the panel that was clicked, or anew."""
    if interaction.response.is_done():
        return
    if interaction.message is not None and not anew(interaction):
        await interaction.response.defer()
    else:
        await interaction.response.defer(ephemeral=True, thinking=True)


def anew(interaction: discord.Interaction) -> bool:
    """Whether the answer is a message of its own: one that everybody sees is not written over."""
    return interaction.message is not None and not interaction.message.flags.ephemeral


async def show(
    interaction: discord.Interaction, panel: ui.LayoutView, files: Sequence[discord.File] = ()
) -> None:
    """Puts a panel where the interaction began: over the panel that was clicked, or anew."""
    await acknowledge(interaction)
    fit(panel)
    await interaction.edit_original_response(
        view=panel, attachments=list(files), allowed_mentions=discord.AllowedMentions.none()
    )


def fit(panel: ui.LayoutView) -> None:
    """Shortens the longest texts of a panel until Discord takes all of them together."""
    texts = [item for item in panel.walk_children() if isinstance(item, ui.TextDisplay)]
    while (over := sum(len(text.content) for text in texts) - MOST_TEXT) > 0:
        longest = max(texts, key=lambda text: len(text.content))
        longest.content = f"{longest.content[: max(len(longest.content) - over - 1, 40)]}…"


def panel_of(*items: ui.Item[Any], colour: discord.Colour | None) -> ui.LayoutView:
    """A panel: items one below the other in a frame with a coloured edge."""
    view = ui.LayoutView(timeout=None)
    container: ui.Container[ui.LayoutView] = ui.Container(accent_colour=colour)
    for item in items:
        container.add_item(item)
    view.add_item(container)
    return view


def row_of(*items: ui.Item[Any]) -> ui.ActionRow[ui.LayoutView]:
    """A row of up to five buttons, or one select."""
    row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
    for item in items:
        row.add_item(item)
    return row
