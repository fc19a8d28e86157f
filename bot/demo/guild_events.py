"""Discord's events in the demo's guild, with what simcord forgets of them: cover images and recurrence rules.

https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-object
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import simcord
from simcord.backend.errors import BackendError
from simcord.http import router

from schedulezero import instants
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand

_EVENTS = re.compile(r"/guilds/\d+/scheduled-events(?:/(\d+))?")
_IMAGE = re.compile(r"data:(image/(?:png|jpeg|gif));base64,(.+)", re.DOTALL)
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_STATES = {1: "scheduled", 2: "active", 3: "completed", 4: "canceled"}


@dataclass(frozen=True)
class Cover:
    """An event's cover image, and its media type."""

    kind: str
    content: bytes


class GuildEvents:
    """The events of one guild, as its page shows them."""

    def __init__(self, env: simcord.Env, guild: simcord.GuildHandle) -> None:
        self._backend, self._guild = env.backend, guild
        self._covers: dict[int, Cover] = {}
        self._rules: dict[int, dict[str, Any]] = {}

    @contextmanager
    def kept_whole(self) -> Iterator[None]:
        """Keep covers and recurrence rules until the block ends; simcord drops one and refuses the other."""
        real = router.dispatch

        def dispatch(backend: Any, method: str, path: str, **more: Any) -> Any:
            asked = _EVENTS.fullmatch(path)
            if asked is None or method not in ("POST", "PATCH"):
                return real(backend, method, path, **more)
            body = dict(more.get("json") or {})
            cover = _cover(body.pop("image", None))
            rule = body.pop("recurrence_rule", None)
            answer = real(backend, method, path, **{**more, "json": body})
            event_id = int(answer["id"])
            if cover is not None:
                self._covers[event_id] = cover
            if rule is not None:
                self._rules[event_id] = rule
            return {**answer, "recurrence_rule": self._rules.get(event_id)}

        router.dispatch = dispatch  # type: ignore[assignment]
        try:
            yield
        finally:
            router.dispatch = real

    def listed(self, reader_id: int, locale: str) -> list[dict[str, Any]]:
        """Return the events that haven't ended, the next one first, as JSON for the page.

        Parameters:
            reader_id: The person who looks.
            locale: That person's language, in which it says how an event repeats.
        """
        guild = self._backend.get_guild(self._guild.id)
        standing = [event for event in guild.scheduled_events.values() if event.status in (1, 2)]
        return [
            {
                "id": str(event.id),
                "name": event.name,
                "description": event.description or "",
                "state": _STATES[event.status],
                "start": event.scheduled_start_time,
                "end": event.scheduled_end_time,
                "place": self._place(event),
                "repeats": self._repeats(event.id, locale),
                "cover": event.id in self._covers,
                "count": len(event.user_ids),
                "interested": reader_id in event.user_ids,
            }
            for event in sorted(
                standing, key=lambda event: datetime.fromisoformat(event.scheduled_start_time)
            )
        ]

    def cover(self, event_id: int) -> Cover | None:
        """Return an event's cover image."""
        return self._covers.get(event_id)

    def knows(self, event_id: int) -> bool:
        """Return whether the guild has such an event."""
        return event_id in self._backend.get_guild(self._guild.id).scheduled_events

    def _place(self, event: Any) -> str:
        if event.channel_id is not None:
            return f"🔊 {self._backend.get_channel(event.channel_id).name}"
        return (event.entity_metadata or {}).get("location", "")

    def _repeats(self, event_id: int, locale: str) -> str:
        rule = self._rules.get(event_id)
        if rule is None:
            return ""
        trigger = understand(rrule(rule), zone="UTC", locale="en-GB", now=instants.now()).trigger
        recurs = replace(trigger, args={key: trigger.args[key] for key in trigger.args if key != "starting"})
        return f"{describe(recurs, 'UTC', locale)} (UTC)"  # Discord's rules repeat an instant in UTC


def rrule(rule: dict[str, Any]) -> str:
    """Return one of Discord's recurrence rules in the notation of iCalendar (RFC 5545).

    Example:
        >>> rrule({"start": "2026-11-27T19:00:00Z", "frequency": 2, "interval": 2, "by_weekday": [4]})
        'DTSTART:20261127T190000Z\\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=FR'
    """
    parts = [f"FREQ={_FREQUENCIES[rule['frequency']]}"]
    if rule["interval"] != 1:
        parts.append(f"INTERVAL={rule['interval']}")
    if days := rule.get("by_weekday"):
        parts.append(f"BYDAY={','.join(_DAYS[day] for day in days)}")
    if nth := rule.get("by_n_weekday"):
        parts.append("BYDAY=" + ",".join(str(item["n"]) + _DAYS[item["day"]] for item in nth))
    if months := rule.get("by_month"):
        parts.append(f"BYMONTH={','.join(map(str, months))}")
    if month_days := rule.get("by_month_day"):
        parts.append(f"BYMONTHDAY={','.join(map(str, month_days))}")
    start = instants.from_iso(rule["start"])
    return f"DTSTART:{start:%Y%m%dT%H%M%SZ}\nRRULE:{';'.join(parts)}"


def _cover(uri: str | None) -> Cover | None:
    if uri is None:
        return None
    try:
        found = _IMAGE.fullmatch(uri)
        if found is None:
            raise ValueError("not a picture")
        return Cover(found[1], base64.b64decode(found[2], validate=True))
    except (ValueError, binascii.Error):
        errors = {"image": {"_errors": [{"code": "IMAGE_INVALID", "message": "Invalid image data"}]}}
        raise BackendError(400, 50035, "Invalid Form Body", errors=errors) from None
