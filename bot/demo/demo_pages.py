"""Chooses which channel the demo's page shows: a front door on one port, with one address per place.

The simulator shows one channel at a time, at an address that changes each time. The front door therefore
serves addresses such as ``/lounge`` or ``/@ada`` (Ada's direct messages with the bot): it opens that page,
closes the previous one, and redirects the browser.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import simcord
from aiohttp import web

from schedulezero.background import run_in_background
from schedulezero.errors import PortTaken
from schedulezero.wire.port_owner import said_of_owner

log = logging.getLogger(__name__)

_HOSTS = ("127.0.0.1", "localhost")
_IDLE_SECONDS = 30.0


@dataclass(frozen=True)
class Place:
    """A channel or a person's direct messages, and the people as whom you can view it."""

    name: str
    channel: simcord.ChannelHandle
    viewers: tuple[simcord.MemberActor | simcord.UserHandle, ...]


class DemoPages:
    """The pages of the demo's places; one is open at a time."""

    def __init__(self, env: simcord.Env, places: tuple[Place, ...], *, timezone: str) -> None:
        """Parameters:
        env: The simulated Discord.
        places: The places that can be shown; ``/`` leads to the first.
        timezone: IANA name of the zone in which the page shows times.
        """
        self._env, self._timezone = env, timezone
        self._places = {place.name: place for place in places}
        self._shown = ""
        self._preview: simcord.Preview | None = None
        self._entering = asyncio.Lock()
        self._ended = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    async def enter(self, name: str) -> str:
        """Open a place's page, unless it is open, and return its address.

        Raises:
            KeyError: If there is no such place.
        """
        place = self._places[name]
        async with self._entering:
            if self._preview is None or self._shown != name:
                await self.leave()
                preview = await self._undisturbed(place)
                await preview.__aenter__()
                self._preview, self._shown = preview, name
                self._watching = run_in_background(self._watch(preview), "watching the demo's page")
            return self._preview.url

    async def _undisturbed(self, place: Place) -> simcord.Preview:
        """Create a place's page as soon as the simulator is idle."""
        while True:
            try:
                return self._env.preview(
                    place.channel, viewers=place.viewers, layout="channel", timezone=self._timezone
                )
            except simcord.SetupError as error:
                if "overlaps" not in str(error):
                    raise
                await asyncio.sleep(0.05)

    async def _watch(self, preview: simcord.Preview) -> None:
        """Notice when a person ends the session with the page's button."""
        await preview.wait_closed()
        self._ended.set()

    async def leave(self) -> None:
        """Close the open page."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        if self._preview is not None:
            await self._preview.close()
            self._preview = None

    async def wait_ended(self) -> None:
        """Return once a person has ended the session."""
        await self._ended.wait()

    async def keep_fresh(self, changed: asyncio.Event) -> None:
        """Refresh the page whenever ``changed`` is set, so that new posts appear."""
        while True:
            await changed.wait()
            changed.clear()
            await self._refresh()

    async def _refresh(self) -> None:
        while True:
            async with self._entering:
                if self._preview is None:
                    return
                try:
                    await self._preview.refresh()
                    return
                except simcord.SetupError:
                    log.debug("a person's own action is under way; it comes first")
                except TimeoutError:
                    log.debug("the bot is busy; the page is refreshed with the next message")
                    return
            await asyncio.sleep(0.1)

    async def send_there(self, request: web.Request) -> web.Response:
        """Redirect the browser to a place's page and show that place."""
        _refuse_other_pages(request)
        try:
            address = await self.enter(request.match_info["name"] or next(iter(self._places)))
        except KeyError:
            known = "\n".join(f"{request.url.origin()}/{name}" for name in self._places)
            raise web.HTTPNotFound(text=f"There is no such channel. These are there:\n{known}\n") from None
        raise web.HTTPFound(address, headers={"Cache-Control": "no-store"})


def _refuse_other_pages(request: web.Request) -> None:
    """Refuse requests from other web pages, as the REST API does.

    A link on the demo's own page comes from another port of this machine, which browsers treat as the same
    site.
    """
    if (request.url.host or "") not in _HOSTS:  # a foreign page whose host name resolves to our address
        raise web.HTTPForbidden(text="The demo answers on this machine only.")
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    link = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.headers.get("Sec-Fetch-Dest") in (
        "document",
        None,
    )
    foreign_origin = origin is not None and origin != f"{request.scheme}://{request.host}"
    if foreign_origin or site == "cross-site" or (site == "same-site" and not link):
        raise web.HTTPForbidden(text="The demo is not for other web pages; open its address by itself.")


@asynccontextmanager
async def front_door(pages: DemoPages, port: int) -> AsyncIterator[str]:
    """Serve the places' addresses on a port (0 picks a free one) and yield the front door's address.

    Raises:
        PortTaken: If another program listens there, or this one may not.
    """
    app = web.Application()
    app.router.add_get("/{name:[^/]*}", pages.send_there)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=_IDLE_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except OSError as error:
            who = said_of_owner(port)
            taken = f"{who[0].upper()}{who[1:]} listens on"
            why = taken if error.errno == errno.EADDRINUSE else "The demo may not use"
            raise PortTaken(f"{why} port {port}; give another one with --port.") from error
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await pages.leave()
        await runner.cleanup()
