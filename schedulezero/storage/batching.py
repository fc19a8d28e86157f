"""Work that costs the same for many as for one, such as a commit: who asks meanwhile is served next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from schedulezero.background import run_in_background
from schedulezero.errors import DatabaseUnavailable

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Does for all callers at once what each of them asks for alone.

    The first one is served at once; those who come while that is under way are served together after it.

    Parameters:
        work: does it for many, and returns a result for each in the same order. When it raises, it has done
            nothing, and is tried with half as many, so that a caller whose item is at fault fails alone.
        most: how many at once at most.
    """

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], most: int = 500) -> None:
        self._work = work
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._working: asyncio.Task[None] | None = None

    async def ask(self, item: T) -> R:
        """The result for one."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._working is None or self._working.done():
            self._working = run_in_background(self._serve(), "work done together")
        return await future

    async def close(self) -> None:
        """Waits until everybody who asked has an answer; called before what the work needs is closed."""
        while self._working is not None and not self._working.done():
            await asyncio.wait([self._working])

    async def _serve(self) -> None:
        batch: list[tuple[T, asyncio.Future[R]]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._serve_batch(batch)
        finally:
            # Where this was cancelled, nobody may wait for ever.
            for _, future in (*batch, *self._waiting):
                future.cancel()
            self._waiting.clear()

    async def _serve_batch(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._work([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - it belongs to those who asked
            if len(batch) > 1 and not isinstance(error, DatabaseUnavailable):
                middle = len(batch) // 2
                await self._serve_batch(batch[:middle])
                await self._serve_batch(batch[middle:])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():  # whoever asked may have been cancelled
                future.set_result(result)
