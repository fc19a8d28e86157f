"""When a job falls due, in the wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schedulezero.model.fields import Noun


@dataclass(frozen=True, slots=True)
class Trigger(Noun):
    """When a job falls due: a trigger type and its arguments, with the wire's own names."""

    type: str
    args: Mapping[str, Any]

    def zone_or(self, default: str) -> str:
        """Return the time zone of its wall-clock times: its own, or the job's."""
        return str(self.args.get("timezone") or default)
