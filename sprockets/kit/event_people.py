"""The people who marked themselves interested in one of Discord's events."""

from __future__ import annotations

import discord
from discord.ext import commands

from schedulezero.sentences import Sentence
from sprockets.kit.asking import asking_discord

PAGE = (
    100  # https://discord.com/developers/docs/resources/guild-scheduled-event#get-guild-scheduled-event-users
)
MOST_PEOPLE = 1000
"""The most people to remind of an event: ten requests, and some minutes of direct messages."""


async def interested_in(bot: commands.Bot, event: discord.ScheduledEvent) -> list[int]:
    """Return the members who are interested in an event, in the order of their ids, at most `MOST_PEOPLE`.

    Bots and people who left the server don't count. Raises what `asking_discord` does.
    """
    found: list[int] = []
    after = 0
    for _ in range(MOST_PEOPLE // PAGE):
        async with asking_discord(Sentence("see who is interested in the event", "doing_see_interested")):
            page = await bot.http.get_scheduled_event_users(
                event.guild_id, event.id, limit=PAGE, with_member=True, after=after
            )
        found += [
            int(item["user"]["id"])
            for item in page
            if item.get("member") is not None and not item["user"].get("bot")
        ]
        if len(page) < PAGE:
            break
        after = max(int(item["user"]["id"]) for item in page)
    return sorted(found)
