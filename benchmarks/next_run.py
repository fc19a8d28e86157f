"""What the next run costs: ours beside cronsim, APScheduler's CronTrigger and croniter, in one run.

    python -m benchmarks.next_run

Each row asks for the next instant after a moment that moves on, parsing included as on each claim of
a due job. Three repetitions; the median in microseconds, and the ratio to cronsim's.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from croniter import croniter
from cronsim import CronSim

from schedulezero.model import Trigger
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.parse import understand

REPETITIONS = 3
CALLS = 300
ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 24, 12, 34, 56, tzinfo=UTC)

# Read as: what it is, the crontab line for the others, the phrase for us.
ROWS = (
    ("weekdays at 9", "0 9 * * 1-5", "weekdays at 9"),
    ("every 15 minutes by the clock", "*/15 * * * *", "*/15 * * * *"),
    ("first of the month", "0 9 1 * *", "on the 1st of every month at 9"),
    ("rare: 29 February", "29 2 29 2 *", "every year on february 29 at 2:29"),
)
OURS_ONLY = (
    ("every other friday", "every other friday at 5pm"),
    ("every 3 days", "every 3 days at 7"),
    ("last friday, with bounds", "last friday of every month at 9 until 1 january 2090 except on 24 dec"),
)


def cost(call: Callable[[datetime], object]) -> float:
    """The median time of a call in microseconds, over repetitions."""
    figures: list[float] = []
    for _ in range(REPETITIONS):
        moments = [START + timedelta(hours=7 * index) for index in range(CALLS)]
        began = time.perf_counter()
        for moment in moments:
            call(moment)
        figures.append((time.perf_counter() - began) / CALLS * 1e6)
    return statistics.median(figures)


def ours(trigger: Trigger) -> Callable[[datetime], object]:
    return lambda now: schedule_of(trigger, anchor=START, zone="Europe/Berlin").next_after(now)


def by_apscheduler(line: str) -> Callable[[datetime], object]:
    return lambda now: CronTrigger.from_crontab(line, ZONE).get_next_fire_time(None, now)


def by_cronsim(line: str) -> Callable[[datetime], object]:
    return lambda now: next(CronSim(line, now.astimezone(ZONE)))


def by_croniter(line: str) -> Callable[[datetime], object]:
    return lambda now: croniter(line, now.astimezone(ZONE)).get_next(datetime)


def main() -> None:
    heads = f"{'ours':>9} {'cronsim':>9} {'APScheduler':>12} {'croniter':>9}  ours/cronsim"
    print(f"{'next run, parsing included':32} {heads}")
    for name, line, phrase in ROWS:
        mine = cost(ours(understand(phrase, zone=ZONE.key, locale="en-GB", now=START).trigger))
        cronsim, aps, iterated = (cost(by(line)) for by in (by_cronsim, by_apscheduler, by_croniter))
        figures = f"{mine:6.0f} µs {cronsim:6.0f} µs {aps:9.0f} µs {iterated:6.0f} µs"
        print(f"{name:32} {figures}  {mine / cronsim:.2f}")
    for name, phrase in OURS_ONLY:
        trigger = understand(phrase, zone=ZONE.key, locale="en-GB", now=START).trigger
        print(f"{name:32} {cost(ours(trigger)):6.0f} µs")
    old = "every other friday at 5pm starting 2 january 1970"
    aged = understand(old, zone="UTC", locale="en-GB", now=START).trigger
    print(f"{'the same, since 1970':32} {cost(ours(aged)):6.0f} µs")


if __name__ == "__main__":
    main()
