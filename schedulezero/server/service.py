"""The embedded server: starts its parts in order and stops them in reverse.

database → registry and registration socket → queue → dispatcher → clock → REST. Each part starts before
the parts that depend on it and stops after them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

from schedulezero import instants
from schedulezero.server.config import ServerConfig
from schedulezero.server.exposure import check_rest, tls_context
from schedulezero.server.handlers.registrations import bind
from schedulezero.server.http.connections import Bounds, Connections
from schedulezero.server.parts import build_engine, open_database, receive_handlers
from schedulezero.server.parts_kept import Parts
from schedulezero.server.rest import answering, listen
from schedulezero.storage.descriptors import descriptor_limit
from schedulezero.wire.addresses import is_loopback
from schedulezero.wire.keys import load_keys

__all__ = ("ServerConfig", "bind", "listen", "serving")

log = logging.getLogger(__name__)


@asynccontextmanager
async def serving(
    config: ServerConfig, now: Callable[[], datetime] = instants.now
) -> AsyncGenerator[Callable[[], None]]:
    """Run the server on this event loop while the context is open.

    Yields a function that makes the server check for due work at once. Call it after moving ``now``.

    Raises PortTaken, DatabaseUnusable (DatabaseInUse when another server uses the SQLite file), Exposed or
    KeysUnusable; each message says what to do. Raises ServerFailure, also out of the block, when a part of
    the server keeps failing.
    """
    tls = tls_context(config.tls_certificate, config.tls_key)
    encrypted = config.require_keys or not is_loopback(config.server_address)
    keys = load_keys(config.keys, everywhere=config.require_keys) if encrypted else None
    failing = config.failing
    parts = Parts(failing)
    try:
        async with AsyncExitStack() as stack:
            kept = await open_database(stack, config)
            check_rest(
                config.api_endpoint,
                tls=tls is not None,
                behind_proxy=config.behind_proxy,
                has_token=config.own_token is not None or bool(await kept.tokens.list()),
            )
            callees = await receive_handlers(stack, config, keys, kept)
            engine = await build_engine(config, kept, callees, now, failing)
            health, doorkeeper, registry = engine.health, callees.doorkeeper, callees.registry
            connections = Connections(Bounds.within(descriptor_limit()), behind_proxy=config.behind_proxy)
            server = await answering(stack, config, kept, callees, engine, connections, now)
            listening = listen(config.api_endpoint)

            parts.keep(stack, "check of the time", engine.time_check.keep_looking)
            parts.keep(stack, "leases", kept.leases.keep)
            parts.keep(stack, "queue", engine.queue.keep_up)
            stack.push_async_callback(engine.dispatcher.flush)
            await engine.queue.recover()
            parts.keep(stack, "retention", engine.retention.run)
            parts.keep(stack, "rules", kept.rules.keep_reading)
            parts.keep(stack, "doorkeeper", lambda: doorkeeper.serve(callees.questions))
            parts.keep(stack, "count of peers", lambda: doorkeeper.keep_count(callees.registrations.monitor))
            parts.keep(stack, "registry", registry.keep_looking)
            parts.keep(stack, "signs of life", registry.keep_renewing)
            parts.keep(stack, "signals", kept.signals.run)
            parts.keep(stack, "registrations", callees.registrations.serve)
            # The runs in its hands are known to nobody else in this process.
            parts.keep(stack, "dispatcher", engine.dispatcher.run, most=1)
            stack.push_async_callback(engine.dispatcher.drain)
            parts.keep(stack, "clock", engine.clock.run)
            parts.keep(stack, "connections", lambda: connections.accept(listening, server, tls))
            stack.callback(setattr, health, "stopping", True)
            where = f"REST at {config.api_endpoint}, handlers at {config.server_address}"
            if await health.has_room():
                log.info("server ready: %s", where)
            else:
                log.error("server started, and not ready: the disk of its database is full; %s", where)
            yield engine.look
    except asyncio.CancelledError as error:
        raise parts.owned(error) from None
    log.info("server stopped: REST at %s, handlers at %s", config.api_endpoint, config.server_address)
