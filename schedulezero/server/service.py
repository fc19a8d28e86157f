"""The embedded server: starts its parts in order, stops them in reverse.

database → registry and registration socket → queue → dispatcher → clock → REST. Each part is up
before the one that relies on it, and gone after it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import zmq
import zmq.asyncio
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from schedulezero import instants
from schedulezero.background import run_in_background
from schedulezero.errors import PortTaken
from schedulezero.model import JsonObject
from schedulezero.model.limits import Limits
from schedulezero.server.api.audit import AuditResource
from schedulezero.server.api.bulk import BulkResource
from schedulezero.server.api.jobs import JobsResource
from schedulezero.server.api.limits import LimitsResource
from schedulezero.server.api.preview import PreviewResource
from schedulezero.server.api.rules import RulesResource
from schedulezero.server.api.runs import RunsResource
from schedulezero.server.api.schedules import SchedulesResource
from schedulezero.server.api.system import SystemResource
from schedulezero.server.api.troubles import TroublesResource
from schedulezero.server.engine.clock import Clock
from schedulezero.server.engine.dispatcher import Dispatcher
from schedulezero.server.engine.lifecycle import Jobs
from schedulezero.server.engine.retention import Retention
from schedulezero.server.engine.run_queue import LocalRunQueue, RunQueue
from schedulezero.server.exposure import check_rest, tls_context
from schedulezero.server.handlers.crowd import SOCKETS_EACH, most_instances
from schedulezero.server.handlers.registrations import Registrations
from schedulezero.server.handlers.registry import Registry
from schedulezero.server.health import Health
from schedulezero.server.http.access import Access, AccessRules, loopback_hosts
from schedulezero.server.http.connections import Bounds, Connections
from schedulezero.server.http.errors import error_middleware, texts_middleware
from schedulezero.server.records.announcer import Announcer
from schedulezero.server.records.audit import Audit
from schedulezero.server.records.guild_rules import Rules
from schedulezero.server.records.instances import Instances
from schedulezero.server.records.tables import metadata
from schedulezero.server.records.tokens import Tokens
from schedulezero.server.records.troubles import Troubles
from schedulezero.server.records.versions import Versions
from schedulezero.server.store.jobs import Store
from schedulezero.server.store.runs import RunStore
from schedulezero.storage import sqlite_lock
from schedulezero.storage.database import Database, database_of, is_postgres_setting, sqlite_path
from schedulezero.storage.descriptors import descriptor_limit
from schedulezero.storage.signals import Signal, Signals
from schedulezero.storage.sqlite_errors import explained
from schedulezero.wire.addresses import is_loopback
from schedulezero.wire.doorkeeper import Doorkeeper, most_peers
from schedulezero.wire.keys import load_keys
from schedulezero.wire.protocol import MAX_FRAME_BYTES

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """What the embedded server runs with.

    Attributes:
        api_endpoint: where REST listens, such as ``http://127.0.0.1:8888``.
        server_address: where handlers register, such as ``tcp://127.0.0.1:4242``.
        database: path of the SQLite file, or the ``postgresql://`` URL that several nodes share.
        timezone: the IANA zone of wall-clock triggers that name none.
        require_token: whether REST needs a token on loopback, too.
        own_token: a token for whoever runs the server in their own process.
        requests_per_second: see `AccessRules`.
        tls_certificate, tls_key: files for HTTPS.
        behind_proxy: a proxy that does TLS stands before REST.
        keys: the folder of the keys for ZeroMQ beyond loopback.
        require_keys: whether ZeroMQ needs keys on loopback, too.
        history_days: how long ended runs are kept; 0 for ever.
        limits: what one guild and one person can ask for at most.
    """

    api_endpoint: str
    server_address: str
    database: str = field(repr=False)
    timezone: str = "UTC"
    require_token: bool = False
    own_token: str | None = field(default=None, repr=False)
    requests_per_second: float = 100.0
    tls_certificate: str | None = None
    tls_key: str | None = None
    behind_proxy: bool = False
    keys: str = "data/keys"
    require_keys: bool = False
    history_days: float = 90.0
    limits: Limits = field(default_factory=Limits)

    def to_json(self) -> JsonObject:
        return {
            "api_endpoint": self.api_endpoint,
            "server_address": self.server_address,
            "timezone": self.timezone,
        }


@asynccontextmanager
async def serving(
    config: ServerConfig, now: Callable[[], datetime] = instants.now
) -> AsyncGenerator[Callable[[], None]]:
    """Runs the server on this event loop while the context is entered.

    The context's value makes it look at once at what is due, as after ``now`` was moved.

    Raises PortTaken, DatabaseUnusable (DatabaseInUse when a SQLite file has a server already), Exposed or
    KeysUnusable, in a sentence that says what to do.
    """
    tls = tls_context(config.tls_certificate, config.tls_key)
    encrypted = config.require_keys or not is_loopback(config.server_address)
    keys = load_keys(config.keys, everywhere=config.require_keys) if encrypted else None
    async with AsyncExitStack() as stack:
        if not is_postgres_setting(config.database):
            claim = await asyncio.to_thread(_claim, sqlite_path(config.database))
            stack.callback(claim.release)
        database = database_of(config.database, metadata)
        await database.open()
        stack.push_async_callback(database.close)
        signals = Signals(config.database if is_postgres_setting(config.database) else None)
        store, runs = Store(database, config.limits), RunStore(database, config.limits)
        stack.push_async_callback(store.close)
        rules = Rules(database)
        await rules.load()
        announcer = Announcer()
        troubles = Troubles(database, announcer)
        audit = Audit(database, announcer)
        versions = Versions(database)
        tokens = Tokens(database)
        check_rest(
            config.api_endpoint,
            tls=tls is not None,
            behind_proxy=config.behind_proxy,
            has_token=config.own_token is not None or bool(await tokens.list()),
        )

        context = zmq.asyncio.Context()
        most = most_instances(descriptor_limit())
        # A connection takes three of libzmq's sockets; its own limit of 1023 would be reached first.
        context.set(zmq.MAX_SOCKETS, SOCKETS_EACH * most + 64)
        stack.callback(context.destroy, linger=0)
        doorkeeper = Doorkeeper(keys, most_peers(descriptor_limit()))
        questions = doorkeeper.socket(context)
        stack.callback(questions.close)
        registry = Registry(
            context,
            keys,
            Instances(database) if signals.shared else None,
            most=most,
            needed=store.handlers_needed,
        )
        stack.callback(registry.close)
        own_ports = {urlsplit(item).port or 80 for item in (config.server_address, config.api_endpoint)}
        registrations = Registrations(context, registry, config.server_address, doorkeeper, keys, own_ports)
        stack.callback(registrations.close)

        queue = await run_queue(database, runs, registry, signals)
        dispatcher = Dispatcher(runs, queue, registry, troubles, now)
        clock = Clock(store, queue, rules, troubles, now)
        jobs = Jobs(store, runs, clock, queue, registry, rules, versions, audit, now)

        signals.on(Signal.JOBS, clock.heard)
        signals.on(Signal.CANCELLED, lambda _: runs.note_cancelled())
        signals.on(Signal.NEWS, lambda _: announcer.announce())
        signals.on(Signal.RULES, lambda _: rules.look())
        signals.on(Signal.HANDLERS, lambda _: registry.look())
        health = Health(
            database,
            signals,
            lambda: (queue.depth(), dispatcher.running),
            lambda: dispatcher.unwritten_seconds,
            lambda: clock.stuck_seconds,
        )

        local = is_loopback(config.api_endpoint)
        rules_of_access = AccessRules(
            required=config.require_token or not local,
            hosts=loopback_hosts(config.api_endpoint) if local else None,
            own_token=config.own_token,
            requests_per_second=config.requests_per_second,
        )
        connections = Connections(Bounds.within(descriptor_limit()), behind_proxy=config.behind_proxy)
        access = Access(rules_of_access, tokens, connections)
        app = web.Application(
            middlewares=[
                connections.middleware(),
                error_middleware,
                access.middleware(),
                texts_middleware,
                announcing(announcer),
            ],
            client_max_size=MAX_FRAME_BYTES,
        )
        for resource in (
            JobsResource(jobs, config.timezone),
            BulkResource(jobs),
            RunsResource(runs, audit),
            AuditResource(audit),
            TroublesResource(troubles),
            RulesResource(rules, config.limits),
            LimitsResource(jobs),
            SchedulesResource(jobs, registry, dispatcher, config.timezone),
            PreviewResource(config.timezone, now),
            SystemResource(registry, config.to_json(), health),
        ):
            app.router.add_routes(resource.routes())
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.callback(announcer.close)  # before the line above: a long poll would hold it up
        listening = listen(config.api_endpoint)

        await _running(stack, "queue", queue.keep_up(), health)
        stack.push_async_callback(dispatcher.flush)
        await queue.recover()
        kept_for = timedelta(days=config.history_days) if config.history_days else None
        retention = Retention(runs, signals, kept_for, now)
        await _running(stack, "retention", retention.run(), health)
        await _running(stack, "rules", rules.keep_reading(), health)
        await _running(stack, "doorkeeper", doorkeeper.serve(questions), health)
        await _running(stack, "count of peers", doorkeeper.keep_count(registrations.monitor), health)
        await _running(stack, "registry", registry.keep_looking(), health)
        await _running(stack, "signals", signals.run(), health)
        await _running(stack, "registrations", registrations.serve(), health)
        await _running(stack, "dispatcher", dispatcher.run(), health)
        await _running(stack, "clock", clock.run(), health)
        assert runner.server is not None
        await _running(stack, "connections", connections.accept(listening, runner.server, tls), health)
        log.info("server ready: REST at %s, handlers at %s", config.api_endpoint, config.server_address)

        def look() -> None:
            clock.look()
            dispatcher.look()

        yield look
    log.info("server stopped: REST at %s, handlers at %s", config.api_endpoint, config.server_address)


def _claim(path: Path) -> sqlite_lock.Claim:
    with explained(path):
        return sqlite_lock.serve(path)


def announcing(announcer: Announcer) -> Middleware:
    """Wakes whoever waits for news after each request that may have changed something."""

    @web.middleware
    async def announce(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        finally:
            if request.method not in ("GET", "HEAD"):
                announcer.announce()

    return announce


async def run_queue(database: Database, store: RunStore, registry: Registry, signals: Signals) -> RunQueue:
    """The queue of runs: of this process, or the one that the nodes of one PostgreSQL share."""
    if not signals.shared:
        return LocalRunQueue(store)
    from schedulezero.server.engine.shared_queue import SharedRunQueue, install
    from schedulezero.storage.postgres import PostgresDatabase

    assert isinstance(database, PostgresDatabase)
    await install(database)
    return SharedRunQueue(database, store, registry, signals)


async def _running(stack: AsyncExitStack, name: str, work: Coroutine[Any, Any, None], health: Health) -> None:
    """Runs a part as a task for as long as the stack is open; its failure is logged, not lost."""
    task = run_in_background(work, f"the server's {name}", failed=lambda _: health.broken.append(name))

    async def stop() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(stop)


def listen(endpoint: str) -> socket.socket:
    """A socket that listens where an endpoint says; PortTaken in words when it cannot."""
    parts = urlsplit(endpoint)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Not on Windows, where it would let two programs share the port.
        if hasattr(socket, "SO_REUSEPORT"):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise PortTaken(
            f"REST cannot listen on {host}:{port} ({error.strerror}). Stop the program that does, "
            "or set another `api_endpoint`."
        ) from error
    listening.setblocking(False)
    return listening
