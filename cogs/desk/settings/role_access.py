"""Which of the roles that may schedule don't see the commands, because Discord itself hides them.

Discord shows a command to members with its default permission, *Manage Server* here, and to those whom an
administrator adds to that command in the server's settings. A bot can read these settings, not change them
(https://discord.com/developers/docs/interactions/application-commands#permissions).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import discord

from cogs.background.discord_troubles import TROUBLES
from cogs.desk.kit.context import Desk
from cogs.language import t

log = logging.getLogger(__name__)

_COMMAND = "schedule:1"
_ROLE = 1


def is_shown(role: discord.Role, of_command: Sequence[Any], of_app: Sequence[Any]) -> bool:
    """Return whether members see a command by this role alone. Pure.

    A setting of the command comes before one of the app, and one of the role before that of everyone. What
    the app is allowed doesn't stand for the default permission.

    Parameters:
        role: the role.
        of_command, of_app: the server's settings of the command and of the whole app.
    """
    everyone = role.guild.default_role
    if role.permissions.administrator or everyone.permissions.administrator:
        return True
    chosen = _setting(of_command, role.id, everyone.id)
    if chosen is not None:
        return chosen
    if _setting(of_app, role.id, everyone.id) is False:
        return False
    return role.permissions.manage_guild or everyone.permissions.manage_guild


def _setting(entries: Iterable[Any], role_id: int, everyone_id: int) -> bool | None:
    known = {int(entry["id"]): bool(entry["permission"]) for entry in entries if entry["type"] == _ROLE}
    return known.get(role_id, known.get(everyone_id))


async def told_access(desk: Desk, role_ids: Sequence[str]) -> str:
    """Say which of the roles don't see the commands, and what an administrator has to click.

    Return an empty text without roles. Where Discord doesn't tell its settings, all of them are named that
    lack the default permission.
    """
    chosen = set(role_ids)
    roles = [role for role in desk.guild.roles if str(role.id) in chosen]
    if not roles:
        return ""
    settings, command_id = await _settings(desk), (await desk.services.commands.state(desk.bot)).ids
    of_command = settings.get(command_id.get(_COMMAND, ""), ())
    of_app = settings.get(str(desk.bot.application_id), ())
    hidden = [role for role in roles if not is_shown(role, of_command, of_app)]
    if not hidden:
        return f"✅ {t('Discord shows these roles the commands.')}"
    name = desk.bot.user.name if desk.bot.user is not None else "ScheduleZero"
    return "⚠️ " + t(
        "Discord hides the commands from {roles}. An administrator has to allow them: *Server Settings → "
        "Integrations → {app} → /schedule → Add Roles or Members*, and the same for the menus, such as "
        "*Schedule this message*.",
        roles=", ".join(role.mention for role in hidden),
        app=discord.utils.escape_markdown(name),
    )


async def _settings(desk: Desk) -> Mapping[str, Sequence[Any]]:
    """Return the server's settings of each command that has some, and of the app, by its id."""
    assert desk.bot.application_id is not None
    http = desk.bot.http
    try:
        found = await http.get_guild_application_command_permissions(desk.bot.application_id, desk.guild.id)
    except TROUBLES as error:
        log.warning("guild %s: who may use the commands is not known: %s", desk.guild.id, error)
        return {}
    return {str(item["id"]): item["permissions"] for item in found}
