"""Shared test helpers: Clock, PublishedCaller, answer_of, clock."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import zmq
import zmq.asyncio

from schedulezero.handler import repetitions
from schedulezero.model import JsonObject


class Clock:
    """The handler's clock, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(repetitions, "clock", made)
    return made


class PublishedCaller:
    """Sends calls as the published server does: one REQ socket for each attempt."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._context = zmq.asyncio.Context()
        self.sockets: list[Any] = []

    async def send(self, method: str, params: JsonObject | None = None) -> Any:
        socket = self._context.socket(zmq.REQ)
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(self.address)
        await socket.send(json.dumps({"method": method, "params": params or {}}).encode())
        self.sockets.append(socket)
        return socket

    async def call(self, method: str, params: JsonObject | None = None) -> JsonObject:
        return await answer_of(await self.send(method, params))

    def close(self) -> None:
        self._context.destroy(linger=0)


async def answer_of(socket: Any) -> JsonObject:
    async with asyncio.timeout(60):
        return json.loads(await socket.recv())
