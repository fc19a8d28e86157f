"""Fixtures in the language of the domain: a server with its API, a bot in a simulated guild, raw handlers.

None of our code is replaced: real sockets, a real server, a real database in a temporary folder. Requests to
the simulated Discord are checked against Discord's published rules if those are next to the checkout (see the
Makefile); CI requires them.
"""

from __future__ import annotations

import asyncio
import gc
import math
import os
import shutil
import signal
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
import pytest_asyncio

from bot.config import Settings
from bot.testing import free_settings
from cogs.desk.kit import soon
from schedulezero.model.limits import NO_LIMITS
from schedulezero.server.api.openapi import DESCRIPTION
from schedulezero.server.records.tables import metadata
from schedulezero.server.service import ServerConfig
from schedulezero.server.thread import ServerThread
from schedulezero.storage.database import database_of
from schedulezero.wire.addresses import free_ports
from tests.support.languages import at_first
from tests.support.peers import RawHandler
from tests.support.postgres import Postgres, a_postgres, programs
from tests.support.published_server import PublishedServer
from tests.support.world import World, a_world

MOST_ROWS = 2
WORKERS_PER_CORE = 2
"""Two: half of the time, a test waits for a socket, a disk or a program that it has started."""
COSTLY = {"server", "world", "postgres"}
"""Fixtures that start something; fixtures that start more build on them."""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="where tests keep their tables; with postgresql, only tests run that keep some there",
    )
    parser.addoption(
        "--quick",
        action="store_true",
        help="leave out journeys, attacks, what is marked as long, and "
        f"all but {MOST_ROWS} rows of each table that "
        "starts a server or a bot",
    )


def pytest_configure(config: pytest.Config) -> None:
    at_first("en-GB")
    # A shell ignores these in what it runs in the background, and so would the programs that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    without_rules = os.environ.get("DISCORD_RULES") == "none"
    if os.environ.get("CI") and not without_rules and not config.pluginmanager.hasplugin("guard_plugin"):
        raise pytest.UsageError("CI runs the tests under Discord's published rules: pytest -p guard_plugin")


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """``--numprocesses auto`` is more than one worker per core, unless the environment names a number."""
    found = yield
    return found if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS") else found * WORKERS_PER_CORE


def pytest_collection_finish() -> None:
    """Keep modules and the many collected tests out of the garbage collector's sight, as `bot.run` does.

    A test builds a whole bot and throws it away: with Python's own thresholds, a tenth of its time goes into
    looking for cycles before that.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip tests that this machine, or the chosen database, can't run.

    CI must be able to run all of them, or it refuses to start.
    """
    if config.getoption("--quick"):
        _only_a_few(config, items)
    if config.getoption("--database") == "postgresql":
        _leave_out(config, items, "sqlite")
        # Whatever else they are about, they do the same with SQLite. And a table's rows differ in what is
        # asked, not in how it is stored.
        _deselect(config, items, [item for item in items if "database" not in _fixtures(item)])
        _only_some_rows(config, items)
    if CHROMIUM is None:
        if os.environ.get("CI"):
            raise pytest.UsageError("CI drives the demo in Chromium, and there is none")
        _leave_out(config, items, "browser")
    if programs() is None:
        if os.environ.get("CI") or config.getoption("--database") == "postgresql":
            raise pytest.UsageError("these tests need PostgreSQL's server programs, and there are none")
        _leave_out(config, items, "postgresql")


def _leave_out(config: pytest.Config, items: list[pytest.Item], marker: str) -> None:
    _deselect(config, items, [item for item in items if item.get_closest_marker(marker)])


def _only_a_few(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the long tests, and run an even sample of the rows of long tables."""
    takes_long = [
        item
        for item in items
        if item.get_closest_marker("long") or {"journeys", "hostile"} & set(item.path.parts)
    ]
    _deselect(config, items, takes_long)
    _only_some_rows(config, items)


def _only_some_rows(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run an even sample of the rows of each table that starts a server or a bot."""
    tables: dict[tuple[Path, str], list[pytest.Item]] = {}
    for item in items:
        if isinstance(item, pytest.Function) and COSTLY & _fixtures(item):
            tables.setdefault((item.path, item.originalname), []).append(item)
    left_out: list[pytest.Item] = []
    for rows in tables.values():
        kept = rows[:: math.ceil(len(rows) / MOST_ROWS)]
        left_out += [row for row in rows if row not in kept]
    _deselect(config, items, left_out)


def _fixtures(item: pytest.Item) -> set[str]:
    """The names of all fixtures of a test, used directly or by others."""
    return set(item.fixturenames) if isinstance(item, pytest.Function) else set()


def _deselect(config: pytest.Config, items: list[pytest.Item], left_out: list[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=left_out)
    gone = set(left_out)
    items[:] = [item for item in items if item not in gone]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of our own for the whole test session."""
    with a_postgres() as running:
        yield running


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty PostgreSQL database."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The database for this test: a file, or with ``--database postgresql`` an empty PostgreSQL database."""
    if request.config.getoption("--database") == "postgresql":
        return request.getfixturevalue("postgres_url")
    return str(tmp_path / "schedulezero.db")


@pytest.fixture
def settings(database: str) -> Settings:
    return free_settings(database)


@pytest.fixture
def server_config(settings: Settings) -> ServerConfig:
    return ServerConfig(settings.api_endpoint, settings.server_address, settings.database, limits=NO_LIMITS)


@pytest_asyncio.fixture
async def server(server_config: ServerConfig) -> AsyncIterator[ServerConfig]:
    """A running embedded server in its own thread, as in the bot."""
    running = ServerThread(server_config)
    await running.start()
    yield server_config
    await running.stop()


class Api(httpx.AsyncClient):
    """An HTTP client that checks every response against the server's own OpenAPI description."""

    async def request(self, method: str, url: Any, **kwargs: Any) -> httpx.Response:
        response = await super().request(method, url, **kwargs)
        check_answer(method, httpx.URL(url).raw_path.decode().partition("?")[0], response)
        return response


def check_answer(method: str, path: str, response: httpx.Response) -> None:
    operation = _operation(method.lower(), path)
    if operation is None:
        assert response.status_code in (404, 405), f"{method} {path} is not described"
        schema: dict[str, Any] = {"$ref": "#/components/schemas/Error"}
    else:
        answers = operation["responses"]
        found = answers.get(str(response.status_code), answers["default"])
        schema = found["content"]["application/json"]["schema"]
        assert response.status_code >= 400 or str(response.status_code) in answers
    validator = jsonschema_rs.Draft202012Validator({**schema, "components": DESCRIPTION["components"]})
    errors = [error.message for error in validator.iter_errors(response.json())]
    assert not errors, f"{method} {path} {response.status_code}: {errors}\n{response.text}"


def _operation(method: str, path: str) -> dict[str, Any] | None:
    parts = path.strip("/").split("/")
    best: tuple[int, dict[str, Any]] | None = None
    for template, operations in DESCRIPTION["paths"].items():
        wanted = template.strip("/").split("/")
        if len(wanted) != len(parts) or method not in operations:
            continue
        if all(a == b or a == "{id}" for a, b in zip(wanted, parts, strict=True)):
            literal = sum(a == b for a, b in zip(wanted, parts, strict=True))
            if best is None or literal > best[0]:
                best = (literal, operations[method])
    return best[1] if best else None


@pytest_asyncio.fixture
async def api(server: ServerConfig) -> AsyncIterator[Api]:
    async with Api(base_url=server.api_endpoint, timeout=60, verify=False) as client:
        yield client


@pytest.fixture
def raw_handler(server_config: ServerConfig) -> Iterator[RawHandler]:
    """A third-party handler: a plain pyzmq REP socket that registers itself."""
    (port,) = free_ports(1)
    handler = RawHandler(port, server_config.server_address)
    yield handler
    handler.stop()


@pytest_asyncio.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    """The real bot in a simulated guild, ready to use."""
    async with a_world(settings) as built:
        yield built


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Panels wait for what the server says, however slow this machine is."""
    monkeypatch.setattr(soon, "SECONDS", 30.0)


@pytest_asyncio.fixture
async def published(settings: Settings, tmp_path: Path) -> AsyncIterator[PublishedServer]:
    """The stand-in of the published server, where the bot's settings say that the server is."""
    server = PublishedServer(settings.api_endpoint, settings.server_address, tmp_path, scale=0.1)
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


@pytest_asyncio.fixture
async def published_world(settings: Settings, published: PublishedServer) -> AsyncIterator[World]:
    """The real bot on the stand-in."""
    async with a_world(settings.model_copy(update={"server": "external"})) as built:
        yield built


async def execute(database: str, statement: str) -> None:
    """Change the server's tables directly, bypassing the server."""
    beside = database_of(database, metadata)
    await beside.open()
    try:
        await beside.write(lambda connection: connection.exec_driver_sql(statement))
    finally:
        await beside.close()


async def until(condition: Any, seconds: float = 60.0) -> Any:
    """Return the first true result of a condition (plain or async), polling it until the time is up."""
    async with asyncio.timeout(seconds):
        while True:
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return result
            await asyncio.sleep(0.02)


@pytest.fixture
def asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the check before a run ask Discord about its creator every time, instead of every 15 seconds."""
    monkeypatch.setattr("cogs.rights.run_guard._KNOWN_SECONDS", -1.0)
