"""discord.py's own repetitions, over a real connection to a Discord that answers with an outage."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest
import pytest_asyncio
from aiohttp import web
from discord.http import Route

from cogs.no_repeats import withhold_repeats


class Outage:
    """A Discord that carries out each request, and answers with these statuses in turn."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.done: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/users/@me"):
            return _json({"id": "1", "username": "bot", "discriminator": "0", "avatar": None})
        self.done.append(request.path.partition("/v10/")[2])
        status = self.statuses.pop(0) if self.statuses else 502
        if status == 0:
            assert request.transport is not None
            request.transport.abort()
        limited = {"message": "slow", "retry_after": 0.0, "global": False}
        headers = {"Via": "1.1 google"} if status == 429 else {}
        return _json(limited, status, headers)


def _json(data: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    # Without a charset: discord.py looks for the plain type.
    body = discord.utils._to_json(data).encode()
    return web.Response(status=status, headers=headers, content_type="application/json", body=body)


@pytest.fixture
def outage() -> Outage:
    return Outage()


@pytest_asyncio.fixture
async def client(outage: Outage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[discord.Client]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", outage.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{port}/api/v10")
    async with discord.Client(intents=discord.Intents.none()) as made:
        await made.http.static_login("token")
        withhold_repeats(made)
        withhold_repeats(made)
        yield made
    await runner.cleanup()


def post(client: discord.Client, path: str) -> object:
    return client.http.request(Route("POST", path), json={"name": "x"})


@pytest.mark.parametrize(
    "path",
    [
        "/channels/5/threads",
        "/channels/5/messages/6/threads",
        "/channels/5/webhooks",
        "/guilds/2/scheduled-events",
    ],
)
async def test_what_an_outage_may_have_let_through_is_not_sent_again(
    client: discord.Client, outage: Outage, path: str
) -> None:
    with pytest.raises(discord.DiscordServerError):
        await post(client, path)  # type: ignore[misc]
    assert outage.done == [path.strip("/")]


async def test_a_broken_connection_is_not_tried_again(client: discord.Client, outage: Outage) -> None:
    outage.statuses = [0]
    with pytest.raises(aiohttp.ClientError):
        await post(client, "/channels/5/threads")  # type: ignore[misc]
    assert len(outage.done) == 1


async def test_a_reset_as_discord_py_knows_it_is_not_tried_again(
    client: discord.Client, outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = []

    async def reset(*_: object, **__: object) -> None:
        count.append(1)
        raise aiohttp.ClientOSError(54, "Connection reset by peer")

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", reset)
    with pytest.raises(aiohttp.ClientConnectionError) as caught:
        await post(client, "/channels/5/threads")  # type: ignore[misc]
    assert len(count) == 1 and getattr(caught.value, "errno", None) not in (54, errno.ECONNRESET)


async def test_a_webhooks_post_is_not_sent_again(client: discord.Client, outage: Outage) -> None:
    webhook = discord.Webhook.partial(7, "secret", client=client)
    with pytest.raises(discord.DiscordServerError):
        await webhook.send("Ahoy", wait=True)
    assert outage.done == ["webhooks/7/secret"]


async def test_what_was_only_too_soon_is_sent_again(client: discord.Client, outage: Outage) -> None:
    outage.statuses = [429, 200]
    await post(client, "/channels/5/threads")  # type: ignore[misc]
    assert len(outage.done) == 2
