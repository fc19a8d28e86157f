"""How many examples of a property are tried: all in CI, a few elsewhere."""

from __future__ import annotations

import os


def tries(count: int) -> int:
    """So many examples where `CI` is set, a tenth of them elsewhere."""
    return count if os.environ.get("CI") else max(10, count // 10)
