"""Discord counts a guild's members on request.

https://discord.com/developers/docs/resources/guild#get-guild: with ``with_counts``, the answer has
``approximate_member_count``. Without the members intent no event tells that it changed.
"""

from __future__ import annotations

from typing import Any

from tests.support.rules.applying import Asked, Rule


class MemberCounts(Rule):
    """Answer with the number of members. ``asked`` says how often that happened."""

    def __init__(self) -> None:
        self.asked = 0

    def after(self, asked: Asked, answer: Any) -> Any:
        wanted = str(asked.params.get("with_counts", "")).lower() in ("1", "true")
        if asked.method != "GET" or asked.parts[0] != "guilds" or len(asked.parts) != 2 or not wanted:
            return answer
        self.asked += 1
        count = len(asked.backend.guilds[int(asked.parts[1])].members)
        return {**answer, "approximate_member_count": count, "approximate_presence_count": 1}
