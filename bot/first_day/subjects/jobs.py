"""The built-in jobs that post or call, over the server and the wire, with what then stands on Discord.

A job runs in the name of the guild's owner, or of the member that was named, like any job that this person
schedules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from discord.http import Route

from bot.first_day.assumption import assumes
from bot.first_day.findings import Differs, expect
from bot.first_day.place import MARK, TAG
from bot.first_day.visit import Visit
from schedulezero.model import Run, RunState

_MESSAGE = "/resources/message#create-message"


async def _message(visit: Visit, run: Run) -> dict[str, Any]:
    """Return the message that a run posted, as Discord has it."""
    done = run.result or {}
    path = "/channels/{channel_id}/messages/{message_id}"
    return await visit.ask("GET", path, channel_id=done["channel_id"], message_id=done["message_id"])


async def _posts(visit: Visit, method: str, **params: Any) -> dict[str, Any]:
    """Run a job that posts in the text channel, and return its message."""
    channel = await visit.place.text()
    await visit.known(channel)
    return await _message(visit, await visit.run_job(method, {"channel_id": str(channel), **params}))


@assumes(
    "job.send_post",
    "The job posts its text, embeds and buttons",
    "send_post, send_agenda, announce_event",
    _MESSAGE,
)
async def _send_post(visit: Visit) -> str:
    channel = await visit.place.text()
    await visit.known(channel)
    params = {
        "channel_ids": [str(channel)],
        "text": "a post",
        "embeds": [{"title": "One"}, {"title": "Two"}],
        "buttons": [{"label": "More", "url": "https://example.com"}],
    }
    came = await _message(visit, await visit.run_job("send_post", params))
    expect(came["content"] == "a post", repr(came["content"]))
    expect([item.get("title") for item in came["embeds"]] == ["One", "Two"], came["embeds"])
    expect(bool(came.get("components")), came.get("components"))
    return "posted"


@assumes("job.send_announcement", "The job posts its text", "send_announcement", _MESSAGE)
async def _send_announcement(visit: Visit) -> str:
    came = await _posts(visit, "send_announcement", message="an announcement")
    expect(came["content"] == "an announcement", repr(came["content"]))
    return "posted"


@assumes("job.send_embed_announcement", "The job posts its embed", "send_embed_announcement", _MESSAGE)
async def _send_embed_announcement(visit: Visit) -> str:
    came = await _posts(visit, "send_embed_announcement", title="A title", description="A text")
    expect([item.get("title") for item in came["embeds"]] == ["A title"], came["embeds"])
    return "posted"


@assumes(
    "job.send_to_multiple_channels", "The job posts in each channel", "send_to_multiple_channels", _MESSAGE
)
async def _send_to_multiple_channels(visit: Visit) -> str:
    channels = [await visit.place.text(), await visit.place.text("second")]
    for channel in channels:
        await visit.known(channel)
    params = {"channel_ids": [str(channel) for channel in channels], "message": "to both"}
    run = await visit.run_job("send_to_multiple_channels", params)
    expect(not (run.result or {}).get("failed"), run.result)
    path = "/channels/{channel_id}/messages"
    for channel in channels:
        listed = await visit.ask("GET", path, channel_id=channel, params={"limit": 5})
        expect("to both" in [item["content"] for item in listed], "it is missing in one of them")
    return "posted in both"


@assumes("job.send_poll", "The job posts its poll", "send_poll", "/resources/poll")
async def _send_poll(visit: Visit) -> str:
    came = await _posts(visit, "send_poll", question="Which?", answers="this\nthat", lasts="2 hours")
    expect(came.get("poll", {}).get("question", {}).get("text") == "Which?", came.get("poll"))
    return "posted"


@assumes("job.question_of_the_day", "The example posts its question", "question_of_the_day", _MESSAGE)
async def _question_of_the_day(visit: Visit) -> str:
    came = await _posts(visit, "question_of_the_day", question="Why?")
    expect("Why?" in came["content"], repr(came["content"]))
    return "posted"


@assumes("job.send_as", "The job posts under another name", "send_as", "/resources/webhook#execute-webhook")
async def _send_as(visit: Visit) -> str:
    came = await _posts(visit, "send_as", name="Captain", message="Ahoy")
    expect(came["author"]["username"] == "Captain", came["author"]["username"])
    return "posted"


@assumes("job.edit_post", "The job changes an earlier post", "edit_post", "/resources/message#edit-message")
async def _edit_post(visit: Visit) -> str:
    channel = await visit.place.text()
    await visit.known(channel)
    sent = await visit.post(channel, content="before")
    run = await visit.run_job("edit_post", {"message_url": _link(visit, sent), "text": "after"})
    came = await _message(visit, run)
    expect(came["content"] == "after", repr(came["content"]))
    return "changed"


@assumes(
    "job.delete_post", "The job deletes an earlier post", "delete_post", "/resources/message#delete-message"
)
async def _delete_post(visit: Visit) -> str:
    channel = await visit.place.text()
    await visit.known(channel)
    sent = await visit.post(channel, content="goes")
    await visit.run_job("delete_post", {"message_url": _link(visit, sent)})
    path = "/channels/{channel_id}/messages/{message_id}"
    return await visit.refused((10008,), "GET", path, channel_id=channel, message_id=sent["id"])


@assumes(
    "job.withdraw_post",
    "The job deletes one of the bot's own posts",
    "withdraw_post",
    "/resources/message#delete-message",
)
async def _withdraw_post(visit: Visit) -> str:
    channel = await visit.place.text()
    await visit.known(channel)
    sent = await visit.post(channel, content="goes as well")
    await visit.run_job("withdraw_post", {"message_url": _link(visit, sent)})
    path = "/channels/{channel_id}/messages/{message_id}"
    return await visit.refused((10008,), "GET", path, channel_id=channel, message_id=sent["id"])


def _link(visit: Visit, message: Mapping[str, Any]) -> str:
    return f"https://discord.com/channels/{visit.guild_id}/{message['channel_id']}/{message['id']}"


@assumes("job.create_thread", "The job opens a thread with its message", "create_thread", "/topics/threads")
async def _create_thread(visit: Visit) -> str:
    channel = await visit.place.text()
    await visit.known(channel)
    params = {"channel_id": str(channel), "title": f"{MARK} thread", "message": "first"}
    came = await _message(visit, await visit.run_job("create_thread", params))
    thread = await visit.channel(int(came["channel_id"]))
    expect(thread["name"] == f"{MARK} thread" and thread["type"] == 11, thread["name"])
    return "opened"


@assumes(
    "job.create_thread_in_news",
    "The job opens a thread in an announcement channel",
    "create_thread",
    "/topics/threads",
)
async def _create_thread_in_news(visit: Visit) -> str:
    channel = await visit.place.news()
    await visit.known(channel)
    run = await visit.run_job("create_thread", {"channel_id": str(channel), "title": f"{MARK} news"})
    thread = await visit.channel(int((run.result or {})["channel_id"]))
    expect(thread["type"] == 10, f"type {thread['type']}")
    return "opened"


@assumes("job.create_forum_post", "The job opens a post with a tag", "create_forum_post", "/topics/threads")
async def _create_forum_post(visit: Visit) -> str:
    forum = await visit.place.forum()
    await visit.known(forum)
    params = {"channel_id": str(forum), "title": f"{MARK} post", "message": "first", "tags": TAG}
    run = await visit.run_job("create_forum_post", params)
    thread = await visit.channel(int((run.result or {})["channel_id"]))
    expect(len(thread.get("applied_tags") or []) == 1, thread.get("applied_tags"))
    return "opened"


@assumes("job.send_dm", "The job sends a direct message", "send_dm", "/resources/user#create-dm")
async def _send_dm(visit: Visit) -> str:
    person = visit.someone()
    run = await visit.run_job("send_dm", {"user_id": str(person), "message": f"{MARK}: hello"})
    visit.place.direct_channels.add(int((run.result or {})["channel_id"]))
    expect(MARK in (await _message(visit, run))["content"], "it is not there")
    return "sent"


@assumes("job.remind", "The job reminds a person", "`/remind`", "/resources/user#create-dm")
async def _remind(visit: Visit) -> str:
    person = visit.someone()
    params = {"user_id": str(person), "message": f"{MARK}: tea"}
    run = await visit.try_job("remind", params, guild_id=person, creator_id=person)
    if run.state is not RunState.SUCCEEDED:
        raise Differs(f"the run is {run.state}: {run.error or run.note}")
    visit.place.direct_channels.add(int((run.result or {})["channel_id"]))
    came = await _message(visit, run)
    expect(bool(came.get("components")), "it has no buttons")
    return "sent with its buttons"


@assumes("job.call_web", "The job calls an address", "call_web", "/events/gateway#get-gateway")
async def _call_web(visit: Visit) -> str:
    run = await visit.run_job("call_web", {"url": f"{Route.BASE}/gateway", "method": "GET"})
    return str((run.result or {}).get("message") or "called")


@assumes(
    "job.refused_in_words",
    "A job that Discord refuses fails with its code, and isn't tried again and again",
    "every job",
    "/topics/opcodes-and-status-codes#json-json-error-codes",
)
async def _refused_in_words(visit: Visit) -> str:
    channel = await visit.place.text()
    params = {"message_url": _link(visit, {"channel_id": channel, "id": visit.guild_id}), "text": "x"}
    await visit.known(channel)
    run = await visit.try_job("edit_post", params)
    expect(run.state is RunState.FAILED, f"the run is {run.state}")
    expect(run.attempts <= 1, f"{run.attempts} attempts")
    return f"failed after {run.attempts} attempt(s)"


ASSUMPTIONS = (
    _send_post,
    _send_announcement,
    _send_embed_announcement,
    _send_to_multiple_channels,
    _send_poll,
    _question_of_the_day,
    _send_as,
    _edit_post,
    _delete_post,
    _withdraw_post,
    _create_thread,
    _create_thread_in_news,
    _create_forum_post,
    _send_dm,
    _remind,
    _call_web,
    _refused_in_words,
)
