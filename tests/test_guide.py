"""Every block of the pages about sprockets is run, and the example is what following them makes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.testing import simulated_guild
from cogs.sprocket_loading import loader
from tests.conftest import Settings

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent
# In the order in which somebody follows them.
GUIDE = (
    "tutorials/first-sprocket.md",
    "how-to/extend-a-sprocket.md",
    "how-to/test-a-sprocket.md",
    "how-to/publish-a-sprocket.md",
    "reference/sprockets.md",
)
EXAMPLE = ROOT / "examples" / "schedulezero-standup"

_BLOCK = re.compile(
    r'^```(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL
)


def blocks() -> list[tuple[str, str | None, str]]:
    text = "\n".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in GUIDE)
    return [(m["kind"], m["title"], m["text"]) for m in _BLOCK.finditer(text)]


def add_block(files: dict[str, str], title: str, text: str) -> None:
    """Adds a titled block to its file; one that begins with a module's docstring replaces the file."""
    follows = title in files and not text.startswith('"""')
    files[title] = f"{files[title]}\n\n{text}" if follows else text


def written() -> dict[str, str]:
    """The files that the guide's titled blocks make."""
    files: dict[str, str] = {}
    for _, title, text in blocks():
        if title is not None:
            add_block(files, title, text)
    return files


def environment(*folders: Path) -> dict[str, str]:
    paths = [str(folder) for folder in (*folders, ROOT)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}


def test_following_the_guide_line_by_line_works(tmp_path: Path) -> None:
    """Commands are run and files are written in the order in which the guide has them."""
    seen: dict[str, str] = {}
    ran = 0
    for kind, title, text in blocks():
        if kind == "console":
            for line in text.splitlines():
                program, *arguments = line.split()
                module = ["-m", "bot"] if program == "schedulezero-bot" else []
                command = [sys.executable, *module, *arguments]
                done = subprocess.run(
                    command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120
                )
                assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
                ran += 1
        elif title is not None and title.endswith("_sprocket.py"):
            add_block(seen, title, text)
            (tmp_path / title).write_text(seen[title], encoding="utf-8")
        elif kind == "python" and title is None:
            exec(compile(text, "guide", "exec"), {"__name__": "guide"})
    assert ran == 4


def test_the_first_sprocket_needs_two_imports_at_most() -> None:
    first = next(text for _, title, text in blocks() if title and title.endswith("_sprocket.py"))
    assert len(re.findall(r"^(?:from|import) ", first, re.MULTILINE)) <= 2


@pytest.mark.parametrize("name", sorted(written()))
def test_the_example_is_what_the_guide_makes(name: str) -> None:
    assert (EXAMPLE / name).read_text(encoding="utf-8") == written()[name]


async def test_the_example_works_as_an_installed_package(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "installed"
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
        "--disable-pip-version-check", "--target", str(place), str(_copy(tmp_path)),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    monkeypatch.syspath_prepend(str(place))
    found = loader.discover()["standup"]
    assert (found.module, found.package, found.version) == (
        "schedulezero_standup", "schedulezero-standup", "1.0.0",
    )  # fmt: skip
    async with simulated_guild(settings) as guild:
        names = await guild.owner.autocomplete(guild.channel, "load_sprocket", "name", "stand")
        assert names[0]["name"] == "standup · schedulezero-standup 1.0.0"
        assert await guild.load("standup") == ["hold_standup"]
        answer = await guild.run("hold_standup", {"channel_id": guild.channel.id, "team": "Rockets"})
        assert answer["success"] is True, answer
    for name in [name for name in sys.modules if name.startswith("schedulezero_standup")]:
        del sys.modules[name]


def _copy(folder: Path) -> Path:
    """The example, where building it leaves nothing in the checkout."""
    return Path(shutil.copytree(EXAMPLE, folder / "example"))
