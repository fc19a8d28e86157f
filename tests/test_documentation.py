"""What the documentation names is there: links, commands, settings, routes, jobs and files."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from discord import app_commands
from prometheus_client import REGISTRY

import sprockets
from bot.config import PREFIX, Settings
from bot.first_day.table import ASSUMPTIONS
from cogs.admin_cog import AdminCog
from cogs.config.limit_settings import LimitSettings
from cogs.menus_cog import MenusCog
from cogs.reminders_cog import RemindersCog
from cogs.sprockets_cog import SprocketsCog
from schedulezero.methods.variables import VARIABLES
from schedulezero.server.api.openapi import DESCRIPTION
from sprockets import kit

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
CHANGELOG = ROOT / "CHANGELOG.md"  # names what was, too
PAGES = [page for page in (*sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("*.md"))) if page != CHANGELOG]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
# A file or folder of ours, as prose and tables name it; where it may stand follows from its first folder.
_PATH = re.compile(
    r"`((?:bot|cogs|sprockets|schedulezero|tests|benchmarks|deploy|examples|docs|config|requirements)"
    r"/[\w./@-]*)`"
)
_FOLLOWED = DOCS / "tutorials", DOCS / "how-to"
"""Whoever follows these pages makes files of their own."""


def read(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def in_all_pages(pattern: str) -> set[Any]:
    return {found for page in PAGES for found in re.findall(pattern, page.read_text(encoding="utf-8"))}


def rows(page: str) -> dict[str, list[str]]:
    """The rows of a page's tables that begin with code: each name → the other cells."""
    found: dict[str, list[str]] = {}
    for line in read(page).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        for name in re.findall(r"`([^`]+)`", cells[0]) if line.startswith("| `") else ():
            found[name] = cells[1:]
    return found


@pytest.mark.parametrize("page", [*PAGES, CHANGELOG], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    wanted = [link.partition("#")[0] for link in _LINK.findall(text) if "://" not in link]
    absent = [link for link in wanted if link and not (page.parent / link).exists()]
    assert not absent


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    named = _PATH.findall(page.read_text(encoding="utf-8"))
    absent = [path for path in named if not (ROOT / path).exists()]
    if page.parent in _FOLLOWED:
        absent = [path for path in absent if "standup" not in path]
    assert not absent


def test_addresses_of_before_lead_to_pages() -> None:
    moved: dict[str, str] = _module_in_docs("redirects").MOVED
    assert not [new for new in moved.values() if not (DOCS / f"{new}.md").exists()]
    assert not [old for old in moved if (DOCS / f"{old}.md").exists()]


# -------------------------------------------------------------------- commands


def _commands() -> Iterator[app_commands.Command[Any, ..., Any]]:
    for cog in (AdminCog, RemindersCog, SprocketsCog):
        for command in cog.__cog_app_commands__:
            inner = command.walk_commands() if isinstance(command, app_commands.Group) else (command,)
            yield from (item for item in inner if isinstance(item, app_commands.Command))


def test_each_slash_command_is_listed_with_its_options() -> None:
    listed = {name for name in rows("reference/commands.md") if name.startswith("/")}
    ours: set[str] = set()
    for command in _commands():
        options = [
            option.display_name if option.required else f"[{option.display_name}]"
            for option in command.parameters
        ]
        ours.add(" ".join((f"/{command.qualified_name}", *options)))
    assert listed == ours


def test_no_page_names_a_slash_command_that_there_is_not() -> None:
    known = {command.qualified_name for command in _commands()}
    named = in_all_pages(r"`/((?:schedule|remind) [a-z]+|(?:[a-z]+_)?sprockets?\b)")
    assert named and not named - known


def test_the_menus_are_named_as_discord_shows_them() -> None:
    text = read("reference/commands.md")
    source = Path(str(sys.modules[MenusCog.__module__].__file__)).read_text(encoding="utf-8")
    names = re.findall(r'_menu\(mark\("([^"]+)"\)', source)
    assert len(names) == 4
    assert not [name for name in names if f"*{name}*" not in text]


def _help(*command: str) -> str:
    arguments = [sys.executable, "-m", "bot", *command, "--help"]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_programs_commands_and_options_are_those_that_pages_name() -> None:
    commands = set(re.findall(r"^    ([a-z-]+)(?:  |$)", _help(), re.MULTILINE))
    lines = {name: cells for name, cells in rows("reference/commands.md").items() if name[0] != "/"}
    assert {name.partition(" ")[0] for name in lines} == commands
    assert not in_all_pages(r"(?<![/\w.-])schedulezero-bot ([a-z][a-z-]+)") - commands
    helps = {name: _help(name) for name in commands}
    helps["token"] += _help("token", "make")
    for name, option in in_all_pages(r"schedulezero-bot ([a-z-]+) [^`\n]*?(--[a-z-]+)"):
        assert option in helps[name]
    for line, cells in lines.items():
        for option in re.findall(r"--[a-z-]+", f"{line} {cells[0]}"):
            assert option in helps[line.partition(" ")[0]]


def test_no_page_names_a_target_that_the_makefile_does_not_have() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        name for line in in_all_pages(r"`(?:DISCORD_TOKEN=… )?make ([a-z][a-z ]*)") for name in line.split()
    }
    assert {"demo", "test", "lint", "site", "package"} <= named <= targets


def test_no_page_sends_its_reader_outside_of_the_repository() -> None:
    assert not in_all_pages(r"\.\./shared\b|/work/")


def test_no_page_runs_the_bot_by_its_modules_name() -> None:
    assert not in_all_pages(r"python -m bot\b")


# -------------------------------------------------------------------- settings


def test_each_setting_is_described_with_its_default() -> None:
    lines = rows("reference/configuration.md")
    in_the_environment_only = {"api_token", "secrets_key"}
    in_a_section_of_its_own = {"limits"}
    for name, field in Settings.model_fields.items():
        if name in in_the_environment_only:
            assert f"{PREFIX}{name.upper()}" in lines
        elif name not in in_a_section_of_its_own:
            assert name in lines, name
            assert _is_default(lines[name][0], field.default), name
    limits = LimitSettings()
    for name in LimitSettings.model_fields:
        assert lines[name][0] == str(getattr(limits, name)), name


def _is_default(said: str, default: Any) -> bool:
    if default is None:
        return said in ("none", "as Discord recommends")
    if isinstance(default, bool):
        return said == f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return said == (", ".join(f"`{name}`" for name in default) or "none")
    return said in (f"{default:g}" if isinstance(default, int | float) else f"`{default}`",)


def test_no_page_names_a_variable_of_the_environment_that_is_no_setting() -> None:
    settings = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    limits = {f"{PREFIX}LIMITS__{name.upper()}" for name in LimitSettings.model_fields}
    named = in_all_pages(rf"\b{PREFIX}[A-Z_]+\b")
    of_a_published_server = {f"{PREFIX}PORT"}
    assert named and not named - settings - limits - of_a_published_server


# -------------------------------------------------------------------- jobs


def test_each_job_method_is_listed_with_its_sprocket() -> None:
    lines = rows("reference/jobs.md")
    for found in pkgutil.iter_modules(sprockets.__path__):
        if found.name.endswith("_sprocket"):
            module = importlib.import_module(f"sprockets.{found.name}")
            cogs = [item for item in vars(module).values() if _registers(item, module.__name__)]
            jobs = [name for cog in cogs for name in cog.jobs] or list(getattr(module, "JOBS", ()))
            listed = re.findall(r"`(\w+)`", lines[found.name.removesuffix("_sprocket")][0])
            assert listed == jobs


def _registers(item: Any, module: str) -> bool:
    return isinstance(item, type) and issubclass(item, kit.RegisteringCog) and item.__module__ == module


def test_each_variable_is_listed() -> None:
    listed = {name.strip("{}").partition(":")[0] for name in rows("reference/jobs.md") if name[0] == "{"}
    assert listed == set(VARIABLES)


def test_the_page_of_the_kit_has_each_of_its_names() -> None:
    listed = re.findall(r"^::: sprockets\.kit\.(\w+)$", read("reference/kit.md"), re.MULTILINE)
    assert sorted(listed) == sorted(kit.__all__)


# -------------------------------------------------------------------- server


def test_no_page_names_a_route_that_there_is_not() -> None:
    known = {re.sub(r"\{\w+\}", "{}", path) for path in DESCRIPTION["paths"]} | {"/api/openapi.json"}
    named = {re.sub(r"\{\w+\}", "{}", path) for path in in_all_pages(r"(?<!\w)/api/[a-z_/{}.-]*[a-z}]")}
    assert named and not named - known


def test_the_assumptions_that_a_page_names_are_tried_on_the_first_day() -> None:
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", read("explanation/discord.md")))
    assert named and named <= {assumption.code for assumption in ASSUMPTIONS}


def test_each_metric_is_listed() -> None:
    listed = {
        re.sub(r"(_total)?(\{[\w,]+\})?$", "", name)
        for name in rows("reference/operations.md")
        if name.startswith("schedulezero_")
    }
    importlib.import_module("schedulezero.metrics")
    ours = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("schedulezero_")}
    assert listed == ours


def test_the_rest_reference_has_every_operation() -> None:
    text = _module_in_docs("rest_reference").reference()
    for path, operations in DESCRIPTION["paths"].items():
        for method in operations:
            assert f"`{method.upper()} {path}`" in text
    headings = set(re.findall(r"^### (\w+)$", text, re.MULTILINE))
    assert headings == set(DESCRIPTION["components"]["schemas"])


def _module_in_docs(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
