"""Shared test helpers: call, texts."""

from __future__ import annotations

import json
from asyncio import to_thread
from typing import Any

from tests.support.peers import tell
from tests.support.world import World


async def call(
    world: World,
    method: str,
    params: dict[str, Any],
    run_id: str = "job@1",
    context: dict[str, Any] | None = None,
    job_id: str = "job",
) -> dict[str, Any]:
    """Calls a job for a run, as the server does each time it cannot know that it was done."""
    message = {
        "method": method,
        "params": params,
        "run_id": run_id,
        "job_id": job_id,
        "context": context or {},
    }
    answer = await to_thread(tell, world.handler.address, json.dumps(message).encode(), seconds=60)
    await world.env.settle()
    return answer


def texts(channel: Any) -> list[str]:
    return [message.content for message in channel.history()]
