"""A command ends although a task of somebody else's goes on after it is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest

from bot.cli import main
from schedulezero.background import run_in_background


def test_a_task_that_swallows_its_cancellation_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(main, "_STOPPING", ())
    monkeypatch.setattr(main, "_REST_SECONDS", 0.05)
    over = False

    async def stubborn() -> None:
        while not over:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    async def work(stop: asyncio.Event) -> int:
        run_in_background(stubborn(), "stubborn work")
        await asyncio.sleep(0)
        return 3

    caplog.set_level(logging.WARNING)
    assert main._until_stopped(work) == 3
    assert "stubborn work" in caplog.text and "it is left behind" in caplog.text
    over = True
