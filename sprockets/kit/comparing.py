"""Compare a text that was sent with what Discord made of it. Pure.

Discord trims contents, names and the parts of an embed, changes line ends, collapses blanks in names, and may
strip characters (https://discord.com/developers/docs/resources/message). What is left of both texts is
compared, so that a message is known again whatever of this happened to it.
"""

from __future__ import annotations

import unicodedata

_STRIPPED = {"Cc", "Cf", "Cs", "Cn"}
"""Categories of characters that Discord may strip: controls, invisible, halves of pairs, unassigned."""


def alike(one: str | None, other: str | None) -> bool:
    """Return whether two texts are the same for Discord. None is an empty text."""
    return _bare(one) == _bare(other)


def _bare(text: str | None) -> str:
    kept = (" " if item.isspace() else item for item in text or "")
    return " ".join("".join(item for item in kept if unicodedata.category(item) not in _STRIPPED).split())
