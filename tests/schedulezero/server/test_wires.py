"""The ZeroMQ wires beyond loopback: who has no key, or a wrong one, neither registers nor calls.

0.0.0.0 stands for another machine here: it is not loopback, and leads to this one all the same.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from schedulezero.handler.handler import Handler
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.wire.addresses import free_ports
from schedulezero.wire.keys import KeyRing, load_keys
from tests.conftest import Api, until
from tests.support.peers import RawHandler, tell
from tests.support.runs import due_now, ended
from tests.support.speaking import hello, speak

JOB = {"handler_id": "bot", "method": "hello"}


@dataclass
class Wires:
    """A server and a handler on two machines, so to speak."""

    api: Api
    server_address: str
    server_keys: KeyRing
    handler: Handler
    handler_keys: KeyRing


@pytest_asyncio.fixture
async def wires(server_config: ServerConfig, tmp_path: Path) -> AsyncIterator[Wires]:
    server_keys = load_keys(tmp_path / "server")
    handler_keys = load_keys(tmp_path / "handler", server_keys.public)
    server_keys.allow(handler_keys.public, "the bot")
    address = server_config.server_address.replace("127.0.0.1", "0.0.0.0")
    config = replace(server_config, server_address=address, keys=str(tmp_path / "server"))
    server = ServerThread(config)
    await server.start()
    handler = Handler("moon", "bot", f"tcp://0.0.0.0:{free_ports(1)[0]}", address, keys=handler_keys)
    handler.register_sprocket("hello", hello)
    handler.start()
    await handler.wait_bound()
    await handler.refresh()
    async with Api(base_url=config.api_endpoint, timeout=60) as api:
        yield Wires(api, address, server_keys, handler, handler_keys)
    handler.stop()
    await handler.wait_stopped()
    await server.stop()


async def test_a_run_goes_over_the_encrypted_wires(wires: Wires) -> None:
    job_id = await due_now(wires.api, **JOB)
    run = await ended(wires.api, job_id)
    assert (run["status"], run["result"]["hello"]) == ("succeeded", "moon")


@pytest.mark.parametrize("whose", ["none", "stranger", "wrong server key"])
async def test_nobody_registers_without_an_allowed_key(wires: Wires, tmp_path: Path, whose: str) -> None:
    message = {
        "method": "register",
        "params": {"handler_id": "evil", "address": "tcp://10.0.0.9:5000", "methods": ["x"]},
    }
    keys: KeyRing | None = load_keys(tmp_path / "stranger") if whose != "none" else None
    key = wires.server_keys.public
    if whose == "wrong server key":
        keys, key = wires.handler_keys, load_keys(tmp_path / "other").public
    assert await asyncio.to_thread(speak, wires.server_address, message, keys, key) is None
    handlers = (await wires.api.get("/api/handlers")).json()["handlers"]
    assert [item["id"] for item in handlers] == ["bot"]


@pytest.mark.parametrize("whose", ["none", "stranger", "another handler"])
async def test_nobody_calls_a_handler_without_the_servers_key(
    wires: Wires, tmp_path: Path, whose: str
) -> None:
    keys = {
        "none": None,
        "stranger": load_keys(tmp_path / "stranger"),
        "another handler": load_keys(tmp_path / "b"),
    }
    message = {"method": "hello", "params": {}}
    found = await asyncio.to_thread(
        speak, wires.handler.address, message, keys[whose], wires.handler_keys.public
    )
    assert found is None
    allowed = await asyncio.to_thread(
        speak, wires.handler.address, message, wires.server_keys, wires.handler_keys.public
    )
    assert allowed["success"] is True


async def test_an_allowed_handler_does_not_take_anothers_place(wires: Wires, tmp_path: Path) -> None:
    rival = load_keys(tmp_path / "rival")
    wires.server_keys.allow(rival.public, "rival")
    message = {
        "method": "register",
        "params": {"handler_id": "bot", "address": "tcp://10.0.0.9:5000", "methods": ["hello"]},
    }
    answer = await asyncio.to_thread(speak, wires.server_address, message, rival, wires.server_keys.public)
    assert answer["success"] is False and "cannot take its place" in answer["error"]
    offline = {"method": "report_status", "params": {"handler_id": "bot", "status": "offline"}}
    answer = await asyncio.to_thread(speak, wires.server_address, offline, rival, wires.server_keys.public)
    assert answer["success"] is False
    job_id = await due_now(wires.api, **JOB)
    assert (await ended(wires.api, job_id))["result"]["hello"] == "moon"


async def test_the_same_key_may_move(wires: Wires) -> None:
    address = f"tcp://0.0.0.0:{free_ports(1)[0]}"
    message = {
        "method": "register",
        "params": {"handler_id": "bot", "address": address, "methods": ["hello"]},
    }
    answer = await asyncio.to_thread(
        speak, wires.server_address, message, wires.handler_keys, wires.server_keys.public
    )
    assert (answer["success"], answer["address"]) == (True, address)


@pytest.mark.long
async def test_on_loopback_a_live_handler_is_not_replaced(
    api: Api, raw_handler: RawHandler, server_config: ServerConfig
) -> None:
    raw_handler.start("send")
    rival = RawHandler(free_ports(1)[0], server_config.server_address)
    answer = rival.start("send")
    assert answer["success"] is False and "is alive at" in answer["error"]
    # It is gone: another one may come.
    raw_handler.stop()
    await until(lambda: asyncio.to_thread(lambda: rival.register("send")["success"]))
    job_id = await due_now(api)
    assert (await ended(api, job_id))["status"] == "succeeded"
    assert rival.calls.qsize() == 1
    rival.stop()


async def test_a_plain_wire_takes_no_handler_of_another_machine(server: ServerConfig) -> None:
    message = {
        "method": "register",
        "params": {"handler_id": "far", "address": "tcp://10.0.0.9:5000", "methods": []},
    }
    answer = await asyncio.to_thread(tell, server.server_address, json.dumps(message).encode())
    assert answer["success"] is False and "CURVE" in answer["error"]


def test_the_secret_key_is_readable_by_its_user_only_and_shown_nowhere(tmp_path: Path) -> None:
    ring = load_keys(tmp_path / "keys")
    assert (tmp_path / "keys" / "own.secret").stat().st_mode & 0o077 == 0
    assert ring.secret not in repr(ring)
    assert load_keys(tmp_path / "keys") == ring
