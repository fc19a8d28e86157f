"""Asks a person on the terminal: for consent, and for what only a person can do in Discord's client.

A line is read in a thread that ends with the process, so that Ctrl-C is never held up by a person who doesn't
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

    async def asked(self, text: str) -> str:
        print(f"\n{text}", flush=True)
        print("> ", end="", flush=True)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str] = loop.create_future()

        def set_answer(line: str) -> None:
            if not answer.done():
                answer.set_result(line.strip())

        def read() -> None:
            line = sys.stdin.readline()
            if not loop.is_closed():
                loop.call_soon_threadsafe(set_answer, line)

        threading.Thread(target=read, name="schedulezero-terminal", daemon=True).start()
        return await answer


def is_yes(answer: str) -> bool:
    """Return whether an answer agrees."""
    return answer.lower() in ("y", "yes")
