"""Variables in texts, and texts that take turns."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedulezero.errors import ParameterError
from schedulezero.methods.variables import Facts, escape, render, rendered, turn, turns

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
    ("{nonsense_here}", "write {{ for a plain brace"),
    ("{countdown}", "needs a date, such as {countdown:2027-01-01}"),
    ("{countdown:31.12.}", "needs a date"),
    ("{role:Nobody}", "There is no role “Nobody”"),
    ("{date:long}", "doesn't take anything after a colon"),
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
