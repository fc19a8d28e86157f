"""Nodes that fail, for real: each scenario once, counted by handlers that record every call.

    python -m benchmarks.nodes [--only PART]

The nodes are processes of ``schedulezero-bot server``, and PostgreSQL is Debian's. While something fails,
jobs fall due and are saved at all nodes. An instant is *lost* if nobody was called for it. The handlers have
no journal, so each repeated call of a run id counts; ``killed`` has handlers with one. Without ``--only``,
the figures go into ``benchmarks/nodes.txt``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

from benchmarks.nodes import killed
from benchmarks.nodes.grounds import Skipped
from benchmarks.nodes.scenarios import SCENARIOS, Scenario, measure

RESULTS = Path(__file__).parent.with_name("nodes.txt")


def main() -> int:
    parser = argparse.ArgumentParser(description="Counts what nodes that fail lose or repeat.")
    parser.add_argument("--only", default="", metavar="PART", help="only scenarios with this in their title")
    options = parser.parse_args()
    wanted = [item for item in SCENARIOS if options.only.casefold() in item.title.casefold()]
    began = time.monotonic()
    results = [_tried(scenario) for scenario in wanted]
    if not options.only:
        results.append(killed.tried())
        took = time.monotonic() - began
        head = (
            f"python -m benchmarks.nodes, {time.strftime('%Y-%m-%d')}: three server nodes on one PostgreSQL "
            f"whose commits wait for the disk,\nall on one machine with {os.cpu_count()} cores; "
            f"{took / 60:.0f} minutes in all. The seconds after what a node said count from the fault."
        )
        RESULTS.write_text("\n\n".join((head, *(text for text, _ in results))) + "\n", encoding="utf-8")
    return 0 if all(met for _, met in results) else 1


def _tried(scenario: Scenario) -> tuple[str, bool]:
    try:
        outcome, remarks = asyncio.run(measure(scenario))
    except Skipped as reason:
        text, met = f"{scenario.title}: skipped, because {reason}.", True
    else:
        verdict = "met" if outcome.met else "NOT MET"
        text = "\n".join((f"{scenario.title}: {verdict}", outcome.text(), *(f"  {item}" for item in remarks)))
        met = outcome.met
    print(text + "\n", flush=True)
    return text, met


if __name__ == "__main__":
    sys.exit(main())
