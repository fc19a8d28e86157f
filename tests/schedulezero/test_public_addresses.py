"""Which IP addresses are public: IANA's registries, and IPv4 addresses within IPv6 ones."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedulezero.web.public_addresses import embedded, is_public

# Read as: a block of the registries, and whether it is globally reachable ("N/A" is not).
BLOCKS = [
    ("0.0.0.0/8", False), ("10.0.0.0/8", False), ("100.64.0.0/10", False), ("127.0.0.0/8", False),
    ("169.254.0.0/16", False), ("172.16.0.0/12", False), ("192.0.0.0/29", False), ("192.0.0.8/32", False),
    ("192.0.0.9/32", True), ("192.0.0.10/32", True), ("192.0.0.170/31", False), ("192.0.0.255/32", False),
    ("192.0.2.0/24", False), ("192.31.196.0/24", True), ("192.52.193.0/24", True), ("192.88.99.0/24", False),
    ("192.168.0.0/16", False), ("192.175.48.0/24", True), ("198.18.0.0/15", False),
    ("198.51.100.0/24", False),
    ("203.0.113.0/24", False), ("224.0.0.0/4", False), ("240.0.0.0/4", False), ("255.255.255.255/32", False),
    ("::/128", False), ("::1/128", False), ("64:ff9b:1::/48", False), ("100::/64", False),
    ("100:0:0:1::/64", False), ("2001::/32", False), ("2001:1::1/128", True), ("2001:1::2/128", True),
    ("2001:1::3/128", True), ("2001:1::4/128", False), ("2001:2::/48", False), ("2001:3::/32", True),
    ("2001:4:112::/48", True), ("2001:4:113::/48", False), ("2001:10::/28", False), ("2001:20::/28", True),
    ("2001:30::/28", True), ("2001:40::/26", False), ("2001:100::/24", False), ("2001:db8::/32", False),
    ("2002::/16", False), ("2620:4f:8000::/48", True), ("3fff::/20", False), ("4000::/3", False),
    ("5f00::/16", False), ("8000::/1", False), ("fc00::/7", False), ("fe80::/10", False),
    ("fec0::/10", False), ("ff00::/8", False),
]  # fmt: skip


@pytest.mark.parametrize(("block", "public"), BLOCKS)
def test_each_block_of_the_registries(block: str, public: bool) -> None:
    network = IPv6Network(block) if ":" in block else IPv4Network(block)
    for address in (network[0], network[-1]):
        assert is_public(str(address)) is public, address


# Read as: beside a block that is not public, the address before it and the one after it.
@pytest.mark.parametrize(
    "address",
    [
        "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
        "192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
        "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
        "2000::", "2001:200::", "2001:db7:ffff::", "2001:db9::", "2003::", "2606:4700:4700::1111",
        "2001:4860:4860::8888", "3ffe:ffff::1", "3fff:1000::", "8.8.8.8", "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ],
)  # fmt: skip
def test_what_lies_beside_them_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "127.1", "0x7f000001", "2130706433", "127.0.0.01", "fe80::1%eth0", "2606:4700::1%lo",
     "①②⑦.⓪.⓪.①", "8.8.8.8 ", "8.8.8.8/32", "[::1]"],
)  # fmt: skip
def test_what_is_not_a_plain_address_is_not_public(text: str) -> None:
    assert not is_public(text)


def forms(inner: int) -> dict[str, int]:
    """An IPv4 address in each form that an IPv6 address may carry it in."""
    return {
        "IPv4-mapped": 0xFFFF << 32 | inner,
        "IPv4-compatible": inner,
        "IPv4-translated": 0xFFFF << 48 | inner,
        "NAT64": 0x64FF9B << 96 | inner,
        "NAT64, local, 48 bits": 0x64FF9B0001 << 80 | (inner >> 16) << 64 | (inner & 0xFFFF) << 40,
        "NAT64, local, 96 bits": 0x64FF9B0001 << 80 | inner,
        "6to4": 0x2002 << 112 | inner << 80 | 1,
        "Teredo server": 0x20010000 << 96 | inner << 64 | 0xF7F7F7F7,
        "Teredo client": 0x20010000 << 96 | 0x08080808 << 64 | inner ^ 0xFFFFFFFF,
        "ISATAP": 0x2606470000000000 << 64 | 0x5EFE << 32 | inner,
        "ISATAP, universal": 0x2606470000000000 << 64 | 0x2005EFE << 32 | inner,
    }


@given(st.integers(0, 2**32 - 1))
def test_an_embedded_address_is_found_in_every_form(inner: int) -> None:
    for form, number in forms(inner).items():
        assert IPv4Address(inner) in embedded(IPv6Address(number)), form


@given(st.integers(0, 2**32 - 1))
def test_an_address_is_never_more_public_than_what_it_carries(inner: int) -> None:
    if not is_public(str(IPv4Address(inner))):
        for form, number in forms(inner).items():
            assert not is_public(str(IPv6Address(number))), form


@pytest.mark.parametrize("inner", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0"])
def test_our_own_network_in_another_form(inner: str) -> None:
    for form, number in forms(int(IPv4Address(inner))).items():
        assert not is_public(str(IPv6Address(number))), form
