"""Discord's own events: who made them, when they may begin, and how they start and end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.first_day.assumption import assumes
from bot.first_day.findings import expect
from bot.first_day.place import MARK
from bot.first_day.visit import Visit
from schedulezero import instants

_EVENT = "/resources/guild-scheduled-event"
_ALL = "/guilds/{guild_id}/scheduled-events"
_ONE = "/guilds/{guild_id}/scheduled-events/{event_id}"
_INVALID = (50035,)
_STAGE, _VOICE, _EXTERNAL = 1, 2, 3
_SCHEDULED, _ACTIVE, _COMPLETED = 1, 2, 3


def _body(name: str, kind: int, *, hours: float = 24, **more: Any) -> dict[str, Any]:
    begins = instants.now() + timedelta(hours=hours)
    return {
        "name": f"{MARK} {name}",
        "entity_type": kind,
        "privacy_level": 2,
        "scheduled_start_time": begins.isoformat(),
        "scheduled_end_time": (begins + timedelta(hours=1)).isoformat(),
        **more,
    }


def _elsewhere(name: str, **more: Any) -> dict[str, Any]:
    return _body(name, _EXTERNAL, entity_metadata={"location": "Attic"}, **more)


@assumes(
    "events.made",
    "An event of the bot names the bot as its maker, and keeps its name",
    "finding an event that was made before a crash",
    f"{_EVENT}#create-guild-scheduled-event",
)
async def _made(visit: Visit) -> str:
    event = await visit.ask("POST", _ALL, json=_elsewhere("elsewhere "))
    expect(str(event.get("creator_id")) == str(visit.user_id), "its maker is not the bot")
    expect(event["name"].strip() == f"{MARK} elsewhere", repr(event["name"]))
    expect(event["status"] == _SCHEDULED, f"status {event['status']}")
    return "made"


@assumes(
    "events.not_past",
    "An event that begins in the past is refused",
    "create_event moves the start to the next minute",
    f"{_EVENT}#create-guild-scheduled-event",
)
async def _not_past(visit: Visit) -> str:
    return await visit.refused(_INVALID, "POST", _ALL, json=_elsewhere("past", hours=-1))


@assumes(
    "events.need_end",
    "An event elsewhere without an end is refused",
    "create_event",
    f"{_EVENT}#field-requirements-by-entity-type",
)
async def _need_end(visit: Visit) -> str:
    body = _elsewhere("endless")
    del body["scheduled_end_time"]
    return await visit.refused(_INVALID, "POST", _ALL, json=body)


@assumes(
    "events.started_and_ended",
    "The bot starts and ends its own event with the invited permissions",
    "start_event, end_event",
    f"{_EVENT}#modify-guild-scheduled-event",
)
async def _started_and_ended(visit: Visit) -> str:
    event = await visit.ask("POST", _ALL, json=_elsewhere("started"))
    for status in (_ACTIVE, _COMPLETED):
        changed = await visit.ask("PATCH", _ONE, event_id=event["id"], json={"status": status})
        expect(changed["status"] == status, f"status {changed['status']} instead of {status}")
    return "started and ended"


@assumes(
    "events.in_voice",
    "The bot makes and starts an event in a voice channel with the invited permissions",
    "create_event, start_event",
    f"{_EVENT}#guild-scheduled-event-permissions-requirements",
)
async def _in_voice(visit: Visit) -> str:
    return await _hosted(visit, "voice", _VOICE, await visit.place.voice())


@assumes(
    "events.in_stage",
    "The bot makes and starts an event on a stage with the invited permissions",
    "create_event, start_event",
    f"{_EVENT}#guild-scheduled-event-permissions-requirements",
)
async def _in_stage(visit: Visit) -> str:
    return await _hosted(visit, "stage", _STAGE, await visit.place.stage())


async def _hosted(visit: Visit, name: str, kind: int, channel: int) -> str:
    event = await visit.ask("POST", _ALL, json=_body(name, kind, channel_id=str(channel)))
    expect(str(event["channel_id"]) == str(channel), "it takes place elsewhere")
    for status in (_ACTIVE, _COMPLETED):
        await visit.ask("PATCH", _ONE, event_id=event["id"], json={"status": status})
    return "made, started and ended"


ASSUMPTIONS = (_made, _not_past, _need_end, _started_and_ended, _in_voice, _in_stage)
