"""What a person reads in a message: its content, its embeds, its text displays, its labels."""

from __future__ import annotations

from typing import Any


def text_of(message: Any) -> str:
    """All the text of a message, in order."""
    parts = [message.content]
    parts += [str(embed.to_dict() if hasattr(embed, "to_dict") else embed) for embed in message.embeds]
    _collect(message.components, parts)
    return "\n".join(part for part in parts if part)


def _collect(components: Any, parts: list[str]) -> None:
    for component in components or ():
        data = component if isinstance(component, dict) else component.to_dict()
        if data.get("type") == 10:
            parts.append(data["content"])
        _collect(data.get("components"), parts)
