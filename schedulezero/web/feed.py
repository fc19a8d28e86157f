"""A file from the web that is asked for again and again, through the one door for requests.

Conditional requests (RFC 9110, 13) spare the other side sending what hasn't changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from schedulezero.web.address import AddressUnusable, WebAddress, read_web_address
from schedulezero.web.outgoing import OutgoingFailed, request_headers, requested

_OK, _NOT_MODIFIED = 200, 304
_PIECE = 64 * 1024
_LONGEST_MARK = 500
_WEBCAL = "webcal://"
_MOVED = (301, 302, 303, 307, 308)
_AGAIN = (408, 425, 429)
_NOT_TEXT = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"\x89PNG", b"\xff\xd8\xff")


@dataclass(frozen=True, slots=True)
class Marks:
    """How a server tells one version of a file from another: its ETag and Last-Modified."""

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered: the content, or None if it is still as its marks say."""

    content: bytes | None
    marks: Marks


def feed_address(text: str, *, allow_private: bool = False) -> WebAddress:
    """Parse the address of a calendar: https, or webcal, which stands for it.

    Plain http is taken only where private addresses are. Raises AddressUnusable without repeating it.
    """
    text = text.strip()
    if text[: len(_WEBCAL)].casefold() == _WEBCAL:
        text = f"https://{text[len(_WEBCAL) :]}"
    address = read_web_address(text)
    if address.url.scheme != "https" and not allow_private:
        raise AddressUnusable(
            "The address of a calendar must begin with https:// or webcal://.", code="feed_not_https"
        )
    return address


async def fetch_feed(
    url: str, marks: Marks, *, seconds: float, largest: int, allow_private: bool = False
) -> Fetched:
    """Return the content of a file, or that it hasn't changed since its marks.

    Raises OutgoingFailed with a reason that names nothing but the host.

    Parameters:
        url: Its address, as `feed_address` takes it.
        marks: What the server said with the content that is known; empty marks ask for it in any case.
        seconds: How long all of it may take.
        largest: The most bytes that it may have.
        allow_private: Whether addresses in this machine's network are allowed.
    """
    try:
        address = feed_address(url, allow_private=allow_private)
    except AddressUnusable as error:
        raise OutgoingFailed(error.message, refused=True) from None
    asked = {"Accept": "text/calendar, text/plain;q=0.5, */*;q=0.1"}
    if marks.etag:
        asked["If-None-Match"] = marks.etag
    if marks.modified:
        asked["If-Modified-Since"] = marks.modified
    found = bytearray()
    async with requested(
        "GET", address, seconds=seconds, headers=request_headers(asked), allow_private=allow_private
    ) as response:
        if response.status == _NOT_MODIFIED and asked.keys() & {"If-None-Match", "If-Modified-Since"}:
            return Fetched(None, marks)
        if response.status != _OK:
            raise _refusal(address.host, response.status)
        if response.headers.get("Content-Encoding", "identity").casefold() != "identity":
            raise OutgoingFailed(
                "{host} sends its calendar compressed, although it wasn't asked to.",
                refused=True,
                code="feed_compressed",
                host=address.host,
            )
        async for piece in response.content.iter_chunked(_PIECE):
            found += piece
            if len(found) > largest:
                raise OutgoingFailed(
                    "The calendar at {host} is larger than {largest} MiB.",
                    refused=True,
                    code="feed_too_large",
                    host=address.host,
                    largest=largest // 2**20,
                )
        told = Marks(_mark(response.headers.get("ETag")), _mark(response.headers.get("Last-Modified")))
    if bytes(found[:4]).startswith(_NOT_TEXT):
        raise OutgoingFailed(
            "The address at {host} doesn't return a calendar.",
            refused=True,
            code="feed_not_calendar",
            host=address.host,
        )
    return Fetched(bytes(found), told)


def _mark(value: str | None) -> str:
    return value if value and len(value) <= _LONGEST_MARK and value.isprintable() else ""


def _refusal(host: str, status: int) -> OutgoingFailed:
    if status in _MOVED:
        return OutgoingFailed(
            "{host} says that the calendar has moved to another address. Copy the address again.",
            refused=True,
            code="feed_moved",
            host=host,
        )
    if status in (401, 403, 404, 410):
        return OutgoingFailed(
            "{host} doesn't provide the calendar at this address (HTTP status {status}). The address may "
            "have been reset; copy it again.",
            refused=True,
            code="feed_gone",
            host=host,
            status=status,
        )
    return OutgoingFailed(
        "{host} isn't providing the calendar at the moment (HTTP status {status}).",
        refused=status < 500 and status not in _AGAIN,
        code="feed_refused",
        host=host,
        status=status,
    )
