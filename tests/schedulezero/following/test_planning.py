"""What follows from two readings of a calendar: posts to plan, events to make, change and cancel."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schedulezero.errors import ParameterError
from schedulezero.exchange.occurrences import Agenda, Occurrence
from schedulezero.following.announcements import MOST, Planned, Stage, plan
from schedulezero.following.event_changes import Changes, Made, changes, wanted
from schedulezero.following.event_text import DEFAULT, agenda_text, check_template, event_text
from schedulezero.following.followed import Failing, Followed
from schedulezero.following.leads import read_leads
from schedulezero.following.same_events import known_again, with_unread
from schedulezero.sentences import Sentence
from schedulezero.web.feed import Marks

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def occurrence(key: str = "a", at: timedelta = 3 * HOUR, **given: object) -> Occurrence:
    starts = NOW + at
    item = Occurrence(key, key[0], starts, starts + HOUR, False, "Board games", "Club", "Bring dice", "")
    return replace(item, **given)


# ---------------------------------------------------------------- posts


def planned(
    known: Sequence[Planned],
    *items: Occurrence,
    now: datetime = NOW,
    since: datetime | None = NOW,
    what: str = "",
) -> list[Planned]:
    leads = (timedelta(minutes=15), timedelta())
    return plan(known, job_id="job", what=what, items=items, leads=leads, now=now, since=since)


def test_a_post_is_planned_once_for_each_event_and_time_before_it() -> None:
    first = planned((), occurrence())
    assert [each.at for each in first] == [NOW + 2.75 * HOUR, NOW + 3 * HOUR]
    assert planned(first, occurrence()) == first == planned((), occurrence())
    assert len({each.job_id for each in first}) == 2


def test_a_moved_event_is_planned_anew_and_moved_back_again() -> None:
    first = planned((), occurrence())
    moved = planned(first, occurrence(at=5 * HOUR))
    assert [each.stage for each in moved] == [Stage.OFF] * 2 + [Stage.BEGUN] * 2
    back = planned(moved, occurrence())
    live = [each for each in back if each.counts]
    assert [each.at for each in live] == [each.at for each in first]
    assert not {each.job_id for each in live} & {each.job_id for each in first}, "those are cancelled"


def test_other_words_for_the_same_events_are_planned_anew() -> None:
    first = planned((), occurrence(), what="one")
    assert [each.counts for each in planned(first, occurrence(), what="two")] == [False] * 2 + [True] * 2


@pytest.mark.parametrize(
    ("since", "at", "count"),
    [
        (None, timedelta(minutes=10), 1),  # a calendar that is new tells nothing that is over
        (
            NOW - HOUR,
            timedelta(minutes=10),
            2,
        ),  # an event that came in between: fifteen minutes before is now
        (NOW - HOUR, timedelta(minutes=-10), 2),
        (NOW - HOUR, timedelta(minutes=-20), 0),
        (NOW - timedelta(days=9), timedelta(minutes=-10), 2),  # after a long pause
        (NOW, timedelta(days=3), 0),  # later
    ],
)
def test_what_fell_due_since_the_last_look_comes_at_once(
    since: datetime | None, at: timedelta, count: int
) -> None:
    assert len(planned((), occurrence(at=at), since=since)) == count


def test_what_is_due_is_left_to_its_run() -> None:
    first = planned((), occurrence())
    later = NOW + 2.8 * HOUR
    assert planned(first, now=later, since=NOW)[0] == first[0], "its run looks whether it still is right"
    assert planned(first, occurrence(), now=later, since=NOW) == first
    assert planned(first, now=NOW + timedelta(days=2)) == []


def test_no_more_than_some_are_planned() -> None:
    assert len(planned((), *(occurrence(f"a{n}") for n in range(MOST + 5)))) == MOST


# ---------------------------------------------------------------- Discord's events


def made(*items: Occurrence) -> dict[str, Made]:
    return {item.key: replace(wanted(item, "Here"), event_id=item.key) for item in items}


def follow(known: dict[str, Made], *items: Occurrence, others: int = 0, **given: object) -> Changes:
    agenda = replace(Agenda(items), **given)
    here = [each.event_id for each in known.values() if not each.gone]
    until = NOW + timedelta(days=14)
    return changes(known, agenda, now=NOW, until=until, place="Here", here=here, others=others)


def test_events_follow() -> None:
    one, two = occurrence("a"), occurrence("b")
    assert list(follow({}, one, two).create) == ["a", "b"]
    known = made(one, two)
    same = follow(known, one, two)
    assert not (same.create or same.edit or same.cancel)
    renamed = follow(known, replace(one, title="Chess"), two)
    assert renamed.edit == {"a": {"name": "Chess"}}
    moved = follow(known, occurrence("a", at=5 * HOUR), two)
    assert set(moved.edit["a"]) == {"start", "end"}
    assert follow(known, two).cancel == ["a"]


def test_what_somebody_deleted_on_discord_is_not_made_again() -> None:
    one = occurrence()
    found = changes(
        made(one), Agenda((one,)), now=NOW, until=NOW + timedelta(days=14), place="", here=[], others=0
    )
    assert found.known["a"].gone and not (found.create or found.edit or found.cancel)


def test_what_has_begun_or_is_unknown_is_left_alone() -> None:
    begun = occurrence(at=-HOUR)
    assert not follow(made(begun)).cancel
    assert not follow(made(occurrence()), unread=frozenset({"a"})).cancel
    assert not follow(made(occurrence()), cut_at=NOW + 2 * HOUR).cancel
    assert not follow(made(occurrence(at=timedelta(days=20)))).cancel, "the window became smaller"
    assert follow(made(occurrence()), occurrence(at=timedelta(days=20), key="a")).cancel == ["a"], "moved out"


def test_a_series_that_moves_keeps_its_events() -> None:
    old = occurrence("a1", uid="a")
    new = occurrence("a2", at=4 * HOUR, uid="a")
    found = follow(made(old), new)
    assert not (found.create or found.cancel) and found.known["a2"].event_id == "a1"
    assert set(found.edit["a2"]) == {"start", "end"}


def test_discords_limit_is_kept() -> None:
    items = [occurrence(f"e{n}") for n in range(60)]
    found = follow({}, *items)
    assert len(found.create) == 50 and found.left_out == 10
    assert len(follow({}, *items, others=98).create) == 2


def test_what_an_event_says_fits() -> None:
    item = occurrence(place="", link="https://example.org/a", description="d" * 1000, ends=None)
    said = wanted(item, "Here").written
    assert len(said["description"]) <= 1000 and said["description"].endswith("…\n\nhttps://example.org/a")
    assert said["place"] == "https://example.org/a"
    assert wanted(occurrence(place=""), "Here").written["place"] == "Here"


# ---------------------------------------------------------------- texts


def test_a_template_is_filled_in() -> None:
    at = int((NOW + 3 * HOUR).timestamp())
    item = occurrence(title="*Free* @everyone <@1>", link="https://example.org/")
    text = event_text("{title} {start|R} {{x} [more]({link})\n{description}", item)
    assert (
        text.startswith("\\*Free\\* @\u200beveryone \\<@")
        and f"<t:{at}:R> {{x}} [more](https://example.org/)" in text
    )
    assert event_text(DEFAULT, occurrence(place="", ends=None)).splitlines() == [
        f"**Board games** · <t:{at}:R>",
        f"<t:{at}:F>",
    ]
    assert event_text("{start}", occurrence(whole=True)) == f"<t:{at}:D>"
    assert event_text("{link}", occurrence()) == "Board games", "never nothing"


def test_a_text_fits() -> None:
    text = event_text(
        "{title}\n{description}\n{link}", occurrence(description="*" * 1000, link="https://x.org")
    )
    assert len(text) <= 2000 and text.endswith("https://x.org")
    assert len(event_text("x" * 1500 + "{title}" * 9, occurrence(title="*" * 100))) == 2000


def test_a_hostile_description_takes_no_time() -> None:
    before = time.process_time()
    event_text("{description}" * 150 + "{link}", occurrence(description="a" + " \t" * 499 + "b", link=""))
    assert time.process_time() - before < 0.5


@pytest.mark.parametrize("text", ["{titel}", "{title|R}", "{start|X}", "{start|}"])
def test_a_template_that_cannot_be_filled_in_is_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        check_template(text)


def test_an_agenda_goes_by_days_and_fits() -> None:
    items = [occurrence(f"e{n}", at=n * HOUR) for n in range(60)]
    text = agenda_text("This week", items, lambda at: at.date(), lambda left: f"and {left} more")
    assert text.startswith("This week\n**<t:") and len(text) <= 2000
    shown = text.count("- <t:")
    assert text.endswith(f"and {60 - shown} more")
    assert agenda_text("", items[:1], lambda at: at.date(), str).count("\n") == 1


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("", [0]), ("15 minutes", [15]), ("0, 1 day; 15m", [1440, 15, 0]), ("0 min", [0]), ("1h, 60 min", [60])],
)
def test_lengths_of_time_before_an_event(text: str, minutes: list[int]) -> None:
    assert [lead.total_seconds() / 60 for lead in read_leads(text)] == minutes


@pytest.mark.parametrize("text", ["soon", "8 days", "-5 minutes", "1m,2m,3m,4m,5m,6m", "1 month"])
def test_other_lengths_are_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        read_leads(text)


def test_what_is_remembered_is_read_back() -> None:
    why = Sentence("{host} is silent.", "host_silent", host="example.org")
    known = Followed(
        "q", Marks("e", "m"), NOW, NOW, Agenda((occurrence(),), frozenset("a"), NOW),
        Failing(NOW, "r", NOW, why), NOW, tuple(planned((), occurrence())),
    )  # fmt: skip
    read = Followed.from_note(known.to_note("1"))
    assert read == known and read.failing is not None and read.failing.why == why


# ---------------------------------------------------------------- other UIDs


def test_an_event_with_another_uid_is_the_same_event() -> None:
    first, later = occurrence("a"), occurrence("b", 5 * HOUR)
    before = Agenda((first, later))
    # Both have new UIDs; then one is moved under the new one, and both come back under the old ones.
    found, names = known_again(before, Agenda((occurrence("x"), occurrence("y", 5 * HOUR))), {})
    assert found == before and names == {"x": "a", "y": "b"}
    moved = occurrence("x", 4 * HOUR)
    found, names = known_again(found, Agenda((moved, occurrence("y", 5 * HOUR))), names)
    assert [item.key for item in found.occurrences] == ["a", "b"]
    assert found.occurrences[0].starts == moved.starts and names == {"x": "a", "y": "b"}
    found, names = known_again(found, Agenda((moved, first, later)), names)
    assert [item.key for item in found.occurrences] == ["x", "a", "b"] and names == {}
    # Another title, or one that was there beside it, is another event.
    other = occurrence("z", title="Chess")
    assert known_again(before, Agenda((other, later)), {})[0].occurrences[0].key == "z"
    twice = Agenda((first, occurrence("c")))
    assert known_again(before, twice, {})[0] == twice


def test_what_was_told_is_not_told_again_under_another_name() -> None:
    first = planned((), occurrence())
    now = NOW + 2.8 * HOUR
    gone = planned(first, now=now)
    assert [each.counts for each in gone] == [True, False]
    again = planned(gone, occurrence("b"), now=now, since=NOW)
    assert [each.at for each in again if each.key == "b"] == [NOW + 3 * HOUR]
    # Two events that look the same are told twice.
    pair = planned(gone, occurrence("b"), occurrence("c"), now=now, since=NOW)
    assert sum(each.counts and each.at <= now for each in pair) == 2


def test_what_is_called_off_is_forgotten() -> None:
    known: list[Planned] = []
    ids: set[str] = set()
    for number in range(9):
        found = planned(known, occurrence("ab"[number % 2], title=str(number % 2)))
        new = {each.job_id for each in found if each.counts}
        known = [replace(each, stage=Stage.SAVED if each.counts else Stage.CANCELLED) for each in found]
        assert len(known) <= 4 and len(new) == 2
        ids |= new


def test_what_a_calendar_says_has_no_markup_in_a_description() -> None:
    said = wanted(occurrence(description="**Free** [x](https://y.org) @everyone"), "Here").written
    assert said["description"] == "\\*\\*Free\\*\\* \\[x\\](https://y.org) @\u200beveryone"
    for text in ("*" * 1000, "\u202e" * 990 + "x" * 1000):
        long = wanted(occurrence(description=text, link="https://example.org/a"), "Here").written
        assert 400 < len(long["description"]) <= 1000


def test_what_cannot_be_read_stays_as_it_was_read() -> None:
    before = Agenda((occurrence("a1", -3 * HOUR), occurrence("a2"), occurrence("a3"), occurrence("b1")))
    found = Agenda((occurrence("a3", 4 * HOUR),), frozenset("a"))
    kept = with_unread(before, found, NOW)
    assert [item.key for item in kept.occurrences] == ["a2", "a3"] and kept.unread == {"a"}
    assert kept.occurrences[1].starts == NOW + 4 * HOUR
    assert with_unread(before, replace(found, unread=frozenset("c")), NOW).occurrences == found.occurrences


def test_what_may_be_posted_already_is_known_until_it_is_over() -> None:
    ran = [replace(each, stage=Stage.RAN) for each in planned((), occurrence())]
    back = planned(ran, occurrence())
    assert back[:2] == ran and [each.is_same_post(old) for each, old in zip(back[2:], ran, strict=True)]
    assert not {each.job_id for each in ran} & {each.job_id for each in back[2:]}
    assert planned(ran, now=NOW + timedelta(days=2)) == []
