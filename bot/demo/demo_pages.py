"""Chooses which place the demo's page shows, and as whom and in which language one reads it.

The simulator shows one channel at a time: `DemoPages` opens that one and closes the previous one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import simcord

from bot.demo.demo_languages import Languages
from schedulezero.background import run_in_background

log = logging.getLogger(__name__)

T = TypeVar("T")
Reader = simcord.MemberActor | simcord.UserHandle
"""Somebody as whom one looks at a place: in a channel a member, in direct messages a user."""


@dataclass(frozen=True)
class Place:
    """A channel or a person's direct messages, and the people as whom you can view it."""

    name: str
    channel: simcord.ChannelHandle
    viewers: tuple[Reader, ...]

    @property
    def is_direct(self) -> bool:
        """Whether these are a person's direct messages with the bot."""
        return self.name.startswith("@")


class DemoPages:
    """The pages of the demo's places; one is open at a time.

    Attributes:
        env: The simulated Discord.
        places: The places that can be shown, by their names; ``/`` leads to the first.
        languages: Who uses Discord in which language.
        timezone: IANA name of the zone in which the page shows times.
        preview: The simulator's page, while one is open.
        shown: The place that it shows.
    """

    def __init__(
        self, env: simcord.Env, places: tuple[Place, ...], languages: Languages, *, timezone: str
    ) -> None:
        self.env, self.languages, self.timezone = env, languages, timezone
        self.places = {place.name: place for place in places}
        self.shown = places[0]
        self.preview: simcord.Preview | None = None
        self._reader_id = places[0].viewers[0].id
        self._entering = asyncio.Lock()
        self._ended = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def reader(self) -> Reader:
        """The person as whom one looks at the shown place."""
        viewers = self.shown.viewers
        return next((viewer for viewer in viewers if viewer.id == self._reader_id), viewers[0])

    async def enter(self, name: str) -> simcord.Preview:
        """Open a place's page, unless it is open, and return it.

        Raises:
            KeyError: If there is no such place.
        """
        place = self.places[name]
        async with self._entering:
            if self.preview is None or self.shown is not place:
                await self.leave()
                preview = await when_idle(lambda: self._opened(place))
                self.preview, self.shown = preview, place
                self._watching = run_in_background(self._watch(preview), "watching the demo's page")
            self.read_as(self.reader.id)
            return self.preview

    def read_as(self, user_id: int) -> None:
        """Let the page that is opened next be read as another person, in that person's language.

        Raises:
            KeyError: If nobody can read as that person.
        """
        if user_id not in {viewer.id for place in self.places.values() for viewer in place.viewers}:
            raise KeyError(user_id)
        self._reader_id = user_id
        if self.preview is not None:
            self.preview.locale = self.languages.of(user_id)

    def direct_messages(self, user_id: int) -> Place:
        """Return the place of a person's direct messages."""
        return next(
            place for place in self.places.values() if place.is_direct and place.viewers[0].id == user_id
        )

    async def _opened(self, place: Place) -> simcord.Preview:
        preview = self.env.preview(
            place.channel, viewers=place.viewers, layout="channel", timezone=self.timezone
        )
        return await preview.__aenter__()

    async def _watch(self, preview: simcord.Preview) -> None:
        """Notice when a person ends the session with the page's button."""
        await preview.wait_closed()
        self._ended.set()

    async def leave(self) -> None:
        """Close the open page."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        if self.preview is not None:
            preview, self.preview = self.preview, None
            await preview.close()

    async def wait_ended(self) -> None:
        """Return once a person has ended the session."""
        await self._ended.wait()

    async def keep_fresh(self, changed: asyncio.Event) -> None:
        """Refresh the page whenever ``changed`` is set, so that new posts appear."""
        while True:
            await changed.wait()
            changed.clear()
            await self.refresh()

    async def refresh(self) -> None:
        """Show on the page what there is now, as soon as nothing else is under way."""
        while True:
            async with self._entering:
                if self.preview is None:
                    return
                try:
                    await self.preview.refresh()
                    return
                except simcord.SetupError:
                    log.debug("a person's own action is under way; it comes first")
                except TimeoutError:
                    log.debug("the bot is busy; the page is refreshed with the next message")
                    return
            await asyncio.sleep(0.1)


async def when_idle(act: Callable[[], Awaitable[T]]) -> T:
    """Do something with the simulator as soon as it does nothing else; it does one thing at a time."""
    while True:
        try:
            return await act()
        except simcord.SetupError as error:
            if "overlaps" not in str(error):  # simcord has no code for it
                raise
            await asyncio.sleep(0.05)
