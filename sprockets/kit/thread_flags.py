"""The two flags of a thread, what the bot itself set of them, and what an ending restores. Pure.

An archived thread takes no change but being opened
(https://discord.com/developers/docs/topics/threads#editing-deleting-threads), so that some changes take two
requests. The second one may fail: what the first one left is the bot's doing, and not that of a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from schedulezero.methods.debts import Debt
from sprockets.kit.follow_up import DONE, LIFTED

OURS = "ours"
"""Key of `Debt.left`: further flags, as lists, that are the bot's own doing while its change is under way."""
BEFORE = "before"
"""Key of `Debt.left`: the flags that the ending restores."""


class Flags(NamedTuple):
    """Whether a thread is archived, and whether only moderators can open it again."""

    archived: bool
    locked: bool


FLAGS = {"open": Flags(False, False), "closed": Flags(True, True), "archived": Flags(True, False)}


def thread_about(thread_id: int) -> str:
    """Return what a change of a thread's state is about, for its ending."""
    return f"thread:{thread_id}"


def flags_of(thread: Any) -> Flags:
    """Return the flags of a thread."""
    return Flags(thread.archived, thread.locked)


def steps(now: Flags, wanted: Flags) -> list[Flags]:
    """Return what to set, one request after the other."""
    if now == wanted:
        return []
    return [Flags(False, now.locked), wanted] if now.archived and wanted.archived else [wanted]


def noted(flags: Iterable[Flags]) -> list[list[bool]]:
    """Return flags in the form in which a debt notes them."""
    return [list(item) for item in flags]


def read_flags(value: Iterable[bool]) -> Flags:
    """Return the flags that `noted` wrote."""
    return Flags(*value)


def before(debt: Debt) -> Flags:
    """Return the flags that an ending restores; a debt of an earlier version knows the state only."""
    value = debt.left.get(BEFORE)
    return read_flags(value) if value is not None else FLAGS[debt.params["state"]]


def is_ours(debt: Debt, now: Flags) -> bool:
    """Return whether flags are noted as what a change of the bot's may have left."""
    return list(now) in debt.left.get(OURS, [])


def is_lifted(debt: Debt, now: Flags) -> bool:
    """Return whether a thread isn't as the bot left it, since somebody changed it by hand.

    Discord itself archives a quiet thread, and a message in an archived one opens it. A locked thread stays
    locked when a moderator writes in it.
    """
    if debt.left.get(LIFTED):
        return True
    if is_ours(debt, now):
        return False
    if OURS in debt.left and not debt.left.get(DONE):
        return True  # the change was never made, so that this is somebody else's
    left = _left(debt, now)
    reopened = left == FLAGS["archived"] and not now.archived
    return now.locked != left.locked or reopened


def back(debt: Debt, now: Flags) -> Flags | None:
    """Return how an ending leaves a thread: each flag as before if nobody changed it; None for as it is."""
    found = before(debt)
    if now == found and not debt.left.get(LIFTED):
        return found
    if is_lifted(debt, now):
        return None
    left = _left(debt, now)
    untouched = is_ours(debt, now) or now.archived == left.archived
    return Flags(found.archived if untouched else now.archived, found.locked)


def _left(debt: Debt, now: Flags) -> Flags:
    """Return in which state the change left a thread."""
    return FLAGS.get(str(debt.left.get("state")), now)
