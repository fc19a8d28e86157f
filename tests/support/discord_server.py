"""A simulated Discord behind real sockets: REST and gateway, for bots that run as processes of their own.

The guild, its channels and everything that is posted are simcord's; this module puts them on the network,
and adds what simcord leaves out: nonces that are enforced, outages, answers that get lost.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import discord
import simcord
from aiohttp import WSMsgType, web
from simcord.backend import serializers
from simcord.backend.errors import BackendError
from simcord.http import client as _routes_are_registered  # noqa: F401
from simcord.http import router
from simcord.intents import required_intent

from bot.demo.demo import WallClock
from schedulezero.wire.shards import shard_of

_NONCE_SECONDS = 300.0
_INTENTS = discord.Intents(guilds=True)


@dataclass
class DiscordServer:
    """A Discord with one guild, to be entered as a context.

    Attributes:
        limits: Discord's published limits, which are kept where it is set.
        down: answers every request with 502 while it is set.
        lose_answers: so many posts are made whose answers never arrive.
        asked: every request that came, as its method and path.
        identified: every shard that logged in, as its number and how many there are.
        asked_for: the intents that they asked for.
        shards: how many shards Discord recommends.
        remaining: how many sessions may be started today, out of 1,000.
    """

    channels: list[simcord.ChannelHandle] = field(default_factory=list[simcord.ChannelHandle])
    limits: Limits | None = None
    down: bool = False
    lose_answers: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    identified: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    asked_for: set[int] = field(default_factory=set[int])
    shards: int = 1
    remaining: int = 1000

    async def __aenter__(self) -> DiscordServer:
        self.env = simcord.Env(discord.Client(intents=_INTENTS))
        self.backend = self.env.backend
        self.backend.clock = WallClock()  # type: ignore[assignment]
        self.guild = self.env.create_guild("Moonbase", owner=None)
        admins = self.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
        self._ada = self.env.create_user("ada")
        self.creator = self.guild.add_member(self._ada, roles=[admins])
        self.channels = [self.guild.create_text_channel(f"room-{number}") for number in range(3)]
        self._nonces: dict[tuple[str, str], tuple[float, Any]] = {}
        self._sockets: dict[web.WebSocketResponse, tuple[int, int]] = {}
        self.backend.subscribers.append(self._dispatch)
        app = web.Application(client_max_size=32 * 2**20)
        app.router.add_get("/gateway", self._gateway)
        app.router.add_get("/api/v10/gateway/bot", self._gateway_for_bots)
        app.router.add_route("*", "/api/v10/{path:.*}", self._rest)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        self.address = f"127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in list(self._sockets):
            await socket.close()
        await self._runner.cleanup()

    def guild_of_shard(self, shard: int, count: int) -> simcord.ChannelHandle:
        """A room in another guild, one that Discord gives to that shard."""
        while True:
            guild = self.env.create_guild(f"Crater {shard}", owner=None)
            if shard_of(guild.id, count) == shard:
                break
        admins = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
        guild.add_member(self._ada, roles=[admins])
        self.channels.append(guild.create_text_channel("room"))
        return self.channels[-1]

    def posts(self) -> Counter[tuple[int, str]]:
        """How often each text stands in each channel."""
        return Counter(
            (channel.id, message.content) for channel in self.channels for message in channel.history()
        )

    # ---------------------------------------------------------------- REST

    async def _rest(self, request: web.Request) -> web.Response:
        if self.down:
            return _json({"message": "bad gateway", "code": 0}, status=502)
        path, body = f"/{request.match_info['path']}", await self._body(request)
        if self.limits is not None and (refusal := self.limits.refusal(request.method, path)) is not None:
            return refusal
        self.asked.append((request.method, path))
        nonce = self._nonce(request.method, path, body)
        now = asyncio.get_running_loop().time()
        if nonce is not None:
            before = self._nonces.get(nonce)
            if before is not None and now - before[0] < _NONCE_SECONDS:
                return _json(before[1])
        try:
            answer = router.dispatch(
                self.backend,
                request.method,
                path,
                json=body,
                params={key: _number(value) for key, value in request.query.items()},
                reason=request.headers.get("X-Audit-Log-Reason"),
            )
        except BackendError as error:
            return _json(error.to_json(), status=error.status)
        except discord.RateLimited as error:  # a limit that a test added
            return _too_many(error.retry_after)
        if nonce is not None:
            self._nonces[nonce] = (now, answer)
            if self.lose_answers > 0:
                self.lose_answers -= 1
                assert request.transport is not None
                request.transport.abort()
        if answer is None or answer == "":
            return web.Response(status=204)
        return _json(answer, headers=self.limits.headers(path) if self.limits is not None else None)

    @staticmethod
    async def _body(request: web.Request) -> Any:
        if request.content_type.startswith("multipart/"):
            return json.loads((await request.post())["payload_json"])  # type: ignore[arg-type]
        raw = await request.read()
        return json.loads(raw) if raw else None

    @staticmethod
    def _nonce(method: str, path: str, body: Any) -> tuple[str, str] | None:
        if method != "POST" or not path.endswith("/messages") or not isinstance(body, dict):
            return None
        return (path, str(body["nonce"])) if body.get("enforce_nonce") and body.get("nonce") else None

    # ---------------------------------------------------------------- gateway

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 30_000}})
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                asked = json.loads(message.data)
                if asked["op"] == 1:
                    await socket.send_json({"op": 11})
                elif asked["op"] == 2:
                    shard, count = asked["d"].get("shard") or (0, 1)
                    self.identified.append((shard, count))
                    self.asked_for.add(asked["d"]["intents"])
                    self.remaining -= 1
                    await self._identify(socket, shard, count)
                elif asked["op"] == 6:
                    await socket.send_json({"op": 9, "d": False})
        finally:
            self._sockets.pop(socket, None)
        return socket

    async def _gateway_for_bots(self, request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": self.remaining, "reset_after": 1, "max_concurrency": 1}
        url = f"ws://{self.address}/gateway"
        return _json({"url": url, "shards": self.shards, "session_start_limit": limit})

    async def _identify(self, socket: web.WebSocketResponse, shard: int, count: int) -> None:
        guilds = [guild for guild in self.backend.guilds.values() if shard_of(guild.id, count) == shard]
        ready = {
            "v": 10,
            "user": dict(serializers.user_payload(self.backend.bot_user)),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": "session",
            "resume_gateway_url": f"ws://{self.address}/gateway",
            "shard": [shard, count],
            "application": {"id": str(self.backend.application_id), "flags": 0},
        }
        await socket.send_json({"op": 0, "t": "READY", "s": 1, "d": ready})
        for guild in guilds:
            payload = serializers.guild_create_payload(self.backend, guild)
            await socket.send_json({"op": 0, "t": "GUILD_CREATE", "s": 2, "d": payload})
        self._sockets[socket] = (shard, count)

    def _dispatch(self, event: str, payload: Any) -> None:
        gate = required_intent(event, payload)
        if gate is not None and not getattr(_INTENTS, gate):
            return
        message = {"op": 0, "t": event, "s": 3, "d": copy.deepcopy(payload)}
        guild_id = int(payload.get("guild_id") or 0)
        for socket, (shard, count) in list(self._sockets.items()):
            if shard_of(guild_id, count) != shard:
                continue
            task = asyncio.ensure_future(socket.send_json(message))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())


class Limits:
    """Discord's limits: 50 requests in any second, and 5 posts in a channel in any 5 seconds.

    (https://discord.com/developers/docs/topics/rate-limits) Answers to interactions do not count.
    """

    def __init__(self) -> None:
        self.refused = 0
        self.posted_at: list[float] = []
        self._all: deque[float] = deque()
        self._channels: dict[str, deque[float]] = {}

    def refusal(self, method: str, path: str) -> web.Response | None:
        """A 429 when a request comes too soon; else it is counted."""
        if "/interactions/" in path or "/webhooks/" in path:
            return None
        now = asyncio.get_running_loop().time()
        if (wait := _too_soon(self._all, now, 50, 1.0)) is not None:
            return self._refuse(wait, everywhere=True)
        if method == "POST" and path.endswith("/messages"):
            own = self._channels.setdefault(path, deque())
            if (wait := _too_soon(own, now, 5, 5.0)) is not None:
                return self._refuse(wait, everywhere=False)
            own.append(now)
            self.posted_at.append(now)
        self._all.append(now)
        return None

    def headers(self, path: str) -> dict[str, str]:
        """What Discord tells of a channel's limit with each answer."""
        own = self._channels.get(path)
        if own is None:
            return {}
        left = 5.0 - (asyncio.get_running_loop().time() - own[0]) if own else 5.0
        return {
            "X-RateLimit-Limit": "5",
            "X-RateLimit-Remaining": str(5 - len(own)),
            "X-RateLimit-Reset-After": f"{max(left, 0):.3f}",
            "X-RateLimit-Bucket": "posts",
        }

    def _refuse(self, wait: float, *, everywhere: bool) -> web.Response:
        self.refused += 1
        return _too_many(wait, everywhere=everywhere)


def _too_many(wait: float, *, everywhere: bool = False) -> web.Response:
    headers = {"Retry-After": f"{wait:.3f}", **({"X-RateLimit-Global": "true"} if everywhere else {})}
    told = {"message": "You are being rate limited.", "retry_after": wait, "global": everywhere}
    return _json(told, status=429, headers=headers)


def _too_soon(times: deque[float], now: float, most: int, window: float) -> float | None:
    """How long a request would have to wait, None when it may come now."""
    while times and now - times[0] >= window:
        times.popleft()
    return window - (now - times[0]) if len(times) >= most else None


def _json(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    # Without a charset: discord.py looks for the plain type.
    return web.Response(
        body=json.dumps(data).encode(), status=status, content_type="application/json", headers=headers
    )


def _number(value: str) -> Any:
    return int(value) if value.isdecimal() and len(value) < 6 else value
