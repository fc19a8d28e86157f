"""Servers that ask moderators for two-factor authentication. Pure over discord.py's objects.

In such a server, a bot may use some permissions only if its owner uses two-factor authentication on their
own account (https://discord.com/developers/docs/topics/oauth2#twofactor-authentication-requirement). Whether
they do is not known to the bot, so this is a caution and no reason against a job.
"""

from __future__ import annotations

from collections.abc import Iterable

import discord

from cogs.language import t
from schedulezero.methods.spec import MethodSpec

# Those marked in https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags.
_GUARDED = frozenset(
    {
        "kick_members",
        "ban_members",
        "administrator",
        "manage_channels",
        "manage_guild",
        "manage_messages",
        "manage_roles",
        "manage_webhooks",
        "manage_expressions",
        "manage_threads",
    }
)


def two_factor_caution(guild: discord.Guild, specs: Iterable[MethodSpec]) -> str | None:
    """Return what the bot's owner has to see to before jobs of these kinds can run; None if nothing."""
    if guild.mfa_level is not discord.MFALevel.require_2fa:
        return None
    needed = {need.permission for spec in specs for need in spec.needs if need.of != "person"}
    if not needed & _GUARDED:
        return None
    return t(
        "This server requires two-factor authentication for moderation. Discord "
        "refuses moderation jobs unless the bot's owner has switched it on for their "
        "own account."
    )
