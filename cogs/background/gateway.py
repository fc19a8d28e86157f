"""Measures the bot's connections to Discord's gateway: how many, how slow, how often they began anew.

(https://discord.com/developers/docs/events/gateway#connection-lifecycle)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from discord.ext import commands

from schedulezero import metrics


class GatewayWatch:
    """Counts the shards of a bot that are connected.

    Parameters:
        bot: The bot; its events tell.
    """

    def __init__(self, bot: commands.AutoShardedBot) -> None:
        self._bot = bot
        self._connected: set[int] = set()
        self._known: set[int] = set()
        for event in (self.on_shard_connect, self.on_shard_disconnect, self.on_shard_resumed):
            bot.add_listener(event)
        metrics.GATEWAY_CONNECTED.set(0)
        metrics.GATEWAY_SHARDS.set_function(lambda: len(bot.shards))
        metrics.GATEWAY_LATENCY.set_function(lambda: slowest(bot.latencies))

    async def on_shard_connect(self, shard: int) -> None:
        """Note a new session; all but a shard's first are reconnects."""
        if shard in self._known:
            metrics.GATEWAY_RECONNECTS.labels("new").inc()
        self._note(shard)

    async def on_shard_resumed(self, shard: int) -> None:
        """Note a session that goes on."""
        metrics.GATEWAY_RECONNECTS.labels("resumed").inc()
        self._note(shard)

    async def on_shard_disconnect(self, shard: int) -> None:
        """Note a lost connection; discord.py may tell it more than once."""
        self._connected.discard(shard)
        metrics.GATEWAY_CONNECTED.set(len(self._connected))

    def _note(self, shard: int) -> None:
        self._known.add(shard)
        self._connected.add(shard)
        metrics.GATEWAY_CONNECTED.set(len(self._connected))


def slowest(latencies: Sequence[tuple[int, float]]) -> float:
    """Return the longest of the shards' latencies in seconds; 0 before the first heartbeat is answered."""
    return max((latency for _, latency in latencies if math.isfinite(latency)), default=0.0)
