"""A guild's settings for the desk: where alerts go, who else may schedule, whether two people approve, and
what words without an hour mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from schedulezero.model import JsonObject
from schedulezero.model.habits import Habits


@dataclass(frozen=True, slots=True)
class GuildSettings:
    """A guild's settings.

    Attributes:
        alert_channel_id: the channel for cards about failed runs; None sends them to the job's creator.
        log_channel_id: the channel where each change is posted; None for no channel.
        manager_role_ids: roles that may schedule, in addition to members who manage the server.
        approval: whether jobs that ping everyone, delete, lock or give roles wait for a second person.
        language: the language of alerts and other posts for everyone; None for the guild's own on Discord.
        habits: what *morning* or a day without a time means, and whose public holidays count.
    """

    alert_channel_id: str | None = None
    log_channel_id: str | None = None
    manager_role_ids: tuple[str, ...] = ()
    approval: bool = False
    language: str | None = None
    habits: Habits = field(default_factory=Habits)

    def to_json(self) -> JsonObject:
        return {
            **asdict(self),
            "manager_role_ids": list(self.manager_role_ids),
            "habits": self.habits.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> GuildSettings:
        return cls(
            alert_channel_id=data.get("alert_channel_id"),
            log_channel_id=data.get("log_channel_id"),
            manager_role_ids=tuple(data.get("manager_role_ids") or ()),
            approval=bool(data.get("approval")),
            language=data.get("language"),
            habits=Habits.from_json(data.get("habits") or {}),
        )
