"""The handler: runs job functions for a ScheduleZero server, from each start to the next stop.

It doesn't depend on Discord. Calls arrive on a separate thread (`schedulezero.handler.thread`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from schedulezero.handler.endable import AtMost, at_most
from schedulezero.handler.executor import After, Guard, Moved
from schedulezero.handler.journal import Journal
from schedulezero.handler.registration import Registered
from schedulezero.handler.thread import HandlerConfig, HandlerThread
from schedulezero.methods.schema import schema_of
from schedulezero.methods.spec import JobFunction, spec_of
from schedulezero.model import JsonObject
from schedulezero.wire.keys import KeyRing
from schedulezero.wire.shards import Shards


class Handler:
    """Runs job functions for a ScheduleZero server.

    Parameters:
        context: the first argument of every job function (the bot).
        handler_id: the name under which it registers.
        address: where it listens, such as ``tcp://127.0.0.1:5000``.
        server_address: where it registers; None to stay unregistered.
        journal: records its runs; the caller opens and closes it. None to record nothing.
        guard: called before each run; None for no check.
        after: called after each successful run; None for no callback.
        keys: our keys and the server's; used for every address they cover.
        shards: the guilds this instance serves, if others share its name; None if it is the only one.
        drain_seconds: for how long calls in progress may go on once it stops; None for a moment.
        moved: called when a call of a run begins and when it has its answer; None for no callback.
        wait: waits for the end of a job function.
    """

    def __init__(
        self,
        context: Any,
        handler_id: str,
        address: str,
        server_address: str | None,
        *,
        journal: Journal | None = None,
        guard: Guard | None = None,
        after: After | None = None,
        keys: KeyRing | None = None,
        shards: Shards | None = None,
        drain_seconds: float | None = None,
        moved: Moved | None = None,
        wait: AtMost = at_most,
    ) -> None:
        self.keys = keys
        self.shards = shards
        self.handler_id = handler_id
        self.address = address
        self.sprockets: dict[str, JobFunction] = {}
        self.journal = journal
        self.guard = guard
        self.after = after
        self.moved = moved
        self._wait = wait
        self._drain_seconds = drain_seconds
        self._context = context
        self._server_address = server_address
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: HandlerThread | None = None
        self._started = asyncio.Event()
        self._next_start = asyncio.Event()

    # ------------------------------------------------------------------ job methods

    def register_sprocket(self, name: str, function: JobFunction) -> None:
        """Add or replace a job method, and update the server at once."""
        self.sprockets[name] = function
        self._methods_changed()

    def schemas(self) -> dict[str, JsonObject]:
        """Return what each job method takes, as JSON Schema."""
        return {name: schema_of(spec_of(name, function)) for name, function in self.sprockets.copy().items()}

    def unregister_sprocket(self, name: str) -> None:
        """Remove a job method; does nothing if it doesn't exist."""
        if self.sprockets.pop(name, None) is not None:
            self._methods_changed()

    # ------------------------------------------------------------------ lifecycle

    @property
    def running(self) -> bool:
        """Whether it answers calls, or is about to."""
        return self._session is not None and self._session.alive

    @property
    def registered(self) -> Registered | None:
        """The server's record of this handler; None while it has none."""
        return self._session.registered if self._session is not None else None

    @property
    def under_way(self) -> Collection[str]:
        """The ids of the runs that it carries out now."""
        return self._session.under_way if self._session is not None else ()

    def start(self) -> None:
        """Start answering and registering; returns at once. Needs a running event loop.

        May be called again at any time after `stop`: the new thread waits until the old one has released the
        address.
        """
        if self.running:
            return
        self._loop = asyncio.get_running_loop()
        config = HandlerConfig(
            self._context,
            self.handler_id,
            self.address,
            self._server_address,
            self.sprockets,
            self.schemas,
            self.journal,
            self.guard,
            self.after,
            self.keys,
            self.shards,
            self._drain_seconds,
            self.moved,
            self._wait,
        )
        self._session = HandlerThread(config, self._loop, self._session)
        self._session.start()
        self._started.set()
        self._next_start.set()
        self._next_start = asyncio.Event()

    def stop(self) -> None:
        """Stop answering and report as offline, in the background; returns at once."""
        if self._session is not None:
            self._session.stop()

    async def wait_bound(self) -> None:
        """Wait until it has started and is listening; raises OSError if its address is taken."""
        await self._started.wait()
        assert self._session is not None
        # Shielded, because the thread sets the future, whether or not this is cancelled.
        await asyncio.shield(asyncio.wrap_future(self._session.bound))

    async def wait_stopped(self) -> None:
        """Wait until the thread has ended and the address is free."""
        if self._session is not None:
            await asyncio.shield(asyncio.wrap_future(self._session.ended))

    async def wait_failed(self) -> Exception:
        """Wait until its thread has ended by itself, over any number of stops and starts; return why."""
        while True:
            session, next_start = self._session, self._next_start
            if session is not None:
                await asyncio.shield(asyncio.wrap_future(session.ended))
                if session.failure is not None:
                    return session.failure
            if self._session is session:
                await next_start.wait()

    async def refresh(self) -> Registered:
        """Register again and return the server's answer; raises TimeoutError if there is none.

        If the handler isn't started yet, this waits for the start.
        """
        async with asyncio.timeout(10):
            await self._started.wait()
            assert self._session is not None and self._session.registration is not None
            return await asyncio.wrap_future(self._session.registration.refresh())

    @property
    def server_address(self) -> str | None:
        """Where it registers."""
        return self._server_address

    def _methods_changed(self) -> None:
        if self.running and self._session is not None and self._session.registration is not None:
            self._session.registration.refresh()
