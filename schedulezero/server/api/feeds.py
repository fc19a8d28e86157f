"""``/api/feeds``: the calendar feeds of guilds and people. A secret is told once, when it is made."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from schedulezero.model.feed import FEEDS_OF_A_GUILD, FEEDS_OF_A_PERSON, Shown
from schedulezero.sentences import Sentence
from schedulezero.server.decisions.refusal import Conflict, Missing
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.bodies import FeedBody, PlaceBody, ShownBody, actor_of, check_zone, read_body
from schedulezero.server.http.errors import ApiError
from schedulezero.server.records.feeds import Feeds


class FeedsResource:
    """The route handlers of feeds, for programs with a token."""

    def __init__(self, feeds: Feeds, now: Callable[[], datetime]) -> None:
        self._feeds = feeds
        self._now = now

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/api/feeds", self.make),
            web.get("/api/feeds", self.list),
            web.put("/api/feeds", self.show),
            web.get("/api/feeds/guilds", self.guilds),
            web.post("/api/feeds/{id}/renew", self.renew),
            web.post("/api/feeds/{id}/revoke", self.revoke),
        ]

    async def make(self, request: web.Request) -> web.Response:
        body = await read_body(request, FeedBody)
        made = await self._feeds.make(
            body.place, _shown(body), self._now(), personal=body.personal, by=actor_of(request)
        )
        if made is None:
            most = FEEDS_OF_A_PERSON if body.personal else FEEDS_OF_A_GUILD
            said = Sentence(
                "There are already {count} calendar addresses. Revoke one first.",
                "too_many_feeds",
                count=most,
            )
            raise Conflict("too_many_feeds", said, "place")
        return json_answer(made.to_json(), status=201)

    async def list(self, request: web.Request) -> web.Response:
        place = request.query.get("place", "")
        if not re.fullmatch(r"\d{1,20}", place, re.ASCII):
            raise ApiError(400, "bad_query", "'place' must be a guild's or a person's id.", "place")
        return json_answer({"feeds": [feed.to_json() for feed in await self._feeds.of(place)]})

    async def show(self, request: web.Request) -> web.Response:
        body = await read_body(request, ShownBody)
        return json_answer({"feeds": await self._feeds.show(body.place, _shown(body))})

    async def guilds(self, request: web.Request) -> web.Response:
        return json_answer({"guilds": await self._feeds.guilds()})

    async def renew(self, request: web.Request) -> web.Response:
        body = await read_body(request, PlaceBody)
        feed_id = request.match_info["id"]
        renewed = await self._feeds.renew(body.place, feed_id, self._now(), actor_of(request))
        if renewed is None:
            raise _no_feed()
        return json_answer(renewed.to_json())

    async def revoke(self, request: web.Request) -> web.Response:
        body = await read_body(request, PlaceBody)
        if not await self._feeds.revoke(body.place, request.match_info["id"], actor_of(request)):
            raise _no_feed()
        return json_answer({"status": "success"})


def _shown(body: ShownBody) -> Shown:
    check_zone(body.timezone, "UTC")
    return Shown(body.name, body.timezone, body.channels, body.methods)


def _no_feed() -> Missing:
    gone = Sentence("This calendar address no longer exists.", "feed_revoked")
    return Missing("feed_not_found", gone, "id")
