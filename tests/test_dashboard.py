"""The dashboard in ``deploy/`` and the reference know each metric, and no others; none tells guilds apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase

from schedulezero import metrics
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


def test_waiting_and_lateness_are_told_for_all_guilds_together() -> None:
    assert isinstance(metrics.WAITING, Histogram) and isinstance(metrics.LATENESS, Histogram)
    labels = {name for item in EXPORTED for name in item._labelnames}  # pyright: ignore[reportPrivateUsage]
    assert not labels & {"guild", "guild_id", "server"}
