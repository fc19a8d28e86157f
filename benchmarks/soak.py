"""An hour of virtual time with a fault every few seconds, 10,000 runs due at once, and an hour of turns.

The hour: 140 jobs that run every ten seconds and want all of their runs, on a clock that goes faster. While
they run, faults of `benchmarks.faults` strike one after the other. At the end every run that the history
calls done must stand in the simulated Discord's own record exactly once, and every instant must have
a run. (A message says which run posted it.)

The burst: how much memory the bot takes, and how long its server takes to answer, while 10,000 posts are
due at once and leave at the pace that Discord admits.

The turns: an hour of 2,000 guilds of unequal size, simulated (`benchmarks.taking_turns`). No guild's 99th
percentile of lateness may be more than three times that of the fair share that arithmetic gives it.

    python -m benchmarks.soak [--runs 50000] [--speed 12] [--burst 10000] [--turns 60000]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.faults import answers_lost, answers_lost_and_killed, disk_full, outage
from benchmarks.taking_turns import an_hour, leave, leave_as_fluid, leave_in_order, worst_share
from schedulezero.faults import POINTS
from tests.support.discord_server import DiscordServer
from tests.support.installation import Installation, soon

EVERY_SECONDS = 10
FAULT_EVERY_SECONDS = 4.0
BURST_WATCHED_SECONDS = 20.0
GUILDS = 2000
MOST_OF_FAIR = 3.0


async def strike(built: Installation, chance: random.Random) -> str:
    """Lets one fault happen and returns its name."""
    kind = chance.choice(["point", "point", "kill", "disk", "outage", "lost", "lost and killed"])
    if kind == "point":
        point = chance.choice([name for name in POINTS if not name.startswith("files.")])
        await built.tell("run", f"kill {point} {chance.randint(1, 20)}")
        return f"SIGKILL at {point}"
    if kind == "kill":
        built.kill("run")
    elif kind == "disk":
        await disk_full(built, chance)
    elif kind == "outage":
        await outage(built, chance)
    elif kind == "lost":
        await answers_lost(built, chance)
    else:
        await answers_lost_and_killed(built, chance)
    return kind


async def soak(runs: int, speed: float, seed: int) -> bool:
    """The hour; True when every run is there once."""
    chance, struck = random.Random(seed), Counter[str]()
    virtual_seconds = 3600.0
    count = max(1, round(runs / (virtual_seconds / EVERY_SECONDS)))
    with tempfile.TemporaryDirectory(prefix="schedulezero-soak-", ignore_cleanup_errors=True) as folder:
        async with DiscordServer() as discord, Installation(discord, Path(folder), speed=speed) as built:
            jobs: list[str] = []
            for number in range(count):
                params = {"channel_id": str(discord.channels[number % 3].id), "message": f"{number}#{{run}}"}
                trigger = {"type": "interval", "args": {"seconds": EVERY_SECONDS}}
                jobs.append(await built.save("send_announcement", params, trigger, missed="all"))
            began = time.monotonic()
            end = began + virtual_seconds / speed
            while time.monotonic() < end:
                struck[await strike(built, chance)] += 1
                await asyncio.sleep(FAULT_EVERY_SECONDS * chance.uniform(0.5, 1.5))
                discord.backend.http_requests.clear()
                discord.backend.transcript.clear()
                await built.ready()
            for job in jobs:
                await built.get(f"/api/jobs/{job}")  # it is up
                await built.post(f"/api/jobs/{job}/pause")
            await _nothing_waits(built)
            took = time.monotonic() - began
            posts = Counter(message for (_, message), n in discord.posts().items() for _ in range(n))
            states, lost, twice, gaps = Counter[str](), 0, 0, 0
            for number, job in enumerate(jobs):
                records = await _all_records(built, job)
                for record in records:
                    states[record["status"]] += 1
                    times = posts[f"{number}#{record['number']}"]
                    lost += record["status"] == "succeeded" and times == 0
                    twice += times > 1
                instants = sorted(str(record["scheduled_at"]) for record in records)
                gaps += _gaps(instants)
            total = sum(states.values())
            print(
                f"{total:,} runs of {count} jobs in {virtual_seconds / 60:.0f} virtual minutes "
                f"({took:.0f} s), {struck.total()} faults, {built.deaths} deaths: {dict(states)}; "
                f"lost {lost}, twice {twice}, instants without a run {gaps}"
            )
            for name, times in struck.most_common():
                print(f"    {times:>4} × {name}")
            return not (lost or twice or gaps)


async def _nothing_waits(built: Installation) -> None:
    while True:
        if not (await built.get("/api/executions", status="queued", limit=1))["count"]:
            return
        await asyncio.sleep(0.5)


async def _all_records(built: Installation, job: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    cursor = "0"
    while cursor:
        page = await built.get(f"/api/jobs/{job}/executions", limit=1000, cursor=int(cursor))
        records += page["records"]
        cursor = page["next_cursor"]
    return records


def _gaps(instants: list[str]) -> int:
    times = [datetime.fromisoformat(text) for text in instants]
    steps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    return sum(round(step / EVERY_SECONDS) - 1 for step in steps)


async def burst(count: int) -> None:
    """The burst; prints memory and how long the server takes to answer."""
    with tempfile.TemporaryDirectory(prefix="schedulezero-burst-", ignore_cleanup_errors=True) as folder:
        async with DiscordServer() as discord, Installation(discord, Path(folder)) as built:
            at = soon(count / 100 + 10)
            params = [{"channel_id": str(room.id), "message": "x"} for room in discord.channels]
            for start in range(0, count, 50):
                await asyncio.gather(
                    *(
                        built.schedule("send_announcement", params[number % 3], at)
                        for number in range(start, min(start + 50, count))
                    )
                )
            before = built.peak_memory("run")
            await asyncio.sleep(max((at - soon(0)).total_seconds(), 0))
            answers: list[float] = []
            began = time.monotonic()
            while time.monotonic() - began < BURST_WATCHED_SECONDS:
                asked = time.monotonic()
                await built.get("/api/jobs", limit=25)
                answers.append((time.monotonic() - asked) * 1000)
                await asyncio.sleep(0.1)
            posted = sum(discord.posts().values())
            print(
                f"{count:,} due at once: {posted / BURST_WATCHED_SECONDS:.1f} posts/s; memory at most "
                f"{built.peak_memory('run') / 1e6:.0f} MB (before {before / 1e6:.0f} MB); an answer takes "
                f"{statistics.median(answers):.1f} ms, at most {max(answers):.0f} ms"
            )


def turns(count: int) -> bool:
    """The turns; True when nobody is much worse off than with the fair share."""
    posts = an_hour(GUILDS, count)
    worst = worst_share(posts, leave(posts), leave_as_fluid(posts))
    in_order = worst_share(posts, leave_in_order(posts), leave_as_fluid(posts))
    print(
        f"{count:,} posts of {GUILDS:,} guilds within an hour: no guild's p99 is more than {worst:.2f} times "
        f"its fair share ({in_order:.1f} times if the earliest due goes first)"
    )
    return worst <= MOST_OF_FAIR


async def main(options: argparse.Namespace) -> bool:
    well = True
    if options.runs:
        well = await soak(options.runs, options.speed, options.seed)
    if options.burst:
        await burst(options.burst)
    return well


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="An hour of faults, then a burst.")
    parser.add_argument("--runs", type=int, default=50_000)
    parser.add_argument("--speed", type=float, default=12.0, help="virtual seconds in a real one")
    parser.add_argument("--burst", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--turns", type=int, default=60_000)
    return parser.parse_args()


if __name__ == "__main__":
    given = read_options()
    well = asyncio.run(main(given))
    if given.turns:
        well = turns(given.turns) and well
    sys.exit(0 if well else 1)
