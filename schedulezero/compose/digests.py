"""Find the kept files that a post's values name. Pure."""

from __future__ import annotations

import re
from typing import Any, cast

_DIGEST = re.compile(r"[0-9a-f]{64}")
_DEEPEST = 12


def digests_in(value: Any) -> frozenset[str]:
    """Return the digests of the files (`schedulezero.compose.parts.PostFile`) that a value names."""
    found: set[str] = set()
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        following: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner = cast("dict[str, Any]", item)
                named = inner.get("file")
                if isinstance(named, str) and _DIGEST.fullmatch(named):
                    found.add(named)
                following += inner.values()
            elif isinstance(item, list):
                following += cast("list[Any]", item)
        level = following
    return frozenset(found)
