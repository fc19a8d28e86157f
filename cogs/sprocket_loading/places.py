"""Where sprockets are found: in folders of the bot's owner, in this project, and in installed packages.

A sprocket is a module ``cogs/sprockets/<name>_sprocket.py`` or ``sprockets/<name>_sprocket.py``, or one that
an installed package names in the entry point group `GROUP`. Of two with one name, the owner's own comes
before this project's, and this project's before an installed package's.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import cast

from discord.ext import commands

log = logging.getLogger(__name__)

GROUP = "schedulezero.sprockets"
"""The entry point group of packages with sprockets: name = module with ``setup(bot)``."""
SUFFIX = "_sprocket"
PACKAGES = ("cogs.sprockets", "sprockets")
"""The packages whose modules can be sprockets, in the order in which they are searched."""
RENAMED = {"custom": "example"}
"""Sprockets of this project that had another name, which settings may still have."""
_OWN = Path(__file__).resolve().parents[2] / "sprockets"
KIT = _OWN / "kit"
"""The folder of what sprockets import."""
_DISTRIBUTION = "schedulezero-discord"


def _path_of(package: str) -> list[str]:
    """Return the folders of a package, with this project's own moved to the end."""
    module = importlib.import_module(package)
    places = list(module.__path__)
    # It is missing where the owner's package of the same name hides ours.
    own = [place for place in places if Path(place).resolve() == _OWN][:1] or [str(_OWN)]
    if places[-1:] != own:
        module.__path__ = [place for place in places if Path(place).resolve() != _OWN] + own
    return cast("list[str]", module.__path__)


_path_of("sprockets")
importlib.import_module("sprockets.kit")  # before another folder can have a module of that name


@dataclass(frozen=True, slots=True)
class Found:
    """A sprocket that can be loaded.

    Attributes:
        name: its name in ``/load_sprocket``.
        module: the module to import.
        package: the installed package, or the owner's folder, that contains it.
        version: the version of that package; empty for a folder.
    """

    name: str
    module: str
    package: str
    version: str

    @property
    def source(self) -> str:
        """The package and its version, or the folder."""
        return f"{self.package} {self.version}".strip()

    @property
    def release(self) -> str:
        """The version, or the folder."""
        return self.version or self.package

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which it may be loaded as an extension, the usual one first."""
        others = (f"{package}.{self.name}{SUFFIX}" for package in PACKAGES)
        return (self.module, *(name for name in others if name != self.module))


def look_in(folder: Path, package: str = "sprockets") -> None:
    """Also find sprockets in a folder, such as ``sprockets/`` in the folder where the bot was started.

    Parameters:
        folder: the folder; nothing happens if it doesn't exist.
        package: the package to which its modules belong, one of `PACKAGES`.
    """
    places = _path_of(package)
    if folder.is_dir() and not any(Path(known).resolve() == folder.resolve() for known in places):
        places.insert(0, str(folder.resolve()))


def look_around() -> None:
    """Also find sprockets in ``cogs/sprockets/`` and ``sprockets/`` of the current folder."""
    look_in(Path("cogs/sprockets"), "cogs.sprockets")
    look_in(Path("sprockets"))


def folders() -> list[Path]:
    """Return the folders where sprockets are found, apart from those of installed packages."""
    return list(dict.fromkeys(Path(place) for package in PACKAGES for place in _path_of(package)))


def discover() -> dict[str, Found]:
    """Return all sprockets by name; of two with one name, the one that is loaded."""
    found: dict[str, Found] = {}
    for item in _all():
        found.setdefault(item.name, item)
    return found


def clashes() -> list[str]:
    """Return a sentence for each sprocket that can't be loaded because another one has its name.

    `replaced` lists this project's sprockets that an owner's replaces.
    """
    found = discover()
    return [
        f"“{item.name}” of {item.package} is left out: {found[item.name].package} has one, too."
        for item in _all()
        if found[item.name] != item and item.package != _DISTRIBUTION
    ]


def replaced() -> list[str]:
    """Return a sentence for each sprocket of this project in whose place the owner's own one is loaded."""
    found = discover()
    return [
        f"“{item.name}” of {found[item.name].package} takes the place of {item.package}'s own."
        for item in _all()
        if found[item.name] != item and item.package == _DISTRIBUTION
    ]


def present_name(name: str) -> str:
    """Return a sprocket's name, or its new name if it was renamed and nobody has one of the old name."""
    new = RENAMED.get(name)
    if new is None or name in discover():
        return name
    log.warning("the sprocket %r is called %r now; use that name in `sprockets`", name, new)
    return new


def _all() -> Iterator[Found]:
    """Yield every sprocket, in the order of precedence."""
    for package in PACKAGES:
        for place in _path_of(package)[:-1]:  # the last one is this project's own
            for module in _modules_in(place):
                name = module.removesuffix(SUFFIX)
                yield Found(name, f"{package}.{module}", package.replace(".", "/"), "")
    for module in _modules_in(str(_OWN)):
        yield Found(module.removesuffix(SUFFIX), f"sprockets.{module}", _DISTRIBUTION, own_version())
    yield from _brought_by(tuple(_installed()))


def _modules_in(folder: str) -> Iterator[str]:
    return (item.name for item in pkgutil.iter_modules([folder]) if item.name.endswith(SUFFIX))


def _installed() -> Iterator[tuple[str, int]]:
    """Yield the folders where packages may be installed, each with the time of its last change."""
    for place in sys.path:
        try:
            yield place, Path(place).stat().st_mtime_ns
        except OSError:
            continue  # Python skips missing folders, too


@lru_cache(maxsize=1)  # reading every package's entry points is slow and blocks the event loop
def _brought_by(_: tuple[tuple[str, int], ...]) -> tuple[Found, ...]:
    return tuple(
        Found(point.name, point.module, point.dist.name, point.dist.version)
        for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
        if point.dist is not None
    )


@cache
def own_version() -> str:
    """Return the version of this bot."""
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:
        return "from source"


def available() -> list[str]:
    """Return the names of all sprockets that can be loaded."""
    return sorted(discover())


def loaded(bot: commands.Bot) -> list[str]:
    """Return the names of the loaded sprockets."""
    return sorted(item.name for item in discover().values() if _loaded_as(bot, item) is not None)


def extension(name: str, bot: commands.Bot | None = None) -> str:
    """Return the extension name of a sprocket; in a bot where it is loaded, the name under which it is."""
    found = discover().get(name)
    return f"sprockets.{name}{SUFFIX}" if found is None else extension_of(found, bot)


def extension_of(item: Found, bot: commands.Bot | None = None) -> str:
    """Return the extension name of a sprocket that was found; see `extension`."""
    return (_loaded_as(bot, item) if bot is not None else None) or item.module


def _loaded_as(bot: commands.Bot, item: Found) -> str | None:
    return next((name for name in item.names if name in bot.extensions), None)


def is_sprocket(module: str) -> bool:
    """Return whether a module belongs to a sprocket, wherever it was loaded from."""
    return any(part.endswith(SUFFIX) for part in module.split(".")) or any(
        is_in(item.module, module) for item in _brought_by(tuple(_installed()))
    )


def is_in(extension: str, module: str | None) -> bool:
    """Return whether a module is an extension's own or below it."""
    return module is not None and (module == extension or module.startswith(f"{extension}."))
