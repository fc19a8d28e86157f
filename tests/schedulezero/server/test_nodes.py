"""Several server nodes on one PostgreSQL: what one knows all know, and what one leaves another does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from schedulezero.model.limits import NO_LIMITS
from schedulezero.server.thread import ServerThread
from tests.conftest import until
from tests.support.nodes import Make, Node, node_config, nodes, ready
from tests.support.nodes import raw as raw
from tests.support.postgres import Postgres, rows
from tests.support.runs import client_of, due_now, ended

pytestmark = [pytest.mark.postgresql, pytest.mark.long]


async def test_a_handler_registers_once_and_is_known_to_all(postgres_url: str, raw: Make) -> None:
    async with nodes(postgres_url, 3) as found:
        handler = raw(found[0])
        await asyncio.to_thread(handler.start, "send")
        for node in found[1:]:
            await until(lambda node=node: node.knows(handler.address))
            assert (await node.handlers())[0]["status"] == "Connected"
            refused = await node.api.post(
                "/api/jobs", json={"handler_id": "raw", "method": "other", "trigger": _in(60)}
            )
            assert refused.json()["error"]["code"] == "unknown_method"


def _in(seconds: float) -> dict[str, Any]:
    return {"type": "date", "args": {"run_date": time.time() + seconds}}


async def test_runs_are_shared_and_each_is_called_once(postgres_url: str, raw: Make) -> None:
    async with nodes(postgres_url, 3) as found:
        handler = raw(found[0])
        await asyncio.to_thread(handler.start, "send", concurrency=1)
        for node in found:
            await until(lambda node=node: node.knows(handler.address))
        jobs = [await due_now(found[number % 3].api) for number in range(60)]
        for job_id in jobs:
            assert (await ended(found[1].api, job_id))["status"] == "succeeded"
        calls = Counter(handler.calls.get_nowait()["job_id"] for _ in range(handler.calls.qsize()))
        assert calls == Counter(jobs)


async def test_a_handler_that_takes_one_call_at_a_time_gets_one_from_all_nodes(
    postgres_url: str, raw: Make
) -> None:
    async with nodes(postgres_url, 2) as found:
        handler = raw(found[0])
        await asyncio.to_thread(handler.start, "send")
        await until(lambda: found[1].knows(handler.address))
        jobs = [await due_now(found[number % 2].api) for number in range(20)]
        for job_id in jobs:
            await ended(found[0].api, job_id)
        # Its line is as long as there are nodes that call it; one call that waits there is pinged around.
        query = "SELECT count(DISTINCT holder) FROM leases WHERE name = 'handler raw'"
        assert (await rows(postgres_url, query))[0][0] == 1


async def test_a_job_saved_at_one_node_wakes_the_clock_of_another(postgres_url: str, raw: Make) -> None:
    async with nodes(postgres_url, 2) as found:
        handler = raw(found[1])
        await asyncio.to_thread(handler.start, "send")
        body = {"handler_id": "raw", "method": "send", "trigger": _in(1.5)}
        job_id = (await found[0].api.post("/api/jobs", json=body)).json()["job_id"]
        await found[0].thread.stop()  # only the other one is left to run it
        run = await ended(found[1].api, job_id)
        assert run["status"] == "succeeded"


async def test_rules_and_news_reach_the_other_nodes(postgres_url: str, raw: Make) -> None:
    async with nodes(postgres_url, 2) as found:
        first, second = found
        handler = raw(first)
        handler.respond = lambda call: {"success": False, "error": "no luck", "retry": False}
        await asyncio.to_thread(handler.start, "send")
        await until(lambda: second.knows(handler.address))
        waiting = asyncio.create_task(
            second.api.get("/api/troubles", params={"after": 0, "wait": 15}, timeout=20)
        )
        await due_now(first.api)
        assert [item["kind"] for item in (await waiting).json()["troubles"]] == ["failed"]

        body = {"handler_id": "raw", "method": "send", "guild_id": "7", "trigger": _in(60)}
        rules = {"most_jobs": 1}
        await first.api.post("/api/jobs", json=body)
        assert (await first.api.put("/api/guilds/7/rules", json=rules)).status_code == 200

        async def refused() -> bool:
            return (await second.api.post("/api/jobs", json=body)).status_code == 409

        await until(refused)


async def test_limits_hold_for_all_nodes_together(postgres_url: str, raw: Make) -> None:
    limits = replace(NO_LIMITS, jobs_per_guild=5, runs_per_minute=3)
    async with nodes(postgres_url, 2, limits) as found:
        handler = raw(found[0])
        await asyncio.to_thread(handler.start, "send")
        await until(lambda: found[1].knows(handler.address))
        body = {"handler_id": "raw", "method": "send", "guild_id": "7", "trigger": _in(2.0)}
        answers = await asyncio.gather(
            *(found[number % 2].api.post("/api/jobs", json=body) for number in range(20))
        )
        assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 15
        job_ids = [answer.json()["job_id"] for answer in answers if answer.status_code == 201]
        by_hand = await asyncio.gather(
            *(found[number % 2].api.post(f"/api/jobs/{job_ids[number % 5]}/run") for number in range(8))
        )
        assert [answer.status_code for answer in by_hand] == [202] * 8
        assert sum("Delayed" in answer.json()["note"] for answer in by_hand) == 5

        async def claimed() -> list[dict[str, Any]] | None:
            query = {"guild_id": "7", "limit": 100}
            records = (await found[0].api.get("/api/executions", params=query)).json()["records"]
            done = [record for record in records if record["status"] == "succeeded"]
            return records if len(records) == 13 and len(done) == 3 else None

        records = await until(claimed)
        assert sum(record["status"] == "queued" for record in records) == 10
        assert handler.calls.qsize() == 3


async def test_a_run_waits_for_one_that_another_node_has_under_way(postgres_url: str, raw: Make) -> None:
    async with nodes(postgres_url, 2) as found:
        handler = raw(found[0])
        finish, under_way, most = threading.Event(), Counter[str](), Counter[str]()

        def respond(call: dict[str, Any]) -> dict[str, Any]:
            under_way["now"] += 1
            most["at once"] = max(most["at once"], under_way["now"])
            finish.wait(10)
            under_way["now"] -= 1
            return {"success": True}

        handler.respond = respond
        await asyncio.to_thread(handler.start, "send", concurrency=10)
        await until(lambda: found[1].knows(handler.address))
        body = {"handler_id": "raw", "method": "send", "overlap": "wait", "trigger": _in(60)}
        job_id = (await found[0].api.post("/api/jobs", json=body)).json()["job_id"]
        for node in found * 2:
            assert (await node.api.post(f"/api/jobs/{job_id}/run")).status_code == 202
        await until(lambda: under_way["now"] == 1)
        finish.set()

        async def all_over() -> bool:
            records = (await found[0].api.get(f"/api/jobs/{job_id}/executions")).json()["records"]
            return len(records) == 4 and all(item["status"] == "succeeded" for item in records)

        await until(all_over)
        assert most["at once"] == 1


async def test_run_now_tells_what_another_node_carried_out(postgres_url: str, raw: Make) -> None:
    async with nodes(postgres_url, 2) as found:
        handler = raw(found[0])
        handler.respond = lambda call: {"success": True, "answer": 42}
        await asyncio.to_thread(handler.start, "send")
        for node in found * 3:
            await until(lambda node=node: node.knows(handler.address))
            body = {"handler_id": "raw", "job_method": "send", "job_params": {}}
            answer = await node.api.post("/api/run_now", json=body)
            assert answer.json()["result"]["answer"] == 42


# -------------------------------------------------------------------- several instances


def shards(*ids: int, count: int) -> dict[str, Any]:
    return {"shards": {"ids": list(ids), "count": count}, "concurrency": 5}


async def test_a_run_goes_to_the_instance_that_has_the_guilds_shard(postgres_url: str, raw: Make) -> None:
    async with nodes(postgres_url, 2) as found:
        own = [raw(found[0], "bots"), raw(found[1], "bots")]
        for number, handler in enumerate(own):
            answer = await asyncio.to_thread(handler.start, "send", **shards(number, count=2))
            assert answer["success"] is True
        for node in found:
            await until(lambda node=node: node.knows(own[0].address, own[1].address))
        guilds = {str(number << 22): number % 2 for number in range(1, 13)}
        jobs = {
            await due_now(found[shard].api, handler_id="bots", guild_id=guild): shard
            for guild, shard in guilds.items()
        }
        for job_id in jobs:
            assert (await ended(found[0].api, job_id))["status"] == "succeeded"
        for number, handler in enumerate(own):
            called = {handler.calls.get_nowait()["job_id"] for _ in range(handler.calls.qsize())}
            assert called == {job_id for job_id, shard in jobs.items() if shard == number}


async def test_a_guild_whose_shard_nobody_has_waits_and_holds_up_no_other(
    postgres_url: str, raw: Make
) -> None:
    async with nodes(postgres_url, 1) as (node,):
        first, second = raw(node, "bots"), raw(node, "bots")
        await asyncio.to_thread(first.start, "send", **shards(0, count=2))
        waits = await due_now(node.api, handler_id="bots", guild_id=str(1 << 22))
        goes = await due_now(node.api, handler_id="bots", guild_id=str(2 << 22))
        assert (await ended(node.api, goes))["status"] == "succeeded"
        await asyncio.to_thread(second.start, "send", **shards(1, count=2))
        assert (await ended(node.api, waits))["status"] == "succeeded"
        assert [second.calls.get_nowait()["job_id"], first.calls.qsize()] == [waits, 1]


async def test_instances_that_serve_the_same_stand_in_for_each_other(postgres_url: str, raw: Make) -> None:
    async with nodes(postgres_url, 1) as found:
        own = [raw(found[0], "bots"), raw(found[0], "bots")]
        for handler in own:
            await asyncio.to_thread(handler.start, "send", **shards(0, count=1))
        await asyncio.to_thread(own[0].stop)
        jobs = [await due_now(found[0].api, handler_id="bots", guild_id="77") for _ in range(10)]
        for job_id in jobs:
            assert (await ended(found[0].api, job_id))["status"] == "succeeded"
        assert own[1].calls.qsize() >= 10 - own[0].calls.qsize()


async def test_an_instance_that_declares_nothing_cannot_stand_beside_another(
    postgres_url: str, raw: Make
) -> None:
    async with nodes(postgres_url, 2) as found:
        known, other = raw(found[0], "bots"), raw(found[1], "bots")
        await asyncio.to_thread(known.start, "send")
        await until(lambda: found[1].knows(known.address))
        answer = await asyncio.to_thread(other.start, "send", **shards(0, count=1))
        assert "is alive at" in answer["error"]
        assert "shards" in answer["error"]


# -------------------------------------------------------------------- troubles with the database


async def test_a_database_that_is_away_makes_runs_wait_and_loses_none(raw: Make, postgres: Postgres) -> None:
    url = postgres.new_database()
    async with nodes(url, 2) as found:
        handler = raw(found[0])
        await asyncio.to_thread(handler.start, "send", concurrency=5)
        await until(lambda: found[1].knows(handler.address))
        jobs = [await _job_in(found[number % 2], 1.0) for number in range(10)]
        await asyncio.to_thread(postgres.stop)
        try:
            assert await until(lambda: _notready(found[0]))
            health = await found[0].health()
            assert (health["live"], health["status"]) == (True, "degraded")
            assert "Runs wait until it is back" in health["trouble"]
            assert (await found[0].api.get("/api/health/live")).status_code == 200
            refused = await found[0].api.get("/api/jobs")
            assert refused.json()["error"]["code"] == "database_unavailable"
        finally:
            await asyncio.to_thread(postgres.start)
        for job_id in jobs:
            assert (await ended(found[1].api, job_id))["status"] == "succeeded"
        calls = Counter(handler.calls.get_nowait()["job_id"] for _ in range(handler.calls.qsize()))
        assert calls == Counter(jobs)
        await until(lambda: ready(found[0]))


async def _job_in(node: Node, seconds: float) -> str:
    body = {"handler_id": "raw", "method": "send", "trigger": _in(seconds)}
    return (await node.api.post("/api/jobs", json=body)).json()["job_id"]


async def _notready(node: Node) -> bool:
    return (await node.api.get("/api/health/ready")).status_code == 503


async def test_a_primary_that_became_read_only_makes_runs_wait(
    postgres: Postgres, postgres_url: str, raw: Make
) -> None:
    name = postgres_url.rpartition("/")[2]
    async with nodes(postgres_url, 1) as (node,):
        handler = raw(node)
        await asyncio.to_thread(handler.start, "send")
        job_id = await _job_in(node, 1.5)
        await asyncio.to_thread(
            postgres.execute, "postgres", f"ALTER DATABASE {name} SET default_transaction_read_only = on"
        )
        await asyncio.to_thread(postgres.drop_connections, postgres_url)

        async def told() -> bool:
            return "isn't accepting changes" in (await node.health()).get("trouble", "")

        await until(told)
        refused = await node.api.delete(f"/api/jobs/{job_id}")
        assert refused.json()["error"]["code"] == "database_unavailable"
        await asyncio.to_thread(
            postgres.execute, "postgres", f"ALTER DATABASE {name} RESET default_transaction_read_only"
        )
        await asyncio.to_thread(postgres.drop_connections, postgres_url)
        assert (await ended(node.api, job_id))["status"] == "succeeded"


async def test_connections_that_were_dropped_are_not_noticed(postgres_url: str, postgres: Postgres) -> None:
    async with nodes(postgres_url, 1) as (node,):
        job_id = await _job_in(node, 600)
        job = f"/api/jobs/{job_id}"
        for round_number in range(10):
            await asyncio.gather(*(node.api.get(job) for _ in range(8)))  # the pool is full
            await asyncio.to_thread(postgres.drop_connections, postgres_url)
            name = f"name {round_number}"
            answers = await asyncio.gather(
                node.api.patch(job, json={"name": name}), *(node.api.get(job) for _ in range(8))
            )
            assert {answer.status_code for answer in answers} == {200}
            assert (await node.api.get(job)).json()["name"] == name


async def test_a_database_that_cannot_be_used_is_told_without_its_password() -> None:
    config = replace(node_config(""), database="postgresql://me:secret@127.0.0.1:1/nothing")
    with pytest.raises(Exception, match="cannot be used") as told:
        await ServerThread(config).start()
    assert "secret" not in str(told.value)
    assert "me@127.0.0.1:1/nothing" in str(told.value)


async def test_two_clients_of_one_job_change_it_one_after_the_other(postgres_url: str, raw: Make) -> None:
    async with nodes(postgres_url, 2) as found, client_of(found[0].config) as api:
        job_id = await _job_in(found[0], 600)
        names = [f"name {number}" for number in range(20)]
        answers = await asyncio.gather(
            *(found[number % 2].api.patch(f"/api/jobs/{job_id}", json={"name": name})
              for number, name in enumerate(names))
        )  # fmt: skip
        assert {answer.status_code for answer in answers} == {200}
        versions = (await api.get(f"/api/jobs/{job_id}/versions")).json()["versions"]
        assert [item["version"] for item in versions][:20] == list(range(21, 1, -1))
        entries = (await api.get("/api/audit", params={"limit": 100})).json()["entries"]
        assert len(entries) == 21
