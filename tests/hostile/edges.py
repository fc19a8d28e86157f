# ruff: noqa: E501 - the values stand close together, to be read as one
"""Every field of every request at its extremes, from the server's own OpenAPI description.

A field that is added to a body, a query or a trigger is covered without a line here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from schedulezero.server.api.openapi import DESCRIPTION
from schedulezero.when.calendar.calendar_trigger import _RULE_KEYS, ARGUMENTS  # pyright: ignore[reportPrivateUsage]
from schedulezero.when.calendar.cron_fields import FIELDS
from schedulezero.when.calendar.schedules import INTERVAL_UNITS

# JSON texts, because Python's own values cannot say some of them.
NUMBERS = (
    "0", "-1", "-0.0", "1", "2147483648", "9007199254740993", "9223372036854775807", "9223372036854775808",
    "-9223372036854775809", "1000000000", "1000000000000", str(10**30), "9" * 5000, "1e-9", "1e300", "1e308", "1e999",
    "-1e999", "NaN", "Infinity", "-62135596801", "253402300800", "7258118400",
)  # fmt: skip
TEXTS = (
    "", " ", "\x00", "a\x00b", "\ud83d", "\udc00x", "\ufeff", "٣", "²", "-1", "1e999", "nan", "9" * 5000, "9" * 20, "é" * 101,
    "A" * 70_000, "🚀", "*", "*/0", "*/99999999999999999999", "*/²", "1-²", "0-99999", "1," * 5000, "last", "5th sun", "Mars/Base",
    "Etc/GMT+12", "Pacific/Kiritimati", "Europe", "../UTC", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59", "2199-01-01T00:00:00+23:59",
    "2199-01-01T00:00:00-23:59:59.999999", "2199-01-01T00:00:00+01:00:30", "0001-01-01", "9999-12-31", "0000-00-00", "2199-W01-1",
    "00:00", "23:59:59.9999999999", "24:00", "0 0 30 2 *", "0 0 31 2 *", "*/²  * * * *", "² * * * *", "0 0 * * 9999999999999#5",
    "0 0 29 2 1#5", "* * * * * *", "every 10000 years", "on 31.12.9999 at 23:59", "in 999999999999 days", "every 0.0001 seconds",
    "daily at 9 until 9999-12-31", "2 days before 0001-01-01",
)  # fmt: skip
OTHERS = (
    "null", "true", "[]", "{}", "[[]]", "[null]", "[-1]", "[1e999]", '{"": 1}', '{"a": 1, "a": 2}', '{"\\ud83d": 1}',
    "[" * 15 + "]" * 15, "[" * 40 + "]" * 40, "[" * 5000 + "]" * 5000, "[" + "0," * 100_000 + "0]", '["0001-01-01", "9999-12-31"]',
    '["0001-01-01T00:00:00+14:00"]', '[[1, "mon"], [-1, "sun"]]', '[[5, "mon"]]', "[31]", '["mon"]', '["24:00", "00:00"]',
)  # fmt: skip
EDGES = (*NUMBERS, *(json.dumps(text) for text in TEXTS), *OTHERS)

KNOWN = "known"
INTERVAL = {"type": "interval", "args": {"weeks": 50}}
# Read as: a field has this value where another one is tried.
GOOD: dict[str, Any] = {
    "handler_id": "raw", "method": "send", "job_method": "send", "guild_id": "1", "creator_id": "2", "timezone": "UTC",
    "since": "2020-01-01T00:00:00Z", "until": "2199-01-01T00:00:00Z", "instants": ["2020-01-01T00:00:00Z"],
    "action": "pause", "text": "every friday at 5pm", "locale": "en-GB", "name": "A job", "field": "name",
    "quiet_from": "22:00", "quiet_to": "07:00", "trigger": INTERVAL, "jobs": [{"job_id": KNOWN}], "grace_seconds": 60,
}  # fmt: skip
# Read as: a trigger of that type, with good arguments beside the one that is tried.
RULE = {"unit": "week", "every": 2, "weekdays": ["mon"], "times": ["09:00"], "anchor": "2026-11-27"}
MONTHLY = {"unit": "month", "every": 2, "days": [-1], "times": ["09:00"], "anchor": "2026-11-27"}
TRIGGERS: tuple[tuple[str, dict[str, Any], tuple[str, ...]], ...] = (
    ("date", {}, ("run_date", "timezone")),
    ("interval", {"weeks": 50}, INTERVAL_UNITS),
    ("cron", {"hour": 9}, (*FIELDS, "timezone")),
    ("cron", {"hour": "*/2", "timezone": "Pacific/Kiritimati"}, FIELDS),
    ("calendar", {"rule": RULE, "timezone": "Pacific/Kiritimati"}, ARGUMENTS),
    ("calendar", {"interval": {"weeks": 50}, "starting": "2030-01-01T00:00:00Z"}, ARGUMENTS),
    ("calendar", {"rule": MONTHLY, "count": 3, "starting": "2030-01-01T00:00:00Z"}, ARGUMENTS),
)
PARTS: tuple[tuple[str, dict[str, Any], tuple[str, ...]], ...] = (
    ("rule", RULE, _RULE_KEYS),
    ("rule", MONTHLY, _RULE_KEYS),
    ("cron", {"hour": 9}, FIELDS),
    ("interval", {"weeks": 50}, INTERVAL_UNITS),
)


class _Hole:
    """Stands for the edge in a body."""


HOLE = _Hole()
_MARK = "@@hole@@"


@dataclass(frozen=True)
class Place:
    """One place of one request where an edge goes."""

    name: str
    method: str
    path: str
    body: Any = None
    query: str | None = None
    good: dict[str, str] = field(default_factory=dict[str, str])

    def content(self, edge: str) -> bytes | None:
        """The body with an edge (a JSON text) in it."""
        if self.body is None:
            return None
        text = json.dumps(self.body, default=lambda _: _MARK)
        return text.replace(f'"{_MARK}"', edge).encode("utf-8", "surrogatepass")

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.name}"


def places() -> Iterator[Place]:
    """Every field of every operation, and every argument of every trigger."""
    for path, operations in DESCRIPTION["paths"].items():
        for method, operation in operations.items():
            yield from _of_operation(method.upper(), path, operation)


def _of_operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[Place]:
    known = path.replace("{id}", "1" if "guilds" in path else KNOWN)
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            yield Place("{id}", method, path, {} if method in ("POST", "PATCH", "PUT") else None)
        else:
            yield Place(parameter["name"], method, known, query=parameter["name"])
    if "requestBody" not in operation:
        return
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    yield Place("the body", method, known, HOLE)
    for name, body in _bodies(schema):
        yield Place(name, method, known, body)
    for name, trigger in _triggers():
        if path == "/api/schedule":
            yield Place(name, method, known, {**_good(schema), "trigger": _flat(trigger)})
        elif path in ("/api/jobs", "/api/jobs/{id}"):
            yield Place(name, method, known, {**_good(schema), "trigger": trigger})


def _bodies(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Bodies with a hole in each field, also within objects and lists."""
    properties = _resolved(schema).get("properties", {})
    good = _good(schema)
    for name, inner in properties.items():
        yield name, {**good, name: HOLE}
        for kind in _kinds(inner):
            if kind.get("type") == "array":
                yield f"{name}[0]", {**good, name: [HOLE]}
                for key, item in _bodies(kind.get("items", {})):
                    yield f"{name}[0].{key}", {**good, name: [item]}
            elif kind.get("properties"):
                for key, item in _bodies(kind):
                    yield f"{name}.{key}", {**good, name: item}
            elif kind.get("type") == "object":
                yield f"{name}.x", {**good, name: {"x": HOLE, "channel_id": HOLE, "channel_ids": [HOLE]}}


def _triggers() -> Iterator[tuple[str, Any]]:
    for kind, args, names in TRIGGERS:
        for name in names:
            others = {
                key: value
                for key, value in args.items()
                if key != "rule" or name not in ("cron", "crontab", "interval")
            }
            yield f"{kind}.{name}", {"type": kind, "args": {**others, name: HOLE}}
            if name in ("except",):
                yield f"{kind}.{name}[0]", {"type": kind, "args": {**args, name: [HOLE]}}
    for part, args, names in PARTS:
        for name in names:
            yield f"calendar.{part}.{name}", {"type": "calendar", "args": {part: {**args, name: HOLE}}}
            yield f"calendar.{part}.{name}[0]", {"type": "calendar", "args": {part: {**args, name: [HOLE]}}}


def _flat(trigger: dict[str, Any]) -> dict[str, Any]:
    return {"type": trigger["type"], **trigger["args"]}


def _good(schema: dict[str, Any]) -> dict[str, Any]:
    found = _resolved(schema)
    needed = {name: GOOD[name] for name in found.get("required", ()) if name in GOOD}
    if found.get("title") == "ScheduleBody":
        needed["trigger"] = _flat(INTERVAL)
    if found.get("title") == "RulesBody":
        needed |= {"quiet_from": GOOD["quiet_from"], "quiet_to": GOOD["quiet_to"]}
    if found.get("title") == "TriggerBody":
        needed = dict(INTERVAL)
    if found.get("title") == "AuditBody":
        needed["action"] = "changed"
    return needed


def _kinds(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [_resolved(item) for item in schema.get("anyOf", [schema])]


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return DESCRIPTION["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
