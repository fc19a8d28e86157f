"""FilesCog: deletes kept files that nothing needs any more, and what sprockets remember of ended jobs.

It looks every six hours at the files that nothing was known to need for a week. What seems not to be needed
then is looked at once more, a day later, and deleted if that is still so. A published server forgets a job
before its last run has ended and knows no versions, so with one the second look comes after 30 days.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from discord.ext import commands

from cogs.background.supervisor import Kept
from cogs.needed_files import needed_files
from cogs.services import services_of
from cogs.sprocket_state import forget_states_of_ended_jobs
from schedulezero import instants
from schedulezero.errors import ClientError, DatabaseUnavailable

log = logging.getLogger(__name__)

LEAST_KEPT = timedelta(days=7)
"""How long a file stays after it was added, or was last seen to be needed."""
_SECOND_LOOK = timedelta(days=1)
SECOND_LOOK_PUBLISHED = timedelta(days=30)
_LOOK_SECONDS = 6 * 3600.0
_SWEEPING = "deleting files that nothing needs"


class FilesCog(commands.Cog):
    """Delete unneeded files while the cog is loaded; one process does it for all."""

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self._services = services_of(bot)
        self._sweeping: Kept | None = None

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        if self._sweeping is None and self._services.leads:
            self._sweeping = self._services.supervisor.keep(_SWEEPING, self._keep_sweeping)

    async def cog_unload(self) -> None:
        if self._sweeping is not None:
            await self._sweeping.close()

    async def _keep_sweeping(self) -> None:
        while True:
            try:
                await self.sweep(instants.now())
                await forget_states_of_ended_jobs(
                    self._services.client, self._services.memory, instants.now()
                )
            except (ClientError, DatabaseUnavailable) as error:
                log.info("files that nothing needs are deleted later: %s", error)
            except Exception as error:  # noqa: BLE001 - noted, and tried again
                self._services.supervisor.note(_SWEEPING, error)
            await self._services.waiting.sleep(_LOOK_SECONDS)

    async def sweep(self, now: datetime) -> int:
        """Delete the files that nothing needs at an instant; return how many, counted for each guild."""
        client, memory = self._services.client, self._services.memory
        if not (await memory.files.usage()).count:
            return 0
        wait = SECOND_LOOK_PUBLISHED if await client.is_published() else _SECOND_LOOK
        deleted = 0
        while unsure := await memory.files.unsure(now - LEAST_KEPT, now - wait):
            for guild_id, digests in unsure.items():
                needed = await needed_files(client, memory, guild_id, digests, now)
                await memory.files.note_needed(guild_id, needed, now)
                deleted += await memory.files.note_unneeded(guild_id, digests - needed, now, now - wait)
        if deleted:
            log.info("%d files that nothing needed any more were deleted", deleted)
        return deleted
