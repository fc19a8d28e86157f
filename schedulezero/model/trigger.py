"""When a job falls due, as it travels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schedulezero.model.fields import Noun


@dataclass(frozen=True, slots=True)
class Trigger(Noun):
    """When a job falls due, as it travels: a type and its arguments (the wire's own names)."""

    type: str
    args: Mapping[str, Any]

    def zone_or(self, default: str) -> str:
        """The zone of its wall-clock times: the one it names, or that of its job."""
        return str(self.args.get("timezone") or default)
