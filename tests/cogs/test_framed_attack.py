"""Sentences on Discord whose values, from people or from hostile peers, would become more than text."""

from __future__ import annotations

import re
import time
from datetime import datetime

import pytest
from discord import ui

from cogs.desk.kit.framed import framed
from cogs.desk.kit.wording import result
from cogs.desk.runs.alert_card import Alert, Item, alert_panel
from cogs.language import speaking, translated
from schedulezero import instants
from schedulezero.model import Run, RunState
from schedulezero.said_values import said_moment
from schedulezero.sentences import Sentence, all_in_a_row, parts_of, present_fields, read_sentence
from tests.texts import LANGUAGES

ALL = ("en-GB", "en-US", *LANGUAGES)
LINK = "[Free](https://evil.example)"
HOSTILE = f"{LINK} **b** ||s|| <@123456789012345678> "
NEAR = "{message} Did you mean `{near}`?"
EITHER = "{message} Did you mean `{first}` or `{second}`?"
GONE = "The job {job_id!r} no longer exists."
# Discord's own rules are those of simple-markdown.
_ESCAPE = re.compile(r"\\([^0-9A-Za-z\s])")
_CODE = re.compile(r"(`+)\s*([\s\S]*?[^`])\s*\1(?!`)")


def live(text: str) -> str:
    """What is left of a text for markup, without escaped characters and code."""
    found, at = "", 0
    while at < len(text):
        part = _ESCAPE.match(text, at) or _CODE.match(text, at)
        found += "" if part else text[at]
        at = part.end() if part else at + 1
    return found


def succeeded(said: Sentence) -> Run:
    fields = present_fields("message", said)
    return Run("job", "bot", "method", {}, instants.now(), RunState.SUCCEEDED, result=fields)


@pytest.mark.parametrize("locale", ALL)
def test_a_value_in_code_that_is_cut_does_not_come_out_of_it(locale: str) -> None:
    said = Sentence(NEAR, "did_you_mean", message="Hm.", near=HOSTILE + "a" * 400)
    with speaking(locale):
        text = result(succeeded(said))
    assert text is not None and "](" not in live(text) and "||" not in live(text)


def test_an_alert_whose_code_is_cut_shows_no_link_of_a_value() -> None:
    now = instants.now()
    said = Sentence(NEAR, "did_you_mean", message="Hm.", near=HOSTILE + "a" * 600)
    panel = alert_panel(Alert("1", "failed", said, (Item("j", "Job", "t", 1, now),), now))
    texts = [item.content for item in panel.walk_children() if isinstance(item, ui.TextDisplay)]
    assert not [text for text in texts if "](https://evil.example)" in live(text)]


@pytest.mark.parametrize("locale", ALL)
@pytest.mark.parametrize("empty", ["", " ", "\u202e"])
def test_an_empty_value_in_code_does_not_move_the_code_spans(locale: str, empty: str) -> None:
    either = Sentence(EITHER, "did_you_mean_either", message="Hm.", first=empty, second=LINK)
    with speaking(locale):
        text = result(succeeded(either))
    assert text is not None and "](" not in live(text)


def test_two_sentences_with_code_keep_each_others_values_in_it() -> None:
    first = Sentence(NEAR, "did_you_mean", message="A.", near="")
    then = Sentence(NEAR, "did_you_mean", message="B.", near=LINK)
    assert "](" not in live(framed(all_in_a_row(first, then), 300))


@pytest.mark.parametrize("locale", ALL)
def test_an_instant_within_code_stays_as_it_is(locale: str) -> None:
    said = Sentence(NEAR, "did_you_mean", message="Hm.", near="on 2027-01-01T07:00:00Z and later")
    with speaking(locale):
        assert "`on 2027-01-01T07:00:00Z and later`" in framed(said, 300)


def test_an_instant_within_an_address_stays_as_it_is() -> None:
    address = "https://cal.example/event_2027-01-01T07:00:00Z"
    assert address in framed(Sentence(f"See {address} for more"), 300)


@pytest.mark.parametrize("locale", ALL)
def test_many_names_of_methods_take_no_time(locale: str) -> None:
    signs = "0123456789abcdefghijklmnopqrstuvwxyz"
    names = [f"{signs[number // 36]}{signs[number % 36]}_" for number in range(270)]
    parts = [{"message": "", "code": "a", "values": {"method": name}} for name in names]
    values = {"sentences": parts[:100], "b": parts[100:200], "c": parts[200:]}
    sent = {"message": "- " * 22_000, "message_code": "all_in_a_row", "message_values": values}
    said = read_sentence(sent, "message")
    assert said is not None and said.code is not None
    with speaking(locale):
        framed(Sentence(GONE, "job_gone", job_id="1"), 300)  # reads the catalogue
        begin = time.process_time()
        framed(said, 300)
    assert time.process_time() - begin < 0.1


def test_what_a_person_typed_is_not_rewritten_because_a_time_reads_the_same() -> None:
    said = Sentence(
        "“{text}” is in the past ({local}). The next time would be `{offered}`.",
        "in_the_past",
        text="24 December 2020, 09:00",
        local=said_moment(datetime(2020, 12, 24, 9)),
        offered="24 December 2027",
    )
    with speaking("en-US"):
        text = translated(said)
    assert "“24 December 2020, 09:00”" in text and "(December 24, 2020, 9:00" in text


@pytest.mark.parametrize("english", ["", "a"])
def test_a_peers_day_does_not_spread_over_the_sentence(english: str) -> None:
    day = {"message": english, "code": "said_day", "values": {"value": "2026-12-24"}}
    text = "This is a test. " + "- a " * 500
    sent = {"message": text, "message_code": "not_ours", "message_values": {"day": day}}
    said = read_sentence(sent, "message")
    assert said is not None and said.code == "not_ours"
    with speaking("en-GB"):
        assert translated(said).count("24 December 2026") <= 1
        near = Sentence(NEAR, "did_you_mean", message="Hm.", near=said)
        assert framed(near, 300).count("24 December 2026") <= 1


def test_an_address_with_coordinates_stays_usable() -> None:
    address = "https://www.google.com/maps/@52.52,13.405,15z"
    assert address in framed(Sentence(f"Meet at {address} today"), 300)


def test_a_cut_takes_no_more_than_the_half_escape() -> None:
    text = framed("Look: " + "\\" * 400, 300)
    assert len(text) >= 298 and len(re.findall(r"\\", text)) % 2 == 0


def test_letters_that_need_joiners_keep_them_in_code() -> None:
    near = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f468\u200d\U0001f469"
    assert f"`{near}`" in framed(Sentence(NEAR, "did_you_mean", message="Hm.", near=near), 300)


def test_the_parts_of_a_sentence_include_those_in_its_lists() -> None:
    away = Sentence("I'm no longer in the server {guild_id}.", "bot_left_guild", guild_id="1")
    other = Sentence(GONE, "job_gone", job_id="1")
    assert "bot_left_guild" in {part.code for part in parts_of(all_in_a_row(other, away))}
