"""Access to the REST API: checks host, origin, rate and token before any resource sees the request.

On loopback a request without a token is trusted like the machine's own user, so that the documented example
request works. Two kinds of requests are not trusted: those of web pages, which carry the page's origin or,
with DNS rebinding, a foreign host; and those that a job makes to an address chosen by a user, which carry
`OUTGOING_HEADER`. A request that a proxy forwarded isn't from this machine, so it needs a token. Beyond
loopback every request except health checks and the page at ``/`` needs one (`schedulezero.server.exposure`
enforces TLS). Calendar feeds are guarded by the secret in their address alone, because calendar programs send
nothing else.
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from schedulezero.server.http.connections import Connections, Standing
from schedulezero.server.http.errors import FEEDS, ApiError
from schedulezero.server.http.masks import READS_ONLY
from schedulezero.server.http.rates import Rates
from schedulezero.server.records.tokens import Scope, Tokens
from schedulezero.wire.protocol import OUTGOING_HEADER

LONGEST_SECONDS = 60.0
"""The time limit for reading and answering a request; a long poll takes at most half of it."""
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_OPEN = frozenset({"/", "/api/health", "/api/health/live", "/api/health/ready"})
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
# Read as: a method, and the path of a route as it was added.
_READING = frozenset({("POST", "/api/preview"), ("POST", "/api/jobs/{id}/missing")})
_ADMINISTERING = frozenset(
    {("POST", "/api/executions/clear"), ("GET", "/api/config"), ("DELETE", "/api/guilds/{id}")}
)


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The rules for access to the API.

    Attributes:
        required: whether everything except the health checks and the page at ``/`` needs a token.
        hosts: the accepted host names; None accepts any.
        own_token: the token of the bot in the same process, valid while that process runs.
        requests_per_second: the requests a client may make each second, twice as many in a burst; 0 for no
        limit.
    """

    required: bool
    hosts: frozenset[str] | None
    own_token: str | None = None
    requests_per_second: float = 100.0


def loopback_hosts(endpoint: str) -> frozenset[str]:
    """Return the host names that an API on loopback accepts."""
    return _LOOPBACK_NAMES | {urlsplit(endpoint).hostname or "localhost"}


class Access:
    """Rejects requests that aren't allowed.

    Parameters:
        rules: the rules for access.
        tokens: the known tokens.
        connections: decides how many requests may be in progress.
    """

    def __init__(self, rules: AccessRules, tokens: Tokens, connections: Connections) -> None:
        self._connections = connections
        self._rules = rules
        self._tokens = tokens
        self._rates = Rates(rules.requests_per_second, 2 * rules.requests_per_second)

    def middleware(self) -> Middleware:
        """Return the checks as an aiohttp middleware."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            _check_marker(request)
            if request.path.startswith(FEEDS):
                # The secret in the path is all that counts, under whatever name a proxy is asked.
                self._connections.admit(request, Standing.ANYBODY)
            else:
                self._check_host(request)
                _check_origin(request)
                self._connections.admit(request, await self._check_token(request))
            try:
                async with asyncio.timeout(LONGEST_SECONDS):
                    return await handler(request)
            except TimeoutError as error:
                raise ApiError(
                    408, "too_slow", f"The request took longer than {LONGEST_SECONDS:g} s."
                ) from error

        return check

    def may_read(self, request: web.Request) -> bool:
        """Return whether an admitted request at an open path may also see what needs a token."""
        if "Authorization" in request.headers:
            return True  # a wrong token gets no further
        return not self._rules.required and not any(name in request.headers for name in _FORWARDED)

    def _check_host(self, request: web.Request) -> None:
        if self._rules.hosts is None:
            return
        try:
            host = urlsplit(f"//{request.host}").hostname or ""
        except ValueError:
            host = ""
        if host not in self._rules.hosts:
            raise ApiError(
                403, "wrong_host", "This API is asked under another name; use its `api_endpoint`.", "Host"
            )

    async def _check_token(self, request: web.Request) -> Standing:
        header = request.headers.get("Authorization")
        if header is None:
            self._check_rate(request.remote or "")
            needed = self._rules.required or any(name in request.headers for name in _FORWARDED)
            if needed and request.path not in _OPEN:
                raise ApiError(
                    401,
                    "token_required",
                    "A token is needed, as a bearer token in the header `Authorization`.",
                    "Authorization",
                )
            return Standing.ANYBODY
        if not header.isascii():
            raise ApiError(401, "wrong_token", "The token is not one of this server's.", "Authorization")
        scheme, _, text = header.partition(" ")
        text = text.strip() if scheme.lower() == "bearer" else header.strip()  # RFC 9110, 11.1
        own = self._rules.own_token
        if own is not None and hmac.compare_digest(text.encode(), own.encode()):
            return Standing.OWN
        token = await self._tokens.check(text)
        # Behind a proxy all clients share one address; the token tells them apart.
        self._check_rate(token.id if token is not None else request.remote or "")
        if token is None:
            raise ApiError(401, "wrong_token", "The token is not one of this server's.", "Authorization")
        resource = request.match_info.route.resource
        needed = needed_scope(request.method, resource.canonical if resource is not None else None)
        if not token.scope.covers(needed):
            text = f"This takes a token that may {needed.value}; yours may {token.scope.value}."
            raise ApiError(403, "scope_too_small", text, "Authorization")
        request[READS_ONLY] = token.scope is Scope.READ
        return Standing.TOKEN

    def _check_rate(self, client: str) -> None:
        """Apply a token bucket to each client. Raises ApiError 429 when it is empty."""
        if self._rates.take(client) > 0:
            rate = self._rules.requests_per_second
            raise ApiError(429, "too_many_requests", f"At most {rate:g} requests a second, please.")


def needed_scope(method: str, route: str | None) -> Scope:
    """Return the scope that a request needs.

    Parameters:
        method: its HTTP method.
        route: the path of the route that answers it, such as ``/api/jobs/{id}``; None if there is none. The
        path that was asked doesn't matter: it holds ids, which are anybody's text.
    """
    of = ("GET" if method == "HEAD" else method, route)
    if of in _ADMINISTERING:
        return Scope.ADMIN
    return Scope.READ if method in ("GET", "HEAD", "OPTIONS") or of in _READING else Scope.WRITE


def _check_marker(request: web.Request) -> None:
    """Reject requests from jobs that call web addresses, even with a valid token."""
    if OUTGOING_HEADER in request.headers:
        raise ApiError(
            403, "outgoing_request", "Jobs that call web addresses cannot use this API.", OUTGOING_HEADER
        )


def _check_origin(request: web.Request) -> None:
    """Reject requests from web pages: browsers send the page's origin and its relation to this site."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    foreign_origin = origin is not None and origin != f"{request.scheme}://{request.host}"
    if foreign_origin or site in ("cross-site", "same-site"):
        raise ApiError(403, "wrong_origin", "This API is not for other web pages.", "Origin")
