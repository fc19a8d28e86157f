"""Asks a person on the terminal: for consent, and for what only a person can do in Discord's client.

Lines are read in a thread that ends with the process, so that Ctrl-C is never held up by a person who doesn't
answer.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Protocol


class Person(Protocol):
    """Whoever started the first day."""

    async def asked(self, text: str) -> str:
        """Show a text and return the answer, stripped; an empty one skips the step."""
        ...


class Absent:
    """Nobody to ask: every step is skipped."""

    async def asked(self, text: str) -> str:
        return ""


class Terminal:
    """The person at this terminal."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._reading: threading.Thread | None = None
        self._ended = False

    async def asked(self, text: str) -> str:
        if self._reading is None:
            loop = asyncio.get_running_loop()
            self._reading = threading.Thread(
                target=self._read, args=(loop,), name="schedulezero-terminal", daemon=True
            )
            self._reading.start()
        while not self._lines.empty():
            self._lines.get_nowait()  # typed for an earlier step
        print(f"\n{text}\n> ", end="", flush=True)
        if self._ended:
            return ""
        return (await self._lines.get()).strip()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            line = sys.stdin.readline()
            if loop.is_closed():
                return
            loop.call_soon_threadsafe(self._take, line)
            if not line:
                return

    def _take(self, line: str) -> None:
        self._ended = self._ended or not line
        self._lines.put_nowait(line)


def is_yes(answer: str) -> bool:
    """Return whether an answer agrees."""
    return answer.lower() in ("y", "yes")
