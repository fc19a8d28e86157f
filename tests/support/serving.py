"""Shared test helpers: served, hello_handler."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from schedulezero import instants
from schedulezero.handler.handler import Handler
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.wire.addresses import free_ports
from schedulezero.wire.keys import KeyRing
from tests.conftest import Api
from tests.support.clocks import Clock
from tests.support.speaking import hello


@asynccontextmanager
async def served(
    config: ServerConfig, clock: Clock | None = None, *, timeout: float = 60
) -> AsyncIterator[Api]:
    server = ServerThread(config, clock or instants.now)
    await server.start()
    try:
        async with Api(base_url=config.api_endpoint, timeout=timeout) as client:
            yield client
    finally:
        await server.stop()


@asynccontextmanager
async def hello_handler(
    server_address: str | None, keys: KeyRing | None, address: str | None = None
) -> AsyncIterator[Handler]:
    """Our handler ``bot`` with one job; it registers if there is a server's address."""
    address = address or f"tcp://127.0.0.1:{free_ports(1)[0]}"
    handler = Handler("moon", "bot", address, server_address, keys=keys)
    handler.register_sprocket("hello", hello)
    handler.start()
    await handler.wait_bound()
    try:
        yield handler
    finally:
        handler.stop()
        await handler.wait_stopped()
