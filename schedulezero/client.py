"""The REST client: one typed interface for the cogs, whichever server answers.

It learns the server's dialect with the first request and again after a server was gone, because
another one may have taken its place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

from schedulezero.dialects import PAGE, Dialect, Feature, JobPage, RunPage, learn_dialect
from schedulezero.errors import BadAnswer, NotFound, ServerTimeout, ServerUnreachable
from schedulezero.http import Http
from schedulezero.model import HandlerInfo, Job, JobState, JsonObject, Run, RunState

T = TypeVar("T")


class Client:
    """Talks to one ScheduleZero server. Every method raises ClientError with a sentence."""

    def __init__(self, endpoint: str) -> None:
        self._http = Http(endpoint)
        self._dialect: Dialect | None = None

    @property
    def endpoint(self) -> str:
        """The server's root address."""
        return self._http.endpoint

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.close()

    async def lacks(self) -> Mapping[Feature, str]:
        """What this server cannot do, with the sentence to tell about it."""
        return (await self._learned()).lacks

    async def create(self, job: Job) -> Job:
        """Saves a new job."""
        return await self._ask(lambda dialect: dialect.create(job))

    async def job(self, job_id: str, guild_id: str) -> Job:
        """The job of that id, if it belongs to that guild; NotFound otherwise."""
        job = await self._ask(lambda dialect: dialect.show(job_id))
        if job.guild_id != guild_id:
            raise NotFound(f"There is no job {job_id!r} here.", code="job_not_found", field="job_id")
        return job

    async def jobs(
        self,
        guild_id: str,
        *,
        state: JobState | None = None,
        text: str | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> JobPage:
        """A page of a guild's jobs, next run first."""
        return await self._ask(
            lambda dialect: dialect.jobs(guild_id, state=state, text=text, cursor=cursor, limit=limit)
        )

    async def change(self, job: Job, version: int) -> Job:
        """Saves an edited job; Conflict when it is no longer at that version."""
        return await self._ask(lambda dialect: dialect.change(job, version))

    async def cancel(self, job: Job) -> Job:
        """Ends a job."""
        return await self._ask(lambda dialect: dialect.cancel(job))

    async def restore(self, job_id: str) -> Job:
        """Undoes a cancel."""
        return await self._ask(lambda dialect: dialect.restore(job_id))

    async def pause(self, job_id: str) -> Job:
        """Holds a job."""
        return await self._ask(lambda dialect: dialect.pause(job_id))

    async def resume(self, job_id: str) -> Job:
        """Lets a paused job fall due again."""
        return await self._ask(lambda dialect: dialect.resume(job_id))

    async def run(self, job: Job) -> Run:
        """Runs a job once, now."""
        return await self._ask(lambda dialect: dialect.run(job))

    async def runs(
        self,
        guild_id: str,
        *,
        job_id: str | None = None,
        state: RunState | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> RunPage:
        """A page of a guild's runs, newest first."""
        return await self._ask(
            lambda dialect: dialect.runs(guild_id, job_id=job_id, state=state, cursor=cursor, limit=limit)
        )

    async def handlers(self) -> list[HandlerInfo]:
        """The handlers that the server knows, each asked whether it is there."""
        answer = await self._http.request("GET", "/api/handlers")
        items: Any = answer.get("handlers")
        if not isinstance(items, list):
            raise BadAnswer("The server's answer has no list of handlers; is it a ScheduleZero server?")
        try:
            return [HandlerInfo.from_json(cast(JsonObject, item)) for item in cast("list[Any]", items)]
        except (KeyError, TypeError, ValueError) as error:
            raise BadAnswer(
                f"The server described a handler in a way that cannot be read ({error})."
            ) from error

    async def health(self) -> JsonObject:
        """Whether the server is well, with what it says of its load."""
        return await self._http.request("GET", "/api/health")

    async def _learned(self) -> Dialect:
        if self._dialect is None:
            self._dialect = await learn_dialect(self._http)
        return self._dialect

    async def _ask(self, question: Callable[[Dialect], Awaitable[T]]) -> T:
        try:
            return await question(await self._learned())
        except (ServerUnreachable, ServerTimeout):
            self._dialect = None
            raise
