"""Limits the connections of the REST API: their number, per client, and their duration.

aiohttp accepts any number of connections and waits for an hour on each. This module counts each connection
from acceptance to close, and closes it if it doesn't send a request in time. When there are too many, it
closes the one that has been idle longest without a request. A client that sends its request at once therefore
always gets in, however many silent connections others open. Requests in progress are limited as well, with
places reserved for clients that have a token; the bot in the same process is never refused.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import socket
import ssl
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import TransferEncodingError
from aiohttp.typedefs import Handler, Middleware

from schedulezero.background import run_in_background
from schedulezero.server.http.errors import ApiError
from schedulezero.server.http.unreadable import is_peers_fault, refuse_expectation, refuse_unreadable

log = logging.getLogger(__name__)

_SWEEP_SECONDS = 1.0
_PAUSE_SECONDS = 0.2
_LINGER_SECONDS = 2.0


class Standing(IntEnum):
    """How a client authenticated. The lowest standing is closed first, the bot in the same process never."""

    ANYBODY = 0
    TOKEN = 1
    OWN = 2


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits for clients.

    Attributes:
        connections: open connections of all clients.
        of_one_address: open connections of one address beyond this machine. Loopback, which any number of
            local programs share, may use three quarters of all connections.
        under_way: concurrent requests of clients without a token; clients with one get a quarter more.
        under_way_of_one_address: concurrent requests of one address beyond this machine.
        first_seconds: seconds from the connection to the end of the first request's headers, including TLS.
        idle_seconds: seconds from a request to the end of the next one's headers, and for the client to read
            an answer.
        request_seconds: seconds from a request's headers to its answer.
    """

    connections: int = 512
    of_one_address: int = 64
    under_way: int = 256
    under_way_of_one_address: int = 32
    first_seconds: float = 10.0
    idle_seconds: float = 30.0
    request_seconds: float = 90.0

    @classmethod
    def within(cls, descriptors: int) -> Bounds:
        """Return the limits for a process that may open ``descriptors`` descriptors."""
        connections = max(16, min(cls().connections, descriptors // 4))
        return cls(connections=connections, under_way=connections // 2)


@dataclass(eq=False, slots=True)
class _Kept:
    """A connection, from when it was accepted."""

    address: str
    since: float
    opening: asyncio.Task[None] | None = None
    transport: asyncio.BaseTransport | None = None
    standing: Standing = Standing.ANYBODY
    asked: bool = False
    busy: bool = False
    admitted: bool = False

    def end(self) -> None:
        """Close it, even during a request."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        elif self.opening is not None:
            self.opening.cancel()


class _Connection(web.RequestHandler):
    """An aiohttp connection that reports its end and answers unreadable requests in JSON."""

    __slots__ = ("_connections", "kept")

    def __init__(self, server: web.Server, connections: Connections, kept: _Kept, idle: float) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=idle,
            lingering_time=_LINGER_SECONDS,
            access_log=None,  # type: ignore[arg-type]
        )
        self._connections = connections
        self.kept = kept

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.kept.transport = transport
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._connections.ended(self.kept)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # After an error aiohttp's parser neither feeds nor ends the body of the current request.
        request = self._current_request
        refused = bool(self._messages) and not isinstance(self._messages[-1][0], RawRequestMessage)
        if refused and request is not None and not request.content.is_eof():
            request.content.set_exception(TransferEncodingError("the rest of the body cannot be read"))

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if not is_peers_fault(exc):
            return super().handle_error(request, status, exc, message)
        if request.writer.output_size > 0:
            raise ConnectionError("a part of another answer is sent already")
        answer = refuse_unreadable(request, exc)
        answer.force_close()
        return answer

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if isinstance(resp, web.HTTPExpectationFailed):  # raised before our middlewares run
            resp = refuse_expectation()
            resp.force_close()
        return await super().finish_response(request, resp, start_time)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        error = kw.get("exc_info")
        if is_peers_fault(error):
            log.debug("the rest of a request from %s was not read: %s", self.kept.address, error)
        else:
            super().log_exception(*args, **kw)


class Connections:
    """Accepts connections and closes those that take too long or are too many.

    Parameters:
        bounds: the limits.
        behind_proxy: whether all clients may share the address of a proxy.
    """

    def __init__(self, bounds: Bounds, *, behind_proxy: bool = False) -> None:
        self._bounds = bounds
        self._behind_proxy = behind_proxy
        self._kept: set[_Kept] = set()
        self._own: set[_Kept] = set()
        self._of: Counter[str] = Counter()
        self._under_way: Counter[str] = Counter()
        self._all_under_way = 0

    # ---------------------------------------------------------------- requests

    def middleware(self) -> Middleware:
        """Return the middleware that notes when a request begins and ends. It must be the outermost."""

        @web.middleware
        async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
            kept = _kept_of(request)
            if kept is None:
                return await handler(request)
            kept.busy, kept.asked, kept.since = True, True, _now()
            try:
                return await handler(request)
            finally:
                kept.busy, kept.since = False, _now()
                if kept.admitted:
                    kept.admitted = False
                    self._all_under_way -= 1
                    self._count(self._under_way, kept.address, -1)

        return note

    def admit(self, request: web.Request, standing: Standing) -> None:
        """Admit a request of an identified client. Raises ApiError 503 when too many are in progress."""
        kept = _kept_of(request)
        if kept is None:
            return
        kept.standing = standing
        if standing is Standing.OWN:
            if kept in self._kept:  # from now on it doesn't count toward the limits
                self._kept.discard(kept)
                self._own.add(kept)
                self._count(self._of, kept.address, -1)
            return
        most, of_one = (
            self._bounds.under_way,
            self._most_of(kept.address, self._bounds.under_way, self._bounds.under_way_of_one_address),
        )
        if standing is Standing.TOKEN:
            most, of_one = most + most // 4, math.inf
        if self._all_under_way >= most or self._under_way[kept.address] >= of_one:
            raise ApiError(
                503, "too_many_under_way", "Too many requests are under way; ask again in a moment."
            )
        kept.admitted = True
        self._all_under_way += 1
        self._under_way[kept.address] += 1

    # ---------------------------------------------------------------- connections

    async def accept(self, listening: socket.socket, server: web.Server, tls: ssl.SSLContext | None) -> None:
        """Accept connections for a server, and close the slow ones, until cancelled."""
        loop = asyncio.get_running_loop()
        sweeping = run_in_background(self._sweep(), "ending connections that take too long")
        try:
            while True:
                try:
                    accepted, peer = await loop.sock_accept(listening)
                except OSError as error:
                    log.error("a connection could not be accepted: %s", error)
                    self._push_out(self._kept)
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
                self._open(accepted, str(peer[0]), server, tls)
                await asyncio.sleep(0)
        finally:
            sweeping.cancel()
            listening.close()
            for kept in [*self._kept]:
                if kept.opening is not None and kept.transport is None:
                    kept.opening.cancel()

    def ended(self, kept: _Kept) -> None:
        """Note that a connection has closed."""
        self._own.discard(kept)
        if kept in self._kept:
            self._kept.discard(kept)
            self._count(self._of, kept.address, -1)

    def _open(
        self, accepted: socket.socket, peer: str, server: web.Server, tls: ssl.SSLContext | None
    ) -> None:
        address = place_of(peer)
        bounds = self._bounds
        if self._of[address] >= self._most_of(address, bounds.connections, bounds.of_one_address):
            self._push_out(kept for kept in self._kept if kept.address == address)
        if len(self._kept) >= bounds.connections:
            self._push_out(self._kept)
        kept = _Kept(address, _now())
        self._kept.add(kept)
        self._of[address] += 1
        accepted.setblocking(False)
        kept.opening = run_in_background(
            self._begin(kept, accepted, server, tls), f"the connection from {address}"
        )

    async def _begin(
        self, kept: _Kept, accepted: socket.socket, server: web.Server, tls: ssl.SSLContext | None
    ) -> None:
        bounds = self._bounds
        extra: dict[str, Any] = (
            {"ssl": tls, "ssl_handshake_timeout": bounds.first_seconds} if tls is not None else {}
        )
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: _Connection(server, self, kept, bounds.idle_seconds), accepted, **extra
            )
        except (OSError, TimeoutError) as error:
            log.debug("a connection from %s did not come up: %s", kept.address, error)
        finally:
            if kept.transport is None:
                accepted.close()
                self.ended(kept)

    def _push_out(self, candidates: Iterable[_Kept]) -> None:
        """Close the connection of the lowest standing that has been idle longest."""
        waiting = [kept for kept in candidates if not kept.busy]
        if waiting:
            kept = min(waiting, key=lambda item: (item.standing, item.asked, item.since))
            self.ended(kept)  # stop counting it now; its transport ends on the loop's next turn
            kept.end()

    async def _sweep(self) -> None:
        """Close connections that take too long, until cancelled."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now, bounds = _now(), self._bounds
            for kept in [*self._kept, *self._own]:
                patience = bounds.idle_seconds if kept.asked else bounds.first_seconds
                if now - kept.since > (bounds.request_seconds if kept.busy else patience):
                    self.ended(kept)
                    kept.end()

    def _most_of(self, address: str, of_all: int, of_one: int) -> int:
        if self._behind_proxy:
            return of_all
        return max(of_all * 3 // 4, 1) if address == "loopback" else min(of_one, of_all)

    @staticmethod
    def _count(counter: Counter[str], address: str, change: int) -> None:
        counter[address] += change
        if counter[address] <= 0:
            del counter[address]


def _kept_of(request: web.Request) -> _Kept | None:
    protocol = request.protocol
    return protocol.kept if isinstance(protocol, _Connection) else None


def place_of(peer: str) -> str:
    """Return the key by which clients are counted: loopback, an IPv4 address, or an IPv6 /64 network."""
    address = ipaddress.ip_address(peer.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_loopback:
        return "loopback"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _now() -> float:
    return asyncio.get_running_loop().time()
