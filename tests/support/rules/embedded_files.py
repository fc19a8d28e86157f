"""A file that an embed shows is not among the message's attachments.

https://discord.com/developers/docs/reference#uploading-files: an embed shows a file of the message by
``attachment://NAME``; Discord answers with the file's address in the embed, and doesn't list it beside it.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from simcord.backend.cdn import CDN_BASE

from tests.support.rules.applying import Asked, Rule

_BEFORE = "attachment://"
_CDN = "https://cdn.discordapp.com"


class EmbeddedFiles(Rule):
    """Move the files that embeds show into the embeds."""

    def after(self, asked: Asked, answer: Any) -> Any:
        for message in answer if isinstance(answer, list) else [answer]:
            if isinstance(message, dict) and message.get("embeds") and message.get("attachments"):
                _move(asked.backend, message)
        return answer


def _move(backend: Any, message: dict[str, Any]) -> None:
    by_name = {item["filename"]: item for item in message["attachments"]}
    shown: set[str] = set()
    message["embeds"] = deepcopy(message["embeds"])  # what is kept names the file for the next answer, too
    for embed in message["embeds"]:
        for key in ("image", "thumbnail", "author", "footer"):
            holder = embed.get(key) or {}
            for place in ("url", "icon_url"):
                name = str(holder.get(place, "")).removeprefix(_BEFORE)
                if str(holder.get(place, "")).startswith(_BEFORE):
                    holder[place] = by_name[name]["url"].replace(CDN_BASE, _CDN)
                    backend.cdn._blobs[holder[place]] = backend.cdn.get(by_name[name]["url"])
                    shown.add(name)
    message["attachments"] = [item for item in message["attachments"] if item["filename"] not in shown]
