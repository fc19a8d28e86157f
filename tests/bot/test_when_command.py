"""``schedulezero-bot when`` and ``POST /api/preview``: the same reading, for the shell and for programs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.cli.main import main
from tests.conftest import Api

BERLIN = ["--timezone", "Europe/Berlin"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    status = main(["when", *arguments, "--json"])
    captured = capsys.readouterr()
    return status, json.loads(captured.out) if captured.out else None, captured.err


# Read as: arguments, and the runs.
RUNS: dict[tuple[str, ...], list[str]] = {
    ("every other friday at 5pm", *BERLIN, "--now", "2027-03-10T00:00", "--count", "3"): [
        "2027-03-12T17:00:00+01:00", "2027-03-26T17:00:00+01:00", "2027-04-09T17:00:00+02:00",
    ],
    ("30 2 * * *", *BERLIN, "--now", "2027-03-27T00:00", "--count", "3"): [
        "2027-03-27T02:30:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00",
    ],
    ("30 2 * * *", *BERLIN, "--now", "2027-10-30T00:00", "--count", "3"): [
        "2027-10-30T02:30:00+02:00", "2027-10-31T02:30:00+02:00", "2027-11-01T02:30:00+01:00",
    ],
    ("0 9 13 * 5", *BERLIN, "--now", "2026-11-10T00:00", "--count", "2"): [
        "2026-11-13T09:00:00+01:00", "2026-11-20T09:00:00+01:00",
    ],
    ("05/12 18:00", "--locale", "en-GB", "--now", "2026-11-24T00:00"): ["2026-12-05T18:00:00+00:00"],
    ("05/12 18:00", "--locale", "en-US", "--now", "2026-11-24T00:00"): ["2027-05-12T18:00:00+00:00"],
    ("jeden Montag um 9 Uhr", "--locale", "de", *BERLIN, "--now", "2026-11-24T00:00", "--count", "1"): [
        "2026-11-30T09:00:00+01:00",
    ],
}  # fmt: skip


@pytest.mark.parametrize("arguments", RUNS, ids=lambda arguments: " ".join(arguments)[:60])
def test_its_runs(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    status, data, _ = run(capsys, *arguments)
    assert status == 0
    assert data["runs"] == RUNS[arguments]
    assert data["text"] and set(data["trigger"]) == {"type", "args"}


def test_it_answers_in_the_language_of_the_locale(capsys: pytest.CaptureFixture[str]) -> None:
    for locale, text in (
        ("it", "ogni venerdì alle 18:00"),
        ("nl", "elke vrijdag om 18:00"),
        ("fr", "tous les vendredis à 18 h"),
    ):
        status, data, _ = run(capsys, "every friday at 6pm", "--locale", locale)
        assert (status, data["text"]) == (0, text)


@pytest.mark.parametrize("text", ["31 february", "purple monkey"])
def test_what_is_not_understood_is_a_sentence_and_status_2(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, data, error = run(capsys, text)
    assert (status, data) == (2, None)
    assert f"“{text}”" in error and error.count("\n") == 1


def test_a_wrong_zone_or_instant_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "tomorrow at 9", "--timezone", "Mars")[0] == 2
    assert run(capsys, "tomorrow at 9", "--now", "soon")[0] == 2


def test_for_people_it_warns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["when", "on", "the", "31st", "of", "every", "month", *BERLIN]) == 0
    out = capsys.readouterr().out
    assert "on the 31st of every month at 09:00 (Europe/Berlin)" in out
    assert "note: Months without a day 31 are skipped" in out


async def test_the_same_in_rest(api: Api) -> None:
    body = {"text": "every day at 9 until 1 january 2099", "timezone": "Europe/Berlin", "locale": "en-GB"}
    answer = (await api.post("/api/preview", json=body)).json()
    assert answer["text"] == "every day at 09:00, until 1 January 2099"
    assert answer["trigger"]["type"] == "calendar" and len(answer["runs"]) == 5
    created = await api.post(
        "/api/jobs", json={"handler_id": "h", "method": "m", "trigger": answer["trigger"]}
    )
    assert created.status_code == 201
    refused = await api.post("/api/preview", json={"text": "purple monkey"})
    assert refused.status_code == 400 and refused.json()["error"]["code"] == "not_understood"


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"rule": {}},
        {"rule": {"unit": "fortnight", "times": ["09:00"]}},
        {"rule": {"unit": "day"}},
        {"rule": {"unit": "day", "times": ["25:00"]}},
        {"rule": {"unit": "day", "times": ["09:00"], "every": 2}},
        {"rule": {"unit": "day", "times": ["09:00"], "every": 2, "anchor": "soon"}},
        {"rule": {"unit": "week", "times": ["09:00"]}},
        {"rule": {"unit": "week", "times": ["09:00"], "weekdays": ["fryday"]}},
        {"rule": {"unit": "month", "times": ["09:00"]}},
        {"rule": {"unit": "month", "times": ["09:00"], "days": [32]}},
        {"rule": {"unit": "month", "times": ["09:00"], "days": [-29]}},
        {"rule": {"unit": "month", "times": ["09:00"], "days": [-3, 1]}},
        {"rule": {"unit": "month", "times": ["09:00"], "days": [-3], "months": [2]}},
        {"rule": {"unit": "month", "times": ["09:00"], "positions": [[6, "mon"]]}},
        {"rule": {"unit": "month", "times": ["09:00"], "positions": "mon"}},
        {"rule": {"unit": "day", "times": ["09:00"], "colour": "red"}},
        {"rule": {"unit": "month", "times": ["09:00"], "days": [30], "months": [2]}},
        {"rule": [], "crontab": "0 9 * * *"},
        {"crontab": "0 9 * * *", "count": 3},
        {"crontab": "0 9 * * *", "count": 0, "starting": "2026-01-01"},
        {"crontab": "0 9 * * *", "until": "later"},
        {"crontab": "0 9 * * *", "until": "2020-01-01"},
        {"crontab": "0 9 * * *", "except": "2026-12-24"},
        {"crontab": "0 9 * * *", "except_yearly": "12-24"},
        {"crontab": "0 9 * * *", "except_yearly": ["02-30"]},
        {"crontab": "0 9 * * *", "except_yearly": ["someday"]},
        {"crontab": "0 9 * * *", "except_yearly": [5]},
        {"crontab": "0 9 * * *", "except_monthly": [0]},
        {"crontab": "0 9 * * *", "except_monthly": [-3]},
        {"crontab": "0 9 * * *", "except_monthly": [True]},
        {"crontab": "0 9 * * *", "except_monthly": list(range(1, 32))},
        {"interval": {"minutes": 0}},
        {"cron": {"hour": 99}},
        {"cron": 5},
    ],
    ids=str,
)  # fmt: skip
async def test_a_wrong_calendar_trigger_names_its_field(api: Api, args: dict[str, Any]) -> None:
    trigger = {"type": "calendar", "args": args}
    response = await api.post("/api/jobs", json={"handler_id": "h", "method": "m", "trigger": trigger})
    assert response.status_code == 400, response.text
    assert response.json()["error"]["field"].startswith("trigger.args")
