"""A route that the simulated Discord lacks: a server's settings of who may use the bot's commands.

https://discord.com/developers/docs/interactions/application-commands#get-guild-application-command-permissions
"""

from __future__ import annotations

from typing import Any

from simcord.http.router import RequestContext, route


@route("GET", "/applications/{application_id}/guilds/{guild_id}/commands/permissions")
def list_permissions(context: RequestContext) -> Any:
    """Return the settings of each command that has some, and of the application."""
    guild_id = context.int_arg("guild_id")
    return [
        {
            "id": str(command_id),
            "application_id": context.args["application_id"],
            "guild_id": str(guild_id),
            "permissions": list(entries),
        }
        for (place, command_id), entries in context.backend.command_permissions.items()
        if place == guild_id
    ]
