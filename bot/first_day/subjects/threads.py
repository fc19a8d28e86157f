"""Threads and forums: types by the kind of channel, tags, archives, owners."""

from __future__ import annotations

from bot.first_day.assumption import assumes
from bot.first_day.findings import expect
from bot.first_day.place import MARK
from bot.first_day.visit import Visit

_THREADS = "/topics/threads"
_OPEN = "/channels/{channel_id}/threads"
_PUBLIC, _NEWS = 11, 10


@assumes(
    "threads.public",
    "A text channel's public thread has type 11",
    "create_thread",
    _THREADS,
)
async def _public(visit: Visit) -> str:
    thread = await visit.thread(await visit.place.text(), "public")
    expect(thread["type"] == _PUBLIC, f"type {thread['type']}")
    return "type 11"


@assumes(
    "threads.news",
    "An announcement channel's thread has type 10",
    "create_thread",
    _THREADS,
)
async def _news(visit: Visit) -> str:
    thread = await visit.thread(await visit.place.news(), "news", _NEWS)
    expect(thread["type"] == _NEWS, f"type {thread['type']}")
    return "type 10"


@assumes(
    "threads.news_not_public",
    "An announcement channel refuses threads of type 11",
    "create_thread asks for type 10 there",
    _THREADS,
)
async def _news_not_public(visit: Visit) -> str:
    body = {"name": f"{MARK} wrong", "type": _PUBLIC, "auto_archive_duration": 60}
    return await visit.refused((50024, 50035), "POST", _OPEN, json=body, channel_id=await visit.place.news())


@assumes(
    "threads.owner",
    "The bot owns the threads that it opens, and they are among the active ones",
    "finding a thread that was opened before a crash",
    "/resources/guild#list-active-guild-threads",
)
async def _owner(visit: Visit) -> str:
    thread = await visit.thread(await visit.place.text(), "owned")
    listed = (await visit.ask("GET", "/guilds/{guild_id}/threads/active"))["threads"]
    found = next((item for item in listed if item["id"] == thread["id"]), None)
    expect(found is not None, "it is not among the active ones")
    expect(str(thread["owner_id"]) == str(visit.user_id), "the bot does not own it")
    return "owned and listed"


@assumes(
    "threads.name",
    "A thread's name comes back with its outer blanks changed at most",
    "finding a thread that was opened before a crash",
    "/resources/channel#start-thread-without-message",
)
async def _name(visit: Visit) -> str:
    thread = await visit.thread(await visit.place.text(), "week of {date} ")
    expect(thread["name"].strip() == f"{MARK} week of {{date}}", repr(thread["name"]))
    return repr(thread["name"])


@assumes(
    "threads.forum_tag",
    "A forum that asks for a tag refuses a post without one: 40067",
    "create_forum_post",
    "/topics/opcodes-and-status-codes#json-json-error-codes",
)
async def _forum_tag(visit: Visit) -> str:
    body = {"name": f"{MARK} untagged", "message": {"content": "no tag"}}
    return await visit.refused((40067,), "POST", _OPEN, json=body, channel_id=await visit.place.forum())


@assumes(
    "threads.forum_first_message",
    "A forum post's first message has the post's id",
    "create_forum_post after a crash",
    "/topics/threads#forums",
)
async def _forum_first_message(visit: Visit) -> str:
    forum = await visit.place.forum()
    channel = await visit.ask("GET", "/channels/{channel_id}", channel_id=forum)
    body = {
        "name": f"{MARK} tagged",
        "message": {"content": "with a tag"},
        "applied_tags": [tag["id"] for tag in channel["available_tags"][:1]],
    }
    thread = await visit.ask("POST", _OPEN, channel_id=forum, json=body)
    expect(str(thread["message"]["id"]) == str(thread["id"]), "their ids differ")
    return "the same id"


@assumes(
    "threads.archived_unchangeable",
    "An archived thread takes no other change: 50083",
    "set_thread opens it first",
    "/topics/opcodes-and-status-codes#json-json-error-codes",
)
async def _archived_unchangeable(visit: Visit) -> str:
    thread = await visit.thread(await visit.place.text(), "archived")
    path = "/channels/{channel_id}"
    await visit.ask("PATCH", path, channel_id=thread["id"], json={"archived": True})
    return await visit.refused(
        (50083,), "PATCH", path, json={"rate_limit_per_user": 5}, channel_id=thread["id"]
    )


ASSUMPTIONS = (
    _public,
    _news,
    _news_not_public,
    _owner,
    _name,
    _forum_tag,
    _forum_first_message,
    _archived_unchangeable,
)
