"""Requests to the web by the real sender: what it calls, what it sends, and what answers may do to it."""

from __future__ import annotations

import ast
import asyncio
import gzip
import logging
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schedulezero.web import outgoing
from schedulezero.web.address import AddressUnusable, read_web_address
from schedulezero.web.outgoing import SIGNATURE, OutgoingFailed, send_out, signature_of
from schedulezero.wire.protocol import OUTGOING_HEADER
from tests.support.web_service import OK, a_service

SECRET = "5up3r-s3cret-p4th"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names that the resolver knows: name → IP addresses, one list for each time that it is asked."""
    known: dict[str, list[str]] = {}

    def look_up(host: str, port: int, family: socket.AddressFamily) -> list[Any]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip in known[host]
        ]

    monkeypatch.setattr(outgoing, "look_up", look_up)
    return known


# ---------------------------------------------------------------- where it goes

# Read as: an address of this machine in other clothes; {port} is where a service listens.
OURSELVES = [
    "http://127.0.0.1:{port}/", "http://①②⑦.⓪.⓪.①:{port}/", "http://１２７.0.0.1:{port}/",
    "http://127。0。0。1:{port}/", "http://127.1:{port}/", "http://127.0.0.1.:{port}/", "http://0:{port}/",
    "http://0.0.0.0:{port}/", "http://0x7f000001:{port}/", "http://0x7f.1:{port}/", "http://0177.0.0.1:{port}/",
    "http://2130706433:{port}/", "http://localhost:{port}/", "http://localhost.:{port}/", "http://a.localhost:{port}/",
    "http://LOCALHOST:{port}/", "http://ⓛocalhost:{port}/", "http://127%2e0%2e0%2e1:{port}/",
    "http://127.0.0.1%00.example:{port}/", "http://user:password@127.0.0.1:{port}/",
    "http://example.org@127.0.0.1:{port}/", "http://example.org:80@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.org/", "http://127.0.0.1:{port}\\@example.org/",
    "http://[::1]:{port}/", "http://[::1%25lo]:{port}/", "http://[::1%lo]:{port}/", "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/", "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::127.0.0.1]:{port}/", "http://[64:ff9b:1::127.0.0.1]:{port}/",
    "http://[2002:7f00:1::1]:{port}/", "http://[2001:0:7f00:1::]:{port}/",
    "http://[2606:4700::5efe:127.0.0.1]:{port}/", "http://[fec0::1]:{port}/",
    "\u2028http://127.0.0.1:{port}/", "http://127.0.0.1\t:{port}/", "http:\\\\127.0.0.1:{port}/",
]  # fmt: skip


@pytest.mark.parametrize("template", OURSELVES)
async def test_our_own_machine_is_not_called(template: str) -> None:
    async with a_service(OK) as heard:
        with pytest.raises(OutgoingFailed) as caught:
            await send_out("POST", template.replace("{port}", str(heard.port)))
        assert caught.value.refused and heard.connections == 0


# Read as: what is not an address, and what the refusal says of it.
NOT_ADDRESSES = [
    ("http://example.org:0/", "must not be 0"), ("http://example.org:99999/", "isn't a web address"),
    ("http://example.org:-1/", "isn't a web address"), ("http://example.org:x/", "isn't a web address"),
    ("ftp://example.org/", "must begin with"), ("file:///etc/passwd", "must begin with"),
    ("//example.org/", "must begin with"), ("https:///x", "must begin with"),
    ("example.org", "must begin with"), ("", "must begin with"),
    ("http://[::1", "isn't a web address"), ("http://a..b/", "isn't a valid host name or IP"),
    ("http://exam ple.org/", "isn't a valid host name or IP"),
    ("http://" + "a" * 254, "isn't a valid host name or IP"),
    ("http://example.org/\r\nX: y", "control character"), ("http://\u00ad127.0.0.1/", "isn't a web address"),
    ("http://example.org/" + "a" * 2000, "the limit is 2000"), ("http://127.1/", "isn't written like"),
    ("http://[fe80::1%25eth0]/", "network interface"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), NOT_ADDRESSES)
def test_what_is_not_an_address(text: str, said: str) -> None:
    with pytest.raises(AddressUnusable, match=said):
        read_web_address(text)


def test_a_name_of_another_script_is_called_by_its_ascii_form() -> None:
    address = read_web_address("https://Bücher.example/ü?q=1")
    assert address.host == "xn--bcher-kva.example" == address.url.raw_host


async def test_a_name_is_called_at_its_public_addresses_only(names: dict[str, list[str]]) -> None:
    """8.8.8.8 would be called; the guard of this test is that nothing of ours is."""
    async with a_service(OK) as heard:
        for private in (["127.0.0.1"], ["::1", "127.0.0.1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]):
            names["mixed.example"] = private
            with pytest.raises(OutgoingFailed, match=r"^mixed\.example is on a private network") as caught:
                await send_out("GET", f"http://mixed.example:{heard.port}/")
            assert caught.value.refused
        resolver = outgoing._Connector(allow_private=False)._resolver  # pyright: ignore
        names["mixed.example"] = ["10.0.0.1", "8.8.8.8", "127.0.0.1", "fd00::1", "2606:4700::1"]
        found = await resolver.resolve("mixed.example", 80, socket.AF_UNSPEC)
        assert [item["host"] for item in found] == ["8.8.8.8", "2606:4700::1"]
        assert heard.connections == 0


async def test_an_unknown_name(names: dict[str, list[str]]) -> None:
    with pytest.raises(OutgoingFailed, match="its name can't be resolved") as caught:
        await send_out("GET", f"http://nobody.example/{SECRET}")
    assert not caught.value.refused


@pytest.mark.parametrize("deceived", [1, 2])
async def test_the_connected_peer_is_checked_before_anything_is_sent(
    deceived: int, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is rebound, or a check that is deceived, so many times: the peer's own address decides."""
    real, asked = outgoing.is_public, list[str]()

    def is_public(address: str) -> bool:
        asked.append(address)
        return len(asked) <= deceived or real(address)

    monkeypatch.setattr(outgoing, "is_public", is_public)
    names["rebound.example"] = ["127.0.0.1"]
    async with a_service(OK) as heard:
        with pytest.raises(OutgoingFailed, match="on a private network") as caught:
            await send_out("POST", f"http://rebound.example:{heard.port}/", body=b"x")
        assert caught.value.refused and heard.data == b"" and len(asked) == deceived + 1
        # The first lie is believed by the look-up, the second one when the socket is made.
        assert heard.connections == (0 if deceived == 1 else 1)


async def test_private_addresses_may_be_called_where_that_is_set(names: dict[str, list[str]]) -> None:
    names["intranet.example"] = ["127.0.0.1"]
    async with a_service(OK) as heard:
        for host in ("127.0.0.1", "intranet.example", "①②⑦.⓪.⓪.①"):
            answer = await send_out("GET", f"http://{host}:{heard.port}/", allow_private=True)
            assert (answer.status, answer.text) == (200, "ok")
        assert heard.connections == 3


async def test_a_slow_name_server_holds_up_nobody_elses_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    may_end = threading.Event()

    def look_up(*_: Any) -> list[Any]:
        may_end.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "slow")

    monkeypatch.setattr(outgoing, "look_up", look_up)
    monkeypatch.setattr(outgoing, "TIMEOUT_SECONDS", 0.2)
    try:
        calls = [send_out("GET", f"http://slow{number}.example/") for number in range(40)]
        waiting = asyncio.gather(*calls, return_exceptions=True)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "at once"), 60) == "at once"
        assert all("didn't answer within" in str(item) for item in await waiting)
    finally:
        may_end.set()


# ---------------------------------------------------------------- what it sends


async def test_a_request_carries_its_marker_whatever_the_caller_says() -> None:
    async with a_service(OK) as heard:
        url = f"http://127.0.0.1:{heard.port}/"
        headers = {OUTGOING_HEADER.lower(): "", OUTGOING_HEADER.upper(): "0", "user-agent": "Me", "X-Y": "z"}
        await send_out("POST", url, body=b"{}", headers=headers, secret="s", allow_private=True)
        sent = heard.headers
        assert sent[OUTGOING_HEADER.lower()] == "1" and sent["user-agent"] == "Me" and sent["x-y"] == "z"
        assert sent["accept-encoding"] == "identity" and "cookie" not in sent
        at = int(sent[SIGNATURE.lower()].split(",")[0].removeprefix("t="))
        assert sent[SIGNATURE.lower()] == signature_of("s", b"{}", at)


# Read as: how a caller would try to make one request two, or another one.
@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"Content-Length": "0"}), ("POST", {"transfer-encoding": "chunked"}),
        ("POST", {"Host": "x"}), ("POST", {"Connection": "Upgrade"}), ("POST", {"Expect": "100-continue"}),
        ("POST", {"X": "a\r\nB: c"}), ("POST", {"X\r\nB": "c"}), ("CONNECT", {}), ("get", {}),
        ("GET / HTTP/1.1\r\nX: y\r\n\r\nPOST", {}),
    ],
)  # fmt: skip
async def test_a_request_cannot_be_made_another_one(method: str, headers: dict[str, str]) -> None:
    async with a_service(OK) as heard:
        with pytest.raises((OutgoingFailed, ValueError)):
            await send_out(
                method, f"http://127.0.0.1:{heard.port}/", body=b"x", headers=headers, allow_private=True
            )
        assert heard.data == b""


async def test_proxies_and_logins_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login root password toor\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with a_service(OK) as proxy, a_service(OK) as heard:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{proxy.port}")
        await send_out("GET", f"http://127.0.0.1:{heard.port}/", allow_private=True)
        assert proxy.connections == 0 and heard.connections == 1 and "authorization" not in heard.headers


async def test_credentials_in_an_address_log_in_there() -> None:
    async with a_service(OK) as heard:
        await send_out("GET", f"http://user:pass@127.0.0.1:{heard.port}/", allow_private=True)
        assert heard.headers["authorization"] == "Basic dXNlcjpwYXNz"
        assert "user" not in heard.headers["host"]


# ---------------------------------------------------------------- what comes back


async def test_redirects_are_not_followed_and_cookies_not_kept() -> None:
    async with a_service(OK) as inner:
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inner.port}/\r\nSet-Cookie: a=b\r\n"
        async with a_service(f"{moved}Content-Length: 0\r\n\r\n".encode()) as heard:
            for _ in range(2):
                heard.data = b""
                answer = await send_out("GET", f"http://127.0.0.1:{heard.port}/", allow_private=True)
                assert answer.status == 302 and "cookie" not in heard.headers
        assert inner.connections == 0


HEAD = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(b"\0" * 50_000_000, mtime=0)
CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"

# Read as: an answer (the last piece again and again where it holds), its status and how its text begins.
HOSTILE = {
    "bomb": ([HEAD, b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB), BOMB], False, ""),
    "deflate": ([HEAD, b"Content-Encoding: deflate\r\n\r\n", zlib.compress(b"\0" * 9_000_000)], False, ""),
    "endless": ([HEAD, b"Transfer-Encoding: chunked\r\n\r\n", CHUNK], True, "x" * 4096),
    "huge": ([HEAD, b"Content-Length: 9999999999999\r\n\r\n", b"x" * 65536], True, "x" * 4096),
    "cut off": ([HEAD, b"Content-Length: 100\r\n\r\n", b"begun"], False, "begun"),
    "not UTF-8": ([HEAD, b"Content-Length: 2\r\n\r\n\xff\xfe"], False, "\ufffd\ufffd"),
}  # fmt: skip


MOST_MEMORY = 6_000_000
"""What reading an answer may hold, in bytes: below the smallest of those that unfold."""


@pytest.mark.parametrize("name", HOSTILE)
async def test_whatever_is_answered_is_cut(name: str) -> None:
    answer, hold, text = HOSTILE[name]
    tracemalloc.start()
    try:
        async with a_service(*answer, hold=hold) as heard:
            got = await send_out("GET", f"http://127.0.0.1:{heard.port}/", allow_private=True)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (got.status, got.text) == (200, text)
    assert most < MOST_MEMORY


# Read as: an answer that never becomes one, and what is said of it.
NO_ANSWER = {
    "header flood": ([HEAD, b"X: %s\r\n" % (b"y" * 1000)], True, "isn't HTTP|closed"),
    "header without end": ([HEAD, b"X: ", b"y" * 65536], True, "isn't HTTP|closed"),
    "many headers": ([HEAD + b"X: y\r\n" * 100_000 + b"\r\n"], False, "isn't HTTP|closed"),
    "isn't HTTP": ([b"SSH-2.0-OpenSSH_9.6\r\n"], False, "isn't HTTP"),
    "nothing": ([b""], False, "closed the connection without answering"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_ANSWER)
async def test_what_is_no_answer_is_said(name: str) -> None:
    answer, hold, said = NO_ANSWER[name]
    async with a_service(*answer, hold=hold) as heard:
        with pytest.raises(OutgoingFailed, match=said) as caught:
            await send_out("GET", f"http://127.0.0.1:{heard.port}/{SECRET}?{SECRET}", allow_private=True)
    assert SECRET not in caught.value.message and not caught.value.refused


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),  # a header now and then
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),  # answers that are none yet
        (b"HTTP/1.1 ", b""),
    ],
)
async def test_a_slow_answer_has_a_time_limit(
    first: bytes, again: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "TIMEOUT_SECONDS", 0.3)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(first)
        try:
            while not reader.at_eof():
                writer.write(again)
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(OutgoingFailed, match=r"^127\.0\.0\.1 didn't answer within 0\.3 s\.$"):
            await send_out("GET", f"http://127.0.0.1:{port}/{SECRET}", allow_private=True)


async def test_a_text_that_never_ends_does_not_undo_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service has done what it was asked for; calling it again would do it twice."""
    monkeypatch.setattr(outgoing, "_ANSWER_SECONDS", 0.2)
    may_end = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nso far")
        await may_end.wait()
        writer.close()

    server = await asyncio.start_server(stall, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        answer = await send_out("POST", f"http://127.0.0.1:{port}/", allow_private=True)
        assert (answer.status, answer.text) == (202, "so far")
        may_end.set()


# ---------------------------------------------------------------- what is said of it


async def test_nothing_said_of_an_address_goes_beyond_its_host(
    caplog: pytest.LogCaptureFixture, names: dict[str, list[str]]
) -> None:
    names["here.example"] = ["127.0.0.1"]
    echo = f"HTTP/1.1 404 Not Found\r\n\r\nCannot POST /hook/{SECRET}?key={SECRET}1 for {SECRET}0".encode()
    url = f"{{scheme}}://{SECRET}0:{SECRET}2@here.example:{{port}}/hook/{SECRET}?key={SECRET}1"
    with caplog.at_level(logging.DEBUG):
        async with a_service(echo) as heard:
            address = url.format(scheme="http", port=heard.port)
            answer = await send_out("POST", address, allow_private=True)
            assert answer.text == "Cannot POST … for …"
            errors: list[BaseException] = []
            for wrong, private in (
                (address, False), (address.replace(str(heard.port), "99999"), True),
                (address.replace("http", "https"), True), (address.replace("here", "nobody"), True),
                (address.replace("http", "gopher"), True), (address.replace("here.example", "127.1"), True),
            ):  # fmt: skip
                with pytest.raises(OutgoingFailed) as caught:
                    await send_out("POST", wrong, allow_private=private)
                errors.append(caught.value)
        said = caplog.text + repr(answer) + repr(read_web_address(address))
        for error in errors:
            said += repr(error) + repr(error.__cause__) + str(error.__suppress_context__)
    assert SECRET not in said and "False" not in said


# ---------------------------------------------------------------- the only door

# Read as: what opens connections to addresses, and the modules that may use it, each with the reason.
DOORS = {
    # Our own server; discord.py's own session.
    "aiohttp.ClientSession": [
        "bot/demo/front_door.py",  # the simulator's page, in this process
        "bot/health/ask.py",
        "bot/health/doctor_calendar.py",  # the owner's own `calendar_url`
        "cogs/no_repeats.py",
        "schedulezero/web/outgoing.py",
    ],
    "aiohttp.TCPConnector": ["schedulezero/web/outgoing.py"],
    "httpx.AsyncClient": ["schedulezero/client/http.py"],  # our own server, at `api_endpoint`
    "urllib.request": [], "http.client": [], "requests": [], "discord.Webhook.from_url": [],
    "asyncio.open_connection": ["bot/health/ask.py"],  # our own handler
    "socket.create_connection": ["schedulezero/wire/greeting.py"],  # a server or a handler
    "smtplib": [], "ftplib": [],
}  # fmt: skip


@pytest.mark.long
def test_whatever_calls_an_address_goes_through_one_door() -> None:
    root = Path(__file__).parent.parent.parent
    found: dict[str, list[str]] = {door: [] for door in DOORS}
    for folder in ("bot", "cogs", "schedulezero", "sprockets"):
        for file in sorted((root / folder).rglob("*.py")):
            names = {
                ast.unparse(node) for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                if isinstance(node, ast.Attribute | ast.Name)
            } | set(_imported(file))  # fmt: skip
            for door in DOORS:
                if any(name == door or name.startswith(f"{door}.") for name in names):
                    found[door].append(file.relative_to(root).as_posix())
    assert found == DOORS


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("name", ["host ", " Host", "Transfer-Encoding\t", "Host:evil", "", "a b"])
async def test_a_header_with_a_name_that_is_none_is_not_sent(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        await send_out("GET", "https://example.org/", headers={name: "x"})


async def test_few_addresses_of_a_name_are_tried_of_each_family(names: dict[str, list[str]]) -> None:
    names["many.example"] = [f"8.8.8.{n}" for n in range(1, 200)] + [
        f"2606:4700::{n:x}" for n in range(1, 99)
    ]
    resolver = outgoing._Connector(allow_private=False)._resolver  # pyright: ignore
    found = await resolver.resolve("many.example", 80, socket.AF_UNSPEC)
    assert [item["host"] for item in found] == ["8.8.8.1", "2606:4700::1", "8.8.8.2", "2606:4700::2"]


async def test_a_failure_says_whether_the_request_may_have_arrived(names: dict[str, list[str]]) -> None:
    with pytest.raises(OutgoingFailed) as caught:
        await send_out("POST", "http://nobody.example/")
    assert not caught.value.sent
    async with a_service() as heard:
        with pytest.raises(OutgoingFailed, match="without answering") as caught:
            await send_out("POST", f"http://127.0.0.1:{heard.port}/", allow_private=True)
        assert caught.value.sent
    with pytest.raises(OutgoingFailed, match="refused the connection") as caught:
        await send_out("POST", f"http://127.0.0.1:{heard.port}/", allow_private=True)
    assert not caught.value.sent


def test_secrets_of_connections_are_not_logged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    context = outgoing.tls_context()
    assert context.keylog_filename is None and not (tmp_path / "keys").exists()
    assert context.check_hostname and context.verify_mode is ssl.CERT_REQUIRED
