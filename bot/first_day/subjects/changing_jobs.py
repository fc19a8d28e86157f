"""The built-in jobs that change something: threads, events, messages, channels and roles.

What they change for a while is brought back by their endings, which run at once here instead of later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from bot.first_day.assumption import assumes
from bot.first_day.findings import Differs, expect
from bot.first_day.place import MARK
from bot.first_day.visit import Visit
from schedulezero.model import RunState


@assumes(
    "job.set_thread",
    "The job closes a thread for a while, and its ending opens it again",
    "set_thread",
    "/topics/threads#thread-locking",
)
async def _set_thread(visit: Visit) -> str:
    thread = await visit.thread(await visit.place.text(), "closed")
    await visit.known(int(thread["id"]))
    params = {"thread_id": thread["id"], "state": "closed", "lasts": "1 hour"}
    await visit.run_job("set_thread", params)
    closed = (await visit.channel(int(thread["id"])))["thread_metadata"]
    expect(closed["archived"] and closed["locked"], closed)
    await _end(visit, "set_thread")
    opened = (await visit.channel(int(thread["id"])))["thread_metadata"]
    expect(not opened["archived"] and not opened["locked"], opened)
    return "closed, and open again"


async def _end(visit: Visit, method: str) -> None:
    """Run the ending that a job scheduled, now instead of later."""
    run = await visit.run_saved(await visit.ending_of(method))
    if run.state is not RunState.SUCCEEDED:
        raise Differs(f"its ending is {run.state}: {run.error or run.note}")


@assumes(
    "job.create_event",
    "The jobs make an event, start it and end it",
    "create_event, start_event, end_event, follow_calendar",
    "/resources/guild-scheduled-event",
)
async def _create_event(visit: Visit) -> str:
    title = f"{MARK} party"
    guild = {"guild_id": str(visit.guild_id), "title": title}
    run = await visit.run_job("create_event", {**guild, "starts_in": "2 hours", "place": "Attic"})
    event_id = (run.result or {})["event_id"]
    path = "/guilds/{guild_id}/scheduled-events/{event_id}"
    for method, status in (("start_event", 2), ("end_event", 3)):
        await visit.run_job(method, {**guild, "event_id": event_id})
        try:
            came = (await visit.ask("GET", path, event_id=event_id))["status"]
        except discord.NotFound:
            came = 3  # Discord forgets an event that is over
        expect(came == status, f"status {came} after {method}")
    return "made, started and ended"


@assumes(
    "job.remind_interested",
    "The job may ask who is interested in an event",
    "remind_interested",
    "/resources/guild-scheduled-event#get-guild-scheduled-event-users",
)
async def _remind_interested(visit: Visit) -> str:
    guild = {"guild_id": str(visit.guild_id)}
    talk = {**guild, "title": f"{MARK} talk"}
    made = await visit.run_job("create_event", {**talk, "starts_in": "2 hours", "place": "Attic"})
    event_id = (made.result or {})["event_id"]
    channel = await visit.place.text()
    wanted = {**guild, "event": str(event_id), "before": "1 day", "channel_id": str(channel)}
    run = await visit.run_job("remind_interested", wanted)
    for method in ("start_event", "end_event"):
        await visit.run_job(method, {**talk, "event_id": event_id})
    return str((run.result or {}).get("message"))


@assumes(
    "job.cleanup_messages",
    "The job deletes what is there, and leaves what can't be deleted",
    "cleanup_messages",
    "/resources/message#bulk-delete-messages",
)
async def _cleanup_messages(visit: Visit) -> str:
    thread = await visit.thread(await visit.place.text(), "to clean")
    channel = int(thread["id"])
    await visit.known(channel)
    for number in range(3):
        await visit.post(channel, content=f"goes {number}")
    # Its message about the new name can't be deleted, and mustn't hold up the others.
    await visit.ask("PATCH", "/channels/{channel_id}", channel_id=channel, json={"name": f"{MARK} cleaned"})
    run = await visit.run_job("cleanup_messages", {"channel_id": str(channel), "limit": 50})
    listed = await visit.ask(
        "GET", "/channels/{channel_id}/messages", channel_id=channel, params={"limit": 20}
    )
    left = [item["content"] for item in listed if str(item["content"]).startswith("goes")]
    expect(not left, f"{len(left)} of 3 are left; the run says: {(run.result or {}).get('message')}")
    return str((run.result or {}).get("message"))


@assumes(
    "job.lockdown_channel",
    "The jobs lock a channel and give it back as it was",
    "lockdown_channel, unlock_channel",
    "/resources/channel#edit-channel-permissions",
)
async def _lockdown_channel(visit: Visit) -> str:
    channel = await visit.place.text("locked")
    await visit.known(channel)
    before = _permissions(await visit.channel(channel), visit.guild_id)
    await visit.run_job("lockdown_channel", {"channel_id": str(channel)})
    locked = _permissions(await visit.channel(channel), visit.guild_id)
    send = discord.Permissions(send_messages=True).value
    expect(bool(locked[1] & send), "everyone may still write there")
    await visit.until(
        lambda: (
            visit.guild.get_channel(channel)
            and not visit.guild.get_channel(channel).permissions_for(visit.guild.default_role).send_messages  # type: ignore[union-attr]
        ),
        "the lock over the gateway",
    )
    await visit.run_job("unlock_channel", {"channel_id": str(channel)})
    after = _permissions(await visit.channel(channel), visit.guild_id)
    expect(after == before, f"before {before}, afterwards {after}")
    return "locked, and as before"


def _permissions(channel: Mapping[str, Any], role_id: int) -> tuple[int, int]:
    found = [item for item in channel["permission_overwrites"] if str(item["id"]) == str(role_id)]
    return (int(found[0]["allow"]), int(found[0]["deny"])) if found else (0, 0)


@assumes(
    "job.set_slowmode",
    "The job slows a channel down for a while, and its ending speeds it up",
    "set_slowmode",
    "/resources/channel#modify-channel",
)
async def _set_slowmode(visit: Visit) -> str:
    channel = await visit.place.text("slower")
    await visit.known(channel)
    await visit.run_job("set_slowmode", {"channel_id": str(channel), "seconds": 7, "lasts": "1 hour"})
    came = (await visit.channel(channel)).get("rate_limit_per_user")
    expect(came == 7, f"{came} s")
    await _end(visit, "set_slowmode")
    came = (await visit.channel(channel)).get("rate_limit_per_user") or 0
    expect(came == 0, f"{came} s after the ending")
    return "slow, and as before"


@assumes(
    "job.set_channel_text", "The job writes a topic", "set_channel_text", "/resources/channel#modify-channel"
)
async def _set_channel_text(visit: Visit) -> str:
    channel = await visit.place.text("topic")
    await visit.known(channel)
    await visit.run_job("set_channel_text", {"channel_id": str(channel), "text": "soon"})
    came = (await visit.channel(channel)).get("topic")
    expect(came == "soon", repr(came))
    return "written"


@assumes(
    "job.add_role_scheduled",
    "The jobs give a role and take it back",
    "add_role_scheduled, remove_role_scheduled",
    "/resources/guild#add-guild-member-role",
)
async def _add_role_scheduled(visit: Visit) -> str:
    params = await _role(visit)
    for method, there in (("add_role_scheduled", True), ("remove_role_scheduled", False)):
        await visit.run_job(method, params)
        expect(await _has(visit, params["role_id"]) is there, f"{method} had no effect")
    return "given and taken back"


@assumes(
    "job.give_role_for",
    "The job gives a role for a while, and its ending takes it back",
    "give_role_for",
    "/resources/guild#add-guild-member-role",
)
async def _give_role_for(visit: Visit) -> str:
    params = await _role(visit)
    await visit.run_job("give_role_for", {**params, "lasts": "1 hour"})
    expect(await _has(visit, params["role_id"]), "it had no effect")
    await _end(visit, "remove_role_scheduled")
    expect(not await _has(visit, params["role_id"]), "its ending had no effect")
    return "given, and taken back by its ending"


async def _role(visit: Visit) -> dict[str, Any]:
    role = await visit.place.role()
    await visit.until(lambda: visit.guild.get_role(role), "the role over the gateway")
    return {"guild_id": str(visit.guild_id), "user_ids": [str(visit.creator_id)], "role_id": str(role)}


async def _has(visit: Visit, role_id: str) -> bool:
    path = "/guilds/{guild_id}/members/{user_id}"
    member = await visit.ask("GET", path, user_id=visit.creator_id)
    return role_id in [str(item) for item in member["roles"]]


ASSUMPTIONS = (
    _set_thread,
    _create_event,
    _remind_interested,
    _cleanup_messages,
    _lockdown_channel,
    _set_slowmode,
    _set_channel_text,
    _add_role_scheduled,
    _give_role_for,
)
