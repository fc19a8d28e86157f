"""Sentences on Discord: our own markup is rendered, what people typed isn't, in every language."""

from __future__ import annotations

import re

import pytest
from discord import ui

from cogs.desk.kit.framed import framed
from cogs.desk.kit.wording import reason, result
from cogs.desk.runs.alert_card import Alert, Item, alert_panel
from cogs.language import ERRORS, FOLDER, speaking
from schedulezero import instants
from schedulezero.model import Run, RunState
from schedulezero.sentences import Sentence, counted, present_fields
from tests.catalogues import TEMPLATE, read
from tests.texts import LANGUAGES

ALL = ("en-GB", *LANGUAGES)
PERSON = "123456789012345678"
LOCKED = "I can't post in {channel}: it is locked. Unlock it, or give my role *Manage Threads*."
NEAR = "{message} Did you mean `{near}`?"
HOSTILE = (
    "*big*", "**big**", "__big__", "~~gone~~", "||hidden||", "`code`", "```block", "[a](https://evil.example)",
    "<https://evil.example>", "@everyone", "@here", f"<@{PERSON}> hi", f"</list:{PERSON}>", "x\n# Heading",
    "\n> quote", "-# small", "\\", "\\`*", "{other}", "\u202egpj.exe",
)  # fmt: skip


def coded(english: str, **values: object) -> Sentence:
    """A sentence of ours by its English."""
    (code,) = {
        item.context.removeprefix(ERRORS) for item in read(TEMPLATE) if item.id == english and item.context
    }
    return Sentence(english, code, **values)


def markup(text: str) -> list[str]:
    """The characters of a text that Discord takes for markup."""
    return re.findall(r"[*_~|`\[<]", re.sub(r"\\.", "", text))


def a_run(state: RunState, **values: object) -> Run:
    return Run("job", "bot", "method", {}, instants.now(), state, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("locale", ALL)
def test_a_sentences_own_markup_is_rendered(locale: str) -> None:
    with speaking(locale):
        said = reason(a_run(RunState.FAILED, error=coded(LOCKED, channel="#news")))
    assert said is not None and "#news" in said
    assert markup(said) == ["*", "*"]


@pytest.mark.parametrize("locale", ALL)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_brings_no_markup_of_its_own(locale: str, value: str) -> None:
    locked = coded(LOCKED, channel=value)
    with speaking(locale):
        once = framed(locked, 300)
        twice = framed(Sentence("{first} {then}", "in_a_row", first=locked, then=locked), 900)
        quoted = framed(coded("The job {job_id!r} no longer exists.", job_id=value), 300)
    assert markup(once) == ["*"] * 2 and markup(twice) == ["*"] * 4 and not markup(quoted)
    for said in (once, twice, quoted):
        assert "\n" not in said and "\u202e" not in said
        assert "@everyone" not in said and "@here" not in said


@pytest.mark.parametrize("locale", ALL)
def test_a_value_in_code_cannot_end_it_and_shows_no_escapes(locale: str) -> None:
    with speaking(locale):
        said = framed(coded(NEAR, message="A *b*.", near="a_b` **c** `"), 300)
    assert "`a_b' **c** '`" in said and said.count("`") == 2 and said.startswith("A \\*b\\*.")


@pytest.mark.parametrize("locale", ALL)
def test_a_text_that_only_claims_a_code_of_ours_is_not_shown_as_ours(locale: str) -> None:
    sent = {**present_fields("message", coded(LOCKED, channel="#a")), "message": "**Free** [x](https://y)"}
    with speaking(locale):
        said = result(a_run(RunState.SUCCEEDED, result=sent))
        assert said is not None and "Free" not in said
        gaps = result(a_run(RunState.SUCCEEDED, result={**sent, "message_values": {}}))
    assert gaps == "\\*\\*Free\\*\\* \\[x\\](https://y)"


def test_instants_mentions_and_ids_among_the_values_are_shown_as_such() -> None:
    due = coded(
        "The next event called “{title}” starts {when}. To start that one now, enter its link.",
        title="Quiz",
        when="2027-01-01T07:00:00Z",
    )
    assert "“Quiz” starts <t:1798786800:F>." in framed(due, 300)
    gone = coded("The channel {channel_id} no longer exists.", channel_id=PERSON)
    assert framed(gone, 300) == f"The channel <#{PERSON}> no longer exists."
    by = "Run on demand by <@{by}>."
    assert framed(coded(by, by=PERSON), 300) == f"Run on demand by <@{PERSON}>."
    assert "@everyone" not in framed(coded(by, by="everyone"), 300)
    assert framed(Sentence("To {who}", "not_ours", who=f"<@{PERSON}>"), 99) == f"To <@{PERSON}>"


def test_a_number_chooses_the_form_in_english_too() -> None:
    for count in (1, 3):
        said = counted(
            "{count} message deleted.", "{count} messages deleted.", "messages_deleted", count=count
        )
        assert framed(said, 99) == str(said)


def test_what_is_cut_ends_in_no_half_escape() -> None:
    assert framed("aaaaaaa***", 10) == "aaaaaaa\\*…"
    assert framed("aaaaaaaa***", 10) == "aaaaaaaa…"


def test_an_alert_renders_our_markup_and_escapes_the_values() -> None:
    now = instants.now()
    locked = coded(LOCKED, channel="*x*")
    panel = alert_panel(Alert("1", "failed", locked, (Item("j", "Job", "t", 1, now),), now))
    said = "\n".join(item.content for item in panel.walk_children() if isinstance(item, ui.TextDisplay))
    assert "in \\*x\\*: it is locked. Unlock it, or give my role *Manage Threads*." in said


def test_code_in_every_sentence_is_closed_and_no_id_stands_in_a_mention() -> None:
    for catalogue in (read(TEMPLATE), *(read(FOLDER / f"{language}.po") for language in LANGUAGES)):
        for item in catalogue:
            if (item.context or "").startswith(ERRORS):
                for text in (*_texts(item.id), *_texts(item.string)):
                    assert text.count("`") % 2 == 0, text
                    assert not re.search(r"[<@#&]\{(?:user|role|channel)_id\}", text), text


def _texts(found: object) -> list[str]:
    return [str(item) for item in found] if isinstance(found, list | tuple) else [str(found)]
