"""Which library is installed under the name ``discord``: discord.py, or another one such as py-cord.

Imports nothing of it, so that another library gets a sentence instead of the error of the first import.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from schedulezero.errors import ScheduleZeroError

LEAST = (2, 7, 1)
BELOW = 3
"""The versions of discord.py that we need: from LEAST on, and below this major one."""
_NAME = "discord"
_FILE = "discord/__init__.py"
_OURS = "discord-py"


class WrongDiscord(ScheduleZeroError):
    """The installed library ``discord`` isn't the one that we need."""


@dataclass(frozen=True, slots=True)
class Library:
    """A distribution that provides the package ``discord``.

    Attributes:
        name: its name, as in ``pip install``.
        version: its version.
    """

    name: str
    version: str

    @property
    def fits(self) -> bool:
        """Whether it is discord.py in a version that we can run on."""
        found = re.match(r"(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?", self.version)
        if found is None or re.sub(r"[-_.]+", "-", self.name.lower()) != _OURS:
            return False
        major, minor, patch = (int(part or 0) for part in found.groups())
        return (major, minor, patch) >= LEAST and major < BELOW


def expect_discord_py() -> None:
    """Raise WrongDiscord, with the remedy, unless a suitable discord.py is installed."""
    needed = f"ScheduleZero needs discord.py {'.'.join(map(str, LEAST))} or newer, below {BELOW}"
    if importlib.util.find_spec(_NAME) is None:
        raise WrongDiscord(f"There is no library `discord` here; {needed}: pip install schedulezero-discord.")
    found = installed()
    if found is None or found.fits:
        return
    remedy = (
        "upgrade it: pip install --upgrade schedulezero-discord"
        if Library(found.name, ".".join(map(str, LEAST))).fits
        else "use another virtual environment, because the two can't be installed in one"
    )
    raise WrongDiscord(f"The installed `discord` is {found.name} {found.version}. {needed}; {remedy}.")


def installed() -> Library | None:
    """Return the library that ``import discord`` finds; None if no distribution tells that it is its own."""
    spec = importlib.util.find_spec(_NAME)
    if spec is None or spec.origin is None:
        return None
    file = Path(spec.origin)
    owners = list(_owners(file))
    if len(owners) > 1:  # one was installed over the other: its file is the one that is there
        owners = [owner for owner in owners if _wrote(owner, file)]
    return Library(owners[0].metadata["Name"], owners[0].version) if owners else None


def _owners(file: Path) -> Iterator[Distribution]:
    """Yield the distributions that say that the package in this file is theirs."""
    for distribution in distributions():
        names = (distribution.read_text("top_level.txt") or "").split()
        if _NAME in names and Path(str(distribution.locate_file(_FILE))).resolve() == file.resolve():
            yield distribution


def _wrote(distribution: Distribution, file: Path) -> bool:
    """Return whether the file is as the distribution installed it, by the hash that pip recorded."""
    for entry in distribution.files or ():
        if entry.as_posix() == _FILE and entry.hash is not None:
            digest = hashlib.new(entry.hash.mode, file.read_bytes()).digest()
            return base64.urlsafe_b64encode(digest).decode().rstrip("=") == entry.hash.value
    return False
