"""The embedded server in its own thread with its own event loop.

A burst of due runs is claimed, written and sent without blocking the host's loop; the two loops share only
the interpreter lock. (``benchmarks/loop_delay.py`` measures the delay in the host's loop.)
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime

from schedulezero import instants
from schedulezero.server.service import ServerConfig, serving


class ServerThread:
    """A server in a thread. Await `start` and `stop` on the host's loop."""

    def __init__(self, config: ServerConfig, now: Callable[[], datetime] = instants.now) -> None:
        self._config = config
        self._now = now
        self._ready: Future[None] = Future()
        self._ended: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._look: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name="schedulezero-server", daemon=True)

    async def start(self) -> None:
        """Start the server and wait until it serves. Raises the error that kept it from starting."""
        self._thread.start()
        await asyncio.wrap_future(self._ready)

    async def stop(self) -> None:
        """Stop the server and wait until it has released its ports and its database."""
        if self._loop is None or self._stop is None or self._ended.done():
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        await asyncio.wrap_future(self._ended)

    async def ended(self) -> None:
        """Wait until the server has ended. Raises ServerFailure if it ended because it failed."""
        # Shielded, because whoever stops waiting must not cancel the thread's own future.
        await asyncio.shield(asyncio.wrap_future(self._ended))

    def look(self) -> None:
        """Check for due work at once, for example after a test moved the clock."""
        if self._loop is not None and self._look is not None:
            self._loop.call_soon_threadsafe(self._look)

    def _run(self) -> None:
        # zmq needs a loop with file descriptor watchers, which Windows' default loop doesn't have.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            try:
                runner.run(self._serve())
            except BaseException as error:  # noqa: BLE001 - belongs to whoever started the thread
                if not self._ready.done():
                    self._ready.set_exception(error)
                    return
                self._ended.set_exception(error)
                return
        self._ended.set_result(None)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        async with serving(self._config, self._now) as look:
            self._stop, self._look = stop, look
            self._ready.set_result(None)
            await stop.wait()
