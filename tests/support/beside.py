"""Every command that touches the database, run in a process of its own beside a running bot."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from schedulezero.wire.addresses import free_ports

ROOT = Path(__file__).parent.parent.parent
SECONDS = 40.0


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


def with_ports_of_its_own(config: Path) -> Path:
    """A second configuration over the same database, so that the database alone stands in the way."""
    settings = yaml.safe_load(config.read_text())
    handler, registration, rest = free_ports(3)
    settings["handler_port"] = handler
    settings["server_address"] = f"tcp://127.0.0.1:{registration}"
    settings["api_endpoint"] = f"http://127.0.0.1:{rest}"
    settings["server"] = "embedded"
    second = config.with_name("second.yaml")
    second.write_text(yaml.safe_dump(settings))
    return second


async def command(config: Path, *arguments: str, **environment: str) -> Ended:
    """Runs ``python -m bot`` with these arguments to its end."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SCHEDULEZERO")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", arguments[0], "--config", str(config), *arguments[1:],
        cwd=ROOT,
        env={**kept, "DISCORD_TOKEN": "", "SCHEDULEZERO_KEYS": str(config.parent / "keys"), **environment},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise AssertionError(f"{arguments} went on for {SECONDS} s, and should have ended") from None
    assert "Traceback" not in err.decode(), err.decode()
    return Ended(process.returncode or 0, out.decode(), err.decode())


# Read as: a command, its arguments (the folder is one for backups, a new one each time), whether it has ports
# of its own, so that only the database stands in its way, and the status with which it ends beside a bot.
COMMANDS = {
    "doctor": (["doctor"], False, 1),  # there is no token to log in with
    "backup": (["backup", "{folder}"], False, 0),
    "token make": (["token", "make", "beside {folder.name}"], False, 0),
    "token list": (["token", "list"], False, 0),
    "token revoke": (["token", "revoke", "{token}"], False, 0),
    "keys": (["keys"], False, 0),
    "restore": (["restore", "{folder}"], True, 1),
    "move": (["move", "--to", "postgresql://nobody:x@127.0.0.1:1/none"], True, 1),
    "server": (["server"], True, 1),
    "run": (["run"], True, 1),
}


async def beside(name: str, config: Path, folder: Path) -> Ended:
    """Runs one of the commands beside the bot of a configuration.

    Parameters:
        name: which one.
        config: the running bot's.
        folder: where backups go; a new one each time.
    """
    arguments, apart, status = COMMANDS[name]
    token = ""
    if name == "token revoke":
        token = (await command(config, "token", "make", "short-lived")).out.split("_")[1]
    filled = [item.format(folder=folder, token=token) for item in arguments]
    used = with_ports_of_its_own(config) if apart else config
    # A token that Discord would not take: the database is looked at before the bot logs in.
    ended = await command(used, *filled, DISCORD_TOKEN="x.y.z" if name == "run" else "")
    assert ended.status == status, (name, ended)
    return ended
