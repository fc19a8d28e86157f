"""What happens with a post: published, pinned, given reactions, a thread and an end; the one before replaced.

Everything is a step of the run, so that none happens twice and none is lost if the process dies. What fails
for good, such as for a missing permission, neither undoes nor repeats the post: the run says which part
failed. What Discord only puts off is tried again, with the other parts' results kept.

A post that stays its channel's last message moves (`sprockets.kit.sticky`): each time it is a new message.
So it can't be published, pinned, or have reactions, a thread or an end of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

import discord
from discord.ext import commands

from schedulezero.compose import limits
from schedulezero.errors import Gone, JobFailed
from schedulezero.handler.steps import step
from schedulezero.methods.host import host_of
from schedulezero.methods.note_kinds import FOLLOW_UP
from schedulezero.sentences import Sentence, present_fields
from sprockets.kit.asking import LIMITED_SECONDS, REASON, asking_discord, refused_with
from sprockets.kit.follow_up import call_off, follow_up
from sprockets.kit.last_posts import Post, add_post, change_post
from sprockets.kit.lookups import GuildChannel
from sprockets.kit.messages import expect_texts, fitting, text_for
from sprockets.kit.own_posts import delete_own
from sprockets.kit.reactions import emojis_in
from sprockets.kit.sticky import end_sticky, make_sticky

FAILED = "failed_afterwards"
"""Key of a post's result: the parts that failed for good, each with its ``error``."""
_PUBLISHED_ALREADY, _FULL_PINS, _HAS_THREAD = 40033, 30003, 160004
_MOVES = ("publish", "pin", "delete_after", "reactions", "thread")
"""What a post can't have that moves."""
_NOT_IN_FORUMS = (
    "publish",
    "pin",
    "replace",
    "delete_after",
    "thread",
    "sticky",
    "quiet_for",
    "messages_since",
)
"""What a post of its own in a forum can't have: other people's answers are in it."""


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What happens with a post, as the parameters of ``send_post`` say it.

    Attributes:
        publish: publish it to the servers that follow an announcement channel.
        pin: pin it, and unpin the one before.
        replace: delete the one before.
        delete_after: delete it after this time.
        reactions: emojis to react with.
        thread: title of a thread to open under it, with variables.
        sticky: keep it the last message of the channel.
        quiet_for, messages_since: whether to post at all; see `sprockets.kit.conditions`.
    """

    publish: bool = False
    pin: bool = False
    replace: bool = False
    delete_after: timedelta | None = None
    reactions: str = ""
    thread: str = ""
    sticky: bool = False
    quiet_for: timedelta | None = None
    messages_since: int | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Afterwards:
        """Return what a job's params say, among other things."""
        return cls(**{item.name: params[item.name] for item in fields(cls) if item.name in params})

    @property
    def cares(self) -> bool:
        """Whether something happens with the post before this one."""
        return self.pin or self.replace or self.sticky


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of it.

    Attributes:
        done: what programs should know: ``published``, ``pinned``, ``thread_id``, ``deleted_at`` and so on.
        failed: why parts failed that aren't tried again.
    """

    done: dict[str, Any] = field(default_factory=dict[str, Any])
    failed: tuple[Sentence, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as a part of the post's result."""
        failed = [present_fields("error", item) for item in self.failed]
        return {**self.done, **({FAILED: failed} if failed else {})}


async def afterwards(
    bot: commands.Bot, channel: GuildChannel, posted: Mapping[str, Any], options: Afterwards
) -> Followed:
    """Do with a post what its job wants, each part once in the current run.

    Parameters:
        bot: The bot.
        channel: The channel that the job names, such as a forum.
        posted: The result of the post, as `sprockets.kit.posting.posted` returns it.
        options: What to do.

    Raises JobFailed if Discord is down or asks to wait for a short while; what was done is done then.
    """
    work = _Work(bot, channel, Post.of(posted), str(posted["url"]), options)
    await work.note()
    if options.delete_after is not None:
        await work.attempt(work.delete_later)
    for wanted, part in (
        (options.publish and _can_publish(channel), work.publish),
        (options.reactions, work.react),
        (options.thread, work.open_thread),
        (options.pin, work.pin),
        (options.sticky, work.stick),
        (options.replace or options.sticky, work.replace),
    ):
        if wanted:
            await work.attempt(part)
    if not options.sticky:
        await work.attempt(work.unstick)
    if work.away is not None:
        raise work.away
    return Followed(work.done, tuple(work.failed))


@dataclass
class _Work:
    """The parts, for one post."""

    bot: commands.Bot
    channel: GuildChannel
    post: Post
    url: str
    options: Afterwards
    before: list[Post] = field(default_factory=list[Post])
    done: dict[str, Any] = field(default_factory=dict[str, Any])
    failed: list[Sentence] = field(default_factory=list[Sentence])
    away: JobFailed | None = None

    async def attempt(self, part: Callable[[], Awaitable[None]]) -> None:
        """Do a part; a failure keeps no other part from being done."""
        try:
            await part()
        except JobFailed as error:
            if error.retry_after is not None:
                self.away = self.away or error
            else:
                said = error.message
                self.failed.append(said if isinstance(said, Sentence) else Sentence(said))

    @property
    def message(self) -> discord.PartialMessage:
        """The post, which nothing is asked about."""
        return self._place(self.post).get_partial_message(self.post.message_id)

    def _place(self, post: Post) -> Any:
        if post.channel_id == self.channel.id:
            return self.channel
        return self.bot.get_partial_messageable(post.channel_id, guild_id=self.channel.guild.id)

    async def note(self) -> None:
        """Note the post, and find out which ones came before; the first answer counts in this run."""

        async def do(_: dict[str, Any]) -> dict[str, Any]:
            older = await add_post(
                self.bot, self.channel.id, self.channel.guild.id, self.post, cares=self.options.cares
            )
            return {"before": [item.to_json() for item in older]}

        found = await step(f"note:{self.post.message_id}", do)
        self.before = [Post.from_json(item) for item in found["before"]]

    async def delete_later(self) -> None:
        assert self.options.delete_after is not None
        name = Sentence("Delete the post in #{channel}", "ending_post", channel=self.channel.name)
        at = discord.utils.snowflake_time(self.post.message_id).replace(microsecond=0)
        left = {"post": self.post.to_json()}
        due = at + self.options.delete_after
        owed = await follow_up(
            self.bot, about(self.post), "withdraw_post", {"message_url": self.url}, due, name, left
        )
        self.done["deleted_at"] = owed["at"]

    async def publish(self) -> None:
        async def do(_: dict[str, Any]) -> dict[str, Any]:
            try:
                async with asking_discord(
                    Sentence("publish the post in #{channel}", "doing_publish", channel=self.channel.name)
                ):
                    await self.message.publish()
            except JobFailed as error:
                if error.limited and (error.retry_after or 0) > LIMITED_SECONDS:
                    raise _too_many_published(self.channel, error.retry_after) from error
                if refused_with(error) != _PUBLISHED_ALREADY:
                    raise
            return {}

        await step(f"publish:{self.post.message_id}", do)
        self.done["published"] = True

    async def react(self) -> None:
        async def do(plan: dict[str, Any]) -> dict[str, Any]:
            # To react once more with the same emoji changes nothing. One that is refused keeps no other away.
            refused: JobFailed | None = None
            for emoji in plan["emojis"]:
                try:
                    async with asking_discord(
                        Sentence(
                            "react with {emoji} in #{channel}",
                            "doing_react",
                            emoji=emoji,
                            channel=self.channel.name,
                        )
                    ):
                        await self.message.add_reaction(emoji)
                except JobFailed as error:
                    if error.retry_after is not None:
                        raise
                    refused = refused or error
            if refused is not None:
                raise refused
            return {}

        plan = {"emojis": await emojis_in(self.channel.guild, self.options.reactions)}
        await step(f"react:{self.post.message_id}", do, plan=plan)

    async def open_thread(self) -> None:
        """Open a thread under the post; it has the message's id, so a message has one at most."""

        async def do(plan: dict[str, Any]) -> dict[str, Any]:
            try:
                async with asking_discord(
                    Sentence("create a thread in #{channel}", "doing_open_thread", channel=self.channel.name)
                ):
                    await self.message.create_thread(name=plan["title"], reason=REASON)
            except JobFailed as error:
                if refused_with(error) != _HAS_THREAD:
                    raise
            return {"thread_id": str(self.post.message_id)}

        async def find(_: dict[str, Any], _since: datetime) -> dict[str, Any] | None:
            try:
                async with asking_discord(
                    Sentence(
                        "look for a thread in #{channel}", "doing_find_thread", channel=self.channel.name
                    )
                ):
                    await self.bot.fetch_channel(self.post.message_id)
            except Gone:
                return None
            return {"thread_id": str(self.post.message_id)}

        title = " ".join(text_for(self.channel.guild, self.options.thread).split())
        fitting(title, limits.THREAD_TITLE.most, "title of the thread")
        self.done |= await step(f"thread:{self.post.message_id}", do, plan={"title": title}, find=find)

    async def pin(self) -> None:
        """Pin the post, and unpin the ones before; first these if there is no room."""

        async def do(_: dict[str, Any]) -> dict[str, Any]:
            async with asking_discord(
                Sentence("pin the post in #{channel}", "doing_pin", channel=self.channel.name)
            ):
                await self.message.pin(reason=REASON)
            await self._change(self.post, replace(self.post, pinned=True))
            return {}

        key = f"pin:{self.post.message_id}"
        try:
            await step(key, do)
        except JobFailed as error:
            if refused_with(error) != _FULL_PINS or not any(item.pinned for item in self.before):
                raise
            await self._unpin_before()
            await step(key, do)
        self.done["pinned"] = True
        await self._unpin_before()

    async def _unpin_before(self) -> None:
        for item in self.before:
            if item.pinned:
                await self._unpin(item)

    async def _unpin(self, post: Post) -> None:
        async def do(_: dict[str, Any]) -> dict[str, Any]:
            place = self._place(post)
            try:
                async with asking_discord(
                    Sentence(
                        "unpin the previous post in #{channel}",
                        "doing_unpin_previous",
                        channel=self.channel.name,
                    )
                ):
                    message = await place.fetch_message(post.message_id)
                    if message.pinned:
                        await message.unpin(reason=REASON)
            except Gone:
                pass  # somebody deleted it
            await self._change(post, replace(post, pinned=False) if self.options.replace else None)
            return {}

        await step(f"unpin:{post.message_id}", do)

    async def stick(self) -> None:
        async def do(_: dict[str, Any]) -> dict[str, Any]:
            await make_sticky(self.bot, self.channel, self.post)
            return {}

        await step(f"stick:{self.post.message_id}", do)
        self.done["sticky"] = True

    async def unstick(self) -> None:
        """Let the job's earlier post move no more, if it did."""
        await end_sticky(self.bot, self.channel.id)

    async def replace(self) -> None:
        """Delete the ones before, now that the new one is there; one that is gone is fine."""
        for post in self.before:
            await self._delete(post)
        self.done["replaced"] = bool(self.before)

    async def _delete(self, post: Post) -> None:
        async def do(_: dict[str, Any]) -> dict[str, Any]:
            deleted = await delete_own(
                self.bot,
                post,
                Sentence(
                    "delete the previous post in #{channel}",
                    "doing_delete_previous",
                    channel=self.channel.name,
                ),
            )
            await self._change(post, None)
            return {"deleted": deleted}

        await step(f"delete:{post.message_id}", do)
        # An earlier run may have promised to delete it later.
        await call_off(self.bot, about(post))
        await host_of(self.bot).memory.forget(FOLLOW_UP, about(post))

    async def _change(self, before: Post, after: Post | None) -> None:
        await change_post(self.bot, self.channel.id, self.channel.guild.id, before, after)


def about(post: Post) -> str:
    """Return what the end of a post is about, as `sprockets.kit.follow_up` calls it."""
    return f"post:{post.message_id}"


def _can_publish(channel: GuildChannel) -> bool:
    return isinstance(channel, discord.TextChannel) and channel.is_news()


def _too_many_published(channel: GuildChannel, seconds: float | None) -> JobFailed:
    """https://support.discord.com/hc/en-us/articles/360032008192-Announcement-Channels-FAQ"""
    return JobFailed(
        "The post in #{channel} wasn't published: Discord allows 10 published posts per channel per "
        "hour. The next one will be possible in {minutes} min.",
        retry=False,
        code="published_too_often",
        channel=channel.name,
        minutes=max(round((seconds or 0) / 60), 1),
    )


async def expect_afterwards(
    channels: Sequence[GuildChannel], options: Afterwards, *, name: str = "", poll: bool = False
) -> None:
    """Raise JobFailed for what would fail at each run, as far as Discord tells now; for a job's check.

    Parameters:
        channels: Where the job posts.
        options: What it does with its posts.
        name: The name under which it posts, if not the bot's own.
        poll: Whether it posts a poll.
    """
    expect_possible(channels, options, poll=poll)
    if options.publish:
        _expect_publishing(channels, by_webhook=bool(name))
    for guild in {channel.guild for channel in channels}:
        await emojis_in(guild, options.reactions)
        expect_texts(guild, options.thread, limits.THREAD_TITLE.most, "title of the thread", blank=True)


def expect_possible(channels: Sequence[GuildChannel], options: Afterwards, *, poll: bool = False) -> None:
    """Raise JobFailed for what doesn't go together, or not in one of the channels.

    Parameters:
        channels: Where the job posts.
        options: What it does with its posts.
        poll: Whether it posts a poll.
    """
    wanted = [item.name for item in fields(options) if getattr(options, item.name)]
    for channel in channels:
        if isinstance(channel, discord.ForumChannel):
            for option in wanted:
                if option in _NOT_IN_FORUMS:
                    raise _cannot("not_in_forum", option, channel)
        elif options.thread and (not isinstance(channel, discord.TextChannel)):
            raise _cannot("no_thread_there", "thread", channel)
    if options.sticky and (poll or any(option in _MOVES for option in wanted)):
        raise JobFailed(
            "A post that stays the last message is reposted again and again. So it can't "
            "be a poll, it can't be published, pinned or deleted later, and it can't have "
            "reactions or a thread.",
            retry=False,
            code="sticky_moves",
        )


def _cannot(code: str, option: str, channel: GuildChannel) -> JobFailed:
    if code == "not_in_forum":
        return JobFailed(
            "#{channel} is a forum, and each run creates its own post there, so *{option}* "
            "isn't possible. Choose a text channel, or leave that option out.",
            retry=False,
            code="not_in_forum",
            channel=channel.name,
            option=_WORDS[option],
        )
    return JobFailed(
        "Threads can't be created under posts in #{channel}. Choose a text or announcement channel.",
        retry=False,
        code="no_thread_there",
        channel=channel.name,
    )


_WORDS = {
    "publish": Sentence("Publish", "option_publish"),
    "pin": Sentence("Pin", "option_pin"),
    "replace": Sentence("Replace", "option_replace"),
    "delete_after": Sentence("Delete after", "option_delete_after"),
    "thread": Sentence("Thread", "option_thread"),
    "sticky": Sentence("Sticky", "option_sticky"),
    "quiet_for": Sentence("Quiet for", "option_quiet_for"),
    "messages_since": Sentence("Messages since last post", "option_messages_since"),
}


def _expect_publishing(channels: Sequence[GuildChannel], *, by_webhook: bool) -> None:
    """Refuse what can't be published. To publish a webhook's message takes *Manage Messages*.

    https://discord.com/developers/docs/resources/message#crosspost-message
    """
    found = [channel for channel in channels if _can_publish(channel)]
    if not found:
        raise JobFailed(
            "Only posts in announcement channels can be published. Choose an announcement channel, or "
            "switch publishing off.",
            retry=False,
            code="nothing_to_publish",
        )
    for channel in found if by_webhook else ():
        if not channel.permissions_for(channel.guild.me).manage_messages:
            raise JobFailed(
                "To publish posts under another name in #{channel}, I need *Manage Messages* there.",
                retry=False,
                code="publishing_others",
                channel=channel.name,
            )
