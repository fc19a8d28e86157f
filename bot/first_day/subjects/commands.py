"""The list of commands: what Discord makes of it, and what it refuses."""

from __future__ import annotations

from typing import Any

from bot.first_day.assumption import assumes
from bot.first_day.findings import Differs, NotTried, expect
from bot.first_day.place import MARK
from bot.first_day.visit import ASKING_SECONDS, Visit

_COMMANDS = "/interactions/application-commands"
_INVALID = (50035,)
_PATH = "/applications/{application_id}/commands"
_GUILD_PATH = "/applications/{application_id}/guilds/{guild_id}/commands"


async def _listed(visit: Visit) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in await visit.ask("GET", _PATH)}


async def _command(visit: Visit, name: str) -> dict[str, Any]:
    found = (await _listed(visit)).get(name)
    if found is None:
        raise Differs(f"/{name} is not listed")
    return found


def _sent(visit: Visit, name: str) -> dict[str, Any]:
    command = visit.bot.tree.get_command(name)
    if command is None:
        raise NotTried(f"the bot has no /{name}")
    return command.to_dict(visit.bot.tree)


@assumes(
    "commands.synced",
    "Discord lists every command that the bot sends",
    "`/schedule`, `/remind`, the menus",
    f"{_COMMANDS}#bulk-overwrite-global-application-commands",
)
async def _synced(visit: Visit) -> str:
    async def all_there() -> bool:
        listed = set(await _listed(visit))
        return {command.name for command in visit.bot.tree.get_commands()} <= listed

    await visit.until(all_there, "the list with all commands", every=ASKING_SECONDS)
    return f"{len(await _listed(visit))} commands"


@assumes(
    "commands.remind_everywhere",
    "`/remind` is for servers and people, if the application has User Install",
    "reminders in direct messages",
    f"{_COMMANDS}#contexts",
)
async def _remind_everywhere(visit: Visit) -> str:
    wanted = sorted(_sent(visit, "remind").get("integration_types") or [])
    listed = sorted((await _command(visit, "remind")).get("integration_types") or [])
    expect(listed == wanted, f"sent {wanted}, listed {listed}")
    return f"integration_types {listed}"


@assumes(
    "commands.schedule_for_servers",
    "`/schedule` doesn't go along when a person installs the app",
    "servers without the bot",
    f"{_COMMANDS}#contexts",
)
async def _schedule_for_servers(visit: Visit) -> str:
    listed = (await _command(visit, "schedule")).get("integration_types")
    expect(listed in ([0], None), f"integration_types {listed}")
    return f"integration_types {listed}"


@assumes(
    "commands.hidden_from_members",
    "`/schedule` keeps its default permissions, so that members without them don't see it",
    "who may schedule",
    f"{_COMMANDS}#permissions",
)
async def _hidden_from_members(visit: Visit) -> str:
    wanted = _sent(visit, "schedule").get("default_member_permissions")
    listed = (await _command(visit, "schedule")).get("default_member_permissions")
    expect(str(listed) == str(wanted), f"sent {wanted}, listed {listed}")
    return f"default_member_permissions {listed}"


@assumes(
    "commands.permissions_readable",
    "A bot may read which roles may use its commands in a server",
    "`/schedule setup`: roles that can't see the command yet",
    f"{_COMMANDS}#get-guild-application-command-permissions",
)
async def _permissions_readable(visit: Visit) -> str:
    found = await visit.ask("GET", f"{_GUILD_PATH}/permissions")
    expect(isinstance(found, list), found)
    return f"{len(found)} entries"


@assumes(
    "commands.bad_refused",
    "A description of more than 100 characters is refused with 50035",
    "a sprocket with a bad command",
    f"{_COMMANDS}#application-command-object-application-command-structure",
)
async def _bad_refused(visit: Visit) -> str:
    body = {"name": f"{MARK}-bad", "description": "x" * 101, "type": 1}
    return await visit.refused(_INVALID, "POST", _GUILD_PATH, json=body)


@assumes(
    "commands.guild_command",
    "A command of one server is there at once, with its own default permissions",
    "`/load_sprocket` and the owner's other commands",
    f"{_COMMANDS}#create-guild-application-command",
)
async def _guild_command(visit: Visit) -> str:
    body = {
        "name": MARK,
        "description": "Made by the first day; it goes again",
        "type": 1,
        "default_member_permissions": "0",
    }
    made = await visit.ask("POST", _GUILD_PATH, json=body)
    listed = {item["id"]: item for item in await visit.ask("GET", _GUILD_PATH)}
    expect(made["id"] in listed, "it is not listed")
    got = listed[made["id"]].get("default_member_permissions")
    expect(str(got) == "0", f"default_member_permissions {got}")
    return "listed"


ASSUMPTIONS = (
    _synced,
    _remind_everywhere,
    _schedule_for_servers,
    _hidden_from_members,
    _permissions_readable,
    _bad_refused,
    _guild_command,
)
