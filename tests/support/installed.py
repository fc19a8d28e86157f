"""The wheel installed into an environment of its own, and programs started in a user's folder."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PARTS = (
    "bot", "cogs", "sprockets", "schedulezero", "schedule_zero", "config", "pyproject.toml", "README.md",
    "LICENSE",
)  # fmt: skip
DISCORD = """
import discord.gateway, discord.http, os, yarl
if address := os.environ.get("SIMULATED_DISCORD"):
    discord.http.Route.BASE = f"http://{address}/api/v10"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://{address}/gateway")
"""


def copy_checkout(folder: Path) -> Path:
    """Copy what a checkout holds of the program into a new folder."""
    folder.mkdir(parents=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    return folder


def environment_in(folder: Path, wheel: Path | None) -> Path:
    """Make a virtual environment with our dependencies, and our wheel if one is given; return its folder."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    (site,) = folder.glob("lib/python3*/site-packages")
    # The path alone: what is installed there for editing isn't found this way.
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (site / "sitecustomize.py").write_text(DISCORD)
    if wheel is not None:
        pip("--python", str(folder / "bin" / "python"), "install", "--no-deps", "--no-index", str(wheel))
    return folder


def built_wheel(folder: Path) -> Path:
    """Build the wheel."""
    source = copy_checkout(folder / "source")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    return next(folder.glob("*.whl"))


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr


@asynccontextmanager
async def program(
    folder: Path, *command: str | Path, discord: str = "", **variables: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program in a user's folder; its output goes to ``log`` there."""
    foreign = ("DISCORD", "SCHEDULEZERO", "PYTHONPATH", "VIRTUAL_ENV")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    env = {**kept, "DISCORD_TOKEN": "simulated", "SIMULATED_DISCORD": discord, **variables}
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=env, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
