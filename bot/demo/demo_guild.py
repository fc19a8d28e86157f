"""The demo's small guild: its channels, its people, and a few scheduled jobs."""

from __future__ import annotations

from typing import Any

import discord
import simcord

from bot.app import ScheduleZeroBot
from bot.demo.demo_pages import Place
from cogs.rights.permissions import invited
from cogs.services import handler_of, offered_specs
from schedulezero import instants
from schedulezero.model import Job
from schedulezero.when.language.parse import understand


def furnish(env: simcord.Env, bot: ScheduleZeroBot) -> tuple[simcord.GuildHandle, tuple[Place, ...]]:
    """Create the guild, and return it and the places that the page can show, the lounge first."""
    users = [
        env.create_user("ada", global_name="Ada (administrator)"),
        env.create_user("mo", global_name="Mo (moderator)"),
        env.create_user("pia", global_name="Pia (member)"),
    ]
    bot.owner_id = users[0].id  # so that one of them can load sprockets
    guild = env.create_guild("Moonbase Club", owner=users[0])
    permissions = discord.Permissions
    admins = guild.create_role("Admins", permissions=permissions(administrator=True))
    moderators = guild.create_role(
        "Moderators", permissions=permissions(manage_guild=True, manage_messages=True)
    )
    guild.create_role("Event guests")
    let_do_what_it_asks(env, bot, guild)
    lounge = guild.create_text_channel("lounge", topic="Type /schedule create, and watch it happen here")
    announcements = guild.create_news_channel("announcements")
    mod_room = guild.create_text_channel("mod-room")
    guild.create_forum_channel("ideas")
    guild.create_voice_channel("Hall")
    people = tuple(
        guild.add_member(user, roles=roles)
        for user, roles in zip(users, ([admins], [moderators], []), strict=True)
    )
    # The bot heard of the guild before they joined, and the simulator doesn't count members on request.
    env.backend.edit_guild(guild.id, {})
    channels = (
        Place(name, channel, people)
        for name, channel in (("lounge", lounge), ("announcements", announcements), ("mod-room", mod_room))
    )
    return guild, (*channels, *(Place(f"@{user.name}", user.dm_channel, (user,)) for user in users))


def let_do_what_it_asks(env: simcord.Env, bot: ScheduleZeroBot, guild: simcord.GuildHandle) -> None:
    """Give the bot's role exactly the permissions in its invite link."""
    me = env.backend.get_guild(guild.id).members[env.backend.bot_user.id]
    permissions = invited(offered_specs(bot))
    env.backend.edit_role(guild.id, me.role_ids[0], {"permissions": permissions.value})


async def greet(places: tuple[Place, ...]) -> None:
    """Post in each place what there is to see.

    Parameters:
        places: The places that the page can show.
    """
    lounge, *others = places
    ada = lounge.viewers[0]
    assert isinstance(ada, simcord.MemberActor)
    await ada.send(
        lounge.channel,
        "Let's plan the week. `/schedule list` shows what is scheduled already.\n"
        "Right-click this message (on a phone, hold it) or a member in the list for the bot's menus.",
    )
    for place in others:
        if isinstance(viewer := place.viewers[0], simcord.UserHandle):
            await viewer.send_dm("What the bot writes to me alone comes here.")


async def schedule_examples(bot: ScheduleZeroBot, place: Place) -> None:
    """Schedule those of a few example jobs that the loaded sprockets offer, one of them due soon."""
    await handler_of(bot).refresh()  # from here on the server knows our methods
    offered = handler_of(bot).sprockets
    creator = place.viewers[0]
    assert isinstance(creator, simcord.MemberActor)
    client, guild_id = bot.services.client, str(creator.guild.id)
    announce, here, now = "send_announcement", {"channel_id": str(place.channel.id)}, instants.now()
    # Each row: name, method, params, when, whether it is paused.
    examples: tuple[tuple[str, str, dict[str, Any], str, bool], ...] = (
        (
            "Welcome aboard", announce, {**here, "message": "🚀 Welcome aboard! I was posted right on time."},
            "in 2 minutes", False,
        ),
        (
            "Game night", announce, {**here, "message": "🎲 Game night starts in an hour. Who is in?"},
            "every friday at 19:00", False,
        ),
        (
            "Book club", announce, {**here, "message": "📚 Book club is tonight."},
            "every other thursday at 18:00", False,
        ),
        (
            "Nightly clean-up", "cleanup_messages", {**here, "limit": 100, "age_days": 7},
            "daily at 3:30", False,
        ),
        ("Question of the day", "question_of_the_day", here, "weekdays at 9", True),
    )  # fmt: skip
    for name, method, params, when, paused in examples:
        if method not in offered:
            continue
        understood = understand(when, zone=bot.settings.timezone, locale="en-GB", now=now)
        job = await client.create(
            Job(
                id="",
                handler_id=bot.settings.handler_id,
                method=method,
                params=params,
                trigger=understood.trigger,
                name=name,
                guild_id=guild_id,
                creator_id=str(creator.id),
                timezone=understood.zone,
            )
        )
        if paused:
            await client.pause(job.id)
