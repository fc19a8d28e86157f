"""Shared test helpers: entries, imported."""

from __future__ import annotations

from typing import Any

from tests.support.world import World


def entries(world: World, count: int, bad: dict[int, str]) -> str:
    lines = ["jobs:"]
    for number in range(count):
        lines += bad[number].splitlines() if number in bad else [
            f"- name: Job {number}",
            "  do: send_announcement",
            f"  when: every day at {number % 24}:15",
            "  with:",
            f'    channel_id: "{world.channel.id}"',
            f"    message: Text {number}",
        ]  # fmt: skip
    return "\n".join(lines)


async def imported(world: World, text: str, name: str = "jobs.yaml") -> Any:
    return await world.admin.slash(world.channel, "schedule import", file=(name, text.encode()))
