"""Variables in texts, and texts that take turns."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedulezero.errors import ParameterError
from schedulezero.methods.variables import Facts, escape, render, rendered, skipped, turn, turns

FACTS = Facts(
    now=datetime(2026, 11, 24, 18, 5, tzinfo=ZoneInfo("Europe/Berlin")),
    number=12, server="Moonbase {run}", members=77, roles={"event crew": "5", "5": "5"},
)  # fmt: skip


@pytest.mark.parametrize(("text", "rendered"), [
    ("Hello", "Hello"),
    ("{date}, {time}", "24 November 2026, 18:05"),
    ("{countdown:2026-12-24} left", "30 days left"),
    ("{countdown: 2026-11-24 }", "0 days"),
    ("{countdown:2026-11-22}", "2 days ago"),
    ("No. {run} of {RUN}", "No. 12 of 12"),
    ("{members} in {server}", "77 in Moonbase {run}"),
    ("{role:Event Crew} {role:@event crew} {role:5}", "<@&5> <@&5> <@&5>"),
    ("{{date} and {{{{", "{date} and {{"),
    ("{in:2h} {in:30 minutes|R}", "<t:1795547100:F> <t:1795541700:R>"),
    ("{at:20:15} {at:6 pm|t} {AT: 0:00 | D }", "<t:1795547700:F> <t:1795539600:t> <t:1795474800:D>"),
    ('{"json": 1} { } {} {a b}', '{"json": 1} { } {} {a b}'),
])  # fmt: skip
def test_what_variables_become(text: str, rendered: str) -> None:
    assert render(text, FACTS) == rendered


def test_dates_are_written_in_the_guilds_language() -> None:
    german = Facts(now=FACTS.now, locale="de")
    assert render("{countdown:2026-11-23}", german) == "vor 1 Tag"
    assert render("{date} {time} {countdown:2026-11-25}", german) == "24. November 2026 18:05 1 Tag"
    assert render("{date}", Facts(now=FACTS.now, locale="xx-nowhere")) == "24 November 2026"


@pytest.mark.parametrize(("text", "part"), [
    ("{dat}", "Did you mean {date}?"),
    ("{nonsense_here}", "For a plain brace, write {{"),
    ("{countdown}", "needs a date, such as {countdown:2027-01-01}"),
    ("{countdown:31.12.}", "date in “{countdown:31.12.}” as year-month-day: {countdown:2026-12-31}"),
    ("{countdown:2026-12-24} {countdown:christmas}", "Write the date in “{countdown:christmas}”"),
    ("{countdown:25.12.2026}", "{countdown:2026-12-25}"),
    ("{countdown:12/31/2026}", "{countdown:2026-12-31}"),
    ("{countdown:the twelfth of never}", "“{countdown:the twelfth of never}” needs a date, such as"),
    ("{role:Nobody}", "there is no role called “Nobody”"),
    ("{date:long}", "doesn't take anything after a colon"),
    ("{in:soon}", "“soon” isn't a duration of up to 10 years. Example: {in:2h}"),
    ("{in}", "isn't a duration of up to 10 years"),
    ("{in:11 years}", "isn't a duration of up to 10 years"),
    ("{in:4000 days}", "isn't a duration of up to 10 years"),
    ("{in:2h|X}", "“X” isn't a time style"),
    ("{in:2h|}", "isn't a time style"),
    ("{at:25:00}", "“25:00” isn't a time of day. Example: {at:18:00}"),
    ("{at:13 pm}", "isn't a time of day"),
    ("{at:}", "isn't a time of day"),
    ("good {date}\n---\nbad {dte}", "There is no variable {dte}"),
])  # fmt: skip
def test_what_is_refused_when_saving(text: str, part: str) -> None:
    with pytest.raises(ParameterError) as refused:
        rendered(text, FACTS)
    assert part in refused.value.message


@given(st.text(alphabet=st.sampled_from("{}:ab dte_-\n\\$%"), max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    try:
        rendered(text, FACTS)
    except ParameterError:
        return
    assert isinstance(render(turn(text, 3), FACTS), str)


def test_times_are_relative_to_the_scheduled_instant_however_late_the_run_is() -> None:
    due = datetime(2026, 11, 24, 8, 0, tzinfo=ZoneInfo("UTC"))
    late = Facts(now=FACTS.now, scheduled_at=due)
    assert render("{in:2h}", late) == f"<t:{int(due.timestamp()) + 7200}:F>"
    assert render("{at:9:30}", late) == f"<t:{int(due.timestamp()) + 1800}:F>"


def test_lengths_are_real_time_across_a_change_of_clocks() -> None:
    due = datetime(2027, 3, 27, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert render("{in:1 day}", Facts(now=due)) == f"<t:{int(due.timestamp()) + 86400}:F>"


@pytest.mark.parametrize("variable", ["{date}", "{time}", "{at:1:30}", "{in:2h}", "{role:5}"])
def test_a_long_list_of_texts_takes_no_time(variable: str) -> None:
    days = [datetime(2027, 3, day, 1, 0, tzinfo=ZoneInfo("Europe/Berlin")) for day in range(21, 26)]
    text = "\n---\n".join([variable * (2000 // len(variable))] * 500)
    before = time.process_time()
    assert len(rendered(text, FACTS)) == 500 and skipped(text, days) is None
    assert time.process_time() - before < 1


def test_an_hour_that_the_clocks_skip_is_told() -> None:
    zone = ZoneInfo("Europe/Berlin")
    days = [datetime(2027, 3, day, 1, 0, tzinfo=zone) for day in (27, 28)]
    found = skipped("{at:1:30} {at:2:30|t}", days)
    assert found is not None and found[0] == "{at:2:30|t}"
    assert found[1] == datetime(2027, 3, 28, 3, 30, tzinfo=zone)
    assert render("{at:2:30}", Facts(now=days[1])) == f"<t:{int(found[1].timestamp())}:F>"
    assert skipped("{at:2:30} {{at:2:30}", days[:1]) is None


SEVERAL = "one\n---\ntwo\n with a line\n-----\nthree"


def test_texts_come_in_turn() -> None:
    assert turns(SEVERAL) == ["one", "two\n with a line", "three"]
    assert [turn(SEVERAL, number) for number in range(1, 5)] == ["one", "two\n with a line", "three", "one"]
    assert turns("only one") == ["only one"] and turns("---") == ["---"]


def test_shuffled_each_comes_once_a_round_and_jobs_differ() -> None:
    def order(seed: str) -> list[str]:
        return [turn(SEVERAL, number, shuffled=True, seed=seed) for number in range(1, 31)]

    for start in range(0, 30, 3):
        assert sorted(order("a")[start : start + 3]) == sorted(turns(SEVERAL))
    assert order("a") == order("a") and order("a") != order("b")


@pytest.mark.parametrize("text", ["{{x}}", "{{{date}", "{date} {{", "{{{{", "{x} {role:a} {{{", "{?x} {{?x}"])
def test_an_escaped_text_is_rendered_as_it_was(text: str) -> None:
    assert render(escape(text), FACTS) == text
