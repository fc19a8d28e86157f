"""What the metrics tell of the connections to Discord."""

from __future__ import annotations

import math

from prometheus_client import REGISTRY

from cogs.background.gateway import GatewayWatch, slowest
from tests.support.world import World


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"schedulezero_{name}", labels)


def test_the_slowest_shard_counts_and_none_is_zero() -> None:
    assert slowest([(0, 0.04), (1, 0.25), (2, math.nan), (3, math.inf)]) == 0.25
    assert slowest([(0, math.nan)]) == slowest([]) == 0.0


async def test_connections_are_counted_as_they_come_and_go(world: World) -> None:
    watch = GatewayWatch(world.bot)
    resumed, new = (value("gateway_reconnects_total", how=how) for how in ("resumed", "new"))
    assert resumed is not None and new is not None and value("gateway_connected") == 0
    await watch.on_shard_connect(0)
    await watch.on_shard_connect(1)
    assert value("gateway_connected") == 2 and value("gateway_reconnects_total", how="new") == new
    for _ in range(2):
        await watch.on_shard_disconnect(1)
    assert value("gateway_connected") == 1
    await watch.on_shard_resumed(1)
    await watch.on_shard_disconnect(0)
    await watch.on_shard_connect(0)
    assert value("gateway_connected") == 2
    assert value("gateway_reconnects_total", how="resumed") == resumed + 1
    assert value("gateway_reconnects_total", how="new") == new + 1
    assert value("gateway_shards") == len(world.bot.shards)


def test_series_begin_with_zero() -> None:
    for name, labels in (
        ("jobs", {"state": "paused"}),
        ("runs_total", {"outcome": "missed"}),
        ("discord_requests_total", {"status": "5xx"}),
        ("discord_invalid_requests_total", {"status": "403"}),
    ):
        assert value(name, **labels) is not None
