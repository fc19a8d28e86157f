"""Detects a ZeroMQ peer's security mechanism from its greeting, and what to do if it isn't ours.

Both sides of a ZMTP 3 connection name their mechanism in a greeting of 64 bytes before anything else
(https://rfc.zeromq.org/spec/23/#the-greeting). libzmq only reports that a handshake failed, so this module
reads the greeting over a plain TCP connection.
"""

from __future__ import annotations

import contextlib
import socket
from enum import Enum
from urllib.parse import urlsplit

from schedulezero.wire.addresses import is_loopback

_BEGINNING = b"\xff\0\0\0\0\0\0\0\1\x7f\3\0"
"""Signature and version. The other side answers with its whole greeting without knowing our mechanism."""
_MAJOR = 10
_MECHANISM = slice(12, 32)
_GREETING_BYTES = 64


class Wire(Enum):
    """What is listening at an address."""

    PLAIN = "plain"
    CURVE = "curve"
    OTHER = "other"
    """Something other than ZeroMQ, or a version that we don't support."""
    NOBODY = "nobody"


def wire_at(address: str, seconds: float = 1.0) -> Wire:
    """Return what listens at an address like ``tcp://127.0.0.1:4242``; blocks for up to about ``seconds``."""
    parts = urlsplit(address)
    found = b""
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=seconds) as raw:
            raw.sendall(_BEGINNING)
            with contextlib.suppress(TimeoutError, ConnectionError):
                while len(found) < _GREETING_BYTES and (part := raw.recv(_GREETING_BYTES - len(found))):
                    found += part
    except OSError:
        return Wire.NOBODY
    whole = (
        len(found) == _GREETING_BYTES and found[0] == _BEGINNING[0] and found[_MAJOR] >= _BEGINNING[_MAJOR]
    )
    mechanism = found[_MECHANISM].rstrip(b"\0") if whole else b""
    return {b"NULL": Wire.PLAIN, b"CURVE": Wire.CURVE}.get(mechanism, Wire.OTHER)


def mismatch(address: str, *, encrypted: bool, found: Wire) -> str | None:
    """Return why we can't register with a server, and the remedy; None if the wires match.

    Parameters:
        address: the server's address.
        encrypted: whether we use CURVE with it.
        found: what is listening there.
    """
    if found is Wire.OTHER:
        return f"What listens at {address} does not speak ZeroMQ 4; correct `server_address`."
    if encrypted and found is Wire.PLAIN:
        said = f"The server at {address} takes handlers without keys, and this bot registers with keys only. "
        if is_loopback(address):
            return f"{said}Set `require_keys: true` there as well, or `require_keys: false` on both sides."
        return (
            f"{said}If it is a published ScheduleZero server, which has no keys, set `plain_zeromq: true`: "
            "anybody on the network path can then read and forge calls."
        )
    if not encrypted and found is Wire.CURVE:
        return (
            f"The server at {address} takes handlers with keys only. Set `require_keys: true` here, and let "
            "this side's key in there: `schedulezero-bot keys` on each side."
        )
    return None
