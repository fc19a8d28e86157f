"""Webhooks: whose they are, which names they take, and whether their posts can be found again."""

from __future__ import annotations

from typing import Any

from bot.first_day.assumption import assumes
from bot.first_day.findings import Differs, expect
from bot.first_day.place import MARK
from bot.first_day.visit import Visit

_WEBHOOK = "/resources/webhook"
_OF_CHANNEL = "/channels/{channel_id}/webhooks"
_EXECUTE = "/webhooks/{webhook_id}/{webhook_token}"
_INVALID = (50035,)


async def _made(visit: Visit) -> dict[str, Any]:
    """Return a webhook of ours in the text channel, made once."""
    if "webhook" not in visit.noted:
        channel = await visit.place.text()
        visit.noted["webhook"] = await visit.ask("POST", _OF_CHANNEL, channel_id=channel, json={"name": MARK})
    return visit.noted["webhook"]


async def _posted(visit: Visit, text: str, **params: Any) -> dict[str, Any]:
    webhook = await _made(visit)
    return await visit.ask(
        "POST",
        _EXECUTE,
        webhook_id=webhook["id"],
        webhook_token=webhook["token"],
        json={"content": text, "username": "Somebody", "allowed_mentions": {"parse": []}},
        params={"wait": "true", **params},
    )


@assumes(
    "webhooks.ours",
    "The list of webhooks shows the bot as the maker of its own, with their tokens",
    "send_as reuses its webhook",
    f"{_WEBHOOK}#get-channel-webhooks",
)
async def _ours(visit: Visit) -> str:
    made = await _made(visit)
    listed = await visit.ask("GET", _OF_CHANNEL, channel_id=await visit.place.text())
    found = next((item for item in listed if item["id"] == made["id"]), None)
    if found is None:
        raise Differs("it is not listed")
    expect(str((found.get("user") or {}).get("id")) == str(visit.user_id), "its maker is not the bot")
    expect(found.get("token") == made["token"], "its token is not shown")
    return "listed with its token"


@assumes(
    "webhooks.name_refused",
    "A post under a name with “discord” in it is refused",
    "send_as checks names when a job is saved",
    f"{_WEBHOOK}#create-webhook",
)
async def _name_refused(visit: Visit) -> str:
    webhook = await _made(visit)
    body = {"content": "under a name", "username": "discord"}
    return await visit.refused(
        _INVALID, "POST", _EXECUTE, json=body, webhook_id=webhook["id"], webhook_token=webhook["token"]
    )


@assumes(
    "webhooks.found_by_token",
    "The webhook's own token reads the text of its posts",
    "send_as looks for what it posted before a crash",
    f"{_WEBHOOK}#get-webhook-message",
)
async def _found_by_token(visit: Visit) -> str:
    webhook, sent = await _made(visit), await _posted(visit, "said by a webhook")
    came = await visit.ask(
        "GET",
        f"{_EXECUTE}/messages/{{message_id}}",
        webhook_id=webhook["id"],
        webhook_token=webhook["token"],
        message_id=sent["id"],
    )
    expect(came["content"] == "said by a webhook", repr(came["content"]))
    return "readable"


@assumes(
    "webhooks.marked",
    "The history shows which webhook posted a message",
    "send_as looks for what it posted before a crash",
    f"{_WEBHOOK}#execute-webhook",
)
async def _marked(visit: Visit) -> str:
    webhook, sent = await _made(visit), await _posted(visit, "said in the history")
    channel = await visit.place.text()
    listed = await visit.ask(
        "GET", "/channels/{channel_id}/messages", channel_id=channel, params={"limit": 10}
    )
    found = next((item for item in listed if item["id"] == sent["id"]), None)
    if found is None:
        raise Differs("it is not in the channel's history")
    expect(str(found.get("webhook_id")) == str(webhook["id"]), f"webhook_id {found.get('webhook_id')}")
    return "its text is hidden from the bot" if not found["content"] else "its text is shown to the bot, too"


@assumes(
    "webhooks.in_thread",
    "A channel's webhook posts in a thread of it",
    "send_as in threads",
    f"{_WEBHOOK}#execute-webhook",
)
async def _in_thread(visit: Visit) -> str:
    thread = await visit.thread(await visit.place.text(), "for a webhook")
    sent = await _posted(visit, "said in a thread", thread_id=thread["id"])
    expect(str(sent["channel_id"]) == str(thread["id"]), "it was posted elsewhere")
    return "posted in the thread"


@assumes(
    "webhooks.none_in_forum_without_thread",
    "A post in a forum needs a thread or a new title",
    "send_as in forums",
    f"{_WEBHOOK}#execute-webhook",
)
async def _forum_needs_thread(visit: Visit) -> str:
    forum = await visit.place.forum()
    webhook = await visit.ask("POST", _OF_CHANNEL, channel_id=forum, json={"name": MARK})
    return await visit.refused(
        (220001,),
        "POST",
        _EXECUTE,
        json={"content": "where?"},
        webhook_id=webhook["id"],
        webhook_token=webhook["token"],
    )


ASSUMPTIONS = (_ours, _name_refused, _found_by_token, _marked, _in_thread, _forum_needs_thread)
