"""The REST API described in OpenAPI 3.1; the tests hold every answer against it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from schedulezero.model import JobState, MissedPolicy, OverlapPolicy, RunState, TroubleKind
from schedulezero.model.limits import Limits
from schedulezero.server.api.preview import PreviewBody
from schedulezero.server.http.bodies import (
    AuditBody,
    BulkBody,
    InstantsBody,
    JobBody,
    JobChangeBody,
    PauseBody,
    RestoreBody,
    RulesBody,
    RunNowBody,
    ScheduleBody,
    SpanBody,
    VersionBody,
)

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

_JOB = {
    "job_id": _TEXT,
    "handler_id": _TEXT,
    "method": _TEXT,
    "params": _ANYTHING,
    "trigger": _object({"type": _TEXT, "args": _ANYTHING}),
    "state": {"enum": [item.value for item in JobState]},
    "next_run_at": _NULLABLE_INSTANT,
    "name": _nullable("string"),
    "guild_id": _nullable("string"),
    "creator_id": _nullable("string"),
    "timezone": _TEXT,
    "grace_seconds": {"type": "number"},
    "missed": {"enum": [item.value for item in MissedPolicy]},
    "overlap": {"enum": [item.value for item in OverlapPolicy]},
    "held_until": _NULLABLE_INSTANT,
    "meta": _ANYTHING,
    "run_count": _COUNT,
    "version": _COUNT,
    "anchor_at": _NULLABLE_INSTANT,
    "created_at": _NULLABLE_INSTANT,
    "updated_at": _NULLABLE_INSTANT,
}


def _beside(key: str) -> _Schema:
    """What may stand beside a sentence, for programs to decide and translate by."""
    return {f"{key}_code": _TEXT, f"{key}_values": _ANYTHING}


def _run_sentence(key: str) -> _Schema:
    return {
        key: _nullable("string"),
        f"{key}_code": _nullable("string"),
        f"{key}_values": _nullable("object"),
    }


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
    "status": {"enum": [item.value for item in RunState]},
    "attempts": _COUNT,
    "started_at": _NULLABLE_INSTANT,
    "finished_at": _NULLABLE_INSTANT,
    "result": _nullable("object"),
    **_run_sentence("error"),
    **_run_sentence("note"),
}


def _list(schema: str) -> _Schema:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}


_SCHEMAS: dict[str, _Schema] = {
    "Job": _object(_JOB),
    "Methods": _object(
        {
            "methods": {
                "type": "array",
                "items": _object({"handler_id": _TEXT, "method": _TEXT, "schema": _nullable("object")}),
            }
        }
    ),
    "CreatedJob": _object({**_JOB, "warning": _TEXT, **_beside("warning")}, "warning", *_beside("warning")),
    "JobPage": _object({"jobs": _list("Job"), "next_cursor": _nullable("string")}),
    "Run": _object(_RUN),
    "Runs": _object({"runs": _list("Run")}),
    "Instants": _object({"instants": {"type": "array", "items": _INSTANT}}),
    "Versions": _object(
        {
            "versions": {
                "type": "array",
                "items": _object(
                    {
                        "version": _COUNT,
                        "action": _TEXT,
                        "actor_id": _nullable("string"),
                        "changed_at": _INSTANT,
                        "job": {"$ref": "#/components/schemas/Job"},
                    }
                ),
            }
        }
    ),
    "BulkResult": _object(
        {
            "changed": {
                "type": "array",
                "items": _object({"job_id": _TEXT, "before": _COUNT, "version": _COUNT}),
            },
            "refused": {
                "type": "array",
                "items": _object(
                    {"job_id": _TEXT, "message": _TEXT, **_beside("message")}, *_beside("message")
                ),
            },
        }
    ),
    "Rules": _object(
        {
            "guild_id": _TEXT,
            "timezone": _TEXT,
            "quiet_from": _nullable("string"),
            "quiet_to": _nullable("string"),
            "dark_days": {"type": "array", "items": {"type": "string", "format": "date"}},
            "most_jobs": _nullable("integer"),
            "most_runs_an_hour": _nullable("integer"),
        }
    ),
    "Limits": _object(
        {
            "limits": _object({item.name: _nullable("integer") for item in fields(Limits)}),
            "jobs": _COUNT,
            "most_jobs": _nullable("integer"),
            "mine": _nullable("integer"),
            "runs": _COUNT,
        }
    ),
    "Troubles": _object(
        {
            "troubles": {
                "type": "array",
                "items": _object(
                    {
                        "sequence": _COUNT,
                        "kind": {"enum": [item.value for item in TroubleKind]},
                        "run": {"$ref": "#/components/schemas/Run"},
                    }
                ),
            },
            "next": _COUNT,
        }
    ),
    "Record": _object({**_RUN, "method_name": _TEXT}),
    "RecordPage": _object(
        {"count": _COUNT, "limit": _COUNT, "records": _list("Record"), "next_cursor": _nullable("string")}
    ),
    "RunStats": _object({"total": _COUNT, "by_status": _ANYTHING}),
    "Done": _object({"status": {"const": "success"}}),
    "AuditPage": _object(
        {
            "entries": {
                "type": "array",
                "items": _object(
                    {
                        "sequence": _COUNT,
                        "at": _TEXT,
                        "action": _TEXT,
                        "guild_id": _nullable("string"),
                        "job_id": _nullable("string"),
                        "name": _nullable("string"),
                        "actor_id": _nullable("string"),
                        "via": {"enum": ["discord", "rest", "server"]},
                        "changes": {
                            "type": "array",
                            "items": _object({"field": _TEXT, "old": {}, "new": {}}),
                        },
                    }
                ),
            },
            "next": {"type": ["integer", "null"]},
            "newest": _COUNT,
        }
    ),
    "Cleared": _object({"status": {"const": "success"}, "cleared": _COUNT}),
    "Scheduled": _object({"status": {"const": "success"}, "job_id": _TEXT}),
    "Schedules": _object(
        {
            "schedules": {
                "type": "array",
                "items": _object(
                    {
                        "id": _TEXT,
                        "next_fire_time": _NULLABLE_INSTANT,
                        "trigger": _TEXT,
                        "args": {"type": "array", "minItems": 4, "maxItems": 4},
                    }
                ),
            },
            "count": _COUNT,
        }
    ),
    "Removed": _object({"status": {"const": "success"}, "message": _TEXT, "schedule_id": _TEXT}),
    "RanNow": _object({"status": {"const": "success"}, "result": _ANYTHING, "message": _TEXT}),
    "Handlers": _object(
        {
            "handlers": {
                "type": "array",
                "items": _object(
                    {
                        "id": _TEXT,
                        "address": _TEXT,
                        "methods": {"type": "array", "items": _TEXT},
                        "status": {"enum": ["Connected", "Disconnected"]},
                        "concurrency": {"type": "integer", "minimum": 1},
                        "shards": _object({"ids": {"type": "array", "items": _COUNT}, "count": _COUNT}),
                    },
                    "shards",
                ),
            }
        }
    ),
    "Preview": _object(
        {
            "text": _TEXT,
            "trigger": _object({"type": _TEXT, "args": _ANYTHING}),
            "runs": {"type": "array", "items": _INSTANT},
        }
    ),
    "Health": _object(
        {
            "status": {"enum": ["ok", "degraded"]},
            "live": {"type": "boolean"},
            "ready": {"type": "boolean"},
            "runs_waiting": _COUNT,
            "runs_under_way": _COUNT,
            "trouble": _TEXT,
            **_beside("trouble"),
        },
        "trouble",
        *_beside("trouble"),
    ),
    "Config": _ANYTHING,
    "Error": _object(
        {
            "error": _object(
                {"code": _TEXT, "message": _TEXT, "field": _TEXT, **_beside("message")},
                "field",
                *_beside("message"),
            )
        }
    ),
}

# Read as: method, path, what it does, its body's schema, and the schema of each good status.
_OPERATIONS: tuple[tuple[str, str, str, str | None, dict[int, str]], ...] = (
    ("post", "/api/jobs", "Create a job", "JobBody", {201: "CreatedJob"}),
    ("get", "/api/jobs", "List jobs, next run first", None, {200: "JobPage"}),
    ("get", "/api/jobs/{id}", "Show a job", None, {200: "Job"}),
    ("patch", "/api/jobs/{id}", "Change a job", "JobChangeBody", {200: "Job"}),
    ("delete", "/api/jobs/{id}", "Cancel a job", None, {200: "Job"}),
    ("post", "/api/jobs/bulk", "Change many jobs of a guild", "BulkBody", {200: "BulkResult"}),
    ("post", "/api/jobs/{id}/pause", "Hold a job, for good or until", "PauseBody", {200: "Job"}),
    ("post", "/api/jobs/{id}/resume", "Let a paused job run again", "VersionBody", {200: "Job"}),
    ("post", "/api/jobs/{id}/skip", "Pass over a job's next run", None, {200: "Job"}),
    ("post", "/api/jobs/{id}/approve", "Let a pending job run", "VersionBody", {200: "Job"}),
    ("post", "/api/jobs/{id}/restore", "Undo a cancel, or go back", "RestoreBody", {200: "Job"}),
    ("post", "/api/jobs/{id}/missing", "Instants that did not run well", "SpanBody", {200: "Instants"}),
    ("post", "/api/jobs/{id}/make-up", "Run such instants (again)", "InstantsBody", {202: "Runs"}),
    ("get", "/api/jobs/{id}/versions", "What it was, newest first", None, {200: "Versions"}),
    ("post", "/api/jobs/{id}/run", "Run a job once, now", "VersionBody", {202: "Run"}),
    ("get", "/api/jobs/{id}/executions", "A job's runs, newest first", None, {200: "RecordPage"}),
    ("get", "/api/executions", "Runs, newest first", None, {200: "RecordPage"}),
    ("get", "/api/executions/stats", "How many runs stand in each state", None, {200: "RunStats"}),
    ("get", "/api/executions/errors", "Failed runs, newest first", None, {200: "RecordPage"}),
    ("post", "/api/executions/clear", "Forget ended runs", None, {200: "Cleared"}),
    ("get", "/api/troubles", "What there is to tell of runs", None, {200: "Troubles"}),
    ("get", "/api/audit", "Who changed what", None, {200: "AuditPage"}),
    ("post", "/api/audit", "Add what was done elsewhere", "AuditBody", {201: "Done"}),
    ("get", "/api/guilds/{id}/rules", "What a guild forbids", None, {200: "Rules"}),
    ("put", "/api/guilds/{id}/rules", "Set what a guild forbids", "RulesBody", {200: "Rules"}),
    ("get", "/api/guilds/{id}/limits", "The limits, and what is used up", None, {200: "Limits"}),
    ("post", "/api/preview", "What a text means", "PreviewBody", {200: "Preview"}),
    ("post", "/api/schedule", "Create or replace a schedule", "ScheduleBody", {201: "Scheduled"}),
    ("get", "/api/schedules", "List schedules", None, {200: "Schedules"}),
    ("delete", "/api/schedules/{id}", "Remove a schedule", None, {200: "Removed"}),
    ("post", "/api/run_now", "Call a method and wait for its result", "RunNowBody", {200: "RanNow"}),
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

# Read as: path ending, and the query parameters that a listing there understands.
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
    ),
    "/api/jobs/{id}/versions": ("limit",),
    "/api/guilds/{id}/limits": ("creator_id",),
    "/api/troubles": ("after", "wait", "limit"),
    "/api/audit": ("guild_id", "job_id", "actor_id", "cursor", "limit", "after", "wait"),
    "/api/jobs/{id}/executions": ("status", "cursor", "limit"),
    "/api/executions": ("handler_id", "job_id", "guild_id", "status", "message_id", "cursor", "limit"),
    "/api/executions/errors": ("cursor", "limit"),
}


def _describe() -> _Schema:
    schemas = dict(_SCHEMAS)
    for model in (
        AuditBody, BulkBody, InstantsBody, JobBody, JobChangeBody, PauseBody, PreviewBody, RestoreBody,
        RulesBody, RunNowBody, ScheduleBody, SpanBody, VersionBody,
    ):  # fmt: skip
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    paths: dict[str, _Schema] = {}
    for method, path, summary, body, answers in _OPERATIONS:
        operation: _Schema = {
            "summary": summary,
            "responses": {
                **{str(status): _answer(summary, schema) for status, schema in answers.items()},
                "default": _answer("What was wrong and what would be right", "Error"),
            },
        }
        if "{id}" in path:
            operation["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": _TEXT}]
        if method == "get":
            operation.setdefault("parameters", []).extend(
                {"name": name, "in": "query", "schema": _TEXT} for name in _QUERIES.get(path, ())
            )
        if body is not None:
            operation["requestBody"] = {"required": True, "content": _json(body)}
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "ScheduleZero", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _answer(description: str, schema: str) -> _Schema:
    return {"description": description, "content": _json(schema)}


def _json(schema: str) -> _Schema:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


DESCRIPTION = _describe()
