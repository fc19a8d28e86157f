"""The people interested in an event come in pages, in the order of their ids.

https://discord.com/developers/docs/resources/guild-scheduled-event#get-guild-scheduled-event-users: ``limit``
is 1 to 100, ``after`` an id; the member is only there if ``with_member`` is set.
"""

from __future__ import annotations

from typing import Any

from tests.support.rules.applying import Asked, Rule, refused


class EventUsers(Rule):
    """Answer a page of the people who are interested."""

    def after(self, asked: Asked, answer: Any) -> Any:
        if asked.method != "GET" or asked.parts[-1] != "users" or "scheduled-events" not in asked.parts:
            return answer
        limit = int(asked.params.get("limit") or 100)
        if not 1 <= limit <= 100:
            raise refused("limit", "NUMBER_TYPE_MAX", "int value should be less than or equal to 100.")
        found = sorted(answer, key=lambda item: int(item["user"]["id"]))
        found = [item for item in found if int(item["user"]["id"]) > int(asked.params.get("after") or 0)]
        if str(asked.params.get("with_member")).lower() not in ("1", "true"):
            found = [{key: value for key, value in item.items() if key != "member"} for item in found]
        return found[:limit]
