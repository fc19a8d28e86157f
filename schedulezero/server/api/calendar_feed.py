"""``/calendar/<secret>.ics``: what calendar programs poll.

There is no other guard than the secret, so an address without a valid one tells nothing, not even whether it
was revoked. A feed is built in a thread, at most twice a minute, and then sent from memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiohttp import ETag, web

from schedulezero.model import Job, JobState, Run
from schedulezero.server.decisions.feed_events import BEHIND, events_of, window
from schedulezero.server.decisions.feed_text import feed_text
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.connections import place_of
from schedulezero.server.http.errors import FEEDS, ApiError
from schedulezero.server.http.rates import Rates
from schedulezero.server.records.feeds import Feeds, Polled
from schedulezero.server.records.guild_rules import Rules
from schedulezero.server.records.queries import JobFilter, RunFilter
from schedulezero.server.store.jobs import Store
from schedulezero.server.store.runs import RunStore

MOST_JOBS = 2000
MOST_RUNS = 600
FRESH = timedelta(seconds=30)
_MOST_KEPT = 64
_PAGE = 100
_LOOPBACK = "loopback"
_UNREADABLE = "forwarded"
"""Stands for all clients of whom a proxy says no usable address; they are counted together."""
_ENDING = ".ics"
_HEADERS = {
    "Cache-Control": "private, max-age=300",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


@dataclass(slots=True)
class _Built:
    """A feed in memory; the lock lets one request build it while the others wait."""

    data: bytes = b""
    etag: str = ""
    made_of: object = None
    at: datetime | None = None
    building: asyncio.Lock = field(default_factory=asyncio.Lock)


class CalendarResource:
    """The route handler of feeds, for calendar programs.

    Parameters:
        feeds: finds a feed by its secret.
        jobs, runs, rules: what feeds are made of.
        now: the present instant.
        behind_proxy: whether a proxy beyond this machine says in ``X-Forwarded-For`` who asks.
        each_address: the requests of one client's address beyond this machine; 60, then one a second.
        each_secret: the requests for one feed; 60, then two a second.
    """

    def __init__(
        self,
        feeds: Feeds,
        jobs: Store,
        runs: RunStore,
        rules: Rules,
        now: Callable[[], datetime],
        *,
        behind_proxy: bool = False,
        each_address: Rates | None = None,
        each_secret: Rates | None = None,
    ) -> None:
        self._feeds = feeds
        self._jobs, self._runs, self._rules = jobs, runs, rules
        self._now = now
        self._behind_proxy = behind_proxy
        self._each_address = each_address or Rates(1, 60)
        self._each_secret = each_secret or Rates(2, 60)
        self._built: OrderedDict[str, _Built] = OrderedDict()

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.get(f"{FEEDS}{{secret}}", self.poll)]  # and HEAD

    async def poll(self, request: web.Request) -> web.StreamResponse:
        lines = request.headers.getall("X-Forwarded-For", ())
        address = address_of(request.remote or "127.0.0.1", lines, trusting=self._behind_proxy)
        # A proxy that doesn't say who asks makes all clients one address.
        if address != _LOOPBACK and (wait := self._each_address.take(address)):
            return _later(wait)
        polled = await self._feeds.polled(request.match_info["secret"].removesuffix(_ENDING))
        if polled is None:
            raise ApiError(404, "calendar_not_found", "There is no calendar at this address.")
        if wait := self._each_secret.take(polled.feed.id):
            return _later(wait)
        now = self._now()
        built = await self._fresh(polled, now)
        changed_at = await self._feeds.note_poll(polled, built.etag, now)
        answer = web.Response(headers=_HEADERS)
        answer.etag = built.etag
        answer.last_modified = changed_at
        if _has_it(request, built.etag, changed_at):
            answer.set_status(304)
            return answer
        answer.body = built.data
        answer.content_type, answer.charset = "text/calendar", "utf-8"
        answer.headers["Content-Disposition"] = 'inline; filename="calendar.ics"'
        return answer

    async def _fresh(self, polled: Polled, now: datetime) -> _Built:
        """Return a feed that is at most half a minute old."""
        built = self._built.setdefault(polled.feed.id, _Built())
        self._built.move_to_end(polled.feed.id)
        if len(self._built) > _MOST_KEPT:
            self._built.popitem(last=False)
        async with built.building:
            made_of = (polled.shown, self._rules.of(polled.feed.place))
            if built.at is None or built.made_of != made_of or not timedelta(0) <= now - built.at < FRESH:
                built.data = await self._build(polled, now)
                built.etag = hashlib.sha256(built.data).hexdigest()[:32]
                built.made_of, built.at = made_of, now
        return built

    async def _build(self, polled: Polled, now: datetime) -> bytes:
        place, shown = polled.feed.place, polled.shown
        jobs, runs = await self._active(place), await self._past(place, window(now)[0])
        rules = None if polled.feed.personal else self._rules.of(place)

        def write() -> bytes:
            events = events_of(jobs, runs, rules, shown, personal=polled.feed.personal, now=now)
            return feed_text(events, name=shown.name, zone=shown.timezone)

        return await asyncio.to_thread(write)

    async def _active(self, place: str) -> list[Job]:
        """Return a place's active jobs, next run first, up to a bound."""
        found: list[Job] = []
        wanted, after = JobFilter(guild_id=place, state=JobState.ACTIVE), None
        while len(found) < MOST_JOBS:
            page, after = await self._jobs.jobs(wanted, after=after, limit=_PAGE)
            found += page
            if after is None:
                break
            await asyncio.sleep(0)
        return found

    async def _past(self, place: str, begin: datetime) -> list[Run]:
        """Return a place's last runs since an instant, newest first, up to a bound."""
        found: list[Run] = []
        before: int | None = None
        while len(found) < MOST_RUNS:
            page, before = await self._runs.runs(
                RunFilter(guild_id=place), before_sequence=before, limit=_PAGE
            )
            found += [run for run in page if run.scheduled_at >= begin]
            if before is None or page[-1].claimed_at is None or page[-1].claimed_at < begin - BEHIND:
                break
            await asyncio.sleep(0)
        return found


def _has_it(request: web.Request, etag: str, changed_at: datetime) -> bool:
    """Return whether a client's copy is still right (RFC 9110, 13.2.2: the ETag decides if there is one)."""
    known: tuple[ETag, ...] | None = request.if_none_match
    if known is not None:
        return any(item.value in ("*", etag) for item in known)
    since = request.if_modified_since
    return since is not None and changed_at.astimezone(UTC).replace(microsecond=0) <= since


def address_of(peer: str, forwarded: Sequence[str], *, trusting: bool) -> str:
    """Return by what a client is counted: the address that a proxy appended, if there is a proxy.

    Parameters:
        peer: the address of the connection's other end.
        forwarded: the lines ``X-Forwarded-For`` of the request, in order.
        trusting: whether a proxy on another machine is believed, and not only one on this machine.
    """
    peer = place_of(peer)
    if not forwarded or not (trusting or peer == _LOOPBACK):
        return peer
    try:
        # Several lines are one list (RFC 9110, 5.3). The proxy appends to its end; the rest is anybody's.
        found = place_of(forwarded[-1].rpartition(",")[2].strip())
    except ValueError:
        return _UNREADABLE
    return _UNREADABLE if found == _LOOPBACK else found  # nobody on this machine needs a proxy


def _later(seconds: float) -> web.Response:
    """Return the refusal of a client that asks too often, with when to ask again."""
    refused = ApiError(429, "too_many_requests", "This calendar is asked for too often.")
    headers = {"Retry-After": str(max(math.ceil(seconds), 1))}
    return json_answer(refused.to_json(), status=429, headers=headers)
