"""The pytest plugin for sprocket authors beside a file bot.py, which hides our package of that name."""

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


@pytest.mark.long
@pytest.mark.parametrize("own", [{}, {"bot.py": THEIRS}, {"bot.py": THEIRS, "conftest.py": "import bot\n"}])
def test_the_written_tests_pass(tmp_path: Path, own: dict[str, str]) -> None:
    write_sprocket("wishes", tmp_path)
    for name, text in own.items():
        (tmp_path / name).write_text(text)
    if own:
        (tmp_path / "tests" / "test_both.py").write_text(BOTH)
    env = {key: value for key, value in os.environ.items() if not key.startswith("SCHEDULEZERO")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "schedulezero.testing", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        command, cwd=tmp_path, env={**env, "PYTHONPATH": ""}, capture_output=True, text=True, timeout=100
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{4 if own else 2} passed" in ended.stdout
