"""Reads the entries of a file one by one, so that one that can't be imported doesn't affect the others."""

from __future__ import annotations

from collections.abc import Callable

from schedulezero.errors import ScheduleZeroError
from schedulezero.exchange.yaml_file import Entry, Fault, unreadable
from schedulezero.sentences import Sentence


class NotTakenOver(ScheduleZeroError):
    """An entry is well formed but can't be imported; the message says why."""


def guarded(line: int, read: Callable[[], Entry]) -> Entry | Fault:
    """Return an entry, or what is wrong with it."""
    try:
        return read()
    except NotTakenOver as error:
        return Fault(line, error.message)
    except Exception as error:  # noqa: BLE001 - a file may hold anything; each entry stands for itself
        return Fault(line, unreadable(error))


def only_the_first(most: int, line: int) -> Fault:
    """Return what to say of a file with more entries than are read."""
    return Fault(line, Sentence("Only the first {most} entries were read.", "too_many_entries", most=most))
