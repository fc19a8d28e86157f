"""Runs that wait in memory, in the order of their places. Pure.

A flow that is held up (its handler has no slot for it) may have a thousand runs here. So each flow's runs
stand in a line of their own, and the next run is found by looking at the first one of each flow.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterator

from schedulezero.model import Run
from schedulezero.server.store.run_tags import flow_of

Place = tuple[int, int]
"""Where a run stands in its lane: its start tag and its sequence."""

May = Callable[[str], bool]
"""Whether runs of a flow may be taken now."""


def place_of(run: Run) -> Place:
    """Return where a run stands in its lane."""
    return run.start_tag, run.sequence


class WaitingRuns:
    """Runs that wait, no two of them at the same place."""

    def __init__(self) -> None:
        self._flows: dict[str, list[Run]] = {}
        self._heads: list[tuple[Place, str]] = []
        """The place of each flow's first run."""
        self._places: list[tuple[Place, str]] = []
        """The place of every run."""

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Run]:
        for runs in self._flows.values():
            yield from runs

    @property
    def flows(self) -> Collection[str]:
        """The flows that have runs here."""
        return self._flows.keys()

    @property
    def last(self) -> Place:
        """The last place that is taken; there must be one."""
        return self._places[-1][0]

    def add(self, run: Run) -> None:
        """Put a run in its place."""
        flow = flow_of(run)
        placed = (place_of(run), flow)
        insort(self._places, placed)
        runs = self._flows.setdefault(flow, [])
        if not runs or placed[0] < place_of(runs[0]):
            if runs:
                _remove(self._heads, (place_of(runs[0]), flow))
            insort(self._heads, placed)
        insort(runs, run, key=place_of)

    def next(self, may: May) -> Run | None:
        """Take the first run that may be taken; None if there is none."""
        for head in self._heads:
            if may(head[1]):
                _remove(self._places, head)
                return self._take(head, 0)
        return None

    def take_last(self) -> Run:
        """Take the run at the last place; there must be one."""
        _, flow = self._places.pop()
        return self._take((place_of(self._flows[flow][0]), flow), -1)

    def keep(self, kept: Callable[[Run], bool]) -> None:
        """Drop the runs of which ``kept`` returns False."""
        runs = [run for run in self if kept(run)]
        self._flows, self._heads, self._places = {}, [], []
        for run in runs:
            self.add(run)

    def _take(self, head: tuple[Place, str], number: int) -> Run:
        """Take the first or the last run of the flow with that head."""
        flow = head[1]
        runs = self._flows[flow]
        run = runs.pop(number)
        if not runs:
            del self._flows[flow]
            _remove(self._heads, head)
        elif number == 0:
            _remove(self._heads, head)
            insort(self._heads, (place_of(runs[0]), flow))
        return run


def _remove(places: list[tuple[Place, str]], placed: tuple[Place, str]) -> None:
    del places[bisect_left(places, placed)]
