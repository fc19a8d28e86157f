"""A thousand malformed things for each way in: each is told what is wrong, and nothing ends or falls over.

What each got is written to ``artifacts/hostile.txt``, by way in and answer.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import zmq
import zmq.asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.config import ConfigError, Settings, load_settings
from schedulezero.errors import ParameterError, TriggerError, WhenError
from schedulezero.exchange.calendar_import import read_calendar
from schedulezero.exchange.yaml_file import Fault, read_jobs
from schedulezero.handler.handler import Handler
from schedulezero.methods.variables import Facts, render
from schedulezero.server.service import ServerConfig
from schedulezero.when.language.complete import completions
from schedulezero.when.language.parse import understand
from schedulezero.wire.addresses import free_ports
from tests.conftest import Api
from tests.hostile.values import ICS, RAW, VALUES, YAML
from tests.support.peers import tell
from tests.support.serving import served
from tests.support.tries import tries

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ARTIFACT = Path(__file__).parent.parent.parent / "artifacts" / "hostile.txt"
MANY = 1000

GOOD: dict[str, Any] = {
    "handler_id": "nobody",
    "method": "send",
    "params": {"channel_id": "1", "message": "x"},
    "trigger": {"type": "date", "args": {"run_date": "2099-01-01T00:00:00Z"}},
    "name": "A job",
    "guild_id": "1",
    "creator_id": "2",
    "timezone": "UTC",
    "grace_seconds": 60,
    "missed": "latest",
    "overlap": "allow",
    "meta": {},
    "state": "active",
}
ROUTES = (
    ("POST", "/api/jobs"), ("PATCH", "/api/jobs/known"), ("POST", "/api/jobs/known/pause"),
    ("POST", "/api/jobs/known/missing"), ("POST", "/api/jobs/known/make-up"),
    ("POST", "/api/jobs/known/restore"),
    ("POST", "/api/jobs/bulk"), ("POST", "/api/schedule"), ("POST", "/api/run_now"), ("POST", "/api/preview"),
    ("PUT", "/api/guilds/1/rules"), ("POST", "/api/audit"),
)  # fmt: skip


def told(way: str, counts: Counter[str]) -> None:
    """Adds what a way in answered to the artifact."""
    ARTIFACT.parent.mkdir(exist_ok=True)
    lines = ARTIFACT.read_text().splitlines() if ARTIFACT.exists() else []
    kept = [line for line in lines if not line.startswith(f"{way}:")]
    answers = ", ".join(f"{count} × {answer}" for answer, count in sorted(counts.items()))
    ARTIFACT.write_text("\n".join(sorted([*kept, f"{way}: {counts.total()} in all: {answers}"])) + "\n")


def bodies() -> Iterator[bytes]:
    """Raw rubbish, and good bodies with one or two values replaced by bad ones."""
    yield from RAW
    chance = random.Random(1)
    while True:
        body = dict(GOOD)
        for _ in range(chance.randint(1, 2)):
            field = chance.choice([*GOOD, "surprise", "job_id", "version", "until", "instants", "text"])
            body[field] = chance.choice(VALUES)
        try:
            yield json.dumps(body).encode("utf-8", "surrogatepass")
        except ValueError:
            continue


@pytest_asyncio.fixture
async def api(server_config: ServerConfig) -> AsyncIterator[Api]:
    """A server that takes any number of requests."""
    async with served(replace(server_config, requests_per_second=0)) as client:
        yield client


async def test_rest_bodies(api: Api) -> None:
    assert (await api.post("/api/jobs", json={**GOOD, "job_id": "known"})).status_code == 201
    counts: Counter[str] = Counter()
    for number, body in zip(range(MANY), bodies(), strict=False):
        method, path = ROUTES[number % len(ROUTES)]
        answer = await api.request(method, path, content=body, headers={"Content-Type": "application/json"})
        counts[str(answer.status_code)] += 1
        assert answer.status_code < 500, (method, path, body[:500], answer.text)
        assert "Traceback" not in answer.text
        if answer.status_code >= 400:
            assert answer.json()["error"]["message"]
    told("REST bodies", counts)
    assert (await api.get("/api/jobs/known")).status_code == 200
    assert (await api.get("/api/jobs")).status_code == 200


QUERIES = ("limit", "cursor", "state", "guild_id", "text", "due_before", "sort", "after")


@pytest.mark.parametrize("name", QUERIES)
async def test_rest_queries(api: Api, name: str) -> None:
    for path in ("/api/jobs", "/api/executions", "/api/troubles", "/api/audit"):
        for value in VALUES:
            if isinstance(value, str) and len(value) <= 500:  # longer lines aiohttp refuses by itself
                text = value.encode("utf-8", "replace").decode()
                answer = await api.get(path, params={name: text})
                assert answer.status_code < 500, (path, name, value, answer.text)


async def test_registration_frames(server: ServerConfig) -> None:
    counts: Counter[str] = Counter()
    context = zmq.Context()
    chance = random.Random(2)

    def ask(frames: list[bytes]) -> str:
        socket = context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(server.server_address)
        socket.send_multipart([b"", *frames])
        # The server answers in the order in which it was asked; a ping behind it ends the wait.
        answered = socket.poll(60_000)
        said = json.loads(socket.recv_multipart()[-1]).get("error", "ok") if answered else "dropped"
        socket.close(0)
        return str(said)[:40]

    def frames() -> Iterator[list[bytes]]:
        for raw in RAW:
            yield [raw]
        yield [b"a", b"b", b"c"]
        while True:
            params = {"handler_id": "h", "address": "tcp://127.0.0.1:1", "methods": ["x"], "concurrency": 1}
            params[chance.choice(list(params))] = chance.choice(VALUES)
            message = {"method": chance.choice(["register", "report_status", "x"]), "params": params}
            yield [json.dumps(message).encode("utf-8", "surrogatepass")]

    for _, made in zip(range(MANY), frames(), strict=False):
        if sum(len(frame) for frame in made) < 2_000_000:
            counts[await asyncio.to_thread(ask, made)] += 1
    context.term()
    told("registration frames", Counter({"ok": counts["ok"], "told": counts.total() - counts["ok"]}))
    assert counts["dropped"] == 0
    assert (await asyncio.to_thread(tell, server.server_address, b'{"method": "ping"}'))["success"] is True


async def test_handler_frames() -> None:
    async def greet(bot: Any, params: dict[str, Any]) -> dict[str, Any]:
        """Greets.

        Params:
            channel_id: int - Where
            user_ids: list - Whom (optional)
            loud: bool - How (optional)
        """
        return {"got": sorted(params)}

    handler = Handler("bot", "hostile", f"tcp://127.0.0.1:{free_ports(1)[0]}", None)
    handler.register_sprocket("greet", greet)
    handler.start()
    await handler.wait_bound()
    chance, counts = random.Random(7), Counter[str]()
    frames = [[raw] for raw in RAW if len(raw) < 1_000_000] + [[b"a", b"b"], []]
    while len(frames) < MANY:
        params = {"channel_id": "1", "user_ids": ["1"], "loud": True, "extra": chance.choice(VALUES)}
        params[chance.choice(list(params))] = chance.choice(VALUES)
        message: dict[str, Any] = {
            "method": "greet",
            "params": params,
            "run_id": "a@1",
            "attempt": 1,
            "round": 1,
        }
        message["context"] = {"timezone": "UTC", "number": 1, "guild_id": "1", "creator_id": "2"}
        place = chance.choice([message, message["context"]])
        place[chance.choice(list(place))] = chance.choice(VALUES)
        frames.append([json.dumps(message).encode("utf-8", "surrogatepass")])
    context = zmq.asyncio.Context()
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(handler.address)
    async with asyncio.timeout(60):
        for made in frames:
            await socket.send_multipart([b"", *made])
            answer = json.loads((await socket.recv_multipart())[-1])
            counts["done" if answer["success"] else "told"] += 1
            assert "Traceback" not in answer.get("error", "")
        await socket.send_multipart([b"", b'{"method": "ping"}'])
        assert json.loads((await socket.recv_multipart())[-1])["success"] is True
    socket.close(0)
    context.term()
    handler.stop()
    await handler.wait_stopped()
    told("handler frames", counts)


async def test_config_files(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    chance = random.Random(3)
    keys = [*Settings.model_fields, "nothing"]
    texts = [*YAML, *(raw.decode("latin-1") for raw in RAW)]
    while len(texts) < MANY:
        value = chance.choice(VALUES)
        texts.append(f"{chance.choice(keys)}: {json.dumps(value)}"[:5000])
    for text in texts:
        file = tmp_path / "config.yaml"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            load_settings(file)
            counts["usable"] += 1
        except ConfigError as error:
            counts["told"] += 1
            assert "\n" not in str(error) and len(str(error)) < 120_000
    told("config files", counts)


def test_yaml_imports() -> None:
    counts: Counter[str] = Counter()
    chance = random.Random(4)
    texts = [*YAML, *(raw.decode("latin-1") for raw in RAW)]
    while len(texts) < MANY:
        entry = {"name": "x", "do": "send", "when": "daily at 9", "with": {"a": "b"}, "timezone": "UTC"}
        entry[chance.choice([*entry, "surprise"])] = chance.choice(VALUES)
        texts.append("jobs:\n- " + json.dumps(entry)[:20_000])
    for text in texts:
        for found in read_jobs(text):
            counts["told" if isinstance(found, Fault) else "taken"] += 1
    told("YAML entries", counts)


def test_calendar_imports() -> None:
    counts: Counter[str] = Counter()
    chance = random.Random(5)
    texts = [*ICS, *(raw.decode("latin-1") for raw in RAW)]
    good = ICS[5].splitlines()
    while len(texts) < MANY:
        lines = list(good)
        value = str(chance.choice(VALUES)).replace("\n", "\\n")[:3000]
        name = chance.choice(["DTSTART", "SUMMARY", "RRULE", "EXDATE", "DTEND", "DURATION", "RECURRENCE-ID"])
        lines[3] = f"DTSTART:20990101T090000Z\n{name}:{value}"
        texts.append("\n".join(lines))
    for text in texts:
        for found in read_calendar(text, method="send", params={}, zone="UTC", now=NOW):
            counts["told" if isinstance(found, Fault) else "taken"] += 1
    told("calendar entries", counts)


def test_texts_of_time() -> None:
    counts: Counter[str] = Counter()
    chance = random.Random(6)
    words = [
        "every",
        "day",
        "monday",
        "at",
        "9",
        "in",
        "-1",
        "until",
        "except",
        "last",
        "2nd",
        "of",
        "*",
        "utc",
    ]
    texts = [value for value in VALUES if isinstance(value, str)]
    while len(texts) < MANY:
        picked = (
            chance.choice([*words, str(chance.choice(VALUES))[:40]]) for _ in range(chance.randint(1, 8))
        )
        texts.append(" ".join(picked))
    for text in texts:
        try:
            understand(text, zone="UTC", locale="en-GB", now=NOW)
            counts["understood"] += 1
        except (WhenError, TriggerError) as error:
            counts["told"] += 1
            assert error.message
        for choice in completions(text, zone="UTC", locale="de", now=NOW):
            assert 1 <= len(choice.label) <= 100 and len(choice.text) <= 100
    told("texts of time", counts)


@settings(max_examples=tries(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=300))
def test_any_text_in_a_message_stays_data(text: str) -> None:
    try:
        shown = render(text, Facts(NOW, 1, "Moonbase", 3))
    except ParameterError as error:
        assert error.message
        return
    assert "Facts(" not in shown and "object at 0x" not in shown


@settings(max_examples=tries(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=200))
def test_any_text_of_time_is_understood_or_told(text: str) -> None:
    try:
        understand(text, zone="Europe/Berlin", locale="fr", now=NOW)
    except (WhenError, TriggerError) as error:
        assert error.message
