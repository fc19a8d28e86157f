"""Requests to other people's web services, at addresses that somebody chose.

Everything that calls such an address goes through `send_out`:

- The address is read once, checked, and called as the same object (`schedulezero.web.address`).
- Only public IP addresses are called (`schedulezero.web.public_addresses`). They are checked after the name
  was looked up, when a socket is made for one of them, and as the connected peer before the request is sent.
- Each request carries `OUTGOING_HEADER`, which our own REST API refuses.
- It follows no redirects, keeps no cookies, ignores proxies of the environment, decompresses nothing, reads
  the beginning of the answer only, and has a time limit.
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
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection

from schedulezero.errors import ScheduleZeroError
from schedulezero.methods.spec import Need
from schedulezero.web.address import AddressUnusable, WebAddress, read_web_address
from schedulezero.web.public_addresses import is_public
from schedulezero.wire.protocol import OUTGOING_HEADER

CALLING = Need("manage_guild", of="person")
"""The right that a job takes if a person chooses the address it calls: *Manage Server*."""
SIGNATURE = "X-ScheduleZero-Signature"
TIMEOUT_SECONDS = 10.0
_LARGEST_ANSWER = 4096
_ANSWER_SECONDS = 2.0
"""How long the text of an answer may take once its status is known; what has arrived by then is enough."""
_MOST_ADDRESSES = 4
"""Addresses of one name that are tried."""
_AGENT = "ScheduleZero (+https://github.com/schedulezero)"
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that do no more when a request is made twice (RFC 9110, 9.2.2)."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
# Read as: headers by which one request could be made two, or its host another; only aiohttp may set them.
_FRAMING = frozenset({
    "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect",
    "keep-alive", "proxy-connection", "proxy-authorization",
})  # fmt: skip
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.1
# Threads of its own: a slow name server must not hold up what else asyncio does in threads.
_lookups = ThreadPoolExecutor(32, thread_name_prefix="schedulezero-lookup")


def tls_context() -> ssl.SSLContext:
    """How we speak TLS: with the system's certificates, and without regard to ``SSLKEYLOGFILE``.

    `ssl.create_default_context` would write the secrets of each connection to that file, which it creates
    readable by everybody.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificates and names
    context.load_default_certs()
    context.set_alpn_protocols(["http/1.1"])
    return context


_TLS = tls_context()


class OutgoingFailed(ScheduleZeroError):
    """A request could not be made, or got no answer.

    Parameters:
        message: The reason. It names no more than the host.
        refused: Whether trying again can't help.
        sent: Whether there was a connection, so that the request may have arrived although no answer came.
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
    """What came back.

    Attributes:
        status: The HTTP status.
        text: How the text begins; at most 4 KiB.
    """

    status: int
    text: str


class _NotPublic(OSError):
    """An IP address is within a private network."""


class _Connector(aiohttp.TCPConnector):
    """Connects to public IP addresses only.

    Parameters:
        allow_private: whether addresses within this network may be called, too.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self.refused = False
        """Whether a request failed because of this rule; aiohttp wraps what is raised."""
        self.connected = False
        """Whether there was a connection on which a request could be sent."""
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            resolver=_Resolver(self.allows),
            use_dns_cache=False,
            force_close=True,
            socket_factory=self._make_socket,
            ssl=_TLS,
        )

    def allows(self, ip: str) -> bool:
        """Whether an IP address may be called."""
        return self._allow_private or is_public(ip)

    def _check(self, ip: str) -> None:
        if not self.allows(ip):
            self.refused = True
            raise _NotPublic

    def _make_socket(self, info: Any) -> socket.socket:
        """A socket for an address that is about to be connected to."""
        family, kind, protocol, _, address = info
        self._check(str(address[0]))
        return socket.socket(family, kind, protocol)

    async def connect(self, *args: Any, **kwargs: Any) -> Connection:
        """A connection whose peer was checked; the request was not sent on it yet."""
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
    """Looks names up, and knows only their addresses that may be called.

    Parameters:
        allows: whether an IP address may be called.
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
    """The first addresses of each family in turn; for n of them aiohttp may open n(n+1)/2 connections."""
    families: dict[int, list[ResolveResult]] = {}
    for result in results:
        families.setdefault(result["family"], []).append(result)
    turns = zip_longest(*families.values())
    return [result for turn in turns for result in turn if result is not None][:_MOST_ADDRESSES]


def look_up(host: str, port: int, family: socket.AddressFamily) -> list[Any]:
    """What the system's resolver knows of a name, as `socket.getaddrinfo` says it."""
    return socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)


def signature_of(secret: str, body: bytes, at: int) -> str:
    """The header by which a receiver knows that a request is from whoever holds the secret.

    ``t=<Unix seconds>,v1=<hex of HMAC-SHA256 over "<seconds>.<body>">``; the receiver reckons the same,
    compares, and refuses what is older than some minutes. (RFC 2104)
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

    Raises OutgoingFailed, in a sentence that names no more than the host, and ValueError for a method or a
    header that a request may not have.

    Parameters:
        method: ``GET``, ``HEAD``, ``POST``, ``PUT``, ``PATCH`` or ``DELETE``.
        url: The address, http or https.
        body: What to send.
        headers: Its headers, other than Host and those that frame the request.
        secret: Signs the request, in the header ``X-ScheduleZero-Signature``.
        allow_private: Whether addresses within this machine's network may be called.
    """
    try:
        address = read_web_address(url)
    except AddressUnusable as error:
        raise OutgoingFailed(error.message, refused=True) from None
    if not allow_private and _is_private(address):
        raise _private(address)
    if method not in _METHODS:
        raise ValueError(f"the method must be one of {', '.join(sorted(_METHODS))}")
    said = _headers(headers or {})
    if secret:
        said[SIGNATURE] = signature_of(secret, body, int(time.time()))
    connector = _Connector(allow_private=allow_private)
    # aiohttp's errors may hold the whole address, so they are not chained to ours: a log would show it.
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
            ) as session,
            session.request(
                method, address.url, data=body or None, headers=said, allow_redirects=False
            ) as response,
        ):
            return Answer(response.status, address.without_secrets(await _beginning(response)))
    except TimeoutError:
        raise OutgoingFailed(
            "{host} didn't answer within {timeout_seconds} s.",
            sent=connector.connected,
            code="host_silent",
            host=address.host,
            timeout_seconds=f"{TIMEOUT_SECONDS:g}",
        ) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if connector.refused or isinstance(getattr(error, "os_error", None), _NotPublic):
            raise _private(address) from None
        failed = _failure(address.host, error)
        failed.sent = connector.connected
        raise failed from None


def _is_private(address: WebAddress) -> bool:
    """Whether an address is within this network by what it says, before its name is looked up."""
    if address.ip is not None:
        return not is_public(address.ip)
    return f".{address.host.rstrip('.')}".endswith(".localhost")  # RFC 6761: always this machine


def _private(address: WebAddress) -> OutgoingFailed:
    return OutgoingFailed(
        "{host} is in a private network.", refused=True, code="host_private", host=address.host
    )


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request: ours cannot be overridden, whatever the case of their names."""
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
    """How the text of an answer begins; what is compressed although we asked for plain text is left out."""
    if response.headers.get("Content-Encoding", "identity").casefold() != "identity":
        return ""
    found = bytearray()
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            while chunk := await response.content.read(_LARGEST_ANSWER - len(found)):
                found += chunk
    except (TimeoutError, aiohttp.ClientError):
        pass  # the status says what came of the request; its text is only shown
    return found.decode("utf-8", "replace")


def _failure(host: str, error: BaseException) -> OutgoingFailed:
    """Why a request failed, by kind: the words of aiohttp's errors may hold the address."""
    cause: Any = getattr(error, "os_error", None) or error
    match cause:
        case ConnectionRefusedError():
            return OutgoingFailed(
                "{host} can't be called: it refused the connection.", code="host_nobody_listens", host=host
            )
        case socket.gaierror():
            return OutgoingFailed(
                "{host} can't be called: its name can't be resolved.", code="host_unknown", host=host
            )
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            return OutgoingFailed(
                "{host} can't be called: its certificate isn't valid.",
                code="host_bad_certificate",
                host=host,
            )
        case ssl.SSLError():
            return OutgoingFailed(
                "{host} can't be called: its TLS doesn't work.", code="host_bad_tls", host=host
            )
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return OutgoingFailed(
                "{host} can't be called: its answer isn't HTTP, or its headers are too long.",
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
                "{host} can't be called: {reason}.", code="host_failed", host=host, reason=reason
            )
        case _:
            return OutgoingFailed(
                "{host} can't be called: the connection failed.", code="host_broken", host=host
            )
