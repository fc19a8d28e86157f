"""A table of directories: what each may import of ours. What a line does not name is forbidden.

A directory may import itself and the places in its line. A module with a line of its own is a place of its
own, as are the cogs. The lines together have no circle.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "cogs", "sprockets", "schedulezero")

# Read as: a place, and the places that its modules may import.
TABLE = {
    "schedulezero": "",
    "schedulezero/model": "schedulezero",
    "schedulezero/testing.py": "bot/testing.py",  # a pytest plugin under a name that nothing hides
    "schedulezero/metrics.py": "schedulezero/model",
    "schedulezero/storage": "schedulezero schedulezero/model",
    "schedulezero/when/calendar": "schedulezero schedulezero/model",
    "schedulezero/wire": "schedulezero schedulezero/model schedulezero/storage",
    "schedulezero/when/grammar/core": "",
    "schedulezero/when/grammar/rules/clock": "schedulezero/when/grammar/core",
    "schedulezero/when/grammar/rules/recurring": (
        "schedulezero/when/grammar/core schedulezero/when/grammar/rules/clock"
    ),
    "schedulezero/when/grammar/rules/days": (
        "schedulezero/when/grammar/core schedulezero/when/grammar/rules/clock"
    ),
    "schedulezero/when/grammar/rules": (
        "schedulezero/when/grammar/core schedulezero/when/grammar/rules/clock "
        "schedulezero/when/grammar/rules/recurring schedulezero/when/grammar/rules/days"
    ),
    "schedulezero/when/grammar": (
        "schedulezero schedulezero/model schedulezero/when/calendar schedulezero/when/grammar/core "
        "schedulezero/when/grammar/rules schedulezero/when/grammar/rules/clock "
        "schedulezero/when/grammar/rules/recurring"
    ),
    "schedulezero/when/grammar/again": (
        "schedulezero schedulezero/model schedulezero/when/calendar schedulezero/when/grammar/core "
        "schedulezero/when/grammar/rules/clock schedulezero/when/grammar/rules/recurring "
        "schedulezero/when/grammar"
    ),
    "schedulezero/when/grammar/read.py": (
        "schedulezero schedulezero/model schedulezero/when/calendar schedulezero/when/grammar/core "
        "schedulezero/when/grammar/rules schedulezero/when/grammar schedulezero/when/grammar/again"
    ),
    "schedulezero/when/language": (
        "schedulezero schedulezero/model schedulezero/when/calendar schedulezero/when/grammar "
        "schedulezero/when/grammar/core schedulezero/when/grammar/rules "
        "schedulezero/when/grammar/rules/clock schedulezero/when/grammar/read.py"
    ),
    "schedulezero/methods": (
        "schedulezero schedulezero/model schedulezero/when/calendar schedulezero/when/language"
    ),
    "schedulezero/compose": "schedulezero schedulezero/model schedulezero/methods",
    "schedulezero/client": (
        "schedulezero schedulezero/model schedulezero/wire schedulezero/when/calendar "
        "schedulezero/when/language schedulezero/methods"
    ),
    "schedulezero/exchange": (
        "schedulezero schedulezero/model schedulezero/when/calendar schedulezero/when/language "
        "schedulezero/methods schedulezero/compose"
    ),
    "schedulezero/following": (
        "schedulezero schedulezero/compose schedulezero/methods schedulezero/exchange schedulezero/web "
        "schedulezero/when/language"
    ),
    "schedulezero/handler": (
        "schedulezero schedulezero/model schedulezero/storage schedulezero/when/calendar "
        "schedulezero/wire schedulezero/methods"
    ),
    "schedulezero/handler_base.py": (
        "schedulezero schedulezero/wire schedulezero/methods schedulezero/handler"
    ),
    "schedulezero/web": "schedulezero schedulezero/wire schedulezero/methods",
    "schedulezero/server/health.py": "schedulezero schedulezero/model schedulezero/storage",
    "schedulezero/server/decisions": (
        "schedulezero schedulezero/model schedulezero/when/calendar schedulezero/wire"
    ),
    "schedulezero/server/records": (
        "schedulezero schedulezero/model schedulezero/storage schedulezero/when/calendar schedulezero/wire "
        "schedulezero/methods"
    ),
    "schedulezero/server/handlers": (
        "schedulezero schedulezero/model schedulezero/wire schedulezero/server/records"
    ),
    "schedulezero/server/http": (
        "schedulezero schedulezero/model schedulezero/metrics.py schedulezero/when/calendar "
        "schedulezero/methods schedulezero/web schedulezero/storage "
        "schedulezero/wire schedulezero/server/decisions schedulezero/server/records"
    ),
    "schedulezero/server/store": (
        "schedulezero schedulezero/model schedulezero/storage schedulezero/server/decisions "
        "schedulezero/server/records"
    ),
    "schedulezero/server/engine": (
        "schedulezero schedulezero/model schedulezero/metrics.py schedulezero/storage "
        "schedulezero/when/calendar schedulezero/wire schedulezero/server/decisions "
        "schedulezero/server/records schedulezero/server/handlers schedulezero/server/store"
    ),
    "schedulezero/server/api": (
        "schedulezero schedulezero/model schedulezero/metrics.py schedulezero/server/health.py "
        "schedulezero/wire schedulezero/when/calendar schedulezero/when/language "
        "schedulezero/server/decisions schedulezero/server/records schedulezero/server/handlers "
        "schedulezero/server/http "
        "schedulezero/server/store schedulezero/server/engine"
    ),
    "schedulezero/server": (
        "schedulezero schedulezero/model schedulezero/storage schedulezero/server/health.py "
        "schedulezero/wire schedulezero/server/records schedulezero/server/handlers "
        "schedulezero/server/http schedulezero/server/store schedulezero/server/engine "
        "schedulezero/server/api"
    ),
    "sprockets/kit": (
        "schedulezero schedulezero/compose schedulezero/model schedulezero/methods schedulezero/web "
        "schedulezero/handler schedulezero/exchange schedulezero/following schedulezero/wire "
        "schedulezero/when/calendar schedulezero/when/language"
    ),
    "sprockets": (
        "schedulezero schedulezero/compose schedulezero/methods schedulezero/handler schedulezero/web "
        "schedulezero/exchange schedulezero/following schedulezero/model sprockets/kit"
    ),
    "cogs/background": (
        "schedulezero schedulezero/metrics.py schedulezero/methods schedulezero/handler schedulezero/web"
    ),
    "cogs/config": (
        "schedulezero schedulezero/model schedulezero/storage schedulezero/when/calendar schedulezero/wire"
    ),
    "cogs": (
        "schedulezero schedulezero/model schedulezero/storage schedulezero/wire schedulezero/compose "
        "schedulezero/when/language schedulezero/methods schedulezero/client schedulezero/exchange "
        "schedulezero/handler schedulezero/web cogs/background cogs/config"
    ),
    "cogs/sprockets": "",
    "cogs/rights": (
        "schedulezero schedulezero/model schedulezero/when/calendar schedulezero/methods "
        "schedulezero/client schedulezero/handler schedulezero/web schedulezero/compose cogs/background cogs"
    ),
    "cogs/sprocket_loading": "schedulezero schedulezero/methods sprockets cogs",
    "cogs/desk/kit": (
        "schedulezero schedulezero/model schedulezero/when/calendar schedulezero/when/language "
        "schedulezero/methods schedulezero/client schedulezero/compose cogs cogs/background cogs/rights"
    ),
    "cogs/desk/drafts": (
        "schedulezero schedulezero/compose schedulezero/model schedulezero/when/calendar "
        "schedulezero/when/language schedulezero/methods schedulezero/client schedulezero/web "
        "cogs/background cogs cogs/rights cogs/desk/kit"
    ),
    "cogs/desk/reminders": (
        "schedulezero schedulezero/compose schedulezero/model schedulezero/when/calendar "
        "schedulezero/when/language schedulezero/methods schedulezero/client cogs cogs/rights cogs/desk/kit"
    ),
    "cogs/desk/jobs": (
        "schedulezero schedulezero/compose schedulezero/model schedulezero/when/calendar "
        "schedulezero/when/language schedulezero/methods schedulezero/client schedulezero/handler "
        "cogs/background cogs cogs/rights cogs/desk/kit cogs/desk/drafts"
    ),
    "cogs/desk/queue": (
        "schedulezero schedulezero/model schedulezero/when/calendar schedulezero/when/language "
        "schedulezero/methods schedulezero/client cogs cogs/rights cogs/desk/kit cogs/desk/jobs"
    ),
    "cogs/desk/files": (
        "schedulezero schedulezero/compose schedulezero/model schedulezero/when/calendar "
        "schedulezero/methods schedulezero/client schedulezero/exchange cogs/background cogs cogs/rights "
        "cogs/desk/kit "
        "cogs/desk/drafts cogs/desk/jobs"
    ),
    "cogs/desk/runs": (
        "schedulezero schedulezero/model schedulezero/when/calendar schedulezero/when/language "
        "schedulezero/methods schedulezero/client schedulezero/exchange cogs/background cogs cogs/rights "
        "cogs/desk/kit cogs/desk/jobs"
    ),
    "cogs/desk/settings": (
        "schedulezero schedulezero/model schedulezero/when/calendar schedulezero/when/language "
        "schedulezero/methods schedulezero/client schedulezero/web cogs/background cogs cogs/rights "
        "cogs/sprocket_loading cogs/desk/kit cogs/desk/drafts cogs/desk/jobs"
    ),
    "cogs/desk/start": (
        "schedulezero schedulezero/when/language schedulezero/methods schedulezero/client cogs cogs/rights "
        "cogs/desk/kit cogs/desk/reminders cogs/desk/settings"
    ),
    "cogs/desk/creating": (
        "schedulezero schedulezero/compose schedulezero/model schedulezero/when/calendar "
        "schedulezero/when/language schedulezero/methods schedulezero/client schedulezero/handler "
        "cogs/background cogs cogs/rights cogs/desk/kit cogs/desk/drafts cogs/desk/jobs cogs/desk/queue "
        "cogs/desk/settings"
    ),
    "cogs/desk/compose": (
        "schedulezero schedulezero/compose schedulezero/model schedulezero/when/language "
        "schedulezero/methods cogs/background cogs cogs/rights cogs/desk/kit cogs/desk/drafts "
        "cogs/desk/jobs cogs/desk/queue cogs/desk/creating"
    ),
    "cogs/*_cog.py": (
        "schedulezero schedulezero/model schedulezero/when/language schedulezero/methods "
        "schedulezero/client schedulezero/handler cogs/background cogs cogs/rights cogs/sprocket_loading "
        "cogs/desk/kit cogs/desk/reminders cogs/desk/jobs cogs/desk/files cogs/desk/queue cogs/desk/runs "
        "cogs/desk/settings cogs/desk/start cogs/desk/creating cogs/desk/compose"
    ),
    "bot/pace": (
        "schedulezero schedulezero/metrics.py schedulezero/storage schedulezero/methods schedulezero/handler "
        "cogs/background"
    ),
    "bot": (
        "schedulezero schedulezero/model schedulezero/metrics.py schedulezero/storage "
        "schedulezero/when/calendar schedulezero/wire schedulezero/when/language schedulezero/methods "
        "schedulezero/client schedulezero/handler bot/pace sprockets/kit schedulezero/server/http "
        "sprockets cogs/background cogs cogs/config cogs/sprocket_loading schedulezero/server "
        "cogs/desk/kit cogs/*_cog.py"
    ),
    "bot/cli": (
        "schedulezero schedulezero/model schedulezero/storage schedulezero/when/calendar "
        "schedulezero/wire schedulezero/exchange schedulezero/handler schedulezero/server/records cogs "
        "cogs/config bot"
    ),
    "bot/health": (
        "schedulezero schedulezero/model schedulezero/storage schedulezero/wire schedulezero/methods "
        "schedulezero/client schedulezero/handler cogs cogs/rights cogs/sprocket_loading "
        "schedulezero/server schedulezero/server/records sprockets/kit bot bot/cli bot/pace"
    ),
    "bot/run.py": "schedulezero bot bot/health",
    "bot/first_day": (
        "schedulezero schedulezero/model schedulezero/storage schedulezero/wire cogs cogs/config cogs/rights "
        "bot bot/cli bot/health"
    ),
    "bot/first_day/subjects": ("schedulezero schedulezero/model cogs cogs/rights bot/first_day"),
    "bot/first_day/table.py": "bot/first_day bot/first_day/subjects",
    "bot/first_day/day.py": (
        "schedulezero cogs/config cogs/rights bot bot/cli bot/health bot/first_day "
        "bot/first_day/subjects bot/first_day/table.py"
    ),
    "bot/first_day/command.py": "bot bot/cli bot/first_day bot/first_day/day.py",
    "bot/demo": (
        "schedulezero schedulezero/model schedulezero/wire schedulezero/web schedulezero/when/language cogs "
        "cogs/background cogs/rights "
        "bot bot/run.py"
    ),
    "bot/cli/main.py": (
        "schedulezero schedulezero/storage schedulezero/when/calendar schedulezero/when/language "
        "schedulezero/server cogs bot bot/cli bot/health bot/run.py bot/demo bot/first_day/command.py"
    ),
    "bot/testing.py": (
        "schedulezero schedulezero/model schedulezero/wire schedulezero/when/language schedulezero/methods "
        "schedulezero/handler cogs cogs/config cogs/sprocket_loading bot bot/demo"
    ),
    "bot/__main__.py": "bot/cli bot/cli/main.py",
}

# Old import paths, which warn and go with the next release; nothing of ours imports them.
OLD_PATHS = {
    "schedulezero.message_links", "schedulezero.outgoing", "schedulezero.run_context",
    "schedulezero.sprocket_settings", "schedulezero.steps", "schedulezero.typed",
    "sprockets.discord_side", "sprockets.follow_up", "sprockets.registering",
}  # fmt: skip

# Read as: a module below a directory, and what it may not import from elsewhere.
FOREIGN = {"schedulezero": "discord"}


def modules() -> dict[str, Path]:
    """Each of our modules by its name; a package by its own."""
    found: dict[str, Path] = {}
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


MODULES = modules()
NEW = {name: file for name, file in MODULES.items() if name not in OLD_PATHS}


def place_of(name: str) -> str:
    """The place of a module: a line of its own, or its directory."""
    path = MODULES[name].relative_to(ROOT).as_posix()
    own = [place for place in TABLE if place.endswith(".py") and fnmatch(path, place)]
    return own[0] if own else path.rpartition("/")[0]


def imported(file: Path) -> Iterator[str]:
    """The names that a module imports, wherever in it; those of ours by the module that holds them."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module


def test_each_directory_has_a_line_and_each_line_a_directory() -> None:
    empty = {
        name for name, file in NEW.items() if file.name == "__init__.py" and not file.read_text().strip()
    }
    assert {place_of(name) for name in NEW if name not in empty} == set(TABLE)


def test_the_table_has_no_circle() -> None:
    TopologicalSorter({place: allowed.split() for place, allowed in TABLE.items()}).prepare()
    assert not {place for allowed in TABLE.values() for place in allowed.split()} - set(TABLE)


@pytest.mark.parametrize("place", TABLE)
def test_nothing_imports_what_it_may_not(place: str) -> None:
    own = {name: file for name, file in NEW.items() if place_of(name) == place}
    allowed = {place, *TABLE[place].split()}
    wrong = [
        f"{name} imports {other}"
        for name, file in own.items()
        for other in imported(file)
        if (other in MODULES and place_of(other) not in allowed) or other in OLD_PATHS
    ]
    assert own and not wrong


@pytest.mark.parametrize("package", FOREIGN)
def test_what_knows_nothing_of_discord(package: str) -> None:
    wrong = [
        f"{name} imports {other}"
        for name, file in MODULES.items()
        if name.partition(".")[0] == package
        for other in imported(file)
        if other.partition(".")[0] == FOREIGN[package]
    ]
    assert not wrong


@pytest.mark.parametrize("name", sorted(OLD_PATHS))
def test_an_old_path_warns_and_has_the_same_names(name: str) -> None:
    sys.modules.pop(name, None)
    with pytest.warns(DeprecationWarning, match="has moved to") as caught:
        old = importlib.import_module(name)
    new = importlib.import_module(str(caught[-1].message).split(" moved to ")[1].partition(";")[0])
    names = [name for name, value in vars(new).items() if getattr(value, "__module__", None) == new.__name__]
    assert all(getattr(old, name) is getattr(new, name) for name in names if not name.startswith("_"))


def test_the_module_that_was_split_still_has_its_names() -> None:
    with pytest.warns(DeprecationWarning, match="has moved to"):
        sys.modules.pop("sprockets.discord_side", None)
        old = importlib.import_module("sprockets.discord_side")
    kit = importlib.import_module("sprockets.kit")
    for name in ("REASON", "asking_discord", "channel_of", "find_message", "embed_of", "post", "for_each"):
        assert getattr(old, name) is getattr(kit, name)
    assert {"failure", "MOST_TEXT", "CLOCK_SKEW", "may_look_back"} <= vars(old).keys()


@pytest.mark.parametrize("package", ["schedulezero.client", "schedulezero.handler", "schedulezero.methods"])
def test_a_module_that_became_a_package_still_has_its_names(package: str) -> None:
    names = {
        "schedulezero.client": "Client", "schedulezero.handler": "Handler", "schedulezero.methods": "Need",
    }  # fmt: skip
    with pytest.warns(DeprecationWarning, match="has moved to"):
        assert getattr(importlib.import_module(package), names[package]).__module__.startswith(package)


def test_no_test_module_imports_another() -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {other}"
        for file in sorted((ROOT / "tests").rglob("*.py"))
        for other in imported(file)
        if other.startswith("tests.") and other.rpartition(".")[2].startswith("test_")
    ]
    assert not wrong


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {
        name: {other for other in imported(file) if other in NEW and other != name}
        for name, file in NEW.items()
    }
    TopologicalSorter(graph).prepare()
