"""Which messages show which jobs, so that each is drawn again when something happens to its job.

Discord lets a bot edit an answer for 15 minutes, and only with the token of its interaction. So a task
follows each card for that time (`cogs.desk.jobs.live`); here is what wakes it, and what ends it when its
message shows something else. After that, or after a restart, a card has its *Refresh* button.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from schedulezero.background import run_in_background

_MOST = 300
"""The most cards that one process follows; the oldest one is then left as it is."""


@dataclass(frozen=True, slots=True)
class _Card:
    job_id: str
    woken: asyncio.Event
    task: asyncio.Task[None]


class LiveCards:
    """The cards that are followed, by the ids of their messages."""

    def __init__(self) -> None:
        self._cards: dict[int, _Card] = {}

    def moved(self, job_id: str) -> None:
        """Wake the cards of a job: a run of it began or ended, or somebody changed it."""
        for card in self._cards.values():
            if card.job_id == job_id:
                card.woken.set()

    def follow(
        self, message_id: int, job_id: str, work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]
    ) -> None:
        """Start to follow a card.

        Parameters:
            message_id: its message; what followed that before ends.
            job_id: the job that it shows.
            work: follows the card; it gets the event that is set whenever something happens to the job.
        """
        self.gone(message_id)
        if len(self._cards) >= _MOST:
            self.gone(next(iter(self._cards)))
        woken = asyncio.Event()
        card = _Card(job_id, woken, run_in_background(work(woken), "following a card"))
        self._cards[message_id] = card

        def ended(_: asyncio.Task[None]) -> None:
            if self._cards.get(message_id) is card:
                del self._cards[message_id]

        card.task.add_done_callback(ended)

    def follows(self, message_id: int) -> bool:
        """Return whether a message is followed."""
        return message_id in self._cards

    def gone(self, message_id: int) -> None:
        """Stop following a card, because its message shows something else now."""
        if (card := self._cards.pop(message_id, None)) is not None:
            card.task.cancel()

    async def close(self) -> None:
        """Stop following all cards."""
        tasks = [card.task for card in self._cards.values()]
        for message_id in list(self._cards):
            self.gone(message_id)
        await asyncio.gather(*tasks, return_exceptions=True)
