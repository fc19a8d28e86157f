"""An installation of the bot as a user has it: a folder, a configuration, processes that may die.

In one process with the embedded server, or in two, with the server beside the bot.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

from cogs.config.limit_settings import NO_LIMIT_SETTINGS
from schedulezero.instants import to_iso
from schedulezero.wire.addresses import free_ports
from tests.support.discord_server import DiscordServer

ROOT = Path(__file__).parent.parent.parent
READY_SECONDS = 90.0
FINAL = ("succeeded", "failed", "missed", "skipped", "cancelled", "uncertain")


class Installation:
    """Processes of the bot around one database.

    Parameters:
        discord: where the bot logs in.
        folder: where its files are.
        apart: whether the server is a process of its own.
        clusters: how many processes the bot is; more than one have the server apart.
        database: where the tables are; by default a file in the folder.
        speed: how fast the clock of its processes goes.
    """

    def __init__(
        self,
        discord: DiscordServer,
        folder: Path,
        *,
        apart: bool = False,
        speed: float = 1.0,
        clusters: int = 1,
        database: str | None = None,
    ) -> None:
        self.discord = discord
        self.speed = speed
        self._since = datetime.now(UTC)
        self.folder = folder
        registration, rest = free_ports(2)
        apart = apart or clusters > 1
        self.clusters = clusters
        self.database = folder / "schedulezero.db"
        settings: dict[str, Any] = {
            "handler_port": neighbours(clusters),
            "server_address": f"tcp://127.0.0.1:{registration}",
            "api_endpoint": f"http://127.0.0.1:{rest}",
            "database": database or str(self.database),
            "sprockets": "composer,announcement,moderation",
            "server": "external" if apart else "embedded",
            "requests_per_second": 0,
            "limits": NO_LIMIT_SETTINGS.model_dump(),
        }
        self.config = folder / "config.yaml"
        self.config.write_text(yaml.safe_dump(settings))
        bots = [f"run --cluster {number}/{clusters}" for number in range(1, clusters + 1)]
        self.roles = (*(["server"] if apart else []), *(bots if clusters > 1 else ["run"]))
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self.deaths = 0
        self._http = httpx.AsyncClient(base_url=settings["api_endpoint"], timeout=60)

    async def __aenter__(self) -> Self:
        try:
            for role in self.roles:
                await self._start(role)
                self._keeping[role] = asyncio.create_task(self._keep(role))
            await self.ready()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._keeping.values():
            task.cancel()
        await asyncio.gather(*self._keeping.values(), return_exceptions=True)
        for process in self.processes.values():
            if process.returncode is None:
                process.kill()
            await process.wait()
        await self._http.aclose()

    async def _start(self, role: str) -> None:
        with (self.folder / f"{role.replace('/', ' of ')}.log").open("ab") as log:
            self.processes[role] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.support.bot_process", self.discord.address, *role.split(),
                "--config", str(self.config),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                env=self._environment(), cwd=ROOT,
            )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DISCORD_TOKEN": "simulated",
            "SIMULATED_SPEED": str(self.speed),
            "SIMULATED_SINCE": self._since.isoformat(),
        }

    def now(self) -> datetime:
        """The instant that the processes see, where nobody set their clocks."""
        return self._since + (datetime.now(UTC) - self._since) * self.speed

    async def _keep(self, role: str) -> None:
        """Starts a process again as soon as it has died, as systemd would."""
        while True:
            await self.processes[role].wait()
            self.deaths += 1
            self.after_death()
            await self._start(role)

    def after_death(self) -> None:
        """What befalls the files between a death and the next start; a fault puts its own in here."""

    def pid(self, role: str) -> int:
        return self.processes[role].pid

    def kill(self, role: str) -> None:
        """SIGKILL, unless it has just died."""
        process = self.processes[role]
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)

    def signal(self, role: str, number: int) -> None:
        self.processes[role].send_signal(number)

    async def tell(self, role: str, command: str) -> None:
        """Gives a command to a process (`tests.support.bot_process`) and waits until it is obeyed."""
        process = self.processes[role]
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"{command}\n".encode())
        async with asyncio.timeout(60):
            while (line := await process.stdout.readline()).strip() != b"obeyed":
                if not line:
                    return  # it has died

    # ---------------------------------------------------------------- by REST

    async def ready(self) -> None:
        """Returns when the server answers and knows the bot's handler, each instance of it."""
        async with asyncio.timeout(READY_SECONDS):
            while True:
                try:
                    found = (await self._http.get("/api/handlers")).json()["handlers"]
                except (httpx.HTTPError, ValueError, KeyError):
                    found = []
                there = [item for item in found if item["status"] == "Connected"]
                if len([item for item in there if "send_announcement" in item["methods"]]) == self.clusters:
                    return
                await asyncio.sleep(0.03)

    async def schedule(self, method: str, params: dict[str, Any], at: datetime) -> str:
        """Saves a job that runs once, by the guild's administrator; returns its id."""
        return await self.save(method, params, {"type": "date", "args": {"run_date": to_iso(at)}})

    async def handlers(self) -> list[dict[str, Any]]:
        """The instances of the bot's handler, as the server knows them."""
        return (await self.get("/api/handlers"))["handlers"]

    async def save(self, method: str, params: dict[str, Any], trigger: dict[str, Any], **more: Any) -> str:
        """Saves a job by the guild's administrator; returns its id."""
        body = {
            "handler_id": "discord-bot", "method": method, "params": params, "trigger": trigger,
            "guild_id": str(self.discord.guild.id), "creator_id": str(self.discord.creator.id), **more,
        }  # fmt: skip
        answer = await self._http.post("/api/jobs", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["job_id"]

    async def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """An answer of the server; asks again while it is down."""
        async with asyncio.timeout(READY_SECONDS):
            while True:
                try:
                    answer = await self._http.get(path, params=query)
                    if answer.status_code == 200:
                        return answer.json()
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)

    async def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Asks the server for a change, once."""
        answer = await self._http.post(path, json=body or {})
        assert answer.status_code < 300, answer.text
        return answer.json()

    def peak_memory(self, role: str) -> int:
        """The most bytes of memory that a process had so far."""
        status = Path(f"/proc/{self.pid(role)}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    async def ended(self, job: str, count: int, seconds: float) -> list[str]:
        """How so many runs of a job stand, waited for until all have ended or the time is up."""
        states: list[str] = []
        give_up = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < give_up:
            found = await self.get(f"/api/jobs/{job}/executions")
            states = [item["status"] for item in found["records"]]
            if len(states) >= count and all(state in FINAL for state in states):
                break
            await asyncio.sleep(0.05)
        return states

    async def outcomes(self, jobs: list[str], seconds: float) -> dict[str, str]:
        """How the one run of each job stands, waited for until all have ended or the time is up."""
        found = dict.fromkeys(jobs, "none")
        give_up = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < give_up:
            try:
                for job_id in [item for item, state in found.items() if state not in FINAL]:
                    records = (await self._http.get(f"/api/jobs/{job_id}/executions")).json()["records"]
                    if records:
                        found[job_id] = records[0]["status"]
            except (httpx.HTTPError, ValueError, KeyError):
                pass  # it is down, and being started again
            if all(state in FINAL for state in found.values()):
                break
            await asyncio.sleep(0.05)
        return found


def soon(seconds: float) -> datetime:
    """An instant so many seconds from now."""
    from schedulezero import instants

    return instants.now() + timedelta(seconds=seconds)


def neighbours(count: int) -> int:
    """The first of so many ports in a row that nobody uses at the moment."""
    while True:
        found = free_ports(count)
        if found[-1] - found[0] == count - 1:
            return found[0]
