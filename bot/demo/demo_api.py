"""What our part of the demo's page asks for: people, languages, events, and the menus of right clicks.

Every request carries the secret of simcord's page. What is done goes through the simulated Discord, as an
act of the person as whom the page is read.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import urlsplit

import simcord
from aiohttp import web

from bot.demo.app_menus import AppMenus, NoTarget, Target
from bot.demo.demo_languages import LANGUAGES
from bot.demo.demo_pages import DemoPages, Reader, when_idle
from bot.demo.guild_events import GuildEvents

_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class DemoApi:
    """Answers our scripts."""

    def __init__(self, pages: DemoPages, guild: simcord.GuildHandle, events: GuildEvents) -> None:
        self._pages, self._guild, self._events = pages, guild, events

    def routes(self) -> list[web.RouteDef]:
        """Return what is answered, each after the page's secret was shown."""
        return [
            web.get("/demo/api/world", self._guarded(self.world)),
            web.get("/demo/api/covers/{event}", self._guarded(self.cover)),
            web.get("/demo/api/menu", self._guarded(self.menu)),
            web.post("/demo/api/menu", self._guarded(self.choose)),
            web.post("/demo/api/reader", self._guarded(self.read_as)),
            web.post("/demo/api/language", self._guarded(self.speak)),
            web.post("/demo/api/interest", self._guarded(self.be_interested)),
        ]

    def _guarded(
        self, answer: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def guarded(request: web.Request) -> web.Response:
            preview = self._pages.preview
            secret = "" if preview is None else urlsplit(preview.url).fragment
            shown = request.headers.get("X-Simcord-Capability", "")
            if not secret or not hmac.compare_digest(secret.encode(), shown.encode()):
                raise web.HTTPUnauthorized
            try:
                return await answer(request)
            except (
                KeyError,
                ValueError,
                TypeError,
                OverflowError,
                RecursionError,
            ):  # forged, or made up by hand
                raise web.HTTPBadRequest from None
            except NoTarget:
                raise web.HTTPNotFound from None

        return guarded

    async def world(self, request: web.Request) -> web.Response:
        """What stands around the messages."""
        pages, backend = self._pages, self._pages.env.backend
        reader, languages = self._reader(request), pages.languages
        locale = languages.of(reader.id)
        return _json(
            {
                "guild": self._guild.name,
                "place": pages.shown.name,
                "places": [place.name for place in pages.places.values() if not place.is_direct],
                "direct": pages.direct_messages(reader.id).name,
                "bot": backend.bot_user.name,
                "reader": str(reader.id),
                "members": [
                    {"id": str(user.id), "name": user.global_name or user.name, "bot": user.bot}
                    for user in sorted(
                        map(backend.get_user, backend.get_guild(self._guild.id).members),
                        key=lambda user: user.bot,
                    )
                ],
                "languages": LANGUAGES,
                "language": locale,
                "guildLanguage": languages.of_guild(self._guild.id),
                "timezone": pages.timezone,
                "events": self._events.listed(reader.id, locale),
            }
        )

    async def cover(self, request: web.Request) -> web.Response:
        """An event's cover image."""
        cover = self._events.cover(int(request.match_info["event"]))
        if cover is None:
            raise web.HTTPNotFound
        return web.Response(body=cover.content, content_type=cover.kind, headers=_NO_STORE)

    async def menu(self, request: web.Request) -> web.Response:
        """The entries of the menu on a message, its author or a member."""
        target, reader = _target(dict(request.query)), self._reader(request)
        menus = AppMenus(self._pages.env, self._pages.shown.channel, reader)
        entries = menus.offered(target, self._pages.languages.of(reader.id))
        return _json(
            {"title": menus.title(target), "app": self._pages.env.backend.bot_user.name, "entries": entries}
        )

    async def choose(self, request: web.Request) -> web.Response:
        """Choose an entry of a menu; the page shows what the bot answers, a form too."""
        asked = await request.json()
        target, name = _target(asked["target"]), str(asked["name"])
        menus = AppMenus(self._pages.env, self._pages.shown.channel, self._reader(request))
        result = await when_idle(lambda: menus.choose(target, name))
        page = self._page(request)
        if result.modal is not None and page is not None:
            page.modal, page.modal_handle = result, f"m_{secrets.token_urlsafe(12)}"
        await self._pages.refresh()
        return _json({"message": None if result.response is None else str(result.response.id)})

    async def read_as(self, request: web.Request) -> web.Response:
        """Read as another person; answers with the place that shows it."""
        pages = self._pages
        user_id = int((await request.json())["user"])
        pages.read_as(user_id)
        place = pages.direct_messages(user_id) if pages.shown.is_direct else pages.shown
        return _json({"place": place.name})

    async def speak(self, request: web.Request) -> web.Response:
        """Change the language of the reader's Discord, or of the guild."""
        asked = await request.json()
        if "guild" in asked:
            self._pages.languages.choose_for_guild(self._guild.id, asked["guild"])
        if "reader" in asked:
            reader = self._reader(request)
            self._pages.languages.choose(reader.id, asked["reader"])
            self._pages.read_as(reader.id)
        return _json({"place": self._pages.shown.name})

    async def be_interested(self, request: web.Request) -> web.Response:
        """Mark the reader as interested in an event, or no longer."""
        asked = await request.json()
        event_id, interested = int(asked["event"]), asked["interested"]
        if not self._events.knows(event_id) or not isinstance(interested, bool):
            raise web.HTTPNotFound
        person = self._member(self._reader(request).id)
        act = person.subscribe_event if interested else person.unsubscribe_event
        await when_idle(lambda: act(event_id))
        return _json({})

    def _member(self, user_id: int) -> simcord.MemberActor:
        env = self._pages.env
        return simcord.MemberActor(env, self._guild, simcord.UserHandle(env, env.backend.get_user(user_id)))

    def _reader(self, request: web.Request) -> Reader:
        """Return who reads the page that asks; another window may be read as somebody else."""
        page = self._page(request)
        return page.viewer if page is not None else self._pages.reader

    def _page(self, request: web.Request) -> Any:
        preview, context = self._pages.preview, request.headers.get("X-Simcord-Context")
        try:
            return preview._get_page(context) if preview is not None and context else None
        except simcord.SetupError:  # closed meanwhile
            return None


def _target(asked: Any) -> Target:
    if not isinstance(asked, dict):
        raise TypeError("a menu is on an object")
    asked = cast("dict[str, Any]", asked)
    message, user = asked.get("message"), asked.get("user")
    if (message is None) == (user is None):
        raise ValueError("a menu is on a message or on a member")
    return Target(
        message_id=None if message is None else int(message),
        user_id=None if user is None else int(user),
        author=bool(asked.get("author")),
    )


def _json(body: dict[str, Any]) -> web.Response:
    return web.json_response(body, headers=_NO_STORE)
