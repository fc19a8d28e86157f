"""The simulator, patient with a bot that starts on a busy machine."""

from __future__ import annotations

import discord
import simcord


class PatientEnv(simcord.Env):
    """Gives a bot's start as much time as all else; simcord gives it five seconds, whatever it is told."""

    _starts = False

    async def start(self) -> None:
        self._starts = True
        try:
            await super().start()
        finally:
            self._starts = False

    async def restart_bot(self, bot: discord.Client | None = None) -> None:
        self._starts = True
        try:
            await super().restart_bot(bot)
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
        patient = None if self._starts else timeout
        await super()._settle_internal(timeout=patient, idle=idle, dispatch=dispatch, _deadline=_deadline)
