"""Recognizes when a call that names no run repeats an earlier one. Pure: its caller passes the time.

A published server sends no ``run_id``. If an answer takes longer than its time-out, or says that the job
failed, the server sends the same call again, and nothing in it says so. What does is time: such a call comes
within a window that follows from the server's own times (`ServerTimes`).

Two calls are equal if their method, their params and the kind of their peer are. For an equal call:

1. While the run is under way, the call joins it and gets its answer.
2. A call that was answered too late for its server is repeated within `ServerTimes.after_timeout`. The first
   equal call in that window gets the same answer.
3. A call that got a failure in time is repeated within `ServerTimes.after_failure`. The first equal
   call in that window is the next attempt of the same run: the function runs again, without the steps that
   are done. If the failure says ``retry: false``, the call gets the same answer instead.
4. Any other call is a run of its own. In particular, nobody repeats a call that was answered with a success
   in time, so an interval of a few seconds and two people who press *Run now* get their runs.

Each call is repeated at most once, and a chain has at most `ServerTimes.attempts` calls.

A server may make one call of a handler at a time, so that a repetition waits until others were answered or
timed out. A window is therefore extended by the time during which exactly one other call was under way since
the repetition was to be made, up to `LONGEST_WAIT`. Where calls overlap, their server doesn't wait, and
nothing is extended. This assumes that a server keeps its promise to repeat a call: after a restart, it
doesn't, and an equal call in an extended window is then taken for the repetition.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import json
import math
import secrets
import time
from dataclasses import dataclass, field

from schedulezero.model import JsonObject
from schedulezero.wire.protocol import Call, encode

RUN_IDS = "call-"
"""How the ids begin that we give to runs of calls without one."""
MOST_KEPT = 4096
"""Maximum number of repetitions that are waited for; beyond it, those due first are forgotten."""
LARGEST_KEPT = 32 * 1024 * 1024
"""Maximum size of the kept answers in bytes; beyond it, only their outcomes are kept."""
LONGEST_WAIT = 600.0
"""For how many seconds at most a repetition is taken to wait for other calls."""

clock = time.monotonic

_OUTCOME = frozenset({"success", "error", "error_code", "error_values", "retry", "uncertain", "pause"})


@dataclass(frozen=True, slots=True)
class Window:
    """A period of time, including both ends, in seconds of `clock`."""

    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class ServerTimes:
    """How long a server waits for an answer, and when it tries again.

    The defaults are the published server's, observed in November 2026. It waits 10 seconds, then drops its
    socket. It makes three attempts, with delays of 1 and 2 seconds between them, each longer or shorter by up
    to a half. A failed call is tried again in the same way, whatever its answer says.

    Parameters:
        timeout: how long it waits for an answer, in seconds.
        attempts: how often it makes a call in all.
        delay: the delay before the second attempt, in seconds; each further one is twice as long.
        jitter: the part of a delay by which it may be longer or shorter.
        slack: how much later than the server, in seconds, we may notice that a call was made or answered.
    """

    timeout: float = 10.0
    attempts: int = 3
    delay: float = 1.0
    jitter: float = 0.5
    slack: float = 1.0

    @property
    def shortest_delay(self) -> float:
        """The shortest delay between two attempts: 0.5 s."""
        return self.delay * (1 - self.jitter)

    @property
    def longest_delay(self) -> float:
        """The longest delay between two attempts: 3 s, before the last one."""
        return self.delay * 2 ** (self.attempts - 2) * (1 + self.jitter)

    @property
    def longest_chain(self) -> float:
        """The longest time between a call's first and last attempt: 27 s, including the slack."""
        return (self.attempts - 1) * (self.timeout + self.longest_delay) + self.slack

    def in_time(self, asked_at: float, answered_at: float) -> bool:
        """Return whether an answer certainly reached a server that still waited for it: within 9 s."""
        return answered_at - asked_at <= self.timeout - self.slack

    def after_timeout(self, asked_at: float) -> Window:
        """Return when a call is repeated whose answer came too late: 9.5 to 14 s after it."""
        return Window(
            asked_at + self.timeout + self.shortest_delay - self.slack,
            asked_at + self.timeout + self.longest_delay + self.slack,
        )

    def after_failure(self, answered_at: float) -> Window:
        """Return when a call is repeated that failed in time: 0.5 to 4 s after its answer."""
        return Window(answered_at + self.shortest_delay, answered_at + self.longest_delay + self.slack)


PUBLISHED = ServerTimes()


@dataclass(frozen=True, slots=True)
class Asked:
    """What identifies a call without a run: equal calls have the same key."""

    key: str
    at: float


def asked(call: Call, peer: str | None) -> Asked:
    """Return what identifies a call that has just arrived.

    Parameters:
        call: the call.
        peer: the key that its sender proved; None on a plain wire.
    """
    told = json.dumps([call.method, call.params, peer], sort_keys=True, separators=(",", ":"))
    return Asked(hashlib.sha256(told.encode()).hexdigest()[:40], clock())


@dataclass(slots=True, eq=False)
class _Asking:
    """One call for a run, and when its repetition is due.

    Attributes:
        at: when it arrived.
        attempt: which attempt of its server it is, at least.
        due: when its repetition may come.
        busy: how long its server had been busy by then, as `_Busy` counts it.
        waiting: whether it has no answer yet.
        told: whether it got a failure in time.
    """

    at: float
    attempt: int
    due: Window
    busy: float
    waiting: bool = True
    told: bool = False


class _Busy:
    """Counts the seconds during which exactly one call was under way: those that others may have waited.

    Parameters:
        timeout: how long a server waits for an answer, in seconds.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._under_way: dict[_Asking, None] = {}  # in the order in which they arrived
        self._seconds = 0.0
        self._counted_to = -math.inf

    def until(self, now: float) -> float:
        """Return the seconds up to now."""
        latest = [asking.at + self._timeout for asking in itertools.islice(reversed(self._under_way), 2)]
        if latest and now > self._counted_to:
            # The last two to arrive are the last two to time out.
            alone_from = max([self._counted_to, *latest[1:]])
            self._seconds += max(min(now, latest[0]) - alone_from, 0.0)
        self._counted_to = max(self._counted_to, now)
        return self._seconds

    def begin(self, asking: _Asking) -> None:
        """Note a call that arrived, after `until` its arrival."""
        self._under_way[asking] = None

    def end(self, asking: _Asking) -> None:
        """Note that a call was answered or given up, after `until` that moment."""
        self._under_way.pop(asking, None)


@dataclass(slots=True, eq=False)
class UnnamedRun:
    """A run that its caller gave no id.

    Attributes:
        key: the same for all equal calls.
        run_id: the id that we gave it.
        answer: its last answer; None while it is under way.
        asking: its calls that wait or may be repeated.
        size: the size of the kept answer in bytes.
        earliest: no repetition comes before.
    """

    key: str
    run_id: str
    answer: JsonObject | None = None
    asking: list[_Asking] = field(default_factory=list[_Asking])
    size: int = 0
    earliest: float = math.inf

    @property
    def over(self) -> bool:
        """Whether it has ended and no repetition of its calls is expected."""
        return self.answer is not None and not self.asking


@dataclass(frozen=True, slots=True)
class Arrived:
    """What to do with a call: carry the run out if it ``begins``, else give the answer or wait for it.

    Attributes:
        run: the call's run.
        begins: whether this call starts the run, or its next attempt.
        answer: the answer to give at once; None if the run is under way.
    """

    run: UnnamedRun
    begins: bool = False
    answer: JsonObject | None = None


class Repetitions:
    """The runs of calls without one, as long as their calls may be repeated.

    Parameters:
        times: the times of the servers that call us.
    """

    def __init__(self, times: ServerTimes = PUBLISHED) -> None:
        self._times = times
        self._busy = _Busy(times.timeout)
        self._runs: dict[str, list[UnnamedRun]] = {}
        self._due: list[tuple[float, int, UnnamedRun, _Asking]] = []
        self._numbers = itertools.count()
        self._kept_bytes = 0

    def __len__(self) -> int:
        return sum(len(runs) for runs in self._runs.values())

    def arrive(self, call: Asked) -> Arrived:
        """Decide which run a call belongs to."""
        self._forget_past(call.at)
        run, attempt, told = self._repeated(call)
        if run is None:
            run = next((known for known in self._runs.get(call.key, ()) if known.answer is None), None)
        begins = run is None
        if run is None:
            run = UnnamedRun(call.key, f"{RUN_IDS}{call.key}-{secrets.token_hex(6)}")
            self._runs.setdefault(call.key, []).append(run)
        busy = self._busy.until(call.at) + self._times.timeout
        asking = _Asking(call.at, attempt, self._times.after_timeout(call.at), busy)
        run.asking.append(asking)
        run.earliest = min(run.earliest, asking.due.earliest)
        self._busy.begin(asking)
        answer = run.answer
        if answer is None:
            return Arrived(run, begins)
        if told and answer.get("success") is False and answer.get("retry") is not False:
            self._keep(run, None)
            return Arrived(run, begins=True)
        self._settle(run, asking, answer, call.at)
        self._drop_if_over(run)
        return Arrived(run, answer=answer)

    def ended(self, run: UnnamedRun, answer: JsonObject, at: float) -> None:
        """Note the answer that all calls waiting for a run get now."""
        for asking in list(run.asking):
            if asking.waiting:
                self._settle(run, asking, answer, at)
        if run.asking:
            self._keep(run, answer)
        else:
            run.answer = answer
            self._drop_if_over(run)
        while len(self._due) > MOST_KEPT:
            self._forget_first()

    def _repeated(self, call: Asked) -> tuple[UnnamedRun | None, int, bool]:
        """Return the run that a call repeats, its attempt, and whether the last one failed in time."""
        found = [
            (asking.due.latest, number, run, asking)
            for number, run in enumerate(self._runs.get(call.key, ()))
            if call.at >= run.earliest  # equal calls may be many
            for asking in run.asking
            if asking.attempt < self._times.attempts and self._may_come(asking, call.at)
        ]
        if not found:
            return None, 1, False
        _, _, run, asking = min(found, key=lambda item: item[:2])
        run.asking.remove(asking)
        self._busy.end(asking)
        return run, asking.attempt + 1, asking.told

    def _may_come(self, asking: _Asking, at: float) -> bool:
        """Return whether a call's repetition may come at this time."""
        return at >= asking.due.earliest and not self._past(asking, at)

    def _past(self, asking: _Asking, at: float) -> bool:
        """Return whether a call's repetition can't come any more, even if it had to wait for others."""
        waited = min(max(self._busy.until(at) - asking.busy, 0.0), LONGEST_WAIT)
        return at > asking.due.latest + waited

    def _settle(self, run: UnnamedRun, asking: _Asking, answer: JsonObject, at: float) -> None:
        """Decide whether a call that is answered now will be repeated, and when."""
        asking.waiting = False
        busy = self._busy.until(at)
        self._busy.end(asking)
        if self._times.in_time(asking.at, at):
            if answer.get("success") is not False:
                run.asking.remove(asking)
                return
            asking.told, asking.due, asking.busy = True, self._times.after_failure(at), busy
            run.earliest = min(run.earliest, asking.due.earliest)
        if asking.attempt >= self._times.attempts or self._past(asking, at):
            run.asking.remove(asking)
            return
        heapq.heappush(self._due, (asking.due.latest, next(self._numbers), run, asking))

    def _keep(self, run: UnnamedRun, answer: JsonObject | None) -> None:
        """Keep an answer for repetitions, or only its outcome if there is no room."""
        self._kept_bytes -= run.size
        run.answer, run.size = answer, 0
        if answer is None:
            return
        size = len(encode(answer))
        if self._kept_bytes + size > LARGEST_KEPT:
            run.answer = {name: value for name, value in answer.items() if name in _OUTCOME}
            size = len(encode(run.answer))
        run.size = size
        self._kept_bytes += size

    def _forget_past(self, now: float) -> None:
        while self._due and self._past(self._due[0][3], now):
            self._forget_first()

    def _forget_first(self) -> None:
        _, _, run, asking = heapq.heappop(self._due)
        if asking in run.asking:  # otherwise it was repeated
            run.asking.remove(asking)
            self._drop_if_over(run)

    def _drop_if_over(self, run: UnnamedRun) -> None:
        runs = self._runs.get(run.key, [])
        if run.over and run in runs:
            self._kept_bytes -= run.size
            runs.remove(run)
            if not runs:
                del self._runs[run.key]
