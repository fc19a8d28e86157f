"""A process of the bot or the server on a simulated Discord, which can be made to fail at named points.

``python -m tests.support.bot_process DISCORD run|server [--config …]`` is ``python -m bot`` with Discord's
addresses replaced. It reads commands, a line each, from its standard input:

    kill POINT N     SIGKILL itself when it passes that point for the N-th time from now
    clock SECONDS    set the system's clock forward or back, as this process sees it
    disk full | ok   let no file be written, or again

``SIMULATED_SPEED`` in the environment lets its clock go faster, and Discord's limits with it. ``HELD_LOOP``
names a file where it notes for how many seconds its loop was held at most, once that file is there.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

_UNLIMITED = resource.RLIM_INFINITY

_offset = timedelta()
_speed = float(os.environ.get("SIMULATED_SPEED", "1"))


def _shifted(real: Any) -> Any:
    """The system's clock, set back or forward, and faster from an instant that all processes share."""
    since = datetime.fromisoformat(os.environ.get("SIMULATED_SINCE") or real().isoformat())

    def now() -> datetime:
        return since + (real() - since) * _speed + _offset

    return now


def main() -> int:
    discord_address, *arguments = sys.argv[1:]
    from schedulezero import instants

    instants.now = _shifted(instants.now)  # before anybody takes hold of it

    import discord.gateway
    import discord.http
    import yarl

    discord.http.Route.BASE = f"http://{discord_address}/api/v10"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://{discord_address}/gateway")

    from bot.cli.importing import uncollected

    with uncollected():  # as the command line does
        import bot.app
        import bot.run
        from bot.pace.pace import WINDOW_SECONDS, Pace
        from schedulezero.server.engine import clock, dispatcher

    bot.app.Pace = lambda *limits: Pace(*limits, window=WINDOW_SECONDS / _speed)  # type: ignore[assignment,misc]
    clock._LONGEST_SLEEP_SECONDS /= _speed
    dispatcher._LONGEST_NAP_SECONDS /= _speed

    create = bot.run.create_bot

    def create_bot(*arguments: Any) -> Any:
        made = create(*arguments)
        made._connection.guild_ready_timeout = 0.05
        if noted_in := os.environ.get("HELD_LOOP"):
            _watch_loop(made, Path(noted_in))
        return made

    bot.run.create_bot = create_bot
    _Controls().start()

    from bot.cli.main import main as command_line

    return command_line(arguments)


def _watch_loop(bot: Any, noted_in: Path) -> None:
    """Let the bot note how long its loop's thread worked at most between two beats, which are 5 ms apart."""
    start = bot.setup_hook

    async def beat() -> None:
        longest = 0.0
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.005)
            held = time.thread_time() - before
            if held > longest and noted_in.exists():
                longest = held
                noted_in.write_text(f"{longest}")

    async def hooked() -> None:
        bot.loop_watch = asyncio.create_task(beat())
        await start()

    bot.setup_hook = hooked


class _Controls(threading.Thread):
    """Obeys the lines of the standard input."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._kill: tuple[str, int] | None = None

    def run(self) -> None:
        from schedulezero import faults

        faults.trouble_maker = self._pass
        for line in sys.stdin:
            self._obey(*line.split())
            print("obeyed", flush=True)

    def _obey(self, command: str, *rest: str) -> None:
        if command == "kill":
            self._kill = (rest[0], int(rest[1]))
        elif command == "clock":
            global _offset
            _offset += timedelta(seconds=float(rest[0]))
        elif command == "disk":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 if rest[0] == "full" else _UNLIMITED, _UNLIMITED))

    def _pass(self, point: str) -> None:
        if self._kill is None or self._kill[0] != point:
            return
        self._kill = (point, self._kill[1] - 1)
        if self._kill[1] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(10)


if __name__ == "__main__":
    sys.exit(main())
