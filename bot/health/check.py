"""What ``doctor`` and the screen at the start say of one thing that they looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, and what to do when it is not well."""

    subject: str
    well: bool
    finding: str
    remedy: str | None = None

    def __str__(self) -> str:
        line = f"{'ok  ' if self.well else 'FAIL'}  {self.subject}: {self.finding}"
        return f"{line}\n      → {self.remedy}" if self.remedy and not self.well else line
