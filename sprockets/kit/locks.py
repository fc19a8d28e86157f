"""Locks of channels, threads, categories and whole servers, and what each lock found.

A lock saves for each channel what it found and what it set, before it changes anything. It stands while
@everyone is denied what the lock denied. Whoever changes that by hand lifts the lock: the saved permissions
die with it, so that no later unlock can bring them back.

A channel can be locked for several reasons at once, such as for an evening and with the whole server. Each
ending takes its own reason back, and the last one opens the channel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import discord
from discord.ext import commands

from schedulezero.handler.run_context import current_run
from schedulezero.methods.host import host_of
from schedulezero.methods.members import member_of
from schedulezero.methods.note_kinds import LOCK
from schedulezero.sentences import Sentence
from sprockets.kit.asking import asking_discord
from sprockets.kit.follow_up import debt_about, note_left, replaced
from sprockets.kit.lookups import GuildChannel
from sprockets.kit.thread_flags import BEFORE, Flags, flags_of, steps, thread_about
from sprockets.kit.turns import turn
from sprockets.kit.write_access import (
    WRITING,
    Overwrite,
    Person,
    Place,
    closed_in,
    still_writing,
    to_close,
    writing_moderators,
)

NOBODY = ""
"""Stands for the creator of a job that has none."""


@dataclass(slots=True)
class Lock:
    """What is noted about a locked channel.

    Attributes:
        guild_id: the channel's guild.
        closed: the permissions that the lock takes away.
        reasons: why it is locked: what each lock is about.
        run_id: the run that locked it.
        done: whether everything is set.
        lifted: whether somebody opened it by hand since.
        found, set: the channel's overwrites before the lock, and as the lock set them.
        thread: for a thread, whether it was locked before; None for a channel.
        archived: for a thread, whether it was archived before.
        paused: for a thread, whether a job of the bot's has changed its state since, for a while.
        by: the creators of the jobs that locked it. If there is one, an unlock that they planned ends the
            lock, whoever they are by then. Empty for a lock of an earlier version.
    """

    guild_id: str
    closed: int
    reasons: list[str] = field(default_factory=list[str])
    run_id: str | None = None
    done: bool = False
    lifted: bool = False
    found: dict[int, Overwrite] = field(default_factory=dict[int, Overwrite])
    set: dict[int, Overwrite] = field(default_factory=dict[int, Overwrite])
    thread: bool | None = None
    archived: bool = False
    paused: bool = False
    by: list[str] = field(default_factory=list[str])

    def to_note(self) -> dict[str, Any]:
        return {
            "guild_id": self.guild_id,
            "closed": self.closed,
            "reasons": self.reasons,
            "run_id": self.run_id,
            "done": self.done,
            "lifted": self.lifted,
            "thread": self.thread,
            "archived": self.archived,
            "paused": self.paused,
            "by": self.by,
            "targets": [
                [str(key), item.is_role, item.allow, item.deny, self.set[key].allow, self.set[key].deny]
                for key, item in self.found.items()
            ],
        }

    @classmethod
    def from_note(cls, note: Mapping[str, Any], guild_id: int) -> Lock:
        if "overwrites" in note:  # noted by an earlier version
            found = {int(key): Overwrite(int(key), True, *pair) for key, pair in note["overwrites"].items()}
            as_set = {key: item.closed(WRITING) for key, item in found.items()}
            return cls(str(guild_id), WRITING, [], note.get("run_id"), True, found=found, set=as_set)
        lock = cls(
            guild_id=note["guild_id"],
            closed=note["closed"],
            reasons=list(note["reasons"]),
            run_id=note["run_id"],
            done=note["done"],
            lifted=note["lifted"],
            thread=note["thread"],
            archived=note.get("archived", False),  # not noted by an earlier version
            paused=note.get("paused", False),
            by=_people(note.get("by")),
        )
        for key, is_role, allow, deny, set_allow, set_deny in note["targets"]:
            lock.found[int(key)] = Overwrite(int(key), is_role, allow, deny)
            lock.set[int(key)] = Overwrite(int(key), is_role, set_allow, set_deny)
        return lock


def _people(by: object) -> list[str]:
    """Return who locked a channel; an earlier version noted one person, or none."""
    if isinstance(by, list):
        return [str(item) for item in cast("list[object]", by)]
    return [by] if isinstance(by, str) else []


async def lock_of(bot: object, channel_id: int, guild_id: int) -> Lock | None:
    """Return what is noted about a channel's lock; None if the bot hasn't locked it."""
    note = await host_of(bot).memory.kept(LOCK, str(channel_id))
    return Lock.from_note(note, guild_id) if note is not None else None


async def save(bot: object, channel_id: int, lock: Lock) -> None:
    """Note a channel's lock."""
    await host_of(bot).memory.put(LOCK, str(channel_id), lock.to_note())


async def forget(bot: object, channel_id: int) -> None:
    """Forget a channel's lock."""
    await host_of(bot).memory.forget(LOCK, str(channel_id))


def stands(lock: Lock, channel: GuildChannel) -> bool:
    """Return whether a channel is still locked as the lock left it."""
    if isinstance(channel, discord.Thread):
        return not lock.lifted and channel.locked
    everyone = channel.overwrites_for(channel.guild.default_role).pair()[1].value
    return not lock.lifted and everyone & lock.closed == lock.closed


async def note_lifted(bot: commands.Bot, channel: GuildChannel) -> None:
    """Note that somebody opened a locked channel by hand, if so; called after each change of a channel."""
    async with _turn(channel.id):
        lock = await lock_of(bot, channel.id, channel.guild.id)
        if lock is None or not lock.done or lock.lifted or lock.paused or stands(lock, channel):
            return
        # What the event says may be older than what the lock did.
        if not stands(lock, await _fresh(bot, channel)):
            lock.lifted, lock.found, lock.set = True, {}, {}
            await save(bot, channel.id, lock)


@dataclass(frozen=True, slots=True)
class Locked:
    """The result of a lock.

    Attributes:
        new: whether the channel was open before.
        open_to: mentions of the roles and people through whom somebody can still write.
        unable: names of the permissions that the bot can't deny, because it lacks them.
        connected: how many people are in the voice channel; None if Discord doesn't tell the bot.
        moderators: mentions of the roles that manage here and can write.
        thread: whether it is a thread.
    """

    new: bool
    open_to: tuple[str, ...] = ()
    unable: tuple[str, ...] = ()
    connected: int | None = 0
    moderators: tuple[str, ...] = ()
    thread: bool = False


async def begins(bot: commands.Bot, channel: GuildChannel) -> bool:
    """Return whether this run is the one that locks a channel, and not a repeated lock."""
    lock = await lock_of(bot, channel.id, channel.guild.id)
    run_id = current_run().run_id
    return lock is None or not stands(lock, channel) or (run_id is not None and lock.run_id == run_id)


def _turn(channel_id: int) -> asyncio.Lock:
    """Return the turn for a lock or unlock of a channel: both read, change and save its note."""
    return turn(f"lock:{channel_id}")


async def lock(
    bot: commands.Bot, channel: GuildChannel, about: str, reason: str, *, archived: bool = False
) -> Locked:
    """Lock a channel or thread, and return who can still write.

    Parameters:
        bot: the bot.
        channel: what to lock.
        about: what this lock is about; its ending takes it back.
        reason: for the audit log.
        archived: for a thread, whether it was archived when the run began; a post in it has opened it since.
    """
    async with (
        _turn(channel.id),
        asking_discord(Sentence("lock #{channel}", "doing_lock", channel=channel.name)),
    ):
        channel = await _fresh(bot, channel)
        me = channel.guild.me
        wanted = closed_in(channel.type)
        closing = wanted & me.guild_permissions.value
        run_id, earlier = current_run().run_id, await lock_of(bot, channel.id, channel.guild.id)
        mine = earlier is not None and run_id is not None and earlier.run_id == run_id and not earlier.lifted
        keeps = earlier is not None and (mine or stands(earlier, channel))
        kept = earlier if keeps and earlier is not None else Lock(str(channel.guild.id), closing)
        before = kept.by or ([NOBODY] if keeps and not mine else [])
        kept.by = list(dict.fromkeys([*before, current_run().creator_id or NOBODY]))
        kept.run_id = kept.run_id if keeps else run_id
        kept.reasons = list(dict.fromkeys([*kept.reasons, about]))
        if isinstance(channel, discord.Thread):
            if earlier is not None and earlier.paused and not keeps:
                await _hand_over(bot, channel, earlier)
            if not keeps:
                kept.thread, kept.archived = channel.locked, archived or channel.archived
            await save(bot, channel.id, kept)
            if not channel.locked:
                await channel.edit(archived=False, locked=True, reason=reason)
            kept.done = True
            await save(bot, channel.id, kept)
            return Locked(new=not keeps or mine, thread=True)
        open_to: Collection[int] = ()
        writing: Collection[int] = ()
        for is_first in (True, False):  # a second time for what others changed at the same moment
            place = await _place(channel)
            changes = to_close(place, closing)
            for item in changes:
                kept.found.setdefault(item.id, place.overwrite(item.id, is_role=item.is_role))
                kept.set[item.id] = item
            # Saved before anything changes: whoever dies here knows what to restore.
            everyone = place.overwrite(place.guild_id, is_role=True)
            kept.found.setdefault(everyone.id, everyone)
            kept.set.setdefault(everyone.id, everyone.closed(closing))
            kept.closed = closing
            await save(bot, channel.id, kept)
            made: list[int] = []
            try:
                await _put(channel, changes, reason, made)
            except (discord.HTTPException, discord.RateLimited) as error:
                if not keeps and is_first and not made and _was_refused(error):
                    # Nothing was closed. Who closes it by hand later isn't undone by this lock's end.
                    await forget(bot, channel.id)
                raise
            channel = await _fresh(bot, channel)
            now = await _place(channel)
            open_to, writing = still_writing(now, closing), writing_moderators(now, closing)
            if not open_to:
                break
        kept.done = True
        await save(bot, channel.id, kept)
    unable = [name for name, value in discord.Permissions(wanted & ~closing) if value]
    connected = _connected(bot, channel)
    mentions = tuple(_mention(channel.guild, item) for item in open_to)
    moderators = tuple(_mention(channel.guild, item) for item in writing)
    return Locked(not keeps or mine, mentions, tuple(unable), connected, moderators)


def _connected(bot: commands.Bot, channel: GuildChannel) -> int | None:
    """Return how many people are in a voice channel; None if the bot has no intent to be told."""
    if not isinstance(channel, discord.VoiceChannel | discord.StageChannel):
        return 0
    if not bot.intents.voice_states:
        return None
    return sum(user_id != channel.guild.me.id for user_id in channel.voice_states)


async def moderators_of(channels: Iterable[GuildChannel]) -> list[str]:
    """Return mentions of the moderators' roles that could write in channels while those are locked."""
    found: dict[str, None] = {}
    for channel in channels:
        if isinstance(channel, discord.Thread):
            continue
        place, closing = await _place(channel), closed_in(channel.type)
        shut = place.with_changes(to_close(place, closing))
        found |= dict.fromkeys(_mention(channel.guild, item) for item in writing_moderators(shut, closing))
    return list(found)


async def unlock(bot: commands.Bot, channel: GuildChannel, lock: Lock, about: str | None, reason: str) -> str:
    """Undo a lock, as far as the channel still is as the lock left it; return what became of it.

    Parameters:
        bot: the bot.
        channel: what to unlock.
        lock: what was noted about it.
        about: the reason that ends; None to end all of them.
        reason: for the audit log.

    Returns ``open``, ``lifted`` if somebody opened it by hand, or ``locked`` if another reason remains, or if
    the same lock was renewed since.
    """
    async with (
        _turn(channel.id),
        asking_discord(Sentence("unlock #{channel}", "doing_unlock", channel=channel.name)),
    ):
        if about is not None and await replaced(bot, about):
            return "locked"  # a lock that begins when the one before ends
        channel = await _fresh(bot, channel)
        if (noted := await lock_of(bot, channel.id, channel.guild.id)) is not None:
            # Another ending may have come since, or somebody lifted it.
            lock.reasons, lock.lifted = noted.reasons, lock.lifted or noted.lifted
            lock.thread, lock.archived, lock.paused = noted.thread, noted.archived, noted.paused
        left = [item for item in lock.reasons if about is not None and item != about]
        if left and (lock.paused or stands(lock, channel)):
            lock.reasons = left
            await save(bot, channel.id, lock)
            return "locked"
        if lock.paused and await _hand_over(bot, channel, lock):
            await forget(bot, channel.id)
            return "open"
        if not stands(lock, channel):
            await forget(bot, channel.id)
            return "lifted"
        if isinstance(channel, discord.Thread):
            await _restore(bot, channel, lock, lambda: _open_thread(channel, lock, reason))
            return "open"
        place = await _place(channel)
        # @everyone last: while it is closed, a repeated call knows that there is more to restore.
        await _restore(bot, channel, lock, lambda: _put(channel, _restored(lock, place), reason))
    return "open"


async def _hand_over(bot: commands.Bot, thread: GuildChannel, lock: Lock) -> bool:
    """Let the ending of a thread's state restore what a lock found, as the lock is over before it.

    Returns whether there is such an ending.
    """
    about = thread_about(thread.id)
    if await debt_about(bot, about) is None:
        return False
    await note_left(bot, about, **{BEFORE: [lock.archived, bool(lock.thread)]})
    return True


async def _open_thread(channel: discord.Thread, lock: Lock, reason: str) -> None:
    if lock.thread:
        return
    for flags in steps(flags_of(channel), Flags(lock.archived, False)):
        await channel.edit(archived=flags.archived, locked=flags.locked, reason=reason)


async def _restore(
    bot: commands.Bot, channel: GuildChannel, lock: Lock, do: Callable[[], Awaitable[None]]
) -> None:
    """Open what a lock closed; what changes in the meantime is no doing of other people."""
    lock.done = False
    await save(bot, channel.id, lock)
    try:
        await do()
    except BaseException:
        lock.done = True  # it may be lifted by hand before the next attempt
        await save(bot, channel.id, lock)
        raise
    await forget(bot, channel.id)


def _restored(lock: Lock, place: Place) -> list[Overwrite]:
    """Return the overwrites as they were, bit for bit where the lock's own value still stands."""
    changes: list[Overwrite] = []
    for key in sorted(lock.found, key=lambda item: item == place.guild_id):
        found, as_set = lock.found[key], lock.set[key]
        now = place.overwrite(key, is_role=found.is_role)
        untouched = ~(now.allow ^ as_set.allow) & ~(now.deny ^ as_set.deny) & lock.closed
        was = Overwrite(
            key,
            found.is_role,
            now.allow & ~untouched | found.allow & untouched,
            now.deny & ~untouched | found.deny & untouched,
        )
        gone = found.is_role and key not in place.roles
        if was != now and not gone:
            changes.append(was)
    return changes


async def clear(bot: commands.Bot, channel: discord.abc.GuildChannel, reason: str) -> None:
    """Take away what keeps @everyone from writing in a channel that the bot didn't lock."""
    async with asking_discord(Sentence("unlock #{channel}", "doing_unlock", channel=channel.name)):
        place = await _place(await _fresh(bot, channel))
        now = place.overwrite(place.guild_id, is_role=True)
        cleared = Overwrite(now.id, True, now.allow, now.deny & ~closed_in(channel.type))
        if cleared != now:
            await _put(channel, [cleared], reason)


async def _fresh(bot: commands.Bot, channel: GuildChannel) -> Any:
    return await bot.fetch_channel(channel.id)


async def _place(channel: Any) -> Place:
    """Return what decides who can write in a channel."""
    guild, me = channel.guild, channel.guild.me
    overwrites: list[Overwrite] = []
    people: dict[int, Person] = {}
    for target, overwrite in channel.overwrites.items():
        kind = target.type if isinstance(target, discord.Object) else type(target)
        is_role = issubclass(kind, discord.Role)
        allow, deny = overwrite.pair()
        overwrites.append(Overwrite(target.id, is_role, allow.value, deny.value))
        if not is_role and target.id != me.id:
            try:
                member = await member_of(guild, target.id)
            except discord.NotFound:
                continue
            people[member.id] = _person(member)
    return Place(
        guild_id=guild.id,
        roles={role.id: role.permissions.value for role in guild.roles},
        overwrites=tuple(overwrites),
        people=people,
        me=_person(me),
        mine=guild.self_role.id if guild.self_role is not None else None,
    )


def _person(member: discord.Member) -> Person:
    return Person(member.id, frozenset(role.id for role in member.roles if not role.is_default()))


def _was_refused(error: Exception) -> bool:
    """Return whether a request that failed certainly had no effect."""
    return not isinstance(error, discord.HTTPException) or error.status < 500


async def _put(
    channel: Any, changes: Iterable[Overwrite], reason: str, made: list[int] | None = None
) -> None:
    """Set overwrites, also of people who left, for whom discord.py has no object.

    Those that were set are added to ``made``.
    """
    http: Any = channel._state.http
    for item in changes:
        try:
            if item.allow or item.deny:
                kind = 0 if item.is_role else 1
                await http.edit_channel_permissions(
                    channel.id, item.id, str(item.allow), str(item.deny), kind, reason=reason
                )
            else:
                await http.delete_channel_permissions(channel.id, item.id, reason=reason)
            if made is not None:
                made.append(item.id)
        except discord.NotFound:
            continue  # the role was deleted, or the person left, a moment ago


def _mention(guild: discord.Guild, target_id: int) -> str:
    role = guild.get_role(target_id)
    return role.mention if role is not None else f"<@{target_id}>"
