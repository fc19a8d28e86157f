"""A handler without Discord: a class whose methods are jobs, as a program and within one."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from schedulezero.handler.handler import Handler
from schedulezero.handler_base import HandlerBase
from schedulezero.server.service import ServerConfig
from schedulezero.wire.addresses import free_ports
from tests.conftest import Api, until
from tests.support.peers import RawHandler, tell
from tests.support.runs import due_now, ended

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples" / "handler" / "disk_space.py"


class Sums(HandlerBase):
    """Jobs of both kinds."""

    def add(self, params: dict[str, Any]) -> dict[str, Any]:
        """Add two numbers.

        Params:
            a: int - one
            b: int - the other
        """
        return {"sum": self._sum(params["a"], params["b"])}

    async def wait(self, params: dict[str, Any]) -> str:
        await asyncio.sleep(0)
        return "waited"

    def fail(self, params: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("no such disk")

    def told(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"error": "the disk is full"}

    def _sum(self, one: int, other: int) -> int:
        return one + other


async def registered(api: Api, handler_id: str, status: str = "Connected") -> list[str] | None:
    found = (await api.get("/api/handlers")).json()["handlers"]
    return next(
        (item["methods"] for item in found if (item["id"], item["status"]) == (handler_id, status)), None
    )


async def run_now(api: Api, method: str, handler_id: str = "sums", **params: Any) -> dict[str, Any]:
    body = {"handler_id": handler_id, "job_method": method, "job_params": params}
    return (await api.post("/api/run_now", json=body)).json()


@pytest.mark.long
async def test_methods_are_jobs_within_an_asyncio_program(api: Api, server: ServerConfig) -> None:
    async with Sums("sums", server_address=server.server_address) as sums:
        await sums.handler.refresh()
        assert await registered(api, "sums") == ["add", "fail", "told", "wait"]
        assert (await run_now(api, "add", a=2, b=3))["result"]["sum"] == 5
        assert (await run_now(api, "wait"))["result"]["result"] == "waited"
        run = await ended(api, await due_now(api, handler_id="sums", method="told"))
        assert (run["status"], run["error"]) == ("failed", "the disk is full")
        (schema,) = [
            item["schema"]
            for item in (await api.get("/api/methods")).json()["methods"]
            if item["method"] == "add"
        ]
        assert set(schema["properties"]) == {"a", "b"}
    assert await registered(api, "sums", "Disconnected") is not None


@pytest.mark.long
async def test_it_stays_registered(api: Api, server: ServerConfig) -> None:
    """Someone else registers in its name and address; it notices and registers again."""
    async with Sums("sums", server_address=server.server_address) as sums:
        await sums.handler.refresh()
        port = int(sums.handler.address.rpartition(":")[2])
        other = RawHandler(port, server.server_address, "sums")
        assert (await asyncio.to_thread(other.register, "other"))["success"] is True
        await until(lambda: _has(api, ["add", "fail", "told", "wait"]))


async def _has(api: Api, methods: list[str]) -> bool:
    return await registered(api, "sums") == methods


async def test_a_journal_makes_a_run_take_effect_once(api: Api, server: ServerConfig, tmp_path: Path) -> None:
    class Counting(HandlerBase):
        calls = 0

        def count(self, params: dict[str, Any]) -> dict[str, Any]:
            self.calls += 1
            return {"calls": self.calls}

    async with Counting("counting", server_address=server.server_address, journal=tmp_path / "j.db") as one:
        call = b'{"method": "count", "params": {}, "run_id": "x@1", "job_id": "x"}'
        first = await asyncio.to_thread(tell, one.handler.address, call)
        again = await asyncio.to_thread(tell, one.handler.address, call)
        assert first == again == {"success": True, "calls": 1}
    assert (tmp_path / "j.db").stat().st_mode & 0o777 == 0o600


async def test_stop_from_another_thread_ends_run(api: Api, server: ServerConfig) -> None:
    """As in a program that has no event loop of its own."""
    sums = Sums("sums", server_address=server.server_address)
    thread = threading.Thread(target=sums.run)
    thread.start()
    try:
        await until(lambda: registered(api, "sums"))
        assert (await run_now(api, "add", a=1, b=1))["result"]["sum"] == 2
    finally:
        sums.stop()
        await asyncio.to_thread(thread.join, 20)
    assert not thread.is_alive()
    sums.stop()  # and once more does nothing


async def test_stop_before_it_begins_ends_it_at_once(server: ServerConfig) -> None:
    sums = Sums("sums", server_address=server.server_address)
    sums.stop()
    thread = threading.Thread(target=sums.run, daemon=True)
    thread.start()
    await asyncio.to_thread(thread.join, 20)
    assert not thread.is_alive()


@pytest.mark.long
async def test_a_taken_address_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OSError, match="Address already in use"):
            await Sums("sums", address, "tcp://127.0.0.1:9").serve()


class Empty(HandlerBase):
    """No job."""


class Wrong(HandlerBase):
    def job(self) -> None:
        """Takes no params."""


class Named(HandlerBase):
    def stop(self, params: dict[str, Any]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """A job with the name of a method of the base."""


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: Named("named"), "'stop' is a method of HandlerBase itself"),
        (lambda: Empty("empty"), "no job method"),
        (lambda: Wrong("wrong"), "must take (self, params)"),
        (lambda: Sums(""), "1 to 100 characters"),
        (lambda: Sums("s" * 101), "1 to 100 characters"),
        (lambda: Sums("sums", "localhost:5000"), "is not an address"),
        (lambda: Sums("sums", None, "http://localhost"), "is not an address"),
        (lambda: Sums("sums", "tcp://10.0.0.6:5000"), "beyond this machine: give `keys`"),
        (lambda: Sums("sums", None, "tcp://10.0.0.5:4242"), "beyond this machine: give `keys`"),
        (lambda: Sums("sums", "tcp://0.0.0.0:5000", plain=True), "can reach this handler"),
    ],
)
def test_what_cannot_work_is_said_at_once(make: Any, part: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert part in str(caught.value)


# ---------------------------------------------------------------- the example, as a process


@contextmanager
def killed_at_the_end(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def example(server: ServerConfig) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **os.environ,
        "SCHEDULEZERO_SERVER_ADDRESS": server.server_address,
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLE)], env=environment, stderr=subprocess.PIPE, text=True
    )
    with killed_at_the_end(process):
        yield process


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_the_example_answers_until_it_is_stopped(
    api: Api, example: subprocess.Popen[str], how: signal.Signals
) -> None:
    await until(lambda: registered(api, "disks"))
    result = (await run_now(api, "free_space", "disks", path="/"))["result"]
    assert result["free_bytes"] > 0 and 0 <= result["used_percent"] <= 100
    example.send_signal(how)
    _, said = await asyncio.to_thread(example.communicate, timeout=60)
    assert example.returncode == 0, said
    assert "Traceback" not in said and "registered 'disks'" in said
    assert await registered(api, "disks", "Disconnected") == ["free_space"]


def test_the_example_has_ten_lines_of_code() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").split('"""')[2].splitlines()
    code = "".join(EXAMPLE.read_text(encoding="utf-8").split('"""')[2::2])
    assert lines and len([line for line in code.splitlines() if line.strip()]) <= 10


def test_the_guide_shows_the_example() -> None:
    guide = (ROOT / "docs" / "how-to" / "write-a-handler.md").read_text(encoding="utf-8")
    shown = guide.partition('```python title="disk_space.py"\n')[2].partition("```")[0]
    code = EXAMPLE.read_text(encoding="utf-8")
    assert shown.strip() == code[code.index("import shutil") :].strip()


_WAITING = """
import asyncio, sys
from schedulezero import handler_base
from schedulezero.handler import executor
from schedulezero.handler.handler import Handler
from schedulezero.handler_base import HandlerBase

class Waiting(HandlerBase):
    async def send(self, params):
        print("begun", flush=True)
        await asyncio.sleep(float(sys.argv[3]))
        return {"waited": True}

if float(sys.argv[3]) > 60:  # no deadline ends it either
    handler_base.DEADLINE_SECONDS = executor.DEADLINE_SECONDS = 3600.0
Waiting("raw", *sys.argv[1:3]).run()
"""


@pytest.fixture
def waiting(server: ServerConfig, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """A handler in a process of its own, whose job takes longer than a handler without a promise waits.

    With a parameter, it takes so many seconds.
    """
    address = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    seconds = str(getattr(request, "param", 3))
    process = subprocess.Popen(
        [sys.executable, "-c", _WAITING, address, server.server_address, seconds],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with killed_at_the_end(process):
        yield process


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_an_async_method_in_progress_finishes_after_a_signal(
    api: Api, waiting: subprocess.Popen[str], how: signal.Signals
) -> None:
    job_id = await due_now(api)
    assert waiting.stdout is not None
    assert await asyncio.to_thread(waiting.stdout.readline) == "begun\n"
    waiting.send_signal(how)
    run = await ended(api, job_id)
    assert (run["status"], run["attempts"]) == ("succeeded", 1)
    assert await asyncio.to_thread(waiting.wait, 60) == 0


@pytest.mark.long
@pytest.mark.parametrize("waiting", [3600], indirect=True)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_a_second_signal_ends_it_at_once(
    api: Api, waiting: subprocess.Popen[str], how: signal.Signals
) -> None:
    await due_now(api)
    assert waiting.stdout is not None
    assert await asyncio.to_thread(waiting.stdout.readline) == "begun\n"
    waiting.send_signal(how)
    await until(lambda: registered(api, "raw", "Disconnected"))
    waiting.send_signal(how)
    await asyncio.to_thread(waiting.wait, 60)


async def test_a_second_run_at_the_same_time_is_refused_in_a_sentence(server: ServerConfig) -> None:
    sums = Sums("sums", server_address=server.server_address)
    async with sums:
        for again in (sums.serve(), sums.__aenter__()):
            with pytest.raises(
                RuntimeError, match="The handler 'sums' runs already; to run another one, make"
            ):
                await again
        assert sums.handler.running
    async with sums:
        assert sums.handler.running


async def test_a_cancelled_wait_leaves_the_handler_whole(server: ServerConfig) -> None:
    handler = Handler(None, "bot", f"tcp://127.0.0.1:{free_ports(1)[0]}", server.server_address)
    handler.start()
    for wait in (handler.wait_bound, handler.wait_stopped):
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))
    await handler.wait_bound()
    handler.stop()
    async with asyncio.timeout(60):
        await handler.wait_stopped()
    assert not handler.running
