"""Server nodes as real processes, jobs saved at them over REST, and their health, watched all the time."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

from benchmarks.nodes.calls import RecordingHandler
from benchmarks.nodes.jobs import add_jobs
from benchmarks.nodes.outcome import RECORDED_SECONDS, Save, Seen
from cogs.config.limit_settings import NO_LIMIT_SETTINGS
from schedulezero.storage.database import is_postgres_setting
from schedulezero.wire.addresses import free_ports

ROOT = Path(__file__).parent.parent.parent
GUILDS = 20
_READY_SECONDS = 60.0
_AT_ONCE = 24
_WATCH_SECONDS = 0.2
_SILENT_SECONDS = 3.0
_SAVE_SECONDS = 40.0


class Node:
    """One ``schedulezero-bot server``.

    Parameters:
        number: which one.
        folder: where its configuration and its log are.
        database: its database.
        environment: what its environment has in addition.
    """

    def __init__(self, number: int, folder: Path, database: str, environment: Mapping[str, str]) -> None:
        rest, registration = free_ports(2)
        self.number = number
        self.rest = f"http://127.0.0.1:{rest}"
        self.address = f"tcp://127.0.0.1:{registration}"
        self.log = folder / f"node-{number}.log"
        self.process: asyncio.subprocess.Process | None = None
        self._environment = environment
        self._config = folder / f"node-{number}.yaml"
        settings = {
            "api_endpoint": self.rest, "server_address": self.address, "database": database,
            "limits": NO_LIMIT_SETTINGS.model_dump(), "requests_per_second": 0,
        }  # fmt: skip
        self._config.write_text(yaml.safe_dump(settings))

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "server", "--config", str(self._config),
                stdout=log, stderr=log, cwd=ROOT, env={**os.environ, **self._environment},
            )  # fmt: skip

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def end(self) -> None:
        """Kill it if it runs."""
        if self.process is None:
            return
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


class Cluster:
    """Nodes, what is saved at them, and what their health says, while the context is open.

    Parameters:
        folder: for configurations and logs.
        databases: the database of each node.
        environments: what each node's environment has in addition.
        handlers: the handlers to register.
    """

    def __init__(
        self,
        folder: Path,
        databases: Sequence[str],
        environments: Sequence[Mapping[str, str]],
        handlers: Sequence[RecordingHandler],
    ) -> None:
        self.nodes = [
            Node(number, folder, database, environment)
            for number, (database, environment) in enumerate(zip(databases, environments, strict=True))
        ]
        self._database = databases[-1]
        self.handlers = handlers
        self.saves: list[Save] = []
        self.health: list[Seen] = []
        self.remarks: list[str] = []
        self.struck_at = 0.0
        self.unrecorded_since = 0.0
        self._http = httpx.AsyncClient(timeout=_SAVE_SECONDS, limits=httpx.Limits(max_connections=200))
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._watching: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        try:
            for node in self.nodes:
                await node.start()
            await self.until_ready()
            self._watching = [asyncio.create_task(self._watch(node)) for node in self.nodes]
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await asyncio.gather(*(node.end() for node in self.nodes))
        await self._http.aclose()

    async def until_ready(self) -> None:
        for node in self.nodes:
            async with asyncio.timeout(_READY_SECONDS):
                while await self._asked(node) != "ready":
                    assert node.process is not None and node.process.returncode is None, node.log.read_text()
                    await asyncio.sleep(0.1)

    async def until_known(self) -> None:
        """Wait until every node knows the handlers."""
        for node in self.nodes:
            async with asyncio.timeout(_READY_SECONDS):
                while True:
                    found = (await self._http.get(f"{node.rest}/api/handlers")).json()["handlers"]
                    if len(found) == len(self.handlers):
                        break
                    await asyncio.sleep(0.1)

    async def save(self, job_id: str, handler_id: str, due: float, node: int, guild: int) -> None:
        """Save a job with one instant at a node, and note what it answered."""
        body: dict[str, Any] = {
            "job_id": job_id, "handler_id": handler_id, "method": "work", "params": {},
            "guild_id": str(guild), "trigger": {"type": "date", "args": {"run_date": due}},
        }  # fmt: skip
        at = time.time()
        try:
            answer = await self._http.post(f"{self.nodes[node].rest}/api/jobs", json=body)
            status = answer.status_code
        except httpx.HTTPError:
            status = 0
        self.saves.append(Save(job_id, due, node, at, time.time(), status))

    async def save_all(self, wanted: Sequence[tuple[str, str, float]]) -> None:
        """Save many jobs, given by id, handler and instant: over REST on SQLite, at once on PostgreSQL."""
        if is_postgres_setting(self._database):
            at = [
                (job_id, handler_id, datetime.fromtimestamp(due, UTC)) for job_id, handler_id, due in wanted
            ]
            await add_jobs(self._database, at, GUILDS)
            now = time.time()
            self.saves += [Save(job_id, due, -1, now, now, 201) for job_id, _, due in wanted]
            return

        async def one(number: int, job_id: str, handler_id: str, due: float) -> None:
            async with self._slots:
                await self.save(job_id, handler_id, due, 0, number % GUILDS)

        await asyncio.gather(*(one(number, *item) for number, item in enumerate(wanted)))

    async def keep_saving(self, seconds: float, every: float, lead: float) -> None:
        """Save a job every so often at the nodes in turn, due a moment later, without waiting for answers."""
        until, number = time.time() + seconds, 0
        async with asyncio.TaskGroup() as group:
            while time.time() < until:
                node, due = number % len(self.nodes), time.time() + lead
                group.create_task(self.save(f"saved-{number}", "many", due, node, number % GUILDS))
                number += 1
                await asyncio.sleep(every)

    def strikes(self) -> None:
        """Note that the fault strikes now."""
        self.struck_at = time.time()
        self.unrecorded_since = self.unrecorded_since or self.struck_at - RECORDED_SECONDS

    def loses_records(self) -> None:
        """Note that what is recorded from now on will be lost."""
        self.unrecorded_since = time.time() - RECORDED_SECONDS

    def says_that(self, remark: str) -> None:
        """Add a line to the scenario's figures."""
        self.remarks.append(remark)

    async def _watch(self, node: Node) -> None:
        last = ""
        while True:
            at = time.time()
            said = await self._asked(node)
            if said != last:
                self.health.append(Seen(node.number, at, said))
                last = said
            await asyncio.sleep(_WATCH_SECONDS)

    async def _asked(self, node: Node) -> str:
        try:
            answer = await self._http.get(f"{node.rest}/api/health/ready", timeout=_SILENT_SECONDS)
            health = answer.json()
        except (httpx.HTTPError, ValueError):
            return "no answer"
        if "ready" not in health:
            return f"status {answer.status_code}"
        return "ready" if health["ready"] else str(health.get("trouble_code", "not ready"))
