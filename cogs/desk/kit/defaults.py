"""Leave out the defaults of selects that Discord may refuse, and with them the whole panel or form.

A default must exist, and be of a kind that the select takes. A channel may have been deleted or converted
since it was chosen, or be where a command was typed. People are left as they are: the bot doesn't know who is
a member.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import discord
from discord import ui

from cogs.background.discord_troubles import TROUBLES

log = logging.getLogger(__name__)

_MOST_ASKED = 3
"""An archived thread isn't in the cache, so Discord is asked for so many channels; people wait for it."""


async def drop_stale_defaults(interaction: discord.Interaction, view: ui.View | ui.LayoutView | Any) -> None:
    """Remove such defaults from the selects of a panel or a form."""
    guild, left = interaction.guild, _MOST_ASKED
    for select in _selects(view):
        kept: list[discord.SelectDefaultValue] = []
        for value in select.default_values:
            if value.type is discord.SelectDefaultValueType.role:
                stays = guild is not None and guild.get_role(value.id) is not None
            elif value.type is discord.SelectDefaultValueType.channel and guild is not None:
                channel: Any = guild.get_channel_or_thread(value.id)
                if channel is None and left > 0:
                    left -= 1
                    channel = await _asked(interaction.client, guild, value.id)
                types = getattr(select, "channel_types", [])
                stays = channel is not None and (not types or channel.type in types)
            else:
                stays = value.type is discord.SelectDefaultValueType.user
            if stays:
                kept.append(value)
        if len(kept) < len(select.default_values):
            select.default_values = kept


async def _asked(client: discord.Client, guild: discord.Guild, channel_id: int) -> Any:
    try:
        channel = await client.fetch_channel(channel_id)
    except (discord.NotFound, discord.Forbidden):
        return None
    except TROUBLES as error:
        log.info("the channel %s cannot be asked for: %s", channel_id, error)
        return None
    return channel if getattr(channel, "guild", None) == guild else None


def _selects(view: Any) -> Iterator[Any]:
    for item in view.walk_children():
        inner = item.component if isinstance(item, ui.Label) else item
        if isinstance(inner, ui.ChannelSelect | ui.RoleSelect | ui.MentionableSelect):
            yield inner
