"""The ten servers that keep the bot busiest, as a line of ``/schedule status`` for its owner."""

from __future__ import annotations

from cogs.desk.kit.context import Desk
from cogs.desk.kit.wording import cut, plain, span
from cogs.health import Check
from cogs.language import grouped, t
from schedulezero.errors import ClientError

_LONGEST_NAME = 60


async def busiest_lines(desk: Desk) -> list[Check]:
    """Return a check that lists them; none if nothing ran or waits, or the server can't tell."""
    try:
        found = await desk.client.busiest()
    except ClientError:
        return []  # a published or an older server; the line about the server shows other reasons
    lines = [
        t(
            "{name}: {waiting} waiting, {ran} ran, up to {late} late",
            name=_name_of(desk, guild.guild_id),
            waiting=grouped(guild.waiting),
            ran=grouped(guild.ran),
            late=span(guild.late),
        )
        for guild in found
    ]
    listed = "".join(f"\n-# {line}" for line in lines)
    return [Check(t("Busiest servers, last hour:"), True, listed)] if lines else []


def _name_of(desk: Desk, guild_id: str) -> str:
    """Return a guild's name, or its id if another process of the bot serves it."""
    guild = desk.bot.get_guild(int(guild_id)) if guild_id.isdecimal() else None
    return cut(plain(guild.name), _LONGEST_NAME) if guild is not None else f"`{guild_id}`"
