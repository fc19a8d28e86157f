"""The REST client: one typed interface for the cogs, whichever server answers.

It learns the server's dialect with the first request and again after a server was gone, because
another one may have taken its place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar, cast

from schedulezero.client.decoding import items_of
from schedulezero.client.dialect import (
    PAGE,
    AuditPage,
    BulkChange,
    BulkOutcome,
    Dialect,
    Feature,
    JobPage,
    JobQuery,
    RunPage,
)
from schedulezero.client.http import Http
from schedulezero.client.jobs_dialect import JobsDialect
from schedulezero.client.published_dialect import SchedulesDialect
from schedulezero.errors import BadAnswer, NotFound, RequestRefused, ServerTimeout, ServerUnreachable
from schedulezero.model import (
    GuildRules,
    HandlerInfo,
    Job,
    JobVersion,
    JsonObject,
    Run,
    RunState,
    Trouble,
)
from schedulezero.model.audit import AuditEntry, Change
from schedulezero.model.limits import Allowance
from schedulezero.sentences import Sentence

T = TypeVar("T")

_LARGEST_PAGE = 200
_LARGEST_BULK = 500


class Client:
    """Talks to one ScheduleZero server. Every method raises ClientError with a sentence.

    Parameters:
        endpoint: the server's root, such as ``http://127.0.0.1:8888``.
        token, authority: see `Http`.
    """

    def __init__(self, endpoint: str, token: str | None = None, authority: str | None = None) -> None:
        self._http = Http(endpoint, token, authority)
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

    async def create(self, job: Job, by: str | None = None) -> Job:
        """Saves a new job."""
        return await self._ask(lambda dialect: dialect.create(job, by or job.creator_id))

    async def job(self, job_id: str, guild_id: str) -> Job:
        """The job of that id, if it belongs to that guild; NotFound otherwise."""
        job = await self._ask(lambda dialect: dialect.show(job_id))
        if job.guild_id != guild_id:
            raise NotFound(
                Sentence("There is no job of that name here.", "job_not_here"),
                code="job_not_found",
                field="job_id",
            )
        return job

    async def jobs(
        self,
        guild_id: str,
        query: JobQuery = JobQuery(),  # noqa: B008 - frozen, and the same for everybody
        *,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> JobPage:
        """A page of a guild's jobs."""
        return await self._ask(lambda dialect: dialect.jobs(guild_id, query, cursor=cursor, limit=limit))

    async def all_jobs(self, guild_id: str, query: JobQuery = JobQuery()) -> AsyncIterator[Job]:  # noqa: B008
        """All of a guild's jobs that the query matches, read page by page."""
        cursor: str | None = None
        while True:
            page = await self.jobs(guild_id, query, cursor=cursor, limit=_LARGEST_PAGE)
            for job in page.jobs:
                yield job
            cursor = page.next_cursor
            if cursor is None:
                return

    async def due_before(self, instant: datetime) -> AsyncIterator[Job]:
        """All active jobs of all guilds that run before an instant, the next one first."""
        cursor: str | None = None
        while True:
            page = await self._ask(
                lambda dialect, at=cursor: dialect.due_before(instant, cursor=at, limit=_LARGEST_PAGE)
            )
            for job in page.jobs:
                yield job
            cursor = page.next_cursor
            if cursor is None:
                return

    async def change(self, job: Job, version: int, by: str | None = None) -> Job:
        """Saves an edited job; Conflict when it is no longer at that version."""
        return await self._ask(lambda dialect: dialect.change(job, version, by))

    async def cancel(self, job: Job, by: str | None = None) -> Job:
        """Ends a job."""
        return await self._ask(lambda dialect: dialect.cancel(job, by))

    async def restore(
        self,
        job_id: str,
        version: int | None = None,
        *,
        expected: int | None = None,
        by: str | None = None,
    ) -> Job:
        """Undoes a cancel, or brings a job back to a version; Conflict when it is not as expected."""
        return await self._ask(lambda dialect: dialect.restore(job_id, version, expected, by))

    async def pause(self, job_id: str, until: datetime | None = None, by: str | None = None) -> Job:
        """Holds a job, until it is resumed or until an instant."""
        return await self._ask(lambda dialect: dialect.pause(job_id, until, by))

    async def resume(self, job_id: str, by: str | None = None, *, version: int | None = None) -> Job:
        """Lets a paused or held job fall due again; Conflict when it is no longer at that version."""
        return await self._ask(lambda dialect: dialect.resume(job_id, version, by))

    async def skip(self, job_id: str, by: str | None = None) -> Job:
        """Passes over a job's next run."""
        return await self._ask(lambda dialect: dialect.skip(job_id, by))

    async def approve(self, job_id: str, by: str | None = None, *, version: int | None = None) -> Job:
        """Lets a pending job run; Conflict when it is no longer at that version."""
        return await self._ask(lambda dialect: dialect.approve(job_id, version, by))

    async def bulk(self, guild_id: str, change: BulkChange, by: str | None = None) -> BulkOutcome:
        """One change to many jobs of a guild, in as many requests as it takes."""
        ids = list(change.jobs)
        changed: dict[str, tuple[int, int]] = {}
        refused: dict[str, str] = {}
        for start in range(0, len(ids), _LARGEST_BULK):
            part = {job_id: change.jobs[job_id] for job_id in ids[start : start + _LARGEST_BULK]}
            wanted = replace(change, jobs=part)
            outcome = await self._ask(lambda dialect, some=wanted: dialect.bulk(guild_id, some, by))
            changed.update(outcome.changed)
            refused.update(outcome.refused)
        return BulkOutcome(changed, refused)

    async def versions(self, job_id: str, limit: int = 20) -> tuple[JobVersion, ...]:
        """What a job was after each change, newest first."""
        return await self._ask(lambda dialect: dialect.versions(job_id, limit))

    async def run(self, job: Job, by: str | None = None) -> Run:
        """Runs a job once, now; Conflict when it was changed since."""
        return await self._ask(lambda dialect: dialect.run(job, by))

    async def missing(self, job_id: str, since: datetime, until: datetime) -> tuple[datetime, ...]:
        """The instants of a job within a span that did not run well."""
        return await self._ask(lambda dialect: dialect.missing(job_id, since, until))

    async def make_up(
        self, job_id: str, at: Sequence[datetime], by: str | None = None, *, version: int | None = None
    ) -> tuple[Run, ...]:
        """Runs such instants (again); returns the runs that are carried out now."""
        return await self._ask(lambda dialect: dialect.make_up(job_id, at, version, by))

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

    async def run_of_message(self, guild_id: str, message_id: int) -> Run | None:
        """The run that posted a message, None when none of this guild's did."""
        return await self._ask(lambda dialect: dialect.run_of_message(guild_id, str(message_id)))

    async def troubles(
        self, after: int | None = None, wait_seconds: int = 0
    ) -> tuple[tuple[Trouble, ...], int]:
        """What there is to tell of runs after a place in the outbox, and the place to go on from.

        Parameters:
            after: where one stopped; None asks only where the outbox ends now.
            wait_seconds: how long the server may wait for something to tell.
        """
        return await self._ask(lambda dialect: dialect.troubles(after, wait_seconds))

    async def audit(
        self,
        guild_id: str,
        *,
        job_id: str | None = None,
        actor_id: str | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> AuditPage:
        """A page of who changed what in a guild, newest first."""
        return await self._ask(
            lambda dialect: dialect.audit(
                guild_id, job_id=job_id, actor_id=actor_id, cursor=cursor, limit=limit
            )
        )

    async def audit_after(
        self, after: int | None = None, wait_seconds: int = 0
    ) -> tuple[tuple[AuditEntry, ...], int]:
        """The audit of all guilds after a place, and the place to go on from; see `troubles`."""
        return await self._ask(lambda dialect: dialect.audit_after(after, wait_seconds))

    async def note(
        self,
        action: str,
        *,
        guild_id: str,
        name: str | None = None,
        changes: Sequence[Change] = (),
        by: str | None = None,
    ) -> None:
        """Adds what was done elsewhere to the audit."""
        await self._ask(
            lambda dialect: dialect.note(action, guild_id=guild_id, name=name, changes=changes, by=by)
        )

    async def rules(self, guild_id: str) -> GuildRules:
        """What a guild forbids."""
        return await self._ask(lambda dialect: dialect.rules(guild_id))

    async def save_rules(self, rules: GuildRules, by: str | None = None) -> GuildRules:
        """Sets what a guild forbids."""
        return await self._ask(lambda dialect: dialect.save_rules(rules, by))

    async def allowance(self, guild_id: str, person_id: str) -> Allowance:
        """The limits that hold in a guild, or for a person's own jobs, and what is used up of them."""
        return await self._ask(lambda dialect: dialect.allowance(guild_id, person_id))

    async def handlers(self) -> list[HandlerInfo]:
        """The handlers that the server knows, each asked whether it is there."""
        answer = await self._http.request("GET", "/api/handlers")
        items: Any = answer.get("handlers")
        if not isinstance(items, list):
            raise BadAnswer(
                "The server's answer has no list of handlers; is it a ScheduleZero server?",
                code="answer_lacks_handlers",
            )
        try:
            return [HandlerInfo.from_json(cast(JsonObject, item)) for item in cast("list[Any]", items)]
        except (KeyError, TypeError, ValueError) as error:
            raise BadAnswer(
                "The server described a handler in a way that cannot be read ({error}).",
                code="handler_unreadable",
                error=error,
            ) from error

    async def health(self) -> JsonObject:
        """Whether the server is well, with what it says of its load."""
        return await self._http.request("GET", "/api/health")

    async def outcomes(self) -> dict[str, int]:
        """How many runs of the history stand in each state, of all guilds."""
        found = await self._http.request("GET", "/api/executions/stats")
        counts = found.get("by_status")
        known = cast("dict[str, Any]", counts) if isinstance(counts, dict) else {}
        return {name: count for name, count in known.items() if isinstance(count, int)}

    async def _learned(self) -> Dialect:
        if self._dialect is None:
            self._dialect = await _learn_dialect(self._http)
        return self._dialect

    async def _ask(self, question: Callable[[Dialect], Awaitable[T]]) -> T:
        try:
            return await question(await self._learned())
        except (ServerUnreachable, ServerTimeout):
            self._dialect = None
            raise


async def _learn_dialect(http: Http) -> Dialect:
    """Which dialect the server speaks: the published one has no ``/api/jobs``."""
    try:
        answer = await http.request("GET", "/api/jobs", query={"limit": 1})
    except NotFound:
        await http.request("GET", "/api/schedules")
        return SchedulesDialect(http)
    except RequestRefused as error:
        said = Sentence(
            "The server at {endpoint} refuses to be asked: {message}",
            "server_refuses_questions",
            endpoint=http.endpoint,
            message=error.message,
        )
        raise BadAnswer(said) from error
    items_of(answer, "jobs")
    return JobsDialect(http)
