"""A handler in a process of its own that kills itself at a named point.

``python -m tests.support.killed_handler JOURNAL PORT EFFECTS [POINT TIMES]``: its jobs append a word to the
file EFFECTS for each effect. See `schedulezero.faults` for the points.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from schedulezero import faults
from schedulezero.handler.handler import Handler
from schedulezero.handler.journal import Journal
from schedulezero.handler.steps import step
from schedulezero.methods.spec import resumable
from schedulezero.model import JsonObject


def _have(effects: Path, word: str) -> JsonObject:
    with effects.open("a") as file:
        file.write(f"{word}\n")
    return {"word": word}


@resumable
async def several(effects: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Have three effects, each in a step."""

    async def do(plan: JsonObject) -> JsonObject:
        return _have(effects, plan["word"])

    return {word: await step(word, do, plan={"word": word}) for word in "abc"}


async def once(effects: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Have one effect."""
    return _have(effects, "once")


def _kill_at(point: str, times: int) -> None:
    left = times

    def pass_by(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    faults.trouble_maker = pass_by


async def main() -> None:
    journal_path, port, effects, *kill = sys.argv[1:]
    if kill:
        _kill_at(kill[0], int(kill[1]))
    journal = Journal(journal_path)
    await journal.open()
    handler = Handler(Path(effects), "killed", f"tcp://127.0.0.1:{port}", None, journal=journal)
    for function in (several, once):
        handler.register_sprocket(function.__name__, function)
    handler.start()
    await handler.wait_bound()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
