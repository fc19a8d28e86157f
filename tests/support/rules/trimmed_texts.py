"""What Discord does to texts before it stores them.

https://discord.com/developers/docs/resources/message#embed-object-embed-limits: leading and trailing blanks
of an embed's title, description, fields, footer and author are trimmed. The same happens to contents, whose
line ends become plain ones. Names of threads and events are trimmed, and runs of blanks in them become one.
"""

from __future__ import annotations

from typing import Any

from tests.support.rules.applying import Asked, Rule


class TrimmedTexts(Rule):
    """Store texts as Discord does."""

    def before(self, asked: Asked) -> None:
        if asked.method not in ("POST", "PATCH") or not isinstance(asked.body, dict):
            return
        end = asked.parts[-1]
        if end == "threads" or "scheduled-events" in asked.parts:
            if isinstance(asked.body.get("name"), str):
                asked.body["name"] = " ".join(asked.body["name"].split())
            if isinstance(asked.body.get("message"), dict):
                _trim_message(asked.body["message"])
        elif end == "messages" or asked.parts[0] == "webhooks":
            _trim_message(asked.body)


def _trim_message(body: dict[str, Any]) -> None:
    if isinstance(body.get("content"), str):
        body["content"] = body["content"].replace("\r\n", "\n").strip()
    for embed in body.get("embeds") or ():
        for part in (embed, embed.get("footer"), embed.get("author"), *(embed.get("fields") or ())):
            for key in ("title", "description", "text", "name", "value"):
                if isinstance(part, dict) and isinstance(part.get(key), str):
                    part[key] = part[key].strip()
