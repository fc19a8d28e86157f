"""The files in ``deploy/``: what they promise, and the exit statuses and the health check that they go by."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from bot.cli.exit_status import CONFIG, USAGE, Unusable, status_of
from bot.config import ConfigError, Settings
from bot.health.ask import local
from bot.refusals import DiscordRefuses, DiscordUnusable
from schedulezero.errors import DatabaseAway, DatabaseUnusable, Exposed, KeysUnusable, PortTaken
from schedulezero.wire.addresses import free_ports
from tests.support.command_line import ROOT, end, environment, line, start
from tests.support.discord_server import DiscordServer

pytestmark = pytest.mark.long

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
CALL_SECONDS = 30
MOST_EXPOSED = 3.0
YES = (
    "NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "PrivateUsers", "ProtectClock",
    "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules",
    "ProtectKernelTunables", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality",
    "MemoryDenyWriteExecute", "RemoveIPC",
)  # fmt: skip
"""What each unit switches on."""


def directives(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    section = ""
    for text in unit.read_text(encoding="utf-8").splitlines():
        if text.startswith("["):
            section = text.strip("[]")
        elif text and not text.startswith("#"):
            key, _, value = text.partition("=")
            found.setdefault(f"{section}.{key}", []).append(value)
    return found


def seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+)(s|min|m)?", text)
    assert match is not None, text
    return int(match[1]) * (60 if match[2] in ("m", "min") else 1)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_locked_up_and_do_not_loop(unit: Path) -> None:
    service = directives(unit)
    assert [name for name in YES if service.get(f"Service.{name}") != ["yes"]] == []
    assert service["Service.ProtectSystem"] == ["strict"]
    assert service["Service.CapabilityBoundingSet"] == service["Service.AmbientCapabilities"] == [""]
    assert service["Service.SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert service["Service.UMask"] == ["0077"] and service["Service.StateDirectoryMode"] == ["0700"]
    assert service["Service.StateDirectory"] == ["schedulezero"]
    assert "Service.MemoryMax" in service and "Service.TasksMax" in service
    # One user: what one unit writes, the others may read.
    assert service["Service.User"] == ["schedulezero"] and "Service.DynamicUser" not in service
    assert service["Service.Restart"] == ["on-failure"]
    assert service["Service.RestartPreventExitStatus"] == [f"{USAGE} {CONFIG}"]
    assert seconds(service["Service.TimeoutStopSec"][0]) > CALL_SECONDS
    assert seconds(service["Service.RestartMaxDelaySec"][0]) > seconds(service["Service.RestartSec"][0])
    assert int(service["Service.RestartSteps"][0]) > 0
    # Also for a version of systemd that knows no growing pauses.
    assert unit.name == "schedulezero-server.service" or seconds(service["Service.RestartSec"][0]) >= 15
    assert service["Unit.StartLimitIntervalSec"] == ["0"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_itself_finds_little_exposed(unit: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd-analyze")
    ended = subprocess.run(
        [program, "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", ended.stdout)
    assert found is not None, ended.stdout + ended.stderr
    assert float(found[1]) < MOST_EXPOSED


def test_containers_are_locked_up() -> None:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))[
        "services"
    ]
    assert set(services) == {"postgres", "prepare", "server", "cluster-1", "cluster-2"}
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is True and service["tmpfs"], name
        assert service["mem_limit"] and service["pids_limit"], name
        assert seconds(service["stop_grace_period"]) > CALL_SECONDS, name
        # Docker cannot tell 78 from other statuses; so it gives up.
        assert service["restart"] == ("no" if name == "prepare" else "on-failure:5"), name
        if name != "postgres":
            assert service["user"] == "10001" and "cap_add" not in service, name
        assert name == "prepare" or service["healthcheck"]["test"], name
        image = service["image"]
        assert image == "schedulezero" or re.fullmatch(r"\w+:\d+\.\d+-bookworm", image), name


def test_the_image_is_pinned_and_runs_as_nobody_of_importance() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(bases) == 2 and len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", bases[0])
    assert re.search(r"^USER 10001", text, re.MULTILINE)
    assert "--require-hashes" in text
    assert 'CMD ["schedulezero-bot", "health"]' in text


# ------------------------------------------------------------------ exit statuses


@pytest.mark.parametrize(
    ("error", "serving", "otherwise"),
    [
        (ConfigError("x"), CONFIG, USAGE),
        (DatabaseUnusable("x"), CONFIG, 1),
        (DatabaseAway("x"), 1, 1),
        (Exposed("x"), CONFIG, 1),
        (KeysUnusable("x"), CONFIG, 1),
        (DiscordRefuses("x"), CONFIG, 1),
        (DiscordUnusable("x"), 1, 1),
        (PortTaken("x"), 1, 1),
        (Unusable("x", USAGE), USAGE, USAGE),
    ],
)
def test_what_lasts_has_a_status_of_its_own(error: Exception, serving: int, otherwise: int) -> None:
    assert status_of(error, serves=True) == serving
    assert status_of(error, serves=False) == otherwise


@asynccontextmanager
async def refusing(close_code: int | None) -> AsyncIterator[str]:
    """A Discord that refuses the token at once, or closes the gateway with a code."""

    async def gateway(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 30_000}})
        await socket.receive()
        await socket.close(code=close_code or 4000)
        return socket

    async def rest(request: web.Request) -> web.Response:
        if close_code is None:
            return web.json_response({"message": "401: Unauthorized", "code": 0}, status=401)
        return await discord._rest(request)

    async with DiscordServer() as discord:
        app = web.Application()
        app.router.add_get("/gateway", gateway)
        app.router.add_get("/api/v10/gateway/bot", discord._gateway_for_bots)
        app.router.add_route("*", "/api/v10/{path:.*}", rest)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


SET = {"SCHEDULEZERO_SHARDS": "1", "SCHEDULEZERO_INTENTS": "members"}


@pytest.mark.parametrize(
    ("close_code", "configured", "status", "says"),
    [
        (None, {}, CONFIG, "does not accept the token"),
        (4004, {}, CONFIG, "does not accept the token"),
        (4010, SET, CONFIG, "knows no such shard"),
        (4011, SET, CONFIG, "needs more shards"),
        (4011, {}, 1, "The next start asks Discord how many"),  # so another start mends it
        (4012, {}, CONFIG, "update it"),
        (4013, {}, CONFIG, "knows no such intents"),
        (4014, SET, CONFIG, "(members)"),
    ],
)
async def test_what_discord_refuses_ends_with_78(
    settings: Settings, close_code: int | None, configured: dict[str, str], status: int, says: str
) -> None:
    async with refusing(close_code) as address:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.bot_process", address, "run",
            cwd=ROOT, env=environment(settings, DISCORD_TOKEN="simulated", **configured),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == status, err.decode()
    assert says in err.decode() and b"Traceback" not in err


# ------------------------------------------------------------------ health


async def test_health_asks_the_server(settings: Settings) -> None:
    for what in ((), ("--live",)):
        ended = await end(settings, "health", *what)
        assert ended.status == 1 and "does not answer" in ended.out and not ended.err
    process = await start(settings, "server")
    await line(process, settings.api_endpoint)
    try:
        assert (await end(settings, "health")).out == "The server is ready.\n"
        assert (await end(settings, "health", "--live")).out == "The server is live.\n"
    finally:
        process.terminate()
        await process.wait()


async def test_health_of_a_bot_whose_server_runs_elsewhere(settings: Settings) -> None:
    (port,) = free_ports(1)
    external = {"SCHEDULEZERO_SERVER": "external", "SCHEDULEZERO_HANDLER_PORT": str(port - 1)}
    assert (await end(settings, "health", "--cluster", "2/2", **external)).status == 1
    listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    async with listening:
        ended = await end(settings, "health", "--cluster", "2/2", **external)
    assert (ended.status, ended.out) == (0, f"The handler listens on 127.0.0.1:{port}.\n")
    assert (await end(settings, "health", "--cluster", "9/2", **external)).status == USAGE


@pytest.mark.parametrize(
    ("endpoint", "asked"),
    [
        ("http://0.0.0.0:8888", "http://127.0.0.1:8888"),
        ("https://[::]:8888", "https://[::1]:8888"),
        ("http://127.0.0.1:8888/", "http://127.0.0.1:8888"),
        ("https://moonbase.example", "https://moonbase.example"),
    ],
)
def test_a_server_that_listens_everywhere_is_asked_on_this_machine(endpoint: str, asked: str) -> None:
    assert local(endpoint) == asked
