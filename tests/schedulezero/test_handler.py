"""The handler over raw sockets: many calls at once, every failure in words, nothing ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
import zmq
import zmq.asyncio

from schedulezero.errors import JobFailed
from schedulezero.handler import endable, thread
from schedulezero.handler import executor as calls_module
from schedulezero.handler.handler import Handler
from schedulezero.wire.addresses import free_ports
from schedulezero.wire.protocol import BadFrame, parse_call
from tests.conftest import until


async def nap(bot: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Sleeps and answers.

    Params:
        seconds: float - How long
        number: int - What to answer (optional)
    """
    await asyncio.sleep(params["seconds"])
    return {"number": params.get("number")}


def plain(bot: Any, params: dict[str, Any]) -> str:
    """Answers from a thread."""
    return f"{bot}:{params['word']}"


async def typed(bot: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Tells what it got.

    Params:
        channel_id: int - A channel
        user_ids: list - People (optional)
        loud: bool - Whether (optional)
    """
    return {"got": params}


async def raises(bot: Any, params: dict[str, Any]) -> None:
    """Fails."""
    raise RuntimeError("the sky fell")


async def looks_up(bot: Any, params: dict[str, Any]) -> None:
    """Looks up what isn't there, which is no parameter."""
    {"other": params}["zz"]  # pyright: ignore[reportUnusedExpression]


async def gives_up(bot: Any, params: dict[str, Any]) -> None:
    """Fails for good."""
    raise JobFailed("no such channel", retry=False)


async def reports(bot: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Handles its own failure."""
    return {"error": "nobody home"}


async def unspeakable(bot: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Returns what JSON cannot hold."""
    return {"it": object()}


async def nothing(bot: Any, params: dict[str, Any]) -> None:
    """Returns nothing."""


CANCELLED: list[str] = []
RELEASE = threading.Event()


async def stuck(bot: Any, params: dict[str, Any]) -> None:
    """Never ends by itself."""
    try:
        await asyncio.Event().wait()
    finally:
        CANCELLED.append(params["name"])


def stuck_thread(bot: Any, params: dict[str, Any]) -> None:
    """Blocks a thread."""
    params["until"] = RELEASE.wait(20)


class Meeting:
    """Calls that wait for one another: who has come, and who may go."""

    def __init__(self) -> None:
        self.here: set[int] = set()
        self._may_go: dict[int, asyncio.Event] = {}

    async def meet(self, bot: Any, params: dict[str, Any]) -> dict[str, Any]:
        """Waits until it may go.

        Params:
            number: int - What to answer
        """
        self.here.add(params["number"])
        await self._gate(params["number"]).wait()
        return {"number": params["number"]}

    def let_go(self, *numbers: int) -> None:
        for number in numbers:
            self._gate(number).set()

    def _gate(self, number: int) -> asyncio.Event:
        return self._may_go.setdefault(number, asyncio.Event())


JOBS = (nap, plain, typed, raises, looks_up, gives_up, reports, unspeakable, nothing, stuck, stuck_thread)


@pytest_asyncio.fixture
async def handler() -> AsyncIterator[Handler]:
    (port,) = free_ports(1)
    made = Handler("bot", "test", f"tcp://127.0.0.1:{port}", None)
    for job in JOBS:
        made.register_sprocket(job.__name__, job)
    made.start()
    await made.wait_bound()
    yield made
    made.stop()
    await made.wait_stopped()


class Caller:
    """A DEALER that plays REQ: many calls out, answers as they come."""

    def __init__(self, context: zmq.asyncio.Context, address: str) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(address)

    async def send(self, message: Any) -> None:
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        await self.socket.send_multipart([b"", payload])

    async def receive(self, seconds: float = 60) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            frames = await self.socket.recv_multipart()
        assert frames[0] == b""
        return json.loads(frames[1])

    async def ask(self, message: Any) -> dict[str, Any]:
        await self.send(message)
        return await self.receive()


@pytest.fixture
def meeting(handler: Handler) -> Meeting:
    made = Meeting()
    handler.register_sprocket("meet", made.meet)
    return made


@pytest_asyncio.fixture
async def context() -> AsyncIterator[zmq.asyncio.Context]:
    made = zmq.asyncio.Context()
    yield made
    made.destroy(linger=0)


@pytest.fixture
def caller(context: zmq.asyncio.Context, handler: Handler) -> Caller:
    return Caller(context, handler.address)


async def test_two_hundred_calls_at_once(
    handler: Handler, context: zmq.asyncio.Context, caller: Caller, meeting: Meeting
) -> None:
    callers = [Caller(context, handler.address) for _ in range(200)]
    assert all([(await peer.ask({"method": "ping"}))["success"] for peer in callers])
    for number, peer in enumerate(callers):
        await peer.send({"method": "meet", "params": {"number": number}})
    await until(lambda: len(meeting.here) == 200)  # one after the other, the second would never come
    assert (await caller.ask({"method": "ping", "params": {}})) == {"success": True, "message": "pong"}
    meeting.let_go(*range(200))
    answers = [await peer.receive() for peer in callers]
    assert [answer["number"] for answer in answers] == list(range(200))


async def test_answers_go_out_in_any_order(caller: Caller, meeting: Meeting) -> None:
    for number in (3, 1, 2):
        await caller.send({"method": "meet", "params": {"number": number}})
    await until(lambda: len(meeting.here) == 3)
    for number in (1, 2, 3):
        meeting.let_go(number)
        assert (await caller.receive())["number"] == number


async def test_a_sync_job_runs_beside_the_loop(caller: Caller) -> None:
    answer = await caller.ask({"method": "plain", "params": {"word": "hi"}})
    assert answer == {"result": "bot:hi", "success": True}


async def test_ids_come_as_numbers_or_as_texts(caller: Caller) -> None:
    params = {"channel_id": "123456789012345678", "user_ids": ["1", 2], "loud": None, "_meta": {"name": "x"}}
    answer = await caller.ask({"method": "typed", "params": params})
    assert answer["got"] == {"channel_id": 123456789012345678, "user_ids": [1, 2]}


# Read as: message, and what the error must say.
BAD = {
    b"": "not valid JSON",
    b"\xff\xfe\x00": "not valid JSON",
    b"{": "not valid JSON",
    b"[" * 100_000: "nest too deeply",
    b"[]": "not a JSON object",
    b"null": "not a JSON object",
    b'"ping"': "not a JSON object",
    b"{}": '"method"',
    b'{"method": null}': '"method"',
    b'{"method": ["ping"]}': '"method"',
    b'{"method": "nap", "params": []}': "must be a JSON object, not a list",
    b'{"method": "nap", "params": "x"}': "must be a JSON object, not a text",
    b'{"method": "nap"}': "needs 'seconds'",
    b'{"method": "nap", "params": {"seconds": "long"}}': "must be a number",
    b'{"method": "typed", "params": {"channel_id": "general"}}': "must be an ID (a whole number)",
    b'{"method": "typed", "params": {"channel_id": 1, "user_ids": "2"}}': "must be a list of IDs",
    b'{"method": "typed", "params": {"channel_id": true}}': "must be an ID (a whole number)",
    b'{"method": "typed", "params": {"channel_id": 1, "loud": "yes"}}': "true or false",
    b'{"method": "nope", "params": {}}': "There is no job method 'nope'",
    b'{"method": "plain", "params": {}}': "needs the parameter 'word'",
    b'{"method": "raises"}': "RuntimeError: the sky fell",
    b'{"method": "gives_up"}': "no such channel",
    b'{"method": "reports"}': "nobody home",
    b'{"method": "unspeakable"}': "JSON can't represent",
    b'{"method": "\\ud800"}': "half of a surrogate pair",
    b'{"x": "' + b"a" * (1 << 20) + b'"}': "at most 1048576",
}


@pytest.mark.parametrize("payload", BAD, ids=[repr(key[:30]) for key in BAD])
async def test_every_failure_is_answered_in_words(caller: Caller, payload: bytes) -> None:
    answer = await caller.ask(payload)
    assert answer["success"] is False
    assert BAD[payload] in answer["error"]
    assert (await caller.ask({"method": "ping"}))["success"] is True


async def test_what_cannot_help_says_so(caller: Caller) -> None:
    assert (await caller.ask({"method": "gives_up"}))["retry"] is False
    assert (await caller.ask({"method": "nope"}))["retry"] is False
    assert "retry" not in await caller.ask({"method": "raises"})


async def test_only_a_missing_parameter_is_blamed_on_the_parameters(caller: Caller) -> None:
    missing = await caller.ask({"method": "plain"})
    assert missing["error_code"] == "parameter_missing_key" and missing["retry"] is False
    other = await caller.ask({"method": "looks_up"})
    assert other["error"] == "looks_up failed: KeyError: 'zz'" and "retry" not in other


async def test_a_job_that_returns_nothing_succeeded(caller: Caller) -> None:
    assert await caller.ask({"method": "nothing"}) == {"success": True}


@pytest.mark.long
async def test_ten_thousand_malformed_frames_later_it_still_answers(caller: Caller) -> None:
    for start in range(0, 10_000, 500):
        for _ in range(500):
            await caller.send(os.urandom(1 + start % 61))
        for _ in range(500):
            assert (await caller.receive())["success"] is False
    assert (await caller.ask({"method": "ping"}))["success"] is True


async def test_odd_envelopes(handler: Handler, context: zmq.asyncio.Context) -> None:
    peer = Caller(context, handler.address).socket
    await peer.send_multipart([b"route", b"token", b"", b'{"method": "ping"}'])
    assert (await peer.recv_multipart())[:3] == [b"route", b"token", b""]
    await peer.send(b'{"method": "ping"}')  # a bare DEALER without a delimiter
    assert json.loads((await peer.recv_multipart())[-1])["success"] is True
    await peer.send_multipart([b"", b"{}", b"{}"])
    assert "one frame; 2 came" in json.loads((await peer.recv_multipart())[-1])["error"]
    await peer.send_multipart([b"", b""])
    assert "not valid JSON" in json.loads((await peer.recv_multipart())[-1])["error"]


async def test_a_call_that_takes_too_long_is_answered_and_cancelled(
    handler: Handler, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_module, "DEADLINE_SECONDS", 0.1)
    answer = await caller.ask({"method": "stuck", "params": {"name": "one"}})
    assert answer["success"] is False
    assert "longer than 0.1 s and was stopped" in answer["error"]
    assert "one" in CANCELLED


async def test_a_blocked_thread_is_answered_all_the_same(
    handler: Handler, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_module, "DEADLINE_SECONDS", 0.1)
    answer = await caller.ask({"method": "stuck_thread"})
    assert "can't be stopped" in answer["error"]
    RELEASE.set()
    assert (await caller.ask({"method": "ping"}))["success"] is True


async def test_what_it_holds_is_bounded(
    caller: Caller, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread, "MOST_CALLS", 3)
    for number in range(5):
        await caller.send({"method": "meet", "params": {"number": number}})
    refused = [await caller.receive() for _ in range(2)]
    assert all(not answer["success"] and answer["retry_after"] == 1 for answer in refused)
    meeting.let_go(*range(5))
    held = [await caller.receive() for _ in range(3)]
    assert sorted(answer["number"] for answer in held) == sorted(meeting.here) and len(meeting.here) == 3


async def test_stop_returns_at_once_and_start_may_follow(
    handler: Handler, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    join = threading.Thread.join

    def joined_elsewhere(waited_for: threading.Thread, timeout: float | None = None) -> None:
        assert threading.current_thread() is not threading.main_thread(), "it waits for a thread to end"
        join(waited_for, timeout)

    monkeypatch.setattr(threading.Thread, "join", joined_elsewhere)
    for _ in range(3):
        handler.stop()
        handler.start()
        await handler.wait_bound()
        assert (await caller.ask({"method": "ping"}))["success"] is True


@pytest.mark.long
async def test_a_stop_answers_what_is_under_way(handler: Handler, caller: Caller) -> None:
    await caller.send({"method": "nap", "params": {"seconds": 20}})
    assert (await caller.ask({"method": "ping"}))["success"]
    handler.stop()
    await handler.wait_stopped()
    with contextlib.suppress(TimeoutError):  # whether the answer still got out is the network's affair
        assert "is shutting down" in (await caller.receive(0.5))["error"]


async def test_a_taken_port_is_told(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "_BIND_TRIES", 2)
    second = Handler("bot", "second", handler.address, None)
    second.start()
    with pytest.raises(OSError, match="Address already in use"):
        await second.wait_bound()
    await second.wait_stopped()


class Untold(BaseException):
    """Neither shows itself nor anything else."""

    def __str__(self) -> str:
        raise SystemExit("in __str__")

    __repr__ = __str__


class Opaque(dict[str, Any]):
    """A mapping that cannot be read."""

    def __iter__(self) -> Any:
        raise SystemExit("in __iter__")

    keys = items = values = __iter__  # type: ignore[assignment]


def _itself() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


# Read as: what a job function raises.
RAISED: dict[str, Callable[[], BaseException]] = {
    "SystemExit": lambda: SystemExit(3),
    "KeyboardInterrupt": KeyboardInterrupt,
    "GeneratorExit": GeneratorExit,
    "CancelledError": asyncio.CancelledError,
    "Untold": Untold,
    "KeyError": lambda: KeyError(["unhashable"]),
    "RuntimeError": lambda: RuntimeError("half \ud83d" + "x" * 10_000_000),
    "BaseExceptionGroup": lambda: BaseExceptionGroup("both", [SystemExit(1), KeyboardInterrupt()]),
    "JobFailed": lambda: JobFailed(Untold()),  # type: ignore[arg-type]
}
RETURNED: dict[str, Callable[[], Any]] = {
    "a set": lambda: {"x": {1, 2}},
    "itself": lambda: {"x": _itself()},
    "no number": lambda: float("nan"),
    "100 MiB": lambda: "x" * (100 * 1024 * 1024),
    "a million values": lambda: {"x": [0] * 10_000_000},
    "an opaque mapping": lambda: Opaque(x=1),
    "an untold error": lambda: {"error": Untold()},
    "an exception": Untold,
    "half a pair": lambda: {"\ud83d": "\ud83d"},
}


@pytest.mark.parametrize("on_loop", [True, False], ids=["async", "sync"])
async def test_whatever_a_job_raises_or_returns_its_run_ends_in_words_and_the_handler_lives(
    handler: Handler, caller: Caller, caplog: pytest.LogCaptureFixture, on_loop: bool
) -> None:
    caplog.set_level(logging.CRITICAL, "schedulezero")  # a report of pytest cannot hold such texts

    def act(bot: Any, params: dict[str, Any]) -> Any:
        if params["do"] in RAISED:
            raise RAISED[params["do"]]()
        return RETURNED[params["do"]]()

    async def act_on_loop(bot: Any, params: dict[str, Any]) -> Any:
        return act(bot, params)

    handler.register_sprocket("act", act_on_loop if on_loop else act)
    for name in (*RAISED, *RETURNED):
        answer = await caller.ask({"method": "act", "params": {"do": name}})
        assert answer["success"] is False and answer["error"].startswith("act "), name
        assert len(answer["error"]) < 3000, name
        if name in ("SystemExit", "KeyboardInterrupt", "GeneratorExit", "CancelledError"):
            assert name in answer["error"]
    assert (await caller.ask({"method": "plain", "params": {"word": "still"}}))["result"] == "bot:still"


@pytest.mark.parametrize("job_id", [".", ".."])
def test_a_call_for_a_job_whose_id_no_path_can_hold_is_refused(job_id: str) -> None:
    with pytest.raises(BadFrame, match="job_id"):
        parse_call({"method": "send", "params": {}, "job_id": job_id})


class Reading:
    """What is declared of a job, read by somebody else's code."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        raise self._error

    async def __call__(self, bot: Any, params: dict[str, Any]) -> None:
        """Never called."""


async def test_a_job_whose_declaration_cannot_be_read_ends_nothing(handler: Handler, caller: Caller) -> None:
    for error in (RuntimeError("unreadable"), SystemExit(3)):
        handler.sprockets["odd"] = Reading(error)
        answer = await caller.ask({"method": "odd"})
        assert answer["success"] is False and type(error).__name__ in answer["error"]
    assert (await caller.ask({"method": "plain", "params": {"word": "still"}}))["result"] == "bot:still"


async def test_the_end_of_its_thread_is_told_and_it_can_be_started_again(
    handler: Handler, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = asyncio.create_task(handler.wait_failed())
    handler.stop()
    handler.start()
    await handler.wait_bound()
    assert not failed.done()  # a stop is no failure
    with monkeypatch.context() as broken:
        broken.setattr(thread, "parse_call", lambda _: 1 / 0)
        await caller.send({"method": "ping"})
        assert isinstance(await failed, ZeroDivisionError) and not handler.running
    handler.start()
    await handler.wait_bound()
    assert (await caller.ask({"method": "ping"}))["success"] is True


async def stubborn(bot: Any, params: dict[str, Any]) -> None:
    """Swallows every cancellation."""
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


async def stubborn_beside(bot: Any, params: dict[str, Any]) -> None:
    """Waits for a task that swallows every cancellation, until its test is over."""

    async def beside() -> None:
        while not RELEASE_BESIDE.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await RELEASE_BESIDE.wait()

    await asyncio.create_task(beside())


RELEASE_BESIDE = asyncio.Event()


@pytest.mark.parametrize("job", [stubborn, stubborn_beside])
async def test_a_job_that_swallows_its_cancellation_is_ended(
    handler: Handler,
    caller: Caller,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    job: Any,
) -> None:
    monkeypatch.setattr(calls_module, "DEADLINE_SECONDS", 0.1)
    monkeypatch.setattr(endable, "_GRACE_SECONDS", 0.05)
    RELEASE_BESIDE.clear()
    handler.register_sprocket("act", job)
    answer = await caller.ask({"method": "act"})
    assert "longer than 0.1 s and was stopped" in answer["error"]
    (said,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert said.startswith(f"act (tests.schedulezero.test_handler.{job.__name__}) went on after")
    RELEASE_BESIDE.set()


async def test_a_stop_ends_a_job_that_swallows_its_cancellation(
    handler: Handler, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endable, "_GRACE_SECONDS", 0.05)
    monkeypatch.setattr(thread, "_DRAIN_SECONDS", 0.05)
    handler.register_sprocket("act", stubborn)
    await caller.send({"method": "act"})
    assert (await caller.ask({"method": "ping"}))["success"]
    handler.stop()
    async with asyncio.timeout(10):
        await handler.wait_stopped()
    with contextlib.suppress(TimeoutError):
        assert "is shutting down" in (await caller.receive(0.5))["error"]


async def test_what_a_job_returns_once_it_is_cancelled_counts(
    handler: Handler, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tidies(bot: Any, params: dict[str, Any]) -> dict[str, Any]:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return {"tidied": True}

    monkeypatch.setattr(calls_module, "DEADLINE_SECONDS", 0.1)
    handler.register_sprocket("act", tidies)
    assert (await caller.ask({"method": "act"}))["tidied"] is True


async def test_a_job_that_holds_the_loop_is_told_with_its_line(
    handler: Handler, caller: Caller, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[str]:
        return [item.getMessage() for item in caplog.records if item.name == endable.log.name]

    async def holds(bot: Any, params: dict[str, Any]) -> None:
        give_up_at = time.monotonic() + 20
        while not told() and time.monotonic() < give_up_at:
            pass

    monkeypatch.setattr(endable, "_HELD_SECONDS", 0.05)
    monkeypatch.setattr(thread, "_POLL_MS", 10)
    handler.stop()
    handler.register_sprocket("holds", holds)
    handler.start()
    await handler.wait_bound()
    assert (await caller.ask({"method": "holds"}))["success"] is True
    (said,) = told()
    assert said.startswith("holds (tests.schedulezero.test_handler.") and "held the event loop for " in said
    assert ".holds) " in said and f"of {__file__}, in " in said
