"""What the bot owes: the endings of what its jobs did for a while, such as taking a role back.

An ending is the bot's own debt, so it needs the bot's rights only: the person who asked for the change may
have left by then. The bot notes each debt in its own memory before it saves the job that settles it. Neither
an import nor the REST API writes there, so nobody else can make a job that counts as an ending: a job settles
a debt only if its id, guild, method and params are the noted ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from schedulezero.methods.host import Notes
from schedulezero.methods.spec import META_KEY
from schedulezero.model import JsonObject

NOTE = "debt"
"""Kind of the notes; the key is the id of the job that settles the debt."""


@dataclass(frozen=True, slots=True)
class Debt:
    """One debt.

    Attributes:
        job_id: the id of the job that settles it.
        guild_id: the guild of that job; None if it has none.
        method, params: what that job does.
        about: what the debt is about, such as ``slowmode:123``.
        since: when the change was made, as ISO text.
        left: the state in which the change left things; the ending undoes only what is still like that.
    """

    job_id: str
    guild_id: str | None
    method: str
    params: Mapping[str, Any]
    about: str
    since: str
    left: JsonObject = field(default_factory=dict[str, Any])

    def is_settled_by(self, guild_id: str | None, method: str, params: Mapping[str, Any]) -> bool:
        """Return whether a run of the job still does what is owed; an edited job may do something else."""
        wanted = {name: value for name, value in params.items() if name != META_KEY}
        return (self.guild_id, self.method, dict(self.params)) == (guild_id, method, wanted)


async def owe(notes: Notes, debt: Debt) -> None:
    """Note a debt, before the job that settles it is saved."""
    value = {
        "guild_id": debt.guild_id,
        "method": debt.method,
        "params": dict(debt.params),
        "about": debt.about,
        "since": debt.since,
        "left": debt.left,
    }
    await notes.put(NOTE, debt.job_id, value)


async def debt_of(notes: Notes, job_id: str | None) -> Debt | None:
    """Return the debt that a job settles; None if it is a job like any other."""
    value = await notes.kept(NOTE, job_id) if job_id is not None else None
    if value is None:
        return None
    left = value["left"]
    return Debt(
        job_id=str(job_id),
        guild_id=value["guild_id"],
        method=value["method"],
        params=value["params"],
        about=value["about"],
        since=value["since"],
        left=cast("JsonObject", left) if isinstance(left, dict) else {},
    )
