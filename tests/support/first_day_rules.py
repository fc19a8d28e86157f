"""A Discord for the first day: it keeps the rules that the walk tries, and can break each on purpose.

Each rule says where Discord documents it, as a path below https://discord.com/developers/docs. What simcord
keeps by itself isn't repeated here.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import discord
from aiohttp import web
from simcord.backend.models import channel as channel_models

from bot.first_day.answers import family_of
from bot.sprocket_specs import specs_of_sprockets
from cogs.config.config import DEFAULT_SPROCKETS
from cogs.rights.permissions import invited
from schedulezero import instants
from tests.support.discord_server import DiscordServer

_TEXT, _NEWS, _FORUM = 0, 5, 15
_CHANGES_IN_TEN_MINUTES = 2
_MUTE = discord.Permissions(mute_members=True).value
_PARTS = ("content", "embeds", "components", "poll", "attachments", "sticker_ids")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its method, its path below ``/api/v10``, its body and its query."""

    method: str
    path: str
    body: Any
    query: dict[str, str]

    def match(self, pattern: str) -> re.Match[str] | None:
        """Match ``METHOD path`` as a whole."""
        return re.fullmatch(pattern, f"{self.method} {self.path}")

    def get(self, name: str) -> Any:
        """Return a field of the body."""
        return self.body.get(name) if isinstance(self.body, dict) else None


Answer = tuple[int, Any]


@dataclass
class Breach:
    """A rule that is broken on purpose.

    Attributes:
        pattern: The requests that it is about, as ``METHOD path``.
        change: Gets the request and the answer that would be right, and returns the wrong one.
        instead: Whether the request isn't made at all; ``change`` gets no answer then.
        nth: The first request that meets it, counted from 1.
    """

    pattern: str
    change: Callable[[Asked, Any], Answer]
    instead: bool = False
    nth: int = 1


class FirstDayDiscord(DiscordServer):
    """A stand-in that knows the rules of the walk, and one guild whose owner is its administrator."""

    def __init__(self) -> None:
        super().__init__()
        self.breach: Breach | None = None
        self.met = 0
        self.silent_about_own_member = False
        self.tells_other_members = False
        self.sessions_used_by_each = 1
        self.shards = 1
        self.reset_after = 1.0
        self.changes: Counter[tuple[str, str]] = Counter()
        self.at: Callable[[Asked], None] = lambda _: None
        self.silence = False

    async def __aenter__(self) -> FirstDayDiscord:
        await super().__aenter__()
        # /resources/channel#channel-object-channel-types: an announcement channel's threads are threads.
        self._thread_types = channel_models.THREAD_TYPES
        if 10 not in channel_models.THREAD_TYPES:
            channel_models.THREAD_TYPES = (*self._thread_types, 10)  # type: ignore[assignment]
        guild = self.backend.get_guild(self.guild.id)
        guild.owner_id = self.creator.id
        me = guild.members[self.backend.bot_user.id]
        permissions = invited(specs_of_sprockets(DEFAULT_SPROCKETS))
        self.backend.edit_role(guild.id, me.role_ids[0], {"permissions": permissions.value})
        return self

    async def __aexit__(self, *_: object) -> None:
        channel_models.THREAD_TYPES = self._thread_types
        await super().__aexit__()

    def keep_all_rules(self) -> None:
        """Break nothing from now on, and forget what was counted."""
        self.breach, self.met = None, 0
        self.silent_about_own_member = self.tells_other_members = False
        self.sessions_used_by_each, self.shards, self.reset_after = 1, 1, 1.0
        self.changes.clear()

    # ---------------------------------------------------------------- REST

    async def _rest(self, request: web.Request) -> web.Response:
        asked = Asked(
            request.method,
            f"/{request.match_info['path']}",
            await super()._body(request),
            dict(request.query),
        )
        self.at(asked)
        if self.silence:
            assert request.transport is not None
            request.transport.abort()
        broken = self._breach_of(asked)
        if broken is not None and broken.instead:
            return self._with_limits(asked, _answered(broken.change(asked, None)))
        told = self._ruled(asked)
        if told is not None:
            response = _answered(told)
        else:
            self._before(asked)
            try:
                response = await self._routed(request, asked)
            finally:
                self._after(asked)
        if asked.match(r"POST /channels/\d+/threads") and response.status < 300:
            # /topics/threads#forums: a forum post's first message has the post's id.
            thread = json.loads(response.body)  # type: ignore[arg-type]
            if "message" in thread:
                thread["message"]["id"] = thread["id"]
                response = _answered((response.status, thread))
        if broken is not None:
            body = response.body
            right = json.loads(body) if isinstance(body, bytes) and body else None
            response = _answered(broken.change(asked, right))
        return self._with_limits(asked, response)

    async def _routed(self, request: web.Request, asked: Asked) -> web.Response:
        thread = asked.query.get("thread_id")
        found = re.match(r"/webhooks/(\d+)/", asked.path)
        webhook = self.backend.webhooks.get(int(found[1])) if found else None
        if thread is None or webhook is None:
            return await super()._rest(request)
        # /resources/webhook#execute-webhook: the post goes to a thread of the webhook's channel.
        home, webhook.channel_id = webhook.channel_id, int(thread)
        try:
            return await super()._rest(request)
        finally:
            webhook.channel_id = home

    def _breach_of(self, asked: Asked) -> Breach | None:
        if self.breach is None or asked.match(self.breach.pattern) is None:
            return None
        self.met += 1
        return self.breach if self.met >= self.breach.nth else None

    def _with_limits(self, asked: Asked, response: web.Response) -> web.Response:
        # /topics/rate-limits#header-format
        family = family_of(asked.method, asked.path)
        if family is not None and response.status != 429:
            response.headers["X-RateLimit-Limit"] = "50"
            response.headers["X-RateLimit-Remaining"] = "49"
            response.headers["X-RateLimit-Reset-After"] = f"{self.reset_after:g}"
            response.headers["X-RateLimit-Bucket"] = family.replace(" ", "-")
        return response

    async def _body(self, request: web.Request) -> Any:  # type: ignore[override]
        """Return the body as Discord takes it."""
        body = await super()._body(request)
        if not isinstance(body, dict):
            return body
        path = f"/{request.match_info['path']}"
        if re.fullmatch(r"/channels/\d+/messages", path):
            # /resources/message#embed-object-embed-limits: blanks around an embed's texts are trimmed.
            for embed in body.get("embeds") or []:
                for holder, key in ((embed, "title"), (embed, "description"), (embed.get("footer"), "text")):
                    if isinstance(holder, dict) and isinstance(holder.get(key), str):
                        holder[key] = holder[key].strip()
        if re.fullmatch(r"/guilds/\d+/channels", path):
            for key in ("available_tags", "flags"):  # applied afterwards, as simcord has no field for them
                body.pop(key, None)
        found = re.fullmatch(r"/channels/(\d+)", path)
        if found and request.method == "PATCH" and "name" in body and self._kind(found[1]) == _TEXT:
            # /resources/channel#channel-object: a text channel's name is lower case with dashes.
            body["name"] = re.sub(r"\s+", "-", body["name"].strip().lower())
        return body

    def _kind(self, channel_id: str | int) -> int | None:
        channel = self.backend.channels.get(int(channel_id))
        return int(channel.type) if channel is not None else None

    # ---------------------------------------------------------------- rules

    def _ruled(self, asked: Asked) -> Answer | None:
        """Return Discord's answer where simcord has none, or a more lenient one."""
        for rule in (
            self._of_commands,
            self._of_messages,
            self._of_selects,
            self._of_webhooks,
            self._of_threads,
            self._of_events,
            self._of_locks,
            self._of_people,
            self._of_changes,
        ):
            if (answer := rule(asked)) is not None:
                return answer
        return None

    def _of_commands(self, asked: Asked) -> Answer | None:
        # /interactions/application-commands
        guild = asked.match(r"\w+ /applications/\d+/guilds/(\d+)/commands(?:/(\w+))?")
        if asked.match(r"GET /gateway"):
            return 200, {"url": f"ws://{self.address}/gateway"}
        if guild is None:
            return None
        known = self.backend.commands.setdefault(int(guild[1]), {})
        if asked.method == "GET" and guild[2] == "permissions":
            return 200, []
        if asked.method == "POST":
            if len(asked.get("description")) > 100:
                return _invalid()
            others = [
                {name: item[name] for name in ("name", "description", "type") if name in item}
                for item in known.values()
                if item["name"] != asked.get("name")
            ]
            made = self.backend.register_commands(int(guild[1]), [*others, asked.body])
            return 201, next(item for item in made if item["name"] == asked.get("name"))
        if asked.method == "DELETE":
            for key, item in list(known.items()):
                if str(item["id"]) == guild[2]:
                    del known[key]
            return 204, None
        return None

    def _of_messages(self, asked: Asked) -> Answer | None:
        if asked.match(r"POST /channels/\d+/messages/bulk-delete"):
            # /resources/message#bulk-delete-messages
            oldest = discord.utils.time_snowflake(instants.now() - timedelta(days=14))
            if any(int(item) < oldest for item in asked.get("messages") or []):
                return _refused(400, 50034)
            if any(self._is_system(asked, item) for item in asked.get("messages") or []):
                return _refused(403, 50021)
        found = asked.match(r"DELETE /channels/(\d+)/messages/(\d+)")
        if found and self._is_system(asked, found[2]):
            return _refused(403, 50021)  # /resources/message#message-object-message-types
        post = asked.match(r"POST /channels/(\d+)/messages")
        if post and isinstance(asked.body, dict) and not any(asked.get(name) for name in _PARTS):
            return _refused(400, 50006)
        if post and self._kind(post[1]) == 4:
            return _refused(400, 50008)
        return None

    def _is_system(self, asked: Asked, message_id: str) -> bool:
        channel_id = int(asked.path.split("/")[2])
        message = self.backend.messages.get(channel_id, {}).get(int(message_id))
        return message is not None and int(message.type) == 4

    def _of_selects(self, asked: Asked) -> Answer | None:
        # /components/reference#channel-select: a default is a channel of a kind that the select offers.
        if not asked.match(r"POST /channels/\d+/messages"):
            return None
        rows = asked.get("components") or []
        if asked.get("content") and (asked.get("flags") or 0) & (1 << 15):
            return _invalid()
        for select in (item for row in rows for item in row.get("components", [])):
            if len(select.get("options") or []) > 25:
                return _invalid()
            for item in select.get("default_values") or [] if select.get("type") == 8 else []:
                kinds = select.get("channel_types")
                if item["type"] != "channel" or self._kind(item["id"]) not in (
                    kinds or [self._kind(item["id"])]
                ):
                    return _invalid()
        return None

    def _of_webhooks(self, asked: Asked) -> Answer | None:
        # /resources/webhook#execute-webhook
        found = asked.match(r"POST /webhooks/(\d+)/[^/]+")
        if not found:
            return None
        if "discord" in str(asked.get("username")).lower():
            return _invalid()
        webhook = self.backend.webhooks.get(int(found[1]))
        if (
            webhook is not None
            and "thread_id" not in asked.query
            and self._kind(webhook.channel_id) == _FORUM
        ):
            return _refused(400, 220001)
        return None

    def _of_threads(self, asked: Asked) -> Answer | None:
        # /topics/threads
        opened = asked.match(r"POST /channels/(\d+)/threads")
        if opened and self._kind(opened[1]) == _NEWS and asked.get("type") != 10:
            return _refused(400, 50024)
        if opened and self._kind(opened[1]) == _FORUM and not asked.get("applied_tags"):
            return _refused(400, 40067)
        changed = asked.match(r"PATCH /channels/(\d+)")
        thread = self.backend.channels.get(int(changed[1])) if changed else None
        about = thread.thread_metadata if thread is not None else None
        if about is not None and about.archived and "archived" not in asked.body:
            return _refused(400, 50083)
        return None

    def _of_events(self, asked: Asked) -> Answer | None:
        # /resources/guild-scheduled-event#create-guild-scheduled-event
        if not asked.match(r"POST /guilds/\d+/scheduled-events"):
            return None
        if discord.utils.parse_time(asked.get("scheduled_start_time")) < instants.now():
            return _invalid()
        mine = int(self.backend.compute_permissions(self.guild.id, self.backend.bot_user.id))
        # …#guild-scheduled-event-permissions-requirements
        return _refused(403, 50013) if asked.get("entity_type") == 1 and not mine & _MUTE else None

    def _of_locks(self, asked: Asked) -> Answer | None:
        # /resources/channel#edit-channel-permissions and /topics/permissions#permission-hierarchy
        guild = self.backend.get_guild(self.guild.id)
        me = guild.members[self.backend.bot_user.id]
        if asked.match(r"PUT /channels/\d+/permissions/\d+"):
            mine = int(self.backend.compute_permissions(guild.id, self.backend.bot_user.id))
            wanted = int(asked.get("allow") or 0) | int(asked.get("deny") or 0)
            if wanted & ~mine:
                return _refused(403, 50013)
        found = asked.match(r"PATCH /guilds/\d+/roles/(\d+)")
        if found and int(found[1]) in me.role_ids:
            return _refused(403, 50013)
        slowed = asked.match(r"PATCH /channels/\d+")
        if slowed and (asked.get("rate_limit_per_user") or 0) > 21600:
            return _invalid()
        return None

    def _of_people(self, asked: Asked) -> Answer | None:
        # /topics/opcodes-and-status-codes#json-json-error-codes
        if asked.match(r"POST /users/@me/channels") and str(self.backend.bot_user.id) == asked.get(
            "recipient_id"
        ):
            return _refused(400, 50033)
        return None

    def _of_changes(self, asked: Asked) -> Answer | None:
        """A channel's name and topic take two changes each in ten minutes (discord-api-docs#2190)."""
        if (found := asked.match(r"PATCH /channels/(\d+)")) is None:
            return None
        for key in ("name", "topic"):
            if key in asked.body:
                self.changes[found[1], key] += 1
                if self.changes[found[1], key] > _CHANGES_IN_TEN_MINUTES:
                    return 429, {"message": "slow down", "retry_after": 590.0, "global": False}
        return None

    # ------------------------------------------------------ before and after a request

    def _before(self, asked: Asked) -> None:
        self._older = set(self.backend.channels)

    def _after(self, asked: Asked) -> None:
        if asked.match(r"POST /guilds/\d+/channels") and asked.get("available_tags"):
            for channel_id in set(self.backend.channels) - self._older:
                tags = [{**tag, "id": str(self.backend.snowflake())} for tag in asked.get("available_tags")]
                self.backend.edit_channel(channel_id, {"available_tags": tags})
        if deleted := asked.match(r"DELETE /channels/(\d+)"):
            # /topics/threads: threads go with their channel.
            for channel in list(self.backend.channels.values()):
                if channel.is_thread and channel.parent_id == int(deleted[1]):
                    self.backend.delete_channel(channel.id)
        renamed = asked.match(r"PATCH /channels/(\d+)")
        thread = self.backend.channels.get(int(renamed[1])) if renamed else None
        if thread is not None and thread.is_thread and "name" in asked.body:
            # /resources/message#message-object-message-types: type 4, CHANNEL_NAME_CHANGE
            self._say(thread.id, asked.body["name"])

    def _say(self, channel_id: int, text: str) -> None:
        message = self.backend.create_message(channel_id, self.backend.bot_user.id, content=text)
        message.type = 4  # type: ignore[assignment]

    # ---------------------------------------------------------------- gateway

    async def _gateway_for_bots(self, request: web.Request) -> web.Response:
        # /events/gateway#session-start-limit-object
        asked = Asked("GET", "/gateway/bot", None, {})
        left = 1000 - len(self.identified) * self.sessions_used_by_each
        limit = {"total": 1000, "remaining": left, "reset_after": 86_000_000, "max_concurrency": 1}
        data = {"url": f"ws://{self.address}/gateway", "shards": self.shards, "session_start_limit": limit}
        broken = self._breach_of(asked)
        return _answered(broken.change(asked, data) if broken is not None else (200, data))

    def _dispatch(self, event: str, payload: Any) -> None:
        if event != "GUILD_MEMBER_UPDATE":
            super()._dispatch(event, payload)
            return
        # /events/gateway#caveats: the bot hears of its own changes without the members intent.
        own = str(payload["user"]["id"]) == str(self.backend.bot_user.id)
        if (own and not self.silent_about_own_member) or (not own and self.tells_other_members):
            message = {"op": 0, "t": event, "s": 3, "d": payload}
            for socket in list(self._sockets):
                task = asyncio.ensure_future(socket.send_json(message))
                task.add_done_callback(lambda done: done.cancelled() or done.exception())


def _refused(status: int, code: int) -> Answer:
    return status, {"message": "refused", "code": code}


def _invalid() -> Answer:
    return _refused(400, 50035)


def _answered(answer: Answer) -> web.Response:
    status, data = answer
    if data is None:
        return web.Response(status=status if status != 200 else 204)
    headers = (
        {"Via": "1.1 google", "Retry-After": "590", "X-RateLimit-Scope": "user"} if status == 429 else None
    )
    return web.Response(
        body=json.dumps(data).encode(), status=status, content_type="application/json", headers=headers
    )
