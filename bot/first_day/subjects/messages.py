"""Messages: nonces, what Discord does to texts, lengths, mentions, deletions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord

from bot.first_day.assumption import assumes
from bot.first_day.findings import Differs, expect
from bot.first_day.visit import ASKING_SECONDS, Visit
from schedulezero import instants

_MESSAGE = "/resources/message"
_POST = "/channels/{channel_id}/messages"
_ONE = "/channels/{channel_id}/messages/{message_id}"
_INVALID = (50035,)


@assumes(
    "messages.nonce",
    "A second message with the same enforced nonce isn't posted; the first one is returned",
    "no post happens twice",
    f"{_MESSAGE}#create-message",
)
async def _nonce(visit: Visit) -> str:
    channel = await visit.place.text()
    body = {"content": "once", "nonce": f"sz{instants.now().timestamp():.6f}"[:25], "enforce_nonce": True}
    first, second = await visit.post(channel, **body), await visit.post(channel, **body)
    expect(first["id"] == second["id"], "it was posted twice")
    return "posted once"


@assumes(
    "messages.text_kept",
    "A text comes back with its line ends and outer blanks changed at most",
    "finding what was posted before a crash",
    f"{_MESSAGE}#create-message",
)
async def _text_kept(visit: Visit) -> str:
    sent = "  first  day\r\nsecond line \n"
    came = (await visit.post(await visit.place.text(), content=sent))["content"]
    expect(_plain(came) == _plain(sent), repr(came))
    return "unchanged" if came == sent else repr(came)


def _plain(text: str) -> str:
    return "\n".join(line.strip() for line in text.replace("\r\n", "\n").strip().split("\n"))


@assumes(
    "messages.embed_trimmed",
    "Blanks around an embed's title and text are trimmed, and nothing else is",
    "finding what was posted before a crash",
    f"{_MESSAGE}#embed-object-embed-limits",
)
async def _embed_trimmed(visit: Visit) -> str:
    embed = {"title": "A title ", "description": "A text\n", "footer": {"text": "small "}}
    came = (await visit.post(await visit.place.text(), embeds=[embed]))["embeds"][0]
    words = (came.get("title"), came.get("description"), came.get("footer", {}).get("text"))
    expect(words == ("A title", "A text", "small"), words)
    return "trimmed"


@assumes(
    "messages.embed_length",
    "An embed of more than 6,000 characters is refused",
    "embeds are checked when a job is saved",
    f"{_MESSAGE}#embed-object-embed-limits",
)
async def _embed_length(visit: Visit) -> str:
    fields = [{"name": str(number), "value": "x" * 1000} for number in range(7)]
    body = {"embeds": [{"title": "long", "fields": fields}]}
    channel = await visit.place.text()
    return await visit.refused(_INVALID, "POST", _POST, json=body, channel_id=channel)


@assumes(
    "messages.length",
    "A text takes 2,000 characters, and 2,001 are refused",
    "texts are checked when a job is saved",
    f"{_MESSAGE}#create-message",
)
async def _length(visit: Visit) -> str:
    channel = await visit.place.text()
    await visit.post(channel, content="x" * 2000)
    body = {"content": "x" * 2001}
    return await visit.refused(_INVALID, "POST", _POST, json=body, channel_id=channel)


@assumes(
    "messages.empty", "A message without anything in it is refused with 50006", "texts of variables",
    "/topics/opcodes-and-status-codes#json-json-error-codes",
)  # fmt: skip
async def _empty(visit: Visit) -> str:
    channel = await visit.place.text()
    return await visit.refused((50006,), "POST", _POST, json={"content": ""}, channel_id=channel)


@assumes(
    "messages.own_text",
    "The bot reads the text of its own messages without the Message Content intent",
    "finding what was posted before a crash",
    "/events/gateway#message-content-intent",
)
async def _own_text(visit: Visit) -> str:
    channel = await visit.place.text()
    sent = await visit.post(channel, content="my own words")
    listed = await visit.ask("GET", _POST, channel_id=channel, params={"limit": 10})
    found = next((item for item in listed if item["id"] == sent["id"]), None)
    if found is None:
        raise Differs("it is not in the channel's history")
    expect(found["content"] == "my own words", repr(found["content"]))
    return "readable"


@assumes(
    "messages.no_ping",
    "A mention that isn't allowed pings nobody",
    "a text may not ping whom its author may not",
    f"{_MESSAGE}#allowed-mentions-object",
)
async def _no_ping(visit: Visit) -> str:
    sent = await visit.post(await visit.place.text(), content="@everyone is not called")
    expect(not sent["mention_everyone"], "it pinged everyone")
    return "nobody"


@assumes(
    "messages.edited",
    "An edit keeps the message's id and says when it was",
    "edit_post, alert cards",
    f"{_MESSAGE}#edit-message",
)
async def _edited(visit: Visit) -> str:
    channel = await visit.place.text()
    sent = await visit.post(channel, content="before")
    came = await visit.ask(
        "PATCH", _ONE, channel_id=channel, message_id=sent["id"], json={"content": "after"}
    )
    expect(came["id"] == sent["id"] and came["content"] == "after", came["content"])
    expect(bool(came["edited_timestamp"]), "no edited_timestamp")
    return "edited"


@assumes(
    "messages.poll",
    "A poll comes back with its question, and ends after its hours",
    "send_poll",
    "/resources/poll#poll-create-request-object",
)
async def _poll(visit: Visit) -> str:
    body = {
        "question": {"text": "Which one?"}, "answers": [{"poll_media": {"text": "this"}}],
        "duration": 2, "allow_multiselect": False, "layout_type": 1,
    }  # fmt: skip
    sent = await visit.post(await visit.place.text(), poll=body)
    came = sent["poll"]
    expect(came["question"]["text"] == "Which one?", came["question"])
    begun = discord.utils.snowflake_time(int(sent["id"]))
    ends = discord.utils.parse_time(came["expiry"])
    expect(ends is not None and abs(ends - begun - timedelta(hours=2)) < timedelta(minutes=5), came["expiry"])
    return "ends in 2 hours"


@assumes(
    "messages.deleted_in_bulk",
    "2 to 100 messages are deleted at once; one alone is refused",
    "clean-ups",
    f"{_MESSAGE}#bulk-delete-messages",
)
async def _deleted_in_bulk(visit: Visit) -> str:
    channel = await visit.place.text()
    ids = [(await visit.post(channel, content=f"goes {number}"))["id"] for number in range(2)]
    path = f"{_POST}/bulk-delete"
    await visit.ask("POST", path, channel_id=channel, json={"messages": ids})
    return await visit.refused(_INVALID, "POST", path, json={"messages": ids[:1]}, channel_id=channel)


@assumes(
    "messages.old_not_in_bulk",
    "Messages older than 14 days are refused with 50034",
    "clean-ups delete them one by one",
    f"{_MESSAGE}#bulk-delete-messages",
)
async def _old_not_in_bulk(visit: Visit) -> str:
    old = discord.utils.time_snowflake(instants.now() - timedelta(days=20))
    body = {"messages": [str(old), str(old + 1)]}
    channel = await visit.place.text()
    return await visit.refused((50034,), "POST", f"{_POST}/bulk-delete", json=body, channel_id=channel)


@assumes(
    "messages.system_kept",
    "The message about a thread's new name can't be deleted: 50021",
    "clean-ups of threads leave such messages out",
    f"{_MESSAGE}#message-object-message-types",
)
async def _system_kept(visit: Visit) -> str:
    thread = await visit.thread(await visit.place.text(), "old name")
    await visit.ask("PATCH", "/channels/{channel_id}", channel_id=thread["id"], json={"name": "new name"})

    async def renamed() -> Any:
        listed = await visit.ask("GET", _POST, channel_id=thread["id"], params={"limit": 10})
        return next((item for item in listed if item["type"] == 4), None)

    message = await visit.until(renamed, "the message about the new name", every=ASKING_SECONDS)
    return await visit.refused((50021,), "DELETE", _ONE, channel_id=thread["id"], message_id=message["id"])


ASSUMPTIONS = (
    _nonce,
    _text_kept,
    _embed_trimmed,
    _embed_length,
    _length,
    _empty,
    _own_text,
    _no_ping,
    _edited,
    _poll,
    _deleted_in_bulk,
    _old_not_in_bulk,
    _system_kept,
)
