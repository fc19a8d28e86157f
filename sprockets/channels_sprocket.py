"""Channel jobs: slow mode for some hours, and countdowns in topics and names."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeGuard

import aiohttp
import discord
from discord.ext import commands
from pydantic import Field

from schedulezero import instants
from schedulezero.compose import limits
from schedulezero.errors import DatabaseUnavailable, Gone, JobFailed
from schedulezero.handler.steps import step
from schedulezero.methods.debts import Debt
from schedulezero.methods.discord_classes import Channels
from schedulezero.methods.spec import in_channel
from schedulezero.methods.typed import AnyChannelId, Duration, LongText, job
from schedulezero.sentences import Sentence, all_in_a_row
from sprockets.kit.asking import REASON, asking_discord
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.comparing import alike
from sprockets.kit.follow_up import (
    LIFTED,
    call_off,
    debt_about,
    end_after,
    follow_up,
    note_left,
    owed,
    replaced,
    was_over,
    watched,
)
from sprockets.kit.lookups import GuildChannel, guild_channel_of
from sprockets.kit.making import making, never_made
from sprockets.kit.messages import expect_texts, fitting, text_for
from sprockets.kit.results import success
from sprockets.kit.turns import turn

log = logging.getLogger(__name__)

_SLOWEST = 6 * 3600
_PACE = timedelta(minutes=5)
"""Discord takes two changes of a topic, and two of a name, in ten minutes.

https://github.com/discord/discord-api-docs/issues/2190
"""
_WithSlowMode = (
    discord.TextChannel | discord.ForumChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
)


@job(
    needs=in_channel("channel_id", "manage_channels"),
    resumable=True,
)
async def set_slowmode(
    bot: commands.Bot,
    channel_id: Annotated[AnyChannelId, Channels(("text", "voice", "stage_voice", "forum"))],
    seconds: Annotated[int, Field(ge=0, le=_SLOWEST)],
    lasts: Annotated[Duration, Field(ge=timedelta(minutes=1), le=timedelta(days=365))] | None = None,
) -> dict[str, Any]:
    """Put a channel in slow mode, for a few hours or until further notice.

    Params:
        channel_id: Which channel
        seconds: How long each person has to wait between messages; 0 switches slow mode off
        lasts: How long it lasts. The previous state is then restored, unless someone changed it by hand
    """
    debt = await owed(bot)
    try:
        channel = await guild_channel_of(bot, channel_id)
    except Gone:
        if debt is None:
            raise
        return success(
            Sentence(
                "The channel no longer exists, so there is nothing to undo.", "channel_gone_nothing_to_undo"
            )
        )
    if not _has_slow_mode(channel):
        if debt is not None:
            said = Sentence(
                "#{channel} has no slow mode any more, so there is nothing to undo.",
                "slow_mode_nothing_to_undo",
                channel=channel.name,
            )
            return success(said, channel_id=str(channel.id))
        raise JobFailed("#{name} can't have slow mode.", retry=False, code="no_slow_mode", name=channel.name)

    about = f"slowmode:{channel.id}"

    if debt is not None:
        return await _end_slow_mode(bot, channel, seconds, debt)
    ends = end_after(lasts) if lasts is not None else None
    if ends is not None and ends <= instants.now():
        return success(was_over(ends), channel_id=str(channel.id))

    async def look(_: dict[str, Any]) -> dict[str, Any]:
        # During an earlier slow mode of this kind, the delay to restore is the one before that.
        earlier = await debt_about(bot, about) if lasts is not None else None
        untouched = (
            earlier is not None
            and not earlier.left.get(LIFTED)
            and earlier.left.get("seconds") == channel.slowmode_delay
        )
        before = earlier.params["seconds"] if earlier and untouched else channel.slowmode_delay
        left = {"seconds": earlier.left["seconds"]} if earlier and untouched else None
        return {"before": before, "stands": untouched, "left": left}

    found = await step("before", look)
    before, said = found["before"], _slowed(channel, seconds)
    if ends is not None:
        params = {"channel_id": str(channel.id), "seconds": before}
        after = await follow_up(
            bot,
            about,
            "set_slowmode",
            params,
            ends,
            Sentence(
                "Restore the previous slow mode of #{channel}", "ending_slow_mode", channel=channel.name
            ),
            left={"seconds": seconds},
            stands=found.get("stands", True),
        )
        said = all_in_a_row(said, Sentence("Until {until}.", "lasts_until", until=after["at"]))
    noting = making(bot, about, found.get("left")) if ends is not None else nullcontext()
    async with (
        turn(about),
        noting,
        asking_discord(Sentence("change the slow mode of #{channel}", "doing_slow", channel=channel.name)),
    ):
        await channel.edit(slowmode_delay=seconds, reason=REASON)
    if ends is None:
        await call_off(bot, about)  # this one is for good
    return success(said, channel_id=str(channel.id))


def _slowed(channel: _WithSlowMode, seconds: int) -> Sentence:
    if not seconds:
        return Sentence("#{channel}: slow mode is off.", "slow_mode_off", channel=channel.name)
    return Sentence(
        "#{channel}: {seconds} s between messages.", "slow_mode_set", channel=channel.name, seconds=seconds
    )


def _left_as_newer(channel: _WithSlowMode, seconds: int) -> Sentence:
    if not seconds:
        return Sentence(
            "#{channel}: slow mode has since been switched off by another job, so I left it off.",
            "slow_mode_replaced_off",
            channel=channel.name,
        )
    return Sentence(
        "#{channel}: a newer slow mode applies, so I left it at {seconds} s.",
        "slow_mode_replaced",
        channel=channel.name,
        seconds=seconds,
    )


def _left_by_hand(channel: _WithSlowMode, seconds: int) -> Sentence:
    if not seconds:
        return Sentence(
            "#{channel}: someone has since switched slow mode off, so I left it off.",
            "slow_mode_off_by_hand",
            channel=channel.name,
        )
    return Sentence(
        "#{channel}: someone has since changed slow mode, so I left it at {seconds} s.",
        "slow_mode_changed_by_hand",
        channel=channel.name,
        seconds=seconds,
    )


async def _end_slow_mode(
    bot: commands.Bot, channel: _WithSlowMode, seconds: int, debt: Debt
) -> dict[str, Any]:
    """Set the delay from before a slow mode, unless a newer one or somebody's own delay holds by now."""
    async with (
        turn(debt.about),
        asking_discord(Sentence("change the slow mode of #{channel}", "doing_slow", channel=channel.name)),
    ):
        now: Any = await bot.fetch_channel(channel.id)
        if await replaced(bot, debt.about):
            said = _left_as_newer(channel, now.slowmode_delay)
        elif never_made(debt):
            said = Sentence(
                "#{channel}: the slow mode was never set, so there is nothing to undo.",
                "slow_mode_never_set",
                channel=channel.name,
            )
        elif debt.left.get(LIFTED) or now.slowmode_delay not in (debt.left.get("seconds"), seconds):
            said = _left_by_hand(channel, now.slowmode_delay)
        else:
            await channel.edit(slowmode_delay=seconds, reason=REASON)
            said = _slowed(channel, seconds)
    return success(said, channel_id=str(channel.id))


@job(
    needs=in_channel("channel_id", "manage_channels"),
    variables=("text",),
    resumable=True,
    pace=_PACE,
)
async def set_channel_text(
    bot: commands.Bot,
    channel_id: AnyChannelId,
    text: Annotated[LongText, Field(max_length=limits.TOPIC.most)],
    where: Literal["topic", "name"] = "topic",
) -> dict[str, Any]:
    """Change a channel's topic or name, for example to a countdown.

    Params:
        channel_id: Which channel
        text: What to write, such as {countdown:2030-01-01} until the launch
        where: Discord allows only two changes per channel every ten minutes
    """
    channel = await guild_channel_of(bot, channel_id)
    longest = limits.CHANNEL_NAME.most if where == "name" else limits.TOPIC.most
    written = fitting(text_for(channel.guild, text), longest, where)
    _expect_topic(channel, where)
    if _stands_there(channel, where, written):
        stands = getattr(channel, where)
        said = (
            Sentence("The name is already “{text}”.", "channel_name_already", text=stands)
            if where == "name"
            else Sentence("The topic is already “{text}”.", "channel_topic_already", text=stands)
        )
        return success(said, channel_id=str(channel.id))
    async with asking_discord(_writing(where, channel.name)):
        changed: Any = await channel.edit(**{where: written}, reason=REASON)  # type: ignore[call-arg]
    stands = getattr(changed or channel, where) or written
    said = (
        Sentence("The name is now “{text}”.", "channel_name_set", text=stands)
        if where == "name"
        else Sentence("The topic is now “{text}”.", "channel_topic_set", text=stands)
    )
    return success(said, channel_id=str(channel.id))


def _writing(where: str, channel: str) -> Sentence:
    if where == "name":
        return Sentence("change the name of #{channel}", "doing_rename", channel=channel)
    return Sentence("change the topic of #{channel}", "doing_set_topic", channel=channel)


def _stands_there(channel: GuildChannel, where: str, written: str) -> bool:
    """Return whether a channel has that topic or name; then the request, of which there are few, is saved."""
    if where == "name" and isinstance(channel, discord.TextChannel | discord.ForumChannel):
        # Discord writes the names of these in small letters, with dashes for blanks.
        written = "-".join(written.lower().split())
    return alike(getattr(channel, where, None), written)


@set_channel_text.check
async def _check_text(bot: commands.Bot, channel_id: int, text: str, where: str) -> None:
    channel = await guild_channel_of(bot, channel_id)
    _expect_topic(channel, where)
    longest = limits.CHANNEL_NAME.most if where == "name" else limits.TOPIC.most
    expect_texts(channel.guild, text, longest, where, blank=where == "topic")


def _expect_topic(channel: GuildChannel, where: str) -> None:
    if where == "topic" and not isinstance(channel, discord.TextChannel | discord.ForumChannel):
        raise JobFailed(
            "#{name} can't have a topic. Change its name instead.",
            retry=False,
            code="no_topic",
            name=channel.name,
        )


def _has_slow_mode(channel: Any) -> TypeGuard[_WithSlowMode]:
    """https://discord.com/developers/docs/resources/channel#modify-channel: not announcement channels."""
    return isinstance(channel, _WithSlowMode) and not (
        isinstance(channel, discord.TextChannel) and channel.is_news()
    )


class ChannelsSprocket(RegisteringCog):
    """Registers the channel jobs."""

    jobs = by_name(set_slowmode, set_channel_text)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """Let the end of a slow mode die when somebody sets another delay by hand."""
        if getattr(before, "slowmode_delay", None) == getattr(after, "slowmode_delay", None):
            return
        about = f"slowmode:{after.id}"
        try:
            debt = await watched(self.bot, about)
            if debt is None:
                return
            left = debt.left.get("seconds")
            try:
                # What the event says may be older than what the bot did.
                now: Any = await self.bot.fetch_channel(after.id)
                changed = now.slowmode_delay != left
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.info("Discord can't be asked about #%s: %s", after.name, error)
                # Events come in order: one that leads away from what the bot set came later than that.
                changed = getattr(before, "slowmode_delay", None) == left
            if changed:
                await note_left(self.bot, about, **{LIFTED: True})
        except DatabaseUnavailable as error:
            log.warning("whether the slow mode of #%s was changed can't be told: %s", after.name, error)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(ChannelsSprocket(bot))
