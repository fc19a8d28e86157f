"""How many examples a property test tries: all in CI, fewer elsewhere."""

from __future__ import annotations

import os


def tries(count: int) -> int:
    """Return ``count`` if `CI` is set, otherwise a tenth of it but at least 10."""
    return count if os.environ.get("CI") else max(10, count // 10)
