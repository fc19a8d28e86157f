"""The log says once that the database is away, and once that it is back, for all parts of a node."""

from __future__ import annotations

import asyncio
import logging

import pytest

from schedulezero.server.engine import shared_queue
from schedulezero.storage.outage import Outage
from tests.conftest import until
from tests.support.nodes import Make, nodes, ready
from tests.support.nodes import raw as raw
from tests.support.postgres import a_postgres
from tests.support.runs import due_now, ended


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    return [
        (record.levelno, record.getMessage())
        for record in caplog.records
        if record.name.startswith("schedulezero.") and record.levelno >= logging.WARNING
    ]


def test_parts_that_wait_say_it_once_for_all(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage()
    outage.over("clock")
    for part in ("clock", "signals", "clock"):
        outage.failed(part, f"no connection for the {part}")
    outage.over("clock")
    assert outage.under_way
    outage.failed("clock", "again")
    outage.over("signals")
    outage.over("clock")
    outage.over("clock")
    assert not outage.under_way
    (away, _), (back, _) = found = said(caplog)
    assert (away, back) == (logging.ERROR, logging.WARNING)
    assert "no connection for the clock" in found[0][1] and "can be used again" in found[1][1]


def test_a_part_that_ends_while_it_waits_leaves_the_outage_to_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seconds = 0.0
    outage = Outage(lambda: seconds)
    outage.failed("run", "gone")
    outage.forget("run")
    outage.forget("run")
    outage.over("clock")  # which had begun before
    assert outage.under_way and len(said(caplog)) == 1
    seconds = 3.0
    outage.over("clock")
    assert not outage.under_way
    assert [level for level, _ in said(caplog)] == [logging.ERROR, logging.WARNING]


def test_requests_say_it_once_until_a_part_succeeds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seconds = 0.0
    outage = Outage(lambda: seconds)
    for _ in range(50):
        outage.met("no connection")
    outage.over("clock")  # which had begun before
    assert outage.under_way
    outage.failed("clock", "no connection")
    seconds = 60.0
    outage.met("no connection")
    outage.over("clock")
    assert outage.under_way
    seconds = 63.0
    outage.over("leases")
    assert not outage.under_way
    (away, _), (back, text) = said(caplog)
    assert (away, back) == (logging.ERROR, logging.WARNING) and text.endswith("after 63 s")


@pytest.mark.postgresql
@pytest.mark.long
async def test_a_node_without_its_postgresql_says_two_lines(
    raw: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_queue, "_LOOK_SECONDS", 0.1)  # so that the handler's runs are asked for, too
    with a_postgres() as postgres:
        async with nodes(postgres.new_database(), 1) as (node,):
            await asyncio.to_thread(raw(node).start, "send")
            await ended(node.api, await due_now(node.api))  # its next run may be long in coming
            caplog.clear()
            postgres.stop()

            async def unknown() -> bool:
                return (await node.health())["runs_waiting"] is None

            await until(unknown)
            for _ in range(5):
                assert (await node.api.get("/api/jobs")).status_code == 503
            postgres.start()
            await until(lambda: ready(node))
            await until(lambda: any("used again" in text for _, text in said(caplog)))
            lines = [text for _, text in said(caplog)]
            about = [text.split(";")[0].split(",")[0] for text in lines if text.startswith("the database")]
            assert about == ["the database cannot be used", "the database can be used again"], lines
            assert len(lines) < 5, "what is tried once in a while may have met the outage, too"
            assert not any("GET" in text for text in lines)
