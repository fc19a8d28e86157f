"""Asking for a calendar: conditional requests, limits, and errors that name only the host."""

from __future__ import annotations

import pytest

from schedulezero.web.address import AddressUnusable
from schedulezero.web.feed import Marks, feed_address, fetch_feed
from schedulezero.web.outgoing import OutgoingFailed
from tests.support.feeds import a_feed
from tests.support.web_service import a_service


async def test_what_has_not_changed_is_not_sent_again() -> None:
    async with a_feed("UID:a") as feed:
        first = await fetch_feed(feed.url, Marks(), seconds=5, largest=1000, allow_private=True)
        assert first.content == feed.text().encode() and first.marks.etag
        again = await fetch_feed(feed.url, first.marks, seconds=5, largest=1000, allow_private=True)
        assert again.content is None and again.marks == first.marks
        feed.events = ["UID:b"]
        changed = await fetch_feed(feed.url, first.marks, seconds=5, largest=1000, allow_private=True)
        assert changed.content == feed.text().encode() and changed.marks != first.marks
        assert [headers.get("If-None-Match") for headers in feed.asked] == [None, *[first.marks.etag] * 2]
        assert "gzip" not in feed.asked[0].get("Accept-Encoding", "")


# Read as: what a service answers, the code of the error, and whether another attempt is useless.
ROWS: list[tuple[bytes, str, bool]] = [
    (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok", "feed_compressed", True),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b"x" * 200, "feed_too_large", True),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nPK\x03\x04zip..", "feed_not_calendar", True),
    (b"HTTP/1.1 304 Not Modified\r\n\r\n", "feed_refused", True),
    (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "feed_moved", True),
    (b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", "feed_gone", True),
    (b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", "feed_refused", False),
    (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "feed_refused", False),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nBEGIN", "host_not_http", False),
]


@pytest.mark.parametrize(
    ("answer", "code", "useless"), ROWS, ids=[f"{row[1]}-{n}" for n, row in enumerate(ROWS)]
)
async def test_what_cannot_be_used_is_told_without_the_address(
    answer: bytes, code: str, useless: bool
) -> None:
    async with a_service(answer) as service:
        url = f"http://127.0.0.1:{service.port}/private-S3CRET/x.ics?S3CRET=S3CRET"
        with pytest.raises(OutgoingFailed) as caught:
            await fetch_feed(url, Marks(), seconds=5, largest=100, allow_private=True)
    assert (caught.value.code, caught.value.refused) == (code, useless)
    assert "S3CRET" not in f"{caught.value} {caught.value.__cause__!r} {caught.value.values}"


@pytest.mark.parametrize("url", ["webcal://example.org/a", "WebCal://example.org/a", "https://example.org/a"])
def test_webcal_stands_for_https(url: str) -> None:
    assert str(feed_address(url).url) == "https://example.org/a"


@pytest.mark.parametrize(
    "url", ["http://example.org/a", "webcal:example.org", "webcal://", "feed://example.org"]
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(AddressUnusable):
        feed_address(url)


async def test_private_addresses_are_refused() -> None:
    async with a_feed("UID:a") as feed:
        with pytest.raises(OutgoingFailed) as caught:
            await fetch_feed(feed.url.replace("http:", "webcal:"), Marks(), seconds=5, largest=1000)
    assert caught.value.code == "host_private" and feed.asked == []
