"""The embedded server: starts its parts in order and stops them in reverse.

database → registry and registration socket → queue → dispatcher → clock → REST. Each part starts before
the parts that depend on it and stops after them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any

from schedulezero import instants
from schedulezero.background import run_in_background
from schedulezero.server.config import ServerConfig
from schedulezero.server.exposure import check_rest, tls_context
from schedulezero.server.health import Health
from schedulezero.server.http.connections import Bounds, Connections
from schedulezero.server.parts import build_engine, open_database, receive_handlers
from schedulezero.server.rest import answering, listen
from schedulezero.storage.descriptors import descriptor_limit
from schedulezero.wire.addresses import is_loopback
from schedulezero.wire.keys import load_keys

__all__ = ("ServerConfig", "listen", "serving")

log = logging.getLogger(__name__)


@asynccontextmanager
async def serving(
    config: ServerConfig, now: Callable[[], datetime] = instants.now
) -> AsyncGenerator[Callable[[], None]]:
    """Run the server on this event loop while the context is open.

    Yields a function that makes the server check for due work at once. Call it after moving ``now``.

    Raises PortTaken, DatabaseUnusable (DatabaseInUse when another server uses the SQLite file), Exposed or
    KeysUnusable; each message says what to do.
    """
    tls = tls_context(config.tls_certificate, config.tls_key)
    encrypted = config.require_keys or not is_loopback(config.server_address)
    keys = load_keys(config.keys, everywhere=config.require_keys) if encrypted else None
    async with AsyncExitStack() as stack:
        kept = await open_database(stack, config)
        check_rest(
            config.api_endpoint,
            tls=tls is not None,
            behind_proxy=config.behind_proxy,
            has_token=config.own_token is not None or bool(await kept.tokens.list()),
        )
        callees = await receive_handlers(stack, config, keys, kept)
        engine = await build_engine(config, kept, callees, now)
        health, doorkeeper = engine.health, callees.doorkeeper
        connections = Connections(Bounds.within(descriptor_limit()), behind_proxy=config.behind_proxy)
        server = await answering(stack, config, kept, callees, engine, connections, now)
        listening = listen(config.api_endpoint)

        _running(stack, "queue", engine.queue.keep_up(), health)
        stack.push_async_callback(engine.dispatcher.flush)
        await engine.queue.recover()
        for name, work in (
            ("retention", engine.retention.run()),
            ("rules", kept.rules.keep_reading()),
            ("doorkeeper", doorkeeper.serve(callees.questions)),
            ("count of peers", doorkeeper.keep_count(callees.registrations.monitor)),
            ("registry", callees.registry.keep_looking()),
            ("signs of life", callees.registry.keep_renewing()),
            ("signals", kept.signals.run()),
            ("registrations", callees.registrations.serve()),
            ("dispatcher", engine.dispatcher.run()),
        ):
            _running(stack, name, work, health)
        stack.push_async_callback(engine.dispatcher.drain)
        for name, work in (
            ("clock", engine.clock.run()),
            ("connections", connections.accept(listening, server, tls)),
        ):
            _running(stack, name, work, health)
        stack.callback(setattr, health, "stopping", True)
        log.info("server ready: REST at %s, handlers at %s", config.api_endpoint, config.server_address)
        yield engine.look
    log.info("server stopped: REST at %s, handlers at %s", config.api_endpoint, config.server_address)


def _running(stack: AsyncExitStack, name: str, work: Coroutine[Any, Any, None], health: Health) -> None:
    """Run a part as a task while the stack is open, and log its failure."""
    task = run_in_background(work, f"the server's {name}", failed=lambda _: health.broken.append(name))

    async def stop() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(stop)
