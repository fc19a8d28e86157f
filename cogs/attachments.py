"""Read the content of attachments, one piece at a time.

A person may upload up to 500 MB, so nothing is held in memory as a whole. The addresses come from Discord,
never from a person.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import discord

_PIECE = 256 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=300, sock_connect=15, sock_read=30)


class Attachments:
    """Discord's store of attachments. A simulated Discord brings its own."""

    async def pieces(self, bot: discord.Client, url: str) -> AsyncIterator[bytes]:
        """Yield the content at an address of an attachment.

        Raises discord.HTTPException if Discord refuses it, and what `cogs.background.discord_troubles` lists.
        """
        proxy, proxy_auth = bot.http.proxy, bot.http.proxy_auth
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(url, proxy=proxy, proxy_auth=proxy_auth) as response,
        ):
            if response.status != 200:
                raise discord.HTTPException(response, f"the attachment answered with {response.status}")
            async for piece in response.content.iter_chunked(_PIECE):
                yield piece
