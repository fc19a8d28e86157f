"""What the handler makes of calls: no-ops in great number, and many that take a while.

    python -m benchmarks.calls client ADDRESS COUNT

The calls come from a process of its own with eight DEALER sockets, so that it takes nothing of the
interpreter that is measured.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import zmq

from benchmarks.figures import REPETITIONS, Figure, Row, shown
from schedulezero.handler.handler import Handler
from schedulezero.wire.addresses import free_ports

# Each call is one of a run of its own, as the server's are; equal calls without a run would share one.
_CALL = b'{"method":"noop","params":{"number":1,"text":"a few words"},"run_id":"job-%d@2026-01-01T00:00:00Z"}'
_NAP = b'{"method":"nap","params":{},"run_id":"job-%d@2026-01-01T00:00:00Z"}'
_DEALERS = 8
_OUTSTANDING = 32
NO_OPS = 20_000
NAPS = 500
NAP_SECONDS = 0.1
_BASELINE_NAPS = 30


# ------------------------------------------------------------------ the caller


def client(address: str, count: int, payload: bytes, outstanding: int) -> float:
    """Makes so many calls from eight sockets, each with some under way at once; returns the seconds."""
    context = zmq.Context()
    sockets = [context.socket(zmq.DEALER) for _ in range(_DEALERS)]
    poller = zmq.Poller()
    for socket in sockets:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(address)
        socket.send_multipart([b"", b'{"method":"ping","params":{}}'])
        assert socket.poll(5000)
        socket.recv_multipart()
        poller.register(socket, zmq.POLLIN)
    began = time.perf_counter()
    sent, answered = 0, 0
    for socket in sockets:
        for _ in range(outstanding):
            if sent < count:
                socket.send_multipart([b"", payload % sent])
                sent += 1
    while answered < count:
        for socket, _ in poller.poll(30_000):
            while True:
                try:
                    socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                answered += 1
                if sent < count:
                    socket.send_multipart([b"", payload % sent])
                    sent += 1
    seconds = time.perf_counter() - began
    context.destroy(linger=0)
    return seconds


def _call(address: str, count: int, kind: str) -> float:
    """The same from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.calls", "client", address, str(count), kind]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


# ------------------------------------------------------------------ who is called


async def noop(_bot: Any, _params: dict[str, Any]) -> dict[str, Any]:
    """Does nothing."""
    return {"success": True}


async def nap(_bot: Any, _params: dict[str, Any]) -> dict[str, Any]:
    """Takes a while."""
    await asyncio.sleep(NAP_SECONDS)
    return {"success": True}


async def _ours(count: int, kind: str) -> float:
    (port,) = free_ports(1)
    handler = Handler(None, "bench", f"tcp://127.0.0.1:{port}", None)
    handler.register_sprocket("noop", noop)
    handler.register_sprocket("nap", nap)
    handler.start()
    await handler.wait_bound()
    seconds = await asyncio.to_thread(_call, handler.address, count, kind)
    handler.stop()
    await handler.wait_stopped()
    return seconds


def _with_thread(serve: Callable[[str, threading.Event], None], count: int, kind: str) -> float:
    (port,) = free_ports(1)
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(f"tcp://127.0.0.1:{port}", stop))
    thread.start()
    try:
        return _call(f"tcp://127.0.0.1:{port}", count, kind)
    finally:
        stop.set()
        thread.join()


def _echo(address: str, stop: threading.Event) -> None:
    """The least that a ROUTER can do: each message goes back as it came."""
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.setsockopt(zmq.LINGER, 0)
    router.bind(address)
    while not stop.is_set():
        if router.poll(50):
            while True:
                try:
                    router.send_multipart(router.recv_multipart(zmq.NOBLOCK))
                except zmq.Again:
                    break
    context.destroy(linger=0)


def _one_at_a_time(address: str, stop: threading.Event) -> None:
    """A REP loop, as the published examples have it."""
    context = zmq.Context()
    reply = context.socket(zmq.REP)
    reply.setsockopt(zmq.LINGER, 0)
    reply.bind(address)
    while not stop.is_set():
        if reply.poll(50):
            call = json.loads(reply.recv())
            if call["method"] == "nap":
                time.sleep(NAP_SECONDS)
            reply.send(b'{"success":true}')
    context.destroy(linger=0)


def rows() -> list[Row]:
    """The two lines of the results."""
    ours = Figure(tuple(NO_OPS / asyncio.run(_ours(NO_OPS, "noop")) for _ in range(REPETITIONS)))
    echo = Figure(tuple(NO_OPS / _with_thread(_echo, NO_OPS, "noop") for _ in range(REPETITIONS)))
    ratio = ours.median / echo.median
    naps = Figure(tuple(NAPS / asyncio.run(_ours(NAPS, "nap")) for _ in range(REPETITIONS)))
    one = Figure(
        tuple(
            _BASELINE_NAPS / _with_thread(_one_at_a_time, _BASELINE_NAPS, "nap") for _ in range(REPETITIONS)
        )
    )
    gain = naps.median / one.median
    return [
        Row(
            "handler: no-op calls from 8 raw DEALERs",
            ours.text("/s"), f"raw ROUTER echo {echo.text('/s')}", f"{ratio:.2f}×", "≥ 0.4×", ratio >= 0.4,
            "a call is parsed, checked, carried out by a task of its own on the host's loop and encoded; the "
            "echo does none of it",
        ),
        Row(
            f"handler: {NAPS} calls of 100 ms (async) at once",
            naps.text("/s"), f"REP loop {one.text('/s')}", f"{shown(gain)}×", "≥ 100×", gain >= 100,
            f"the REP loop was measured with {_BASELINE_NAPS} calls",
        ),
    ]  # fmt: skip


def main() -> None:
    _, _, address, count, kind = sys.argv
    # All at once where a call takes long; else as many as keep the wire busy.
    outstanding = _OUTSTANDING if kind == "noop" else int(count)
    print(client(address, int(count), _CALL if kind == "noop" else _NAP, outstanding))


if __name__ == "__main__":
    main()
