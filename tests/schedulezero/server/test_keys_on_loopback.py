"""`require_keys`: on this machine, too, it takes an allowed key to register and to call."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zmq

from schedulezero.server.service import ServerConfig
from schedulezero.wire.keys import load_keys
from tests.conftest import Api, until
from tests.support.peers import RawHandler, tell
from tests.support.runs import due_now, ended
from tests.support.serving import hello_handler, served
from tests.support.speaking import speak

pytestmark = pytest.mark.sqlite  # sockets only: the database makes no difference

JOB = {"handler_id": "bot", "method": "hello"}
HELLO = {"method": "hello", "params": {}}


@pytest.fixture
def keyed(server_config: ServerConfig, tmp_path: Path) -> ServerConfig:
    return replace(server_config, require_keys=True, keys=str(tmp_path / "keys"))


async def test_with_the_same_folder_of_keys_a_job_runs(keyed: ServerConfig) -> None:
    async with served(keyed) as api:
        keys = load_keys(keyed.keys, everywhere=True)
        async with hello_handler(keyed.server_address, keys) as handler:
            await handler.refresh()
            run = await ended(api, await due_now(api, **JOB))
            assert (run["status"], run["result"]["hello"]) == ("succeeded", "moon")


async def test_with_keys_that_allow_each_other_a_job_runs(keyed: ServerConfig, tmp_path: Path) -> None:
    async with served(keyed) as api:
        server_keys = load_keys(keyed.keys)
        keys = load_keys(tmp_path / "bot", server_keys.public, everywhere=True)
        server_keys.allow(keys.public, "the bot")
        async with hello_handler(keyed.server_address, keys) as handler:
            await handler.refresh()
            run = await ended(api, await due_now(api, **JOB))
            assert (run["status"], run["result"]["hello"]) == ("succeeded", "moon")


async def test_a_key_that_is_taken_out_counts_at_once(keyed: ServerConfig, tmp_path: Path) -> None:
    """Also for a handler that is connected and registered already, in both directions."""
    async with served(keyed) as api:
        server_keys = load_keys(keyed.keys, everywhere=True)
        keys = load_keys(tmp_path / "bot", everywhere=True)
        keys.allow(server_keys.public, "the server")
        server_keys.allow(keys.public, "the bot")
        own = replace(keys, peer=server_keys.public)
        async with hello_handler(keyed.server_address, own) as handler:
            await handler.refresh()
            assert (await ended(api, await due_now(api, **JOB)))["status"] == "succeeded"
            # The same connection, before and after.
            with zmq.Context() as context, context.socket(zmq.REQ) as socket:
                socket.setsockopt(zmq.LINGER, 0)
                socket.setsockopt(zmq.RCVTIMEO, 5000)
                socket.setsockopt(zmq.SNDTIMEO, 5000)
                keys.speak_to(socket, server_keys.public)
                socket.connect(keyed.server_address)
                answers: list[dict[str, Any]] = []
                for _ in range(2):
                    await asyncio.to_thread(socket.send, json.dumps({"method": "ping"}).encode())
                    answers.append(json.loads(await asyncio.to_thread(socket.recv)))
                    if len(answers) == 1:
                        server_keys.revoke("the bot")
                assert answers[0]["success"] is True
                assert answers[1]["success"] is False and "taken out" in answers[1]["error"]
            handlers = (await api.get("/api/handlers")).json()["handlers"]
            assert [item["status"] for item in handlers] == ["Disconnected"]
            job_id = await due_now(api, **JOB)  # it waits, as for a handler that is away
            await until(lambda: records(api, job_id))
            assert [item["status"] for item in await records(api, job_id)] == ["queued"]
            server_keys.allow(keys.public, "the bot")
            await handler.refresh()
            assert (await ended(api, job_id))["status"] == "succeeded"


async def records(api: Api, job_id: str) -> list[dict[str, Any]]:
    return (await api.get(f"/api/jobs/{job_id}/executions")).json()["records"]


@pytest.mark.long
async def test_a_server_whose_key_is_taken_out_calls_no_job(tmp_path: Path) -> None:
    keys, server_keys = load_keys(tmp_path / "bot", everywhere=True), load_keys(tmp_path / "server")
    keys.allow(server_keys.public, "the server")
    async with hello_handler("tcp://127.0.0.1:9", keys) as handler:
        with zmq.Context() as context, context.socket(zmq.REQ) as socket:
            socket.setsockopt(zmq.LINGER, 0)
            server_keys.speak_to(socket, keys.public)
            socket.connect(handler.address)
            await asyncio.to_thread(socket.send, json.dumps(HELLO).encode())
            assert json.loads(await asyncio.to_thread(socket.recv))["success"] is True
            keys.revoke("the server")
            socket.setsockopt(zmq.RCVTIMEO, 1000)
            socket.setsockopt(zmq.SNDTIMEO, 1000)
            await asyncio.to_thread(socket.send, json.dumps(HELLO).encode())
            with pytest.raises(zmq.Again):
                await asyncio.to_thread(socket.recv)


@pytest.mark.long
async def test_a_plain_handler_does_not_register(
    keyed: ServerConfig, caplog: pytest.LogCaptureFixture
) -> None:
    params = {"handler_id": "raw", "address": "tcp://127.0.0.1:9", "methods": ["send"]}
    async with served(keyed) as api:
        message = {"method": "register", "params": params}
        assert await asyncio.to_thread(speak, keyed.server_address, message, None, None) is None
        with caplog.at_level(logging.ERROR):
            async with hello_handler(keyed.server_address, None):
                await until(lambda: "takes handlers with keys only" in caplog.text)
        assert (await api.get("/api/handlers")).json()["handlers"] == []


@pytest.mark.long
async def test_our_handler_does_not_register_at_a_plain_server(
    server: ServerConfig, api: Api, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = load_keys(tmp_path / "keys", everywhere=True)
    with caplog.at_level(logging.ERROR):
        async with hello_handler(server.server_address, keys) as handler:
            await until(lambda: "takes handlers without keys" in caplog.text)
            assert handler.registered is None
    assert caplog.text.count("takes handlers without keys") == 1
    assert (await api.get("/api/handlers")).json()["handlers"] == []


@pytest.mark.long
@pytest.mark.parametrize("whose", ["none", "stranger"])
async def test_nobody_calls_the_handler_without_an_allowed_key(
    keyed: ServerConfig, tmp_path: Path, whose: str
) -> None:
    keys = load_keys(keyed.keys, everywhere=True)
    stranger = load_keys(tmp_path / "stranger") if whose == "stranger" else None
    async with hello_handler(keyed.server_address, keys) as handler:
        assert await asyncio.to_thread(speak, handler.address, HELLO, stranger, keys.public) is None
        assert (await asyncio.to_thread(speak, handler.address, HELLO, keys, keys.public))["success"] is True


@pytest.mark.long
async def test_a_handler_that_proves_a_key_and_listens_plainly_is_not_called(
    keyed: ServerConfig, raw_handler: RawHandler
) -> None:
    async with served(keyed) as api:
        keys = load_keys(keyed.keys, everywhere=True)
        params = {"handler_id": "raw", "address": raw_handler.address, "methods": ["send"]}
        message = {"method": "register", "params": params}
        await asyncio.to_thread(speak, keyed.server_address, message, keys, keys.public)
        raw_handler.answer_seconds = 2.0
        with pytest.raises(AssertionError):  # it listens; its own registration is not answered
            await asyncio.to_thread(raw_handler.start, "send")
        await due_now(api, params={"secret": "moonbase"})
        handlers = (await api.get("/api/handlers")).json()["handlers"]
        assert [item["id"] for item in handlers] == ["raw"]
        assert raw_handler.calls.empty() and raw_handler.pings == 0


async def test_a_list_of_keys_that_cannot_be_read_locks_nobody_out_for_good(
    keyed: ServerConfig, tmp_path: Path
) -> None:
    async with served(keyed):
        own, other = load_keys(keyed.keys, everywhere=True), load_keys(tmp_path / "other")
        ping: dict[str, Any] = {"method": "ping"}
        own.allowed_file.write_bytes(b"\xff\xfe rubbish")
        assert await asyncio.to_thread(speak, keyed.server_address, ping, other, own.public) is None
        assert (await asyncio.to_thread(speak, keyed.server_address, ping, own, own.public))["success"]
        own.allowed_file.write_text(f"{other.public} the other\n")
        assert (await asyncio.to_thread(speak, keyed.server_address, ping, other, own.public))["success"]


async def test_without_the_setting_a_plain_handler_works(api: Api, raw_handler: RawHandler) -> None:
    raw_handler.start("send")
    assert (await ended(api, await due_now(api)))["status"] == "succeeded"
    call = json.dumps({"method": "ping", "params": {}}).encode()
    assert (await asyncio.to_thread(tell, raw_handler.address, call))["success"] is True
