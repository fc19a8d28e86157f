"""The result of one check by ``doctor``, the status screen at startup or ``/schedule status``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schedulezero.model.handler import HandlerInfo


@dataclass(frozen=True, slots=True)
class Check:
    """The subject of a check, its result, and how to fix it."""

    subject: str
    well: bool
    finding: str
    remedy: str | None = None

    def __str__(self) -> str:
        line = f"{'ok  ' if self.well else 'FAIL'}  {self.subject}: {self.finding}"
        return f"{line}\n      → {self.remedy}" if self.remedy and not self.well else line


def own_instance(handlers: Iterable[HandlerInfo], handler_id: str, address: str) -> HandlerInfo | None:
    """Return a server's entry for the bot's handler: the one at its address, else another of its name."""
    own = [info for info in handlers if info.id == handler_id]
    return next((info for info in own if info.address == address), own[0] if own else None)
