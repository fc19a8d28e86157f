"""What each kind of the bot's notes is about, so that all notes of a forgotten place can be found.

A place is a guild, or a person's own space; both are named by their id.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any


class Names(Enum):
    """Where a note names its place."""

    KEY = "its key is the place"
    END_OF_KEY = "its key ends with a colon and the place"
    VALUE = "its value has the place as guild_id"
    KIND = "its kind ends with a slash and the place"
    NOTHING = "it belongs to the bot"


FOLLOW_UP = "follow-up"
DEBT = "debt"
DEBT_TRIED = "debt-tried"
DEBT_CLOSED = "debt-closed"
LOCK = "lockdown"
SPROCKET_SETTINGS = "sprocket-settings"
SPROCKET_STATE = "sprocket-state"
LEFT_GUILD = "left-guild"
UNDELIVERED = "undelivered"
QUEUE = "queue"
LAST_POSTS = "last-posts"
STICKY = "sticky"
CALENDAR = "calendar"
CALENDAR_EVENTS = "calendar-events"
EVENT_REMINDERS = "event-reminders"
EVENT_SERIES = "event-series"

NAMES: Mapping[str, Names] = {
    FOLLOW_UP: Names.VALUE,  # its key names a role and a person, or a channel
    DEBT: Names.VALUE,
    DEBT_TRIED: Names.VALUE,
    DEBT_CLOSED: Names.VALUE,
    LOCK: Names.VALUE,
    LAST_POSTS: Names.VALUE,  # its key names a job and a channel
    STICKY: Names.VALUE,
    CALENDAR: Names.VALUE,  # its key names a job
    CALENDAR_EVENTS: Names.VALUE,
    EVENT_SERIES: Names.VALUE,
    EVENT_REMINDERS: Names.VALUE,  # its key is a job
    SPROCKET_SETTINGS: Names.END_OF_KEY,
    SPROCKET_STATE: Names.KIND,
    LEFT_GUILD: Names.KEY,
    "rules": Names.KEY,
    UNDELIVERED: Names.KIND,
    QUEUE: Names.KIND,
    "owner-commands": Names.NOTHING,
    "alerts-told": Names.NOTHING,
    "audit-told": Names.NOTHING,
    "debts-told": Names.NOTHING,
}
"""The kinds of our own notes.

One that isn't here, such as another sprocket's, is about the place that its key is, or that its value names
as ``guild_id``.
"""


def names_of(kind: str) -> tuple[Names, ...]:
    """Return where the notes of a kind name their place."""
    declared = NAMES.get(kind.partition("/")[0])
    return (declared,) if declared is not None else (Names.KEY, Names.VALUE)


def place_of(kind: str, key: str, value: Mapping[str, Any]) -> str | None:
    """Return the place that a note is about; None if it names none."""
    for named in names_of(kind):
        found: object = None
        if named is Names.KEY:
            found = key
        elif named is Names.END_OF_KEY:
            found = key.rpartition(":")[2]
        elif named is Names.VALUE:
            found = value.get("guild_id")
        elif named is Names.KIND:
            found = kind.partition("/")[2]
        if isinstance(found, str) and found.isdecimal():
            return found
    return None
