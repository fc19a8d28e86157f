"""Shared test helpers: Bot, Effects, bot, plain, two_steps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from schedulezero.errors import Uncertain
from schedulezero.handler.handler import Handler
from schedulezero.handler.journal import Journal
from schedulezero.handler.steps import nonce, step
from schedulezero.methods.spec import resumable
from schedulezero.model import JsonObject
from schedulezero.wire.addresses import free_ports
from tests.support.peers import tell


class Effects:
    """Records what job functions did, and makes them fail on request."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.errors: list[Exception] = []
        self.stuck = asyncio.Event()
        self.blocking: bool | str = False  # which effect never comes: every one, or that of this name
        self.found: JsonObject | None = None
        self.nonces: list[str | None] = []

    async def have(self, name: str) -> JsonObject:
        if self.errors:
            raise self.errors.pop(0)
        if self.blocking in (True, name):
            self.stuck.set()
            await asyncio.Event().wait()
        self.done.append(name)
        return {"effect": len(self.done)}


async def plain(bot: Effects, params: dict[str, Any]) -> dict[str, Any]:
    """Have one effect."""
    return await bot.have("plain")


@resumable
async def two_steps(bot: Effects, params: dict[str, Any]) -> dict[str, Any]:
    """Have two effects, each in a step."""

    async def find(plan: JsonObject, since: object) -> JsonObject | None:
        if bot.found == {}:
            raise Uncertain("nobody can tell")
        return bot.found

    async def second(plan: JsonObject) -> JsonObject:
        bot.nonces.append(nonce("second"))
        return await bot.have(plan["text"])

    first = await step("first", lambda plan: bot.have("first"))
    return {"first": first, "second": await step("second", second, plan={"text": params["text"]}, find=find)}


class Bot:
    """A handler with a journal that can be killed."""

    def __init__(self, database: str) -> None:
        self.effects = Effects()
        self.journal = Journal(database)
        self._port = free_ports(1)[0]
        self.handler: Handler | None = None

    async def start(self) -> None:
        await self.journal.open()
        self.handler = Handler(
            self.effects, "bot", f"tcp://127.0.0.1:{self._port}", None, journal=self.journal
        )
        for function in (plain, two_steps):
            self.handler.register_sprocket(function.__name__, function)
        self.handler.start()
        await self.handler.wait_bound()

    async def stop(self) -> None:
        assert self.handler is not None
        self.handler.stop()
        await self.handler.wait_stopped()
        await asyncio.sleep(0)
        await self.journal.close()

    async def call(self, method: str, run_id: str = "job@1", **extra: Any) -> dict[str, Any]:
        assert self.handler is not None
        message = {"method": method, "params": {"text": "hello"}, "run_id": run_id, **extra}
        return await asyncio.to_thread(tell, self.handler.address, json.dumps(message).encode(), seconds=60)


@pytest_asyncio.fixture
async def bot(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    monkeypatch.setattr("schedulezero.handler.thread._DRAIN_SECONDS", 0.0)
    built = Bot(database)
    await built.start()
    yield built
    await built.stop()
