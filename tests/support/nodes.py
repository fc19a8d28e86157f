"""Shared test helpers: several nodes on one PostgreSQL, and handlers that register at one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from schedulezero.model.limits import NO_LIMITS, Limits
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.wire.addresses import free_ports
from tests.conftest import until
from tests.support.peers import RawHandler


def node_config(database: str, limits: Limits = NO_LIMITS) -> ServerConfig:
    registration, rest = free_ports(2)
    return ServerConfig(
        f"http://127.0.0.1:{rest}", f"tcp://127.0.0.1:{registration}", database, limits=limits
    )


class Node:
    """A node and a client of its REST."""

    def __init__(self, config: ServerConfig, api: httpx.AsyncClient, thread: ServerThread) -> None:
        self.config = config
        self.api = api
        self.thread = thread

    async def handlers(self) -> list[dict[str, Any]]:
        return (await self.api.get("/api/handlers")).json()["handlers"]

    async def health(self) -> dict[str, Any]:
        return (await self.api.get("/api/health")).json()

    async def knows(self, *addresses: str) -> bool:
        return {item["address"] for item in await self.handlers()} >= set(addresses)


@asynccontextmanager
async def nodes(database: str, count: int, limits: Limits = NO_LIMITS) -> AsyncIterator[list[Node]]:
    """So many nodes, each in a thread with a loop of its own; all hear each other."""
    found: list[Node] = []
    try:
        for _ in range(count):
            config = node_config(database, limits)
            thread = ServerThread(config)
            await thread.start()
            found.append(Node(config, httpx.AsyncClient(base_url=config.api_endpoint, timeout=60), thread))
        for node in found:
            await until(lambda node=node: ready(node))
        yield found
    finally:
        for node in found:
            await node.api.aclose()
            await node.thread.stop()


async def ready(node: Node) -> bool:
    """Return whether a node says that it is ready."""
    return (await node.api.get("/api/health/ready")).status_code == 200


@pytest.fixture
def raw() -> Iterator[Callable[..., RawHandler]]:
    """Makes handlers that register at a node."""
    made: list[RawHandler] = []

    def make(node: Node, handler_id: str = "raw") -> RawHandler:
        (port,) = free_ports(1)
        made.append(RawHandler(port, node.config.server_address, handler_id))
        return made[-1]

    yield make
    for handler in made:
        handler.stop()


Make = Callable[..., RawHandler]
