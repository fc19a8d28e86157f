"""Shared test helpers: client_of, due_now, ended."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from schedulezero.server.service import ServerConfig
from tests.conftest import until


async def due_now(api: httpx.AsyncClient, **changes: Any) -> str:
    """Create a job that is due at once and return its id."""
    body = {
        "handler_id": "raw",
        "method": "send",
        "params": {},
        "trigger": {"type": "date", "args": {"run_date": time.time()}},
        **changes,
    }
    response = await api.post("/api/jobs", json=body)
    assert response.status_code == 201, response.text
    return response.json()["job_id"]


async def ended(api: httpx.AsyncClient, job_id: str) -> dict[str, Any]:
    """Return the job's newest run once it has ended."""

    async def look() -> dict[str, Any] | None:
        records = (await api.get(f"/api/jobs/{job_id}/executions")).json()["records"]
        return records[0] if records and records[0]["status"] != "queued" else None

    return await until(look)


@asynccontextmanager
async def client_of(config: ServerConfig) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=config.api_endpoint, timeout=60, verify=False) as client:
        yield client
