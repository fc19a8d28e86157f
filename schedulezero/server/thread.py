"""The embedded server in a thread with an event loop of its own, beside somebody else's loop.

So a burst of due runs is claimed, written and sent without a turn of the host's loop; only the
interpreter lock is shared. (``benchmarks/loop_delay.py`` measures what the host's loop feels of it.)
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
    """A server that a host starts and stops; each may be awaited on the host's loop."""

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
        """Returns when it serves; raises what kept it from serving."""
        self._thread.start()
        await asyncio.wrap_future(self._ready)

    async def stop(self) -> None:
        """Stops it and waits until its ports and its database are free."""
        if self._loop is None or self._stop is None or self._ended.done():
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        await asyncio.wrap_future(self._ended)

    def look(self) -> None:
        """Makes it look at once at what is due, as after its clock was moved."""
        if self._loop is not None and self._look is not None:
            self._loop.call_soon_threadsafe(self._look)

    def _run(self) -> None:
        # zmq needs a loop with file descriptor watchers, which Windows' default loop has not.
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
