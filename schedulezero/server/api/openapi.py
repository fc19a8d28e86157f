"""The OpenAPI 3.1 description of the REST API; the tests validate every answer against it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from schedulezero.model import GuildRules, Job, JobVersion, RunState, Trigger, TroubleKind
from schedulezero.model.audit import AuditEntry
from schedulezero.model.busy import Busy
from schedulezero.model.feed import Feed
from schedulezero.model.fields import fields_of
from schedulezero.model.limits import Allowance
from schedulezero.model.standbys import Standbys
from schedulezero.server.api.preview import PreviewBody
from schedulezero.server.api.published_runs import STATES
from schedulezero.server.http.bodies import (
    ApproveBody,
    AskedBody,
    AuditBody,
    BulkBody,
    BulkCreateBody,
    FeedBody,
    InstantsBody,
    JobBody,
    JobChangeBody,
    PauseBody,
    PlaceBody,
    RestoreBody,
    RulesBody,
    RunNowBody,
    ScheduleBody,
    ShownBody,
    SkipBody,
    SpanBody,
    VersionBody,
)
from schedulezero.server.http.published import ERRORS, EXECUTIONS, PATHS

_Schema = dict[str, Any]


def _object(properties: _Schema, *optional: str) -> _Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _nullable(kind: str, **more: Any) -> _Schema:
    return {"type": [kind, "null"], **more}


_TEXT: _Schema = {"type": "string"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}
_INSTANT: _Schema = {"type": "string", "format": "date-time"}
_NULLABLE_INSTANT: _Schema = {"type": ["string", "null"], "format": "date-time"}
_ANYTHING: _Schema = {"type": "object"}

# Read as: the class of a field in the model, and the schema of its values.
_KINDS: dict[type[Any], _Schema] = {
    object: {},
    str: _TEXT,
    int: _COUNT,
    bool: {"type": "boolean"},
    datetime: _INSTANT,
    date: {"type": "string", "format": "date"},
    time: _TEXT,
    timedelta: {"type": "number"},
    Mapping: _ANYTHING,
    Job: {"$ref": "#/components/schemas/Job"},
}


def _beside(key: str) -> _Schema:
    """Return the optional code and values next to a sentence, which programs use to decide and translate."""
    return {f"{key}_code": _TEXT, f"{key}_values": _ANYTHING}


def _run_sentence(key: str) -> _Schema:
    return {
        key: _nullable("string"),
        f"{key}_code": _nullable("string"),
        f"{key}_values": _nullable("object"),
    }


def _schema_of(kind: type[Any]) -> _Schema:
    if issubclass(kind, StrEnum):
        return {"enum": [item.value for item in kind]}
    return _KINDS.get(kind) or ({} if kind is object else _object(_properties_of(kind)))


def _properties_of(noun: type[Any], **other: _Schema) -> _Schema:
    """Return the properties of a model class, as its fields describe them.

    Parameters:
        noun: the model class.
        other: the schemas of properties that the fields don't fully describe.
    """
    found: _Schema = {}
    for item in fields_of(noun):
        schema = _list_of(_schema_of(item.of)) if item.of is not None else _schema_of(item.kind)
        if item.optional and schema:
            form = {"format": schema["format"]} if "format" in schema else {}
            schema = _nullable(schema["type"], **form)
        found[item.key] = schema
    return {**found, **other}


def _list_of(items: _Schema) -> _Schema:
    return {"type": "array", "items": items}


_RUN = {
    "run_id": _TEXT,
    "job_id": _TEXT,
    "handler_id": _TEXT,
    "method": _TEXT,
    "params": _ANYTHING,
    "name": _nullable("string"),
    "guild_id": _nullable("string"),
    "scheduled_at": _INSTANT,
    "timezone": _TEXT,
    "number": _COUNT,
    "part": _nullable("string"),
    "of": _NULLABLE_INSTANT,
    "status": {"enum": [item.value for item in RunState]},
    "attempts": _COUNT,
    "started_at": _NULLABLE_INSTANT,
    "finished_at": _NULLABLE_INSTANT,
    "result": _nullable("object"),
    **_run_sentence("error"),
    **_run_sentence("note"),
}


_REFUSED = {"message": _TEXT, "field": _TEXT, **_beside("message")}
_ERROR = _object({"code": _TEXT, **_REFUSED}, "field", *_beside("message"))


def _either(*schemas: str) -> _Schema:
    return {"anyOf": [{"$ref": f"#/components/schemas/{schema}"} for schema in schemas]}


def _list(schema: str) -> _Schema:
    return _list_of({"$ref": f"#/components/schemas/{schema}"})


_LAST_STATES: _Schema = {
    "type": "object",
    "additionalProperties": _schema_of(RunState),
    "description": "With `last_states=1`: the state of each job's last run, by the job's id.",
}
_LAST_RUN: _Schema = {
    "anyOf": [{"$ref": "#/components/schemas/Record"}, {"type": "null"}],
    "description": "With `last_run=1`: its newest run.",
}
_JOB = _properties_of(Job)
_SCHEMAS: dict[str, _Schema] = {
    "Job": _object(_JOB),
    "Methods": _object(
        {
            "methods": _list_of(
                _object({"handler_id": _TEXT, "method": _TEXT, "schema": _nullable("object")}),
            )
        }
    ),
    "CreatedJob": _object({**_JOB, "warning": _TEXT, **_beside("warning")}, "warning", *_beside("warning")),
    "ShownJob": _object({**_JOB, "last_run": _LAST_RUN}, "last_run"),
    "JobPage": _object(
        {
            "jobs": _list("Job"),
            "next_cursor": _nullable("string"),
            "last_states": _LAST_STATES,
            "total": {**_COUNT, "description": "With `total=1`: how many jobs all pages together have."},
        },
        "last_states",
        "total",
    ),
    "Run": _object(_RUN),
    "Runs": _object({"runs": _list("Run")}),
    "Instants": _object({"instants": _list_of(_INSTANT)}),
    "Versions": _object({"versions": _list_of(_object({"version": _COUNT, **_properties_of(JobVersion)}))}),
    "BulkResult": _object(
        {
            "changed": _list_of(_object({"job_id": _TEXT, "before": _COUNT, "version": _COUNT})),
            "refused": _list_of(
                _object({"job_id": _TEXT, "message": _TEXT, **_beside("message")}, *_beside("message"))
            ),
        }
    ),
    "BulkCreated": _object(
        {
            "results": _list_of(
                {
                    "anyOf": [
                        _object(
                            {"status": {"const": 201}, "job": {"$ref": "#/components/schemas/CreatedJob"}}
                        ),
                        _object({"status": _COUNT, "error": _ERROR}),
                    ]
                }
            )
        }
    ),
    "Rules": _object(_properties_of(GuildRules)),
    "Limits": _object(_properties_of(Allowance)),
    "Busiest": _object({"guilds": _list_of(_object(_properties_of(Busy)))}),
    "Feed": _object(_properties_of(Feed)),
    "NewFeed": _object({"feed": {"$ref": "#/components/schemas/Feed"}, "secret": _TEXT}),
    "Feeds": _object({"feeds": _list("Feed")}),
    "FeedGuilds": _object({"guilds": _list_of(_TEXT)}),
    "FeedCount": _object({"feeds": _COUNT}),
    "Troubles": _object(
        {
            "troubles": _list_of(
                _object(
                    {
                        "sequence": _COUNT,
                        "kind": _schema_of(TroubleKind),
                        "run": {"$ref": "#/components/schemas/Run"},
                    }
                )
            ),
            "next": _COUNT,
        }
    ),
    "Record": _object({**_RUN, "method_name": _TEXT}),
    "RecordPage": _object(
        {
            "count": _COUNT,
            "limit": _COUNT,
            "records": _list("Record"),
            "next_cursor": _nullable("string"),
            "total": {**_COUNT, "description": "With `total=1`: how many runs all pages together have."},
        },
        "total",
    ),
    "PublishedRecord": _object(
        {
            **_RUN,
            "method_name": _TEXT,
            "status": {"enum": list(STATES)},
            "started_at": _INSTANT,
            "completed_at": _NULLABLE_INSTANT,
            "duration_ms": _nullable("number"),
        }
    ),
    "PublishedPage": _object({"count": _COUNT, "limit": _COUNT, "records": _list("PublishedRecord")}),
    "PublishedErrors": _object({"count": _COUNT, "limit": _COUNT, "errors": _list("PublishedRecord")}),
    "Executions": _either("PublishedPage", "RecordPage"),
    "FailedExecutions": _either("PublishedErrors", "RecordPage"),
    "RunStats": _object(
        {
            "total_executions": _COUNT,
            "lifetime_executions": _COUNT,
            "success_count": _COUNT,
            "error_count": _COUNT,
            "success_rate": {"type": "number"},
            "avg_duration_ms": {"type": "number"},
            "by_handler": {
                "type": "object",
                "additionalProperties": _object({"total": _COUNT, "success": _COUNT, "error": _COUNT}),
            },
            "total": _COUNT,
            "by_status": _ANYTHING,
        }
    ),
    "Erased": _object({"jobs": {"type": "integer"}, "runs": {"type": "integer"}}),
    "Done": _object({"status": {"const": "success"}}),
    "AuditPage": _object(
        {
            "entries": _list_of(
                _object(_properties_of(AuditEntry, via={"enum": ["discord", "rest", "server"]}))
            ),
            "next": _nullable("integer"),
            "newest": _COUNT,
        }
    ),
    "Cleared": _object({"status": {"const": "success"}, "cleared": _COUNT}),
    "Scheduled": _object({"status": {"const": "success"}, "job_id": _TEXT, "warning": _TEXT}, "warning"),
    "Schedules": _object(
        {
            "schedules": _list_of(
                _object(
                    {
                        "id": _TEXT,
                        "next_fire_time": _NULLABLE_INSTANT,
                        "trigger": _TEXT,
                        "args": {"type": "array", "minItems": 4, "maxItems": 4},
                    }
                )
            ),
            "count": _COUNT,
        }
    ),
    "Removed": _object({"status": {"const": "success"}, "message": _TEXT, "schedule_id": _TEXT}),
    "RanNow": _object({"status": {"const": "success"}, "result": _ANYTHING, "message": _TEXT}),
    "Handlers": _object(
        {
            "handlers": _list_of(
                _object(
                    {
                        "id": _TEXT,
                        "address": _TEXT,
                        "methods": _list_of(_TEXT),
                        "status": {"enum": ["Connected", "Disconnected"]},
                        "concurrency": {"type": "integer", "minimum": 1},
                        "shards": _object({"ids": _list_of(_COUNT), "count": _COUNT}),
                        "heard_at": _INSTANT,
                    },
                    "shards",
                    "heard_at",
                )
            )
        }
    ),
    "Preview": _object({"text": _TEXT, "trigger": _schema_of(Trigger), "runs": _list_of(_INSTANT)}),
    "Health": _object(
        {
            "status": {"enum": ["ok", "degraded"]},
            "live": {"type": "boolean"},
            "ready": {"type": "boolean"},
            "runs_waiting": _nullable("integer", minimum=0),
            "runs_under_way": _COUNT,
            "service": {"const": "ScheduleZero"},
            "standby": {"enum": [kind.value for kind in Standbys]},
            "trouble": _TEXT,
            **_beside("trouble"),
        },
        "service",
        "standby",
        "trouble",
        *_beside("trouble"),
    ),
    "Config": _ANYTHING,
    "Error": _object({"error": _ERROR}),
    "PublishedError": _object(
        {
            "error": _object(
                {"code": {"type": "integer"}, "kind": _TEXT, **_REFUSED}, "field", *_beside("message")
            )
        }
    ),
    "EitherError": _either("PublishedError", "Error"),
}

# Read as: method, path, summary, model of the body, and the schema of each success status.
_OPERATIONS: tuple[tuple[str, str, str, type[BaseModel] | None, dict[int, str]], ...] = (
    ("post", "/api/jobs", "Create a job", JobBody, {201: "CreatedJob"}),
    ("get", "/api/jobs", "List jobs, next run first", None, {200: "JobPage"}),
    ("get", "/api/jobs/{id}", "Show a job", None, {200: "ShownJob"}),
    ("patch", "/api/jobs/{id}", "Change a job", JobChangeBody, {200: "Job"}),
    ("delete", "/api/jobs/{id}", "Cancel a job", None, {200: "Job"}),
    ("post", "/api/jobs/bulk", "Change many jobs of a guild", BulkBody, {200: "BulkResult"}),
    ("post", "/api/jobs/bulk-create", "Create many jobs", BulkCreateBody, {200: "BulkCreated"}),
    ("post", "/api/jobs/{id}/pause", "Hold a job, for good or until", PauseBody, {200: "Job"}),
    ("post", "/api/jobs/{id}/resume", "Let a paused job run again", VersionBody, {200: "Job"}),
    ("post", "/api/jobs/{id}/skip", "Pass over a job's next run", SkipBody, {200: "Job"}),
    ("post", "/api/jobs/{id}/approve", "Let a pending job run", ApproveBody, {200: "Job"}),
    ("post", "/api/jobs/{id}/ask-changes", "Send a pending job back", AskedBody, {200: "Job"}),
    ("post", "/api/jobs/{id}/restore", "Undo a cancel, or go back", RestoreBody, {200: "Job"}),
    ("post", "/api/jobs/{id}/missing", "Instants that did not run well", SpanBody, {200: "Instants"}),
    ("post", "/api/jobs/{id}/make-up", "Run such instants (again)", InstantsBody, {202: "Runs"}),
    ("get", "/api/jobs/{id}/versions", "What it was, newest first", None, {200: "Versions"}),
    ("post", "/api/jobs/{id}/run", "Run a job once, now", VersionBody, {202: "Run"}),
    ("get", "/api/jobs/{id}/executions", "A job's runs, newest first", None, {200: "RecordPage"}),
    ("get", "/api/executions", "Runs, newest first", None, {200: "Executions"}),
    ("get", "/api/executions/stats", "How many runs stand in each state", None, {200: "RunStats"}),
    ("get", "/api/executions/errors", "Failed runs, newest first", None, {200: "FailedExecutions"}),
    ("post", "/api/executions/clear", "Forget ended runs", None, {200: "Cleared"}),
    ("get", "/api/troubles", "What there is to tell of runs", None, {200: "Troubles"}),
    ("get", "/api/audit", "Who changed what", None, {200: "AuditPage"}),
    ("post", "/api/audit", "Add what was done elsewhere", AuditBody, {201: "Done"}),
    ("get", "/api/guilds/{id}/rules", "What a guild forbids", None, {200: "Rules"}),
    ("put", "/api/guilds/{id}/rules", "Set what a guild forbids", RulesBody, {200: "Rules"}),
    ("delete", "/api/guilds/{id}", "Erase a guild, or a person's own jobs", None, {200: "Erased"}),
    ("get", "/api/guilds/{id}/limits", "The limits, and what is used up", None, {200: "Limits"}),
    ("get", "/api/guilds/busiest", "The ten busiest guilds of the last hour", None, {200: "Busiest"}),
    ("post", "/api/feeds", "Make a calendar feed", FeedBody, {201: "NewFeed"}),
    ("get", "/api/feeds", "List the feeds of a guild or a person", None, {200: "Feeds"}),
    ("put", "/api/feeds", "Set what these feeds show", ShownBody, {200: "FeedCount"}),
    ("get", "/api/feeds/guilds", "List guilds with feeds", None, {200: "FeedGuilds"}),
    ("post", "/api/feeds/{id}/renew", "Give a feed a new address", PlaceBody, {200: "NewFeed"}),
    ("post", "/api/feeds/{id}/revoke", "Revoke a feed", PlaceBody, {200: "Done"}),
    ("post", "/api/preview", "What a text means", PreviewBody, {200: "Preview"}),
    ("post", "/api/schedule", "Create or replace a schedule", ScheduleBody, {201: "Scheduled"}),
    ("get", "/api/schedules", "List schedules", None, {200: "Schedules"}),
    ("delete", "/api/schedules/{id}", "Remove a schedule", None, {200: "Removed"}),
    ("post", "/api/run_now", "Call a method and wait for its result", RunNowBody, {200: "RanNow"}),
    ("get", "/api/handlers", "List handlers, pinging each", None, {200: "Handlers"}),
    ("get", "/api/methods", "List methods, with JSON Schema of their params", None, {200: "Methods"}),
    ("get", "/api/health", "Whether the server is well", None, {200: "Health"}),
    (
        "get",
        "/api/health/live",
        "200 while its parts run; else it is to be started again",
        None,
        {200: "Health"},
    ),
    (
        "get",
        "/api/health/ready",
        "200 while it can do its work; else send requests elsewhere",
        None,
        {200: "Health"},
    ),
    ("get", "/api/config", "What the server runs with", None, {200: "Config"}),
)

# Read as: path, and the query parameters that it accepts.
_QUERIES = {
    "/api/jobs": (
        "handler_id",
        "method",
        "state",
        "guild_id",
        "creator_id",
        "channel_id",
        "text",
        "due_before",
        "sort",
        "cursor",
        "limit",
        "last_states",
        "total",
    ),
    "/api/jobs/{id}": ("last_run",),
    "/api/jobs/{id}/versions": ("limit",),
    "/api/guilds/{id}/limits": ("creator_id",),
    "/api/feeds": ("place",),
    "/api/troubles": ("after", "wait", "limit"),
    "/api/audit": ("guild_id", "job_id", "actor_id", "cursor", "limit", "after", "wait"),
    "/api/jobs/{id}/executions": ("status", "cursor", "limit", "total"),
    "/api/executions": (
        "handler_id",
        "job_id",
        "guild_id",
        "status",
        "message_id",
        "cursor",
        "limit",
        "total",
    ),
    "/api/executions/errors": ("handler_id", "job_id", "cursor", "limit", "total"),
}


def _describe() -> _Schema:
    schemas = dict(_SCHEMAS)
    paths: dict[str, _Schema] = {}
    for method, path, summary, body, answers in _OPERATIONS:
        operation: _Schema = {
            "summary": summary,
            "responses": {
                **{str(status): _answer(summary, schema) for status, schema in answers.items()},
                "default": _answer("What was wrong and what would be right", _error_of(path)),
            },
        }
        if "{id}" in path:
            operation["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": _TEXT}]
        if method == "get":
            operation.setdefault("parameters", []).extend(
                {"name": name, "in": "query", "schema": _TEXT} for name in _QUERIES.get(path, ())
            )
        if body is not None:
            schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[body.__name__] = schema
            operation["requestBody"] = {"required": True, "content": _json(body.__name__)}
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "ScheduleZero", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _error_of(path: str) -> str:
    """Return the schema of the errors at a path; the query decides where both dialects ask."""
    if path in (EXECUTIONS, ERRORS):
        return "EitherError"
    return "PublishedError" if path in PATHS or path == "/api/schedules/{id}" else "Error"


def _answer(description: str, schema: str) -> _Schema:
    return {"description": description, "content": _json(schema)}


def _json(schema: str) -> _Schema:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


DESCRIPTION = _describe()
