"""Batches work that costs the same for many items as for one, such as a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from schedulezero.background import run_in_background
from schedulezero.errors import DatabaseUnavailable

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Runs one batch for all callers, each of whom asks for a single item.

    The first caller is served at once; callers that arrive while a batch is running share the next one.

    Parameters:
        work: processes a list of items and returns their results in the same order. If it raises, it must
            have done nothing. It is then retried with half as many items, so that a caller with an invalid
            item fails alone; after DatabaseUnavailable, all callers of the batch fail.
        most: maximum number of items in a batch.
    """

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], most: int = 500) -> None:
        self._work = work
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._working: asyncio.Task[None] | None = None

    async def ask(self, item: T) -> R:
        """Return the result for one item."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._working is None or self._working.done():
            self._working = run_in_background(self._serve(), "work done together")
        return await future

    async def close(self) -> None:
        """Wait until every caller has an answer; call this before closing anything that ``work`` needs."""
        while self._working is not None and not self._working.done():
            await asyncio.wait([self._working])

    async def _serve(self) -> None:
        batch: list[tuple[T, asyncio.Future[R]]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._serve_batch(batch)
        finally:
            # If this was cancelled, no caller may wait forever.
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
            if not future.done():  # the caller may have been cancelled
                future.set_result(result)
