"""``schedulezero-bot read-file`` and ``import-apscheduler``: what an import would make, for the shell."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from bot.cli.main import main
from tests.support.importing import OTHER, exported, send

NOW = ["--now", "2026-11-24T12:00:00Z"]
CRONTAB = "CRON_TZ=Europe/Berlin\n0 9 * * 1-5 Stand-up!\n@reboot x\n"


@pytest.fixture
def crontab(tmp_path: Path) -> str:
    file = tmp_path / "crontab.txt"
    file.write_text(CRONTAB)
    return str(file)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    status = main(["read-file", *arguments, "--json"])
    captured = capsys.readouterr()
    return status, json.loads(captured.out) if captured.out else None, captured.err


def test_a_file_as_json(crontab: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, data, _ = run(capsys, crontab, *NOW, "--count", "2")
    assert status == 0
    assert data == {
        "entries": [
            {
                "line": 2,
                "name": "Stand-up!",
                "sentence": "every weekday at 09:00",
                "trigger": {
                    "type": "cron",
                    "args": {
                        "minute": "0",
                        "hour": "9",
                        "day_of_week": "mon,tue,wed,thu,fri",
                        "timezone": "Europe/Berlin",
                    },
                },
                "runs": ["2026-11-25T09:00:00+01:00", "2026-11-26T09:00:00+01:00"],
                "notes": [],
            }
        ],
        "refused": [{"line": 3, "why": "@reboot isn't a fixed time. Write five fields instead."}],
    }


def test_the_standard_input_and_a_text_for_people(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"0 9 * * * Hello\n")))
    assert main(["read-file", "-", "--timezone", "Asia/Tokyo", *NOW]) == 0
    out = capsys.readouterr().out
    assert out.startswith("line 1: Hello: every day at 09:00 (Asia/Tokyo)\n  Wed 2026-11-25 09:00:00 +0900\n")
    assert out.endswith("1 read, 0 refused. `/schedule import` checks their methods and parameters, too.\n")


def test_where_nothing_can_be_read_the_status_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"")
    assert run(capsys, str(file))[:2] == (
        2,
        {"entries": [], "refused": [{"line": 1, "why": "The file is empty."}]},
    )


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--count", "x"], "--count is 'x'"),
        (["--count", "101"], "from 0 to 100"),
        (["--count", "-1"], "from 0 to 100"),
        (["--now", "soon"], "'soon' isn't a date"),
        (["--now", "0001-01-01T00:00:00Z"], "1970 to 2200"),
        (["--timezone", "Mars"], "'Mars' is no time zone"),
        (["--timezone", ""], "'' is no time zone"),
    ],
)
def test_a_bad_option_is_a_sentence(
    crontab: str, arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, data, error = run(capsys, crontab, *arguments)
    assert (status, data) == (2, None) and part in error and error.count("\n") == 1


@pytest.mark.parametrize("name", ["missing", ".", "a\x00b"])
def test_a_file_that_cannot_be_opened_is_a_sentence(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, data, error = run(capsys, f"{tmp_path}/{name}")
    assert (status, data) == (2, None) and "cannot be read" in error and error.count("\n") == 1


def job_store(file: Path) -> None:
    """A real job store of APScheduler's."""
    zone = ZoneInfo("Europe/Stockholm")
    stores = {"default": SQLAlchemyJobStore(url=f"sqlite:///{file}")}
    scheduler = BackgroundScheduler(timezone=zone, jobstores=stores)
    scheduler.start(paused=True)
    there = {"channel_id": int(OTHER), "message": "Hej"}
    start = datetime.now(zone) + timedelta(days=40)
    scheduler.add_job(send, "date", run_date=start.replace(microsecond=0), kwargs=there)
    scheduler.add_job(send, "interval", hours=3, kwargs=there)
    scheduler.add_job(send, CronTrigger(day_of_week="mon-fri", hour="9-17/2", timezone=zone), kwargs=there)
    scheduler.add_job(send, "date", run_date=start, kwargs={"channel_id": 1})
    scheduler.shutdown()


@pytest.mark.parametrize("kind", ["export", "store"])
def test_apschedulers_jobs_become_yaml_that_can_be_imported(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file, output = tmp_path / "jobs", tmp_path / "jobs.yaml"
    if kind == "export":
        file.write_text(exported())
    else:
        job_store(file)
    now = NOW if kind == "export" else []
    assert main(["read-file", str(file), *now]) == 2
    assert "import-apscheduler FILE" in capsys.readouterr().out
    assert main(["import-apscheduler", str(file), "--output", str(output), *now]) == 0
    assert "posts no message" in capsys.readouterr().err
    status, data, _ = run(capsys, str(output), *now, "--count", "1")
    assert status == 0 and not data["refused"] and len(data["entries"]) >= 3
    assert {entry["trigger"]["type"] for entry in data["entries"]} == {"date", "calendar", "cron"}


BROKEN = {
    "version": 1,
    "jobs": [
        {"id": "no-trigger"},
        {"id": "no-kwargs", "trigger": {"__apscheduler_class__": "DateTrigger", "__apscheduler_state__": {}}},
        {"id": "rubbish", "kwargs": {"message": "x", "channel_id": 1}, "next_run_time": 1, "trigger": {
            "__apscheduler_class__": "a:DateTrigger",
            "__apscheduler_state__": {"run_date": {"__apscheduler_pickle__": "AAAA"}},
        }},
        {"id": "hostile", "kwargs": {"message": "x", "channel_id": 1}, "next_run_time": 1, "trigger": {
            "__apscheduler_class__": "a:DateTrigger",
            "__apscheduler_state__": {"run_date": {"__apscheduler_pickle__": "Y29zCnN5c3RlbQou"}},
        }},
        {"id": "text", "kwargs": {"message": "x", "channel_id": 1}, "next_run_time": 1, "trigger": {
            "__apscheduler_class__": "a:DateTrigger", "__apscheduler_state__": {"run_date": "soon"},
        }},
        "not even an object",
    ],
}  # fmt: skip


def test_each_refused_job_of_apscheduler_is_named_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "jobs.json"
    file.write_text(json.dumps(BROKEN))
    assert main(["import-apscheduler", str(file), *NOW]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "refused: Job 1 (“no-trigger”): It has no 'trigger', so it is not a job as APScheduler 3 writes it.",
        "refused: Job 2 (“no-kwargs”): It has no 'kwargs', so it is not a job as APScheduler 3 writes it.",
        "refused: Job 3 (“rubbish”): A value in it is not of the kind that APScheduler 3 writes.",
        "refused: Job 4 (“hostile”): It holds os.system, which is not read from such files.",
        "refused: Job 5 (“text”): A value in it is not of the kind that APScheduler 3 writes.",
        "refused: Job 6: A value in it is not of the kind that APScheduler 3 writes.",
        "schedulezero-bot: Nothing was written: none of what this file holds can be taken over.",
    ]
    file.write_text('{"jobs": []}')
    assert main(["import-apscheduler", str(file)]) == 2
    assert capsys.readouterr().err == "schedulezero-bot: Nothing was written: this file holds no jobs.\n"
    file.unlink()
    sqlite3.connect(file).executescript("CREATE TABLE other (id)").close()
    assert main(["import-apscheduler", str(file)]) == 2
    assert "it has no table apscheduler_jobs" in capsys.readouterr().err


def test_what_is_no_job_of_apscheduler_is_refused(crontab: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import-apscheduler", crontab]) == 2
    assert "not an export of APScheduler 3's jobs" in capsys.readouterr().err
    assert main(["import-apscheduler", crontab, "--channel", "general"]) == 2
    assert "must be the id of a channel" in capsys.readouterr().err
