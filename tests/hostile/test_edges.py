# ruff: noqa: E501 - the values stand close together, to be read as one
"""No field of any request, at its extremes, breaks the server, its answers or the jobs of others."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import socket
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import httpx
import pytest
import pytest_asyncio
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.wire.storable import check
from tests.hostile.edges import EDGES, INTERVAL, KNOWN, Place, places
from tests.support.peers import RawHandler, tell
from tests.support.runs import due_now, ended
from tests.support.tries import tries

PLACES = list(places())
SHARE = 8
LISTS = (
    "/api/jobs?limit=200", "/api/jobs?limit=200&sort=name", "/api/jobs?state=finished", "/api/jobs/known", "/api/jobs/known/versions",
    "/api/jobs/known/executions", "/api/schedules", "/api/executions?limit=1000", "/api/executions/errors", "/api/executions/stats",
    "/api/troubles?after=0&limit=500", "/api/audit?limit=200", "/api/guilds/1/rules", "/api/handlers", "/api/methods",
    "/api/health", "/api/health/live", "/api/health/ready", "/api/config", "/api/openapi.json",
)  # fmt: skip


def strict(content: bytes) -> Any:
    """What a strict JSON client reads."""

    def refuse(name: str) -> Any:
        raise AssertionError(f"{name} in an answer")

    value = json.loads(content.decode(), parse_constant=refuse)
    check(value, deepest=None, most=None)
    return value


class Asked:
    """A server with a handler, asked for the worst."""

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self.http = httpx.Client(base_url=config.api_endpoint, timeout=60)
        self.counts: Counter[int] = Counter()
        self._asked = 0

    def renew(self) -> None:
        """Brings the known job back as it was."""
        body = {
            "handler_id": "raw", "job_method": "send", "job_id": KNOWN,
            "trigger": {"type": "interval", **INTERVAL["args"]},
        }  # fmt: skip
        answer = self.http.post("/api/schedule", json=body)
        assert answer.status_code == 201, answer.text

    def ask(self, place: Place, edge: str) -> None:
        if self._asked % 10 == 0:
            self.renew()
        self._asked += 1
        path = place.path
        if "{id}" in path:
            path = path.replace("{id}", _in_url(edge))
        if place.query is not None:
            path += f"?{place.query}={_in_url(edge)}"
        answer = self.http.request(
            place.method, path, content=place.content(edge), headers={"Content-Type": "application/json"}
        )
        self.look_at(answer, place, edge)

    def look_at(self, answer: httpx.Response, place: object, edge: object) -> None:
        said = f"{place} with {str(edge)[:80]}: {answer.status_code} {answer.text[:300]}"
        assert answer.status_code < 500, said
        try:
            data = strict(answer.content)
        except ValueError as error:
            raise AssertionError(said) from error
        if answer.status_code >= 400:
            assert data["error"]["message"] and len(data["error"]["message"]) < 3000, said
        self.counts[answer.status_code] += 1

    def everything_answers(self) -> None:
        self.renew()
        for path in LISTS:
            answer = self.http.get(path)
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
            strict(answer.content)
        answer = self.http.post("/api/preview", json={"text": "every day at 9"})
        assert answer.status_code == 200 and strict(answer.content)["runs"]


def _in_url(edge: str) -> str:
    """A JSON text as it stands in a URL: texts without their quotes, surrogates in WTF-8."""
    text = json.loads(edge) if edge.startswith('"') else edge
    return quote(text[:400].encode("utf-8", "surrogatepass"), safe="")


@pytest_asyncio.fixture
async def asked(server_config: ServerConfig, raw_handler_port: int) -> AsyncIterator[Asked]:
    config = replace(server_config, requests_per_second=0)
    server = ServerThread(config)
    await server.start()
    handler = RawHandler(raw_handler_port, config.server_address)
    await asyncio.to_thread(handler.start, "send")
    made = Asked(config)
    yield made
    made.http.close()
    handler.stop()
    await server.stop()


@pytest.fixture
def raw_handler_port() -> int:
    from schedulezero.wire.addresses import free_ports

    return free_ports(1)[0]


async def still_alive(asked: Asked) -> None:
    """The clock claims, the dispatcher calls, the outcome is written."""
    await asyncio.to_thread(asked.everything_answers)
    async with httpx.AsyncClient(base_url=asked.config.api_endpoint, timeout=60) as api:
        assert (await ended(api, await due_now(api)))["status"] == "succeeded"


def test_new_fields_are_covered() -> None:
    names = {str(place) for place in PLACES}
    for one in (
        "POST /api/jobs grace_seconds", "PATCH /api/jobs/known params.x", "POST /api/jobs/bulk jobs[0].version",
        "POST /api/schedule cron.second", "POST /api/jobs calendar.rule.anchor", "GET /api/executions cursor",
        "POST /api/audit changes[0].old", "DELETE /api/schedules/{id} {id}", "PUT /api/guilds/1/rules dark_days[0]",
    ):  # fmt: skip
        assert one in names


@pytest.mark.parametrize("part", range(4))
async def test_each_field_at_some_of_its_extremes(asked: Asked, part: int) -> None:
    """Each field meets every eighth edge, each edge every eighth field; chance tries the others below."""

    def ask_all() -> None:
        for number, place in list(enumerate(PLACES))[part::4]:
            for edge in EDGES[number % SHARE :: SHARE]:
                asked.ask(place, edge)

    await asyncio.to_thread(ask_all)
    assert asked.counts[400] > 100 and asked.counts[200] + asked.counts[201] > 10
    await still_alive(asked)


async def test_any_field_at_any_extreme(asked: Asked) -> None:
    @settings(
        max_examples=tries(400),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.sampled_from(PLACES), st.sampled_from(EDGES) | st.text(max_size=60).map(json.dumps) | numbers())
    def ask(place: Place, edge: str) -> None:
        asked.ask(place, edge)

    await asyncio.to_thread(ask)
    await still_alive(asked)


def numbers() -> st.SearchStrategy[str]:
    """Numbers around the places where something ends."""
    ends = [0, 2**31, 2**53, 2**63, 253402300800, 10**30]
    near = st.builds(
        lambda end, by, sign: sign * (end + by),
        st.sampled_from(ends),
        st.integers(-2, 2),
        st.sampled_from([1, -1]),
    )
    return near.map(str) | st.floats(allow_nan=False, allow_infinity=False).map(repr)


GOOD_BODY = json.dumps(
    {"handler_id": "raw", "method": "send", "job_id": "twice", "trigger": INTERVAL, "params": {"x": "é"}}, ensure_ascii=False
)  # fmt: skip
# Read as: headers, the body, and the status; None for any that is no failure of ours.


class Bomb(NamedTuple):
    """Spaces, packed when the test runs: that takes seconds."""

    pack: str
    size: int

    def packed(self) -> bytes:
        packer = zlib.compressobj(9, wbits=31 if self.pack == "gzip" else 15)
        return packer.compress(b" " * self.size) + packer.flush()


BODIES: tuple[tuple[dict[str, str], bytes | Bomb, int | None], ...] = (
    ({}, GOOD_BODY.encode(), 201),
    ({}, GOOD_BODY.encode("utf-8-sig"), 201),
    ({"Content-Type": "application/json; charset=utf-8"}, GOOD_BODY.encode(), 201),
    ({"Content-Type": "application/json; charset=utf-16"}, GOOD_BODY.encode("utf-16"), 415),
    ({"Content-Type": "application/json; charset=nonsense"}, GOOD_BODY.encode(), 415),
    ({}, GOOD_BODY.encode("utf-16"), 400),
    ({}, GOOD_BODY.encode("latin-1"), 400),
    ({}, b"", 400),
    ({}, b"[]", 400),
    ({}, b"null", 400),
    ({}, GOOD_BODY.encode()[:-1], 400),
    ({}, GOOD_BODY.replace("handler_id", "method", 1).encode(), 400),
    ({"Content-Encoding": "gzip"}, gzip.compress(GOOD_BODY.encode(), mtime=0), 201),
    ({"Content-Encoding": "gzip"}, gzip.compress(GOOD_BODY.encode(), mtime=0)[:-9], None),
    ({"Content-Encoding": "gzip"}, Bomb("gzip", 300_000_000), 413),
    ({"Content-Encoding": "deflate"}, zlib.compress(GOOD_BODY.encode()), 201),
    ({"Content-Encoding": "deflate"}, Bomb("deflate", 300_000_000), 413),
    ({"Content-Encoding": "x-nothing"}, GOOD_BODY.encode(), None),
    ({"Authorization": "Bearer \udcff"}, GOOD_BODY.encode(), 401),
    ({"X-ScheduleZero-Actor": "9" * 5000}, GOOD_BODY.encode(), 400),
    ({"X-ScheduleZero-Actor": "\udcff"}, GOOD_BODY.encode(), 400),
)


@pytest.mark.parametrize(("headers", "body", "status"), BODIES, ids=lambda item: str(item)[:40])
async def test_bodies_that_are_not_what_they_say(
    asked: Asked, headers: dict[str, str], body: bytes | Bomb, status: int | None
) -> None:
    content = body.packed() if isinstance(body, Bomb) else body
    raw = {name: value.encode("latin-1", "surrogateescape") for name, value in headers.items()}

    def ask() -> None:
        try:
            answer = asked.http.post("/api/jobs", content=content, headers=raw)  # type: ignore[arg-type]
        except (httpx.ReadError, httpx.WriteError):
            assert isinstance(body, Bomb), "only a bomb's sender is cut off while it sends"
            return
        asked.look_at(answer, headers, content[:40])
        assert status in (None, answer.status_code), answer.text[:300]

    await asyncio.to_thread(ask)
    await still_alive(asked)


# Read as: a request as bytes whose length is not what it says.
LIES = (
    *(
        b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: %b\r\nContent-Length: 4\r\n\r\nnone"
        % kind
        for kind in (b"gzip", b"deflate", b"br", b"zstd")
    ),
    b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{}",
    b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n{}{}{}",
    b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n{}",
    b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n{}",
    b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
    b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
    b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    b"GET /api/jobs/%ED%A0%BD%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/jobs/\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
)


async def test_lengths_that_lie(asked: Asked, caplog: pytest.LogCaptureFixture) -> None:
    where = urlsplit(asked.config.api_endpoint)

    def ask(request: bytes) -> bytes:
        with socket.create_connection((where.hostname, where.port), timeout=60) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(60)
            said = b""
            while chunk := connection.recv(65536):
                said += chunk
            return said

    for request in LIES:
        said = await asyncio.to_thread(ask, request)
        assert b" 500 " not in said.partition(b"\r\n")[0], (request[:100], said)
        assert b"Traceback" not in said
    await still_alive(asked)
    assert not [record for record in caplog.records if record.name.endswith("http.errors")]


IDS = (
    "%ED%A0%BD",
    "%00",
    "a%00b",
    "%FF",
    "%2F..%2F",
    "..",
    ".",
    "%20",
    "%0A",
    "x" * 3000,
    "%F0%9F%9A%80" * 100,
    "٣",
    "%E2%80%AE",
)


@pytest.mark.parametrize("one", IDS, ids=lambda item: item[:12])
async def test_any_id_in_a_path_and_in_a_query(asked: Asked, one: str) -> None:
    def ask() -> None:
        for place in PLACES:
            if place.name != "{id}":
                continue
            answer = asked.http.request(
                place.method, place.path.replace("{id}", one), content=place.content("0")
            )
            asked.look_at(answer, place, one)
        for path in (
            "/api/jobs",
            "/api/executions",
            "/api/audit",
            "/api/troubles",
            "/api/jobs/known/versions",
        ):
            for name in (
                "handler_id",
                "text",
                "cursor",
                "limit",
                "job_id",
                "message_id",
                "after",
                "due_before",
                one,
            ):
                asked.look_at(asked.http.get(f"{path}?{name}={one}"), path, name)

    await asyncio.to_thread(ask)
    await still_alive(asked)


def cursors() -> Iterator[str]:
    for edge in EDGES:
        for text in (edge, f'[{edge}, "x"]', f'["x", {edge}]', f"[{edge}, {edge}]"):
            yield base64.urlsafe_b64encode(text[:3000].encode("utf-8", "surrogatepass")).decode()


async def test_forged_cursors(asked: Asked) -> None:
    def ask() -> None:
        for cursor in cursors():
            for order in ("next", "name", "created"):
                answer = asked.http.get("/api/jobs", params={"cursor": cursor, "sort": order})
                asked.look_at(answer, order, cursor)

    await asyncio.to_thread(ask)
    await still_alive(asked)


ADDRESSES = (
    "tcp://*:1", "tcp://é:5000", "tcp://a b:5000", "tcp://127.0.0.1:0", "tcp://[::1]:5000", "tcp://[::1", "tcp://:5000",
    "tcp://127.0.0.1:99999", "tcp://127.0.0.1:5000/path", "tcp://u:p@127.0.0.1:5000", "tcp://" + "a" * 180 + ":1", "tcp://1.1.1.1.1:1",
    "tcp://;127.0.0.1:5000", "tcp://lo;127.0.0.1:5000", "tcp://127.0.0.1:٣", "tcp://127.0.0.1:5000?x", "tcp://%00:1", "inproc://x",
)  # fmt: skip


async def test_registrations_at_their_extremes(asked: Asked) -> None:
    def frames() -> Iterator[bytes]:
        good = {
            "handler_id": "h",
            "address": "tcp://127.0.0.1:1",
            "methods": ["x"],
            "concurrency": 1,
            "shards": None,
            "schemas": {},
        }
        for key in (*good, "status", "surprise"):
            for edge in EDGES:
                text = json.dumps({"method": "register", "params": {**good, key: "@@"}}).replace('"@@"', edge)
                yield text.encode("utf-8", "surrogatepass")
                yield text.replace("register", "report_status", 1).encode("utf-8", "surrogatepass")
        for edge in EDGES:
            yield f'{{"method": {edge}, "params": {edge}}}'.encode("utf-8", "surrogatepass")
            yield f'{{"method": "register", "params": {{"handler_id": "h", "address": "tcp://127.0.0.1:1", "methods": [{edge}], "shards": {{"ids": [{edge}], "count": {edge}}}}}}}'.encode(
                "utf-8", "surrogatepass"
            )
        for address in ADDRESSES:
            yield json.dumps({"method": "register", "params": {**good, "address": address}}).encode()

    def ask() -> None:
        context = zmq.Context()
        peer = context.socket(zmq.REQ)
        peer.setsockopt(zmq.LINGER, 0)
        peer.connect(asked.config.server_address)
        for frame in frames():
            if len(frame) > 2_000_000:
                continue
            peer.send(frame)
            assert peer.poll(60_000), frame[:200]
            assert strict(peer.recv())["success"] in (True, False)
        peer.close(0)
        context.term()

    await asyncio.to_thread(ask)
    assert (await asyncio.to_thread(tell, asked.config.server_address, b'{"method": "ping"}'))[
        "success"
    ] is True
    await still_alive(asked)


async def test_a_row_of_an_earlier_version_is_listed_as_json(asked: Asked) -> None:
    """What was taken in before such values were refused."""
    import sqlalchemy as sa

    from schedulezero.server.records.tables import jobs, metadata
    from schedulezero.storage.database import database_of

    await asyncio.to_thread(asked.renew)
    database = database_of(asked.config.database, metadata)
    if "postgresql" in asked.config.database:
        pytest.skip("PostgreSQL has always refused them")
    await database.open()
    await database.write(
        lambda connection: connection.execute(
            sa.update(jobs).values(params={"x": float("inf"), "y": float("nan")})
        )
    )
    await database.close()
    answer = await asyncio.to_thread(asked.http.get, "/api/jobs/known")
    assert strict(answer.content)["params"] == {"x": None, "y": None}
