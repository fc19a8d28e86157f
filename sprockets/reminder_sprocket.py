"""Reminders by direct message, with buttons to snooze or finish them.

The buttons keep all their state in their custom ids; `cogs.reminders_cog` answers them, even after a restart.

If Discord refuses the direct message, the reminder is noted for its person, who finds it in ``/remind list``,
and a post where it was made says that there is one, without its text: others read there, too. After a refusal
no reminder of that person is tried until they use the bot again.
"""

from __future__ import annotations

from typing import Annotated, Any

import discord
from discord.ext import commands
from pydantic import Field

from schedulezero.errors import Forbidden, Gone, JobFailed
from schedulezero.handler.run_context import current_run
from schedulezero.instants import to_iso
from schedulezero.methods.closed_doors import is_closed, note_closed
from schedulezero.methods.host import host_of
from schedulezero.methods.members import member_of
from schedulezero.methods.message_links import read_place
from schedulezero.methods.typed import LongText, MemberId, Text, job
from schedulezero.methods.undelivered import note_undelivered
from schedulezero.sentences import Sentence
from sprockets.kit.asking import asking_discord, refused_with
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.direct import YOUR_DIRECT_MESSAGES, in_direct_messages
from sprockets.kit.discord_codes import UNREACHABLE
from sprockets.kit.lookups import Sendable
from sprockets.kit.posting import post
from sprockets.kit.results import success

MARK = "⏰"
# Each row: minutes to snooze for, and the button's label.
_SNOOZES = ((10, "10 min"), (60, "1 h"), (24 * 60, "1 d"))


_CLOSED = "I have a reminder for you, but I can't send you direct messages."


@job(resumable=True, personal=True)
async def remind(
    bot: commands.Bot,
    user_id: MemberId,
    message: Annotated[LongText, Field(max_length=1800)],
    made_at: Annotated[Text, Field(max_length=100)] | None = None,
) -> dict[str, Any]:
    """Send yourself a reminder by direct message.

    Params:
        user_id: The person to remind: whoever created the reminder
        message: What to remind you of
        made_at: A link to where the reminder was set
    """
    if current_run().creator_id not in (None, str(user_id)):
        raise JobFailed(
            "A reminder can only go to the person who created it.",
            retry=False,
            code="reminder_for_somebody_else",
        )
    place = made_at if made_at and read_place(made_at) else None
    notes = host_of(bot).memory
    if await is_closed(notes, str(user_id)):
        return await _undelivered(bot, user_id, message, place, None)

    async def send(channel: discord.abc.Messageable) -> dict[str, Any]:
        return await post(
            channel,
            YOUR_DIRECT_MESSAGES,
            content=f"{MARK} {message}",
            view=_buttons(place),
            allowed_mentions=discord.AllowedMentions.none(),
        )

    try:
        sent = await in_direct_messages(bot, user_id, Sentence("remind you", "doing_remind"), send)
    except (Forbidden, Gone) as error:
        if refused_with(error) in UNREACHABLE:
            await note_closed(notes, str(user_id))
        return await _undelivered(bot, user_id, message, place, error)
    return {"success": True, **sent}


async def _undelivered(
    bot: commands.Bot, user_id: int, message: str, place: str | None, error: JobFailed | None
) -> dict[str, Any]:
    """Note a reminder that could not be sent, and say where it was made that there is one.

    Parameters:
        bot: The bot.
        user_id: The person.
        message: Of what to remind.
        place: The link to where it was made, if that is known.
        error: Discord's refusal; None if it refused an earlier one, so that this one wasn't tried.
    """
    run = current_run()
    named = run.run_id or f"{run.job_id}@{to_iso(run.scheduled_at)}"
    notes = host_of(bot).memory
    key = await note_undelivered(notes, str(user_id), named, message, run.scheduled_at, place)
    channel = await _channel_of(bot, user_id, place) if place is not None else None
    if channel is not None:
        try:
            sent = await post(
                channel,
                f"#{channel.name}",
                content=f"{MARK} <@{user_id}> {_CLOSED}",
                view=_show_button(key),
                allowed_mentions=discord.AllowedMentions(
                    everyone=False, roles=False, users=[discord.Object(user_id)]
                ),
            )
            said = Sentence(
                "I can't send you direct messages, so I posted a notice in #{channel}.",
                "reminder_told_in",
                channel=channel.name,
            )
            return success(said, **sent)
        except (Forbidden, Gone):
            pass  # the note is what remains, and the failure below says so
    # Trying again at each run would only collect refusals, for which Discord bans addresses.
    raise JobFailed(
        "I can't send you direct messages: you don't accept them from me, or we don't share a server. This "
        "reminder stays in `/remind list`.",
        retry=False,
        pause=True,
        code="reminder_undeliverable",
    ) from error


async def _channel_of(bot: commands.Bot, user_id: int, place: str) -> Sendable | None:
    """Return the channel where a reminder was made, if its person and the bot may both write there now."""
    found = read_place(place)
    guild = bot.get_guild(found.guild_id) if found is not None else None
    if found is None or guild is None or guild.unavailable:
        return None
    channel = guild.get_channel_or_thread(found.channel_id)
    if not isinstance(channel, Sendable):
        return None
    if isinstance(channel, discord.Thread) and (
        channel.parent is None or channel.archived or channel.locked or channel.is_private()
    ):
        return None
    try:
        async with asking_discord(
            Sentence("look for the member {user_id}", "doing_find_member", user_id=user_id)
        ):
            member = await member_of(guild, user_id)
    except Gone:
        return None
    allowed = [channel.permissions_for(someone) for someone in (member, guild.me)]
    writes = "send_messages_in_threads" if isinstance(channel, discord.Thread) else "send_messages"
    return channel if all(one.view_channel and getattr(one, writes) for one in allowed) else None


def _show_button(key: str) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Show it", emoji=MARK, custom_id=f"sz-remind:read:{key}"))
    return view


def _buttons(place: str | None) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for minutes, label in _SNOOZES:
        view.add_item(discord.ui.Button(label=label, emoji="💤", custom_id=f"sz-remind:snooze:{minutes}"))
    done: discord.ui.Button[Any] = discord.ui.Button(
        label="Done", emoji="✅", style=discord.ButtonStyle.success, custom_id="sz-remind:done:0"
    )
    view.add_item(done)
    if place is not None:
        view.add_item(discord.ui.Button(label="Where you set it", url=place))
    return view


class ReminderSprocket(RegisteringCog):
    """Registers the reminder job."""

    jobs = by_name(remind)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(ReminderSprocket(bot))
