"""Shared test helpers: Clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from schedulezero import instants


class Clock:
    """The system's clock, moved forward and back."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        return instants.now() + self.offset
