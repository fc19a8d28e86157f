"""Our server answers each request that was observed at a published server as that one did, field by field.

``published_server.toml`` is the table; it says how to read it.
"""

from __future__ import annotations

import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from schedulezero.server.service import ServerConfig
from tests.conftest import check_answer, until
from tests.support.peers import Answer, RawHandler

TABLE = tomllib.loads((Path(__file__).parent / "published_server.toml").read_text(encoding="utf-8"))[
    "request"
]
METHODS = ("big", "boom", "fail", "nan", "nothing", "statuserr", "text", "work")


def respond(call: dict[str, Any]) -> Answer:
    """Answer as a published handler does, and say that trying again is no use."""
    params = call["params"]
    answers: dict[str, Answer] = {
        "work": {"echo": params, "success": True},
        "boom": {"success": False, "error": "kaboom", "retry": False},
        "fail": {"success": False, "error": "nope", "retry": False},
        "statuserr": {"status": "error", "error": "soft", "success": True},
        "text": {"success": True, "result": "plain text"},
        "nothing": {"success": True, "result": None},
        "nan": '{"x": NaN, "success": true}',
        "big": {"x": "y" * params.get("n", 0), "success": True},
    }
    return answers[call["method"]]


async def test_every_observed_request(server: ServerConfig, raw_handler: RawHandler) -> None:
    raw_handler.handler_id, raw_handler.respond = "their-h", respond
    raw_handler.start(*METHODS)
    wrong: list[str] = []
    async with httpx.AsyncClient(base_url=server.api_endpoint, timeout=60) as http:
        for row in TABLE:
            method, path = row["ask"].split(" ", 1)
            if "after" in row:
                await until(lambda job_id=row["after"]: _has_run(http, job_id))
            answer = await http.request(method, path, json=_body(row))
            said = f"{row['ask']} {_body(row)}: {answer.status_code} {answer.text[:500]}"
            if answer.status_code != row["status"]:
                wrong.append(said)
            elif not row.get("raw"):
                check_answer(method, path.partition("?")[0], answer)
                wrong += [f"{said}\n  {fault}" for fault in faults(json.loads(row["answer"]), answer.json())]
    assert not wrong, "\n".join(wrong)


async def _has_run(http: httpx.AsyncClient, job_id: str) -> bool:
    found = (await http.get("/api/executions", params={"job_id": job_id, "status": "success"})).json()
    return bool(found["records"])


def _body(row: dict[str, Any]) -> Any:
    if "trigger" in row:
        job_id = {"job_id": row["job_id"]} if "job_id" in row else {}
        trigger = json.loads(row["trigger"])
        return {
            "handler_id": "their-h",
            "job_method": "work",
            "job_params": {"a": 1},
            "trigger": trigger,
            **job_id,
        }
    return json.loads(row["body"]) if "body" in row else None


KINDS: dict[str, type | tuple[type, ...]] = {
    "<text>": str, "<number>": (int, float), "<object>": dict, "<list>": list,
}  # fmt: skip


def faults(wanted: Any, found: Any, where: str = "answer") -> list[str]:
    """Return where an answer isn't as the table says."""
    if wanted == "<instant>":
        offset = datetime.fromisoformat(found).utcoffset() if isinstance(found, str) else None
        fine = offset is not None and found.endswith("+00:00")
    elif isinstance(wanted, str) and wanted in KINDS:
        fine = isinstance(found, KINDS[wanted]) and not isinstance(found, bool)
    elif isinstance(wanted, dict):
        if not isinstance(found, dict):
            return [f"{where} is {found!r}, not an object"]
        return [
            fault
            for key, value in wanted.items()
            for fault in (
                faults(value, found[key], f"{where}.{key}") if key in found else [f"{where} has no {key!r}"]
            )
        ]
    elif isinstance(wanted, list) and wanted:
        if not isinstance(found, list) or not found:
            return [f"{where} is {found!r}, not a list with items"]
        if len(wanted) == 1:  # each item is like this one
            return [fault for item in found for fault in faults(wanted[0], item, f"{where}[]")]
        return [
            fault
            for one, item in zip(wanted, found, strict=True)
            for fault in faults(one, item, f"{where}[]")
        ]
    else:
        fine = type(wanted) is type(found) and wanted == found
    return [] if fine else [f"{where} is {found!r}, not {wanted!r}"]


def test_a_row_that_differs_says_why() -> None:
    for row in TABLE:
        assert ("differs" in row) == ("theirs" in row), row["ask"]
        assert len(row.get("differs", "x" * 10)) >= 10


def test_the_comparison_finds_faults() -> None:
    wanted = {"a": "<number>", "b": [{"c": "<text>"}], "d": "<instant>"}
    right = {"a": 1, "b": [{"c": "x"}], "d": "2026-01-01T00:00:00+00:00", "more": 1}
    assert faults(wanted, right) == []
    for change in (
        {"a": "1"}, {"a": True}, {"b": []}, {"b": [{"c": 1}]}, {"b": {}},
        {"d": "2026-01-01T00:00:00Z"}, {"d": None},
    ):  # fmt: skip
        assert faults(wanted, {**right, **change}), change
    assert faults({"error": {"code": 400}}, {"error": {"code": "400"}})
