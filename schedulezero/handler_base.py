"""A handler without Discord, for any Python program: a class whose methods are jobs.

    from schedulezero.handler_base import HandlerBase

    class Backups(HandlerBase):
        def back_up(self, params):
            return {"copied": params["folder"]}

    Backups("backups").run()

It registers and stays registered, answers calls, and ends cleanly on Ctrl-C. Everything below is the bot's
own handler (`schedulezero.handler.handler`): journal, deadlines, keys and a thread pool for methods that
aren't ``async``. Within an asyncio program, use ``async with`` in place of `run`.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import signal
import threading
from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from schedulezero.background import run_in_background
from schedulezero.errors import ScheduleZeroError
from schedulezero.handler.executor import DEADLINE_SECONDS
from schedulezero.handler.handler import Handler
from schedulezero.handler.journal import Journal
from schedulezero.methods.spec import JobFunction
from schedulezero.wire.addresses import free_ports, is_handler_address, is_loopback
from schedulezero.wire.keys import KeyRing

log = logging.getLogger(__name__)

SERVER_ADDRESS = "tcp://127.0.0.1:4242"
"""Where a server on this machine takes registrations unless it is configured otherwise."""
SERVER_ADDRESS_VARIABLE = "SCHEDULEZERO_SERVER_ADDRESS"
"""The environment variable that replaces it, as for the bot."""


class HandlerEnded(ScheduleZeroError):
    """The handler ended by itself, so it answers no more calls."""


class HandlerBase:
    """A handler whose public methods are its job methods.

    Each method takes the call's params, a dict, and returns a dict or another JSON value. A method that
    raises, or that returns ``{"error": "…"}``, fails its run. Names that begin with ``_`` are not jobs.

    Parameters:
        handler_id: the name under which it registers.
        address: where it listens for calls, such as ``tcp://127.0.0.1:5001``; None for a free port.
        server_address: where the server takes registrations; None for the environment variable
            ``SCHEDULEZERO_SERVER_ADDRESS``, or else `SERVER_ADDRESS`.
        journal: a file that records its runs, so that none takes effect twice; None to record nothing. With
            a journal, a method that was interrupted isn't called again unless it is `resumable`.
        keys: our keys and the server's (`schedulezero.wire.keys.load_keys`), if the wire is encrypted.
        plain: allow a wire without keys beyond this machine, such as to a published server. Anybody on the
            network path can then read and forge calls.

    Raises ValueError if the handler has no job method, if one has the name of a method here or doesn't take
    params, or for an address that isn't one.
    """

    def __init__(
        self,
        handler_id: str,
        address: str | None = None,
        server_address: str | None = None,
        *,
        journal: str | Path | None = None,
        keys: KeyRing | None = None,
        plain: bool = False,
    ) -> None:
        if not 0 < len(handler_id) <= 100:
            raise ValueError(
                f"A handler id has 1 to 100 characters; {handler_id[:40]!r} has {len(handler_id)}."
            )
        address = address or f"tcp://127.0.0.1:{free_ports(1)[0]}"
        server_address = server_address or os.environ.get(SERVER_ADDRESS_VARIABLE) or SERVER_ADDRESS
        for given in (address, server_address):
            if not is_handler_address(given):
                raise ValueError(f"{given!r} is not an address such as {SERVER_ADDRESS}.")
            if keys is None and not plain and not is_loopback(given):
                raise ValueError(f"{given!r} is beyond this machine: give `keys`, or `plain=True`.")
        if urlsplit(address).hostname in ("0.0.0.0", "::"):
            raise ValueError(f"{address!r} is not an address at which the server can reach this handler.")
        functions = _job_methods(type(self))
        if not functions:
            raise ValueError(
                f"{type(self).__name__} has no job method; define one that takes (self, params)."
            )
        self._journal = Journal(journal) if journal is not None else None
        self._handler = Handler(
            self,
            handler_id,
            address,
            server_address,
            journal=self._journal,
            keys=keys,
            drain_seconds=DEADLINE_SECONDS,
        )
        for name, function in functions.items():
            self._handler.register_sprocket(name, function)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ended: asyncio.Future[None] | None = None
        self._told_to_stop = threading.Event()
        self._running = threading.Lock()

    @property
    def handler(self) -> Handler:
        """The handler below: what it registered, and methods that come and go while it runs."""
        return self._handler

    # ------------------------------------------------------------------ in a program of its own

    def run(self) -> None:
        """Answer calls until Ctrl-C, SIGTERM or `stop`; sets up logging if the program hasn't.

        The methods in progress may then finish, each within its deadline; a second signal ends the program at
        once.

        Raises OSError if the address is taken, HandlerEnded if the handler fails, and RuntimeError if it runs
        already.
        """
        if not logging.getLogger().handlers:
            logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        try:
            asyncio.run(self.serve())
        except KeyboardInterrupt:
            log.info("stopped by Ctrl-C")

    def stop(self) -> None:
        """Make `run` or `serve` end, or the next one if neither runs yet; may be called from any thread."""
        self._told_to_stop.set()
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just been closed, so it ended already
                loop.call_soon_threadsafe(stopping.set)

    # ------------------------------------------------------------------ in an asyncio program

    async def serve(self) -> None:
        """Answer calls until it is cancelled, `stop` is called, or the program gets SIGTERM."""
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with self:
                self._loop, self._stopping = loop, stopping
                if self._told_to_stop.is_set():
                    stopping.set()
                try:
                    with _on_sigterm(loop, stopping):
                        await self._until_stopped(stopping)
                finally:
                    self._loop = self._stopping = None
        finally:
            self._told_to_stop.clear()

    async def __aenter__(self) -> Self:
        if not self._running.acquire(blocking=False):
            raise RuntimeError(
                f"The handler {self._handler.handler_id!r} runs already; "
                f"to run another one, make a second {type(self).__name__}."
            )
        try:
            if self._journal is not None:
                await self._journal.open()
        except BaseException:
            self._running.release()
            raise
        try:
            self._handler.start()
            self._ended = run_in_background(self._handler.wait_stopped(), "the wait for a handler's end")
            await self._handler.wait_bound()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        """Stop answering, let the methods in progress end, and report as offline."""
        try:
            self._handler.stop()
            if self._ended is not None:
                await asyncio.shield(self._ended)
                self._ended = None
            if self._journal is not None:
                await self._journal.close()
        finally:
            self._running.release()

    async def _until_stopped(self, stopping: asyncio.Event) -> None:
        waiting = run_in_background(stopping.wait(), "the wait for a stop")
        assert self._ended is not None
        try:
            await asyncio.wait((waiting, self._ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not stopping.is_set():
            raise HandlerEnded("The handler ended by itself; its log says why.")


def _job_methods(kind: type[HandlerBase]) -> dict[str, JobFunction]:
    """Return the public methods that a class adds to `HandlerBase`, as functions of it and the params."""
    found: dict[str, JobFunction] = {}
    for name, value in inspect.getmembers_static(kind, inspect.isfunction):
        if name.startswith("_") or value is inspect.getattr_static(HandlerBase, name, None):
            continue
        if hasattr(HandlerBase, name):
            raise ValueError(f"{name!r} is a method of HandlerBase itself; give the job another name.")
        try:
            inspect.signature(value).bind(object(), {})
        except TypeError:
            raise ValueError(
                f"The job method {name!r} must take (self, params); begin its name with _ if it is not a job."
            ) from None
        found[name] = value
    return found


@contextlib.contextmanager
def _on_sigterm(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> Generator[None]:
    """Set an event on SIGTERM inside the block, where the platform and the thread allow it."""
    try:
        loop.add_signal_handler(signal.SIGTERM, stopping.set)
    except (NotImplementedError, RuntimeError, ValueError):
        log.debug("SIGTERM isn't watched: Windows has none, and only the main thread can")
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
