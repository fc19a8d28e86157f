"""Figures that are measured several times: their median and spread, side by side with a baseline."""

from __future__ import annotations

import os
import statistics
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPETITIONS = 3


class Lateness:
    """How late so many calls were, noted from any thread."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._late: list[float] = []
        self._last = 0.0
        self._lock = threading.Lock()

    def note(self, due: float, at: float) -> bool:
        """Notes a call; True when it was the last one. Both are seconds since the epoch."""
        with self._lock:
            self._late.append(at - due)
            self._last = at
            return len(self._late) == self._runs

    def report(self, seconds: float) -> dict[str, Any]:
        """What there is to tell, when it took so long from the first due instant until all was recorded."""
        late = sorted(self._late)
        return {
            "throughput": self._runs / seconds,
            "p99": late[min(int(len(late) * 0.99), len(late) - 1)],
            "median": statistics.median(late),
        }


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity that was measured several times."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def text(self, unit: str = "", scale: float = 1.0) -> str:
        """The median and, in brackets, the least and the most."""
        low, middle, high = (shown(v * scale) for v in (min(self.values), self.median, max(self.values)))
        return f"{middle}{unit}" if len(self.values) == 1 else f"{middle}{unit} ({low}–{high})"


def shown(value: float) -> str:
    """A number with as many digits as tell something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the results.

    Attributes:
        work: what was done.
        ours, baseline: what was seen, with its unit and spread.
        ratio: how we stand to the baseline, in words.
        aim: what was aimed at.
        met: whether it was.
        note: what to know of it.
    """

    work: str
    ours: str
    baseline: str
    ratio: str
    aim: str
    met: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """Cost against size, for the plot: sizes, and the median cost at each in milliseconds."""

    name: str
    sizes: Sequence[float]
    costs: Sequence[float]
    baseline: bool = False


def processor_seconds(pid: int) -> float:
    """Return the seconds that a process has used of a core so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
