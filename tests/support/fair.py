"""Shared test helpers: a hot and a cool guild, their jobs, and a real server with a real handler for them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from schedulezero.handler.handler import Handler
from schedulezero.handler.run_context import current_run
from schedulezero.instants import to_iso
from schedulezero.model import Job, Trigger
from schedulezero.server.records.rows import job_row
from schedulezero.server.records.tables import jobs, metadata
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.storage.database import database_of
from schedulezero.wire.addresses import free_ports

HOT, COOL = "100000000000000001", "100000000000000002"


class Discord:
    """Answers the hot guild's requests only once it is told to, as a channel's limit does."""

    def __init__(self) -> None:
        self.asking: Counter[str] = Counter()
        self.asked = asyncio.Condition()
        self.answers = asyncio.Event()

    async def post(self, context: Any, params: dict[str, Any]) -> dict[str, Any]:
        guild_id = current_run().guild_id or ""
        async with self.asked:
            self.asking[guild_id] += 1
            self.asked.notify_all()
        if guild_id == HOT:
            await self.answers.wait()
        return {"success": True}

    async def has_asked(self, guild_id: str, count: int) -> None:
        async with asyncio.timeout(60), self.asked:
            await self.asked.wait_for(lambda: self.asking[guild_id] >= count)


async def due(config: ServerConfig, guild_id: str, count: int, at: datetime) -> None:
    """Write jobs of a guild that are due at an instant, before the server starts."""
    database = database_of(config.database, metadata)
    await database.open()
    rows = [
        job_row(
            Job(
                id=f"{guild_id}-{number}",
                handler_id="h",
                method="post",
                params={},
                trigger=Trigger("date", {"run_date": to_iso(at)}),
                next_run_at=at,
                anchor_at=at,
                guild_id=guild_id,
                created_at=at,
                updated_at=at,
            )
        )
        for number in range(count)
    ]
    await database.write(lambda connection: connection.execute(jobs.insert(), rows))
    await database.close()


@asynccontextmanager
async def serving(config: ServerConfig, discord: Discord) -> AsyncIterator[Handler]:
    server = ServerThread(config)
    await server.start()
    address = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    handler = Handler(None, "h", address, config.server_address)
    handler.register_sprocket("post", discord.post)
    handler.start()
    await handler.wait_bound()
    await handler.refresh()
    try:
        yield handler
    finally:
        discord.answers.set()
        handler.stop()
        await handler.wait_stopped()
        await server.stop()
