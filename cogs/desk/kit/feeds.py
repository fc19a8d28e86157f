"""Calendar feeds as people see them: a list, a new address shown once, and why there can be none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import discord
from discord import ui

from cogs.desk.kit.context import Caller
from cogs.desk.kit.layout import panel_of
from cogs.desk.kit.wording import GOOD, NEUTRAL, relative
from cogs.language import t, translated
from cogs.services import Refused
from schedulezero.client.dialect import Feature
from schedulezero.errors import NotFound
from schedulezero.model.feed import Feed, NewFeed, Shown

_SHORT = 8


async def expect_feeds(caller: Caller) -> None:
    """Raise Refused, in words, if the server has no calendars to subscribe to."""
    lacks = await caller.client.lacks()
    if Feature.FEEDS in lacks:
        raise Refused(translated(lacks[Feature.FEEDS]))


async def feeds_of(caller: Caller, place: str) -> tuple[Feed, ...]:
    """Return the feeds of a place; raise Refused if the server is too old to have any."""
    try:
        return await caller.client.feeds(place)
    except NotFound:
        raise Refused(
            t("The scheduler doesn't support calendar subscriptions. Use the file from `/schedule calendar`.")
        ) from None


def expect_reachable(caller: Caller) -> str:
    """Return the public address of the feeds; raise Refused if the bot's owner has set none."""
    if caller.services.calendar_url is None:
        raise Refused(not_reachable())
    return caller.services.calendar_url


async def renewed(caller: Caller, place: str, shown: Shown) -> NewFeed:
    """Replace the picked address of a place by a new one; raise Refused if it no longer exists.

    Parameters:
        caller: who picked it.
        place: the guild's or the person's id.
        shown: what the place's feeds show from now on.
    """
    try:
        made = await caller.client.renew_feed(place, caller.picked(), caller.actor_id)
    except NotFound:
        raise Refused(t("This address no longer exists.")) from None
    await caller.client.show_in_feeds(place, shown)
    return made


async def revoke_picked(caller: Caller, place: str) -> None:
    """Revoke the picked address of a place."""
    with suppress(NotFound):  # it was revoked elsewhere, which is what the person wants, too
        await caller.client.revoke_feed(place, caller.picked(), caller.actor_id)


def not_reachable() -> str:
    """Say why calendar programs can't poll yet."""
    return t(
        "Calendar apps can't reach me yet. The bot's owner has to set `calendar_url`; "
        "see *Subscribe to the calendar* in the documentation."
    )


def short_id(feed: Feed) -> str:
    """Return the name of a feed in lists and in the audit."""
    return feed.id[:_SHORT]


def feed_lines(feeds: Sequence[Feed]) -> str:
    """List feeds: which, who made it and when, and when a calendar program last asked."""
    if not feeds:
        return t("There is no address yet.")
    return "\n".join(_line(feed) for feed in feeds)


def _line(feed: Feed) -> str:
    made = t("created {when}", when=relative(feed.created_at))
    if feed.creator_id and not feed.personal:
        made = t("created {when} by {person}", when=relative(feed.created_at), person=f"<@{feed.creator_id}>")
    polled = (
        t("last read {when}", when=relative(feed.polled_at))
        if feed.polled_at
        else t("not read by anyone yet")
    )
    return f"- `{short_id(feed)}` · {made} · {polled}"


def feed_options(feeds: Sequence[Feed]) -> list[discord.SelectOption]:
    """Return the feeds as the options of a select."""
    return [discord.SelectOption(label=short_id(feed), value=feed.id) for feed in feeds]


def new_address(base: str, made: NewFeed, warning: str, *rows: ui.Item[Any]) -> ui.LayoutView:
    """Return the panel that shows an address, once.

    Parameters:
        base: the public address of the feeds.
        made: the feed with its secret.
        warning: who can read what with it.
        rows: what follows.
    """
    address = f"{base}/calendar/{made.secret}.ics"
    bare = address.partition("://")[2]
    text = "\n".join(
        (
            f"### {t('Your calendar address')}",
            t("Copy it now: I can't show it again."),
            f"```\n{address}\n```",
            t("For apps that open links like this:") + f"\n```\nwebcal://{bare}\n```",
            warning,
            "-# "
            + t(
                "Google Calendar: *Other calendars* → *From URL*. Apple: *New Calendar "
                "Subscription*. Outlook: *Add calendar* → *Subscribe from web*. Calendar apps "
                "refresh every few hours."
            ),
        )
    )
    return panel_of(ui.TextDisplay(text), *rows, colour=GOOD)


def list_panel(heading: str, explained: str, feeds: Sequence[Feed], *rows: ui.Item[Any]) -> ui.LayoutView:
    """Return the list of a place's feeds."""
    text = "\n".join((f"### {heading}", explained, feed_lines(feeds)))
    return panel_of(ui.TextDisplay(text), *rows, colour=NEUTRAL)
