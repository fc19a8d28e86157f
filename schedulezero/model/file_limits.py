"""Why a file is not kept: the limits on files that people attach, with their numbers. Pure.

The limits are the owner's (`schedulezero.model.limits`). A guild's own limit on uploads, which its boosts
raise, is Discord's and is checked by whoever knows the guild.
"""

from __future__ import annotations

import math

from schedulezero.model.limits import Excess, Limits
from schedulezero.sentences import Sentence

MIB = 2**20


def mib(size: int) -> str:
    """Format a size in MiB, rounded up, so that what exceeds a limit also reads as more."""
    return f"{math.ceil(size / MIB * 10) / 10:g}"


def check_file(size: int, limits: Limits) -> Excess | None:
    """Check the size of one file, in bytes."""
    most = limits.kept_file_bytes
    if size <= most:
        return None
    return Excess(
        "file_mib",
        Sentence(
            "This file is {size} MiB; the limit for a file is {most} MiB. Choose a smaller "
            "one, or ask the bot's owner to raise `limits.file_mib`.",
            "attached_file_too_large",
            size=mib(size),
            most=mib(most),
        ),
    )


def check_guilds_files(used: int, size: int, limits: Limits) -> Excess | None:
    """Check whether a guild has room for a file.

    Parameters:
        used: the total size of the guild's files, in bytes.
        size: the size of a file that the guild doesn't have yet.
        limits: the owner's limits.
    """
    if limits.files_mib_per_guild is None or used + size <= limits.files_mib_per_guild * MIB:
        return None
    return Excess(
        "files_mib_per_guild",
        Sentence(
            "This file is {size} MiB, and this server's files already take up {used} of "
            "{most} MiB. Choose a smaller one, or ask the bot's owner to raise "
            "`limits.files_mib_per_guild`.",
            "guilds_files_limit",
            size=mib(size),
            used=mib(used),
            most=limits.files_mib_per_guild,
        ),
    )


def check_all_files(used: int, size: int, limits: Limits) -> Excess | None:
    """Check whether there is room for a file among those of all guilds; the sizes are in bytes."""
    if limits.files_mib is None or used + size <= limits.files_mib * MIB:
        return None
    return Excess(
        "files_mib",
        Sentence(
            "This file is {size} MiB, and I have no room for it: my files already take up {used} of "
            "{most} MiB. Choose a smaller one, or ask the bot's owner to raise `limits.files_mib`.",
            "files_limit",
            size=mib(size),
            used=mib(used),
            most=limits.files_mib,
        ),
    )
