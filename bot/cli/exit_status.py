"""Exit statuses, for supervisors. Pure.

``deploy/systemd`` restarts a process unless its status says that only a person can fix the problem.
"""

from __future__ import annotations

from schedulezero.errors import ScheduleZeroError

FAILED = 1
USAGE = 2
CONFIG = 78
"""``EX_CONFIG`` of sysexits.h: a restart doesn't help until somebody changes something."""


class Unusable(ScheduleZeroError):
    """The command can't do its work; the message says what to change.

    Parameters:
        message: One sentence.
        status: The exit status.
    """

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


def status_of(error: Exception, *, serves: bool) -> int:
    """Return the exit status for an error that ended a command.

    Parameters:
        error: The error.
        serves: Whether a supervisor keeps this command running (``run``, ``server``).
    """
    from bot.config import ConfigError  # slow to import; `--help` doesn't need it
    from bot.refusals import DiscordRefuses
    from cogs.discord_library import WrongDiscord
    from schedulezero.errors import (
        BackupUnusable,
        DatabaseAway,
        DatabaseInUse,
        DatabaseUnusable,
        Exposed,
        KeysUnusable,
    )

    if isinstance(error, Unusable):
        return error.status
    if isinstance(error, ConfigError):
        return CONFIG if serves else USAGE
    if isinstance(error, BackupUnusable):
        return USAGE
    if isinstance(error, DatabaseAway | DatabaseInUse):
        return FAILED  # a restart may succeed: it may be back, or free, in a moment
    lasting = (DatabaseUnusable, Exposed, KeysUnusable, DiscordRefuses, WrongDiscord)
    return CONFIG if serves and isinstance(error, lasting) else FAILED
