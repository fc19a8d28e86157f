"""Background tasks: who owns them, and what becomes of their failures."""

from __future__ import annotations

import ast
import asyncio
import gc
import logging
from pathlib import Path

import pytest

from schedulezero.background import run_in_background

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("bot", "cogs", "schedulezero", "sprockets")
STARTERS = ("create_task", "ensure_future", "run_coroutine_threadsafe")

# Read as: a file, and what starts tasks there; everything else goes through `run_in_background`.
ALLOWED = {
    ("schedulezero/background.py", "create_task"),
    ("schedulezero/handler/thread.py", "run_coroutine_threadsafe"),  # `_ended` logs what fails
}


async def test_a_failure_is_logged_at_once(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[BaseException] = []
    ended = asyncio.Event()

    async def fail() -> None:
        raise ValueError("out of cheese")

    task = run_in_background(
        fail(), "the cheese counter", failed=lambda error: (seen.append(error), ended.set())
    )
    await asyncio.wait_for(ended.wait(), 60)
    (record,) = caplog.records
    assert record.getMessage() == "the cheese counter stopped" and record.levelno == logging.ERROR
    assert record.exc_info is not None and record.exc_info[1] is task.exception() is seen[0]


async def test_what_is_passed_on_or_cancelled_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise KeyError("for the caller")

    task = run_in_background(fail(), "a question", passed_on=(KeyError,))
    with pytest.raises(KeyError):
        await task
    waiting = run_in_background(asyncio.Event().wait(), "a wait")
    waiting.cancel()
    await asyncio.wait([waiting])
    assert not caplog.records


@pytest.mark.long
async def test_a_task_lives_although_nobody_keeps_it() -> None:
    begin, done = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await begin.wait()
        done.set()

    run_in_background(work(), "work that nobody keeps")
    await asyncio.sleep(0)
    gc.collect()
    begin.set()
    await asyncio.wait_for(done.wait(), 60)


@pytest.mark.long
def test_no_task_is_started_without_an_owner() -> None:
    found: set[tuple[str, str]] = set()
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                function = node.func
                if isinstance(function, ast.Attribute):
                    in_a_group = isinstance(function.value, ast.Name) and function.value.id == "group"
                    name = "" if in_a_group else function.attr
                else:
                    name = function.id if isinstance(function, ast.Name) else ""
                if name in STARTERS:
                    found.add((file.relative_to(ROOT).as_posix(), name))
    assert found == ALLOWED, "start tasks with schedulezero.background.run_in_background"
