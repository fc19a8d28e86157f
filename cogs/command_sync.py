"""Keep the commands on Discord the same as those in the bot's tree.

A list is sent only if it has changed, or if Discord no longer has what it took last. It is sent once the bot
is ready, and again when sprockets bring or take commands, in a task that stops nothing else: what Discord
refuses is logged, noted for `/schedule status`, and offered again if waiting can help. Discord keeps the old
list until it takes the new one.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import discord
from discord.ext import commands

from cogs import command_mentions
from cogs.background.supervisor import Kept, Supervisor
from cogs.command_refusals import (
    Cause,
    Payload,
    Refusal,
    fingerprint,
    for_a_guild,
    refusal_of,
    told,
    without_user_install,
)
from cogs.memory import Memory
from schedulezero import instants
from schedulezero.errors import ScheduleZeroError
from schedulezero.instants import from_iso, to_iso

log = logging.getLogger(__name__)

_KIND = "commands"
_PART = "offering the commands"
_FIRST_ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Offered:
    """How a list of commands stands at Discord.

    Attributes:
        ids: the id of each command that Discord has, by its name.
        refusal: why it didn't take the newest list, as `cogs.command_refusals.told` reads it; None if it did.
        again_at: when that is offered again; None if only a change helps.
        reduced: whether it was taken without what an app needs User Install for.
    """

    ids: dict[str, str] = field(default_factory=dict[str, str])
    refusal: dict[str, str] | None = None
    again_at: datetime | None = None
    reduced: bool = False


@dataclass(slots=True)
class _Scope:
    """The global commands, or those of one guild, while they are offered."""

    wanted: bool = True
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    work: Kept | None = None
    pausing: bool = False
    """Whether it waits until it may offer them again."""
    taken: str | None = None
    """The fingerprint of the list that Discord has just taken, until the work ends."""


class CommandSync:
    """Offers a bot's commands.

    Parameters:
        memory: the bot's own tables, where it notes what Discord took.
        supervisor: keeps the attempts alive.
    """

    def __init__(self, memory: Memory, supervisor: Supervisor) -> None:
        self._memory, self._supervisor = memory, supervisor
        self._scopes: dict[int | None, _Scope] = {}

    def offer(self, bot: commands.Bot, guild_id: int | None = None) -> None:
        """Begin to offer the tree's commands as they are now, or go on with it.

        Parameters:
            bot: the bot, logged in.
            guild_id: the guild whose own commands are meant; None for the global ones.
        """
        scope = self._scopes.get(guild_id)
        if scope is not None and scope.work is not None and not scope.work.done:
            scope.wanted = True
            if not scope.pausing:
                scope.answered.clear()  # what was answered until now isn't about the present list
            return
        scope = self._scopes[guild_id] = _Scope()
        scope.work = self._supervisor.keep(_PART, lambda: self._keep_offering(bot, guild_id, scope))

    async def offer_changes(self, bot: commands.Bot) -> None:
        """Begin to offer the global commands, unless Discord took just these last; it isn't asked."""
        mark = await self.mark(bot)
        note = await self._memory.kept(_KIND, _key(bot, None)) or {}
        if note.get("fingerprint") != mark or note.get("refusal") is not None:
            self.offer(bot)

    async def mark(self, bot: commands.Bot) -> str:
        """Return what tells the tree's global commands, as they are now, from others."""
        return fingerprint(await _payload(bot, None))

    async def offered(self, bot: commands.Bot, guild_id: int | None = None) -> Offered:
        """Offer the commands, and return how they stand once Discord has answered, or after ten seconds."""
        self.offer(bot, guild_id)
        try:
            async with asyncio.timeout(_FIRST_ANSWER_SECONDS):
                await self._scopes[guild_id].answered.wait()
        except TimeoutError:
            late = Refusal(Cause.AWAY, "no answer yet")
            return Offered(refusal=late.to_json(), again_at=instants.now())
        return await self.state(bot, guild_id)

    async def state(self, bot: commands.Bot, guild_id: int | None = None) -> Offered:
        """Return how the commands stand, as the process that offers them noted it."""
        note = await self._memory.kept(_KIND, _key(bot, guild_id)) or {}
        versions: dict[str, list[str]] = note.get("versions", {})
        again_at = note.get("again_at")
        return Offered(
            ids={name: found[0] for name, found in versions.items()},
            refusal=note.get("refusal"),
            again_at=from_iso(again_at) if again_at is not None else None,
            reduced=bool(note.get("reduced")),
        )

    async def close(self) -> None:
        """End all attempts."""
        for scope in self._scopes.values():
            if scope.work is not None:
                await scope.work.close()
        self._scopes.clear()

    async def _keep_offering(self, bot: commands.Bot, guild_id: int | None, scope: _Scope) -> None:
        attempt = 0
        try:
            while scope.wanted:
                scope.wanted = False
                refusal = await self._offer(bot, guild_id, attempt, scope)
                pause = refusal.retry_after if refusal is not None else None
                if pause is not None or not scope.wanted:
                    scope.answered.set()
                if pause is not None:
                    scope.wanted = scope.pausing = True
                    attempt += 1
                    await self._supervisor.waiting.sleep(pause)
                    scope.pausing = False
        finally:
            scope.answered.set()

    async def _offer(
        self, bot: commands.Bot, guild_id: int | None, attempt: int, scope: _Scope
    ) -> Refusal | None:
        """Offer the commands once; note, log and return a refusal."""
        payload: Payload = []
        try:
            payload = await _payload(bot, guild_id)
            if (mark := fingerprint(payload)) != scope.taken:
                await self._send(bot, guild_id, payload)
                scope.taken = mark
            return None
        except Exception as error:
            refusal = refusal_of(error, payload, attempt)
            if refusal.cause is Cause.FAULT:
                log.exception("the commands could not be offered")
            if refusal.retry_after is not None:
                self._supervisor.note(_PART, error)
        again_at = None
        if refusal.retry_after is not None:
            again_at = instants.now() + timedelta(seconds=refusal.retry_after)
        where = "" if guild_id is None else f" (of guild {guild_id})"
        said = told(refusal.to_json(), to_iso(again_at) if again_at is not None else "")
        log.warning("commands%s: %s", where, said)
        try:
            await self._note_refusal(bot, guild_id, refusal, again_at)
        except ScheduleZeroError as error:
            log.warning("that the commands were refused cannot be noted: %s", error)
        return refusal

    async def _send(self, bot: commands.Bot, guild_id: int | None, payload: Payload) -> None:
        """Send a list unless Discord has it, and note what it took; raises what discord.py raises."""
        key, mark = _key(bot, guild_id), fingerprint(payload)
        note = await self._memory.kept(_KIND, key) or {}
        # A reduced list is offered whole again: User Install may have been switched on.
        if note.get("fingerprint") == mark and not note.get("reduced"):
            listed = await _present(bot, guild_id)
            if _versions(listed) == note.get("versions"):
                _learn(listed, guild_id)
                if note.get("refusal") is not None:
                    await self._memory.put(_KIND, key, {**note, "refusal": None, "again_at": None})
                return
        reduced = False
        try:
            taken = await _replace(bot, guild_id, payload)
        except discord.HTTPException as error:
            less = without_user_install(payload)
            if less is None or not refusal_of(error, payload, 0).install:
                raise
            log.warning("`/remind` is offered in servers only, because the app has no User Install")
            taken, reduced = await _replace(bot, guild_id, less), True
        log.info("offered %s commands", len(taken))
        _learn(taken, guild_id)
        await self._memory.put(
            _KIND,
            key,
            {"fingerprint": mark, "versions": _versions(taken), "reduced": reduced},
        )

    async def _note_refusal(
        self, bot: commands.Bot, guild_id: int | None, refusal: Refusal, again_at: datetime | None
    ) -> None:
        key = _key(bot, guild_id)
        note = await self._memory.kept(_KIND, key) or {}
        told_at = to_iso(again_at) if again_at is not None else None
        await self._memory.put(_KIND, key, {**note, "refusal": refusal.to_json(), "again_at": told_at})


def _learn(listed: list[Any], guild_id: int | None) -> None:
    if guild_id is None:  # the commands of a guild have another id in each
        command_mentions.learn(listed)


def _key(bot: commands.Bot, guild_id: int | None) -> str:
    # Notes whose key ends with a guild's id are deleted with the guild.
    return f"{bot.application_id}:{guild_id or 'global'}"


def _versions(listed: list[Any]) -> dict[str, list[str]]:
    """Return each command's id and version, which changes with the command, by its name and kind."""
    return {
        f"{item['name']}:{item.get('type', 1)}": [str(item["id"]), str(item.get("version", ""))]
        for item in listed
    }


async def _payload(bot: commands.Bot, guild_id: int | None) -> Payload:
    """Return the tree's commands as Discord takes them, as discord.py's own ``sync`` does."""
    tree = bot.tree
    guild = discord.Object(guild_id) if guild_id is not None else None
    found: Payload = []
    for command in tree.get_commands(guild=guild):
        if tree.translator is not None:
            found.append(await command.get_translated_payload(tree, tree.translator))
        else:
            found.append(command.to_dict(tree))
    if guild_id is not None:
        return for_a_guild(found)
    # `dm_permission` is what `contexts` was before; discord.py sends both, and they may contradict.
    return [
        {key: value for key, value in item.items() if key != "dm_permission" or not item.get("contexts")}
        for item in found
    ]


async def _present(bot: commands.Bot, guild_id: int | None) -> list[Any]:
    """Return the commands that Discord has."""
    application_id = _application_id(bot)
    if guild_id is None:
        return await bot.http.get_global_commands(application_id)
    return await bot.http.get_guild_commands(application_id, guild_id)


async def _replace(bot: commands.Bot, guild_id: int | None, payload: Payload) -> list[Any]:
    """Replace the commands that Discord has, and return them as it took them."""
    application_id, sent = _application_id(bot), list[Any](payload)
    if guild_id is None:
        return await bot.http.bulk_upsert_global_commands(application_id, payload=sent)
    return await bot.http.bulk_upsert_guild_commands(application_id, guild_id, payload=sent)


def _application_id(bot: commands.Bot) -> int:
    if bot.application_id is None:
        raise discord.app_commands.MissingApplicationID
    return bot.application_id
