"""Knows which sprocket each job belongs to, so that a sprocket neither takes nor removes another's.

While a sprocket is loaded, reloaded or unloaded, `watching` says which one it is (`Owners.acting`). At other
times, such as in an ``on_ready`` listener that discord.py calls, a job belongs to the sprocket that defines
its function or whose cog lists it. Jobs that a bot registers itself belong to none.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from discord.ext import commands

from cogs.services import Refused
from cogs.sprocket_loading.places import SUFFIX, discover, is_in
from schedulezero.methods.spec import JobFunction

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Turn:
    """A time in which a sprocket's code runs.

    Attributes:
        owners: whose bot it is.
        extension: the sprocket's extension.
        refusing: whether a job that belongs to another sprocket is an error here.
        over: whether it has ended; tasks that the sprocket started keep it in their context.
    """

    owners: Owners
    extension: str
    refusing: bool
    over: bool = False


_turn: ContextVar[_Turn | None] = ContextVar("sprocket", default=None)


class Owners:
    """The owners of a bot's jobs.

    Parameters:
        bot: the bot.
        jobs: the registered jobs by name.
    """

    def __init__(self, bot: commands.Bot, jobs: Mapping[str, JobFunction]) -> None:
        self._bot = bot
        self._jobs = jobs
        self._known: dict[str, tuple[JobFunction, str | None]] = {}

    @contextmanager
    def acting(self, extension: str, *, refusing: bool = True) -> Generator[None]:
        """Take what is registered and unregistered inside the block for an extension's."""
        turn = _Turn(self, extension, refusing)
        token = _turn.set(turn)
        try:
            yield
        finally:
            turn.over = True
            _turn.reset(token)

    @property
    def busy(self) -> bool:
        """Whether this is called inside `acting`."""
        return self._current() is not None

    def claim(self, name: str, function: JobFunction) -> bool:
        """Note who registers a job. Return False, or raise Refused, if it is another loaded sprocket's."""
        turn = self._current()
        own = turn.extension if turn is not None else self._defining(function)
        holder = self.owner(name)
        if own is not None and holder is not None and holder != own and holder in self._bot.extensions:
            refused = claimed_already(_shown(own), name, f"“{_shown(holder)}”")
            if turn is not None and turn.refusing:
                raise refused
            log.error("%s", refused)
            return False
        before = self._jobs.get(name)
        if before is not None and (holder or before.__module__) != (own or function.__module__):
            log.warning("the job %r of %s takes the place of another one", name, function.__module__)
        self._known[name] = function, own
        return True

    def may_remove(self, name: str) -> bool:
        """Return whether whoever unregisters a job now isn't a sprocket to which it doesn't belong."""
        turn = self._current()
        return turn is None or not self.belongs_to_other(name, turn.extension)

    def belongs_to_other(self, name: str, extension: str) -> bool:
        """Return whether a job belongs to another extension that is loaded."""
        holder = self.owner(name)
        return holder is not None and holder != extension and holder in self._bot.extensions

    def owner(self, name: str) -> str | None:
        """Return the extension to which a registered job belongs; None if it belongs to none."""
        function = self._jobs.get(name)
        if function is None:
            return None
        known, own = self._known.get(name, (None, None))
        return own if known is function and own is not None else self._defining(function)

    def extension_of(self, module: str) -> str | None:
        """Return the loaded extension to which a module belongs."""
        return next((name for name in self._bot.extensions if is_in(name, module)), None)

    def _defining(self, function: JobFunction) -> str | None:
        module = getattr(function, "__module__", None)
        if isinstance(module, str) and (found := self.extension_of(module)) is not None:
            return found
        for cog in self._bot.cogs.values():
            jobs = getattr(cog, "jobs", None)
            if isinstance(jobs, Mapping) and any(job is function for job in jobs.values()):
                return self.extension_of(cog.__module__)
        return None

    def _current(self) -> _Turn | None:
        turn = _turn.get()
        return turn if turn is not None and turn.owners is self and not turn.over else None


def claimed_already(name: str, taken: str, owner: str) -> Refused:
    """Return the error that a sprocket provides a job that another one already provides."""
    return Refused(
        "{owner} already provides the job `{taken}`. Unload it before you load “{name}”.",
        code="job_claimed_already",
        name=name,
        taken=taken,
        owner=owner,
    )


def _shown(extension: str) -> str:
    """Return a sprocket's name as `/load_sprocket` takes it."""
    found = (item.name for item in discover().values() if extension in item.names)
    return next(found, extension.rpartition(".")[2].removesuffix(SUFFIX))
