"""What a job function can rely on in its bot: notes, the job server, and the sprockets' registry.

The bot is ours, or someone else's with these parts. Job functions and sprockets find the parts here and
import nothing from the bot.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from schedulezero.methods.spec import JobFunction
from schedulezero.model import GuildRules, Job


class Notes(Protocol):
    """Small values stored under a kind and a key; they survive restarts."""

    async def keep(
        self, kind: str, key: str, value: dict[str, Any], *, since: datetime | None = None
    ) -> bool: ...
    async def put(
        self, kind: str, key: str, value: dict[str, Any], *, since: datetime | None = None
    ) -> bool: ...
    async def kept(self, kind: str, key: str) -> dict[str, Any] | None: ...
    async def forget(self, kind: str, key: str) -> None: ...


class JobServer(Protocol):
    """The server that stores jobs, with the calls that jobs use."""

    async def create(self, job: Job) -> Job: ...
    async def job(self, job_id: str, guild_id: str | None) -> Job: ...
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


@runtime_checkable
class Host(Protocol):
    """A bot with all of these parts."""

    @property
    def memory(self) -> Notes: ...
    @property
    def services(self) -> HostServices: ...


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


def host_of(bot: object) -> Host:
    """Return the bot as a host; raises TypeError if it has no notes or services."""
    if not isinstance(bot, Host):
        raise TypeError("this needs a bot with `memory` and `services`, as ScheduleZero's own has them")
    return bot
