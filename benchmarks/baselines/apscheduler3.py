"""The same no-op jobs with APScheduler 3.11's SQLAlchemyJobStore on SQLite.

``python -m benchmarks.baselines.apscheduler3 RUNS`` prints a JSON object: runs a second and lateness.
The jobs are put into its table in one statement, so that saving them one by one is not what is measured;
from then on all is its own: a background scheduler, its thread pool, a job removed durably as it is done.
"""

from __future__ import annotations

import json
import pickle
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from apscheduler.events import EVENT_JOB_EXECUTED
from apscheduler.job import Job
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from benchmarks.figures import Lateness

_lateness: Lateness
_done = threading.Event()


def work(due: float) -> None:
    """Does nothing but note when it was called."""
    if _lateness.note(due, time.time()):
        _done.set()


def main() -> None:
    global _lateness
    runs = int(sys.argv[1])
    _lateness = Lateness(runs)
    with tempfile.TemporaryDirectory() as folder:
        store: Any = SQLAlchemyJobStore(url=f"sqlite:///{folder}/jobs.db")
        scheduler: Any = BackgroundScheduler(jobstores={"default": store}, timezone="UTC")
        scheduler.start(paused=True)
        begin = datetime.now(UTC) + timedelta(seconds=3 + runs / 10_000)
        rows = [_row(scheduler, number, begin) for number in range(runs)]
        with store.engine.begin() as connection:
            connection.execute(sa.insert(store.jobs_t), rows)
        recorded = threading.Semaphore(0)
        scheduler.add_listener(lambda _event: recorded.release(), EVENT_JOB_EXECUTED)
        scheduler.resume()
        _done.wait()
        for _ in range(runs):
            recorded.acquire()
        # A job is off the table when the scheduler has gone on to the next one; wait for the last.
        while True:
            with store.engine.connect() as connection:
                if not connection.scalar(sa.select(sa.func.count()).select_from(store.jobs_t)):
                    break
            time.sleep(0.01)
        seconds = time.time() - begin.timestamp()
        scheduler.shutdown()
    print(json.dumps(_lateness.report(seconds)))


def _row(scheduler: Any, number: int, due: datetime) -> dict[str, Any]:
    job: Any = Job(
        scheduler, id=str(number), func=work, trigger=DateTrigger(due, timezone="UTC"), executor="default",
        args=(due.timestamp(),), kwargs={}, name="work", misfire_grace_time=None, coalesce=True,
        max_instances=1, next_run_time=due,
    )  # fmt: skip
    state = pickle.dumps(job.__getstate__(), pickle.HIGHEST_PROTOCOL)
    return {"id": str(number), "next_run_time": due.timestamp(), "job_state": state}


if __name__ == "__main__":
    main()
