"""Each package under examples/ passes its own tests in its own folder, and works once it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.testing import simulated_guild
from cogs.sprocket_loading import loader
from tests.conftest import Settings

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent
PACKAGES = sorted(found.parent for found in (ROOT / "examples").glob("*/pyproject.toml"))
JOBS = {
    "birthdays": ["ask_for_birthdays", "congratulate", "end_birthday"],
    "channel_backup": ["back_up_channel"],
    "standup": ["hold_standup"],
}


def name_of(package: Path) -> str:
    return package.name


def copy_of(package: Path, folder: Path) -> Path:
    """The package, where building and testing it leave nothing in the checkout."""
    return Path(shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__")))


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_its_own_tests_pass(package: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "schedulezero.testing", "--quiet"]
    done = subprocess.run(
        command,
        cwd=copy_of(package, tmp_path),
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
async def test_it_works_as_an_installed_package(
    package: Path, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared: dict[str, Any] = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))
    ((name, module),) = declared["project"]["entry-points"]["schedulezero.sprockets"].items()
    place = tmp_path / "installed"
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
        "--disable-pip-version-check", "--target", str(place), str(copy_of(package, tmp_path)),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    monkeypatch.syspath_prepend(str(place))
    found = loader.discover()[name]
    assert (found.module, found.package) == (module, declared["project"]["name"])
    async with simulated_guild(settings) as guild:
        assert sorted(await guild.load(name)) == JOBS[name]
    for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == module]:
        del sys.modules[loaded]
