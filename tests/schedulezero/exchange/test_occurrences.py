"""What a calendar that is followed says about a window: as another library reads it, with names that stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from schedulezero.exchange import occurrences
from schedulezero.exchange.agenda_reading import read_agenda
from schedulezero.exchange.calendar_checks import Unusable
from schedulezero.exchange.limited_reading import UnreadableFile
from schedulezero.exchange.occurrences import Agenda, Window, agenda_of
from tests.schedulezero.exchange.corpus import Case, cases, expected, file_of

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
WINDOW = Window("Europe/Berlin", time(9), NOW, NOW + timedelta(days=60))
TWO_YEARS = timedelta(days=700)
ORACLE = [case for case in cases() if case.oracle and case.told is None]


@pytest.mark.parametrize("case", ORACLE, ids=lambda case: case.title)
def test_an_event_takes_place_when_another_library_says(case: Case) -> None:
    window = Window("Europe/Berlin", time(9), case.now, case.now + TWO_YEARS)
    agenda = agenda_of(case.text, window)
    wanted = [at for at in expected(case, TWO_YEARS) if at < case.now + TWO_YEARS][:200]
    assert [item.starts for item in agenda.occurrences if item.starts > case.now][: len(wanted)] == wanted


def read(events: str, before: str = "", **given: object) -> Agenda:
    return agenda_of(file_of(events, before), replace(WINDOW, **given))


WEEKLY = "UID:a\nDTSTART:20261201T180000Z\nDTEND:20261201T193000Z\nRRULE:FREQ=WEEKLY;COUNT=3\nSUMMARY:Games"


def test_a_moved_date_keeps_its_name() -> None:
    before = read(WEEKLY).occurrences
    moved = "UID:a\nRECURRENCE-ID:20261208T180000Z\nDTSTART:20261209T200000Z\nSUMMARY:Late games"
    after = read(f"{WEEKLY}\n---\n{moved}").occurrences
    assert [item.key for item in before] == [item.key for item in after]
    assert [item.starts.day for item in after] == [1, 9, 15]
    assert after[1].title == "Late games" and after[1].ends == after[1].starts + timedelta(minutes=90)
    assert len({item.uid for item in after}) == 1


def test_an_event_that_takes_place_once_keeps_its_name_at_another_time() -> None:
    one, other = (
        read(f"UID:b\nDTSTART:202612{day}T180000Z\nSUMMARY:{day}").occurrences for day in ["01", "02"]
    )
    assert one[0].key == other[0].key and one[0].starts != other[0].starts


def test_what_is_cancelled_does_not_take_place() -> None:
    gone = "UID:a\nRECURRENCE-ID:20261208T180000Z\nDTSTART:20261208T180000Z\nSTATUS:CANCELLED"
    assert [item.starts.day for item in read(f"{WEEKLY}\n---\n{gone}").occurrences] == [1, 15]
    assert read(f"{WEEKLY}\nSTATUS:CANCELLED").occurrences == ()


@pytest.mark.parametrize(
    ("lines", "only", "without", "passes"),
    [
        ("SUMMARY:Board games", ("board",), (), True),
        ("SUMMARY:Board games", ("chess",), (), False),
        ("SUMMARY:x\nCATEGORIES:Chess,Other\\, things", ("chess",), (), True),
        ("SUMMARY:x\nCATEGORIES:Other\\, things", ("other, things",), (), True),
        ("SUMMARY:x\nLOCATION:Club room", ("club",), (), True),
        ("SUMMARY:Board games", (), ("GAMES",), False),
        ("SUMMARY:Board games", ("board",), ("games",), False),
    ],
)
def test_words_and_categories_choose(
    lines: str, only: tuple[str, ...], without: tuple[str, ...], passes: bool
) -> None:
    agenda = read(f"DTSTART:20261201T180000Z\n{lines}", only=only, without=without)
    assert bool(agenda.occurrences) is passes


def test_texts_are_plain_and_bounded() -> None:
    lines = (
        "DTSTART:20261201T180000Z\nSUMMARY:"
        + "t" * 300
        + "\nDESCRIPTION:<p>Hello <b>you</b><br>&amp; all</p>\n"
        "LOCATION:" + "p" * 300 + "\nURL:javascript:alert(1)"
    )
    (item,) = read(lines).occurrences
    assert len(item.title) == 100 and len(item.place) == 100 and item.link == ""
    assert item.description == "Hello you\n& all"


def test_an_event_that_cannot_be_read_is_known_not_to_be_gone() -> None:
    broken = "UID:c\nDTSTART:20261201T180000Z\nRRULE:FREQ=SOMETIMES"
    agenda = read(f"{WEEKLY}\n---\n{broken}")
    fine = read("UID:c\nDTSTART:20261201T180000Z").occurrences[0]
    assert len(agenda.occurrences) == 3 and agenda.unread == {fine.uid}


def test_too_many_are_cut_where_it_says() -> None:
    agenda = read("DTSTART:20261201T000000Z\nRRULE:FREQ=HOURLY")
    assert len(agenda.occurrences) == 200
    assert agenda.cut_at == agenda.occurrences[-1].starts + timedelta(hours=1)


def test_what_is_no_calendar_is_told() -> None:
    with pytest.raises(Unusable) as caught:
        agenda_of("<!DOCTYPE html><title>Sign in</title>", WINDOW)
    assert caught.value.code == "feed_no_calendar"


async def test_the_limited_process_reads_the_same() -> None:
    text = file_of(WEEKLY)
    assert await read_agenda(text.encode(), WINDOW) == agenda_of(text, WINDOW)
    with pytest.raises(UnreadableFile) as caught:
        await read_agenda(b"\x00\xff not a calendar", WINDOW)
    assert caught.value.code == "feed_no_calendar"


def test_many_events_that_take_too_long_are_left_out_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(occurrences, "_TOO_LONG_SECONDS", 0.5)
    slow = "DTSTART:20000101T000000Z\nRRULE:FREQ=MINUTELY;BYSECOND=7;BYSETPOS=1\nSUMMARY:Slow"
    events = [f"UID:{number}\n{slow}" for number in range(20)]
    good = ["UID:once\nDTSTART:20261130T180000Z\nSUMMARY:Once", WEEKLY]
    agenda = read("\n---\n".join([*events, *good]))
    assert [item.title for item in agenda.occurrences] == ["Once", *["Games"] * 3]
    assert len(agenda.unread) == 20


@pytest.mark.parametrize("end", ["UID:b", "\r\nDTSTART:20261202", "END:VCALENDAR", "BEGIN:VTIMEZONE"])
def test_a_calendar_that_was_cut_off_is_not_read_as_a_whole_one(end: str) -> None:
    zone = "BEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\n"
    whole = file_of(f"{WEEKLY}\n---\nUID:b\nSUMMARY:Chess\nDTSTART:20261202T180000Z", zone)
    whole = whole.replace("\r\n", "\n").replace("\n", "\r\n")
    with pytest.raises(Unusable) as caught:
        agenda_of(whole[: whole.index(end) + len(end) // 2], WINDOW)
    assert caught.value.code == "feed_cut_short"
    assert len(agenda_of(whole.rstrip(), WINDOW).occurrences) == 4
