"""Connections to REST that ask nothing, ask slowly or are too many: each has its end, and the bot gets in."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
import trustme

from schedulezero.server.http import access
from schedulezero.server.http.connections import Bounds
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from tests.conftest import until

pytestmark = pytest.mark.sqlite  # sockets only: the database makes no difference

OWN = {"Authorization": "Bearer own"}
SMALL = Bounds(
    connections=24, under_way=8, of_one_address=6, first_seconds=0.6, idle_seconds=0.9, request_seconds=4
)


@pytest_asyncio.fixture
async def address(
    server_config: ServerConfig, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[str, int]]:
    """A server that takes few connections and has little patience."""
    monkeypatch.setattr(Bounds, "within", lambda descriptors: SMALL)
    monkeypatch.setattr(access, "LONGEST_SECONDS", 1.5)
    server = ServerThread(replace(server_config, own_token="own", requests_per_second=0))
    await server.start()
    parts = urlsplit(server_config.api_endpoint)
    yield parts.hostname or "", parts.port or 0
    await server.stop()


async def ask(address: tuple[str, int], path: str, headers: dict[str, str], **more: Any) -> httpx.Response:
    # Without certificates to load, which takes longer than a poll lasts when there are many.
    place = f"http://{address[0]}:{address[1]}"
    async with httpx.AsyncClient(base_url=place, timeout=60, verify=False) as client:
        return await client.get(path, headers=headers, **more)


async def rest_of(reader: asyncio.StreamReader, seconds: float = 8) -> bytes:
    """What still comes until the server closes the connection."""
    async with asyncio.timeout(seconds):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


async def test_who_sends_nothing_is_closed(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    assert await rest_of(reader, 4) == b""
    writer.close()


async def test_who_sends_headers_byte_by_byte_is_closed(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)

    async def trickle() -> None:
        for byte in b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + b"a" * 1000:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    assert await rest_of(reader, 4) == b""
    trickling.cancel()
    writer.close()


async def test_a_second_request_that_never_ends_its_headers_is_closed(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    request = b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    writer.write(request + request[:-2])
    assert (await rest_of(reader, 4)).count(b"HTTP/1.1 200") == 1
    writer.close()


@pytest.mark.long
async def test_a_body_that_never_ends_is_answered_and_closed(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    head = "POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
    answer = await rest_of(reader)
    assert answer.startswith(b"HTTP/1.1 408") and b"too_slow" in answer
    writer.close()


@pytest.mark.long
async def test_who_does_not_read_the_answers_is_closed(address: tuple[str, int]) -> None:
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(address)
        raw.setblocking(False)
        request = b"GET /api/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        loop = asyncio.get_running_loop()
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(15):
                while True:
                    await loop.sock_sendall(raw, request * 100)


@pytest.mark.long
async def test_silent_connections_are_bounded_and_keep_nobody_out(address: tuple[str, int]) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    assert (await ask(address, "/api/health", {})).status_code == 200
    before = descriptors()
    opened: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    asked = 0
    for number in range(300):
        opened.append(await asyncio.open_connection(*address))
        if number % 30 == 0:
            assert (await ask(address, "/api/health", {})).status_code == 200
            asked += 1
    # Each of ours has a descriptor in this process, and so has the server's side of it, while that is open.
    assert asked == 10 and descriptors() - before <= 300 + SMALL.connections + 4
    for reader, writer in opened:
        assert await rest_of(reader) == b""
        writer.close()


@pytest.mark.long
async def test_long_polls_are_bounded_and_the_bot_gets_in(address: tuple[str, int]) -> None:
    answers: list[int] = []
    over = asyncio.Event()

    async def poll() -> None:
        while not over.is_set():
            answers.append((await ask(address, "/api/troubles?after=0&wait=1", {})).status_code)

    polls = [asyncio.create_task(poll()) for _ in range(SMALL.under_way * 3 // 4)]
    refused = await until(lambda: _refused(address))
    assert refused.headers["Retry-After"] == "1"
    assert refused.json()["error"]["code"] == "too_many_under_way"
    own = [ask(address, "/api/troubles?after=0&wait=1", OWN) for _ in range(SMALL.connections // 2)]
    assert {answer.status_code for answer in await asyncio.gather(*own)} == {200}
    over.set()
    await asyncio.gather(*polls)
    assert {200} <= set(answers) <= {200, 503}  # one that is opened again may find its place taken
    assert (await ask(address, "/api/health", {})).status_code == 200


async def _refused(address: tuple[str, int]) -> httpx.Response | None:
    answer = await ask(address, "/api/health", {})
    return answer if answer.status_code == 503 else None


async def test_the_bots_idle_connection_is_not_pushed_out(address: tuple[str, int]) -> None:
    async with httpx.AsyncClient(base_url=f"http://{address[0]}:{address[1]}", headers=OWN) as bot:
        await bot.get("/api/health")
        (pool,) = bot._transport._pool.connections  # type: ignore[attr-defined]
        opened = [await asyncio.open_connection(*address) for _ in range(SMALL.connections * 2)]
        assert (await bot.get("/api/health")).status_code == 200
        assert bot._transport._pool.connections == [pool]  # type: ignore[attr-defined]
    for _, writer in opened:
        writer.close()


async def test_a_tls_handshake_has_an_end(
    server_config: ServerConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Bounds, "within", lambda descriptors: SMALL)
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.private_key_pem.write_to_path(key)
    for part in issued.cert_chain_pems:
        part.write_to_path(certificate, append=True)
    server = ServerThread(replace(server_config, tls_certificate=str(certificate), tls_key=str(key)))
    await server.start()
    parts = urlsplit(server_config.api_endpoint)
    silent = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(60)]
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    async with httpx.AsyncClient(verify=trusted) as client:
        answer = await client.get(f"https://127.0.0.1:{parts.port}/api/health")
        assert answer.status_code == 200
    for reader, writer in silent:
        assert await rest_of(reader) == b""
        writer.close()
    await server.stop()


def test_the_bounds_fit_the_descriptors() -> None:
    assert Bounds.within(100_000) == Bounds()
    small = Bounds.within(256)
    assert (small.connections, small.under_way) == (64, 32)
