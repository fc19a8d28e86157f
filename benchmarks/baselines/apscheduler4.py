"""The same no-op jobs with APScheduler 4.0.0a6's SQLAlchemyDataStore on SQLite.

``python benchmarks/baselines/apscheduler4.py RUNS``, in an environment of its own, because it cannot be
installed beside APScheduler 3: see ``requirements/apscheduler4.txt``. Prints a JSON object: runs a second
and lateness.
"""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta

from apscheduler import AsyncScheduler, JobReleased
from apscheduler.datastores.sqlalchemy import SQLAlchemyDataStore
from apscheduler.triggers.date import DateTrigger
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.figures import Lateness

_SAVING_SECONDS = 0.012  # what saving one schedule takes at most

_lateness: Lateness


async def work(due: float) -> None:
    """Does nothing but note when it was called."""
    _lateness.note(due, time.time())


async def main() -> None:
    global _lateness
    runs = int(sys.argv[1])
    _lateness = Lateness(runs)
    with tempfile.TemporaryDirectory() as folder:
        store = SQLAlchemyDataStore(create_async_engine(f"sqlite+aiosqlite:///{folder}/jobs.db"))
        async with AsyncScheduler(store) as scheduler:
            await scheduler.configure_task("work", func=work, misfire_grace_time=None, max_running_jobs=runs)
            begin = datetime.now(UTC) + timedelta(seconds=3 + runs * _SAVING_SECONDS)
            for number in range(runs):
                await scheduler.add_schedule(
                    "work", DateTrigger(begin), id=str(number), args=(begin.timestamp(),)
                )
            assert datetime.now(UTC) < begin, "the jobs fell due before all were saved"
            recorded, done = 0, asyncio.Event()

            def released(_event: JobReleased) -> None:
                nonlocal recorded
                recorded += 1
                if recorded == runs:
                    done.set()

            scheduler.subscribe(released, JobReleased)
            await scheduler.start_in_background()
            await done.wait()
            seconds = time.time() - begin.timestamp()
            await scheduler.stop()
    print(json.dumps(_lateness.report(seconds)))


if __name__ == "__main__":
    asyncio.run(main())
