"""The simulator with more time for the bot to start, as it needs on a busy machine."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import discord
import simcord

_START_SECONDS = 15.0


class PatientEnv(simcord.Env):
    """Gives a bot 15 seconds to start; simcord gives it five, whatever it is told."""

    _starts = False

    async def start(self) -> None:
        with self._starting():
            await super().start()

    async def restart_bot(self, bot: discord.Client | None = None) -> None:
        with self._starting():
            await super().restart_bot(bot)

    @contextmanager
    def _starting(self) -> Generator[None]:
        self._starts = True
        try:
            yield
        finally:
            self._starts = False

    async def _settle_internal(
        self,
        *,
        timeout: float | None = None,
        idle: float = 0.05,
        dispatch: str | None = None,
        _deadline: float | None = None,
    ) -> None:
        if self._starts and timeout is not None:
            timeout = _START_SECONDS
        await super()._settle_internal(timeout=timeout, idle=idle, dispatch=dispatch, _deadline=_deadline)
