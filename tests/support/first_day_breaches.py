"""For each assumption of the first day, one way in which Discord could be otherwise.

Read as: the assumption's code, and what is broken: a request and its wrong answer, or what else changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import discord
from simcord.backend.models.channel import Overwrite
from simcord.enums import OverwriteType

from bot.first_day.visit import Visit
from tests.support.first_day import Told
from tests.support.first_day_rules import Answer, Asked, Breach, FirstDayDiscord

Prepare = Callable[[FirstDayDiscord, Visit], Any]


@dataclass(frozen=True, slots=True)
class Broken:
    """How an assumption is broken.

    Attributes:
        breach: A wrong answer; None if something else is wrong.
        prepare: What is done before the check.
        first: An assumption that is tried before, because it makes the requests that this one looks at.
        said: A part of what the report says came instead.
    """

    breach: Breach | None = None
    prepare: Prepare = field(default=lambda _discord, _visit: None)
    first: str | None = None
    said: str = ""


def taken(pattern: str, nth: int = 1) -> Broken:
    """A request that Discord takes and should refuse."""
    return Broken(Breach(pattern, lambda *_: (200, {"id": "1"}), instead=True, nth=nth), said="accepted")


def refused(pattern: str, code: int = 50013, nth: int = 1) -> Broken:
    """A request that Discord refuses and should take."""
    answer: Answer = (403, {"message": "Missing Permissions", "code": code})
    return Broken(Breach(pattern, lambda *_: answer, instead=True, nth=nth))


def another(pattern: str, code: int = 50001, nth: int = 1) -> Broken:
    """A request that Discord refuses with another code."""
    answer: Answer = (400, {"message": "Otherwise", "code": code})
    return Broken(Breach(pattern, lambda *_: answer, instead=True, nth=nth), said=str(code))


def changed(pattern: str, change: Callable[[Any], Any], *, nth: int = 1, said: str = "") -> Broken:
    """An answer that has something else in it."""

    def after(_: Asked, right: Any) -> Answer:
        return 200, change(right)

    return Broken(Breach(pattern, after, nth=nth), said=said)


def put(**fields: Any) -> Callable[[Any], Any]:
    """Return a change that replaces fields of an object."""
    return lambda right: {**right, **fields}


def each(**fields: Any) -> Callable[[Any], Any]:
    """Return a change that replaces fields of each object of a list."""
    return lambda right: [{**item, **fields} for item in right]


def switched(**attributes: Any) -> Broken:
    """A stand-in that behaves otherwise."""

    def prepare(there: FirstDayDiscord, _: Visit) -> None:
        for name, value in attributes.items():
            setattr(there, name, value)

    return Broken(prepare=prepare)


def answers(*said: str, breach: Breach | None = None) -> Broken:
    """A person who gives these answers."""

    def prepare(_: FirstDayDiscord, visit: Visit) -> None:
        visit.person = Told(*said)

    return Broken(breach, prepare)


def window(family: str, first: str) -> tuple[str, Broken]:
    """A family's window that is too long."""

    def prepare(there: FirstDayDiscord, _: Visit) -> None:
        there.reset_after = 100_000

    return f"limits.{family}", Broken(prepare=prepare, first=first, said="100000 s")


POST = r"POST /channels/\d+/messages"
HISTORY = r"GET /channels/\d+/messages"
MESSAGE = r"GET /channels/\d+/messages/\d+"
CHANNEL = r"GET /channels/\d+"
EDIT_CHANNEL = r"PATCH /channels/\d+"
HOOK = r"POST /webhooks/\d+/[^/]+"
OPEN = r"POST /channels/\d+/threads"
EVENTS = r"POST /guilds/\d+/scheduled-events"
EVENT = r"PATCH /guilds/\d+/scheduled-events/\d+"
ROLE = r"PUT /guilds/\d+/members/\d+/roles/\d+"
OVERWRITE = r"PUT /channels/\d+/permissions/\d+"
DIRECT = r"POST /users/@me/channels"
COMMANDS = r"GET /applications/\d+/commands"
GUILD_COMMANDS = r"/applications/\d+/guilds/\d+/commands"


def _wants_content(_: FirstDayDiscord, visit: Visit) -> None:
    visit.bot.settings = visit.bot.settings.model_copy(update={"message_content": True})


def _asks_for_two_factors(_: FirstDayDiscord, visit: Visit) -> None:
    visit.guild.mfa_level = discord.MFALevel.require_2fa


def _refused_by_global_limit(_: FirstDayDiscord, visit: Visit) -> None:
    visit.answers.note("GET", "/x", 429, {"X-RateLimit-Global": "true", "Retry-After": "1"})


def _allows_foreign_bit(there: FirstDayDiscord, visit: Visit) -> None:
    bit = discord.Permissions(mention_everyone=True).value

    class Does(Told):
        async def asked(self, text: str) -> str:
            channel = await visit.place.text("foreign")
            there.backend.set_overwrite(channel, Overwrite(visit.guild_id, OverwriteType.ROLE, allow=bit))
            return "done"

    visit.person = Does()


_FEW = {"total": 5, "remaining": 5, "reset_after": 0, "max_concurrency": 1}
_kept: dict[str, Any] = {}


async def _keeps_one(_: FirstDayDiscord, visit: Visit) -> None:
    _kept.update(await visit.post(await visit.place.text(), content="there is one"))


def _without_the_bit(_: Asked, right: Any) -> Answer:
    return 200, {**right, "permission_overwrites": []}


BROKEN: dict[str, Broken] = {
    "permissions.invited": changed(r"GET /guilds/\d+/members/\d+", put(roles=[]), said="lacks"),
    "gateway.session_limit": changed(
        "GET /gateway/bot", lambda right: {**right, "session_start_limit": _FEW}
    ),
    "gateway.identify_counts": switched(sessions_used_by_each=2),
    "gateway.shards": switched(shards=2),
    "gateway.message_content": Broken(prepare=_wants_content),
    "gateway.own_member": switched(silent_about_own_member=True),
    "gateway.others_unheard": switched(tells_other_members=True),
    "commands.synced": changed(COMMANDS, lambda right: right[1:]),
    "commands.remind_everywhere": changed(COMMANDS, each(integration_types=[0]), said="listed [0]"),
    "commands.schedule_for_servers": changed(COMMANDS, each(integration_types=[0, 1]), said="[0, 1]"),
    "commands.hidden_from_members": changed(COMMANDS, each(default_member_permissions=None)),
    "commands.permissions_readable": refused(f"GET {GUILD_COMMANDS}/permissions"),
    "commands.bad_refused": taken(f"POST {GUILD_COMMANDS}"),
    "commands.guild_command": changed(f"GET {GUILD_COMMANDS}", lambda _: [], said="not listed"),
    "messages.nonce": changed(POST, put(id="12345"), nth=2, said="twice"),
    "messages.text_kept": changed(POST, put(content="first day"), said="first day"),
    "messages.embed_trimmed": changed(POST, put(embeds=[{"title": "A title "}]), said="A title "),
    "messages.embed_length": taken(POST),
    "messages.length": taken(POST, nth=2),
    "messages.empty": another(POST, 50035),
    "messages.own_text": changed(HISTORY, each(content=""), said="''"),
    "messages.no_ping": changed(POST, put(mention_everyone=True), said="everyone"),
    "messages.edited": changed(r"PATCH /channels/\d+/messages/\d+", put(edited_timestamp=None)),
    "messages.poll": changed(
        POST,
        lambda right: {**right, "poll": {**right["poll"], "expiry": "2099-01-01T00:00:00+00:00"}},
        said="2099",
    ),
    "messages.deleted_in_bulk": taken(r"POST /channels/\d+/messages/bulk-delete", nth=2),
    "messages.old_not_in_bulk": another(r"POST /channels/\d+/messages/bulk-delete", 50035),
    "messages.system_kept": taken(r"DELETE /channels/\d+/messages/\d+"),
    "selects.default": refused(POST),
    "selects.other_kind": taken(POST),
    "selects.dead_id": taken(POST),
    "selects.kind_mismatch": taken(POST),
    "selects.options": taken(POST, nth=2),
    "selects.panel": changed(POST, put(flags=0), said="flags 0"),
    "selects.panel_without_content": taken(POST),
    "webhooks.ours": changed(r"GET /channels/\d+/webhooks", each(user=None), said="maker"),
    "webhooks.name_refused": taken(HOOK),
    "webhooks.found_by_token": changed(r"GET /webhooks/\d+/[^/]+/messages/\d+", put(content=""), said="''"),
    "webhooks.marked": changed(HISTORY, each(webhook_id=None), said="webhook_id None"),
    "webhooks.in_thread": changed(HOOK, put(channel_id="1"), said="elsewhere"),
    "webhooks.none_in_forum_without_thread": taken(HOOK),
    "threads.public": changed(OPEN, put(type=12), said="type 12"),
    "threads.news": changed(OPEN, put(type=11), said="type 11"),
    "threads.news_not_public": taken(OPEN),
    "threads.owner": changed(r"GET /guilds/\d+/threads/active", put(threads=[]), said="not among"),
    "threads.name": changed(OPEN, put(name="sz-first-day week"), said="week"),
    "threads.forum_tag": taken(OPEN),
    "threads.forum_first_message": changed(OPEN, put(message={"id": "1"}), said="differ"),
    "threads.archived_unchangeable": taken(EDIT_CHANNEL, nth=2),
    "events.made": changed(EVENTS, put(creator_id=None), said="maker"),
    "events.not_past": taken(EVENTS),
    "events.need_end": taken(EVENTS),
    "events.started_and_ended": refused(EVENT),
    "events.in_voice": refused(EVENT),
    "events.in_stage": refused(EVENT),
    "locks.set_and_removed": changed(CHANNEL, put(permission_overwrites=[]), said="None"),
    "locks.foreign_bit": taken(OVERWRITE),
    "locks.own_managed_role": taken(r"PATCH /guilds/\d+/roles/\d+"),
    "locks.name_normalised": changed(EDIT_CHANNEL, put(name="sz-first-day In 3 Days"), said="In 3 Days"),
    "locks.slow_mode": taken(EDIT_CHANNEL, nth=2),
    "locks.two_factor": Broken(refused(EDIT_CHANNEL).breach, _asks_for_two_factors, said="50013"),
    "codes.channel": another(CHANNEL, 50001),
    "codes.message": another(MESSAGE, 50001),
    "codes.member": another(r"GET /guilds/\d+/members/\d+", 10013),
    "codes.user": another(r"GET /users/\d+", 10007),
    "codes.role": another(ROLE, 50013),
    "codes.webhook": another(r"GET /webhooks/\d+", 50013),
    "codes.event": another(r"GET /guilds/\d+/scheduled-events/\d+", 10003),
    "codes.not_my_message": taken(r"PATCH /channels/\d+/messages/\d+"),
    "codes.kind_of_channel": taken(POST),
    "direct.to_itself": taken(DIRECT),
    "direct.same_channel": changed(DIRECT, put(id="1"), nth=2, said="two channels"),
    "direct.post": refused(POST, 50007),
    "job.send_post": refused(POST),
    "job.send_announcement": refused(POST),
    "job.send_embed_announcement": changed(MESSAGE, put(embeds=[])),
    "job.send_to_multiple_channels": refused(POST, nth=2),
    "job.send_poll": refused(POST),
    "job.question_of_the_day": refused(POST),
    "job.send_as": refused(HOOK),
    "job.edit_post": refused(r"PATCH /channels/\d+/messages/\d+"),
    "job.delete_post": refused(r"DELETE /channels/\d+/messages/\d+"),
    "job.withdraw_post": refused(r"DELETE /channels/\d+/messages/\d+"),
    "job.create_thread": refused(OPEN),
    "job.create_thread_in_news": refused(OPEN, 50024),
    "job.create_forum_post": refused(OPEN),
    "job.set_thread": refused(EDIT_CHANNEL),
    "job.create_event": refused(EVENT),
    "job.remind_interested": refused(r"GET /guilds/\d+/scheduled-events/\d+/users"),
    "job.cleanup_messages": refused(rf"{POST}/bulk-delete|DELETE /channels/\d+/messages/\d+", 50021),
    "job.lockdown_channel": refused(OVERWRITE),
    "job.set_slowmode": refused(EDIT_CHANNEL),
    "job.set_channel_text": refused(EDIT_CHANNEL),
    "job.add_role_scheduled": refused(ROLE),
    "job.give_role_for": refused(ROLE),
    "job.send_dm": refused(POST, 50007),
    "job.remind": refused(POST, 50007),
    "job.call_web": refused("GET /gateway"),
    "job.refused_in_words": Broken(
        Breach(MESSAGE, lambda *_: (200, dict(_kept)), instead=True), _keeps_one, said="succeeded"
    ),
    "people.click_arrives": answers("done"),
    "people.not_for_members": answers("yes"),
    "people.role_under_integrations": answers("no"),
    "people.setup_opens": answers("no"),
    "people.forum_form_opens": answers("no"),
    "people.user_install": answers("no"),
    "people.lock_keeps_foreign_bits": Broken(
        Breach(CHANNEL, _without_the_bit, nth=2), _allows_foreign_bit, said="gone after"
    ),
    "people.closed_direct_messages": answers("done"),
    "people.blocked": answers("done"),
    "limits.name_changes": replace(taken(EDIT_CHANNEL, nth=3), said="took 3 changes"),
    "limits.topic_changes": replace(taken(EDIT_CHANNEL, nth=3), said="took 3 changes"),
    **dict((
        window("posts", "messages.own_text"),
        window("edits", "messages.edited"),
        window("deletions", "messages.system_kept"),
        window("threads", "threads.public"),
        window("channel_texts", "locks.name_normalised"),
        window("locks", "locks.foreign_bit"),
        window("webhooks", "webhooks.none_in_forum_without_thread"),
        window("webhook_posts", "webhooks.found_by_token"),
        window("events", "events.made"),
        window("roles", "gateway.own_member"),
        window("direct_message_channels", "direct.to_itself"),
        window("commands", "commands.bad_refused"),
    )),
    "limits.pace": Broken(prepare=_refused_by_global_limit, said="1 of"),
}  # fmt: skip

_CLOSED = Breach(POST, lambda *_: (403, {"message": "Cannot send", "code": 50007}), instead=True)
_NO_TWO_FACTORS = Breach(EDIT_CHANNEL, lambda *_: (403, {"message": "2FA", "code": 60003}), instead=True)
HOLDS: dict[str, Broken] = {
    "people.not_for_members": answers("no"),
    "people.role_under_integrations": answers("yes"),
    "people.setup_opens": answers("YES"),
    "people.forum_form_opens": answers("y"),
    "people.user_install": answers("yes"),
    "people.lock_keeps_foreign_bits": Broken(prepare=_allows_foreign_bit, said="kept"),
    "people.closed_direct_messages": answers("done", "", breach=_CLOSED),
    "people.blocked": answers("done", "", breach=_CLOSED),
    "locks.two_factor": Broken(_NO_TWO_FACTORS, _asks_for_two_factors, said="60003"),
}
"""What a person, or another guild, would show if all is as assumed; read as above."""
