"""Where a command can be installed and used: in the bot's servers, or with the app of a person everywhere.

A command that leaves this out goes along wherever the app can be installed
(https://discord.com/developers/docs/interactions/application-commands#contexts), so each command says it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from discord.app_commands import AppCommandContext, AppInstallationType, allowed_contexts, allowed_installs

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a command can be installed, and where it can be used.

    Attributes:
        installs: whether it comes with the bot in a server, or with the app of a person.
        contexts: whether it is shown in servers, in direct messages of the bot, and in those of people.
    """

    installs: AppInstallationType
    contexts: AppCommandContext


IN_SERVERS = Places(
    AppInstallationType(guild=True, user=False),
    AppCommandContext(guild=True, dm_channel=False, private_channel=False),
)
EVERYWHERE = Places(
    AppInstallationType(guild=True, user=True),
    AppCommandContext(guild=True, dm_channel=True, private_channel=True),
)


def in_servers(command: T) -> T:
    """Offer a command in the servers that the bot is in, and nowhere else; a decorator."""
    narrowed = allowed_installs(guilds=True, users=False)(command)
    return allowed_contexts(guilds=True, dms=False, private_channels=False)(narrowed)
