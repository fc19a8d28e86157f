"""The bounds of REST connections for clients of many addresses, which tests on one machine make up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web

from schedulezero.server.http.connections import Bounds, Connections, Standing
from schedulezero.server.http.errors import ApiError
from tests.conftest import until

BOUNDS = Bounds(connections=12, of_one_address=4, under_way=6, under_way_of_one_address=3)


class Listening(socket.socket):
    """A socket whose connections come from the address that a test names."""

    peer = ""
    accepted = 0

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        accepted, _ = super().accept()
        self.accepted += 1
        return accepted, (self.peer, 1)


class Place:
    """A server whose requests are under way until the test lets them go."""

    def __init__(self, bounds: Bounds) -> None:
        self.listening = Listening()
        self.connections = Connections(bounds)
        self.go_on = asyncio.Event()
        self.under_way = 0
        self._writers: list[asyncio.StreamWriter] = []  # one that nobody keeps is closed

    async def answer(self, request: web.Request) -> web.Response:
        try:
            self.connections.admit(request, Standing(int(request.headers.get("Standing", "0"))))
        except ApiError as error:
            return web.Response(status=error.status)
        self.under_way += 1
        await self.go_on.wait()
        return web.Response()

    async def connect(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        accepted = self.listening.accepted
        self.listening.peer = address
        opened = await asyncio.open_connection(*self.listening.getsockname())
        await until(lambda: self.listening.accepted > accepted)
        return opened

    async def ask(self, address: str, standing: Standing = Standing.ANYBODY) -> asyncio.StreamReader:
        reader, writer = await self.connect(address)
        self._writers.append(writer)
        writer.write(f"GET / HTTP/1.1\r\nHost: x\r\nStanding: {standing.value}\r\n\r\n".encode())
        return reader


@asynccontextmanager
async def a_place(bounds: Bounds = BOUNDS) -> AsyncIterator[Place]:
    place = Place(bounds)
    place.listening.setblocking(False)
    place.listening.bind(("127.0.0.1", 0))
    place.listening.listen()
    app = web.Application(middlewares=[place.connections.middleware()])
    app.router.add_get("/", place.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    assert runner.server is not None
    accepting = asyncio.create_task(place.connections.accept(place.listening, runner.server, None))
    try:
        yield place
    finally:
        place.go_on.set()
        accepting.cancel()
        await asyncio.wait((accepting,))
        await runner.cleanup()


def is_open(reader: asyncio.StreamReader) -> bool:
    return not reader.at_eof() and reader.exception() is None


def open_of(opened: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> int:
    return sum(is_open(reader) for reader, _ in opened)


async def test_all_addresses_together_have_so_many_connections() -> None:
    async with a_place() as place:
        opened = [await place.connect(f"192.0.2.{number}") for number in range(BOUNDS.connections * 2)]
        await until(lambda: open_of(opened) == BOUNDS.connections)
        assert [is_open(reader) for reader, _ in opened[-BOUNDS.connections :]] == [True] * BOUNDS.connections


async def test_one_address_pushes_out_its_own_connections_and_no_others() -> None:
    async with a_place() as place:
        other, _ = await place.connect("192.0.2.1")
        for addresses in (["192.0.2.2"], [f"2001:db8:0:1::{number}" for number in range(1, 4)]):
            opened = [
                await place.connect(addresses[number % len(addresses)])
                for number in range(BOUNDS.of_one_address * 2)
            ]
            await until(lambda opened=opened: open_of(opened) == BOUNDS.of_one_address)
        assert is_open(other)


async def status(reader: asyncio.StreamReader) -> int:
    async with asyncio.timeout(60):
        return int((await reader.readline()).split()[1])


async def test_requests_under_way_are_bounded_for_one_address_and_for_all() -> None:
    async with a_place() as place:
        for address in ("192.0.2.1", "192.0.2.2"):
            for _ in range(BOUNDS.under_way_of_one_address):
                await place.ask(address)
            if address == "192.0.2.1":
                await until(lambda: place.under_way == BOUNDS.under_way_of_one_address)
                assert await status(await place.ask(address)) == 503
        await until(lambda: place.under_way == BOUNDS.under_way)
        assert await status(await place.ask("192.0.2.3")) == 503
        # A quarter more for tokens, and no bound for the bot itself.
        await place.ask("192.0.2.3", Standing.TOKEN)
        await until(lambda: place.under_way == BOUNDS.under_way + 1)
        assert await status(await place.ask("192.0.2.4", Standing.TOKEN)) == 503
        own = await place.ask("192.0.2.5", Standing.OWN)
        await until(lambda: place.under_way == BOUNDS.under_way + 2)
        place.go_on.set()
        assert await status(own) == 200


@pytest.mark.long
async def test_the_first_request_has_an_end_of_its_own() -> None:
    """aiohttp ends what is idle by itself, which is not what this looks at."""
    async with a_place(replace(BOUNDS, first_seconds=0.3, idle_seconds=600)) as place:
        silent, _ = await place.connect("192.0.2.1")
        asked = await place.ask("192.0.2.2")
        await until(lambda: not is_open(silent))
        assert is_open(asked)
        place.go_on.set()
        assert await status(asked) == 200


@pytest.mark.long
async def test_a_request_that_is_under_way_for_too_long_is_ended() -> None:
    async with a_place(replace(BOUNDS, request_seconds=0.3)) as place:
        asked = await place.ask("192.0.2.1")
        await until(lambda: not is_open(asked))
        assert place.under_way == 1
