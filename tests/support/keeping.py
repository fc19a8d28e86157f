"""Keep files for the simulated guild, as somebody who attached them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from tests.support.world import World


async def kept(
    world: World,
    content: bytes = b"picture",
    name: str = "poster.png",
    guild_id: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Keep a file, and return it as a job's params name it."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    bot: Any = world.bot
    facts = await bot.memory.files.keep(str(guild_id or world.guild.id), "1", name, chunks())
    return {"file": facts.digest, "name": name, **more}
