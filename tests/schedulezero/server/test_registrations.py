"""The registration socket answers everything and ends for nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schedulezero.server.service import ServerConfig
from tests.support.peers import tell
from tests.support.tries import tries

GOOD = {"handler_id": "raw", "address": "tcp://127.0.0.1:9", "methods": ["a"]}


async def ask(server: ServerConfig, message: Any) -> dict[str, Any]:

    return await asyncio.to_thread(tell, server.server_address, json.dumps(message).encode())


async def test_register_and_register_again(server: ServerConfig) -> None:
    first = await ask(server, {"method": "register", "params": GOOD})
    assert first["success"] is True and first["status"] == "registered" and first["methods"] == ["a"]
    again = await ask(server, {"method": "register", "params": {**GOOD, "methods": ["a", "b"]}})
    assert again["status"] == "re-registered"


async def test_the_older_form_is_tolerated(server: ServerConfig) -> None:
    assert (await ask(server, {"action": "register", **GOOD}))["success"] is True
    assert (await ask(server, {"action": "register", "params": GOOD}))["status"] == "re-registered"


async def test_status_reports(server: ServerConfig) -> None:
    report = {"method": "report_status", "params": {"handler_id": "raw", "status": "online"}}
    assert await ask(server, report) == {"success": False, "error": "Handler not registered"}
    await ask(server, {"method": "register", "params": GOOD})
    assert (await ask(server, report))["success"] is True


async def test_ping_and_the_unknown(server: ServerConfig) -> None:
    assert await ask(server, {"method": "ping"}) == {"success": True, "message": "pong"}
    assert await ask(server, {"method": "dance"}) == {"success": False, "error": "Unknown method: dance"}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {**GOOD, "handler_id": ""},
        {**GOOD, "handler_id": 5},
        {**GOOD, "address": "127.0.0.1:5000"},
        {**GOOD, "address": "tcp://127.0.0.1"},
        {**GOOD, "address": "ipc:///etc/passwd"},
        {**GOOD, "address": "tcp://[:5000"},
        {**GOOD, "methods": "a"},
        {**GOOD, "methods": [1]},
        {**GOOD, "methods": None},
    ],
    ids=str,
)
async def test_a_wrong_registration_is_refused_in_words(server: ServerConfig, params: Any) -> None:
    answer = await ask(server, {"method": "register", "params": params})
    assert answer["success"] is False
    assert "must be" in answer["error"]


async def test_hostile_frames_are_answered(server: ServerConfig) -> None:
    @settings(
        max_examples=tries(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.one_of(st.binary(max_size=60), st.text(max_size=40).map(str.encode)))
    def feed(payload: bytes) -> None:
        assert tell(server.server_address, payload)["success"] is False

    await asyncio.to_thread(feed)
    assert (await ask(server, {"method": "ping"}))["success"] is True
