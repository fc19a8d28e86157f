"""Nothing lost, nothing twice: each fault, many times, counted in the simulated Discord's own record.

A try is: five jobs fall due in the same second (four posts and one to three channels, seven messages in
all), the fault strikes while they run, whatever died is started again at once, and when
every run has ended the posts are counted. *Lost* is a post that is not there although the history does
not say so; *twice* one that is there more than once; *uncertain* a run that the history calls so;
*told missed* one that came too late by its own policy, which the guild is told of.

    python -m benchmarks.faults [--tries 50] [--only PART] [--at-once 2]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import yaml

from schedulezero.faults import POINTS
from schedulezero.instants import to_iso
from schedulezero.wire.addresses import free_ports
from tests.support.beside import COMMANDS, beside
from tests.support.discord_server import DiscordServer
from tests.support.installation import Installation, soon
from tests.support.peers import RawHandler

DUE_SECONDS = 0.7
STEPS = range(1, 9)
"""The steps of a post and of what follows it in `following`."""
SETTLED_SECONDS = 60.0

Inject = Callable[[Installation, random.Random], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """One way in which something goes wrong.

    Attributes:
        inject: lets it happen; called when the jobs are saved and not yet due.
        apart: whether the server runs in a process of its own.
        clock: seconds by which the server's clock stays ahead after it, until the try is over.
        before: happens before the jobs are saved.
        follows: whether a try is a job's second post, with all that follows a post (see `following`).
    """

    name: str
    inject: Inject
    apart: bool = False
    clock: int = 0
    before: Inject | None = None
    follows: bool = False


@dataclass
class Row:
    """What came of all tries of a fault."""

    name: str
    tries: int = 0
    deaths: int = 0
    runs: int = 0
    posts: int = 0
    lost: int = 0
    twice: int = 0
    uncertain: int = 0
    missed: int = 0
    remarks: list[str] = field(default_factory=list[str])


# -------------------------------------------------------------------- the faults


def killed_at(point: str) -> Fault:
    async def inject(installation: Installation, chance: random.Random) -> None:
        count = 1 if point.startswith(("clock", "store")) else chance.randint(1, 4)
        for role in installation.roles:
            await installation.tell(role, f"kill {point} {count}")

    return Fault(f"SIGKILL at {point}", inject)


def killed_in_what_follows(point: str, number: int) -> Fault:
    """The process dies at a step of a post: the post itself, its note, its end, the reactions and so on."""

    async def inject(installation: Installation, chance: random.Random) -> None:
        await installation.tell("run", f"kill {point} {number}")

    return Fault(f"SIGKILL at {point} {number} of a post", inject, follows=True)


def killed(name: str, *roles: str, apart: bool = True, torn: bool = False) -> Fault:
    async def inject(installation: Installation, chance: random.Random) -> None:
        installation.after_death = (lambda: _tear(installation, chance)) if torn else lambda: None
        await asyncio.sleep(chance.uniform(0, DUE_SECONDS + 0.4))
        for role in roles:
            installation.kill(role)

    return Fault(name, inject, apart)


def _tear(installation: Installation, chance: random.Random) -> None:
    """A page that was being written when the power went: rubbish after what was committed."""
    for log in installation.folder.glob("*.db-wal"):
        with log.open("ab") as file:
            file.write(chance.randbytes(chance.randint(1, 4096)))


async def disk_full(installation: Installation, chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(0, DUE_SECONDS + 0.2))
    await installation.tell("run", "disk full")
    await asyncio.sleep(chance.uniform(0.1, 1.5))
    await installation.tell("run", "disk ok")


async def clock_back(installation: Installation, chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(DUE_SECONDS, DUE_SECONDS + 0.3))
    await installation.tell("run", "clock -3600")
    await asyncio.sleep(chance.uniform(0.1, 0.5))
    await installation.tell("run", "clock 3600")


async def asleep(installation: Installation, chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(DUE_SECONDS - 0.3, DUE_SECONDS + 0.3))
    await installation.tell("run", "clock 86400")  # what the clock shows when it wakes
    installation.signal("run", signal.SIGSTOP)
    await asyncio.sleep(0.3)
    installation.signal("run", signal.SIGCONT)


async def partitioned(installation: Installation, chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(DUE_SECONDS - 0.3, DUE_SECONDS + 0.1))
    installation.signal("run", signal.SIGSTOP)
    await asyncio.sleep(0.5)
    await installation.tell("server", "clock 3600")
    await asyncio.sleep(0.5)
    installation.signal("run", signal.SIGCONT)


async def outage(installation: Installation, chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(0, DUE_SECONDS))
    installation.discord.down = True
    await asyncio.sleep(chance.uniform(0.5, 2))
    installation.discord.down = False


async def answers_lost(installation: Installation, chance: random.Random) -> None:
    installation.discord.lose_answers = chance.randint(1, 4)


async def answers_lost_and_killed(installation: Installation, chance: random.Random) -> None:
    installation.discord.lose_answers = chance.randint(1, 4)
    await asyncio.sleep(chance.uniform(DUE_SECONDS, DUE_SECONDS + 0.3))
    installation.kill("run")


def opened_by_another_process() -> Fault:
    """A command beside the bot, each in its turn, opens and closes the database; later the bot is killed."""
    turns = itertools.cycle(COMMANDS)

    async def before(installation: Installation, chance: random.Random) -> None:
        folder = installation.folder / f"backup {chance.getrandbits(64)}"
        await beside(next(turns), installation.config, folder)

    async def inject(installation: Installation, chance: random.Random) -> None:
        await asyncio.sleep(chance.uniform(0, DUE_SECONDS + 0.4))
        installation.kill("run")

    return Fault("another process opens the database", inject, before=before)


async def unstorable(installation: Installation, chance: random.Random) -> None:
    """Another handler answers with half an emoji, which no database holds, among the runs of the bot."""
    address = yaml.safe_load(installation.config.read_text())["server_address"]
    port = free_ports(1)[0]
    handler = RawHandler(port, address, f"half-an-emoji-{port}")  # each a handler of its own
    handler.respond = lambda call: '{"success": true, "x": "\\ud83d"}'
    registered = await asyncio.to_thread(handler.start, "answer")
    assert registered["success"], registered
    try:
        trigger = {"type": "date", "args": {"run_date": to_iso(soon(chance.uniform(0.2, DUE_SECONDS)))}}
        jobs = [
            await installation.save("answer", {}, trigger, handler_id=handler.handler_id)
            for _ in range(chance.randint(1, 4))
        ]
        outcomes = await installation.outcomes(jobs, SETTLED_SECONDS)
        assert set(outcomes.values()) == {"failed"}, outcomes
        assert handler.calls.qsize() == len(jobs), "it would answer the same again"
    finally:
        await asyncio.to_thread(handler.stop)


FAULTS = (
    *(killed_at(point) for point in POINTS if not point.startswith("files.")),  # no run passes those
    *(killed_in_what_follows(point, number) for number in STEPS for point in ("step.begun", "step.done")),
    killed("SIGKILL of bot and server at random", "run", apart=False),
    killed("SIGKILL of the server at random", "server"),
    killed("SIGKILL of the bot at random", "run"),
    killed("SIGKILL of both, apart, at random", "server", "run"),
    killed("power cut: SIGKILL and a torn page", "run", apart=False, torn=True),
    opened_by_another_process(),
    Fault("no file can be written for a second", disk_full),
    Fault("clock an hour back, and on again", clock_back),
    Fault("asleep for a day", asleep, clock=86_400),
    Fault("handler partitioned for an hour", partitioned, apart=True, clock=3600),
    Fault("Discord is down for two seconds", outage),
    Fault("Discord posts, its answer is lost", answers_lost),
    Fault("… and the bot is killed", answers_lost_and_killed),
    Fault("an answer that cannot be stored", unstorable),
)


# -------------------------------------------------------------------- tries


async def one_try(
    installation: Installation, fault: Fault, number: int, row: Row, chance: random.Random
) -> None:
    rooms = installation.discord.channels
    if fault.before is not None:
        await fault.before(installation, chance)
    at = soon(DUE_SECONDS)
    wanted: dict[str, list[tuple[int, str]]] = {}
    for place in range(4):
        text = f"{fault.name} {number}.{place}"
        job = await installation.schedule(
            "send_announcement", {"channel_id": str(rooms[place % 3].id), "message": text}, at
        )
        wanted[job] = [(rooms[place % 3].id, text)]
    text = f"{fault.name} {number}.all"
    job = await installation.schedule(
        "send_to_multiple_channels", {"channel_ids": [str(room.id) for room in rooms], "message": text}, at
    )
    wanted[job] = [(room.id, text) for room in rooms]

    await fault.inject(installation, chance)
    outcomes = await installation.outcomes(list(wanted), SETTLED_SECONDS)
    posts = installation.discord.posts()
    row.tries += 1
    for job, places in wanted.items():
        state = outcomes[job]
        row.runs += 1
        row.uncertain += state == "uncertain"
        row.missed += state == "missed"
        for place in places:
            row.posts += posts[place] > 0
            row.twice += posts[place] > 1
            if posts[place] == 0 and state not in ("uncertain", "missed", "failed"):
                row.lost += 1
                row.remarks.append(f"{place[1]}: lost, {state}")
            if posts[place] > 1:
                row.remarks.append(f"{place[1]}: {posts[place]} times, {state}")
        if state not in ("succeeded", "uncertain", "missed"):
            row.remarks.append(f"{places[0][1]}: {state}")


async def following(installation: Installation, fault: Fault, number: int, row: Row) -> None:
    """Let a job post a second time: pinned, with reactions, a thread and an end, in place of the first post.

    Each of these is one effect, *lost* if it isn't there, *twice* if there are two.
    """
    discord, room = installation.discord, installation.discord.channels[0]
    text, chance = f"{fault.name} {number}", random.Random(number)
    params = {
        "channel_ids": [str(room.id)], "text": text, "pin": True, "replace": True, "reactions": "👍 🎉",
        "thread": "Talk", "delete_after": "2h",
    }  # fmt: skip
    job = await installation.save("send_post", params, {"type": "interval", "args": {"hours": 1}})
    await installation.post(f"/api/jobs/{job}/run")
    first = await installation.ended(job, 1, SETTLED_SECONDS)
    assert first == ["succeeded"], first
    await fault.inject(installation, chance)
    # The fault strikes while the run is under way, which may be before the answer is here.
    with suppress(httpx.HTTPError):
        await installation.post(f"/api/jobs/{job}/run")
    states = await installation.ended(job, 2, SETTLED_SECONDS)
    row.tries += 1
    row.runs += 1
    row.uncertain += "uncertain" in states
    posts = [item for item in room.history() if item.content == text]
    owed = (await installation.get("/api/jobs", guild_id=str(discord.guild.id), state="active"))["jobs"]
    there = {
        "posts": len(posts),
        "pins": sum(item.pinned for item in posts),
        "reactions": sum(len(item.reactions) for item in posts) / 2,
        "threads": sum(item.id in discord.backend.channels for item in posts),
        "ends": sum(f"/{item.id}" in str(owed) for item in posts),
    }
    row.posts += bool(posts)
    for name, count in there.items():
        row.lost += count < 1
        row.twice += count > 1
        if count != 1:
            row.remarks.append(f"{text}: {count} {name}, {states}")


async def all_tries(fault: Fault, tries: int, seed: int) -> Row:
    row, chance = Row(fault.name), random.Random(f"{seed}{fault.name}")
    with tempfile.TemporaryDirectory(prefix="schedulezero-faults-", ignore_cleanup_errors=True) as folder:
        async with (
            DiscordServer() as discord,
            Installation(discord, Path(folder), apart=fault.apart) as built,
        ):
            for number in range(tries):
                if fault.follows:
                    await following(built, fault, number, row)
                else:
                    await one_try(built, fault, number, row, chance)
                await built.ready()
                if fault.clock:
                    await built.tell(built.roles[0], f"clock -{fault.clock}")
            row.deaths = built.deaths
    return row


def table(rows: list[Row]) -> str:
    """The rows as text."""
    columns = ("tries", "deaths", "runs", "posts", "lost", "twice", "uncertain", "told missed")
    width = max(len(row.name) for row in rows)
    lines = [f"{'fault':{width}} " + " ".join(f"{name:>11}" for name in columns)]
    for row in rows:
        values = (
            row.tries, row.deaths, row.runs, row.posts, row.lost, row.twice, row.uncertain, row.missed
        )  # fmt: skip
        lines.append(f"{row.name:{width}} " + " ".join(f"{value:>11}" for value in values))
    return "\n".join(lines)


async def main() -> int:
    parser = argparse.ArgumentParser(description="Counts what faults lose or double.")
    parser.add_argument("--tries", type=int, default=50)
    parser.add_argument("--only", default="", metavar="PART", help="only faults with this in their name")
    parser.add_argument("--at-once", type=int, default=2, help="how many faults are tried side by side")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chosen = [fault for fault in FAULTS if options.only.casefold() in fault.name.casefold()]
    slots, began = asyncio.Semaphore(options.at_once), time.monotonic()

    async def tried(fault: Fault) -> Row:
        async with slots:
            row = await all_tries(fault, options.tries, options.seed)
            print(
                f"{time.monotonic() - began:6.0f} s  {row.name}: lost {row.lost}, twice {row.twice}",
                flush=True,
            )
            for remark in row.remarks[:10]:
                print(f"          {remark}", flush=True)
            return row

    rows = await asyncio.gather(*(tried(fault) for fault in chosen))
    print(
        f"\n{table(list(rows))}\n\n{sum(row.tries for row in rows)} tries in {time.monotonic() - began:.0f} s"
    )
    return 1 if any(row.lost or row.twice for row in rows) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
