"""A person's own calendar address: their reminders, with their texts, in their calendar program."""

from __future__ import annotations

from typing import Any

import discord
from discord import ui

from cogs.command_mentions import with_mentions
from cogs.desk.kit.context import Caller
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
from cogs.desk.reminders.controls import ReminderButton, ReminderSelect
from cogs.language import t
from schedulezero.client.dialect import Feature
from schedulezero.errors import NotFound
from schedulezero.model.feed import FEEDS_OF_A_PERSON, Feed, NewFeed, Shown

_MINE = "me"


async def show_feeds(caller: Caller) -> None:
    """List the person's addresses."""
    await caller.acknowledge()
    await expect_feeds(caller)
    feeds = await feeds_of(caller, caller.actor_id)
    explained = t("Your calendar app can read your reminders, including their text, from a secret address.")
    reachable = caller.services.calendar_url is not None
    rows: list[ui.Item[Any]] = []
    if not reachable:
        rows.append(ui.TextDisplay(not_reachable()))
    elif len(feeds) < FEEDS_OF_A_PERSON:
        style = discord.ButtonStyle.primary
        rows.append(row_of(ReminderButton("feedmake", _MINE, t("Create an address"), style=style)))
    if feeds:
        options = feed_options(feeds)
        if reachable:
            placeholder = t("Replace an address with a new one…")
            rows.append(row_of(ReminderSelect(placeholder, options, action="feedrenew", target=_MINE)))
        placeholder = t("Revoke an address…")
        rows.append(row_of(ReminderSelect(placeholder, options, action="feedrevoke", target=_MINE)))
    await caller.show(list_panel(t("Reminders in your calendar"), explained, feeds, *rows))


async def feeds_or_none(caller: Caller) -> tuple[Feed, ...]:
    """Return the person's addresses; none if the server has no feeds."""
    if Feature.FEEDS in await caller.client.lacks():
        return ()
    try:
        return await caller.client.feeds(caller.actor_id)
    except NotFound:
        return ()  # an older server


async def make(caller: Caller) -> None:
    """Make an address and show it."""
    await caller.acknowledge()
    base = expect_reachable(caller)
    await expect_feeds(caller)
    made = await caller.client.make_feed(
        caller.actor_id, await _shown(caller), personal=True, by=caller.actor_id
    )
    await _show_new(caller, base, made)


async def renew(caller: Caller) -> None:
    """Replace an address by a new one, and show that."""
    await caller.acknowledge()
    base = expect_reachable(caller)
    await _show_new(caller, base, await renewed(caller, caller.actor_id, await _shown(caller)))


async def revoke(caller: Caller) -> None:
    """Revoke an address; programs that read from it get nothing any more."""
    await caller.acknowledge()
    await revoke_picked(caller, caller.actor_id)
    await show_feeds(caller)


async def _show_new(caller: Caller, base: str, made: NewFeed) -> None:
    warning = with_mentions(
        t(
            "Anyone with this address can read your reminders. If it falls into the wrong "
            "hands, revoke or replace it. `/remind forget` deletes it, too."
        )
    )
    back = row_of(ReminderButton("feed", _MINE, t("All addresses")))
    await caller.show(new_address(base, made, warning, back))


async def _shown(caller: Caller) -> Shown:
    zone = await caller.services.timezone_of(caller.interaction.user.id, None)
    return Shown(t("Reminders"), zone)
