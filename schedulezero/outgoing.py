"""Requests to other people's servers: never to addresses within this machine's network, signed if wished.

Whoever may schedule chooses the address. So a name is looked up once, and only where it stands for public
addresses is it connected to; redirects are not followed, answers are cut, and everything has a time limit.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from schedulezero.errors import ScheduleZeroError

SIGNATURE = "X-ScheduleZero-Signature"
TIMEOUT_SECONDS = 10.0
_LARGEST_ANSWER = 4096
_AGENT = "ScheduleZero (+https://github.com/schedulezero)"


class OutgoingFailed(ScheduleZeroError):
    """A request could not be made; ``refused`` when trying again cannot help."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, and how its text begins."""

    status: int
    text: str


class _PublicOnly(AbstractResolver):
    """Looks names up, and knows only their public addresses."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        results: list[ResolveResult] = []
        for kind, _, protocol, _, address in found:
            ip = str(address[0])
            if self._allow_private or is_public(ip):
                results.append(
                    ResolveResult(
                        hostname=host, host=ip, port=int(address[1]), family=kind, proto=protocol,
                        flags=socket.AI_NUMERICHOST,
                    )
                )  # fmt: skip
        if not results:
            raise OSError(f"{host} is an address within a private network")
        return results

    async def close(self) -> None: ...


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_global and not (mapped or ip).is_multicast


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
    """Makes one request.

    Parameters:
        method: ``GET``, ``POST``…
        url: where to, http or https.
        body: what to send.
        headers: what to say with it.
        secret: signs it, see `signature_of`.
        allow_private: whether addresses within this network may be called, too.

    Raises OutgoingFailed, in a sentence.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OutgoingFailed(f"{url[:100]} is no address that can be called.", refused=True)
    if not allow_private and _is_number(parts.hostname) and not is_public(parts.hostname):
        raise OutgoingFailed(f"{parts.hostname} is within a private network.", refused=True)
    said: dict[str, str] = {"User-Agent": _AGENT, **(headers or {})}
    if secret:
        said[SIGNATURE] = signature_of(secret, body, int(time.time()))
    connector = aiohttp.TCPConnector(resolver=_PublicOnly(allow_private), use_dns_cache=False)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.request(method, url, data=body or None, headers=said, allow_redirects=False) as response,
        ):
            text = (await response.content.read(_LARGEST_ANSWER)).decode("utf-8", "replace")
            return Answer(response.status, text)
    except TimeoutError as error:
        raise OutgoingFailed(f"{parts.hostname} did not answer within {TIMEOUT_SECONDS:g} s.") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise OutgoingFailed(f"{parts.hostname} cannot be called: {_reason(error)}.") from error


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _reason(error: BaseException) -> str:
    cause: Any = getattr(error, "os_error", None) or error
    if isinstance(cause, ConnectionRefusedError):
        return "nobody listens at its port"
    return str(getattr(cause, "strerror", None) or cause).rstrip(".")[:200]
