"""A field of a job is described in the model: JSON, requests, answers and rows follow from that."""

from __future__ import annotations

import ast
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest

from schedulezero.model import Job, JobState, MissedPolicy, OverlapPolicy, Trigger
from schedulezero.model.authorship import definition
from schedulezero.model.fields import Bounds, Written, codec_of, fields_of, written_by_people
from schedulezero.model.part import Part, Waiting
from schedulezero.server.api.openapi import DESCRIPTION
from schedulezero.server.http.bodies import JobBody, JobChangeBody
from schedulezero.server.records.rows import job_of, job_row
from schedulezero.server.records.tables import jobs

ROOT = Path(__file__).parents[2] / "schedulezero"
AT = datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC)
EVERYTHING = Job(
    id="j", handler_id="h", method="m", params={"a": [1]}, trigger=Trigger("date", {"run_date": 1}),
    state=JobState.PAUSED, next_run_at=AT, anchor_at=AT, name="n", guild_id="1", creator_id="2",
    timezone="Europe/Rome", grace=timedelta(seconds=1.5), missed=MissedPolicy.ALL, overlap=OverlapPolicy.WAIT,
    in_quiet_hours=True, on_free_days=True,
    held_until=AT, meta={"b": None}, run_count=3,
    parts=(Part("t1", "m", {"a": [1]}, after=timedelta(hours=1)),),
    waiting=(Waiting("t1", AT, AT),), version=4, created_at=AT, updated_at=AT,
)  # fmt: skip

# Read as: a field of a job, and the modules that name it: where it is described and kept, and where it is
# obeyed. A run has its job's policies, hence `model/run.py` and the rows of runs.
NAMED_IN = {
    "meta": (
        "model/job.py server/records/tables.py "
        # Under this key a server without such a field has it in the params; whom a job belongs to.
        "client/published_records.py handler/job_meta.py methods/job_meta.py "
        "model/authorship.py model/audit.py model/job_names.py "
        # Which jobs stop and go on with another.
        "server/store/together.py "
        # Whose ending a job is.
        "methods/debts.py"
    ),
    "grace": (
        "model/job.py model/run.py server/records/tables.py server/records/rows.py "
        "server/decisions/due.py server/engine/dispatcher.py "
        # Until when a run waits for its handler, said to somebody who waits for the run.
        "server/api/schedules.py "
        # How long an ending waits.
        "methods/debts.py "
        # What a file of jobs may say.
        "exchange/yaml_file.py exchange/reading.py exchange/limited_reading.py"
    ),
    "overlap": (
        "model/job.py model/run.py server/records/tables.py server/records/rows.py "
        "server/engine/overlap.py server/engine/dispatcher.py server/store/hourly_limit.py "
        # What a file of jobs may say, and what a server without policies refuses.
        "exchange/yaml_file.py exchange/reading.py exchange/limited_reading.py client/published_dialect.py"
    ),
}


def _names(node: ast.AST) -> Any:
    match node:
        case ast.Attribute(attr=name) | ast.keyword(arg=name) | ast.arg(arg=name) | ast.Name(id=name):
            return name
        case ast.Constant(value=str() as name):
            return name.removesuffix("_seconds")
        case _:
            return None


@pytest.mark.parametrize("field", NAMED_IN)
def test_a_field_is_named_where_it_is_described_kept_and_obeyed(field: str) -> None:
    found = {
        module.relative_to(ROOT).as_posix()
        for module in ROOT.rglob("*.py")
        if any(_names(node) == field for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))))
    }
    assert found == set(NAMED_IN[field].split())


def test_every_field_comes_back_from_json_and_from_a_row() -> None:
    plain = Job("j", "h", "m", {}, Trigger("date", {}))
    assert all(getattr(EVERYTHING, item.name) != getattr(plain, item.name) for item in fields(Job)[5:])
    assert Job.from_json(EVERYTHING.to_json()) == EVERYTHING
    assert job_of(job_row(EVERYTHING)) == EVERYTHING
    assert set(job_row(EVERYTHING)) == set(jobs.c.keys())
    assert EVERYTHING.to_json()["grace_seconds"] == 1.5
    assert EVERYTHING.to_json()["held_until"] == "2026-03-04T05:06:07.000008Z"


def test_requests_and_answers_have_the_fields_that_people_write() -> None:
    written = [item.key for item in written_by_people(Job)]
    later = [item.key for item in written_by_people(Job, later=True)]
    assert [*JobBody.model_fields] == [*written, "job_id", "state"]
    assert [*JobChangeBody.model_fields] == [*later, "state", "version"]
    assert set(written) - set(later) == {"handler_id", "guild_id", "creator_id"}
    answer = DESCRIPTION["components"]["schemas"]["Job"]
    assert [*answer["properties"]] == [item.key for item in fields_of(Job)] == [*EVERYTHING.to_json()]


@pytest.mark.parametrize("absent", ["job_id", "handler_id", "params", "trigger"])
def test_json_without_what_a_job_needs_is_refused(absent: str) -> None:
    data = {key: value for key, value in EVERYTHING.to_json().items() if key != absent}
    with pytest.raises(KeyError, match=absent):
        Job.from_json(data)


def test_json_of_an_earlier_version_has_the_defaults_of_what_it_lacks() -> None:
    data = {key: EVERYTHING.to_json()[key] for key in ("job_id", "handler_id", "method", "params", "trigger")}
    known = Job.from_json({**data, "overlap": None, "surprise": 1})
    assert known == Job("j", "h", "m", {"a": [1]}, Trigger("date", {"run_date": 1}))


@pytest.mark.parametrize(
    "wrong", [{"overlap": "perhaps"}, {"overlap": []}, {"held_until": "soon"}, {"params": 5}, {"trigger": []}]
)
def test_json_that_is_no_job_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError)):
        Job.from_json({**EVERYTHING.to_json(), **wrong})


def test_a_definition_is_what_a_job_does_and_when() -> None:
    for change in ({"name": "x"}, {"grace": timedelta(hours=1)}, {"meta": {}}, {"state": JobState.ACTIVE}):
        assert definition(replace(EVERYTHING, **change)) == definition(EVERYTHING)
    for change in ({"params": {}}, {"timezone": "UTC"}, {"overlap": OverlapPolicy.SKIP}, {"method": "x"}):
        assert definition(replace(EVERYTHING, **change)) != definition(EVERYTHING)


class _Urgency(StrEnum):
    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class _UrgentJob(Job):
    urgency: Annotated[_Urgency, Written()] = _Urgency.LOW
    patience: Annotated[timedelta | None, Bounds(least=1), Written(later=False)] = None


def test_one_line_in_the_model_makes_a_field_travel() -> None:
    job = _UrgentJob(
        "j", "h", "m", {}, Trigger("date", {}), urgency=_Urgency.HIGH, patience=timedelta(minutes=1)
    )
    data = job.to_json()
    assert (data["urgency"], data["patience_seconds"]) == ("high", 60.0)
    assert _UrgentJob.from_json(data) == job
    assert codec_of(_UrgentJob).read_some({"urgency": "low", "patience_seconds": None}) == {
        "urgency": _Urgency.LOW, "patience": None,
    }  # fmt: skip
    assert [item.key for item in written_by_people(_UrgentJob)][-2:] == ["urgency", "patience_seconds"]
    assert [item.key for item in written_by_people(_UrgentJob, later=True)][-1] == "urgency"
