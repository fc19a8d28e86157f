"""How long the texts of a scheduled event may be.

https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-object: a name has 1
to 100 characters, a description 1 to 1000, and so has a place 1 to 100
(#guild-scheduled-event-object-guild-scheduled-event-entity-metadata). Characters that show nothing are
stripped first.
"""

from __future__ import annotations

import unicodedata

from tests.support.rules.applying import Asked, Rule, refused


class EventTexts(Rule):
    """Refuse events whose texts are empty or too long."""

    def before(self, asked: Asked) -> None:
        body = asked.body
        if (
            "scheduled-events" not in asked.parts
            or asked.method not in ("POST", "PATCH")
            or not isinstance(body, dict)
        ):
            return
        _expect("name", body.get("name"), 100)
        _expect("description", body.get("description"), 1000)
        place = body.get("entity_metadata") or {}
        _expect("entity_metadata.location", place.get("location"), 100)


def _expect(name: str, text: str | None, most: int) -> None:
    if text is None:
        return
    bare = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf")).strip()
    if not 1 <= len(bare) <= most:
        raise refused(name, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {most} in length.")
