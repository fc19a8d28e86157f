"""No field of any request, at its extremes, breaks the server, its answers or the jobs of others."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.storable import check
from tests.hostile.edges import EDGES, INTERVAL, KNOWN, Place, places
from tests.peers import RawHandler
from tests.schedulezero.server.test_runs import due_now, ended

PLACES = list(places())
LISTS = (
    "/api/jobs?limit=200", "/api/jobs?limit=200&sort=name", "/api/jobs?state=finished", "/api/jobs/known", "/api/jobs/known/versions",
    "/api/jobs/known/executions", "/api/schedules", "/api/executions?limit=1000", "/api/executions/errors", "/api/executions/stats",
    "/api/troubles?after=0&limit=500", "/api/audit?limit=200", "/api/guilds/1/rules", "/api/handlers", "/api/methods",
    "/api/health", "/api/health/live", "/api/health/ready", "/api/config", "/api/openapi.json",
)  # fmt: skip


def strict(content: bytes) -> Any:
    """What a strict JSON client reads."""

    def refuse(name: str) -> Any:
        raise AssertionError(f"{name} in an answer")

    value = json.loads(content.decode(), parse_constant=refuse)
    check(value, deepest=None, most=None)
    return value


class Asked:
    """A server with a handler, asked for the worst."""

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self.http = httpx.Client(base_url=config.api_endpoint, timeout=20)
        self.counts: Counter[int] = Counter()
        self._asked = 0

    def renew(self) -> None:
        """Brings the known job back as it was."""
        body = {
            "handler_id": "raw", "job_method": "send", "job_id": KNOWN,
            "trigger": {"type": "interval", **INTERVAL["args"]},
        }  # fmt: skip
        answer = self.http.post("/api/schedule", json=body)
        assert answer.status_code == 201, answer.text

    def ask(self, place: Place, edge: str) -> None:
        if self._asked % 10 == 0:
            self.renew()
        self._asked += 1
        path = place.path
        if "{id}" in path:
            path = path.replace("{id}", _in_url(edge))
        if place.query is not None:
            path += f"?{place.query}={_in_url(edge)}"
        answer = self.http.request(
            place.method, path, content=place.content(edge), headers={"Content-Type": "application/json"}
        )
        self.look_at(answer, place, edge)

    def look_at(self, answer: httpx.Response, place: object, edge: object) -> None:
        said = f"{place} with {str(edge)[:80]}: {answer.status_code} {answer.text[:300]}"
        assert answer.status_code < 500, said
        try:
            data = strict(answer.content)
        except ValueError as error:
            raise AssertionError(said) from error
        if answer.status_code >= 400:
            assert data["error"]["message"] and len(data["error"]["message"]) < 3000, said
        self.counts[answer.status_code] += 1

    def everything_answers(self) -> None:
        self.renew()
        for path in LISTS:
            answer = self.http.get(path)
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
            strict(answer.content)
        answer = self.http.post("/api/preview", json={"text": "every day at 9"})
        assert answer.status_code == 200 and strict(answer.content)["runs"]


def _in_url(edge: str) -> str:
    """A JSON text as it stands in a URL: texts without their quotes, surrogates in WTF-8."""
    text = json.loads(edge) if edge.startswith('"') else edge
    return quote(text[:400].encode("utf-8", "surrogatepass"), safe="")


@pytest_asyncio.fixture
async def asked(server_config: ServerConfig, raw_handler_port: int) -> AsyncIterator[Asked]:
    config = replace(server_config, requests_per_second=0)
    server = ServerThread(config)
    await server.start()
    handler = RawHandler(raw_handler_port, config.server_address)
    await asyncio.to_thread(handler.start, "send")
    made = Asked(config)
    yield made
    made.http.close()
    handler.stop()
    await server.stop()


@pytest.fixture
def raw_handler_port() -> int:
    from schedulezero.addresses import free_ports

    return free_ports(1)[0]


async def still_alive(asked: Asked) -> None:
    """The clock claims, the dispatcher calls, the outcome is written."""
    await asyncio.to_thread(asked.everything_answers)
    async with httpx.AsyncClient(base_url=asked.config.api_endpoint, timeout=20) as api:
        assert (await ended(api, await due_now(api)))["status"] == "succeeded"


def test_new_fields_are_covered() -> None:
    names = {str(place) for place in PLACES}
    for one in (
        "POST /api/jobs grace_seconds", "PATCH /api/jobs/known params.x", "POST /api/jobs/bulk jobs[0].version",
        "POST /api/schedule cron.second", "POST /api/jobs calendar.rule.anchor", "GET /api/executions cursor",
        "POST /api/audit changes[0].old", "DELETE /api/schedules/{id} {id}", "PUT /api/guilds/1/rules dark_days[0]",
    ):  # fmt: skip
        assert one in names


@pytest.mark.parametrize("part", range(8))
async def test_each_field_at_its_extremes(asked: Asked, part: int) -> None:
    def ask_all() -> None:
        failures: list[str] = []
        for place in PLACES[part::8]:
            for edge in EDGES:
                try:
                    asked.ask(place, edge)
                except (AssertionError, httpx.TransportError) as error:
                    failures.append(f"{place} {edge[:60]}: {str(error)[:400]}")
        assert not failures, f"{len(failures)}:\n" + "\n".join(failures[:60])

    await asyncio.to_thread(ask_all)
    await still_alive(asked)
