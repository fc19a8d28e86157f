"""Why a database can't be used at the moment, as the sentences that people get."""

from __future__ import annotations

from schedulezero.sentences import Sentence

DISK_FULL = Sentence(
    "The disk with the database is full. Runs wait until there is free space.", "database_disk_full"
)
HELD = Sentence("Another program has locked the database. Runs wait until it's unlocked.", "database_held")
READ_ONLY = Sentence(
    "The database isn't accepting changes at the moment. Runs will wait until it does.", "database_read_only"
)
