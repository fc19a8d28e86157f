"""Answers that are too large: their run fails and isn't tried again, and the handler goes on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Api
from tests.support.peers import RawHandler
from tests.support.runs import due_now, ended


@pytest.mark.parametrize("size", [1_100_000, 2_200_000, 20_000_000])
async def test_an_answer_that_is_too_large_fails_its_run_alone(
    api: Api, raw_handler: RawHandler, size: int
) -> None:
    def respond(call: dict[str, Any]) -> dict[str, Any]:
        return {"success": True, "text": "x" * (size if call["params"].get("large") else 1)}

    raw_handler.respond = respond
    raw_handler.start("send")
    run = await ended(api, await due_now(api, params={"large": True}))
    assert (run["status"], run["attempts"]) == ("failed", 1)
    assert "at most 1048576 are accepted" in run["error"]
    for _ in range(2):
        run = await ended(api, await due_now(api))
        assert (run["status"], run["attempts"]) == ("succeeded", 1)
