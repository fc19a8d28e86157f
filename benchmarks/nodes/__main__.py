"""Nodes that fail, for real: each scenario once, counted by handlers that record every call.

    python -m benchmarks.nodes [--only PART]

The nodes are processes of ``schedulezero-bot server``, and PostgreSQL is Debian's. While something fails,
jobs fall due and are saved at all nodes. An instant is *lost* if nobody was called for it. The handlers have
no journal, so each repeated call of a run id counts; ``killed`` has handlers with one. The figures go
into ``benchmarks/nodes.txt``, where those of other scenarios stay.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import textwrap
from functools import partial
from pathlib import Path

from benchmarks.nodes import killed
from benchmarks.nodes.grounds import Skipped
from benchmarks.nodes.scenarios import SCENARIOS, Scenario, measure

RESULTS = Path(__file__).parent.with_name("nodes.txt")


def main() -> int:
    parser = argparse.ArgumentParser(description="Counts what nodes that fail lose or repeat.")
    parser.add_argument("--only", default="", metavar="PART", help="only scenarios with this in their title")
    options = parser.parse_args()
    results = Results()
    met = True
    for title, tried in TRIED.items():
        if options.only.casefold() in title.casefold():
            text, good = tried()
            print(text + "\n", flush=True)
            results.write(title, text)
            met = met and good
    return 0 if met else 1


def _tried(scenario: Scenario) -> tuple[str, bool]:
    """Return the figures of a scenario, and whether its aims are met."""
    try:
        outcome, remarks = asyncio.run(measure(scenario))
    except Skipped as reason:
        return f"{scenario.title}: skipped, because {reason}.", True
    verdict = "met" if outcome.met else "NOT MET"
    lines = (f"{scenario.title}: {verdict}", outcome.text(), *(f"  {item}" for item in remarks))
    return "\n".join(lines), outcome.met


def _killed() -> tuple[str, bool]:
    text, met = killed.tried()
    return f"{_KILLED}: {'met' if met else 'NOT MET'}\n" + textwrap.indent(text, "  "), met


_KILLED = "a node and a handler with a journal are killed and stay dead"

# Read as: a title, and what tries that.
TRIED = {scenario.title: partial(_tried, scenario) for scenario in SCENARIOS} | {_KILLED: _killed}


class Results:
    """The file of figures; each scenario has a paragraph in it, which begins with its title."""

    def __init__(self) -> None:
        known = RESULTS.read_text(encoding="utf-8").strip().split("\n\n") if RESULTS.exists() else []
        self._found = {
            title: text for text in known for title in TRIED if text.splitlines()[0].startswith(f"{title}: ")
        }

    def write(self, title: str, text: str) -> None:
        """Replace the figures of one scenario."""
        self._found[title] = text
        head = (
            "python -m benchmarks.nodes: three server nodes on one PostgreSQL whose commits wait for the\n"
            f"disk, all on {os.cpu_count()} cores. Seconds behind what a node said are since the fault."
        )
        parts = [head, *(self._found[title] for title in TRIED if title in self._found)]
        RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
