"""Encrypts settings that were stored before their sprocket declared them secret."""

from __future__ import annotations

import asyncio
import logging

from pydantic import BaseModel

from cogs.memory import Memory
from schedulezero.errors import SecretUnusable
from schedulezero.methods.note_kinds import SPROCKET_SETTINGS
from schedulezero.methods.sprocket_settings import sealed_values, secret_settings

log = logging.getLogger(__name__)


async def seal_settings(memory: Memory, sprocket: str, model: type[BaseModel]) -> int:
    """Encrypt a sprocket's secret settings in all guilds, as far as they aren't yet; return how many guilds'.

    If there can be no key, they stay as they are, and the log says why.
    """
    secret = secret_settings(model)
    if not secret:
        return 0
    sealed = 0
    for key, values in (await memory.notes(SPROCKET_SETTINGS)).items():
        name, _, guild_id = key.rpartition(":")
        if name != sprocket:
            continue
        try:
            fresh = await asyncio.to_thread(sealed_values, memory.secrets, values, secret, (name, guild_id))
        except SecretUnusable as error:
            log.error("the secret settings of sprocket %s are not encrypted: %s", sprocket, error)
            break
        if fresh != values and await memory.rewrite(SPROCKET_SETTINGS, key, values, fresh):
            sealed += 1
    if sealed:
        log.info("encrypted the secret settings of sprocket %s in %d guilds", sprocket, sealed)
    return sealed
