"""Variables that begin with ``SCHEDULEZERO_`` and set none of our keys.

A published ScheduleZero server has variables of its own with this prefix, such as ``SCHEDULEZERO_PORT``. They
may be set in the bot's environment, too, so they don't stop it. A misspelled variable of ours looks the same:
it is named in the log and by ``doctor``, with the key that it may mean.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from cogs.config.config import BELOW, PREFIX, Settings, is_key_name
from cogs.config.limit_settings import LimitSettings

_LIKE = 0.8
_LONGEST = 100
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Unknown:
    """A variable that sets nothing.

    Attributes:
        name: the variable.
        near: the variable of ours that its name resembles; None if it resembles none.
        longer: the variables of ours whose names contain its words, as HANDLER_PORT contains PORT.
    """

    name: str
    near: str | None
    longer: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.near is not None:
            return f"{self.name} sets nothing; did you mean {self.near}?"
        if self.longer:
            return f"{self.name} sets nothing in this bot, which has {' and '.join(self.longer)}"
        return f"{self.name} sets nothing in this bot"


def unknown_variables(environment: Mapping[str, str] = os.environ) -> list[Unknown]:
    """Return the variables with our prefix that set none of our keys."""
    limits = (f"limits{BELOW}{key}" for key in LimitSettings.model_fields)
    ours = [key.upper() for key in (*Settings.model_fields, *limits)]
    found: list[Unknown] = []
    for name in sorted(environment):
        key = name.removeprefix(PREFIX)
        if not name.startswith(PREFIX) or is_key_name(key.lower()):
            continue
        near = get_close_matches(key.upper()[:_LONGEST], ours, n=1, cutoff=_LIKE)
        words = set(key.upper().split("_"))
        longer = [f"{PREFIX}{own}" for own in ours if words <= set(own.split("_"))]
        found.append(
            Unknown(name[:_LONGEST], f"{PREFIX}{near[0]}" if near else None, tuple(longer[:_MOST_SHOWN]))
        )
    return found


def told(found: list[Unknown]) -> str:
    """Return some variables on one line."""
    said = "; ".join(str(item) for item in found[:_MOST_SHOWN])
    return said if len(found) <= _MOST_SHOWN else f"{said}; and {len(found) - _MOST_SHOWN} more"
