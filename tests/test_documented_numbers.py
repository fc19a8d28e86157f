"""Numbers that the documentation gives are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from bot.pace import pace, session_starts, shared_pace, windows
from cogs import files_cog, needed_files
from cogs.background import invalid_requests, ping_budget
from schedulezero.client import decoding
from schedulezero.compose.limits import TABLE, Unit
from schedulezero.handler import executor, journal
from schedulezero.handler.repetitions import PUBLISHED
from schedulezero.methods import job_meta
from schedulezero.model import job, limits
from schedulezero.server.decisions import retry
from schedulezero.server.engine import dispatcher, reach, shared_queue, time_check
from schedulezero.server.handlers import crowd
from schedulezero.server.http import bodies
from schedulezero.server.http.connections import Bounds
from schedulezero.server.records import leases
from schedulezero.server.store import hourly_limit, runs
from schedulezero.storage import sqlite_errors
from schedulezero.wire import doorkeeper, protocol, storable

DOCS = Path(__file__).parent.parent / "docs"
DECISIONS = "explanation/decisions"
BOUNDS = Bounds()
WORDS = {"five": 5, "ten": 10, "seven": 7}


def most_of(body: type[BaseModel]) -> int:
    """The most jobs that a request may have."""
    return body.model_json_schema()["properties"]["jobs"]["maxItems"]


# Read as: a page, a sentence of it with numbers in it, and what they are in the code.
NUMBERS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("how-to/alert-when-silent.md", "may have # such calls under way, and make # at once, then one a second",
     (ping_budget.AT_ONCE_IN_A_GUILD, ping_budget.BURST_SECONDS * ping_budget.A_SECOND_IN_A_GUILD)),
    ("how-to/alert-when-silent.md", "may have # under way and make # a second",
     (ping_budget.AT_ONCE, ping_budget.A_SECOND)),
    ("how-to/run-as-a-service.md", "It never uses the last #:", (session_starts.RESERVE,)),
    ("how-to/run-as-a-service.md", "waits for it for # seconds at most", (executor.DEADLINE_SECONDS,)),
    ("reference/configuration.md", "wait for # minutes at most; beyond that they are refused",
     (hourly_limit.LONGEST_HOLD_BY_HAND.total_seconds() / 60,)),
    ("reference/configuration.md", "| `file_mib` | # | size of a file attached to a job in MiB; at most #,",
     (limits.Limits().file_mib, limits.EDGE_FILE_MIB)),
    ("reference/published-server.md", "the bot keeps them for # days more",
     (files_cog.SECOND_LOOK_PUBLISHED.days,)),
    ("explanation/privacy.md", "the second look comes after # days", (files_cog.SECOND_LOOK_PUBLISHED.days,)),
    ("explanation/privacy.md", "needs them; # days longer for what *undo*", (needed_files.UNDO.days,)),
    ("reference/glossary.md", "# minutes by default", (job.DEFAULT_GRACE.total_seconds() / 60,)),
    ("reference/operations.md", "differ from the database's by | # s", (time_check.MOST_SECONDS,)),
    ("reference/operations.md", "no sign of life for | # s",
     (shared_queue.HEARTBEAT_TIMEOUT.total_seconds(),)),
    ("reference/operations.md", "one call at a time, for | # s", (leases.LEASE_SECONDS,)),
    ("reference/operations.md", "when it was silent for | # s", (reach.SILENT_SECONDS,)),
    ("reference/operations.md", "waits for its calls for at most | # s", (dispatcher.CALL_SECONDS,)),
    ("reference/operations.md", "disk has less than # MiB free", (sqlite_errors.LEAST_FREE / 2**20,)),
    ("reference/sprockets.md", "A run may take # seconds", (executor.DEADLINE_SECONDS,)),
    ("reference/rest.md", "`POST /api/jobs/bulk-create` takes up to # jobs",
     (most_of(bodies.BulkCreateBody),)),
    ("reference/rest.md", "changes up to # jobs of a guild", (most_of(bodies.BulkBody),)),
    ("reference/rest.md", "A body has at most # MiB and # values",
     (protocol.MAX_FRAME_BYTES / 2**20, storable.MOST_VALUES)),
    ("reference/wire.md", "| # MiB | refused with an error", (protocol.MAX_FRAME_BYTES / 2**20,)),
    ("reference/wire.md", "| handlers known at once | #,", (crowd.MOST_INSTANCES,)),
    ("reference/wire.md", "| new handlers | # at once, # a second",
     (crowd.NEW_AT_ONCE, crowd.NEW_PER_SECOND)),
    ("reference/wire.md", "| the same handler again | # at once, # a second",
     (crowd.AGAIN_AT_ONCE, crowd.AGAIN_PER_SECOND)),
    ("reference/wire.md", "| `methods` | # names of", (crowd.MOST_METHODS,)),
    ("reference/wire.md", "It waits # seconds for an answer", (PUBLISHED.timeout,)),
    ("reference/wire.md", "with delays of # and # seconds", (PUBLISHED.delay, 2 * PUBLISHED.delay)),
    ("reference/wire.md", "| # to # seconds after a call that was answered later than # seconds",
     (PUBLISHED.after_timeout(0).earliest, PUBLISHED.after_timeout(0).latest,
      PUBLISHED.timeout - PUBLISHED.slack)),
    ("reference/wire.md", "| # to # seconds after a failure",
     (PUBLISHED.after_failure(0).earliest, PUBLISHED.after_failure(0).latest)),
    ("reference/wire.md", "| up to # seconds after a call from before", (PUBLISHED.longest_chain,)),
    ("reference/wire.md", "at most # characters as JSON", (job_meta.LARGEST_META,)),
    ("reference/wire.md", "at most # letters, digits, dots", (decoding.LONGEST_ASKED_ID,)),
    ("reference/wire.md", "| `schemas` | # KiB, # levels",
     (crowd.MOST_SCHEMA_BYTES / 1024, crowd.MOST_SCHEMA_DEPTH)),
    ("reference/wire.md", "| the handshake | # seconds", (doorkeeper.HANDSHAKE_SECONDS,)),
    ("reference/wire.md", "| plain connections to a socket | #,", (doorkeeper.MOST_PLAIN_PEERS,)),
    ("reference/wire.md", "| connections | #, or a quarter", (BOUNDS.connections,)),
    ("reference/wire.md", "; # of one address (384", (BOUNDS.of_one_address,)),
    ("reference/wire.md", "; # of one address (three quarters", (BOUNDS.under_way_of_one_address,)),
    ("reference/wire.md", "headers, TLS included | # seconds", (BOUNDS.first_seconds,)),
    ("reference/wire.md", "and to read an answer | # seconds", (BOUNDS.idle_seconds,)),
    (f"{DECISIONS}/06-several-nodes-are-one-server.md", "in batches of #", (shared_queue.BATCH,)),
    (f"{DECISIONS}/06-several-nodes-are-one-server.md", "After # s of silence",
     (shared_queue.HEARTBEAT_TIMEOUT.total_seconds(),)),
    (f"{DECISIONS}/08-a-bot-may-be-several-processes.md", "# a second for jobs and # for people",
     (shared_pace.JOBS_A_SECOND, shared_pace.PEOPLE_A_SECOND)),
    (f"{DECISIONS}/09-waiting-is-not-failing.md", "again after # s and # s (±# %)",
     (retry.BASE_DELAY.total_seconds(), 2 * retry.BASE_DELAY.total_seconds(), 100 * retry.JITTER)),
    (f"{DECISIONS}/15-the-history-is-bounded.md", "forgets what ended # days ago", (journal.KEPT_FOR.days,)),
    (f"{DECISIONS}/20-requests-to-discord-wait-in-one-place.md", "# a second for jobs", (pace.FOR_JOBS,)),
    (f"{DECISIONS}/20-requests-to-discord-wait-in-one-place.md", "waits # seconds at most for its window",
     (windows.LONGEST_WAIT_SECONDS,)),
    ("explanation/scale.md", "Jobs use # of them", (pace.FOR_JOBS,)),
    ("explanation/scale.md", "From # on, jobs wait", (invalid_requests.HOLD_AT,)),
    ("explanation/scale.md", "a job is paused after # failures", (runs.MOST_FAILURES,)),
    ("reference/operations.md", "jobs wait from # on", (invalid_requests.HOLD_AT,)),
    (f"{DECISIONS}/20-requests-to-discord-wait-in-one-place.md", "evenly spaced, and # together",
     (pace.FOR_ALL,)),
)  # fmt: skip


@pytest.mark.parametrize(("page", "sentence", "numbers"), NUMBERS, ids=lambda item: str(item)[:60])
def test_a_number_is_that_of_the_code(page: str, sentence: str, numbers: tuple[Any, ...]) -> None:
    text = " ".join((DOCS / page).read_text(encoding="utf-8").split())
    number = rf"(\d[\d,.]*\b|{'|'.join(WORDS)})"
    found = re.search(number.join(re.escape(part) for part in sentence.split("#")), text)
    assert found is not None, "the sentence is not on its page any more; change it here, too"
    said = [WORDS.get(item) or float(item.replace(",", "")) for item in found.groups()]
    assert said == [float(item) for item in numbers]


def test_the_page_of_limits_is_the_table_of_limits() -> None:
    page = (DOCS / "reference" / "post-limits.md").read_text(encoding="utf-8")
    mib = 1024 * 1024
    wanted = [
        (
            limit.of,
            str(limit.least or ""),
            f"{limit.most // mib} MB, more with boosts"
            if limit.unit is Unit.BYTES
            else f"{limit.most} {limit.unit.value}",
        )
        for limit in TABLE.values()
    ]
    rows = [
        tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in page.splitlines() if "|" in line
    ]
    assert rows[2:] == wanted
