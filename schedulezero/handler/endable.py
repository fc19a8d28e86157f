"""Runs an async job function so that it can be ended even if it swallows its cancellation.

    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

A task that does this never ends. Its coroutine can still be closed where it waits.

One that doesn't wait at all, as in ``time.sleep(60)``, holds the event loop and can't be ended. `Turns` tells
its author where it is.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

from schedulezero.background import run_in_background

log = logging.getLogger(__name__)

_GRACE_SECONDS = 1.0
"""How long it may clean up once it is cancelled, before it is closed."""
_HELD_SECONDS = 1.0
"""How long a job may keep the event loop from everything else before the log tells of it."""


AtMost = Callable[[float, asyncio.Event], Awaitable[bool]]
"""Waits for an event for at most so many seconds, and returns whether it came."""


async def at_most(seconds: float, event: asyncio.Event) -> bool:
    """Wait for an event for at most so many seconds; return whether it came."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


class Turns:
    """Whose turn it is on the event loop, for a thread that looks whether somebody holds it."""

    def __init__(self) -> None:
        self._turn: tuple[Endable, float, int] | None = None
        self._told: Endable | None = None

    def begin(self, work: Endable) -> None:
        """Note that some work goes on in the current thread."""
        self._turn = work, time.monotonic(), threading.get_ident()

    def end(self) -> None:
        """Note that it waits, or is over."""
        self._turn = None

    def look(self) -> None:
        """Log, once for each work, that it has gone on for too long without waiting, and where it is now."""
        turn = self._turn
        if turn is None or turn[0] is self._told or time.monotonic() - turn[1] < _HELD_SECONDS:
            return
        work, began, thread = turn
        frame = sys._current_frames().get(thread)  # pyright: ignore[reportPrivateUsage]
        if frame is None:
            return
        frames = traceback.StackSummary.extract(traceback.walk_stack(frame), lookup_lines=False)
        place = next((item for item in frames if item.filename == work.file), None)
        if self._turn is not turn:
            return  # it went on in the meantime, so this is somebody else's stack
        self._told = work
        log.warning(
            "%s has held the event loop for %.1f s%s, and everything else in the bot waits for it: await "
            "what takes long, or make it a plain function, which runs in a thread",
            work.what,
            time.monotonic() - began,
            f", at line {place.lineno} of {place.filename}, in {place.name}" if place is not None else "",
        )


class Endable:
    """Some work in a task of its own, begun at once.

    Parameters:
        work: the coroutine.
        what: names the work and its function in the log.
        turns: learns when it has its turn on the loop.
        wait: waits for its end.
        file: where its function is written; None if unknown.
    """

    def __init__(
        self,
        work: Coroutine[Any, Any, Any],
        what: str,
        turns: Turns,
        file: str | None = None,
        wait: AtMost = at_most,
    ) -> None:
        self._work = work
        self.what = what
        self.file = file
        self._turns = turns
        self._closing = False
        self._wait = wait
        self._over = asyncio.Event()
        self._task = run_in_background(self._drive(), what, passed_on=(BaseException,))
        self._task.add_done_callback(lambda _: self._over.set())

    async def within(self, seconds: float) -> bool:
        """Wait for its end, and end it after so many seconds; return whether it has a result or an error.

        Raises CancelledError if somebody else ended it.
        """
        in_time = await self._wait(seconds, self._over)
        await self.end()
        has_result = self._task.done() and not self._task.cancelled()
        if in_time and not has_result:
            raise asyncio.CancelledError
        return has_result

    def result(self) -> Any:
        """Return its result, or raise its error."""
        return self._task.result()

    async def end(self) -> None:
        """Cancel it, and close it if it goes on all the same."""
        if self._over.is_set():
            return
        self._task.cancel()
        if await self._wait(_GRACE_SECONDS, self._over):
            return
        log.warning(
            "%s went on after it was cancelled, so it is closed; where it catches CancelledError, it must "
            "raise it again",
            self.what,
        )
        self._closing = True
        self._task.cancel()
        if not await self._wait(_GRACE_SECONDS, self._over):  # it waits for a task that goes on like that
            self._close()
            self._over.set()

    async def _drive(self) -> Any:
        return await self

    def __await__(self) -> Generator[Any, Any, Any]:
        """Await the work, and keep from it the cancellation that closes it."""
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            self._turns.begin(self)
            try:
                waited_for = self._work.send(sent) if thrown is None else self._work.throw(thrown)
            except StopIteration as done:
                return done.value
            finally:
                self._turns.end()
            sent = thrown = None
            try:
                sent = yield waited_for
            except BaseException as error:
                if self._closing or isinstance(error, GeneratorExit):
                    self._close()
                    raise
                thrown = error

    def _close(self) -> None:
        try:
            self._work.close()
        except (Exception, GeneratorExit) as error:  # noqa: BLE001 - it may raise anything as it is closed
            log.warning("%s raised an error as it was closed: %s", self.what, error)
