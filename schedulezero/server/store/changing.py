"""Changes many jobs within one transaction: each is read, changed and written back with a new version.

A statement for all jobs costs little more than one for a single job, so changes that are asked for at the
same time share them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from schedulezero import instants
from schedulezero.errors import ScheduleZeroError
from schedulezero.model import Job, JobState, RunState
from schedulezero.sentences import Sentence, sentence_fields
from schedulezero.server.decisions.refusal import LimitReached
from schedulezero.server.records import audit, versions
from schedulezero.server.records.rows import job_of, job_row
from schedulezero.server.records.tables import jobs, runs
from schedulezero.server.store.job_rows import tell_clocks
from schedulezero.server.store.room import FREELY, Admission, Room
from schedulezero.server.store.together import companions
from schedulezero.storage import signals
from schedulezero.storage.signals import Signal

_UPDATE = sa.update(jobs).where(
    jobs.c.id == sa.bindparam("at_id"), jobs.c.version == sa.bindparam("at_version")
)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change to one job; see `schedulezero.server.store.jobs.Store.change_job`."""

    job_id: str
    change: Callable[[Job], Job | None]
    action: str
    by: str | None = None
    admission: Admission = FREELY


@dataclass(frozen=True, slots=True)
class _Changed:
    edit: Edit
    row: RowMapping
    before: Job
    after: Job


def change_jobs(connection: Connection, edits: Sequence[Edit]) -> list[Job | ScheduleZeroError | None]:
    """Make changes; return for each the job after it, why it was refused, or None if there is no such job.

    Changes to the same job follow one another in the order given.
    """
    outcomes: list[Job | ScheduleZeroError | None] = [None] * len(edits)
    rounds: list[dict[str, int]] = []
    for place, edit in enumerate(edits):
        free = next((each for each in rounds if edit.job_id not in each), None)
        if free is None:
            rounds.append(free := {})
        free[edit.job_id] = place
    for each in rounds:
        found = _change_each(connection, {job_id: edits[place] for job_id, place in each.items()})
        for job_id, outcome in found.items():
            outcomes[each[job_id]] = outcome
    return outcomes


def _change_each(connection: Connection, edits: dict[str, Edit]) -> dict[str, Job | ScheduleZeroError | None]:
    # Locked in one order everywhere, so that two transactions can't deadlock. PostgreSQL has many writers.
    query = sa.select(jobs).where(jobs.c.id.in_(edits)).order_by(jobs.c.id).with_for_update()
    outcomes: dict[str, Job | ScheduleZeroError | None] = {}
    changed: list[_Changed] = []
    for row in connection.execute(query).mappings():
        before = job_of(row)
        edit = edits[before.id]
        try:
            after = edit.change(before)
        except ScheduleZeroError as error:
            outcomes[before.id] = error
            continue
        if after is None:
            outcomes[before.id] = before
        else:
            changed.append(_Changed(edit, row, before, replace(after, version=before.version + 1)))
    admitted = _admit(connection, changed, outcomes)
    if admitted:
        _write(connection, [*admitted, *_with_them(connection, admitted)])
    return {**outcomes, **{item.before.id: item.after for item in admitted}}


def _admit(
    connection: Connection, changed: list[_Changed], outcomes: dict[str, Job | ScheduleZeroError | None]
) -> list[_Changed]:
    """Return the changes for which there is room, and note the others as refused."""
    placed = {
        item.before.id: item.after.guild_id
        for item in changed
        if item.edit.admission.needs_place(item.before, item.after) and item.after.guild_id is not None
    }
    room = Room(connection, set(placed.values()))
    for item in changed:
        if item.before.id in placed:
            excess = room.make(item.before, item.after, item.edit.admission)
            if excess is not None:
                outcomes[item.before.id] = LimitReached(excess)
    return [item for item in changed if item.before.id not in outcomes]


def _with_them(connection: Connection, changed: list[_Changed]) -> list[_Changed]:
    """Return the changes of jobs that belong to those that stop or go on."""
    edits = {item.before.id: item.edit for item in changed}
    parents = {item.before.id: (item.before, item.after) for item in changed}
    now = max(item.after.updated_at or instants.now() for item in changed)
    return [
        _Changed(
            Edit(
                before.id,
                edits[whose].change,
                "cancelled" if after.state is JobState.CANCELLED else "restored",
                edits[whose].by,
            ),
            row,
            before,
            after,
        )
        for whose, row, before, after in companions(connection, parents, now)
    ]


def _write(connection: Connection, changed: list[_Changed]) -> None:
    rows: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for item in changed:
        # Only what differs: SQLite writes an index again when one of its columns is set.
        row = {name: value for name, value in job_row(item.after).items() if item.row[name] != value}
        rows[tuple(row)].append({**row, "at_id": item.before.id, "at_version": item.before.version})
    for group in rows.values():
        count = connection.execute(_UPDATE, group).rowcount
        countable = connection.dialect.supports_sane_multi_rowcount
        assert not countable or count == len(group), (
            "nobody changes a job between our read, which locks it, and our write"
        )
    afters = [item.after for item in changed]
    tell_clocks(connection, *afters)
    cancelled = [job.id for job in afters if job.state is JobState.CANCELLED]
    if cancelled:
        connection.execute(
            sa.update(runs)
            .where(runs.c.job_id.in_(cancelled), runs.c.state == RunState.QUEUED.value)
            .values(
                state=RunState.CANCELLED.value,
                **sentence_fields("note", Sentence("The job was cancelled.", "job_cancelled")),
            )
        )
        signals.send(connection, Signal.CANCELLED)
    written = versions.note_changes(
        connection, [(item.before, item.after, item.edit.action, item.edit.by) for item in changed]
    )
    entries = [
        audit.job_row(item.edit.action, item.before, item.after, after, item.edit.by)
        for item, after in zip(changed, written, strict=True)
    ]
    audit.note_rows(connection, entries)
