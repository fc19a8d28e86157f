"""Which IP addresses belong to the public internet, by IANA's registries.

The tables below are the special-purpose registries plus multicast
(https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry).
`ipaddress.is_global` isn't used: its tables differ between Python versions.

An IPv6 address may contain an IPv4 address that a gateway or this machine's own stack extracts and calls.
Such an address is public only if it and every IPv4 address in it are.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeVar

_Network = TypeVar("_Network", IPv4Network, IPv6Network)

# Read as: a block, and whether it is globally reachable. The smallest block that contains an address decides.
# "N/A" in the registry (deprecated, or a tunnel) counts as not reachable.
_IPV4 = (
    ("0.0.0.0/0", True),  # anything not listed
    ("0.0.0.0/8", False),  # this network
    ("10.0.0.0/8", False),  # private use
    ("100.64.0.0/10", False),  # shared address space of carriers
    ("127.0.0.0/8", False),  # loopback
    ("169.254.0.0/16", False),  # link local; the metadata services of clouds
    ("172.16.0.0/12", False),  # private use
    ("192.0.0.0/24", False),  # IETF protocol assignments
    ("192.0.0.9/32", True),  # Port Control Protocol anycast
    ("192.0.0.10/32", True),  # TURN anycast
    ("192.0.2.0/24", False),  # documentation
    ("192.31.196.0/24", True),  # AS112-v4
    ("192.52.193.0/24", True),  # AMT
    ("192.88.99.0/24", False),  # deprecated: 6to4 relays
    ("192.168.0.0/16", False),  # private use
    ("192.175.48.0/24", True),  # AS112, direct delegation
    ("198.18.0.0/15", False),  # benchmarking
    ("198.51.100.0/24", False),  # documentation
    ("203.0.113.0/24", False),  # documentation
    ("224.0.0.0/4", False),  # multicast
    ("240.0.0.0/4", False),  # reserved, and broadcast
)
_IPV6 = (
    ("::/0", False),  # only 2000::/3 is allocated as global unicast
    ("2000::/3", True),
    ("64:ff9b::/96", True),  # NAT64; its IPv4 address decides
    ("64:ff9b:1::/48", False),  # NAT64 within a network
    ("100::/64", False),  # discard only
    ("100:0:0:1::/64", False),  # dummy prefix
    ("2001::/23", False),  # IETF protocol assignments; Teredo (2001::/32) among them
    ("2001:1::1/128", True),  # Port Control Protocol anycast
    ("2001:1::2/128", True),  # TURN anycast
    ("2001:1::3/128", True),  # DNS-SD service registration anycast
    ("2001:2::/48", False),  # benchmarking
    ("2001:3::/32", True),  # AMT
    ("2001:4:112::/48", True),  # AS112-v6
    ("2001:10::/28", False),  # deprecated: ORCHID
    ("2001:20::/28", True),  # ORCHIDv2
    ("2001:30::/28", True),  # drone remote identification
    ("2001:db8::/32", False),  # documentation
    ("2002::/16", False),  # 6to4
    ("2620:4f:8000::/48", True),  # AS112, direct delegation
    ("3fff::/20", False),  # documentation
    ("5f00::/16", False),  # segment routing
    ("fc00::/7", False),  # unique local
    ("fe80::/10", False),  # link local
    ("fec0::/10", False),  # deprecated: site local
    ("ff00::/8", False),  # multicast
)

# Read as: a block, and where its addresses contain an IPv4 address: runs of bits (offset from the left,
# length).
_EMBEDDING = (
    ("::/96", ((96, 32),)),  # IPv4-compatible
    ("::ffff:0:0:0/96", ((96, 32),)),  # IPv4-translated
    ("64:ff9b::/96", ((96, 32),)),  # NAT64 (RFC 6052)
    ("64:ff9b:1::/48", ((48, 16), (72, 16))),  # NAT64 (RFC 6052 with 48 bits before)
    ("64:ff9b:1::/48", ((96, 32),)),  # the same with 96 bits before
    ("2001::/32", ((32, 32),)),  # Teredo: its server
    ("2002::/16", ((16, 32),)),  # 6to4
)
_TEREDO = IPv6Network("2001::/32")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
"""The first half of an interface identifier that ends in an IPv4 address (RFC 5214)."""


def _parsed(table: Sequence[tuple[str, bool]], kind: type[_Network]) -> tuple[tuple[_Network, bool], ...]:
    """Return a table's blocks, smallest first."""
    blocks = ((kind(block), reachable) for block, reachable in table)
    return tuple(sorted(blocks, key=lambda item: -item[0].prefixlen))


_IPV4_BLOCKS = _parsed(_IPV4, IPv4Network)
_IPV6_BLOCKS = _parsed(_IPV6, IPv6Network)
_EMBEDDING_BLOCKS = tuple((IPv6Network(block), runs) for block, runs in _EMBEDDING)


def is_public(address: str) -> bool:
    """Return whether a text is a public IP address, and every IPv4 address in it is public too."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return _reachable(ip)
    if ip.scope_id is not None:
        return False  # a zone names one of this machine's own links
    if ip.ipv4_mapped is not None:
        return _reachable(ip.ipv4_mapped)  # the system connects to the IPv4 address itself
    reachable = next(reachable for block, reachable in _IPV6_BLOCKS if ip in block)
    return reachable and all(_reachable(inner) for inner in embedded(ip))


def embedded(ip: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses in an IPv6 address."""
    number = int(ip)
    found = [ip.ipv4_mapped] if ip.ipv4_mapped is not None else []
    for block, runs in _EMBEDDING_BLOCKS:
        if ip in block:
            inner = 0
            for first, length in runs:
                inner = inner << length | number >> (128 - first - length) & (1 << length) - 1
            found.append(IPv4Address(inner))
    if ip in _TEREDO:
        found.append(IPv4Address(~number & 0xFFFFFFFF))  # its client, with each bit inverted
    if number >> 32 & 0xFFFFFFFF in _ISATAP:
        found.append(IPv4Address(number & 0xFFFFFFFF))
    return tuple(found)


def _reachable(ip: IPv4Address) -> bool:
    return next(reachable for block, reachable in _IPV4_BLOCKS if ip in block)
