"""The REST client: one typed interface for the cogs, for any server.

It detects the server's dialect with the first request, and again after an outage, because a different
server may have taken over.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from schedulezero.client.decoding import items_of, no_job_here
from schedulezero.client.dialect import BulkChange, BulkOutcome, Dialect, Feature, JobPage, JobQuery
from schedulezero.client.http import Http
from schedulezero.client.jobs_dialect import JobsDialect
from schedulezero.client.published_dialect import SchedulesDialect
from schedulezero.errors import (
    BadAnswer,
    ClientError,
    NotFound,
    RequestRefused,
    ServerTimeout,
    ServerUnreachable,
)
from schedulezero.model import HandlerInfo, Job, JsonObject, Run
from schedulezero.sentences import Sentence

P = ParamSpec("P")
T = TypeVar("T")

_LARGEST_PAGE = 200
_LARGEST_BULK = 500
_LARGEST_BODY = 100_000
"""The most bytes of jobs in a request. A body may have 50,000 values, and each takes at least two bytes."""


def _asks(
    question: Callable[Concatenate[Dialect, P], Awaitable[T]],
) -> Callable[Concatenate[Client, P], Coroutine[Any, Any, T]]:
    """Turn a dialect method into a client method that calls the server's dialect."""

    @wraps(question)
    async def ask(client: Client, *args: P.args, **kwargs: P.kwargs) -> T:
        return await client.ask(lambda dialect: getattr(dialect, question.__name__)(*args, **kwargs))

    return ask


class Client:
    """Talks to one ScheduleZero server. Every method raises ClientError with a sentence.

    Methods without a docstring are documented in `Dialect`.

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
        """Close its connections."""
        await self._http.close()

    async def lacks(self) -> Mapping[Feature, str]:
        """Return the features this server lacks, each with a sentence to show."""
        return (await self._learned()).lacks

    async def is_published(self) -> bool:
        """Return whether the server is a published ScheduleZero server and not our own."""
        return (await self._learned()).published

    create = _asks(Dialect.create)
    jobs = _asks(Dialect.jobs)
    change = _asks(Dialect.change)
    cancel = _asks(Dialect.cancel)
    restore = _asks(Dialect.restore)
    pause = _asks(Dialect.pause)
    resume = _asks(Dialect.resume)
    skip = _asks(Dialect.skip)
    approve = _asks(Dialect.approve)
    ask_for_changes = _asks(Dialect.ask_for_changes)
    versions = _asks(Dialect.versions)
    run = _asks(Dialect.run)
    missing = _asks(Dialect.missing)
    make_up = _asks(Dialect.make_up)
    runs = _asks(Dialect.runs)
    run_of_message = _asks(Dialect.run_of_message)
    troubles = _asks(Dialect.troubles)
    audit = _asks(Dialect.audit)
    audit_after = _asks(Dialect.audit_after)
    note = _asks(Dialect.note)
    rules = _asks(Dialect.rules)
    forget = _asks(Dialect.forget)
    save_rules = _asks(Dialect.save_rules)
    allowance = _asks(Dialect.allowance)
    busiest = _asks(Dialect.busiest)
    feeds = _asks(Dialect.feeds)
    guilds_with_feeds = _asks(Dialect.guilds_with_feeds)
    make_feed = _asks(Dialect.make_feed)
    show_in_feeds = _asks(Dialect.show_in_feeds)
    renew_feed = _asks(Dialect.renew_feed)
    revoke_feed = _asks(Dialect.revoke_feed)
    _show = _asks(Dialect.show)
    _show_with_last_run = _asks(Dialect.show_with_last_run)
    _due_page = _asks(Dialect.due_before)
    _bulk_part = _asks(Dialect.bulk)
    _create_part = _asks(Dialect.create_many)

    async def job(self, job_id: str, guild_id: str | None) -> Job:
        """Return a job by id if it belongs to the guild, or to none for None; raises NotFound otherwise."""
        job = await self._show(job_id)
        if job.guild_id != guild_id:
            raise no_job_here()
        return job

    async def job_and_last_run(self, job_id: str, guild_id: str | None) -> tuple[Job, Run | None]:
        """Return a job as `job` does, with its newest run."""
        job, last_run = await self._show_with_last_run(job_id)
        if job.guild_id != guild_id:
            raise no_job_here()
        return job, last_run

    def all_jobs(self, guild_id: str, query: JobQuery = JobQuery()) -> AsyncIterator[Job]:  # noqa: B008
        """Yield all of a guild's jobs that match the query, read page by page."""
        return _each(lambda cursor: self.jobs(guild_id, query, cursor=cursor, limit=_LARGEST_PAGE))

    def due_before(self, instant: datetime) -> AsyncIterator[Job]:
        """Yield all guilds' active jobs that run by an instant (inclusive), earliest first."""
        return _each(lambda cursor: self._due_page(instant, cursor=cursor, limit=_LARGEST_PAGE))

    async def bulk(self, guild_id: str, change: BulkChange, by: str | None = None) -> BulkOutcome:
        """Apply one change to many jobs of a guild, in as many requests as needed."""
        ids = list(change.jobs)
        changed: dict[str, tuple[int, int]] = {}
        refused: dict[str, str] = {}
        for start in range(0, len(ids), _LARGEST_BULK):
            part = {job_id: change.jobs[job_id] for job_id in ids[start : start + _LARGEST_BULK]}
            outcome = await self._bulk_part(guild_id, replace(change, jobs=part), by)
            changed.update(outcome.changed)
            refused.update(outcome.refused)
        return BulkOutcome(changed, refused)

    async def create_many(
        self, jobs: Iterable[Job], by: str | None = None
    ) -> AsyncIterator[Job | ClientError]:
        """Save new jobs, in as few requests as possible; yield each as saved, or why it wasn't, in order.

        Jobs of a request that the server didn't answer may have been saved.
        """
        for part in _parts(jobs):
            try:
                found = await self._create_part(part, by)
            except ClientError as error:
                found = (error,) * len(part)
            for item in found:
                yield item

    async def handlers(self) -> list[HandlerInfo]:
        """Return the handlers that the server knows, after asking each one whether it is alive."""
        answer = await self._http.request("GET", "/api/handlers")
        items: Any = answer.get("handlers")
        if not isinstance(items, list):
            raise BadAnswer(
                "The scheduler's response has no list of handlers. Is it really a ScheduleZero scheduler?",
                code="answer_lacks_handlers",
            )
        try:
            return [HandlerInfo.from_json(cast(JsonObject, item)) for item in cast("list[Any]", items)]
        except (KeyError, TypeError, ValueError) as error:
            raise BadAnswer(
                "The scheduler's description of a handler can't be read: “{error}”.",
                code="handler_unreadable",
                error=error,
            ) from error

    async def health(self) -> JsonObject:
        """Return the server's health, including its load."""
        return await self._http.request("GET", "/api/health")

    async def outcomes(self) -> dict[str, int]:
        """Return how many runs in the history have each state, for all guilds."""
        found = await self._http.request("GET", "/api/executions/stats")
        counts = found.get("by_status")
        if isinstance(counts, dict):
            known = cast("dict[str, Any]", counts)
        else:  # the published server counts in other words, and only these two
            known = {"succeeded": found.get("success_count"), "failed": found.get("error_count")}
        return {name: count for name, count in known.items() if isinstance(count, int)}

    async def _learned(self) -> Dialect:
        if self._dialect is None:
            self._dialect = await _learn_dialect(self._http)
        return self._dialect

    async def ask(self, question: Callable[[Dialect], Awaitable[T]]) -> T:
        """Ask in the server's dialect, which is detected again after the server was unreachable."""
        try:
            return await question(await self._learned())
        except (ServerUnreachable, ServerTimeout):
            self._dialect = None
            raise


def _parts(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Split jobs so that each part fits into a request."""
    part: list[Job] = []
    size = 0
    for job in jobs:
        length = len(json.dumps(job.to_json()))
        if part and (len(part) == _LARGEST_BULK or size + length > _LARGEST_BODY):
            yield part
            part, size = [], 0
        part.append(job)
        size += length
    if part:
        yield part


async def _each(page_at: Callable[[str | None], Awaitable[JobPage]]) -> AsyncIterator[Job]:
    """Yield the jobs of all pages, read one page at a time."""
    cursor: str | None = None
    while True:
        page = await page_at(cursor)
        for job in page.jobs:
            yield job
        cursor = page.next_cursor
        if cursor is None:
            return


async def _learn_dialect(http: Http) -> Dialect:
    """Detect the server's dialect: the published one has no ``/api/jobs``."""
    try:
        # No guild has this id, so the answer doesn't depend on how many jobs there are.
        answer = await http.request("GET", "/api/jobs", query={"guild_id": "0", "limit": 1})
    except NotFound:
        await http.request("GET", "/api/schedules")
        return SchedulesDialect(http)
    except RequestRefused as error:
        said = Sentence(
            "The scheduler at {endpoint} is refusing my requests: {message}",
            "server_refuses_questions",
            endpoint=http.endpoint,
            message=error.message,
        )
        raise BadAnswer(said) from error
    items_of(answer, "jobs")
    return JobsDialect(http)
