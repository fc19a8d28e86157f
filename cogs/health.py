"""What ``doctor``, the screen at the start and ``/schedule status`` say of one thing that they looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schedulezero.model.handler import HandlerInfo


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


def own_instance(handlers: Iterable[HandlerInfo], handler_id: str, address: str) -> HandlerInfo | None:
    """What a server knows of a bot's handler: the instance at its address, else another one of its name."""
    own = [info for info in handlers if info.id == handler_id]
    return next((info for info in own if info.address == address), own[0] if own else None)
