"""The dashboard in ``deploy/`` and the reference know each metric, and no others; none tells guilds apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase

from schedulezero import metrics
from schedulezero.errors import DatabaseUnavailable
from schedulezero.sentences import code_of
from schedulezero.server.health import REASONS
from schedulezero.storage.causes import DISK_FULL, HELD, READ_ONLY
from tests.support.command_line import ROOT

EXPORTED = [item for item in vars(metrics).values() if isinstance(item, MetricWrapperBase)]


def families(names: Iterable[str]) -> set[str]:
    return {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in names}


def exported() -> set[str]:
    return families(found.name for item in EXPORTED for found in item.describe())


def test_each_metric_is_on_the_dashboard() -> None:
    text = (ROOT / "deploy/grafana.json").read_text(encoding="utf-8")
    panels: list[dict[str, Any]] = json.loads(text)["panels"]
    shown = " ".join(target["expr"] for panel in panels for target in panel["targets"])
    assert families(re.findall(r"schedulezero_\w+", shown)) == exported()
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_each_metric_is_in_the_reference() -> None:
    text = (ROOT / "docs/reference/operations.md").read_text(encoding="utf-8")
    assert families(re.findall(r"^\| `(schedulezero_\w+)", text, re.MULTILINE)) == exported()


def test_the_reference_lists_each_reason_of_a_node_that_is_not_ready() -> None:
    text = (ROOT / "docs/reference/operations.md").read_text(encoding="utf-8")
    (row,) = (line for line in text.splitlines() if line.startswith("| `schedulezero_ready"))
    assert set(re.findall(r"`([a-z_]+)`", row)) == {*REASONS, "other"}
    source = (ROOT / "schedulezero/server/health.py").read_text(encoding="utf-8")
    known = (DISK_FULL, HELD, READ_ONLY, DatabaseUnavailable("").message)
    raised = {*re.findall(r'^ +"([a-z_]+)",$', source.split("class Health")[1], re.M), *map(code_of, known)}
    said_in_one_line = set(re.findall(r'Sentence\([^"]*"[^"]*", "([a-z_]+)"', source))
    assert raised | said_in_one_line == REASONS


def test_waiting_and_lateness_are_told_for_all_guilds_together() -> None:
    assert isinstance(metrics.WAITING, Histogram) and isinstance(metrics.LATENESS, Histogram)
    labels = {name for item in EXPORTED for name in item._labelnames}  # pyright: ignore[reportPrivateUsage]
    assert not labels & {"guild", "guild_id", "server"}
