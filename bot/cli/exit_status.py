"""Exit statuses: what a supervisor goes by. Pure.

``deploy/systemd`` starts a process again unless its status says that only a person can help.
"""

from __future__ import annotations

from schedulezero.errors import ScheduleZeroError

FAILED = 1
USAGE = 2
CONFIG = 78
"""``EX_CONFIG`` of sysexits.h: starting again does not help until somebody changes something."""


class Unusable(ScheduleZeroError):
    """The command cannot do its work; the message says what to change.

    Parameters:
        message: one sentence.
        status: the exit status.
    """

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


def status_of(error: Exception, *, serves: bool) -> int:
    """The exit status for an error that ended a command.

    Parameters:
        error: what ended it.
        serves: whether the command is one that a supervisor keeps running (``run``, ``server``).
    """
    from bot.config import ConfigError  # heavy; `--help` does without it
    from bot.refusals import DiscordRefuses
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
        return FAILED  # it may be back, or free, in a moment
    lasting = (DatabaseUnusable, Exposed, KeysUnusable, DiscordRefuses)
    return CONFIG if serves and isinstance(error, lasting) else FAILED
