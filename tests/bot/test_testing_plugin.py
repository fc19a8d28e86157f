"""The pytest plugin for sprocket authors beside a user's `bot`, which hides our package of that name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.new_sprocket import write_sprocket

THEIRS = "import sys\nMINE = True\nprint('the bot of their own runs', file=sys.stderr)\n"
BOTH = """
def test_their_own_bot_is_still_found_by_its_name():
    import bot
    assert bot.MINE

def test_the_old_path():
    from bot.testing import SimulatedGuild as old
    from schedulezero.testing import SimulatedGuild as new
    assert old is new
"""


PACKAGE = """
def test_their_own_package_is_still_found_by_its_name():
    from bot import config
    import bot
    assert bot.MINE and config.MINE
"""
FOLDER = {"bot/__init__.py": THEIRS, "bot/config.py": "MINE = True\n", "tests/test_both.py": PACKAGE}

# Read as: files in the folder of the tests, and how many tests pass.
FOLDERS = {
    "nothing": ({}, 2),
    "a file": ({"bot.py": THEIRS, "tests/test_both.py": BOTH}, 4),
    "a file that is imported before": (
        {"bot.py": THEIRS, "conftest.py": "import bot\n", "tests/test_both.py": BOTH},
        4,
    ),
    "a package": (FOLDER, 3),
    "a package that is imported before": ({**FOLDER, "conftest.py": "import bot.config\n"}, 3),
}


@pytest.mark.long
@pytest.mark.parametrize("name", FOLDERS)
def test_the_written_tests_pass(tmp_path: Path, name: str) -> None:
    files, count = FOLDERS[name]
    write_sprocket("wishes", tmp_path)
    for file, text in files.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
    env = {key: value for key, value in os.environ.items() if not key.startswith("SCHEDULEZERO")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "schedulezero.testing", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        command, cwd=tmp_path, env={**env, "PYTHONPATH": ""}, capture_output=True, text=True, timeout=100
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{count} passed" in ended.stdout
