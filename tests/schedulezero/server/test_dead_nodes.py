"""A node that vanishes or is stopped: what it holds becomes free, and health says what is waited for."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from typing import Any

import pytest
from pgqueuer.adapters.persistence.schema_plan import advisory_key

from schedulezero.server.engine import shared_queue
from schedulezero.server.records import pgqueuer_rows
from schedulezero.server.thread import ServerThread
from schedulezero.storage import postgres as storage
from schedulezero.storage.postgres import connect
from tests.conftest import until
from tests.support.dropping_proxy import DroppingProxy
from tests.support.nodes import Make, node_config, nodes
from tests.support.nodes import raw as raw
from tests.support.postgres import Postgres, rows
from tests.support.runs import due_now, ended

pytestmark = [pytest.mark.postgresql, pytest.mark.long]


async def test_both_ends_of_a_connection_notice_a_dead_peer(postgres_url: str) -> None:
    connection: Any = await connect(postgres_url)
    try:
        limits = {name: await connection.fetchval(f"SHOW {name}") for name in (
            "lock_timeout", "idle_in_transaction_session_timeout", "statement_timeout",
            "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout",
        )}  # fmt: skip
        assert limits == {
            "lock_timeout": "8s", "idle_in_transaction_session_timeout": "5s", "statement_timeout": "30s",
            "tcp_keepalives_idle": "4", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "2",
            "tcp_user_timeout": "8000",
        }  # fmt: skip
        own = connection._transport.get_extra_info("socket")
        assert own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 8000
    finally:
        await connection.close()


async def test_a_node_that_stops_within_a_transaction_loses_its_locks(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_IDLE_IN_TRANSACTION_SECONDS", 0.3)
    async with nodes(postgres_url, 1) as (node,):
        stopped = await connect(postgres_url)
        await stopped.execute("BEGIN; LOCK TABLE audit")
        job_id = await due_now(node.api, trigger={"type": "interval", "args": {"days": 1}})
        assert (await node.api.get(f"/api/jobs/{job_id}")).status_code == 200
        stopped.terminate()


async def test_a_node_that_stops_while_it_creates_tables_keeps_no_other_from_starting(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_queue, "_IDLE_SECONDS", 0.3)
    stopped = await shared_queue.connect_to_create(postgres_url)
    await stopped.execute("SELECT pg_advisory_lock($1)", advisory_key(pgqueuer_rows.settings()))
    async with nodes(postgres_url, 1) as (node,):
        assert (await node.health())["standby"] == "none"
    stopped.terminate()


async def test_a_lock_is_not_waited_for_longer_than_a_few_seconds_and_health_tells_of_it(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_IDLE_IN_TRANSACTION_SECONDS", 60.0)
    monkeypatch.setattr(storage, "_LOCK_SECONDS", 4.0)
    async with nodes(postgres_url, 1) as (node,):
        holder = await connect(postgres_url)
        await holder.execute("BEGIN; LOCK TABLE audit")
        body = {"handler_id": "raw", "method": "send", "trigger": {"type": "interval", "args": {"days": 1}}}
        saving = asyncio.create_task(node.api.post("/api/jobs", json=body))

        async def told() -> bool:
            return (await node.health()).get("trouble_code") == "database_locked"

        await until(told)
        health = await node.health()
        assert "from 127.0.0.1" in health["trouble"] and not health["ready"] and health["live"]
        refused = await saving
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "database_unavailable")
        await holder.execute("ROLLBACK")
        assert (await node.api.post("/api/jobs", json=body)).status_code == 201
        holder.terminate()


async def test_what_a_cut_off_node_served_alone_goes_to_another(
    postgres: Postgres, postgres_url: str, raw: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_queue, "_NOT_OURS_SECONDS", 0.05)
    with DroppingProxy(postgres.port) as proxy:
        far = ServerThread(node_config(postgres_url.replace(f":{postgres.port}/", f":{proxy.port}/")))
        await far.start()
        try:
            async with nodes(postgres_url, 1) as (node,):
                handler = raw(node)
                await asyncio.to_thread(handler.start, "send")
                far_holds = "INSERT INTO leases SELECT 'handler raw', 'far', 9e18"
                await rows(postgres_url, f"{far_holds} ON CONFLICT (name) DO UPDATE SET holder = 'far'")
                proxy.drop()
                job_id = await due_now(node.api)
                # Its clock is moved instead of waiting until the lease has run out.
                await rows(postgres_url, "UPDATE leases SET until = 0")
                assert (await ended(node.api, job_id))["status"] == "succeeded"
                calls = Counter(handler.calls.get_nowait()["job_id"] for _ in range(handler.calls.qsize()))
                assert calls == Counter([job_id])
                assert len(await rows(postgres_url, "SELECT FROM leases WHERE name = 'handler raw'")) == 1
        finally:
            proxy.let_through()
            await far.stop()
