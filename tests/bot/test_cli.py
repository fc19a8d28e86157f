"""The command line as a person meets it: in a process of its own."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from bot.config import Settings
from schedulezero.wire.addresses import free_ports
from tests.support.command_line import ROOT, end, end_in, environment, line, start
from tests.support.peers import tell


async def test_help_tells_the_commands(settings: Settings) -> None:
    ended = await end(settings, "--help")
    assert ended.status == 0
    for command in ("run", "demo", "server", "doctor", "first-day"):
        assert command in ended.out
    assert "--port" in (await end(settings, "demo", "--help")).out


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_the_server_alone_serves_and_stops_cleanly(settings: Settings, number: signal.Signals) -> None:
    process = await start(settings, "server")
    await line(process, settings.api_endpoint)
    async with httpx.AsyncClient(base_url=settings.api_endpoint) as api:
        body = {
            "handler_id": "discord-bot",
            "method": "send_announcement",
            "params": {"channel_id": 1, "message": "hi"},
            "trigger": {"type": "date", "args": {"run_date": "2099-01-01T00:00:00Z"}},
        }
        assert (await api.post("/api/jobs", json=body)).json()["job_id"]
    ping = await asyncio.to_thread(tell, settings.server_address, b'{"method": "ping"}')
    assert ping["success"] is True
    process.send_signal(number)
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert b"Traceback" not in err and err.count(b"server stopped") == 1


@pytest.mark.long
async def test_no_token_is_one_sentence(settings: Settings) -> None:
    ended = await end(settings, "run")
    assert ended.status == 78
    assert ended.err.count("\n") == 1 and "set DISCORD_TOKEN" in ended.err


@pytest.mark.long
async def test_a_taken_port_is_one_sentence_with_the_fix(settings: Settings) -> None:
    for port, key in (
        (int(settings.api_endpoint.rsplit(":", 1)[1]), "api_endpoint"),
        (int(settings.server_address.rsplit(":", 1)[1]), "server_address"),
    ):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", port))
            taken.listen()
            ended = await end(settings, "server")
        assert ended.status == 1
        assert f"set another `{key}`" in ended.err
        assert "Traceback" not in ended.err


@pytest.mark.long
async def test_a_database_that_is_none_is_one_sentence(settings: Settings, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"not a database" * 99)
    ended = await end(settings, "server", SCHEDULEZERO_DATABASE=str(photo))
    assert ended.status == 78 and "is not a SQLite database" in ended.err and "Traceback" not in ended.err


@pytest.mark.long
async def test_a_wrong_config_is_one_sentence(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("handler_prot: 1")
    ended = await end(settings, "doctor", "--config", str(file))
    assert ended.status == 2
    assert ended.err.startswith("schedulezero-bot: ") and ended.err.count("\n") == 1
    assert "'handler_prot'" in ended.err
    assert (await end(settings, "run", "--config", str(tmp_path / "no.yaml"))).status == 78


@pytest.mark.long
async def test_a_token_that_leads_nowhere_is_told(settings: Settings) -> None:
    ended = await end(settings, "run", DISCORD_TOKEN="x.y.z")
    # With a network Discord refuses the token; without one it cannot be asked.
    refused = "does not accept the token" in ended.err
    assert refused or "Discord can't be reached" in ended.err
    assert ended.status == (78 if refused else 1)
    assert "Traceback" not in ended.err and "does not look like" not in ended.err


@pytest.mark.long
async def test_what_is_no_token_is_told_whether_discord_answers_or_not(settings: Settings) -> None:
    said = "DISCORD_TOKEN does not look like a bot's token, which is three parts with dots between them."
    for token in ("abc", "a.b", "a..b"):
        assert said in (await end(settings, "run", DISCORD_TOKEN=token)).err
    assert said in (await end(settings, "doctor", DISCORD_TOKEN="abc")).out
    ended = await end(settings, "doctor", DISCORD_TOKEN="a b.c.d")
    assert "FAIL  token: DISCORD_TOKEN does not look like a token: it contains spaces" in ended.out


@pytest.mark.long
async def test_doctor_says_what_to_do(settings: Settings) -> None:
    ended = await end(settings, "doctor")
    assert ended.status == 1
    assert "ok    database" in ended.out and "ok    ports" in ended.out
    assert "FAIL  token: DISCORD_TOKEN is not set\n      → Set DISCORD_TOKEN" in ended.out
    (port,) = free_ports(1)
    external = {"SCHEDULEZERO_SERVER": "external", "SCHEDULEZERO_API_ENDPOINT": f"http://127.0.0.1:{port}"}
    ended = await end(settings, "doctor", **external)
    assert f"FAIL  server: http://127.0.0.1:{port} does not answer" in ended.out


@pytest.mark.long
async def test_doctor_on_a_machine_with_the_server_alone(settings: Settings) -> None:
    ended = await end(settings, "doctor", "--server")
    assert (ended.status, ended.err) == (0, "") and "token" not in ended.out and "handler" not in ended.out
    assert f"ok    config: no file {ROOT / 'config'}" not in ended.out  # the checkout has one
    process = await start(settings, "server")
    await line(process, settings.api_endpoint)
    ended = await end(settings, "doctor")  # a server, no token and no bot: it is a server alone
    assert (ended.status, ended.err) == (0, "") and "for a server alone" in ended.out
    ended = await end(settings, "doctor", "--server")
    assert (ended.status, ended.err) == (0, "")
    assert (
        f"ok    database: {settings.database} can be read and written; server running (process {process.pid})"
        in (ended.out)
    )
    # With another configuration than the running server's.
    (port,) = free_ports(1)
    elsewhere = f"http://127.0.0.1:{port}"
    ended = await end(settings, "doctor", "--server", SCHEDULEZERO_API_ENDPOINT=elsewhere)
    assert ended.status == 1
    assert f"FAIL  server: {elsewhere} does not answer, and process {process.pid} serves" in ended.out
    other = str(Path(settings.database).with_name("other.db"))
    ended = await end(settings, "doctor", "--server", SCHEDULEZERO_DATABASE=other)
    assert ended.status == 1
    assert f"answers, and no process serves the database {other}" in ended.out
    # With another `server_address`, where nobody listens, or the REST API.
    for address, said in (
        (f"tcp://127.0.0.1:{port}", "nothing listens at"),
        (f"tcp://{settings.api_endpoint.removeprefix('http://')}", "what listens at"),
    ):
        ended = await end(settings, "doctor", "--server", SCHEDULEZERO_SERVER_ADDRESS=address)
        assert ended.status == 1 and f"FAIL  server_address: {said} {address}" in ended.out
        assert f"ok    ports: api_endpoint {settings.api_endpoint} is used by a server\n" in ended.out
        assert "  keys: " not in ended.out
    ended = await end(settings, "doctor", "--server")
    assert f"ok    server_address: {settings.server_address} answers\nok    keys: " in ended.out
    process.kill()
    await process.wait()
    ended = await end(settings, "doctor", "--server")  # its number still stands in the lock file
    assert ended.status == 0 and "no server or bot is running on it" in ended.out


@pytest.mark.long
async def test_doctor_says_where_the_settings_are_from(settings: Settings, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "doctor", "--server",
        cwd=tmp_path, env=environment(settings, PYTHONPATH=str(ROOT), SCHEDULEZERO_DATABASE="data/here.db"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, err) == (0, b"")
    text = out.decode()
    assert (
        f"config: no file {tmp_path}/config/schedulezero.yaml, so the defaults, and from the environment"
        in text
    )
    assert "SCHEDULEZERO_DATABASE" in text and f"database: {tmp_path}/data/here.db is not there yet" in text


@pytest.mark.long
async def test_doctor_imports_the_sprockets_of_its_folder(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "sprockets").mkdir()
    good, bad = (tmp_path / "sprockets" / f"{name}_sprocket.py" for name in ("good", "bad"))
    good.write_text("async def setup(bot): ...\n")
    bad.write_text("raise KeyboardInterrupt('bad')\n")
    ended = await end_in(tmp_path, settings, "doctor", SCHEDULEZERO_SPROCKETS="announcement,good")
    assert "ok    sprockets: announcement, good" in ended.out
    assert (
        "warning: “bad” cannot be imported: RuntimeError: it stops with KeyboardInterrupt: bad" in ended.out
    )
    assert "(sprockets/bad_sprocket.py, line 1) It isn't loaded at start." in ended.out
    ended = await end_in(tmp_path, settings, "doctor", SCHEDULEZERO_SPROCKETS="announcement,good,bad")
    assert "FAIL  sprockets" in ended.out
    assert "“bad” cannot be imported: RuntimeError: it stops with KeyboardInterrupt: bad" in ended.out
    bad.write_text("async def setup(bot): ...\n\ndef broken(:\n")
    ended = await end_in(tmp_path, settings, "doctor", SCHEDULEZERO_SPROCKETS="announcement,bad")
    said = "“bad” cannot be imported: SyntaxError: invalid syntax (sprockets/bad_sprocket.py, line 3)"
    assert said in ended.out and "Traceback" not in ended.out + ended.err


class Stranger(BaseHTTPRequestHandler):
    """A web server that isn't ours: it answers the paths in `bodies`, and has no others."""

    bodies: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        body = self.bodies.get(self.path)
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"<h1>No</h1>")

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.mark.long
@pytest.mark.parametrize("body", [None, b"<h1>Hi</h1>", b'{"status": "ok"}', b'{"service": "Other"}'])
async def test_doctor_does_not_take_another_web_server_for_ours(
    settings: Settings, body: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Stranger, "bodies", {} if body is None else {"/api/health": body, "/api/health/ready": body}
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{web.server_port}"
        found = {
            kind: await end(settings, "doctor", SCHEDULEZERO_API_ENDPOINT=address, SCHEDULEZERO_SERVER=kind)
            for kind in ("external", "embedded")
        }
        health = await end(settings, "health", SCHEDULEZERO_API_ENDPOINT=address)
        web.shutdown()
    for ended in found.values():
        assert ended.status == 1
        assert f"FAIL  server: {address} answers, but isn't a ScheduleZero server" in ended.out
        assert "refused this" not in ended.out and ended.out.count("  server: ") == 1
    assert f"FAIL  ports: api_endpoint {address} is taken" in found["embedded"].out
    assert health.status == 1 and "answer" in health.out


@pytest.mark.long
async def test_doctor_finds_a_taken_port_and_a_missing_handler(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.handler_port))
        taken.listen()
        ended = await end(settings, "doctor")
    assert f"FAIL  ports: handler port {settings.handler_port} is taken" in ended.out
    process = await start(settings, "server")
    await line(process, settings.api_endpoint)
    ended = await end(settings, "doctor", DISCORD_TOKEN="a b.c.d")  # without one, a server alone is expected
    assert f"ok    server: {settings.api_endpoint} answers" in ended.out
    assert "FAIL  handler: 'discord-bot' is not registered" in ended.out
    process.terminate()
    await process.wait()


@pytest.mark.long
async def test_the_demo_starts_prints_its_address_and_stops_cleanly(settings: Settings) -> None:
    (port,) = free_ports(1)
    process = await start(settings, "demo", "--no-browser", "--port", str(port))
    address = (await line(process, "http://127.0.0.1")).strip()
    assert address == f"http://127.0.0.1:{port}"
    await line(process, "pick “Post something”")  # as README and the documentation call it
    async with httpx.AsyncClient(follow_redirects=True) as client:
        assert (await client.get(address)).status_code == 200
        assert (await client.get(f"{address}/@ada")).status_code == 200
        unknown = await client.get(f"{address}/@nobody")
        assert unknown.status_code == 404 and f"{address}/@ada" in unknown.text
        assert (await client.get(address, headers={"Host": f"evil.example:{port}"})).status_code == 403
    process.terminate()
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert b"Traceback" not in err


@pytest.mark.long
async def test_the_demos_taken_port_is_one_sentence(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = await end(settings, "demo", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert ended.status == 1
    assert "give another one with --port" in ended.err and "Traceback" not in ended.err
