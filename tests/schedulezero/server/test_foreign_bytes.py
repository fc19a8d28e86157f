"""Old ZeroMQ gets in nowhere: neither ZMTP 1.0 and 2.0 nor a web request that contains their frames.

libzmq takes bytes that do not begin with a signature for the frames of an unversioned peer
(https://rfc.zeromq.org/spec/13/), and a web request can be written so that its body is such frames.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
import zmq

from schedulezero.handler.handler import Handler
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.wire import doorkeeper
from schedulezero.wire.addresses import free_ports
from tests.conftest import Api, until
from tests.support.peers import RawHandler, tell
from tests.support.runs import due_now, ended

pytestmark = pytest.mark.sqlite  # sockets only: the database makes no difference

_SIGNATURE = b"\xff\0\0\0\0\0\0\0\1\x7f"


def frame(body: bytes, *, more: bool = False) -> bytes:
    """A frame of ZMTP 1.0: its length with the flags, the flags, the body."""
    length = len(body) + 1
    return (bytes([length]) if length < 255 else b"\xff" + length.to_bytes(8, "big")) + bytes([more]) + body


def request(message: Any) -> bytes:
    """What a REQ socket of ZMTP 1.0 sends, after its identity."""
    return frame(b"", more=True) + frame(json.dumps(message).encode())


def unversioned(message: Any, port: int) -> bytes:
    return frame(b"") + request(message)


def version_1(message: Any, port: int) -> bytes:
    return _SIGNATURE + b"\0\3" + frame(b"") + request(message)


def version_2(message: Any, port: int) -> bytes:
    body = json.dumps(message).encode()
    long = b"\2" + len(body).to_bytes(8, "big") + body
    return _SIGNATURE + b"\1\3" + b"\0\0" + b"\1\0" + long


def web_request(message: Any, port: int) -> bytes:
    """A POST whose path leads from frame to frame until the last one ends where the body begins."""
    body = request(message)
    rest = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    start = ord("P") + 1  # where the frame ends whose length the P is
    path = b"POST /".ljust(start, b"a")
    leap = len(rest)  # from one more byte of the path over all that stands before the body
    assert 0x21 <= leap < 0x7F
    return path + bytes([leap]) + rest + body


KINDS = [unversioned, version_1, version_2, web_request]
Kind = Callable[[Any, int], bytes]


def say(port: int, payload: bytes) -> bytes:
    """What comes back for raw bytes, until the other side closes or is silent for a while."""
    found = b""
    with socket.create_connection(("127.0.0.1", port), timeout=1) as raw:
        raw.sendall(payload)
        try:
            while part := raw.recv(4096):
                found += part
        except (TimeoutError, ConnectionResetError):
            pass
    return found


def port_of(address: str) -> int:
    return int(address.rsplit(":", 1)[1])


@pytest.mark.parametrize("kind", KINDS)
async def test_no_such_bytes_register_a_handler(api: Api, server: ServerConfig, kind: Kind) -> None:
    port = port_of(server.server_address)
    params = {"handler_id": "evil", "address": "tcp://127.0.0.1:9", "methods": ["x"]}
    answer = await asyncio.to_thread(say, port, kind({"method": "register", "params": params}, port))
    assert b"success" not in answer
    assert (await api.get("/api/methods")).json()["methods"] == []


@pytest_asyncio.fixture
async def called() -> AsyncIterator[tuple[Handler, list[Any]]]:
    calls: list[Any] = []

    async def note(bot: Any, params: dict[str, Any]) -> dict[str, Any]:
        calls.append(params)
        return {}

    handler = Handler("bot", "test", f"tcp://127.0.0.1:{free_ports(1)[0]}", None)
    handler.register_sprocket("note", note)
    handler.start()
    await handler.wait_bound()
    yield handler, calls
    handler.stop()
    await handler.wait_stopped()


@pytest.mark.parametrize("kind", KINDS)
async def test_no_such_bytes_call_a_job(called: tuple[Handler, list[Any]], kind: Kind) -> None:
    handler, calls = called
    port = port_of(handler.address)
    answer = await asyncio.to_thread(say, port, kind({"method": "note", "params": {"a": 1}}, port))
    assert b"success" not in answer and not calls
    # A plain peer of today is let in as before.
    call = json.dumps({"method": "note", "params": {"b": 1}}).encode()
    assert (await asyncio.to_thread(tell, handler.address, call))["success"] is True
    assert calls == [{"b": 1}]


@pytest.mark.long
async def test_the_server_says_nothing_to_a_port_that_speaks_something_else(
    api: Api, raw_handler: RawHandler, server_config: ServerConfig
) -> None:
    """A handler may name any port of this machine; what listens there must not be sent a job's text."""
    heard: list[bytes] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # An old peer: unversioned ZMTP 1.0, whose first frame is an empty identity.
        writer.write(frame(b""))
        heard.append(b"")
        try:
            while part := await reader.read(4096):
                heard[0] += part
        except ConnectionResetError:
            pass
        writer.close()

    other = await asyncio.start_server(greet, "127.0.0.1", port_of(raw_handler.address))
    async with other:
        await asyncio.to_thread(raw_handler.register, "send")
        await due_now(api, params={"secret": "moonbase"})
        await until(lambda: len(heard) > 1)  # it was refused, and tried again
    assert not any(b"moonbase" in part or b"method" in part for part in heard)
    raw_handler.start("send")
    job_id = await due_now(api)
    assert (await ended(api, job_id))["status"] == "succeeded"


@pytest.mark.long
@pytest.mark.parametrize("of", ["server", "handler"])
async def test_who_never_ends_the_handshake_is_closed(
    server: ServerConfig, called: tuple[Handler, list[Any]], of: str
) -> None:
    port = port_of(server.server_address if of == "server" else called[0].address)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_SIGNATURE + b"\3")
    async with asyncio.timeout(doorkeeper.HANDSHAKE_SECONDS + 5):
        await reader.read()
    writer.close()


@pytest.mark.long
async def test_peers_that_only_connect_are_bounded(
    monkeypatch: pytest.MonkeyPatch, server_config: ServerConfig
) -> None:
    """So many connections and no more; one that is open already goes on, and one that ends makes room."""
    monkeypatch.setattr(doorkeeper, "MOST_PLAIN_PEERS", 20)
    server = ServerThread(server_config)
    await server.start()
    first, context = zmq.Context(), zmq.Context()
    ping = json.dumps({"method": "ping"}).encode()

    def ask(socket: Any, seconds: float) -> bool:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDTIMEO, int(seconds * 1000))
        socket.connect(server_config.server_address)
        try:
            socket.send(ping)
        except zmq.Again:  # it was refused already, and has nobody to send to
            return False
        return bool(socket.poll(int(seconds * 1000)))

    try:
        old = first.socket(zmq.REQ)
        assert await asyncio.to_thread(ask, old, 10) and old.recv()
        crowd = [context.socket(zmq.REQ) for _ in range(30)]
        answered = await asyncio.to_thread(
            lambda: [ask(socket, 10 if number < 10 else 0.5) for number, socket in enumerate(crowd)]
        )
        assert answered[:10] == [True] * 10 and not any(answered[25:])
        old.send(ping)
        assert await asyncio.to_thread(old.poll, 10_000)
        context.destroy(0)
        await until(lambda: asyncio.to_thread(_is_served, server_config.server_address))
    finally:
        context.destroy(0)
        first.destroy(0)
        await server.stop()


def _is_served(address: str) -> bool:
    try:
        return tell(address, b'{"method": "ping"}', seconds=0.5)["success"]
    except AssertionError:
        return False
