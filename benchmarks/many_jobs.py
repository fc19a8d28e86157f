"""Ten thousand jobs through the API: created by the bulk call and one by one, and changed by the bulk call.

    python -m benchmarks.many_jobs client URL

The bodies are written beforehand, so that the caller's own work counts for little. One call after the other,
each with 500 jobs.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from typing import Any

import aiohttp

from benchmarks.due_to_handler import config_in, server_process
from benchmarks.figures import REPETITIONS, Figure, Row

COUNT = 10_000
_A_CALL = 500
_ONE_BY_ONE = 1_000
_GUILD = "1"
_JOB: dict[str, Any] = {
    "handler_id": "bench", "method": "send_announcement", "guild_id": _GUILD, "creator_id": "2",
    "name": "Standup", "params": {"channel_id": "3", "message": "Good morning, everybody!"},
    "trigger": {"type": "cron", "args": {"day_of_week": "mon-fri", "hour": 9}}, "timezone": "Europe/Berlin",
}  # fmt: skip
_HEADERS = {"Content-Type": "application/json", "X-ScheduleZero-Actor": "2"}


async def client(url: str) -> dict[str, float]:
    """Returns the seconds that each kind of work took."""
    seconds: dict[str, float] = {}
    async with aiohttp.ClientSession(headers=_HEADERS) as session:

        async def post(path: str, body: bytes) -> Any:
            async with session.post(f"{url}{path}", data=body) as answer:
                assert answer.status < 300, await answer.text()
                return await answer.read()

        one, many = json.dumps(_JOB).encode(), json.dumps({"jobs": [_JOB] * _A_CALL}).encode()
        began = time.perf_counter()
        for _ in range(_ONE_BY_ONE):
            await post("/api/jobs", one)
        seconds["one by one"] = (time.perf_counter() - began) * COUNT / _ONE_BY_ONE
        began = time.perf_counter()
        answers = [await post("/api/jobs/bulk-create", many) for _ in range(COUNT // _A_CALL)]
        seconds["bulk"] = time.perf_counter() - began
        jobs = [result["job"]["job_id"] for answer in answers for result in json.loads(answer)["results"]]
        assert len(jobs) == COUNT
        for version, (action, params) in enumerate(
            (("pause", {}), ("resume", {}), ("change", {"channel_id": "4"}), ("cancel", {})), 1
        ):
            bodies = [
                json.dumps(
                    {
                        "guild_id": _GUILD, "action": action, "params": params,
                        "jobs": [
                            {"job_id": job_id, "expected": version}
                            for job_id in jobs[start : start + _A_CALL]
                        ],
                    }
                ).encode()
                for start in range(0, COUNT, _A_CALL)
            ]  # fmt: skip
            began = time.perf_counter()
            answers = [await post("/api/jobs/bulk", body) for body in bodies]
            seconds[action] = time.perf_counter() - began
            assert sum(len(json.loads(answer)["changed"]) for answer in answers) == COUNT
    return seconds


async def _measured() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        config = config_in(folder)
        async with server_process(config):
            command = [sys.executable, "-m", "benchmarks.many_jobs", "client", config.api_endpoint]
            done = await asyncio.to_thread(
                subprocess.run, command, capture_output=True, text=True, check=True
            )
    return json.loads(done.stdout)


def rows() -> list[Row]:
    """The lines of the results."""
    times = [asyncio.run(_measured()) for _ in range(REPETITIONS)]
    took = {name: Figure(tuple(seconds[name] for seconds in times)) for name in times[0]}
    rate = Figure(tuple(COUNT / seconds["bulk"] for seconds in times))
    alone = Figure(tuple(COUNT / seconds["one by one"] for seconds in times))
    found = [
        Row(
            f"{COUNT:,} jobs by `POST /api/jobs/bulk-create`", rate.text(" jobs/s"),
            f"one by one {alone.text(' jobs/s')}", f"{rate.median / alone.median:.1f}×",
            "≥ 5,000 jobs/s", rate.median >= 5_000,
            f"one by one was measured with {_ONE_BY_ONE:,} jobs",
        )
    ]  # fmt: skip
    for action in ("pause", "resume", "change", "cancel"):
        figure = took[action]
        found.append(
            Row(
                f"{action} {COUNT:,} jobs by `POST /api/jobs/bulk`", figure.text(" s"),
                f"creating them {took['bulk'].text(' s')}", f"{figure.median / took['bulk'].median:.2f}×",
                "≤ 2 s", figure.median <= 2,
            )
        )  # fmt: skip
    return found


def main() -> None:
    print(json.dumps(asyncio.run(client(sys.argv[2]))))


if __name__ == "__main__":
    main()
