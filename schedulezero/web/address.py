"""The address of someone's web service: parsed once, then checked and called as the same object.

yarl parses it, because aiohttp connects to what yarl parsed. A second parser would see another host in some
texts: ``http://①②⑦.⓪.⓪.①/`` is 127.0.0.1 to one and a name to the other. Pure; no name is looked up here.

Paths and queries contain secrets (a webhook's token, a check's id), so errors and `repr` show only the host.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from yarl import URL

from schedulezero.errors import ScheduleZeroError

LONGEST = 2000
_LONGEST_HOST = 253
_SCHEMES = ("http", "https")
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_ENDS_IN_NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?")
"""Systems read such a host as an IPv4 address in an old notation: 127.1, 0x7f000001, 2130706433."""
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f]")


class AddressUnusable(ScheduleZeroError):
    """The text isn't an address that can be called."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address that can be called.

    Attributes:
        url: the address as aiohttp calls it.
        host: its host in ASCII, without brackets; for people and logs.
        ip: the host as an IP address; None if it is a name.
    """

    url: URL = field(repr=False)
    host: str
    ip: str | None

    def without_secrets(self, text: str) -> str:
        """Remove this address's parts before and after the host from a text (such as a service's answer)."""
        url = self.url
        parts = {
            url.raw_path_qs, url.path_qs, url.raw_path, url.path, url.raw_query_string, url.query_string,
            url.raw_fragment, url.fragment, url.user or "", url.password or "",
            *url.raw_parts, *url.parts, *url.query.values(),
        }  # fmt: skip
        for part in sorted(parts, key=len, reverse=True):
            if len(part) >= _SHORTEST_SECRET:
                text = text.replace(part, "…")
        return text


_SHORTEST_SECRET = 8
"""Shorter parts, such as ``/hook`` or ``v1``, are common words in any text."""


def shortened(text: str) -> str:
    """Shorten an address to its scheme and host, for public places; any other text is hidden completely."""
    try:
        url = URL(text)
        return f"{url.scheme}://{url.raw_host}/…" if url.raw_host else "…"
    except ValueError:
        return "…"


def read_web_address(text: str) -> WebAddress:
    """Parse an address; raises AddressUnusable with the reason, without repeating the address."""
    text = text.strip()
    if len(text) > LONGEST:
        raise AddressUnusable(
            "The address has {length} characters; the limit is {longest}.",
            code="address_too_long",
            length=len(text),
            longest=LONGEST,
        )
    if _LINE_BREAKS.search(text):
        raise AddressUnusable(
            "The address contains a line break or another control character.",
            code="address_control_character",
        )
    try:
        url = URL(text)
        host, port = url.raw_host or "", url.port
    except ValueError:  # includes IDNA's UnicodeError
        raise AddressUnusable(
            "This isn't a web address. Example: https://example.org/path.", code="address_unreadable"
        ) from None
    if url.scheme not in _SCHEMES or not host:
        raise AddressUnusable(
            "The address must begin with https:// or http:// and name a host.", code="address_no_scheme"
        )
    if not port:
        raise AddressUnusable("The port of the address must not be 0.", code="address_port_zero")
    ip = _ip(host)
    if ip is None and (len(host) > _LONGEST_HOST or not _HOST_NAME.fullmatch(host)):
        raise AddressUnusable(
            "The host in this address isn't a valid host name or IP address.", code="address_bad_host"
        )
    return WebAddress(url, host, ip)


def _ip(host: str) -> str | None:
    """Return a host as an IP address; None if it is a name."""
    if "%" in host and ":" in host:
        raise AddressUnusable(
            "The address names a network interface of this machine (the part after %).",
            code="address_names_interface",
        )
    if ":" not in host and not _ENDS_IN_NUMBER.fullmatch(host):
        return None
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        raise AddressUnusable(
            "The address's host looks like an IP address but isn't written like 192.0.2.1.",
            code="address_odd_ip",
        ) from None
