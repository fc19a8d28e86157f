"""A handler registers by itself and stays registered, whatever becomes of the server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import pytest_asyncio
import zmq
import zmq.asyncio

from schedulezero.handler import registration
from schedulezero.handler.handler import Handler
from schedulezero.handler.registration import Registration
from schedulezero.model import JsonObject
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.wire.addresses import free_ports
from tests.conftest import until


async def job(bot: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Does it."""
    return {"success": True}


def made_to_wait(monkeypatch: pytest.MonkeyPatch, started: threading.Event) -> list[str]:
    """Registering begins once the event is set; what is returned says whether it had to begin before."""
    begun_before: list[str] = []
    step = Registration._step

    def late(self: Registration, context: Any) -> bool:
        if not started.wait(60):
            begun_before.append("given up")
        return step(self, context)

    monkeypatch.setattr(Registration, "_step", late)
    return begun_before


@pytest_asyncio.fixture
async def handler(server_config: ServerConfig, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Handler]:
    (port,) = free_ports(1)
    made = Handler(None, "ours", f"tcp://127.0.0.1:{port}", server_config.server_address)
    made.register_sprocket("one", job)
    started = threading.Event()
    run = made_to_wait(monkeypatch, started)
    made.start()
    assert not run, "start() waited for a server that is not there"
    started.set()
    yield made
    made.stop()
    await made.wait_stopped()


async def methods(config: ServerConfig) -> list[str] | None:
    """The methods under which the server knows our handler, None while it does not."""
    try:
        async with httpx.AsyncClient(base_url=config.api_endpoint, timeout=60) as client:
            handlers = (await client.get("/api/handlers")).json()["handlers"]
    except httpx.TransportError:
        return None
    return next((item["methods"] for item in handlers if item["id"] == "ours"), None)


async def test_it_waits_for_the_server_and_follows_what_comes_and_goes(
    server_config: ServerConfig, handler: Handler
) -> None:
    await handler.wait_bound()
    running = ServerThread(server_config)
    await running.start()

    async def known(wanted: list[str] | None) -> None:
        async def same() -> bool:
            return await methods(server_config) == wanted

        await until(same)

    await known(["one"])
    handler.register_sprocket("two", job)
    await known(["one", "two"])
    handler.unregister_sprocket("one")
    handler.unregister_sprocket("never there")
    await known(["two"])
    await running.stop()


@pytest.mark.long
async def test_an_absent_server_is_told_once_an_outage(
    server_config: ServerConfig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "UNREACHED_SECONDS", 0.5)
    monkeypatch.setattr(registration, "ANSWER_SECONDS", 0.3)
    (port,) = free_ports(1)
    handler = Handler(None, "ours", f"tcp://127.0.0.1:{port}", server_config.server_address)
    handler.register_sprocket("one", job)
    tries = 0
    really = registration.wire_at

    def counted(address: str) -> Any:
        nonlocal tries
        tries += 1
        return really(address)

    monkeypatch.setattr(registration, "wire_at", counted)

    def warnings() -> list[str]:
        return [item.getMessage() for item in caplog.records if item.levelname == "WARNING"]

    async def tried(more: int) -> None:
        wanted = tries + more
        await until(lambda: tries >= wanted)

    handler.start()
    try:
        await until(warnings)
        await tried(2)
        (said,) = warnings()
        assert server_config.server_address in said and "`schedulezero-bot server`" in said
        running = ServerThread(server_config)
        await running.start()
        await until(lambda: handler.registered is not None)
        await running.stop()
        await until(lambda: len(warnings()) == 2)
        await tried(2)
        assert len(warnings()) == 2
    finally:
        handler.stop()
        await handler.wait_stopped()


@pytest.mark.long
async def test_it_reports_itself_offline(server_config: ServerConfig, handler: Handler) -> None:
    running = ServerThread(server_config)
    await running.start()
    await until(lambda: handler.registered)
    handler.stop()
    await handler.wait_stopped()
    async with httpx.AsyncClient(base_url=server_config.api_endpoint, timeout=60) as client:
        (info,) = (await client.get("/api/handlers")).json()["handlers"]
    assert info["status"] == "Disconnected"
    await running.stop()


@pytest.mark.long
async def test_it_is_back_within_seconds_after_the_server_was_killed(
    server_config: ServerConfig, handler: Handler, tmp_path: Path
) -> None:
    process = await start_server_process(server_config)
    try:
        await until(lambda: methods(server_config))
        process.kill()
        await process.wait()
        await until(lambda: handler.registered is None)
        pauses = noted_pauses(handler)
        process = await start_server_process(server_config)
        await until(lambda: methods(server_config))
        assert max(pauses) + registration.ANSWER_SECONDS < 5
    finally:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


def noted_pauses(handler: Handler) -> list[float]:
    """How long its registration means to pause from now on, in seconds."""
    assert handler._session is not None and handler._session.registration is not None
    wake, pauses = handler._session.registration._wake, [0.0]
    wait = wake.wait

    def noted(timeout: float | None = None) -> bool:
        assert timeout is not None
        pauses.append(timeout)
        return wait(timeout)

    wake.wait = noted
    return pauses


async def start_server_process(config: ServerConfig) -> asyncio.subprocess.Process:
    """``schedulezero-bot server`` in a process of its own, once it serves."""
    environment = {
        **os.environ,
        "SCHEDULEZERO_API_ENDPOINT": config.api_endpoint,
        "SCHEDULEZERO_SERVER_ADDRESS": config.server_address,
        "SCHEDULEZERO_DATABASE": config.database,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "server", env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    assert b"Serving at" in line
    return process


async def register_as_stranger(config: ServerConfig, handler: Handler, **changed: Any) -> JsonObject:
    """Registers with the handler's own name and address, as any local program can."""
    with zmq.asyncio.Context() as context, context.socket(zmq.REQ) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(config.server_address)
        params = {"handler_id": "ours", "address": handler.address, "methods": ["one"], **changed}
        await cast(Any, socket.send(json.dumps({"method": "register", "params": params}).encode()))
        return json.loads(await asyncio.wait_for(cast(Any, socket.recv()), 60))


@pytest.mark.long
@pytest.mark.parametrize(
    "changed", [{"methods": []}, {"methods": ["two"]}, {"concurrency": 1}, {"schemas": {"one": {"a": 1}}}]
)
async def test_it_notices_that_somebody_registered_in_its_name(
    server_config: ServerConfig, handler: Handler, changed: JsonObject
) -> None:
    running = ServerThread(server_config)
    await running.start()
    await until(lambda: handler.registered)

    async def known() -> tuple[Any, Any, Any]:
        async with httpx.AsyncClient(base_url=server_config.api_endpoint, timeout=60) as client:
            (item,) = (await client.get("/api/handlers")).json()["handlers"]
            (described,) = (await client.get("/api/methods")).json()["methods"] or [{"schema": None}]
            return item["methods"], item.get("concurrency"), described["schema"]

    own = await known()
    assert own[0] == ["one"] and own[2]
    answer = await register_as_stranger(server_config, handler, **changed)
    assert answer["success"] is True, answer
    assert await known() != own

    async def restored() -> bool:
        return await known() == own

    await until(restored)
    await running.stop()


@pytest.mark.long
async def test_a_server_that_knows_no_digests_gets_none(
    handler: Handler, server_config: ServerConfig
) -> None:
    """A published server answers a registration without one, and refuses nothing that it was not sent."""
    reports: list[JsonObject] = []
    with zmq.asyncio.Context() as context, context.socket(zmq.REP) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind(server_config.server_address)
        while len(reports) < 2:
            message = json.loads(await asyncio.wait_for(cast(Any, socket.recv()), 60))
            if message["method"] == "report_status":
                reports.append(message["params"])
            await cast(Any, socket.send(json.dumps({"success": True, "status": "registered"}).encode()))
    assert all(set(report) == {"handler_id", "status", "address"} for report in reports)
