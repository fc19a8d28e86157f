"""Addresses: whether others can reach them, and which ports are free."""

from __future__ import annotations

import ipaddress
import itertools
import os
import re
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

_HANDLER_ADDRESS = re.compile(
    r"tcp://(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]):(?P<port>[0-9]{1,5})"
)
_PORTS = range(20_000, 32_000)
"""Below the ports of outgoing connections (Linux from 32768, IANA from 49152), so that nothing takes one of
these between the check that it is free and its use.
"""
# Processes start at different offsets and count on, so the same port isn't returned twice in a short time.
_turns = itertools.count(os.getpid() * 997)


def free_ports(count: int) -> list[int]:
    """Return ``count`` unused ports of this machine; raises OSError if there aren't enough."""
    found: list[int] = []
    for turn in itertools.islice(_turns, len(_PORTS)):
        port = _PORTS[turn % len(_PORTS)]
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"no {count} ports between {_PORTS.start} and {_PORTS.stop - 1} are free")


def is_handler_address(address: str) -> bool:
    """Return whether an address is exactly ``tcp://``, one host and one port, as libzmq reads it.

    libzmq accepts more forms (``tcp://source;host:port``, wildcards, interfaces), and urllib reads some texts
    differently. The check must see the address that libzmq connects to.
    """
    match = _HANDLER_ADDRESS.fullmatch(address)
    return match is not None and 1 <= int(match["port"]) <= 65_535


def is_loopback(address: str) -> bool:
    """Return whether an address such as ``tcp://127.0.0.1:4242`` is reachable only from this machine."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_own_address(address: str, own_ports: Collection[int]) -> bool:
    """Return whether an address is at one of these ports of this machine, judging by its text alone."""
    parts = urlsplit(address)
    return parts.port in own_ports and (is_loopback(address) or parts.hostname in ("0.0.0.0", "::"))
