"""``doctor`` says whether calendar programs elsewhere reach the feeds."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import pytest_asyncio

from bot.config import Settings
from bot.health.doctor_calendar import check_calendars
from schedulezero.client.client import Client
from schedulezero.server.service import ServerConfig
from schedulezero.wire.addresses import free_ports
from tests.support.published_server import PublishedServer


class Other(BaseHTTPRequestHandler):
    """A web server that has something else at every address."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[1]")

    def log_message(self, format: str, *args: object) -> None: ...


@pytest_asyncio.fixture
async def client(server: ServerConfig) -> AsyncIterator[Client]:
    made = Client(server.api_endpoint)
    yield made
    await made.close()


@pytest.fixture
def other() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


async def test_it_asks_at_the_public_address(settings: Settings, client: Client, other: str) -> None:
    unset = await check_calendars(settings, client)
    assert unset is not None and unset.well and "`calendar_url`" in unset.finding
    (port,) = free_ports(1)
    for base, well, words in (
        (settings.api_endpoint, True, "calendar programs reach"),
        (other, False, "but not with this server's calendars"),
        (f"http://127.0.0.1:{port}", False, "does not answer"),
    ):
        found = await check_calendars(settings.model_copy(update={"calendar_url": base}), client)
        assert found is not None and found.well is well and words in found.finding
        assert well or "`/calendar/`" in str(found)


async def test_a_published_server_has_none(published: PublishedServer, settings: Settings) -> None:
    client = Client(settings.api_endpoint)
    try:
        assert await check_calendars(settings, client) is None
    finally:
        await client.close()
