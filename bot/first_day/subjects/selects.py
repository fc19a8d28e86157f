"""Selects and components, tried in messages: which defaults and which forms Discord takes."""

from __future__ import annotations

from typing import Any

from bot.first_day.assumption import assumes
from bot.first_day.findings import expect
from bot.first_day.place import FORUM, TEXT
from bot.first_day.visit import NOBODY, Visit

_SELECTS = "/components/reference#channel-select"
_INVALID = (50035,)
_POST = "/channels/{channel_id}/messages"
_V2 = 1 << 15


def _select(kind: int, default: int, of: str = "channel") -> list[dict[str, Any]]:
    select: dict[str, Any] = {
        "type": 8, "custom_id": "sz-first-day:none", "channel_types": [kind],
        "default_values": [{"id": str(default), "type": of}],
    }  # fmt: skip
    return [{"type": 1, "components": [select]}]


async def _refused(visit: Visit, components: list[dict[str, Any]], **more: Any) -> str:
    channel = await visit.place.text()
    body = {"components": components, **more}
    return await visit.refused(_INVALID, "POST", _POST, json=body, channel_id=channel)


@assumes(
    "selects.default",
    "A channel of the right kind may be a select's default",
    "every form with a channel",
    _SELECTS,
)
async def _default(visit: Visit) -> str:
    channel = await visit.place.text()
    sent = await visit.post(channel, content="a select", components=_select(TEXT, channel))
    expect(bool(sent.get("components")), "the select is gone from the answer")
    return "accepted"


@assumes(
    "selects.other_kind",
    "A default of a kind that the select doesn't offer is refused, so we filter it",
    "`/schedule create` in a text channel for a job with a forum",
    _SELECTS,
)
async def _other_kind(visit: Visit) -> str:
    return await _refused(visit, _select(FORUM, await visit.place.text()), content="a select")


@assumes(
    "selects.dead_id",
    "A default that no longer exists is refused, so we filter it",
    "`/schedule setup` after somebody deleted the alert channel",
    _SELECTS,
)
async def _dead_id(visit: Visit) -> str:
    return await _refused(visit, _select(TEXT, NOBODY), content="a select")


@assumes(
    "selects.kind_mismatch",
    "A default that says it is a user, in a channel select, is refused",
    "forms with people and channels",
    _SELECTS,
)
async def _kind_mismatch(visit: Visit) -> str:
    return await _refused(visit, _select(TEXT, visit.creator_id, of="user"), content="a select")


@assumes(
    "selects.options",
    "A select takes 25 options, and 26 are refused",
    "lists in panels",
    "/components/reference#string-select",
)
async def _options(visit: Visit) -> str:
    def select(count: int) -> list[dict[str, Any]]:
        chosen = [{"label": str(number), "value": str(number)} for number in range(count)]
        return [
            {
                "type": 1,
                "components": [{"type": 3, "custom_id": "sz-first-day:options", "options": chosen}],
            }
        ]

    await visit.post(await visit.place.text(), content="25 options", components=select(25))
    return await _refused(visit, select(26), content="26 options")


@assumes(
    "selects.panel",
    "A message of components keeps its flag",
    "every panel",
    "/components/reference#what-is-a-component",
)
async def _panel(visit: Visit) -> str:
    text = {"type": 10, "content": "a panel"}
    sent = await visit.post(await visit.place.text(), flags=_V2, components=[text])
    expect(bool(sent["flags"] & _V2), f"flags {sent['flags']}")
    return "kept"


@assumes(
    "selects.panel_without_content",
    "A message of components takes no content beside them",
    "every panel",
    "/components/reference#what-is-a-component",
)
async def _panel_without_content(visit: Visit) -> str:
    text = {"type": 10, "content": "a panel"}
    return await _refused(visit, [text], flags=_V2, content="beside it")


ASSUMPTIONS = (_default, _other_kind, _dead_id, _kind_mismatch, _options, _panel, _panel_without_content)
