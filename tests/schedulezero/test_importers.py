"""Files of other schedulers: what is taken over, a line for what is not, and nothing in them is run."""

from __future__ import annotations

import base64
import io
import json
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from schedulezero.exchange.apscheduler import read_apscheduler
from schedulezero.exchange.importers import read_crontab, read_reminder_csv, reader_of
from schedulezero.exchange.yaml_file import Entry, Fault
from schedulezero.when.calendar.triggers import schedule_of
from tests.support.importing import OTHER, exported, send
from tests.support.world import World, press, said

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HERE = "123456789012345678"

# As Reminder Bot's dashboard writes it: one of each kind, in the order of its columns.
CSV = (
    "attachment,attachment_name,avatar,channel,content,embed_author,embed_author_url,embed_color,"
    "embed_description,embed_footer,embed_footer_url,embed_image_url,embed_thumbnail_url,embed_title,"
    "embed_fields,enabled,expires,interval_seconds,interval_days,interval_months,name,restartable,tts,"
    "username,utc_time\n"
    f",,,#{OTHER},Once,,,0,,,,,,,,true,,,,,Reminder,false,false,,2027-01-01T10:00:00\n"
    ",,,general,Daily,,,0,,,,,,,,true,2027-06-01T00:00:00,,1,,Daily one,false,false,,2026-01-01T10:00:00\n"
    ",,,general,Monthly,,,0,,,,,,,,true,,,,2,Rent,false,false,,2026-11-30T10:00:00\n"
    ',,https://x.example/a.png,general,"As\nsomebody",,,0,,,,,,,,true,,3600,,,,false,false,Captain,2026-01-01T10:00:00\n'
    ",,,general,,,,16711680,Text,Foot,,,,Title,,true,,60,,,,false,false,,2026-01-01T10:00:00\n"
    ",,,general,Over,,,0,,,,,,,,true,,,,,,false,false,,2026-01-01T10:00:00\n"
    ",,,general,Off,,,0,,,,,,,,false,,,,,,false,false,,2027-01-01T10:00:00\n"
    ",,,general,Bad,,,0,,,,,,,,true,,,,,,false,false,,yesterday\n"
)


def entries(found: list[Entry | Fault]) -> list[Entry]:
    return [item for item in found if isinstance(item, Entry)]


def faults(found: list[Entry | Fault]) -> list[tuple[int, str]]:
    return [(item.line, item.message) for item in found if isinstance(item, Fault)]


def upcoming(entry: Entry, count: int = 2) -> list[datetime]:
    assert entry.trigger is not None
    schedule = schedule_of(entry.trigger, anchor=NOW, zone=entry.timezone or "UTC")
    found, at = [], NOW
    for _ in range(count):
        at = schedule.next_after(at)
        if at is None:
            break
        found.append(at.astimezone(UTC))
    return found


def test_reminder_bots_csv() -> None:
    assert reader_of(CSV) is read_reminder_csv
    found = read_reminder_csv(CSV, HERE, "UTC", NOW)
    once, daily, monthly, somebody, embed = entries(found)
    assert once.params == {"channel_id": OTHER, "message": "Once"} and once.name is None
    assert upcoming(once) == [datetime(2027, 1, 1, 10, tzinfo=UTC)]
    assert daily.name == "Daily one" and daily.params["channel_id"] == HERE
    assert upcoming(daily)[0] == datetime(2026, 11, 25, 10, tzinfo=UTC)
    assert upcoming(monthly) == [
        datetime(2026, 11, 30, 10, tzinfo=UTC),
        datetime(2027, 1, 30, 10, tzinfo=UTC),
    ]
    assert (somebody.method, somebody.params["name"]) == ("send_as", "Captain")
    assert somebody.params["message"] == "As\nsomebody"
    assert embed.method == "send_embed_announcement" and embed.params["color"] == "#FF0000"
    assert [message for _, message in faults(found)] == [
        "Its time has passed.",
        "This reminder is switched off.",
        "“yesterday” isn't a valid time.",
    ]


def test_a_crontab() -> None:
    text = (
        "# posts\nMAILTO=me\nCRON_TZ=Europe/Berlin\n0 9 * * 1-5 Stand-up!\n@daily Good night\n"
        "@reboot Hello\n* * * Nothing\n"
    )
    assert reader_of("0 9 * * 1-5 Stand-up!") is read_crontab
    found = read_crontab(text, HERE, "UTC", NOW)
    first, second = entries(found)
    assert (first.line, first.when, first.timezone) == (4, "0 9 * * 1-5", "Europe/Berlin")
    assert first.params == {"channel_id": HERE, "message": "Stand-up!"} and second.when == "0 0 * * *"
    assert faults(found) == [
        (6, "@reboot isn't a fixed time. Write five fields instead."),
        (7, "A line needs five fields, followed by the text to post."),
    ]


def test_tz_and_cron_tz_move_the_lines_below_them() -> None:
    text = (
        "0 8 * * * a\nTZ=Asia/Tokyo\n0 9 * * * b\nCRON_TZ=Europe/Berlin\nTZ=Asia/Tokyo\n0 9 * * * c\n"
        "CRON_TZ=UTC\n0 10 * * * d\n"
    )
    found = entries(read_crontab(text, HERE, "UTC", NOW))
    assert [entry.timezone for entry in found] == ["UTC", "Asia/Tokyo", "Europe/Berlin", "UTC"]
    assert [len(entry.notes) for entry in found] == [0, 1, 0, 0] and "as set by TZ" in found[1].notes[0]
    (wrong,) = faults(read_crontab("TZ=Moon/Base\n0 8 * * * a\n", HERE, "UTC", NOW))
    assert "TZ on line 1 is “Moon/Base”" in wrong[1]


LONG_HEAD = "".join(f"# {number} of the comments that a package puts at the head\n" for number in range(80))


# Read as: a crontab as people have it, and what its jobs post.
@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("SHELL=/bin/sh\nPATH=/usr/bin:/bin\nMAILTO=\"me@x.example\"\n\n0 9 * * * a\n", ["a"]),
        ("PYTHON3=/usr/bin/python3\nX11_HOME=1\nRUN.AT=x\n0 9 * * * a\n", ["a"]),
        (f"{LONG_HEAD}0 9 * * * a\n", ["a"]),
        (f"{LONG_HEAD}SHELL=/bin/sh\n*/5 * * * mon-fri a b\n", ["a b"]),
        ("# m h dom mon dow user\tcommand\n17 *\t* * *\troot    cd / && run\n@daily me x\n",
         ["cd / && run", "x"]),
        ("0 9 * * * root run one\n0 10 * * * www-data run two\n", ["run one", "run two"]),
        ("0 9 * * * root run one\n0 10 * * * Roots for dinner\n", ["root run one", "Roots for dinner"]),
        ("0 9 * * * 100\\% sure%second line\n", ["100% sure\nsecond line"]),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_crontabs_as_they_are(text: str, messages: list[str]) -> None:
    assert reader_of(text) is read_crontab
    found = read_crontab(text, HERE, "UTC", NOW)
    assert [entry.params["message"] for entry in entries(found)] == messages
    assert not faults(found)


@pytest.mark.parametrize("when", ["H 9 * * *", "H/15 * * * *", "0 H(0-7) * * *", "H H * * 1-5"])
def test_a_time_that_jenkins_chooses_is_refused(when: str) -> None:
    assert [message for _, message in faults(read_crontab(f"{when} Build\n", HERE, "UTC", NOW))] == [
        "In Jenkins, H stands for a time that Jenkins chooses. Write a number instead."
    ]


# Read as: a line at the top of a crontab that is wrong, and how many of its four jobs are refused.
@pytest.mark.parametrize(
    ("top", "refused"),
    [
        ("CRON_TZ=Nowhere/Bad", 3), ("CRON_TZ=", 3), ("CRON_TZ=Bad Zone", 3),
        ("CRON_TZ=Europe/Berlin # here", 3), ("CRON_TZ Europe/Berlin", 3),
        ("export CRON_TZ=UTC", 3), ("* * * bad", 0), ("#" * 3000, 0),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_no_job_of_a_crontab_is_lost_behind_a_wrong_line(top: str, refused: int) -> None:
    text = f"{top}\n0 9 * * * a\n@daily b\n0 9 * * * MAILTO=c\nCRON_TZ=Asia/Tokyo\n0 10 * * * d\n"
    reader = reader_of(text)
    assert reader is read_crontab
    found = read_crontab(text, HERE, "UTC", NOW, 500)
    assert {item.line for item in found} >= {2, 3, 4, 6}
    assert len([line for line, _ in faults(found) if line > 1]) == refused
    if refused:
        assert all("CRON_TZ" in why and "ine 1" in why for line, why in faults(found) if line > 1)


@pytest.mark.parametrize(
    "begin", ["jobs:\n- do: x\n  message: |\n", "---\n", '{"a": "\n', "- do: x\n  message: |\n"]
)
def test_our_own_files_are_not_taken_for_a_crontab(begin: str) -> None:
    assert reader_of(f"{begin}    5 4 3 2 1 Happy new year\n") is None


def test_an_export_of_discord_reminder_bot() -> None:
    found = read_apscheduler(exported(), HERE, "UTC", NOW)
    by_kind = {
        entry.trigger.type + entry.method: entry for entry in entries(found) if entry.trigger is not None
    }
    noon = datetime(2026, 12, 1, 11, tzinfo=UTC)
    assert upcoming(by_kind["datesend_announcement"]) == [noon]
    assert by_kind["datesend_announcement"].params == {"channel_id": OTHER, "message": "Hej"}
    assert upcoming(by_kind["calendarsend_announcement"]) == [noon, noon + timedelta(hours=3)]
    crons = [entry.trigger for entry in entries(found) if entry.trigger and entry.trigger.type == "cron"]
    cron = next(trigger for trigger in crons if trigger.args["day"] == "last")
    assert [trigger.args["day"] for trigger in crons] == ["last", "3rd fri"]
    assert cron is not None and cron.args == {
        "day_of_week": "mon-fri",
        "hour": "9-17/2",
        "minute": "*/30",
        "day": "last",
        "timezone": "Europe/Stockholm",
    }
    assert by_kind["datesend_dm"].params == {"user_id": "5", "message": "DM"}
    assert sorted(message for _, message in faults(found)) == [
        "Job 5 (“6”): This job posts no message.",
    ]


def test_weekday_numbers_of_apscheduler_3_count_from_monday() -> None:
    """Theirs are compared with ours over a month, for every form of a number."""
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.start(paused=True)
    numbers = [0, 6, "0-4", "5,6", "*/2", "1/2", "0-6/3", "mon,6"]
    triggers = [CronTrigger(day_of_week=number, hour=9, timezone=UTC) for number in numbers]
    for number, trigger in enumerate(triggers):
        kwargs = {"channel_id": int(OTHER), "message": f"{number}"}
        scheduler.add_job(send, trigger, kwargs=kwargs, id=f"{number}")
    output = io.StringIO()
    scheduler.export_jobs(output)
    scheduler.shutdown()
    read = entries(read_apscheduler(output.getvalue(), HERE, "UTC", NOW))
    found = {entry.params["message"]: entry for entry in read}
    for number, trigger in enumerate(triggers):
        theirs: list[datetime] = []
        while len(theirs) < 10:
            at = theirs[-1] if theirs else None
            following: Any = trigger.get_next_fire_time(at, (at or NOW) + timedelta(seconds=1))
            theirs.append(following)
        entry = found[f"{number}"]
        assert entry.trigger is not None
        assert upcoming(entry, 10) == theirs, numbers[number]


@pytest.mark.parametrize("day", ["last fri", "1st mon", "3rd fri", "5th sun", "last fri,15", "last"])
def test_days_by_their_number_begin_and_end_as_in_apscheduler(day: str) -> None:
    theirs = CronTrigger(
        day=day,
        hour=9,
        start_date="2027-01-10 00:00:00",
        end_date="2029-01-01 00:00:00",
        timezone=UTC,
        jitter=30,
    )
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.start(paused=True)
    scheduler.add_job(send, theirs, kwargs={"channel_id": int(OTHER), "message": "x"}, id="1")
    output = io.StringIO()
    scheduler.export_jobs(output)
    scheduler.shutdown()
    (entry,) = entries(read_apscheduler(output.getvalue(), HERE, "UTC", NOW))
    assert "jitter" in entry.notes[0]
    theirs.jitter = None
    wanted: list[datetime] = []
    at: Any = NOW
    while (at := theirs.get_next_fire_time(None, at + timedelta(seconds=1))) is not None:
        wanted.append(at)
    assert len(wanted) > 5 and upcoming(entry, 100) == wanted


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("place", ["run_date", "timezone"])
def test_nothing_in_a_file_is_run(tmp_path: Path, place: str) -> None:
    packed = base64.b64encode(pickle.dumps(Evil(tmp_path / "pwned"))).decode()
    state = {"run_date": {"__apscheduler_pickle__": packed}, place: {"__apscheduler_pickle__": packed}}
    trigger = {"__apscheduler_class__": "x:DateTrigger", "__apscheduler_state__": state}
    job = {"kwargs": {"message": "x", "channel_id": 1}, "trigger": trigger, "next_run_time": 1}
    found = read_apscheduler(json.dumps({"jobs": [job]}), HERE, "UTC", NOW)
    assert "which is not read from such files" in faults(found)[0][1]
    assert not (tmp_path / "pwned").exists()


@given(st.text(max_size=300))
def test_no_file_breaks_a_reader(text: str) -> None:
    header = CSV.partition("\n")[0]
    for read, whole in (
        (read_reminder_csv, f"{header}\n{text}"),
        (read_crontab, text),
        (read_apscheduler, text),
        (
            read_apscheduler,
            json.dumps({"jobs": [text, {"trigger": text, "kwargs": {"message": text}}, None]}),
        ),
    ):
        assert all(isinstance(item, Entry | Fault) for item in read(whole, HERE, "UTC", NOW))


@pytest.mark.long
async def test_moving_in_by_a_dry_run(world: World) -> None:
    text = "0 9 * * 1-5 Stand-up!\n@reboot Hello\n"
    shown = await world.admin.slash(
        world.channel, "schedule import", file=("crontab.txt", text.encode()), channel=world.channel
    )
    assert "1 job can be imported" in said(shown) and "@reboot isn't a fixed time" in said(shown)
    await press(world.admin, shown.response, "import:do")
    jobs = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    assert [(job.name, job.params["message"]) for job in jobs] == [("Stand-up!", "Stand-up!")]
    shown = await world.admin.slash(
        world.channel, "schedule import", file=("r.csv", CSV.encode()), channel=world.channel
    )
    assert "jobs can be imported" in said(shown) and "switched off" in said(shown)
