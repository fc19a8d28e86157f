"""Jobs for Discord's own scheduled events: create them in time, and start and end them on time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import discord
from discord.ext import commands
from discord.http import Route
from pydantic import Field

from schedulezero import instants
from schedulezero.compose.parts import Files, PostFile
from schedulezero.errors import JobFailed
from schedulezero.handler.run_context import current_run
from schedulezero.handler.steps import step
from schedulezero.instants import from_iso, to_iso
from schedulezero.methods.spec import Need, in_channel
from schedulezero.methods.typed import Duration, GuildId, LongText, Text, VoiceId, job
from schedulezero.said_values import said_span
from schedulezero.sentences import Sentence, all_in_a_row
from sprockets.event_reminders import remind_interested
from sprockets.kit.asking import REASON, asking_discord
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.comparing import alike
from sprockets.kit.event_cover import cover_of, expect_cover
from sprockets.kit.event_recurrence import Recurrence
from sprockets.kit.event_rights import ON_STAGE, expect_rights
from sprockets.kit.event_series import note_series, series_of, standing
from sprockets.kit.lookups import guild_channel_of, guild_of
from sprockets.kit.messages import expect_texts, fitting, text_for
from sprockets.kit.posting import CLOCK_SKEW
from sprockets.kit.results import success

_SOONEST = timedelta(minutes=1)  # Discord rejects events that start in the past
_LONGEST_TITLE = 100
_LONGEST_DESCRIPTION = 1000
_LONGEST_AHEAD = timedelta(hours=12)
"""An event that begins longer after a run that should start it isn't the one that is meant by its name."""
_EVENT_ID = r"^(https://(\w+\.)?discord(app)?\.com/events/\d{15,20}/)?\d{15,20}/?$|^$"


# https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-permissions-requirements
_HOSTING = (
    *in_channel("voice_channel_id", "connect"),
    *(Need(permission, channel="voice_channel_id", only_in="stage_voice") for permission in ON_STAGE),
)

# What else it takes depends on the event, see `sprockets.kit.event_rights`: for its own ones the bot needs no
# more than to create them.
_CHANGING = (
    Need("manage_events", of="person"),
    Need("create_events", of="bot"),
    Need("manage_events", of="invite"),
)


@job(needs=(Need("create_events"), *_HOSTING), variables=("title", "description"), resumable=True)
async def create_event(
    bot: commands.Bot,
    guild_id: GuildId,
    title: Annotated[Text, Field(max_length=100)],
    starts_in: Duration,
    lasts: Duration = timedelta(hours=1),
    place: Annotated[Text, Field(max_length=100)] = "",
    voice_channel_id: VoiceId | None = None,
    description: Annotated[LongText, Field(max_length=_LONGEST_DESCRIPTION)] = "",
    cover: Files | None = None,
    series: bool = False,
) -> dict[str, Any]:
    """Create a Discord event.

    Params:
        guild_id: The server
        title: The event's name
        starts_in: How long after the run the event starts, such as 2 days
        lasts: How long the event lasts
        place: The place, unless it is a voice channel
        voice_channel_id: The voice channel, unless the event takes place elsewhere
        description: What the event is about
        cover: Its cover image, a PNG, JPEG or GIF
        series: Create one repeating event for all runs, if Discord can repeat it on exactly this schedule
    """
    guild = guild_of(bot, guild_id)
    _expect_place(place, voice_channel_id)
    start = max(current_run().scheduled_at + starts_in, instants.now() + _SOONEST)
    rule = await series_of(bot, guild_id, starts_in, instants.now() + _SOONEST) if series else None
    where: dict[str, Any] = {
        "entity_type": discord.EntityType.external.value,
        "channel_id": None,
        "entity_metadata": {"location": place},
    }
    if voice_channel_id:
        channel = await guild_channel_of(bot, voice_channel_id)
        stage = isinstance(channel, discord.StageChannel)
        kind = discord.EntityType.stage_instance if stage else discord.EntityType.voice
        where = {"entity_type": kind.value, "channel_id": str(channel.id)}
    if isinstance(rule, Recurrence):
        start = rule.start

    async def make(plan: dict[str, Any]) -> dict[str, Any]:
        begins = from_iso(plan["start"])
        image = await cover_of(bot, guild_id, cover)
        asked = {
            "name": plan["name"],
            "scheduled_start_time": plan["start"],
            "scheduled_end_time": to_iso(begins + lasts),
            "privacy_level": discord.PrivacyLevel.guild_only.value,
            **({"description": plan["description"]} if plan["description"] else {}),  # Discord rejects ""
            **({"image": image} if image is not None else {}),
            **({"recurrence_rule": plan["rule"]} if plan.get("rule") else {}),
            **where,
        }
        # discord.py has no recurrence rules.
        route = Route("POST", "/guilds/{guild_id}/scheduled-events", guild_id=guild.id)
        async with asking_discord(Sentence("create the event", "doing_create_an_event")):
            made = await bot.http.request(route, json=asked, reason=REASON)
        return {"event_id": made["id"], "url": f"https://discord.com/events/{guild.id}/{made['id']}"}

    async def find(plan: dict[str, Any], since: datetime) -> dict[str, Any] | None:
        async with asking_discord(Sentence("look for the event", "doing_find_event")):
            for event in await guild.fetch_scheduled_events():
                mine = event.creator_id == guild.me.id and alike(event.name, plan["name"])
                if mine and discord.utils.snowflake_time(event.id) > since - CLOCK_SKEW:
                    return _result(event)
        return None

    plan = {
        "name": text_for(guild, title)[:100],
        "description": fitting(text_for(guild, description), _LONGEST_DESCRIPTION, "description"),
        "start": to_iso(start),
        "rule": rule.to_json() if isinstance(rule, Recurrence) else None,
    }
    like = _same_event(plan, lasts, where, cover)
    if isinstance(rule, Recurrence) and (event := await standing(guild, bot, like)) is not None:
        stands = Sentence(
            "The repeating event “{title}” already exists.", "event_series_stands", title=event.name
        )
        return success(stands, **_result(event))
    made = await step("event", make, plan=plan, find=find)
    if isinstance(rule, Recurrence):
        await note_series(bot, guild_id, made["event_id"], like)
        said = Sentence("The repeating event “{title}” was created.", "event_series", title=plan["name"])
    else:
        said = Sentence("The event “{title}” was created.", "event_announced", title=plan["name"])
    return success(all_in_a_row(said, rule if isinstance(rule, Sentence) else None), **made)


def _same_event(
    plan: Mapping[str, Any], lasts: timedelta, where: Mapping[str, Any], cover: Sequence[PostFile] | None
) -> str:
    """Return a text that stays the same while a job makes the same repeating event."""
    rule = {key: value for key, value in (plan["rule"] or {}).items() if key != "start"}
    begins = from_iso(plan["start"])
    pictures = [item.file for item in cover or ()]
    return repr((plan["name"], plan["description"], f"{begins:%H:%M}", lasts, rule, where, pictures))


def _expect_place(place: str, voice_channel_id: int | None) -> None:
    if bool(place.strip()) == bool(voice_channel_id):
        raise JobFailed(
            "An event needs either a place or a voice channel.", retry=False, code="event_needs_place"
        )


@create_event.check
async def _check_event(
    bot: commands.Bot,
    guild_id: int,
    title: str,
    place: str,
    voice_channel_id: int | None,
    description: str,
    cover: Sequence[PostFile] | None,
    **_: Any,
) -> None:
    guild = guild_of(bot, guild_id)
    await expect_cover(bot, guild_id, cover)
    _expect_place(place, voice_channel_id)
    expect_texts(guild, title, _LONGEST_TITLE, "title")
    expect_texts(guild, description, _LONGEST_DESCRIPTION, "description", blank=True)


@create_event.preview
async def _event_preview(
    bot: commands.Bot, guild_id: int, title: str, starts_in: timedelta, lasts: timedelta, **_: Any
) -> str:
    """Return when the event takes place, relative to each run."""
    return Sentence(
        "The event starts {starts_in} after each run and lasts {lasts}.",
        "event_would_begin",
        starts_in=said_span(starts_in),
        lasts=said_span(lasts),
    )


@job(needs=_CHANGING, resumable=True)
async def start_event(
    bot: commands.Bot,
    guild_id: GuildId,
    title: Annotated[Text, Field(max_length=100)],
    event_id: Annotated[Text, Field(pattern=_EVENT_ID)] = "",
) -> dict[str, Any]:
    """Start a Discord event.

    Params:
        guild_id: The server
        title: The event's name; if several share it, the one that starts closest to the run
        event_id: The event's link or ID, if several events have the same name
    """
    guild = guild_of(bot, guild_id)
    async with asking_discord(Sentence("start the event “{event}”", "doing_start_event", event=title)):
        event = await _chosen(guild, title, event_id, discord.EventStatus.scheduled)
        already = event.status is not discord.EventStatus.scheduled
        if not already:
            await expect_rights(event)
            event = await event.start(reason=REASON)
    said = (
        Sentence("“{title}” had already started.", "event_had_begun", title=event.name)
        if already
        else Sentence("“{title}” has started.", "event_begun", title=event.name)
    )
    return success(said, **_result(event))


@job(needs=_CHANGING, resumable=True)
async def end_event(
    bot: commands.Bot,
    guild_id: GuildId,
    title: Annotated[Text, Field(max_length=100)],
    event_id: Annotated[Text, Field(pattern=_EVENT_ID)] = "",
) -> dict[str, Any]:
    """End a Discord event.

    Params:
        guild_id: The server
        title: The name of the running event to end
        event_id: The event's link or ID, if several events have the same name
    """
    guild = guild_of(bot, guild_id)
    async with asking_discord(Sentence("end the event “{event}”", "doing_end_event", event=title)):
        event = await _chosen(guild, title, event_id, discord.EventStatus.active)
        already = event.status is not discord.EventStatus.active
        if not already:
            await expect_rights(event)
            event = await event.end(reason=REASON)
    said = (
        Sentence("“{title}” was already over.", "event_was_over", title=event.name)
        if already
        else Sentence("“{title}” is over.", "event_over", title=event.name)
    )
    return success(said, **_result(event))


async def _chosen(
    guild: discord.Guild, title: str, event_id: str, status: discord.EventStatus
) -> discord.ScheduledEvent:
    """Return the event to change. Raises JobFailed if there is none."""
    listed = await guild.fetch_scheduled_events()
    if event_id:
        wanted = int(event_id.rstrip("/").rpartition("/")[2])
        named = [event for event in listed if event.id == wanted]
        # Discord lists no events that are over; one that is over needs no end.
        if not named and status is discord.EventStatus.active:
            named = [await guild.fetch_scheduled_event(wanted)]
    else:
        named = [event for event in listed if event.name.strip().casefold() == title.strip().casefold()]
    at = current_run().scheduled_at
    event = nearest_event(named, status, at)
    if event is None:
        if status is discord.EventStatus.active:
            raise JobFailed(
                "There is no running event called “{title}”.",
                retry=False,
                code="running_event_missing",
                title=title,
            )
        raise JobFailed(
            "There is no planned event called “{title}”.",
            retry=False,
            code="planned_event_missing",
            title=title,
        )
    starting = status is discord.EventStatus.scheduled
    if starting and not event_id and event.start_time - at > _LONGEST_AHEAD:
        # Somebody cancelled the one that was due, so Discord no longer lists it.
        raise JobFailed(
            "The next event called “{title}” starts {when}. To start that one now, enter its link.",
            retry=False,
            code="event_not_due",
            title=title,
            when=to_iso(event.start_time),
        )
    return event


def nearest_event(
    events: Sequence[discord.ScheduledEvent], status: discord.EventStatus, at: datetime
) -> discord.ScheduledEvent | None:
    """Return the event that a run means, of those with the right name.

    To start one, that is the one whose start is nearest to the run, whether or not it has begun: next week's
    must not begin because this week's has. To end one, it is the running one that began nearest to the run.

    Parameters:
        events: The events with the right name or id.
        status: The status that the event should have before the change.
        at: The instant of the run.
    """
    starting = status is discord.EventStatus.scheduled
    wanted = {discord.EventStatus.active, status if starting else discord.EventStatus.completed}
    found = [event for event in events if event.status in wanted]
    return min(found, key=lambda event: abs(event.start_time - at), default=None)


def _result(event: discord.ScheduledEvent) -> dict[str, Any]:
    return {"event_id": str(event.id), "url": event.url}


class EventsSprocket(RegisteringCog):
    """Registers the event jobs."""

    jobs = by_name(create_event, start_event, end_event, remind_interested)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(EventsSprocket(bot))
