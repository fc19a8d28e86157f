"""Discord's error codes for what no longer exists: jobs decide by them, never by the words."""

from __future__ import annotations

from bot.first_day.assumption import Assumption, assumes
from bot.first_day.place import MARK
from bot.first_day.visit import NOBODY, Visit

_CODES = "/topics/opcodes-and-status-codes#json-json-error-codes"

# Read as: what is gone, its code, and the request that meets it.
_GONE = {
    "channel": (10003, "GET", "/channels/{gone}"),
    "message": (10008, "GET", "/channels/{text}/messages/{gone}"),
    "member": (10007, "GET", "/guilds/{guild_id}/members/{user}"),
    "user": (10013, "GET", "/users/{gone}"),
    "role": (10011, "PUT", "/guilds/{guild_id}/members/{me}/roles/{gone}"),
    "webhook": (10015, "GET", "/webhooks/{gone}"),
    "event": (10070, "GET", "/guilds/{guild_id}/scheduled-events/{gone}"),
}
_DISCORDS_OWN = 643945264868098049
"""Discord's system account, which is in no server."""


def _gone(what: str, code: int, method: str, path: str) -> Assumption:
    @assumes(
        f"codes.{what}",
        f"Whatever asks for the {what} that doesn't exist is refused with {code}",
        "whether a job is tried again or paused",
        _CODES,
    )
    async def check(visit: Visit) -> str:
        ids = {"gone": NOBODY, "me": visit.user_id, "user": _DISCORDS_OWN}
        if "{text}" in path:
            ids["text"] = await visit.place.text()
        return await visit.refused((code,), method, path, **ids)

    return check


@assumes(
    "codes.not_my_message",
    "A message of somebody else can't be edited: 50005",
    "edit_post",
    _CODES,
)
async def _not_my_message(visit: Visit) -> str:
    channel = await visit.place.text("hook")
    webhook = await visit.ask(
        "POST", "/channels/{channel_id}/webhooks", channel_id=channel, json={"name": MARK}
    )
    sent = await visit.ask(
        "POST",
        "/webhooks/{webhook_id}/{webhook_token}",
        webhook_id=webhook["id"],
        webhook_token=webhook["token"],
        json={"content": "not the bot's"},
        params={"wait": "true"},
    )
    return await visit.refused(
        (50005,),
        "PATCH",
        "/channels/{channel_id}/messages/{message_id}",
        json={"content": "changed"},
        channel_id=channel,
        message_id=sent["id"],
    )


@assumes(
    "codes.kind_of_channel",
    "Posting in a category is refused with 50008",
    "jobs whose channel became another kind",
    _CODES,
)
async def _kind_of_channel(visit: Visit) -> str:
    category = await visit.place.category()
    return await visit.refused(
        (50008,), "POST", "/channels/{channel_id}/messages", json={"content": "x"}, channel_id=category
    )


ASSUMPTIONS = (*(_gone(what, *how) for what, how in _GONE.items()), _not_my_message, _kind_of_channel)
