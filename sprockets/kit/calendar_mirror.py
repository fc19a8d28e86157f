"""Keeps Discord's own events in step with those of a calendar.

Each event is remembered before it is made, and with its id afterwards. One that is remembered without an id,
because somebody died in between, is looked for on Discord, by its name and start: each is made once.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import discord
from discord.ext import commands

from schedulezero import faults
from schedulezero.errors import Forbidden, Gone, JobFailed
from schedulezero.exchange.occurrences import Agenda
from schedulezero.following.event_changes import Changes, Made, changes
from schedulezero.handler.run_context import current_run
from schedulezero.instants import from_iso
from schedulezero.methods.host import host_of
from schedulezero.methods.note_kinds import CALENDAR_EVENTS
from schedulezero.methods.permission_names import permission_words
from schedulezero.sentences import Sentence
from sprockets.kit.asking import REASON, asking_discord
from sprockets.kit.calendar_feeds import key_of, present
from sprockets.kit.calendar_posts import METHOD
from sprockets.kit.comparing import alike
from sprockets.kit.event_rights import lacking
from sprockets.kit.turns import turn

_AT_ONCE = 10
"""The most events that one call makes or changes, as Discord takes few at a time; then the run goes on."""
_AGAIN_SECONDS = 1.0
_LIVE = (discord.EventStatus.scheduled, discord.EventStatus.active)


@dataclass(slots=True)
class Mirrored:
    """What a run did."""

    made: int = 0
    changed: int = 0
    cancelled: int = 0
    left_out: int = 0
    refused: list[str] = field(default_factory=list[str])
    """Why Discord refused single events."""

    @property
    def number(self) -> int:
        return self.made + self.changed + self.cancelled


async def mirror(bot: commands.Bot, guild: discord.Guild, agenda: Agenda, until: datetime) -> Mirrored:
    """Make, change and cancel Discord's events so that they are those of a calendar.

    Raises JobFailed if Discord can't be asked or refuses, and if more is to be done than one call does.

    Parameters:
        bot: The bot.
        guild: The guild.
        agenda: What the calendar says.
        until: Events that begin later are left for another time.
    """
    mirroring = _Mirroring(bot, guild)
    async with turn(f"calendar-events:{guild.id}"):  # so that nobody takes over what another is making
        await mirroring.load()
        found = mirroring.compare(agenda, until)
        await mirroring.apply(found)
    return mirroring.did


class _Mirroring:
    def __init__(self, bot: commands.Bot, guild: discord.Guild) -> None:
        self._bot, self._guild = bot, guild
        self._known: dict[str, Made] = {}
        self._events: dict[str, discord.ScheduledEvent] = {}
        self.did = Mirrored()

    async def load(self) -> None:
        """Read what was made, and find what an earlier run made last before it died."""
        note = await host_of(self._bot).memory.kept(CALENDAR_EVENTS, self._key)
        made: Mapping[str, Any] = note["made"] if note is not None else {}
        self._known = {key: Made.from_json(value) for key, value in made.items()}
        async with asking_discord(Sentence("look up the server's events", "doing_see_events")):
            listed = await self._guild.fetch_scheduled_events(with_counts=False)
        self._events = {str(event.id): event for event in listed if event.status in _LIVE}
        if all(item.event_id for item in self._known.values()):
            return
        taken = {item.event_id for item in self._known.values()} | await self._held_by_others()
        for key, item in list(self._known.items()):
            if not item.event_id:
                event = next((e for e in self._events.values() if self._is_it(e, item, taken)), None)
                if event is None:
                    del self._known[key]
                else:
                    self._known[key] = replace(item, event_id=str(event.id))
                    taken.add(str(event.id))

    async def _held_by_others(self) -> set[str]:
        """The ids of the events that other jobs of the guild made: some may follow the same calendar."""
        host, own = host_of(self._bot), current_run().job_id
        held: set[str] = set()
        async for job in host.services.client.all_jobs(str(self._guild.id)):
            if job.method != METHOD and job.id != own:
                note = await host.memory.kept(CALENDAR_EVENTS, key_of(job.id))
                held |= {value["event_id"] for value in note["made"].values()} if note is not None else set()
        return held

    def _is_it(self, event: discord.ScheduledEvent, item: Made, taken: set[str]) -> bool:
        return (
            str(event.id) not in taken
            and event.creator_id == self._guild.me.id
            and alike(event.name, item.written["name"])
            and event.start_time == item.starts
        )

    def compare(self, agenda: Agenda, until: datetime) -> Changes:
        """Return the changes to make."""
        ours = {item.event_id for item in self._known.values()}
        waiting = {
            key for key, event in self._events.items() if event.status is discord.EventStatus.scheduled
        }
        return changes(
            self._known,
            agenda,
            now=present(),
            until=until,
            place=self._guild.name,
            here=waiting,
            others=len(self._events.keys() - ours),
        )

    async def apply(self, found: Changes) -> None:
        """Do it: first what makes room."""
        self._known = dict(found.known)
        self.did.left_out = found.left_out
        await self._keep()
        for key in found.cancel:
            await self._next()
            await self._cancel(self._known[key])
            del self._known[key]
            self.did.cancelled += 1
            await self._keep()
        for key, differing in found.edit.items():
            await self._next()
            if not await self._alone(self._edit(self._known[key], differing)):
                continue
            written = {**self._known[key].written, **differing}
            self._known[key] = replace(self._known[key], written=written)
            self.did.changed += 1
            await self._keep()
        for key, wanted in found.create.items():
            await self._next()
            self._known[key] = wanted
            await self._keep()
            faults.point("event.begun")
            if not await self._alone(self._create(key, wanted)):
                del self._known[key]
                continue
            faults.point("event.made")
            self.did.made += 1
            await self._keep()

    async def _next(self) -> None:
        if self.did.number >= _AT_ONCE:
            raise JobFailed(
                "Discord accepts only a few events at a time; the others will follow in a moment.",
                retry_after=_AGAIN_SECONDS,
                code="events_follow",
            )

    async def _alone(self, change: Coroutine[Any, Any, None]) -> bool:
        """Make or change one event; return whether Discord took it, as others go on without it."""
        try:
            await change
        except JobFailed as error:
            if error.retry is not False or isinstance(error, (Forbidden, Gone)):
                raise
            self.did.refused.append(error.message)
            return False
        return True

    async def _create(self, key: str, item: Made) -> None:
        if not self._guild.me.guild_permissions.create_events:
            raise Forbidden(
                "{who} can't create the event “{event}”. The *{permission}* permission is needed for that.",
                code="event_right_to_create_missing",
                who=self._guild.me.mention,
                event=item.written["name"],
                permission=permission_words("create_events"),
            )
        async with asking_discord(
            Sentence("create the event “{event}”", "doing_create_event", event=item.written["name"])
        ):
            event = await self._guild.create_scheduled_event(
                name=item.written["name"],
                description=item.written["description"] or discord.utils.MISSING,  # Discord rejects ""
                start_time=from_iso(item.written["start"]),
                end_time=from_iso(item.written["end"]),
                entity_type=discord.EntityType.external,
                location=item.written["place"],
                privacy_level=discord.PrivacyLevel.guild_only,
                reason=REASON,
            )
        self._known[key] = replace(item, event_id=str(event.id))

    async def _edit(self, item: Made, differing: Mapping[str, str]) -> None:
        event = self._events[item.event_id]
        self._expect_right(event)
        new: dict[str, Any] = {name: differing[name] for name in ("name", "description") if name in differing}
        if new.get("description") == "":
            new["description"] = None
        if "place" in differing:
            new["location"] = differing["place"]
        if differing.keys() & {"start", "end"}:
            said = {**item.written, **differing}
            new["start_time"], new["end_time"] = from_iso(said["start"]), from_iso(said["end"])
        try:
            async with asking_discord(
                Sentence("change the event “{event}”", "doing_change_event", event=event.name)
            ):
                await event.edit(**new, reason=REASON)
        except Gone:
            return  # somebody deleted it a moment ago; the next look sees that

    async def _cancel(self, item: Made) -> None:
        event = self._events[item.event_id]
        self._expect_right(event)
        try:
            async with asking_discord(
                Sentence("cancel the event “{event}”", "doing_cancel_event", event=event.name)
            ):
                await event.cancel(reason=REASON)
        except Gone:
            return

    def _expect_right(self, event: discord.ScheduledEvent) -> None:
        permission = lacking(event, self._guild.me)
        if permission is not None:
            raise self._lacks(event.name, permission)

    def _lacks(self, name: str, permission: str) -> Forbidden:
        return Forbidden(
            "{who} can't change the event “{event}”. The *{permission}* permission is needed for that.",
            code="event_right_missing",
            who=self._guild.me.mention,
            event=name,
            permission=permission_words(permission),
        )

    @property
    def _key(self) -> str:
        return key_of(current_run().job_id or "")

    async def _keep(self) -> None:
        note = {
            "guild_id": str(self._guild.id),
            "made": {key: item.to_json() for key, item in self._known.items()},
        }
        await host_of(self._bot).memory.put(CALENDAR_EVENTS, self._key, note)
