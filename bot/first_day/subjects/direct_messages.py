"""Direct messages: one channel for each person, and whom a bot can't write to."""

from __future__ import annotations

from bot.first_day.assumption import assumes
from bot.first_day.findings import expect
from bot.first_day.place import MARK
from bot.first_day.visit import Visit

_DIRECT = "/resources/user#create-dm"
_OPEN = "/users/@me/channels"


async def _opened(visit: Visit) -> int:
    channel = await visit.ask("POST", _OPEN, json={"recipient_id": str(visit.someone())})
    visit.place.direct_channels.add(int(channel["id"]))
    return int(channel["id"])


@assumes(
    "direct.same_channel",
    "Opening a person's direct messages again gives the same channel",
    "the channel's id is kept, so that a reminder is one request",
    _DIRECT,
)
async def _same_channel(visit: Visit) -> str:
    first, second = await _opened(visit), await _opened(visit)
    expect(first == second, "two channels")
    return "the same channel"


@assumes(
    "direct.post",
    "A post in the kept channel arrives, without opening it again",
    "reminders",
    _DIRECT,
)
async def _post(visit: Visit) -> str:
    sent = await visit.post(await _opened(visit), content=f"{MARK}: a direct message; it goes again")
    expect(bool(sent["id"]), "no message came back")
    return "posted"


@assumes(
    "direct.to_itself",
    "A bot can't write to itself: 50007 or 50033",
    "send_dm",
    "/topics/opcodes-and-status-codes#json-json-error-codes",
)
async def _to_itself(visit: Visit) -> str:
    return await visit.refused((50007, 50033), "POST", _OPEN, json={"recipient_id": str(visit.user_id)})


ASSUMPTIONS = (_to_itself, _same_channel, _post)
