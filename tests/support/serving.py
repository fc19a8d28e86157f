"""Shared test helpers: served."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from tests.conftest import Api


@asynccontextmanager
async def served(config: ServerConfig) -> AsyncIterator[Api]:
    server = ServerThread(config)
    await server.start()
    try:
        async with Api(base_url=config.api_endpoint, timeout=10) as client:
            yield client
    finally:
        await server.stop()
