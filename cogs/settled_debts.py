"""Close the bot's debts as soon as a run settles them.

If the bot ends in between, `cogs.debts_cog` finds at its next start that the run succeeded.
"""

from __future__ import annotations

import asyncio
import logging

from schedulezero.background import run_in_background
from schedulezero.errors import DatabaseUnavailable
from schedulezero.handler.invocation import Invocation
from schedulezero.handler.run_context import context_of
from schedulezero.methods.debts import close, debt_of
from schedulezero.methods.host import Notes
from schedulezero.model.authorship import ENDINGS

log = logging.getLogger(__name__)


class SettledDebts:
    """Close the debts of good runs, without delaying the runs.

    Parameters:
        memory: where the debts are noted.
    """

    def __init__(self, memory: Notes) -> None:
        self._memory = memory
        self._under_way: set[asyncio.Task[None]] = set()

    def __call__(self, invocation: Invocation) -> None:
        """Close the debt that a good run settled, if it did."""
        if not (invocation.call.job_id or "").startswith(ENDINGS):
            return
        task = run_in_background(self._close(invocation), "closing a debt")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Wait until all debts are closed that can be."""
        await asyncio.gather(*self._under_way)

    async def _close(self, invocation: Invocation) -> None:
        call = invocation.call
        try:
            debt = await debt_of(self._memory, call.job_id)
            if debt is not None and debt.is_settled_by(
                context_of(call).guild_id, invocation.spec.name, call.params
            ):
                await close(self._memory, debt)
        except DatabaseUnavailable as error:
            log.warning("the debt of job %s is closed later: %s", call.job_id, error)
