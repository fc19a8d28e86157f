"""Requests to third-party web services, at addresses that a person chose.

Every call to such an address goes through `requested`, most by way of `send_out`:

- The address is parsed once, checked, and called as the same object (`schedulezero.web.address`).
- Only public IP addresses are called (`schedulezero.web.public_addresses`). They are checked after the name
  lookup, when a socket is created for one of them, and as the connected peer before the request is sent.
- Each request carries `OUTGOING_HEADER`, which our own REST API refuses.
- It follows no redirects, keeps no cookies, ignores proxies from the environment, decompresses nothing, and
  has a time limit. `send_out` reads only the start of the response.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import hmac
import os
import re
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection

from schedulezero.errors import ScheduleZeroError
from schedulezero.methods.spec import CALLING as CALLING
from schedulezero.web.address import AddressUnusable, WebAddress, read_web_address
from schedulezero.web.public_addresses import is_public
from schedulezero.wire.protocol import OUTGOING_HEADER

SIGNATURE = "X-ScheduleZero-Signature"
TIMEOUT_SECONDS = 10.0
_LARGEST_ANSWER = 4096
_ANSWER_SECONDS = 2.0
"""How long the response's text may take once its status is known; a partial text is enough."""
_MOST_ADDRESSES = 4
"""How many addresses of one name to try."""
_AGENT = "ScheduleZero (+https://github.com/schedulezero)"
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that can be repeated without further effect (RFC 9110, 9.2.2)."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
# Headers that could split one request into two or change its host; only aiohttp may set them.
_FRAMING = frozenset({
    "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect",
    "keep-alive", "proxy-connection", "proxy-authorization",
})  # fmt: skip
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.1
# A separate thread pool: a slow name server must not block asyncio's other threaded work.
_lookups = ThreadPoolExecutor(32, thread_name_prefix="schedulezero-lookup")


@cache
def tls_context() -> ssl.SSLContext:
    """Return our TLS context: with the system's certificates, and ignoring ``SSLKEYLOGFILE``.

    `ssl.create_default_context` would write each connection's secrets to that file, which it creates readable
    by everyone.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificates and names
    context.load_default_certs()
    context.set_alpn_protocols(["http/1.1"])
    return context


class OutgoingFailed(ScheduleZeroError):
    """A request failed or got no response.

    Parameters:
        message: The reason. It names nothing but the host.
        refused: Whether a retry can't help.
        sent: Whether a connection was made, so that the request may have arrived without a response.
    """

    def __init__(
        self,
        message: str,
        *,
        refused: bool = False,
        sent: bool = False,
        code: str | None = None,
        **values: Any,
    ) -> None:
        super().__init__(message, code=code, **values)
        self.refused = refused
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Answer:
    """A response.

    Attributes:
        status: The HTTP status.
        text: The start of its text; at most 4 KiB.
    """

    status: int
    text: str


class _NotPublic(OSError):
    """An IP address belongs to a private network."""


class _Connector(aiohttp.TCPConnector):
    """Connects only to public IP addresses.

    Parameters:
        allow_private: whether addresses in this network are allowed as well.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self.refused = False
        """Whether this rule made a request fail; aiohttp wraps the exception, so a flag records it."""
        self.connected = False
        """Whether there was a connection on which a request could be sent."""
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            resolver=_Resolver(self.allows),
            use_dns_cache=False,
            force_close=True,
            socket_factory=self._make_socket,
            ssl=tls_context(),
        )

    def allows(self, ip: str) -> bool:
        """Return whether an IP address may be called."""
        return self._allow_private or is_public(ip)

    def _check(self, ip: str) -> None:
        if not self.allows(ip):
            self.refused = True
            raise _NotPublic

    def _make_socket(self, info: Any) -> socket.socket:
        """Create a socket for an address just before connecting."""
        family, kind, protocol, _, address = info
        self._check(str(address[0]))
        return socket.socket(family, kind, protocol)

    async def connect(self, *args: Any, **kwargs: Any) -> Connection:
        """Return a connection whose peer was checked before the request is sent on it."""
        connection = await super().connect(*args, **kwargs)
        transport = connection.transport
        peer = transport.get_extra_info("peername") if transport is not None else None
        try:
            self._check(str(peer[0]) if peer else "")
        except _NotPublic:
            connection.close()
            raise
        self.connected = True
        return connection


class _Resolver(AbstractResolver):
    """Resolves names, and returns only addresses that may be called.

    Parameters:
        allows: returns whether an IP address may be called.
    """

    def __init__(self, allows: Callable[[str], bool]) -> None:
        self._allows = allows

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().run_in_executor(_lookups, look_up, host, port, family)
        results = [
            ResolveResult(
                hostname=host, host=str(address[0]), port=int(address[1]), family=kind, proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, protocol, _, address in found
            if self._allows(str(address[0]))
        ]  # fmt: skip
        if not results:
            raise _NotPublic
        return _few(results)

    async def close(self) -> None: ...


def _few(results: list[ResolveResult]) -> list[ResolveResult]:
    """Return the first addresses, alternating families; for n of them aiohttp may open n(n+1)/2 sockets."""
    families: dict[int, list[ResolveResult]] = {}
    for result in results:
        families.setdefault(result["family"], []).append(result)
    turns = zip_longest(*families.values())
    return [result for turn in turns for result in turn if result is not None][:_MOST_ADDRESSES]


def look_up(host: str, port: int, family: socket.AddressFamily) -> list[Any]:
    """Look up a name with the system's resolver, with the result of `socket.getaddrinfo`."""
    return socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)


def signature_of(secret: str, body: bytes, at: int) -> str:
    """Return the header value that proves to a receiver that the sender has the secret.

    ``t=<Unix seconds>,v1=<hex of HMAC-SHA256 over "<seconds>.<body>">``; the receiver computes the same
    value, compares, and refuses values that are more than a few minutes old. (RFC 2104)
    """
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


async def send_out(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    secret: str | None = None,
    allow_private: bool = False,
) -> Answer:
    """Make one request to the web, to a public address only, without following redirects.

    Parameters:
        method: ``GET``, ``HEAD``, ``POST``, ``PUT``, ``PATCH`` or ``DELETE``.
        url: The address, http or https.
        body: The request body.
        headers: Its headers, except Host and those that frame the request.
        secret: Signs the request, in the header ``X-ScheduleZero-Signature``.
        allow_private: Whether addresses in this machine's network are allowed.

    Raises OutgoingFailed with a reason that names nothing but the host, and ValueError for a method or header
    that isn't allowed.
    """
    try:
        address = read_web_address(url)
    except AddressUnusable as error:
        raise OutgoingFailed(error.message, refused=True) from None
    if method not in _METHODS:
        raise ValueError(f"the method must be one of {', '.join(sorted(_METHODS))}")
    said = request_headers(headers or {})
    if secret:
        said[SIGNATURE] = signature_of(secret, body, int(time.time()))
    async with requested(
        method, address, body=body, headers=said, seconds=TIMEOUT_SECONDS, allow_private=allow_private
    ) as response:
        return Answer(response.status, address.without_secrets(await _beginning(response)))


@asynccontextmanager
async def requested(
    method: str,
    address: WebAddress,
    *,
    seconds: float,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    allow_private: bool = False,
) -> AsyncGenerator[aiohttp.ClientResponse]:
    """Make one request, and yield its response; the response is read inside the block.

    Parameters:
        method: An HTTP method.
        address: A public address, or any if ``allow_private``.
        seconds: How long it may take, with the reading of the response.
        body, headers: What is sent.
        allow_private: Whether addresses in this machine's network are allowed.

    Raises OutgoingFailed with a reason that names nothing but the host, also for what fails in the block.
    """
    if not allow_private and _is_private(address):
        raise _private(address)
    connector = _Connector(allow_private=allow_private)
    # aiohttp's errors may contain the whole address; chaining them to ours would put it in a log.
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
            ) as session,
            session.request(
                method,
                address.url,
                data=body or None,
                headers=headers or request_headers({}),
                allow_redirects=False,
            ) as response,
        ):
            yield response
    except TimeoutError:
        raise OutgoingFailed(
            "{host} didn't answer within {timeout_seconds} s.",
            sent=connector.connected,
            code="host_silent",
            host=address.host,
            timeout_seconds=f"{seconds:g}",
        ) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if connector.refused or isinstance(getattr(error, "os_error", None), _NotPublic):
            raise _private(address) from None
        failed = _failure(address.host, error)
        failed.sent = connector.connected
        raise failed from None


def _is_private(address: WebAddress) -> bool:
    """Return whether an address is private by its text alone, before its name is looked up."""
    if address.ip is not None:
        return not is_public(address.ip)
    return f".{address.host.rstrip('.')}".endswith(".localhost")  # RFC 6761: always this machine


def _private(address: WebAddress) -> OutgoingFailed:
    return OutgoingFailed(
        "{host} is on a private network.", refused=True, code="host_private", host=address.host
    )


def request_headers(given: Mapping[str, str]) -> dict[str, str]:
    """Return a request's headers: ours can't be overridden, whatever the case of their names."""
    ours = {OUTGOING_HEADER: "1", "Accept-Encoding": "identity"}
    reserved = {name.casefold() for name in ours}
    said = {"user-agent": ("User-Agent", _AGENT)}
    for name, value in given.items():
        if not _HEADER_NAME.fullmatch(name) or not value.replace("\t", " ").isprintable():
            raise ValueError(f"the header {name[:40]!r} cannot be sent")
        if name.casefold() in _FRAMING:
            raise ValueError(f"the header {name[:40]!r} cannot be chosen")
        if name.casefold() not in reserved:
            said[name.casefold()] = (name, value)
    return {**dict(said.values()), **ours}


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """Return the start of a response's text; empty if it is compressed although we asked for plain text."""
    if response.headers.get("Content-Encoding", "identity").casefold() != "identity":
        return ""
    found = bytearray()
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            while chunk := await response.content.read(_LARGEST_ANSWER - len(found)):
                found += chunk
    except (TimeoutError, aiohttp.ClientError):
        pass  # the status decides the outcome; the text is only displayed
    return found.decode("utf-8", "replace")


def _failure(host: str, error: BaseException) -> OutgoingFailed:
    """Return why a request failed, by error type: the text of aiohttp's errors may contain the address."""
    cause: Any = getattr(error, "os_error", None) or error
    match cause:
        case ConnectionRefusedError():
            return OutgoingFailed(
                "{host} can't be reached: it refused the connection.", code="host_nobody_listens", host=host
            )
        case socket.gaierror():
            return OutgoingFailed(
                "{host} can't be reached: its name can't be resolved. Check the address.",
                code="host_unknown",
                host=host,
            )
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            return OutgoingFailed(
                "{host} can't be reached: its certificate isn't valid.",
                code="host_bad_certificate",
                host=host,
            )
        case ssl.SSLError():
            return OutgoingFailed(
                "{host} can't be reached: a secure connection (TLS) couldn't be established.",
                code="host_bad_tls",
                host=host,
            )
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return OutgoingFailed(
                "{host} can't be reached: its answer isn't HTTP, or its headers are too long.",
                code="host_not_http",
                host=host,
            )
        case aiohttp.ServerDisconnectedError():
            return OutgoingFailed(
                "{host} closed the connection without answering.", code="host_closed", host=host
            )
        case OSError() if cause.errno in (errno.ECONNRESET, errno.EPIPE):
            return OutgoingFailed(
                "{host} closed the connection without answering.", code="host_closed", host=host
            )
        case OSError() if cause.errno:
            reason = os.strerror(cause.errno)
            return OutgoingFailed(
                "{host} can't be reached: the operating system says “{reason}”.",
                code="host_failed",
                host=host,
                reason=reason,
            )
        case _:
            return OutgoingFailed(
                "{host} can't be reached: the connection failed.", code="host_broken", host=host
            )
