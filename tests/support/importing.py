"""Shared test helpers: OTHER, exported, send."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

OTHER = "223456789012345678"


def send(**_: Any) -> None:
    """The function that the exported jobs call."""


def exported() -> str:
    """Return a real APScheduler export, as discord-reminder-bot's backup command creates it."""
    zone = ZoneInfo("Europe/Stockholm")
    scheduler = BackgroundScheduler(timezone=zone)
    scheduler.start(paused=True)
    there = {"channel_id": int(OTHER), "message": "Hej", "author_id": 1}
    start = datetime(2026, 12, 1, 12, tzinfo=zone)
    scheduler.add_job(send, "date", run_date=start, kwargs=there, id="1")
    scheduler.add_job(send, "interval", hours=3, start_date=start, kwargs=there, id="2")
    cron = CronTrigger(day_of_week="mon-fri", hour="9-17/2", minute="*/30", day="last", timezone=zone)
    scheduler.add_job(send, cron, kwargs=there, id="3")
    scheduler.add_job(
        send, "date", run_date=start, kwargs={"user_id": 5, "guild_id": 1, "message": "DM"}, id="4"
    )
    scheduler.add_job(send, CronTrigger(day="3rd fri", timezone=zone), kwargs=there, id="5")
    scheduler.add_job(send, "date", run_date=start, kwargs={"channel_id": 1}, id="6")
    output = io.StringIO()
    scheduler.export_jobs(output)
    scheduler.shutdown()
    return output.getvalue()
