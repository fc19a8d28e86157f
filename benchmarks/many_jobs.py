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

from benchmarks.baselines.same_rows import BODY
from benchmarks.due_to_handler import config_in, server_process
from benchmarks.figures import REPETITIONS, Figure, Row
from benchmarks.saving_jobs import BOUND, served_by

COUNT = 10_000
_A_CALL = 500
_ONE_BY_ONE = 1_000
_GUILD = "1"
_HEADERS = {"Content-Type": "application/json", "X-ScheduleZero-Actor": "2"}


async def client(url: str) -> dict[str, float]:
    """Returns the seconds that each kind of work took."""
    seconds: dict[str, float] = {}
    async with aiohttp.ClientSession(headers=_HEADERS) as session:

        async def post(path: str, body: bytes) -> Any:
            async with session.post(f"{url}{path}", data=body) as answer:
                assert answer.status < 300, await answer.text()
                return await answer.read()

        one, many = json.dumps(BODY).encode(), json.dumps({"jobs": [BODY] * _A_CALL}).encode()
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
            return await asyncio.to_thread(_timed, config.api_endpoint)


def _timed(url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.many_jobs", "client", url]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def rows() -> list[Row]:
    """The lines of the results."""
    times = [asyncio.run(_measured()) for _ in range(REPETITIONS)]
    with served_by(BOUND) as url:
        least = _timed(url)
    took = {name: Figure(tuple(seconds[name] for seconds in times)) for name in times[0]}
    rate = Figure(tuple(COUNT / seconds["bulk"] for seconds in times))
    alone = Figure(tuple(COUNT / seconds["one by one"] for seconds in times))
    found = [
        Row(
            f"{COUNT:,} jobs by `POST /api/jobs/bulk-create`", rate.text(" jobs/s"),
            f"one by one {alone.text(' jobs/s')}", f"{rate.median / alone.median:.1f}×",
            "≥ 5,000 jobs/s", rate.median >= 5_000,
            f"one by one was measured with {_ONE_BY_ONE:,} jobs; the same rows by bare sqlite3 in a thread "
            f"{COUNT / least['bulk']:,.0f} jobs/s",
        )
    ]  # fmt: skip
    for action in ("pause", "resume", "change", "cancel"):
        figure = took[action]
        found.append(
            Row(
                f"{action} {COUNT:,} jobs by `POST /api/jobs/bulk`", figure.text(" s"),
                f"creating them {took['bulk'].text(' s')}", f"{figure.median / took['bulk'].median:.2f}×",
                "≤ 2 s", figure.median <= 2,
                f"the same rows by bare sqlite3 in a thread {least[action]:.2f} s",
            )
        )  # fmt: skip
    return found


def main() -> None:
    print(json.dumps(asyncio.run(client(sys.argv[2]))))


if __name__ == "__main__":
    main()
