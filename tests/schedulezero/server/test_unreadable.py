"""Requests that aiohttp's own parser refuses: JSON like every other refusal, one log line, no traceback."""

from __future__ import annotations

import asyncio
import json
import logging
from urllib.parse import urlsplit

import pytest

from schedulezero.server.service import ServerConfig

_HOST = b"Host: 127.0.0.1\r\n"
_POST = b"POST /api/jobs HTTP/1.1\r\n" + _HOST + b"Content-Type: application/json\r\n"
_WAITS = _POST + b"Expect: 100-continue\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"

# Read as: what is sent, piece by piece, and the status and the code of the answer.
REQUESTS: dict[str, tuple[list[bytes], int, str]] = {
    "a request line": ([b"GARBAGE\r\n\r\n"], 400, "bad_request"),
    "a method": ([b"G@T / HTTP/1.1\r\n" + _HOST + b"\r\n"], 400, "bad_request"),
    "a version": ([b"GET / HTTP/9.9\r\n" + _HOST + b"\r\n"], 400, "bad_request"),
    "an address": ([b"GET http://[::1/ HTTP/1.1\r\n" + _HOST + b"\r\n"], 400, "bad_request"),
    "no host": ([b"GET /api/health HTTP/1.1\r\n\r\n"], 400, "bad_request"),
    "a header": ([b"GET / HTTP/1.1\r\n" + _HOST + b"bad header\r\n\r\n"], 400, "bad_request"),
    "a zero byte": ([b"GET / HTTP/1.1\r\n" + _HOST + b"X: a\0b\r\n\r\n"], 400, "bad_request"),
    "a long header": ([b"GET / HTTP/1.1\r\n" + _HOST + b"X: %s\r\n\r\n" % (b"a" * 9000)], 400, "bad_request"),
    "a length": ([_POST + b"Content-Length: abc\r\n\r\n"], 400, "bad_request"),
    "two lengths": ([_POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"], 400, "bad_request"),
    "a chunk": ([_POST + _CHUNKED + b"zz\r\nabc\r\n"], 400, "bad_request"),
    "a later chunk": ([_WAITS + _CHUNKED, b"3\r\nabc\r\nzz\r\n"], 400, "bad_body"),
    "not gzip": ([_POST + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"], 400, "bad_body"),
    "TLS": ([bytes.fromhex("16030100c8010000c40303")], 400, "bad_request"),
    "an expectation": ([_POST + b"Expect: a\r\nContent-Length: 2\r\n\r\n{}"], 417, "expectation_failed"),
}  # fmt: skip


@pytest.mark.parametrize("what", REQUESTS)
async def test_what_the_parser_refuses_is_answered_in_json(
    server: ServerConfig, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    pieces, status, code = REQUESTS[what]
    parts = urlsplit(server.api_endpoint)
    with caplog.at_level(logging.INFO):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        async with asyncio.timeout(60):
            writer.write(pieces[0])
            for piece in pieces[1:]:
                assert await reader.readexactly(len(_GO_ON)) == _GO_ON  # the body is being read
                writer.write(piece)
            answer = await reader.read()  # to the end of the connection
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == str(status).encode() and b"application/json" in head
    error = json.loads(body)["error"]
    assert error["code"] == code and error["message"].endswith(".")
    assert not [record for record in caplog.records if record.exc_info], caplog.text
    told = [
        record for record in caplog.records if record.name.startswith(("schedulezero.server.http", "aiohttp"))
    ]
    assert len(told) == (1 if code == "bad_request" else 0)
    assert all("aaaa" not in record.getMessage() for record in told)  # a header may hold a token
