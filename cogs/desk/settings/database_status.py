"""``/schedule status`` for the owner: room in the bot's own database, and the job server's standbys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cogs.desk.kit.context import Desk
from cogs.health import Check
from cogs.language import mark, t, translated
from schedulezero.errors import ClientError
from schedulezero.model.standbys import Standbys

# Read as: with such a standby, the check is well or not, and the status says this.
_SAID = {
    Standbys.NONE: (True, mark("none configured")),
    Standbys.SYNCHRONOUS: (True, mark("synchronous; a failover loses nothing")),
    Standbys.ASYNCHRONOUS: (True, mark("asynchronous; a failover loses the latest changes")),
    Standbys.IS_ONE: (False, mark("the database itself is a standby and doesn't accept changes")),
}


async def database_lines(desk: Desk) -> list[Check]:
    """Check the bot's own database, and tell the kind of standby of the job server's."""
    lines: list[Check] = []
    if trouble := await desk.memory.trouble():
        lines.append(Check(t("Database:"), False, translated(trouble)))
    try:
        health = await desk.client.health()
    except ClientError:
        return lines  # the line about the server shows the reason
    return lines + standby_lines(health)


def standby_lines(health: Mapping[str, Any]) -> list[Check]:
    """Tell the kind of standby that a server's health names; nothing if it names none that we know."""
    kind = next((kind for kind in Standbys if kind.value == health.get("standby")), None)
    if kind is None:
        return []
    well, said = _SAID[kind]
    return [Check(t("Standby:"), well, t(said))]
