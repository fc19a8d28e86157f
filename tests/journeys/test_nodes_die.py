"""Nodes and handlers on one PostgreSQL, of which one each is killed: nothing lost, nothing twice."""

from __future__ import annotations

import pytest

from benchmarks.nodes import killed

pytestmark = [pytest.mark.postgresql, pytest.mark.timeout(180)]


async def test_a_node_and_a_handler_that_are_killed_lose_and_double_nothing(postgres_url: str) -> None:
    outcome = await killed.measure(postgres_url, runs=600, seconds=6.0)
    assert (outcome.lost, outcome.doubled) == (0, 0), outcome.text()
    assert outcome.states == {"succeeded": 600}
    assert outcome.takeover < 10, "what the dead ones had was missed for longer than a heartbeat allows"
