"""What a job itself says against being saved: its own check, and the kinds of the channels it names.

A sprocket declares the check with its job (`schedulezero.methods.typed.TypedJob.check`). What would fail at
each run, such as a text that is too long for Discord, is said on the card and at an import.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import discord
from discord.ext import commands

from cogs.language import t, translated
from cogs.rights.rights import Channel
from schedulezero.errors import JobFailed, ParameterError
from schedulezero.handler.run_context import RunContext, running
from schedulezero.methods.parameters import Kind
from schedulezero.methods.spec import MethodSpec
from schedulezero.methods.values import check_params, read_params

log = logging.getLogger(__name__)

SECONDS = 2.0
"""How long a check may take; Discord waits longer for a card that was acknowledged, but people do not."""


class OwnChecks:
    """Ask jobs what speaks against them.

    Parameters:
        bot: the bot that the jobs run in.
        guild: the guild of the jobs.
        person: the id of the person in whose name they would run.
        seconds: how long all checks together may take; what isn't known by then, the run checks.
    """

    def __init__(
        self, bot: commands.Bot, guild: discord.Guild, person: str, seconds: float = SECONDS
    ) -> None:
        self._bot, self._guild, self._person = bot, guild, person
        self._until = asyncio.get_running_loop().time() + seconds

    async def against(
        self,
        spec: MethodSpec,
        params: Mapping[str, Any],
        known: Mapping[int, Channel] = MappingProxyType({}),
    ) -> str | None:
        """Return why a job would fail at each run, in the reader's language; None if no reason is known.

        Parameters:
            spec: what the method declares.
            params: the job's params.
            known: channels that are not in the cache.
        """
        wrong = wrong_kind(spec, params, self._guild, known)
        return wrong if wrong is not None else await self._asked(spec, params)

    async def _asked(self, spec: MethodSpec, params: Mapping[str, Any]) -> str | None:
        if spec.check is None:
            return None
        try:
            with running(RunContext(guild_id=str(self._guild.id), creator_id=self._person)):
                async with asyncio.timeout_at(self._until):
                    await spec.check(self._bot, check_params(spec, params))
        except JobFailed as error:
            # An outage of Discord says nothing about the job.
            return translated(error.message) if error.retry_after is None else None
        except ParameterError as error:
            return translated(error.message)
        except TimeoutError:
            log.info("the check of %s took too long; its runs check again", spec.name)
        except Exception:
            log.exception("the check of %s failed", spec.name)
        return None


def wrong_kind(
    spec: MethodSpec,
    params: Mapping[str, Any],
    guild: discord.Guild,
    known: Mapping[int, Channel] = MappingProxyType({}),
) -> str | None:
    """Return a sentence about the first channel whose type the job doesn't take; None if there is none.

    Forms offer the right types only, but a file, a copied job or a channel that was converted may differ.
    """
    values = read_params(spec, params).values
    for parameter in spec.parameters:
        value = values.get(parameter.name)
        if parameter.kind not in (Kind.CHANNEL, Kind.CHANNELS) or not parameter.channels:
            continue
        for channel_id in value if isinstance(value, list) else [value]:
            channel = guild.get_channel_or_thread(channel_id) or known.get(channel_id) if channel_id else None
            # To the API, a media channel is a forum that shows pictures.
            if channel is not None and channel.type.name.replace("media", "forum") not in parameter.channels:
                return t(
                    "This job doesn't work in {channel}, which is the wrong kind of channel. "
                    "Choose one from the list.",
                    channel=channel.mention,
                )
    return None
