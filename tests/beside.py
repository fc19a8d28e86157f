"""Every command that touches the database, run in a process of its own beside a running bot."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from schedulezero.addresses import free_ports

ROOT = Path(__file__).parent.parent
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


async def every_command(config: Path, backups: Path) -> dict[str, Ended]:
    """Runs them all, one after the other, beside the bot of a configuration.

    Parameters:
        config: the running bot's.
        backups: a folder that is not there yet.

    Returns how each ended, by its name.
    """
    second = with_ports_of_its_own(config)
    ended: dict[str, Ended] = {}
    for name, used, arguments in (
        ("doctor", config, ["doctor"]),
        ("backup", config, ["backup", str(backups)]),
        ("token make", config, ["token", "make", "beside"]),
        ("token list", config, ["token", "list"]),
        ("keys", config, ["keys"]),
        ("restore", second, ["restore", str(backups)]),
        ("move", second, ["move", "--to", "postgresql://nobody:x@127.0.0.1:1/none"]),
        ("server", second, ["server"]),
        ("run", second, ["run"]),
    ):
        token = "x.y.z" if name == "run" else ""
        ended[name] = await command(used, *arguments, DISCORD_TOKEN=token)
    made = ended["token make"].out.split("_")[1]
    ended["token revoke"] = await command(config, "token", "revoke", made)
    return ended
