"""The filters and sort orders of listings, and the query for a page of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from schedulezero.model import JobState, RunState
from schedulezero.server.records.tables import created_order, jobs, next_run_order, posts, runs


class JobOrder(StrEnum):
    """The sort order of a listing of jobs."""

    NEXT = "next"
    NAME = "name"
    CREATED = "created"


_ORDERS: dict[JobOrder, sa.ColumnElement[Any]] = {
    JobOrder.NEXT: next_run_order,
    JobOrder.NAME: jobs.c.sort_name,
    JobOrder.CREATED: created_order,
}

Position = tuple[int | str, str]
"""Where a page of jobs ended: the sort value and the id of its last job."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a listing shows; None means any. It shows cancelled jobs only if ``state`` asks for them.

    Attributes:
        names_only: whether ``text`` is looked for in names and methods alone, and not in params.
    """

    handler_id: str | None = None
    method: str | None = None
    state: JobState | None = None
    guild_id: str | None = None
    creator_id: str | None = None
    channel_id: str | None = None
    text: str | None = None
    due_before: datetime | None = None
    names_only: bool = False


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs a history shows; None means any."""

    handler_id: str | None = None
    job_id: str | None = None
    guild_id: str | None = None
    state: RunState | None = None
    states: tuple[RunState, ...] | None = None
    message_id: str | None = None


def narrowed(query: sa.Select[Any], table: sa.Table, wanted: Any, *names: str) -> sa.Select[Any]:
    """Return a query with a condition for each filter attribute that is set.

    Parameters:
        query: the query to narrow.
        table: the table with columns of these names.
        wanted: the filter with attributes of these names; None means any.
        names: the names to compare.
    """
    for name in names:
        if (value := getattr(wanted, name)) is not None:
            query = query.where(table.c[name] == value)
    return query


def run_query(wanted: RunFilter, query: sa.Select[Any]) -> sa.Select[Any]:
    """Return a query of runs with the conditions of a filter."""
    query = narrowed(query, runs, wanted, "handler_id", "job_id", "guild_id")
    if wanted.state is not None:
        query = query.where(runs.c.state == wanted.state.value)
    if wanted.states is not None:
        query = query.where(runs.c.state.in_([state.value for state in wanted.states]))
    if wanted.message_id is not None:
        posted = sa.select(posts.c.run_sequence).where(posts.c.message_id == wanted.message_id)
        query = query.where(runs.c.sequence.in_(posted))
    return query


_last_state = (
    sa.select(runs.c.state)
    .where(runs.c.job_id == jobs.c.id)
    .order_by(runs.c.scheduled_at.desc())
    .limit(1)
    .scalar_subquery()
    .label("last_state")
)


def job_page_query(
    wanted: JobFilter, order: JobOrder, after: Position | None, limit: int, *, last_states: bool = False
) -> sa.Select[Any]:
    """Return the query for a page of jobs; each row has its sort value in ``sorted_by``.

    With ``last_states`` it also has the state of the job's last run in ``last_state``.
    """
    key = _ORDERS[order]
    query = sa.select(jobs, key.label("sorted_by")).order_by(key, jobs.c.id).limit(limit)
    if last_states:
        query = query.add_columns(_last_state)
    query = _only(wanted, query)
    if after is not None:
        where = (sa.literal(after[0], key.type), sa.literal(after[1], jobs.c.id.type))
        query = query.where(sa.tuple_(key, jobs.c.id) > sa.tuple_(*where))
    return query


def job_total_query(wanted: JobFilter) -> sa.Select[int]:
    """Return the query for how many jobs all pages together have."""
    return _only(wanted, sa.select(sa.func.count()).select_from(jobs))


def _only(wanted: JobFilter, query: sa.Select[Any]) -> sa.Select[Any]:
    """Return a query of jobs with the conditions of a filter."""
    query = narrowed(query, jobs, wanted, "handler_id", "method", "guild_id", "creator_id")
    if wanted.state is not None:
        query = query.where(jobs.c.state == wanted.state.value)
    else:
        query = query.where(jobs.c.state != JobState.CANCELLED.value)
    if wanted.text:
        within = (
            (jobs.c.sort_name, sa.func.lower(jobs.c.method)) if wanted.names_only else (jobs.c.search_text,)
        )
        text = wanted.text.casefold()
        query = query.where(sa.or_(*(column.contains(text, autoescape=True) for column in within)))
    if wanted.channel_id is not None:
        query = query.where(jobs.c.channels.contains(f" {wanted.channel_id} ", autoescape=True))
    if wanted.due_before is not None:
        query = query.where(jobs.c.state == JobState.ACTIVE.value, jobs.c.next_run_at <= wanted.due_before)
    return query
