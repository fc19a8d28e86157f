"""``make bench``: every figure beside its baseline, in one run, written to ``benchmarks/RESULTS.md``.

    python -m benchmarks [PART …]

Parts are the names in `PARTS`; given some, only these are measured and nothing is written.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    burst_of_files,
    calls,
    clicks,
    due_to_handler,
    growing,
    limits,
    many_jobs,
    rush,
    saving_jobs,
    starting,
    understanding,
)
from benchmarks.figures import REPETITIONS, Curve, Row

RESULTS = Path(__file__).with_name("RESULTS.md")
PLOT = Path(__file__).with_name("cost.svg")
REMARKS = Path(__file__).with_name("remarks.md")

Measured = tuple[list[Row], list[Curve]]

PARTS: dict[str, Callable[[], Measured]] = {
    "due": due_to_handler.rows_and_curves,
    "calls": lambda: (calls.rows(), []),
    "saving": lambda: (saving_jobs.rows(), []),
    "many": lambda: (many_jobs.rows(), []),
    "growing": growing.rows_and_curves,
    "clicks": lambda: (clicks.rows(), []),
    "starting": lambda: (starting.rows(), []),
    "limits": lambda: (limits.rows(), []),
    "rush": lambda: (rush.rows(), []),
    "files": lambda: (burst_of_files.rows(), []),
    "understanding": lambda: (understanding.rows(), []),
}


def main() -> int:
    wanted = sys.argv[1:] or list(PARTS)
    began = time.perf_counter()
    rows: list[Row] = []
    curves: list[Curve] = []
    for name in wanted:
        part_began = time.perf_counter()
        found, drawn = PARTS[name]()
        rows += found
        curves += drawn
        for row in found:
            print(
                f"{'met ' if row.met else 'NOT '} {row.work}: {row.ours} | {row.baseline} | {row.ratio}",
                flush=True,
            )
        print(f"     ({name} took {time.perf_counter() - part_began:.0f} s)", flush=True)
    if not sys.argv[1:]:
        draw(curves, PLOT)
        RESULTS.write_text(text(rows, time.perf_counter() - began), encoding="utf-8")
    return 0


def text(rows: list[Row], seconds: float) -> str:
    """The results as Markdown."""
    lines = [
        "# Measured side by side",
        "",
        f"`make bench`, {time.strftime('%Y-%m-%d')}: Python {platform.python_version()} on "
        f"{platform.system()}, {os.cpu_count()} cores; {seconds:.0f} s in all. Each figure is the median of "
        f"{REPETITIONS} repetitions with the least and the most in brackets; each baseline was measured in "
        "the same run. "
        "Everything, callers and databases included, runs on the same cores.",
        "",
        "| work | ours | baseline | ratio | aim | |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        verdict = "met" if row.met else "**not met**"
        cells = (row.work, row.ours, row.baseline, row.ratio, row.aim, verdict)
        lines.append(f"| {' | '.join(cells)} |")
    notes = [f"- {row.work}: {row.note}." for row in rows if row.note]
    lines += ["", "![cost against size](cost.svg)", "", "## What to know of them", "", *notes]
    return "\n".join(lines) + "\n" + REMARKS.read_text(encoding="utf-8")


def draw(curves: list[Curve], path: Path) -> None:
    """Draws cost against size, both logarithmic."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams.update({"svg.hashsalt": "schedulezero", "font.size": 9, "svg.fonttype": "none"})
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4))
    for axis, title, is_list in (
        (axes[0], "runs that fall due at once", False),
        (axes[1], "jobs that there are", True),
    ):
        for curve in curves:
            if curve.name.startswith("list") == is_list:
                style = "--" if curve.baseline else "-"
                axis.plot(curve.sizes, curve.costs, style, marker="o", label=curve.name)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlabel(title)
        axis.set_ylabel("milliseconds")
        axis.grid(alpha=0.3)
        axis.legend()
    axes[1].set_ylim(0.1, 100)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    sys.exit(main())
