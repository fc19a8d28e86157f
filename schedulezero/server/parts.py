"""The parts of the embedded server, in three groups: storage, handlers and engine.

Each function builds one group on top of the previous ones and registers its cleanup on the exit stack.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import zmq
import zmq.asyncio

from schedulezero.errors import DatabaseUnusable
from schedulezero.server.config import ServerConfig
from schedulezero.server.engine.clock import Clock
from schedulezero.server.engine.dispatcher import Dispatcher
from schedulezero.server.engine.lifecycle import Jobs
from schedulezero.server.engine.retention import Retention
from schedulezero.server.engine.run_queue import LocalRunQueue, RunQueue
from schedulezero.server.engine.time_check import TimeCheck
from schedulezero.server.handlers.crowd import SOCKETS_EACH, most_instances
from schedulezero.server.handlers.registrations import Registrations
from schedulezero.server.handlers.registry import Registry
from schedulezero.server.health import Health
from schedulezero.server.records import moves
from schedulezero.server.records.announcer import Announcer
from schedulezero.server.records.audit import Audit
from schedulezero.server.records.feeds import Feeds
from schedulezero.server.records.guild_rules import Rules
from schedulezero.server.records.instances import Instances
from schedulezero.server.records.leases import Leases
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
from schedulezero.wire.doorkeeper import Doorkeeper, most_peers
from schedulezero.wire.keys import KeyRing


@dataclass(frozen=True, slots=True)
class Kept:
    """The database and the objects that read and write it."""

    database: Database
    signals: Signals
    leases: Leases
    jobs: Store
    runs: RunStore
    rules: Rules
    announcer: Announcer
    troubles: Troubles
    audit: Audit
    versions: Versions
    tokens: Tokens
    feeds: Feeds


async def open_database(stack: AsyncExitStack, config: ServerConfig) -> Kept:
    """Open the database. A SQLite file stays locked to this server until the stack closes."""
    shared = is_postgres_setting(config.database)
    if not shared:
        claim = await asyncio.to_thread(_claim, sqlite_path(config.database))
        stack.callback(claim.release)
    database = database_of(config.database, metadata)
    await database.open()
    stack.push_async_callback(database.close)
    if await database.read(moves.is_incomplete):
        raise DatabaseUnusable(
            f"A move into {database.where} isn't complete. Let `schedulezero-bot move` end, run it again, or "
            "name another database under `database`."
        )
    announcer = Announcer()
    kept = Kept(
        database,
        Signals(config.database if shared else None, database.outage),
        Leases(database, shared=shared),
        Store(database, config.limits),
        RunStore(database, config.limits),
        Rules(database),
        announcer,
        Troubles(database, announcer),
        Audit(database, announcer),
        Versions(database),
        Tokens(database),
        Feeds(database),
    )
    stack.push_async_callback(kept.jobs.close)
    stack.push_async_callback(kept.versions.close)
    await kept.rules.load()
    return kept


@dataclass(frozen=True, slots=True)
class Callees:
    """The handlers and the sockets they connect to."""

    registry: Registry
    registrations: Registrations
    doorkeeper: Doorkeeper
    questions: zmq.asyncio.Socket


async def receive_handlers(
    stack: AsyncExitStack, config: ServerConfig, keys: KeyRing | None, kept: Kept
) -> Callees:
    """Load the known handlers and bind the address where they register. Raises PortTaken when it can't."""
    context = zmq.asyncio.Context()
    most = most_instances(descriptor_limit())
    # A connection takes three of libzmq's sockets, so libzmq's default limit of 1023 is too low.
    context.set(zmq.MAX_SOCKETS, SOCKETS_EACH * most + 64)
    stack.callback(context.destroy, linger=0)
    doorkeeper = Doorkeeper(keys, most_peers(descriptor_limit()))
    questions = doorkeeper.socket(context)
    stack.callback(questions.close)
    own_ports = {urlsplit(item).port or 80 for item in (config.server_address, config.api_endpoint)}
    registry = Registry(
        context,
        keys,
        Instances(kept.database),
        shared=kept.signals.shared,
        most=most,
        own_ports=own_ports,
        needed=kept.jobs.handlers_needed,
    )
    stack.callback(registry.close)
    await registry.recover()
    registrations = Registrations(context, registry, config.server_address, doorkeeper, keys, own_ports)
    stack.callback(registrations.close)
    return Callees(registry, registrations, doorkeeper, questions)


@dataclass(frozen=True, slots=True)
class Engine:
    """The parts that move jobs and runs forward."""

    queue: RunQueue
    dispatcher: Dispatcher
    clock: Clock
    time_check: TimeCheck
    jobs: Jobs
    retention: Retention
    health: Health

    def look(self) -> None:
        """Check for due work at once, for example after a test moved the clock."""
        self.clock.look()
        self.dispatcher.look()


async def build_engine(
    config: ServerConfig, kept: Kept, callees: Callees, now: Callable[[], datetime], failing: list[str]
) -> Engine:
    """Build the engine and subscribe it to the signals of other nodes.

    ``failing`` holds the names of the parts that are away, for health.
    """
    registry = callees.registry
    time_check = TimeCheck(kept.database, shared=kept.signals.shared)
    queue = await _run_queue(kept, registry, time_check)
    clock = Clock(kept.jobs, queue, kept.rules, kept.troubles, time_check, now)
    dispatcher = Dispatcher(kept.runs, queue, registry, kept.troubles, clock.wake, time_check, now)
    jobs = Jobs(kept.jobs, kept.runs, clock, queue, registry, kept.rules, kept.versions, kept.audit, now)
    kept_for = timedelta(days=config.history_days) if config.history_days else None
    retention = Retention(kept.runs, kept.leases, kept_for, now)

    kept.signals.on(Signal.JOBS, clock.heard)
    kept.signals.on(Signal.CANCELLED, lambda _: kept.runs.note_cancelled())
    kept.signals.on(Signal.NEWS, lambda _: kept.announcer.announce())
    kept.signals.on(Signal.RULES, lambda _: kept.rules.look())
    kept.signals.on(Signal.HANDLERS, lambda _: registry.look())
    health = Health(
        kept.database,
        kept.signals,
        lambda: (dispatcher.waiting().total(), dispatcher.running),
        lambda: dispatcher.unwritten_seconds,
        lambda: clock.stuck_seconds,
        failing,
        lambda: time_check.seconds_off if time_check.is_off else 0.0,
    )
    return Engine(queue, dispatcher, clock, time_check, jobs, retention, health)


def _claim(path: Path) -> sqlite_lock.Claim:
    with explained(path):
        return sqlite_lock.serve(path)


async def _run_queue(kept: Kept, registry: Registry, time_check: TimeCheck) -> RunQueue:
    """Return the run queue: one in this process, or one shared by the nodes of a PostgreSQL database."""
    if not kept.signals.shared:
        return LocalRunQueue(kept.runs)
    from schedulezero.server.engine.shared_queue import SharedRunQueue, install
    from schedulezero.storage.postgres import PostgresDatabase

    assert isinstance(kept.database, PostgresDatabase)
    await install(kept.database)
    return SharedRunQueue(kept.database, kept.runs, registry, kept.signals, kept.leases, time_check)
