"""Whether a change that has an ending was made: noted in its debt, so that the ending undoes only that.

A change that Discord refused wasn't made. If a person makes the same one by hand later, its end isn't ours. A
change that may have been made, because the bot died or Discord answered with an error, stays unknown: its
ending compares, as it does for one that was made.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from schedulezero.errors import JobFailed
from schedulezero.methods.debts import Debt
from sprockets.kit.follow_up import DONE, note_left, open_debt

_BEGUN = "begun"
"""Key of `Debt.left`: the request is under way, or nobody knows what became of it."""


@asynccontextmanager
async def making(bot: object, about: str, before: Mapping[str, Any] | None = None) -> AsyncGenerator[None]:
    """Note in the open debt about something whether the change within this block was made.

    Discord's errors must be JobFailed within it (see `asking_discord`), and the debt noted (see `follow_up`).

    Parameters:
        bot: The bot.
        about: What is changed, as for `follow_up`.
        before: What `Debt.left` says of an earlier change that still stands if this one isn't made; None if
            there is none.
    """
    debt = await open_debt(bot, about)
    unknown = debt is not None and bool(debt.left.get(_BEGUN))
    await note_left(bot, about, **{_BEGUN: True, DONE: None})
    try:
        yield
    except JobFailed as error:
        # An earlier attempt of which nobody knows may have made it.
        if not error.may_have_worked and not unknown:
            kept = {DONE: False} if before is None else {**before, DONE: True}
            await note_left(bot, about, **kept, **{_BEGUN: False})
        raise
    await note_left(bot, about, **{_BEGUN: False, DONE: True})


def never_made(debt: Debt) -> bool:
    """Return whether the change that a debt would undo was never made."""
    return debt.left.get(DONE) is False
