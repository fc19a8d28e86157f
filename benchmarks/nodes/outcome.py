"""What became of the runs of a scenario, counted from calls, history and answers to saves. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.nodes.calls import Call

MOST_GAP_SECONDS = 10.0
_EARLY_SECONDS = 0.05
RECORDED_SECONDS = 0.25
"""A call that was answered so shortly before the fault may not have been recorded yet."""


@dataclass(frozen=True, slots=True)
class Save:
    """One saved job; instants in seconds since the epoch, ``done_at`` also of a refusal.

    ``node`` is -1 for what was saved straight into the database.
    """

    job_id: str
    due: float
    node: int
    at: float
    done_at: float
    status: int

    @property
    def acknowledged(self) -> bool:
        return self.status == 201


@dataclass(frozen=True, slots=True)
class Seen:
    """What a node's ``/api/health/ready`` said from an instant on: ``ready``, a code, or ``no answer``."""

    node: int
    at: float
    said: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one scenario.

    Attributes:
        instants: how many instants of acknowledged jobs there were.
        lost: those of them that nobody was called for.
        forgotten: acknowledged jobs that the new primary doesn't know, which are not among the lost.
        two_ids: instants that had two run ids.
        repeats: calls of a run id after its first one.
        under_way: repeats of a run of which a call was under way, or not recorded, when the fault struck.
        early: calls before their instant.
        uncalled: runs that the history calls succeeded although nobody was called.
        states: how many runs the history has in each state.
        longest_gap: seconds between two calls of a handler at most, although something was due.
        save_gap: seconds between two acknowledged saves at the nodes that weren't struck.
        slowest_save: how many seconds the slowest answer to a save took at those.
        refused: how many saves were refused or not answered, at any node.
        said: what health said after the fault, a line for each node.
    """

    instants: int
    lost: int
    forgotten: int
    two_ids: int
    repeats: int
    under_way: int
    early: int
    uncalled: int
    states: Mapping[str, int]
    longest_gap: float
    save_gap: float
    slowest_save: float
    refused: int
    said: Sequence[str]
    outage: float = 0.0
    """For how many seconds nothing could be written, whatever the nodes do."""

    @property
    def met(self) -> bool:
        """Whether nothing was lost, doubled, early or recorded wrongly, and nobody waited for too long."""
        wrong = self.lost + self.two_ids + self.early + self.uncalled + self.repeats - self.under_way
        return wrong == 0 and self.longest_gap <= MOST_GAP_SECONDS + self.outage

    def text(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        forgotten = f" ({self.forgotten} acknowledged jobs went with the primary)" if self.forgotten else ""
        return "\n".join(
            (
                f"  {self.instants} instants: lost {self.lost}{forgotten}, two run ids {self.two_ids}, "
                f"early {self.early}, succeeded uncalled {self.uncalled}; {states}",
                f"  repeats of a run id {self.repeats}; {self.under_way} had a call under way or unrecorded",
                f"  longest gap between calls {self.longest_gap:.1f} s, between saves {self.save_gap:.1f} s; "
                f"slowest save {self.slowest_save:.1f} s; {self.refused} saves refused",
                *(f"  {line}" for line in self.said),
            )
        )


def count(
    *,
    saves: Sequence[Save],
    calls: Sequence[Call],
    states: Mapping[str, str],
    known_jobs: Collection[str],
    health: Sequence[Seen],
    struck: Collection[int],
    struck_at: float,
    until: float,
    unrecorded_since: float,
    outage: float,
) -> Outcome:
    """Count what happened.

    Parameters:
        saves: every save, of jobs with one instant each.
        calls: every call, in the order in which they came.
        states: the state of the run of each job.
        known_jobs: the ids of the jobs in the database in the end.
        health: what the nodes said, in order.
        struck: the nodes that the fault struck, which may refuse saves.
        struck_at: when it struck.
        until: jobs due after this are not expected to have been called.
        outage: for how many seconds nothing could be written.
        unrecorded_since: since when answers to calls may not be in the database.
    """
    wanted = {save.job_id for save in saves if save.acknowledged and save.due < until}
    called = {call.job_id for call in calls}
    uncalled = wanted - called
    forgotten = {job_id for job_id in uncalled if job_id not in known_jobs}
    ids = defaultdict[str, set[str]](set)
    for call in calls:
        ids[call.job_id].add(call.run_id)
    times = Counter(call.run_id for call in calls)
    under_way = {
        call.run_id
        for call in calls
        if call.at <= struck_at and (call.answered_at is None or call.answered_at > unrecorded_since)
    }
    others = [save for save in saves if save.node >= 0 and save.node not in struck and save.at >= struck_at]
    saved_at = sorted(save.done_at for save in others if save.acknowledged)
    return Outcome(
        instants=len(wanted),
        lost=len(uncalled - forgotten),
        forgotten=len(forgotten),
        two_ids=sum(len(found) > 1 for found in ids.values()),
        repeats=sum(number - 1 for number in times.values()),
        under_way=sum(number - 1 for run_id, number in times.items() if run_id in under_way),
        early=sum(call.at < call.due - _EARLY_SECONDS for call in calls),
        uncalled=sum(state == "succeeded" and job_id not in called for job_id, state in states.items()),
        states=Counter(states.values()),
        longest_gap=max(_gap(calls, handler_id) for handler_id in {call.handler_id for call in calls}),
        save_gap=max((after - before for before, after in pairwise(saved_at)), default=0.0),
        slowest_save=max((save.done_at - save.at for save in others), default=0.0),
        refused=sum(not save.acknowledged for save in saves),
        outage=outage,
        said=[_said(health, node, struck_at) for node in sorted({seen.node for seen in health})],
    )


def _gap(calls: Sequence[Call], handler_id: str) -> float:
    """Return the longest time between two calls of a handler; runs fall due several times a second."""
    times = sorted(call.at for call in calls if call.handler_id == handler_id)
    return max((after - before for before, after in pairwise(times)), default=0.0)


def _said(health: Sequence[Seen], node: int, struck_at: float) -> str:
    """Return what a node said from just before the fault on, each change with the seconds since the fault."""
    own = [seen for seen in health if seen.node == node]
    after = [f"{seen.said} at {seen.at - struck_at:+.1f} s" for seen in own if seen.at > struck_at]
    return f"node {node}: {', '.join(after) or 'ready throughout'}"
