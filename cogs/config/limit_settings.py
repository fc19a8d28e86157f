"""The settings under ``limits``: each limit with its default and its bounds; 0 or null means unlimited."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from schedulezero.model.limits import EDGE_ENTRIES, EDGE_FILE_MIB, EDGE_KIB, Limits

Many = Annotated[int, Field(ge=0, le=1_000_000)]
Seconds = Annotated[int, Field(ge=0, le=86_400)]


_DEFAULTS = Limits()


class LimitSettings(BaseModel):
    """The most that one guild and one person can ask for; see `schedulezero.model.limits.Limits`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    jobs_per_guild: Many | None = _DEFAULTS.jobs_per_guild
    jobs_per_person: Many | None = _DEFAULTS.jobs_per_person
    reminders_per_person: Many | None = _DEFAULTS.reminders_per_person
    runs_per_minute: Many | None = _DEFAULTS.runs_per_minute
    reminder_runs_per_minute: Many | None = _DEFAULTS.reminder_runs_per_minute
    direct_messages_per_minute: Many | None = _DEFAULTS.direct_messages_per_minute
    shortest_interval_seconds: Seconds | None = _DEFAULTS.shortest_interval_seconds
    shortest_reminder_seconds: Seconds | None = _DEFAULTS.shortest_reminder_seconds
    import_entries: Annotated[int, Field(ge=0, le=EDGE_ENTRIES)] | None = _DEFAULTS.import_entries
    import_kib: Annotated[int, Field(ge=0, le=EDGE_KIB)] | None = _DEFAULTS.import_kib
    file_mib: Annotated[int, Field(ge=0, le=EDGE_FILE_MIB)] | None = _DEFAULTS.file_mib
    files_mib_per_guild: Many | None = _DEFAULTS.files_mib_per_guild
    files_mib: Many | None = _DEFAULTS.files_mib

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any) -> Any:
        if isinstance(value, bool):  # pydantic would take true for 1
            raise ValueError("it must be a whole number")
        return value

    @field_validator("*")
    @classmethod
    def _zero_is_none(cls, value: Any) -> Any:
        return value or None

    def limits(self) -> Limits:
        """Return these limits in the form that the server takes."""
        return Limits.from_json(self.model_dump())


NO_LIMIT_SETTINGS = LimitSettings(**dict.fromkeys(LimitSettings.model_fields, 0))
