"""Defaults of selects that don't exist, or aren't of the select's kind, are refused.

https://discord.com/developers/docs/components/reference#user-select-select-default-value-structure: the type
has to match the select's. Whether Discord looks at the channel's type and existence isn't documented; this
takes the strict reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.rules.applying import Asked, Rule, refused

_TAKES = {5: {"user"}, 6: {"role"}, 7: {"user", "role"}, 8: {"channel"}}


class SelectDefaults(Rule):
    """Refuse panels and forms with such defaults."""

    def before(self, asked: Asked) -> None:
        if asked.method not in ("POST", "PATCH") or not isinstance(asked.body, dict):
            return
        body = asked.body.get("data") if "callback" in asked.parts else asked.body
        for select in _selects((body or {}).get("components")):
            for value in select.get("default_values") or ():
                if not _is_fine(asked.backend, select, value):
                    raise refused("components.default_values", "INVALID_DEFAULT", "Invalid default value")


def _is_fine(backend: Any, select: dict[str, Any], value: dict[str, Any]) -> bool:
    if value["type"] not in _TAKES[select["type"]]:
        return False
    if value["type"] == "role":
        return any(int(value["id"]) in guild.roles for guild in backend.guilds.values())
    if value["type"] == "channel":
        channel = backend.channels.get(int(value["id"]))
        types = select.get("channel_types")
        return channel is not None and (not types or int(channel.type) in types)
    return True


def _selects(components: Any) -> Iterator[dict[str, Any]]:
    for component in components or ():
        if component.get("type") in _TAKES:
            yield component
        yield from _selects(component.get("components"))
        if isinstance(component.get("component"), dict):
            yield from _selects([component["component"]])
