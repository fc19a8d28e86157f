"""A pytest plugin for sprocket authors: ``python -m pytest -p schedulezero.testing``.

It provides the fixtures ``guild`` (the real bot in a simulated guild: run a job, schedule one, advance time,
inspect what was posted) and ``bot_settings``, and the names that tests need with them. They belong to
`bot.testing`, which is imported when the first of them is used.

Where somebody's own bot is a file ``bot.py`` or a folder ``bot``, ``python -m pytest`` finds that instead of
our package. Our package is then imported by its place beside this one, and ``import bot`` still finds theirs.

A folder ``sprockets`` may hide our package of that name, too, as that of a package to publish does with its
``__init__.py``. Ours then stands for both, as in a bot that runs: it finds their modules and `sprockets.kit`.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.testing import (
        MovedClock,
        SimulatedGuild,
        bot_settings,
        free_settings,
        guild,
        simulated_guild,
    )

__all__ = ["MovedClock", "SimulatedGuild", "bot_settings", "free_settings", "guild", "simulated_guild"]

_BOT = "bot"
_MODULE = f"{_BOT}.testing"
_ROOT = Path(__file__).resolve().parent.parent
_OURS = _ROOT / _BOT / "__init__.py"
_SPROCKETS = "sprockets"


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_module(), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})  # where pytest looks for fixtures


@cache
def _module() -> ModuleType:
    """Import our module, also where another `bot` hides its package."""
    found = importlib.util.find_spec(_BOT)
    if found is not None and found.origin is not None and Path(found.origin).resolve() == _OURS:
        return importlib.import_module(_MODULE)
    theirs = _taken_out()
    try:
        _import_ours(_BOT)
        return importlib.import_module(_MODULE)  # with every module of the package that it uses
    finally:
        ours = _taken_out()
        del ours[_BOT]
        if found is None or found.submodule_search_locations is None:
            sys.modules.update(ours)  # a file has no modules of these names, and the old path stays usable
        sys.modules.update(theirs)


def _taken_out() -> dict[str, ModuleType]:
    """Remove the package `bot` and its modules from the imported ones, and return them."""
    names = [name for name in sys.modules if name == _BOT or name.startswith(f"{_BOT}.")]
    return {name: sys.modules.pop(name) for name in names}


def _import_ours(name: str) -> ModuleType:
    """Import one of our packages by its place."""
    file = _ROOT / name / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[str(file.parent)])
    assert spec is not None and spec.loader is not None
    package = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    return package


def pytest_configure() -> None:
    """Find `sprockets.kit` and the modules of the author's folder ``sprockets``, whatever is in that."""
    package = sys.modules.get(_SPROCKETS) or _import_ours(_SPROCKETS)
    # The setting `pythonpath` of pytest is in effect now. Theirs come first, as in a bot that runs.
    own = str(_ROOT / _SPROCKETS)
    places = [place for place in pkgutil.extend_path([], _SPROCKETS) if Path(place).resolve() != Path(own)]
    package.__path__ = list(dict.fromkeys([*places, own]))
