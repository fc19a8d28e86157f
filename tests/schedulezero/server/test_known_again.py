"""After a restart, the server knows its handlers: a plain REP handler that only pings is called as before."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import zmq
import zmq.asyncio

from schedulezero import instants
from schedulezero.server.handlers.registry import Registry
from schedulezero.server.records.instances import KEPT_FOR, Instance, Instances, may_be_called
from schedulezero.server.records.tables import handlers, metadata
from schedulezero.server.service import ServerConfig
from schedulezero.storage.database import Database, database_of
from schedulezero.wire.addresses import free_ports
from schedulezero.wire.keys import load_keys
from tests.conftest import Api, until
from tests.support.clocks import Clock
from tests.support.peers import RawHandler, tell
from tests.support.runs import due_now, ended
from tests.support.serving import hello_handler, served

a_server = partial(served, timeout=60)


async def known(api: Api) -> list[tuple[str, str, list[str]]]:
    found = (await api.get("/api/handlers")).json()["handlers"]
    return [(item["id"], item["status"], item["methods"]) for item in found]


async def test_a_job_that_falls_due_after_a_restart_calls_the_handler_of_before(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    trigger = {"type": "date", "args": {"run_date": time.time() + 3600}}
    async with a_server(server_config) as api:
        await asyncio.to_thread(raw_handler.start, "send", concurrency=3)
        body = {"handler_id": "raw", "method": "send", "params": {"a": 1}, "trigger": trigger}
        job_id = (await api.post("/api/jobs", json=body)).json()["job_id"]
    clock = Clock()
    clock.offset = instants.from_iso("2030-01-01T00:00:00Z") - instants.now()
    async with a_server(server_config, clock) as api:
        call = await asyncio.to_thread(raw_handler.calls.get, timeout=60)
        assert (call["job_id"], call["params"]) == (job_id, {"a": 1})
        assert (await ended(api, job_id))["status"] == "succeeded"
        (info,) = (await api.get("/api/handlers")).json()["handlers"]
        assert (info["id"], info["address"]) == ("raw", raw_handler.address)
        assert (info["methods"], info["concurrency"], info["status"]) == (["send"], 3, "Connected")
        refused = await api.post("/api/jobs", json={**body, "method": "fly"})
        assert refused.json()["error"]["code"] == "unknown_method"


@pytest.mark.long
async def test_a_handler_that_is_away_is_known_and_does_not_hold_its_name(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with a_server(server_config):
        await asyncio.to_thread(raw_handler.start, "send")
        await asyncio.to_thread(raw_handler.stop)
    (port,) = free_ports(1)
    other = RawHandler(port, server_config.server_address)
    async with a_server(server_config) as api:
        assert await known(api) == [("raw", "Disconnected", ["send"])]
        assert (await asyncio.to_thread(other.start, "new"))["success"] is True
        assert await known(api) == [("raw", "Connected", ["new"])]
    async with a_server(server_config) as api:
        assert await known(api) == [("raw", "Connected", ["new"])]
    await asyncio.to_thread(other.stop)


async def test_a_live_handler_keeps_its_name_over_a_restart(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with a_server(server_config):
        await asyncio.to_thread(raw_handler.start, "send")
    (port,) = free_ports(1)
    thief = {"handler_id": "raw", "address": f"tcp://127.0.0.1:{port}", "methods": ["send"]}
    async with a_server(server_config) as api:
        message = json.dumps({"method": "register", "params": thief}).encode()
        answer = await asyncio.to_thread(tell, server_config.server_address, message)
        assert answer["success"] is False and "alive" in answer["error"]
        assert await known(api) == [("raw", "Connected", ["send"])]


async def test_a_renamed_handler_frees_its_old_name(
    server_config: ServerConfig, raw_handler: RawHandler, caplog: pytest.LogCaptureFixture
) -> None:
    """The process at the address answers pings, whatever its name was when the row was written."""
    (port,) = free_ports(1)
    other = RawHandler(port, server_config.server_address)
    async with a_server(server_config) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        raw_handler.handler_id = "renamed"
        with caplog.at_level(logging.INFO):
            assert (await asyncio.to_thread(raw_handler.register, "send"))["success"] is True
        assert await known(api) == [("renamed", "Connected", ["send"])]
        assert "'raw' is forgotten" in caplog.text and "'renamed'" in caplog.text
    async with a_server(server_config) as api:
        assert await known(api) == [("renamed", "Connected", ["send"])]
        assert (await asyncio.to_thread(other.start, "new"))["success"] is True
        assert sorted(await known(api)) == [
            ("raw", "Connected", ["new"]),
            ("renamed", "Connected", ["send"]),
        ]
    await asyncio.to_thread(other.stop)


async def test_a_handler_in_a_call_is_not_forgotten_for_another_at_its_address(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    ending = threading.Event()

    def respond(_: dict[str, Any]) -> dict[str, Any]:
        assert ending.wait(60)
        return {"success": True}

    raw_handler.respond = respond
    async with a_server(server_config) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        job_id = await due_now(api)
        until_called = asyncio.create_task(ended(api, job_id))
        await until(lambda: is_under_way(api))
        thief = {"handler_id": "thief", "address": raw_handler.address, "methods": ["send"]}
        message = json.dumps({"method": "register", "params": thief}).encode()
        assert (await asyncio.to_thread(tell, server_config.server_address, message))["success"] is True
        ending.set()
        assert (await until_called)["status"] == "succeeded"
        assert {name for name, _, _ in await known(api)} == {"raw", "thief"}


async def is_under_way(api: Api) -> bool:
    return (await api.get("/api/health")).json()["runs_under_way"] == 1


async def test_a_handler_is_forgotten_only_for_one_with_its_own_key(tmp_path: Path) -> None:
    """On one address, a proved key, another one and none are three strangers."""

    async def nothing() -> list[str]:
        return []

    context = zmq.asyncio.Context()
    registry = Registry(context, load_keys(tmp_path / "keys"), needed=nothing)
    address = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    other = zmq.curve_keypair()[0].decode()
    try:
        for number, key in enumerate((PUBLIC, other, None)):
            await registry.register(Instance(f"old-{number}", address, ("a",), 1, key))
        for number, key in enumerate((PUBLIC, other, None)):
            await registry.register(Instance(f"new-{number}", address, ("a",), 1, key))
            left = [f"new-{n}" for n in range(number + 1)] + [f"old-{n}" for n in range(number + 1, 3)]
            assert [name for name, _ in registry.signs_of_life()] == left
    finally:
        registry.close()
        context.destroy(linger=0)


async def test_a_row_at_the_servers_own_port_is_not_called(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    async with a_server(server_config):
        await asyncio.to_thread(raw_handler.start, "send")
        await asyncio.to_thread(raw_handler.stop)
    moved = replace(server_config, server_address=raw_handler.address)
    async with a_server(moved) as api:
        assert await known(api) == []


async def test_an_answer_in_the_older_form_means_the_same_after_a_restart(
    server_config: ServerConfig, raw_handler: RawHandler
) -> None:
    raw_handler.respond = lambda call: {"status": "error", "message": "no such channel", "retry": False}
    old = {"action": "register", "handler_id": "raw", "address": raw_handler.address, "methods": ["send"]}
    async with a_server(server_config) as api:
        await asyncio.to_thread(raw_handler.start, "send")
        assert (await ended(api, await due_now(api)))["status"] == "succeeded"
        assert (await asyncio.to_thread(raw_handler.tell, old))["success"] is True
    async with a_server(server_config) as api:
        run = await ended(api, await due_now(api))
        assert (run["status"], run["error"]) == ("failed", "no such channel")


# ---------------------------------------------------------------- keys


async def test_after_a_restart_with_keys_a_plain_handler_is_not_called(
    server_config: ServerConfig, raw_handler: RawHandler, tmp_path: Path
) -> None:
    async with a_server(server_config):
        await asyncio.to_thread(raw_handler.start, "send")
    keyed = replace(server_config, require_keys=True, keys=str(tmp_path / "keys"))
    async with a_server(keyed) as api:
        assert await known(api) == []
    assert raw_handler.pings == 0


@pytest.mark.long
async def test_a_handler_with_a_key_is_called_over_its_key_and_only_while_that_is_allowed(
    server_config: ServerConfig, tmp_path: Path
) -> None:
    keyed = replace(server_config, require_keys=True, keys=str(tmp_path / "keys"))
    (port,) = free_ports(1)
    address = f"tcp://127.0.0.1:{port}"
    async with a_server(keyed):
        server_keys = load_keys(keyed.keys, everywhere=True)
        keys = load_keys(tmp_path / "bot", everywhere=True)
        keys.allow(server_keys.public, "the server")
        server_keys.allow(keys.public, "the bot")
        own = replace(keys, peer=server_keys.public)
        async with hello_handler(keyed.server_address, own, address) as handler:
            await handler.refresh()
    # A handler that doesn't register: only the database knows it.
    async with hello_handler(None, own, address), a_server(keyed) as api:
        assert (await ended(api, await due_now(api, handler_id="bot", method="hello")))[
            "status"
        ] == "succeeded"
    # A program with another key at its address isn't taken for it.
    thief = load_keys(tmp_path / "thief", everywhere=True)
    thief.allow(server_keys.public, "the server")
    async with hello_handler(None, thief, address), a_server(keyed) as api:
        assert await known(api) == [("bot", "Disconnected", ["hello"])]
    server_keys.revoke("the bot")
    async with hello_handler(None, own, address), a_server(keyed) as api:
        assert await known(api) == [("bot", "Disconnected", ["hello"])]


# Read as: an address, the key it proved, whether the server has keys (None: no; else: also on loopback), and
# whether it is called.
PUBLIC = zmq.curve_public(b"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs").decode()
CALLED: list[tuple[str, str | None, bool | None, bool]] = [
    ("tcp://127.0.0.1:5000", None, None, True),
    ("tcp://127.0.0.1:5000", None, False, True),
    ("tcp://127.0.0.1:5000", None, True, False),
    ("tcp://127.0.0.1:5000", PUBLIC, None, False),
    ("tcp://127.0.0.1:5000", PUBLIC, False, False),
    ("tcp://127.0.0.1:5000", PUBLIC, True, True),
    ("tcp://10.0.0.1:5000", None, None, False),
    ("tcp://10.0.0.1:5000", None, False, False),
    ("tcp://10.0.0.1:5000", PUBLIC, None, False),
    ("tcp://10.0.0.1:5000", PUBLIC, False, True),
    ("ipc:///etc/passwd", None, None, False),
]


@pytest.mark.parametrize(("address", "key", "everywhere", "called"), CALLED)
def test_which_rows_are_called(
    tmp_path: Path, address: str, key: str | None, everywhere: bool | None, called: bool
) -> None:
    keys = load_keys(tmp_path / "keys", everywhere=everywhere) if everywhere is not None else None
    instance = Instance("raw", address, ("a",), 1, key)
    assert may_be_called(instance, keys) is called
    own = may_be_called(instance, keys, [5000])  # the server's own port, on this machine only
    assert own is (called and "10.0.0.1" in address)


# ---------------------------------------------------------------- how long


async def test_an_instance_without_a_sign_of_life_expires(database: str) -> None:
    opened = database_of(database, metadata)
    await opened.open()
    try:
        kept = Instances(opened)
        for number in (1, 2):
            await kept.save(Instance("raw", f"tcp://127.0.0.1:{number}", ("a",), 1))

        def age(connection: Any) -> None:
            old = instants.now() - KEPT_FOR
            connection.execute(
                sa.update(handlers).where(handlers.c.address == "tcp://127.0.0.1:1").values(heard_at=old)
            )

        await opened.write(age)
        assert [item.address for item in await kept.all()] == ["tcp://127.0.0.1:2"]
        await kept.heard("raw", "tcp://127.0.0.1:1")
        assert len(await kept.all()) == 2
    finally:
        await opened.close()


@pytest.mark.long
@pytest.mark.sqlite
async def test_a_locked_file_keeps_no_handler_waiting(
    server_config: ServerConfig, raw_handler: RawHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "schedulezero.storage.sqlite._BUSY_TIMEOUT_MS", 3_600_000
    )  # far beyond an answer's limit
    async with a_server(server_config) as api:
        with closing(sqlite3.connect(server_config.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert (await asyncio.to_thread(raw_handler.start, "send"))["success"] is True
            for _ in range(3):  # and its later messages neither
                report = {"method": "report_status", "params": {"handler_id": "raw", "status": "online"}}
                assert (await asyncio.to_thread(raw_handler.tell, report))["success"] is True
            assert await known(api) == [("raw", "Connected", ["send"])]
            other.execute("ROLLBACK")
        assert (await ended(api, await due_now(api)))["status"] == "succeeded"
    async with a_server(server_config) as api:
        assert await known(api) == [("raw", "Connected", ["send"])]


# ---------------------------------------------------------------- signs of life


@asynccontextmanager
async def a_registry(
    database: str,
    needed: tuple[str, ...] = (),
    table: Callable[[Database], Instances] = Instances,
    **options: Any,
) -> AsyncIterator[tuple[Registry, Database]]:
    """A registry that looks for due renewals all the time, and its database."""

    async def the_needed() -> tuple[str, ...]:
        return needed

    context = zmq.asyncio.Context()
    opened = database_of(database, metadata)
    await opened.open()
    registry = Registry(context, kept=table(opened), needed=the_needed, **options)
    renewing = asyncio.create_task(registry.keep_renewing())
    try:
        yield registry, opened
    finally:
        renewing.cancel()
        await asyncio.wait((renewing,))
        registry.close()
        context.destroy(linger=0)
        await opened.close()


async def test_a_registration_that_could_not_be_saved_is_saved_soon(
    database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("_LOOK_SECONDS", "_SAVE_AGAIN_SECONDS"):
        monkeypatch.setattr(f"schedulezero.server.handlers.keeping.{name}", 0.05)
    async with a_registry(database) as (registry, opened):
        await opened.write(handlers.drop)
        await registry.register(Instance("raw", "tcp://127.0.0.1:9", ("a",), 1))
        await until(lambda: caplog.text.count("saving handler 'raw' stopped") > 2)
        await opened.write(handlers.create)

        async def saved() -> bool:
            return [item.handler_id for item in await Instances(opened).all()] == ["raw"]

        await until(saved)


@pytest.mark.long
async def test_a_handler_that_has_long_been_silent_is_listed_without_a_ping(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedulezero.server.handlers.keeping._LOOK_SECONDS", 0.05)
    (port,) = free_ports(1)
    address = f"tcp://127.0.0.1:{port}"
    async with a_registry(database) as (registry, opened):
        await Instances(opened).save(Instance("bot", address, ("hello",), 1))
        await registry.recover()
        (entry,) = registry._entries.all()
        await until(lambda: entry.silent_at)
        async with hello_handler(None, None, address):
            assert [info.connected for info in await registry.list()] == [False]
            assert await registry.report("bot", "online", None)
            assert [info.connected for info in await registry.list()] == [True]
            assert await registry.report("bot", "offline", None)  # silent once, but not for long
            assert [info.connected for info in await registry.list()] == [True]


# ---------------------------------------------------------------- instances of other nodes


async def test_a_crowd_on_another_node_pushes_out_no_handler_that_answers(database: str) -> None:
    addresses = (f"tcp://127.0.0.1:{port}" for port in range(9, 1000))
    async with a_registry(database, needed=("needed",), shared=True, most=5) as (registry, opened):
        table = Instances(opened)
        await table.save(Instance("needed", next(addresses), ("a",), 1))
        await registry.register(Instance("answers", next(addresses), ("a",), 1))
        (entry,) = registry._entries.of("answers")
        entry.spoke()
        for number in range(8):
            await table.save(Instance(f"crowd-{number}", next(addresses), ("a",), 1))
        await registry.load()
        assert registry.count == 5 and registry.is_current(entry) and registry.knows("needed")
        assert registry.knows("crowd-7") and not registry.knows("crowd-0")  # the newest before the oldest


async def test_one_that_registers_while_the_others_are_read_stays(database: str) -> None:
    reading, registered = asyncio.Event(), asyncio.Event()

    class Slow(Instances):
        """A database whose answer is on its way while a handler registers."""

        async def all(self) -> list[Instance]:
            found = await super().all()
            reading.set()
            await registered.wait()
            return found

    async with a_registry(database, table=Slow, shared=True) as (registry, _):
        await registry.register(Instance("changed", "tcp://127.0.0.1:9", ("old",), 1))
        loading = asyncio.create_task(registry.load())
        await reading.wait()
        await registry.register(Instance("new", "tcp://127.0.0.1:10", ("a",), 1))
        await registry.register(Instance("changed", "tcp://127.0.0.1:9", ("new",), 1))
        entries = registry._entries.all()
        registered.set()
        await loading
        assert registry._entries.all() == entries and registry.methods("changed") == ("new",)
