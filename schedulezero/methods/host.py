"""What a job function can rely on in its bot: notes, kept files, the job server, and the sprockets' registry.

The bot is ours, or someone else's with these parts. Job functions and sprockets find the parts here and
import nothing from the bot.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol, runtime_checkable

from schedulezero.methods.spec import JobFunction
from schedulezero.model import GuildRules, Job, Run
from schedulezero.model.habits import Habits
from schedulezero.model.kept_file import FileFacts


class Notes(Protocol):
    """Small values stored under a kind and a key; they survive restarts."""

    async def keep(
        self, kind: str, key: str, value: dict[str, Any], *, since: datetime | None = None
    ) -> bool: ...
    async def put(
        self, kind: str, key: str, value: dict[str, Any], *, since: datetime | None = None
    ) -> bool: ...
    async def notes_with(
        self, kind: str, wanted: Mapping[str, str], order: Sequence[str], most: int
    ) -> list[dict[str, Any]]: ...
    async def put_among(self, kind: str, key: str, value: dict[str, Any], most: int) -> bool: ...
    async def kept(self, kind: str, key: str) -> dict[str, Any] | None: ...
    async def forget(self, kind: str, key: str) -> None: ...


class KeptFiles(Protocol):
    """Files that people attached, known by their digest; see `schedulezero.model.kept_file`.

    A digest in a job's parameters may be forged, so both calls also take the id of the job's guild, or of the
    person whose own job it is. A guild only sees files that were kept for it.
    """

    async def known(self, digest: str, guild_id: str) -> FileFacts | None:
        """Return what is known of a guild's file; None if the guild has no file with that digest."""
        ...

    async def open(self, digest: str, guild_id: str) -> BinaryIO:
        """Return a guild's file, open for reading, seekable and checked; the caller closes it.

        It is an unnamed temporary file on disk, never held in memory as a whole. Raises Gone with the code
        ``file_missing`` if the guild has no such file, and ``file_damaged`` if its content has changed.
        """
        ...


class Secrets(Protocol):
    """Encrypts secret settings; see `schedulezero.storage.sealing`. Its calls read files."""

    def seal(self, text: str, place: Sequence[str]) -> dict[str, str]: ...
    def open(self, value: Mapping[str, Any], place: Sequence[str]) -> str: ...


class HostMemory(Notes, Protocol):
    """The notes of a bot, its kept files, and what encrypts its secrets."""

    @property
    def files(self) -> KeptFiles: ...
    @property
    def secrets(self) -> Secrets: ...


class FoundRuns(Protocol):
    """Some runs, the newest first."""

    @property
    def runs(self) -> Sequence[Run]: ...


class JobServer(Protocol):
    """The server that stores jobs, with the calls that jobs use."""

    async def create(self, job: Job) -> Job: ...
    async def job(self, job_id: str, guild_id: str | None) -> Job: ...
    def all_jobs(self, guild_id: str) -> AsyncIterator[Job]: ...
    async def runs(self, guild_id: str | None, *, job_id: str | None) -> FoundRuns: ...
    async def cancel(self, job: Job) -> Job: ...
    async def rules(self, guild_id: str) -> GuildRules: ...


class HostServices(Protocol):
    """See `cogs.services.Services`."""

    @property
    def client(self) -> JobServer: ...
    @property
    def handler_id(self) -> str: ...
    @property
    def private_calls(self) -> bool: ...
    async def said_in(self, guild: Any, said: str) -> str: ...
    async def habits_of(self, guild_id: int | None) -> Habits: ...
    async def alert_channel(self, guild: Any) -> Any: ...
    def allows_direct_message(self, person_id: int) -> bool:
        """Count a direct message to a person; return False if it would exceed the owner's limit.

        For jobs that write to several people; a method's `addressee` is counted before its run.
        """
        ...


@runtime_checkable
class Host(Protocol):
    """A bot with all of these parts."""

    @property
    def memory(self) -> HostMemory: ...
    @property
    def services(self) -> HostServices: ...


@dataclass(frozen=True, slots=True)
class HostParts:
    """The parts of a bot that job functions use."""

    memory: HostMemory
    services: HostServices

    @property
    def files(self) -> KeptFiles:
        """The files that people attached."""
        return self.memory.files


@runtime_checkable
class Registry(Protocol):
    """Where sprockets register."""

    def register_sprocket(self, name: str, function: JobFunction) -> None: ...
    def unregister_sprocket(self, name: str) -> None: ...


class _WithCogs(Protocol):
    def get_cog(self, name: str, /) -> object: ...


def registry_of(bot: _WithCogs) -> Registry | None:
    """Return the cog where sprockets register; None while it isn't loaded."""
    cog = bot.get_cog("ScheduleZeroCog")
    return cog if isinstance(cog, Registry) else None


def host_of(bot: object) -> HostParts:
    """Return a bot's parts; raises TypeError if it has no notes or services."""
    if not isinstance(bot, Host):
        raise TypeError("this needs a bot with `memory` and `services`, as ScheduleZero's own has them")
    return HostParts(bot.memory, bot.services)
