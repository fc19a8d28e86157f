"""A run that posts to 500 channels, against a simulated Discord that keeps the published limits.

The bot is a process of its own; Discord is simcord behind sockets with 50 requests in any second and 5 posts
in any 5 seconds of a channel, and says 429 with ``Retry-After`` to more. Jobs get `FOR_JOBS` of the 50; the
rest is kept for what a person waits for.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
from pathlib import Path

from benchmarks.figures import REPETITIONS, Figure, Row
from bot.pace.pace import FOR_JOBS
from tests.support.discord_server import DiscordServer, Limits
from tests.support.installation import Installation, soon

CHANNELS = 500


async def _measure() -> tuple[float, int]:
    """The seconds from the first post until the last one, and how often Discord said no."""
    async with DiscordServer() as discord:
        channels = [discord.guild.create_text_channel(f"news-{number}") for number in range(CHANNELS - 3)]
        ids = [str(channel.id) for channel in [*discord.channels, *channels]]
        with tempfile.TemporaryDirectory() as folder:
            async with Installation(discord, Path(folder)) as bot:
                await asyncio.sleep(1.5)  # the requests of its start are over
                gc.collect()
                gc.disable()  # or the simulated Discord pauses, and what came meanwhile comes at once
                discord.limits = limits = Limits()
                params = {"channel_ids": ids, "message": "The same for everybody"}
                job = await bot.schedule("send_to_multiple_channels", params, soon(0.5))
                outcome = (await bot.outcomes([job], 60))[job]
                assert outcome == "succeeded", outcome
                assert len(limits.posted_at) == CHANNELS, len(limits.posted_at)
                gc.enable()
                return limits.posted_at[-1] - limits.posted_at[0], limits.refused


def rows() -> list[Row]:
    """The line of the results."""
    measured = [asyncio.run(_measure()) for _ in range(REPETITIONS)]
    rate = Figure(tuple(CHANNELS / seconds for seconds, _ in measured))
    refused = max(count for _, count in measured)
    ratio = rate.median / FOR_JOBS
    return [
        Row(
            f"a run of posts to {CHANNELS} channels under Discord's limits", rate.text(" posts/s"),
            f"the share of jobs in Discord's 50/s, {FOR_JOBS}/s", f"{ratio:.2f}×, {refused} × 429",
            "≥ 0.95×, no 429 after the first", ratio >= 0.95 and refused <= 1,
        )
    ]  # fmt: skip


if __name__ == "__main__":
    for row in rows():
        print(row)
