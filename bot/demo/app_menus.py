"""Discord's *Apps* menus on messages and people, which simcord's page lacks.

https://discord.com/developers/docs/interactions/application-commands#user-commands
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import simcord
from simcord.backend.errors import BackendError
from simcord.enums import AppCommandType


@dataclass(frozen=True)
class Target:
    """What the menu was opened on.

    Attributes:
        message_id: A message; with ``author``, the person who wrote it.
        user_id: A person, in the list of members.
    """

    message_id: int | None = None
    user_id: int | None = None
    author: bool = False


class NoTarget(LookupError):
    """The message or the person isn't there, or the person who asks can't see it."""


class AppMenus:
    """The menus of one channel, as one person sees them."""

    def __init__(
        self,
        env: simcord.Env,
        channel: simcord.ChannelHandle,
        reader: simcord.MemberActor | simcord.UserHandle,
    ) -> None:
        self._env, self._channel, self._reader = env, channel, reader

    def title(self, target: Target) -> str:
        """Return whose menu it is: a person's name, or nothing for a message.

        Raises:
            NoTarget: If there is no such target.
        """
        found = self._found(target)
        if isinstance(found, simcord.ResponseMessage):
            return ""
        user = self._env.backend.get_user(found.id)
        return user.global_name or user.name

    def offered(self, target: Target, locale: str) -> list[dict[str, str]]:
        """Return the entries that the person may use, each with its name in that person's language.

        Raises:
            NoTarget: If there is no such target.
        """
        found = self._found(target)
        if not isinstance(self._reader, simcord.MemberActor):
            return []  # ours are for servers
        kind = AppCommandType.MESSAGE if isinstance(found, simcord.ResponseMessage) else AppCommandType.USER
        return [
            {"name": entry["name"], "label": _label(entry, locale)}
            for entry in self._env.backend.visible_commands(
                user_id=self._reader.id, channel_id=self._channel.id, type=kind
            )
        ]

    async def choose(self, target: Target, name: str) -> simcord.InteractionResult:
        """Choose an entry, and return what the bot answered.

        Raises:
            NoTarget: If there is no such target or entry.
        """
        found = self._found(target)
        offered = [entry["name"] for entry in self.offered(target, "")]
        if name not in offered or not isinstance(self._reader, simcord.MemberActor):
            raise NoTarget
        return await self._reader.context_menu(self._channel, name, found)

    def _found(self, target: Target) -> simcord.ResponseMessage | simcord.MemberActor:
        backend, user_id = self._env.backend, target.user_id
        if target.message_id is not None:
            try:
                message = backend.get_message(self._channel.id, target.message_id)
            except BackendError:
                raise NoTarget from None
            if message.is_ephemeral:  # Discord offers no apps on these
                raise NoTarget
            if not target.author:
                return simcord.ResponseMessage(self._env, message)
            user_id = message.author_id
        if not isinstance(self._reader, simcord.MemberActor):
            raise NoTarget
        guild = self._reader.guild
        if user_id not in backend.get_guild(guild.id).members:
            raise NoTarget
        return simcord.MemberActor(self._env, guild, simcord.UserHandle(self._env, backend.get_user(user_id)))


def _label(entry: dict[str, Any], locale: str) -> str:
    return (entry.get("name_localizations") or {}).get(locale) or entry["name"]
