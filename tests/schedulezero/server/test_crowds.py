"""Handlers come in crowds: ten thousand names, addresses that are none, and messages that cost too much."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import zmq
import zmq.asyncio

from schedulezero.server.handlers import crowd
from schedulezero.server.handlers.crowd import NEW_AT_ONCE, Bucket, most_instances, to_forget
from schedulezero.server.handlers.entries import Entry
from schedulezero.server.handlers.registry import Registry
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.storage.database import is_postgres_setting
from schedulezero.wire.addresses import free_ports, is_handler_address
from tests.conftest import Api, until
from tests.support.peers import RawHandler, tell
from tests.support.runs import due_now, ended
from tests.support.serving import served

pytestmark = pytest.mark.long

MOST = 60


class Crowd:
    """One peer that registers many handlers, quickly."""

    def __init__(self, address: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(address)

    def tell(self, *messages: dict[str, Any]) -> list[dict[str, Any]]:
        """What is answered to messages, in whatever order; eight are on their way at once."""
        answers: list[dict[str, Any]] = []
        for start in range(0, len(messages), 8):
            part = messages[start : start + 8]
            for message in part:
                self._socket.send_multipart([b"", json.dumps(message).encode()])
            for _ in part:
                assert self._socket.poll(60_000), "a message was not answered"
                answers.append(json.loads(self._socket.recv_multipart()[-1]))
        return answers

    def close(self) -> None:
        self._socket.close(0)
        self._context.term()


@contextmanager
def a_crowd(address: str) -> Iterator[Crowd]:
    made = Crowd(address)
    try:
        yield made
    finally:
        made.close()


def registration(name: str, address: str, **extra: Any) -> dict[str, Any]:
    params = {"handler_id": name, "address": address, "methods": ["x"], **extra}
    return {"method": "register", "params": params}


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest_asyncio.fixture
async def small(server_config: ServerConfig, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """A server with few places, and without the limit of registrations a second."""
    monkeypatch.setattr(crowd, "MOST_INSTANCES", MOST)
    monkeypatch.setattr("schedulezero.server.handlers.registry.NEW_AT_ONCE", 1_000_000)
    server = ServerThread(server_config)
    await server.start()
    async with Api(base_url=server_config.api_endpoint, timeout=60) as api:
        yield api
    await server.stop()


@pytest.mark.timeout(180)
async def test_thousands_of_handlers_cost_few_sockets_and_hold_up_nobody(
    small: Api, raw_handler: RawHandler, server_config: ServerConfig
) -> None:
    # PostgreSQL is asked about each of them, in case another server has made room.
    many = 2_000 if is_postgres_setting(server_config.database) else 10_000
    raw_handler.start("send")
    assert (await ended(small, await due_now(small)))["status"] == "succeeded"
    before = descriptors()
    messages = [registration(f"evil-{n}", f"tcp://127.0.0.1:{10_000 + n}") for n in range(many)]

    def flood() -> list[dict[str, Any]]:
        with a_crowd(server_config.server_address) as made:
            return made.tell(*messages)

    flooding = asyncio.create_task(asyncio.to_thread(flood))
    most = 0
    while not flooding.done():
        most = max(most, descriptors())
        await asyncio.sleep(0.05)
    refused = [answer["error"] for answer in await flooding if not answer["success"]]
    assert refused and all("all of them are in use" in text for text in refused)
    assert most - before < crowd.SOCKETS_EACH * MOST + 40
    handlers = (await small.get("/api/handlers")).json()["handlers"]
    assert len(handlers) <= MOST + 1 and "raw" in {item["id"] for item in handlers}
    # The one that was there works on; and another real one finds a place after a moment.
    assert (await ended(small, await due_now(small)))["status"] == "succeeded"
    other = RawHandler(free_ports(1)[0], server_config.server_address, "other")
    other.start("send")
    await until(lambda: asyncio.to_thread(lambda: other.register("send")["success"]))
    run = await ended(small, await due_now(small, handler_id="other"))
    assert run["status"] == "succeeded"
    other.stop()


async def test_so_many_new_handlers_at_once_and_no_more(
    raw_handler: RawHandler, server_config: ServerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long the flood takes on this machine, no place is added meanwhile.
    monkeypatch.setattr("schedulezero.server.handlers.registry.NEW_PER_SECOND", 0.0)
    async with served(server_config):
        await asyncio.to_thread(raw_handler.start, "send")
        with a_crowd(server_config.server_address) as made:
            messages = [registration(f"new-{n}", f"tcp://127.0.0.1:{1_100 + n}") for n in range(500)]
            answers = await asyncio.to_thread(made.tell, *messages)
        refused = [answer for answer in answers if not answer["success"]]
        assert len(refused) == 500 - (NEW_AT_ONCE - 1)
        assert {item["error"] for item in refused} == {
            "Too many handlers register at once; register again in a moment."
        }
        assert (await asyncio.to_thread(raw_handler.register, "send"))["status"] == "re-registered"


async def test_one_that_must_be_waited_for_holds_up_no_other(
    server: ServerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name whose instance listens and is silent is asked for a second before another may take it."""
    asked, eight, answers = set[str](), asyncio.Event(), Registry.answers

    async def together(self: Registry, entry: Entry) -> bool:
        asked.add(entry.handler_id)
        if len(asked) == 8:  # as many as are told at once
            eight.set()
        await eight.wait()  # one after the other, the second would never come
        return await answers(self, entry)

    with ExitStack() as stack:
        made = stack.enter_context(a_crowd(server.server_address))
        silent = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(20)]
        ports = [item.getsockname()[1] for item in silent]
        names = [f"slow-{n}" for n in range(20)]
        made.tell(
            *(registration(name, f"tcp://127.0.0.1:{port}") for name, port in zip(names, ports, strict=True))
        )
        offline = [
            {"method": "report_status", "params": {"handler_id": name, "status": "offline"}} for name in names
        ]
        made.tell(*offline)
        monkeypatch.setattr(Registry, "answers", together)
        await asyncio.to_thread(
            made.tell,
            *(registration(name, f"tcp://127.0.0.2:{port}") for name, port in zip(names, ports, strict=True)),
        )
        assert asked == set(names)


ADDRESSES = [
    ("tcp://127.0.0.1:5000", True),
    ("tcp://localhost:5000", True),
    ("tcp://[::1]:5000", True),
    ("tcp://bot.example.org:65535", True),
    ("tcp://127.0.0.1:65536", False),
    ("tcp://127.0.0.1:0", False),
    ("tcp://127.0.0.1", False),
    ("tcp://user@127.0.0.1:5000", False),
    ("tcp://127.0.0.1:5000/path", False),
    ("tcp://127.0.0.1:5000?query", False),
    ("tcp://127.0.0.1:5000#part", False),
    ("tcp://127.0.0.1:50\n00", False),
    ("tcp://127.0.0.1:5000\n", False),
    ("tcp://127.0.0.1:1;127.0.0.1:5000", False),
    ("tcp://*:5000", False),
    ("tcp://:5000", False),
    ("tcp://١٢٧.0.0.1:5000", False),
    ("tcp://127.0.0.1:٥٠٠٠", False),
    ("ipc:///tmp/x", False),
    ("inproc://zeromq.zap.01", False),
    ("TCP://127.0.0.1:5000", False),
    ("udp://127.0.0.1:5000", False),
]


@pytest.mark.parametrize(("address", "good"), ADDRESSES)
async def test_an_address_is_a_host_and_a_port(server: ServerConfig, address: str, good: bool) -> None:
    assert is_handler_address(address) is good
    message = json.dumps(registration("raw", address)).encode()
    answer = await asyncio.to_thread(tell, server.server_address, message)
    # Beyond this machine it takes a key as well.
    assert answer["success"] is (good and "example.org" not in address), answer
    ping = json.dumps({"method": "ping"}).encode()
    assert (await asyncio.to_thread(tell, server.server_address, ping))["success"] is True


async def test_the_servers_own_ports_are_no_handlers(server: ServerConfig) -> None:
    for own in (server.server_address, server.api_endpoint.replace("http", "tcp")):
        for address in (own, own.replace("127.0.0.1", "localhost")):
            message = json.dumps(registration("raw", address)).encode()
            answer = await asyncio.to_thread(tell, server.server_address, message)
            assert answer["success"] is False and "the server does" in answer["error"]


async def test_what_one_handler_says_of_itself_is_bounded(api: Api, server: ServerConfig) -> None:
    deep: dict[str, Any] = {}
    for _ in range(40):  # below what any message may nest
        deep = {"properties": deep}
    address = "tcp://127.0.0.1:9"
    schemas = [({"x": deep}, None), ({"x": {"a": "b" * 400_000}}, None), ({"x": {"a": 1}}, {"a": 1})]
    for given, kept in schemas:
        message = json.dumps(registration("raw", address, schemas=given)).encode()
        assert (await asyncio.to_thread(tell, server.server_address, message))["success"] is True
        (method,) = (await api.get("/api/methods")).json()["methods"]
        assert method["schema"] == kept
    many = registration("many", address, methods=[f"m{n}" for n in range(1001)])
    answer = await asyncio.to_thread(tell, server.server_address, json.dumps(many).encode())
    assert answer["success"] is False and "at most 1000 method names" in answer["error"]


async def test_reports_of_unknown_handlers_leave_nothing_behind() -> None:
    async def nothing() -> list[str]:
        return []

    context = zmq.asyncio.Context()
    registry = Registry(context, needed=nothing)
    for number in range(50):
        assert not await registry.report(f"ghost-{number}", "online", None)
        assert registry.methods(f"ghost-{number}") is None
        await registry.wait_for(f"ghost-{number}", 0)
    assert registry.signs_of_life() == [] and not registry._entries.handlers
    context.term()


# ---------------------------------------------------------------- decisions


@dataclass
class Known:
    handler_id: str
    answered: bool
    heard_at: float
    since: float


def test_who_is_forgotten_first() -> None:
    now = 1000.0
    known = [
        Known("answers", True, 999, 0),
        Known("away for very long", True, 100, 0),
        Known("away for long", True, 350, 0),
        Known("away", True, 500, 0),
        Known("never answered", False, 999, 10),
        Known("has just come", False, 999, 999),
        Known("needed", False, 0, 0),
    ]
    gone: list[str] = []
    while found := to_forget(known, {"needed"}, now):
        gone += [item.handler_id for item in found]
        known = [item for item in known if item not in found]
    assert gone == ["never answered", "away for very long", "away for long"]


def test_the_places_fit_the_descriptors() -> None:
    assert [most_instances(n) for n in (64, 1024, 100_000)] == [16, 128, 1000]


def test_a_bucket_fills_up_again() -> None:
    bucket = Bucket(rate=2, size=3)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(1) for _ in range(3)] == [True, True, False]
    assert [bucket.take(100) for _ in range(4)] == [True, True, True, False]
