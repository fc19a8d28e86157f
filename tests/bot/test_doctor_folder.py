"""``doctor`` and the document's *Troubleshooting*: each cause that it lists is found and named."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

import pytest

from bot.config import Settings
from bot.health.doctor_folder import check_folder, check_registered, jobs_named_in, sprockets_of
from cogs.health import Check
from tests.support.world import World

BOT = """
await bot.load_extension("cogs.schedulezero_cog")
await bot.load_extension("cogs.sprockets.roles_sprocket")
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "cogs").mkdir()
    (tmp_path / "bot.py").write_text(BOT)
    return tmp_path


# Read as: files in `cogs` beside a bot of one's own, and what the check finds; "" if all is well.
FOLDERS = {
    "no package": ({}, ""),
    "an empty package": ({"__init__.py": ""}, "cogs/__init__.py hides ScheduleZero's cogs"),
    "a package with the line": ({"__init__.py": "from pkgutil import extend_path"}, ""),
    "a cog of theirs": (
        {"__init__.py": "from pkgutil import extend_path", "schedulezero_cog.py": ""},
        "cogs/schedulezero_cog.py takes the place",
    ),
    "a checkout": ({"__init__.py": "", "schedulezero_cog.py": "", "sprocket_loading/__init__.py": ""}, ""),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_what_hides_our_cogs(mine: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [PathFinder])  # without that of an editable install
    files, trouble = FOLDERS[name]
    for file, text in files.items():
        (mine / "cogs" / file).parent.mkdir(exist_ok=True)
        (mine / "cogs" / file).write_text(text)
    (check,) = check_folder(mine, running=True)
    assert check.well is not bool(trouble)
    assert trouble in check.finding and bool(check.remedy) is bool(trouble)


def test_an_editable_install_finds_our_cogs_beside_an_empty_package(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Editable:
        """Finds modules by name, as setuptools does it for `pip install --editable`."""

        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
            return ModuleSpec(name, None) if name.startswith("cogs.") else None

    (mine / "cogs" / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "meta_path", [PathFinder])
    (check,) = check_folder(mine, running=True)
    assert not check.well
    monkeypatch.setattr(sys, "meta_path", [PathFinder, Editable])
    (check,) = check_folder(mine, running=True)
    assert check.well


def test_a_server_that_does_not_run(mine: Path) -> None:
    checks = {check.subject: check for check in check_folder(mine, running=False)}
    assert not checks["server"].well and "schedulezero-bot server" in str(checks["server"])
    (mine / "bot.py").unlink()
    assert not list(check_folder(mine, running=False))


def test_the_sprockets_of_a_bot_of_ones_own(mine: Path, settings: Settings) -> None:
    assert sprockets_of(settings, mine) == ("roles",)
    (mine / "bot.py").write_text("print('another program')")
    assert sprockets_of(settings, mine) == settings.sprockets


def test_the_names_that_a_source_registers() -> None:
    source = (
        'cog.register_sprocket("a", f)\nself.cog.register_sprocket("b", g)\ncog.register_sprocket(name, h)'
    )
    assert jobs_named_in(source) == {"a", "b"}
    assert jobs_named_in("def broken(:") == jobs_named_in("\0") == set()


async def test_jobs_that_are_not_registered_are_named(world: World, tmp_path: Path) -> None:
    async def check() -> Check:
        return await check_registered(world.settings, world.bot.services.client, tmp_path)

    assert (await check()).well
    await world.bot.unload_extension("sprockets.roles_sprocket")
    await world.handler.refresh()
    found = await check()
    assert not found.well and "“roles” doesn't have" in str(found) and "give_role_for" in str(found)
