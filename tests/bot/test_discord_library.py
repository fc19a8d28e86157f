"""Another library under the name ``discord``: said in a sentence, before an import fails."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cogs.discord_library import BELOW, LEAST, Library, installed

ROOT = Path(__file__).parent.parent.parent
PYCORD = '__title__ = "pycord"\n'


def install(site: Path, name: str, version: str, text: str = PYCORD) -> None:
    """Install a library `discord` as pip does: its files, and what it says of itself."""
    files = {"discord/__init__.py": text, "discord/ext/commands/__init__.py": "class Bot: ...\n"}
    records = ""
    for file, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).decode().rstrip("=")
        records += f"{file},sha256={digest},{len(content)}\n"
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(content)
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "top_level.txt").write_text("discord\n")
    (info / "RECORD").write_text(records)


def python(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]), "DISCORD_TOKEN": "x.y.z"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=site, env=env, capture_output=True, text=True, timeout=60
    )


# Read as: a command, and the status with which it ends if another library is installed.
COMMANDS = {"doctor": 1, "run": 78, "server": 78, "demo": 1, "dev": 1, "keys": 1}


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_which_library_is_installed(tmp_path: Path, command: str) -> None:
    install(tmp_path, "py-cord", "2.8.1")
    ended = python(tmp_path, "-m", "bot", command)
    assert ended.returncode == COMMANDS[command] and not ended.stdout
    assert ended.stderr == (
        "schedulezero-bot: The installed `discord` is py-cord 2.8.1. ScheduleZero needs discord.py 2.7.1 or "
        "newer, below 3; use another virtual environment, because the two can't be installed in one.\n"
    )


@pytest.mark.long
def test_our_cog_says_it_to_a_bot_of_ones_own(tmp_path: Path) -> None:
    install(tmp_path, "py-cord", "2.8.1")
    ended = python(tmp_path, "-c", "import cogs.schedulezero_cog")
    assert ended.stderr.splitlines()[-1].startswith(
        "cogs.discord_library.WrongDiscord: The installed `discord` is py-cord 2.8.1. "
    )


@pytest.mark.long
def test_an_old_discord_py_is_to_be_upgraded(tmp_path: Path) -> None:
    install(tmp_path, "discord.py", "2.3.2", '__title__ = "discord"\n')
    ended = python(tmp_path, "-m", "bot", "doctor")
    assert "is discord.py 2.3.2." in ended.stderr and "pip install --upgrade" in ended.stderr


@pytest.mark.long
@pytest.mark.parametrize("last", ["discord.py", "py-cord"])
def test_of_two_that_overwrote_each_other_the_last_one_counts(tmp_path: Path, last: str) -> None:
    for name in sorted(["discord.py", "py-cord"], key=lambda name: name == last):
        install(tmp_path, name, "2.8.1", f'__title__ = "{name}"\n')
    ended = python(tmp_path, "-c", "from cogs.discord_library import installed; print(installed().name)")
    assert ended.stdout.strip() == last, ended.stderr


@pytest.mark.parametrize(
    ("name", "version", "fits"),
    [
        ("discord.py", "2.7.1", True),
        ("discord-py", "2.8.0a1", True),
        ("discord.py", "2.10", True),
        ("discord.py", "2.7.0", False),
        ("discord.py", "3.0.0", False),
        ("py-cord", "2.8.1", False),
        ("discord.py-self", "2.7.1", False),
    ],
)
def test_which_library_fits(name: str, version: str, fits: bool) -> None:
    assert Library(name, version).fits is fits


def test_what_is_installed_here_fits_and_the_limits_are_those_of_the_package() -> None:
    found = installed()
    assert found is not None and found.fits
    (line,) = re.findall(r'"(discord\.py[^"]+)"', (ROOT / "pyproject.toml").read_text())
    assert line == f"discord.py>={'.'.join(map(str, LEAST))},<{BELOW}"
