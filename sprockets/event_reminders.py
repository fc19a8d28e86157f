"""Reminds the people who marked themselves interested in one of Discord's events.

The job runs again and again, such as every five minutes, and each run looks at the events as they are now:
one that moved is reminded of by its new start, one that was cancelled isn't any more. What was sent is noted
under the job, person by person and before each message, with the run that sends it:

1. a run repeated after a crash goes on with the people it had noted; its journal knows whom it reached;
2. another run that finds an unfinished reminder goes on with the people nobody has noted.

So everybody gets a reminder once, whatever dies. Whoever takes back their interest gets none.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Annotated, Any

import discord
from discord.ext import commands
from pydantic import Field

from schedulezero import instants
from schedulezero.compose import limits
from schedulezero.errors import Forbidden, Gone, JobFailed
from schedulezero.handler.run_context import current_run
from schedulezero.instants import from_iso, to_iso
from schedulezero.methods.host import host_of
from schedulezero.methods.markup import escaped
from schedulezero.methods.note_kinds import EVENT_REMINDERS
from schedulezero.methods.spec import Need, in_channel
from schedulezero.methods.typed import ChannelId, GuildId, LongText, Text, job
from schedulezero.sentences import Sentence, all_in_a_row
from sprockets.kit.asking import asking_discord, refused_with
from sprockets.kit.direct import direct_messages_of, in_direct_messages
from sprockets.kit.discord_codes import UNREACHABLE
from sprockets.kit.event_leads import due_lead, leads_of, mention_chunks
from sprockets.kit.event_people import interested_in
from sprockets.kit.lookups import channel_of, guild_of
from sprockets.kit.messages import expect_texts, fitting, text_for
from sprockets.kit.posting import post
from sprockets.kit.results import success

_DONE = ""
"""Stands for the run that reminds somebody, once it has."""
_LONGEST_TEXT = 500
_TURNS: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
"""The runs of one job in this process take turns."""


@job(
    needs=(
        Need("manage_guild", of="person", when="direct"),
        Need("manage_events", of="person"),
        *in_channel("channel_id", "send_messages"),
    ),
    variables=("message",),
    resumable=True,
)
async def remind_interested(
    bot: commands.Bot,
    guild_id: GuildId,
    before: Annotated[Text, Field(max_length=100)] = "1 day, 15 minutes",
    event: Annotated[Text, Field(max_length=150)] = "",
    direct: bool = False,
    channel_id: ChannelId | None = None,
    message: Annotated[LongText, Field(max_length=_LONGEST_TEXT)] = "",
) -> dict[str, Any]:
    """Remind people who are interested in an event.

    Params:
        guild_id: The server
        before: How long before the start; commas separate several: 1 day, 15 minutes. Run it every 5 minutes
        event: The event's name, link or ID. Leave it out for all of the server's events
        direct: Send a direct message to everyone who is interested
        channel_id: A channel or thread in which to ping them instead
        message: Text to add to the reminder
    """
    guild = guild_of(bot, guild_id)
    leads = leads_of(before)
    _expect_one_way(direct, channel_id)
    run = current_run()
    about = run.job_id or f"none-{guild_id}"
    now = max(instants.now(), run.scheduled_at)
    done, refused, waiting = list[int](), list[int](), list[int]()
    async with _TURNS[about]:
        notes = host_of(bot).memory
        note = await notes.kept(EVENT_REMINDERS, about) or {"guild_id": str(guild_id), "events": {}}
        async with asking_discord(Sentence("look up the server's events", "doing_see_events")):
            listed = await guild.fetch_scheduled_events()
        meant = [item for item in listed if _is_meant(item, event)]
        known = {str(item.id) for item in listed}
        note["events"] = {key: value for key, value in note["events"].items() if key in known}

        async def save() -> None:
            await notes.put(EVENT_REMINDERS, about, note)

        for item in meant:
            if item.status is not discord.EventStatus.scheduled or item.start_time <= now:
                continue
            entry = note["events"].setdefault(str(item.id), {"sent": {}})
            sent = {int(key): from_iso(at) for key, at in entry["sent"].items()}
            lead = due_lead(item.start_time, leads, now, sent)
            if lead is not None:
                seconds = int(lead.total_seconds())
                people = await interested_in(bot, item)
                entry["sent"][str(seconds)] = to_iso(now)
                entry["open"] = {"lead": seconds, "at": to_iso(now), "people": people, "taken": {}}
                await save()
            if "open" not in entry:
                continue
            reminder = _Reminder(bot, guild, item, entry["open"], save)
            if channel_id is not None:
                done += await reminder.ping(channel_id, message)
            else:
                reached, away, later = await reminder.write(message)
                done, refused, waiting = done + reached, refused + away, waiting + later
            if reminder.complete:
                del entry["open"]
            await save()
        await save()
    if not done and not refused and not waiting:
        return success(Sentence("No event is due for a reminder.", "no_event_reminder_due"), reminded=0)
    said = Sentence(
        "People reminded: {count}. Direct messages refused: {refused}.",
        "event_reminded",
        count=len(done),
        refused=len(refused),
    )
    if waiting:
        left = Sentence(
            "People to be reminded in the next run, because they got too many direct messages within a "
            "minute: {count}.",
            "event_reminders_left",
            count=len(waiting),
        )
        return success(
            all_in_a_row(said, left), reminded=len(done), refused=len(refused), waiting=len(waiting)
        )
    return success(said, reminded=len(done), refused=len(refused))


class _Reminder:
    """One reminder of an event for all who are interested: its state is in the job's note."""

    def __init__(
        self,
        bot: commands.Bot,
        guild: discord.Guild,
        event: discord.ScheduledEvent,
        state: dict[str, Any],
        save: Callable[[], Any],
    ) -> None:
        self._bot, self._guild, self._event, self._state, self._save = bot, guild, event, state, save
        run = current_run()
        self._run = run.run_id or f"{id(run)}"

    async def write(self, message: str) -> tuple[list[int], list[int], list[int]]:
        """Write to each person; return whom it reached, who refused, and who got too many messages lately.

        The latter are left to a later run, if one comes before the event.
        """
        text = await self._text(message, private=True)
        done, refused, waiting = list[int](), list[int](), list[int]()
        for person in self._state["people"]:
            if not self._is_open(person):
                continue
            own = str(person) == current_run().creator_id
            if not own and not host_of(self._bot).services.allows_direct_message(person):
                waiting.append(person)
            elif await self._take([person]):
                (done if await self._written(person, text) else refused).append(person)
                self._finish([person])
        return done, refused, waiting

    async def _written(self, person: int, text: str) -> bool:
        async def send(channel: discord.abc.Messageable) -> dict[str, Any]:
            return await post(
                channel,
                direct_messages_of(person),
                content=text,
                allowed_mentions=discord.AllowedMentions.none(),
                key=f"{self._key()}:{person}",
            )

        try:
            await in_direct_messages(
                self._bot,
                person,
                Sentence("send a direct message to user {user_id}", "doing_write_to", user_id=person),
                send,
            )
        except Gone:
            return False
        except Forbidden as error:
            if refused_with(error) not in (*UNREACHABLE, 50001):
                raise
            return False
        return True

    async def ping(self, channel_id: int, message: str) -> list[int]:
        """Ping everybody in a channel, in as many messages as that takes; return whom."""
        channel = await channel_of(self._bot, channel_id)
        text = await self._text(message, private=False)
        chunks = mention_chunks(self._state["people"], limits.TEXT.most - len(text) - 1)
        done: list[int] = []
        for number, chunk in enumerate(chunks):
            if not (mine := await self._take(chunk)):
                continue
            mentions = " ".join(f"<@{person}>" for person in mine)
            await post(
                channel,
                f"#{channel.name}",
                content=f"{text}\n{mentions}" if number == 0 else mentions,
                allowed_mentions=discord.AllowedMentions(
                    everyone=False, roles=False, users=[discord.Object(person) for person in mine]
                ),
                key=f"{self._key()}:{number}",
            )
            done += mine
            self._finish(mine)
        return done

    async def _take(self, people: list[int]) -> list[int]:
        """Note that this run reminds these people, and return those whom no other run has noted."""
        taken: dict[str, str] = self._state["taken"]
        mine = [person for person in people if self._is_open(person)]
        if any(str(person) not in taken for person in mine):
            taken.update({str(person): self._run for person in mine})
            await self._save()
        return mine

    def _is_open(self, person: int) -> bool:
        """Return whether no other run has noted somebody, and this one hasn't reminded them."""
        taken: dict[str, str] = self._state["taken"]
        return taken.get(str(person), self._run) == self._run

    def _finish(self, people: list[int]) -> None:
        """Note that nobody has to remind these people any more; the next `_save` keeps that."""
        self._state["taken"].update({str(person): _DONE for person in people})

    @property
    def complete(self) -> bool:
        """Whether all are reminded. A run that died may still have somebody to remind."""
        taken: dict[str, str] = self._state["taken"]
        return all(taken.get(str(person)) == _DONE for person in self._state["people"])

    def _key(self) -> str:
        return f"{self._event.id}:{self._state['lead']}:{from_iso(self._state['at']):%y%m%d%H%M}"

    async def _text(self, message: str, *, private: bool) -> str:
        said = Sentence(
            "**{title}** starts {when}.",
            "event_begins",
            title=escaped(self._event.name),
            when=discord.utils.format_dt(self._event.start_time, "R"),
        )
        services = host_of(self._bot).services
        lines = [await services.said_in(self._guild, said)]
        if message.strip():
            lines.append(text_for(self._guild, message))
        lines.append(self._event.url)
        if private:
            why = Sentence(
                "You're getting this because you're interested in this event. To stop these "
                "messages, press *Interested* on the event again.",
                "event_reminder_why",
            )
            lines.append(f"-# {await services.said_in(self._guild, why)}")
        return fitting("\n".join(lines), limits.TEXT.most, "message")


def _is_meant(event: discord.ScheduledEvent, wanted: str) -> bool:
    """Return whether an event is the one that a name, a link or an id means; an empty text means all."""
    named = wanted.strip()
    if not named:
        return True
    last = named.rstrip("/").rpartition("/")[2]
    if last.isdecimal() and len(last) >= 15:  # an id
        return event.id == int(last)
    return event.name.strip().casefold() == named.casefold()


def _expect_one_way(direct: bool, channel_id: int | None) -> None:
    if direct is (channel_id is not None):
        raise JobFailed(
            "Choose either direct messages or a channel to ping people in.",
            retry=False,
            code="event_reminder_way",
        )


@remind_interested.check
async def _check(
    bot: commands.Bot,
    guild_id: int,
    before: str,
    direct: bool,
    channel_id: int | None,
    message: str,
    **_: Any,
) -> None:
    leads_of(before)
    _expect_one_way(direct, channel_id)
    expect_texts(guild_of(bot, guild_id), message, _LONGEST_TEXT, "message", blank=True)
