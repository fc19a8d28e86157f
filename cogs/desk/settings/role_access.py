"""Which of the roles that may schedule don't see the commands, because Discord itself hides them.

Discord shows a command to members with its default permission, *Manage Server* here, and to those whom an
administrator adds to that command in the server's settings. A bot can read these settings, not change them
(https://discord.com/developers/docs/interactions/application-commands#permissions).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands

from cogs.background.discord_troubles import TROUBLES
from cogs.desk.kit.context import Desk
from cogs.language import t, translated
from schedulezero.methods.permission_names import permission_words

log = logging.getLogger(__name__)

_COMMAND = "schedule:1"
_ROLE, _CHANNEL = 1, 3
_MANAGERS = discord.Permissions(manage_guild=True)
_Entries = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Access:
    """What roles that may schedule see of the commands.

    Attributes:
        barred: those that may not use the commands of any app.
        hidden: those that don't see ``/schedule``.
        partly: those that see it, but not all other commands for people who schedule.
        unseen: the names of those other commands.
    """

    barred: tuple[discord.Role, ...] = ()
    hidden: tuple[discord.Role, ...] = ()
    partly: tuple[discord.Role, ...] = ()
    unseen: tuple[str, ...] = ()


def is_shown(role: discord.Role, of_command: _Entries, of_app: _Entries) -> bool:
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
    if not may_use_apps(role):
        return False
    chosen = _setting(of_command, role.id, everyone.id)
    if chosen is not None:
        return chosen
    if _setting(of_app, role.id, everyone.id) is False:
        return False
    return role.permissions.manage_guild or everyone.permissions.manage_guild


def may_use_apps(role: discord.Role) -> bool:
    """Return whether members may use the commands of apps by this role alone. Pure."""
    allowed = role.permissions | role.guild.default_role.permissions
    return allowed.use_application_commands or allowed.administrator


def access_of(
    roles: Iterable[discord.Role], commands: Mapping[str, str], settings: Mapping[str, _Entries], app_id: str
) -> Access:
    """Return what the roles see. Pure.

    Parameters:
        roles: the roles.
        commands: the id of each command for people who schedule, by its name and kind.
        settings: the server's settings of each command that has some, and of the app, by its id.
        app_id: the id of the app.
    """
    barred, hidden, partly, unseen = [], [], [], dict[str, None]()
    for role in roles:
        shown = {
            name: is_shown(role, settings.get(command_id, ()), settings.get(app_id, ()))
            for name, command_id in commands.items()
        }
        if not may_use_apps(role):
            barred.append(role)
        elif not shown.get(_COMMAND, False):
            hidden.append(role)
        elif missing := [name.rpartition(":")[0] for name, seen in shown.items() if not seen]:
            partly.append(role)
            unseen |= dict.fromkeys(missing)
    return Access(tuple(barred), tuple(hidden), tuple(partly), tuple(unseen))


def off_in_channels(commands: Mapping[str, str], settings: Mapping[str, _Entries], app_id: str) -> bool:
    """Return whether the server's settings switch some of the commands off in a channel, or in all. Pure."""
    entries = (entry for key in (*commands.values(), app_id) for entry in settings.get(key, ()))
    return any(entry["type"] == _CHANNEL and not entry["permission"] for entry in entries)


def _setting(entries: Iterable[Any], role_id: int, everyone_id: int) -> bool | None:
    known = {int(entry["id"]): bool(entry["permission"]) for entry in entries if entry["type"] == _ROLE}
    return known.get(role_id, known.get(everyone_id))


async def told_access(desk: Desk, role_ids: Sequence[str]) -> str:
    """Say which of the roles don't see the commands, and what an administrator has to click.

    Return an empty text without roles. Where Discord doesn't tell its settings, say so, and what is the case
    without any.
    """
    chosen = set(role_ids)
    roles = [role for role in desk.guild.roles if str(role.id) in chosen]
    if not roles:
        return ""
    settings, app_id = await _settings(desk), str(desk.bot.application_id)
    commands = {_COMMAND: "", **await _commands(desk)}
    access = access_of(roles, commands, settings or {}, app_id)
    lines = _lines(desk, access)
    if settings is None:
        unknown = t("I couldn't check Discord's settings, so I'm assuming nobody has changed them.")
        lines.append(f"-# {unknown}")
    elif off_in_channels(commands, settings, app_id):
        said = t(
            "Commands have been turned off in some channels. *Server Settings → Integrations* shows which."
        )
        lines.append(f"-# {said}")
    return "\n".join(lines)


def _lines(desk: Desk, access: Access) -> list[str]:
    lines: list[str] = []
    name = desk.bot.user.name if desk.bot.user is not None else "ScheduleZero"
    app = discord.utils.escape_markdown(name)
    if access.barred:
        said = t(
            "Roles that can't use any app's commands: {roles}. "
            "Give them *{permission}* in *Server Settings → Roles*.",
            roles=_mentions(access.barred),
            permission=translated(permission_words("use_application_commands")),
        )
        lines.append(f"⚠️ {said}")
    if access.hidden:
        said = t(
            "Discord hides the commands from {roles}. An administrator has to add these roles under "
            "*Server Settings → Integrations → {app} → /schedule → Add Roles or Members*, and do the "
            "same for menu items such as *Schedule this message*.",
            roles=_mentions(access.hidden),
            app=app,
        )
        lines.append(f"⚠️ {said}")
    if access.partly:
        said = t(
            "Roles that see `/schedule`, but not {commands}: {roles}. An administrator can allow these "
            "commands in *Server Settings → Integrations → {app}*.",
            roles=_mentions(access.partly),
            commands=", ".join(f"*{t(command)}*" for command in access.unseen),
            app=app,
        )
        lines.append(f"⚠️ {said}")
    return lines or [f"✅ {t('Discord shows the commands to these roles.')}"]


def _mentions(roles: Iterable[discord.Role]) -> str:
    return ", ".join(role.mention for role in roles)


async def _commands(desk: Desk) -> dict[str, str]:
    """Return the id of each command whose default permission is *Manage Server*, by its name and kind."""
    ids = (await desk.services.commands.state(desk.bot)).ids
    listed = desk.bot.tree.get_commands()
    names = (
        f"{item.name}:{item.type.value if isinstance(item, app_commands.ContextMenu) else 1}"
        for item in listed
        if item.default_permissions == _MANAGERS
    )
    return {name: ids[name] for name in names if name in ids}


async def _settings(desk: Desk) -> Mapping[str, _Entries] | None:
    """Return the settings of each command that has some, and of the app, by its id; None if not known."""
    assert desk.bot.application_id is not None
    http = desk.bot.http
    try:
        found = await http.get_guild_application_command_permissions(desk.bot.application_id, desk.guild.id)
    except TROUBLES as error:
        log.warning("guild %s: who may use the commands is not known: %s", desk.guild.id, error)
        return None
    return {str(item["id"]): item["permissions"] for item in found}
