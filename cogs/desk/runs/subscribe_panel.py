"""*Subscribe* in ``/schedule calendar``: addresses from which calendar programs read a guild's schedule.

Who leaves the guild may keep an address, so only those who manage it make, renew and revoke them. An address
shows what every member may see (`cogs.rights.feed_content`).
"""

from __future__ import annotations

from typing import Any

import discord
from discord import ui

from cogs.desk.kit.components import DeskButton, DeskSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Panel
from cogs.desk.kit.feeds import (
    expect_feeds,
    expect_reachable,
    feed_options,
    feeds_of,
    list_panel,
    new_address,
    not_reachable,
    renewed,
    revoke_picked,
)
from cogs.desk.kit.layout import row_of
from cogs.language import t
from cogs.rights.feed_content import shown_in
from cogs.services import Refused, offered_specs
from schedulezero.model.feed import FEEDS_OF_A_GUILD, NewFeed, Shown

_HERE = "guild"


async def show_feeds(desk: Desk, _target: str) -> None:
    """List the guild's addresses."""
    _check_manages(desk)
    await expect_feeds(desk)
    feeds = await feeds_of(desk, desk.guild_id)
    reachable = desk.services.calendar_url is not None
    explained = t(
        "Calendar apps can read this server's schedule from a secret address. They get only what every "
        "member can see: titles, times and channels, but not the texts."
    )
    rows: list[ui.Item[Any]] = [] if reachable else [ui.TextDisplay(not_reachable())]
    full = len(feeds) >= FEEDS_OF_A_GUILD
    make = DeskButton(
        "feeds", "make", _HERE, t("Create an address"),
        style=discord.ButtonStyle.primary, disabled=full or not reachable,
    )  # fmt: skip
    rows.append(row_of(make))
    if feeds:
        options = feed_options(feeds)
        if reachable:
            renew = DeskSelect("feeds", "renew", _HERE, t("Replace an address with a new one…"), options)
            rows.append(row_of(renew))
        rows.append(row_of(DeskSelect("feeds", "revoke", _HERE, t("Revoke an address…"), options)))
    await desk.show(list_panel(t("Subscribe to the calendar"), explained, feeds, *rows))


async def make(desk: Desk, _target: str) -> None:
    """Make an address and show it."""
    _check_manages(desk)
    base = expect_reachable(desk)
    await expect_feeds(desk)
    await _show_new(
        desk, base, await desk.client.make_feed(desk.guild_id, await _shown(desk), by=desk.actor_id)
    )


async def renew(desk: Desk, _target: str) -> None:
    """Replace an address by a new one, and show that."""
    _check_manages(desk)
    base = expect_reachable(desk)
    await _show_new(desk, base, await renewed(desk, desk.guild_id, await _shown(desk)))


async def revoke(desk: Desk, _target: str) -> None:
    """Revoke an address; programs that read from it get nothing any more."""
    _check_manages(desk)
    await revoke_picked(desk, desk.guild_id)
    await show_feeds(desk, _HERE)


async def _show_new(desk: Desk, base: str, made: NewFeed) -> None:
    desk.services.guilds_with_feeds.add(desk.guild_id)
    warning = t(
        "Anyone with this address can read the titles, times and channels of what is "
        "scheduled here, even after leaving the server. If it falls into the wrong "
        "hands, revoke or replace it."
    )
    back = row_of(DeskButton("feeds", "show", _HERE, t("All addresses")))
    await desk.show(new_address(base, made, warning, back))


async def _shown(desk: Desk) -> Shown:
    zone = await desk.services.timezone_of(0, desk.guild.id)
    return shown_in(desk.guild, offered_specs(desk.bot), zone)


def _check_manages(desk: Desk) -> None:
    if not desk.manages:
        raise Refused(
            t(
                "You need the *Manage Server* permission for calendar addresses, because an "
                "address works for anyone who has it."
            )
        )


PANELS = (Panel("feeds", clicks={"show": show_feeds, "make": make, "renew": renew, "revoke": revoke}),)
