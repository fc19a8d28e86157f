"""Every text in every language: none missing, none overlong, placeholders kept, errors understood."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.config import DEFAULT_SPROCKETS
from bot.sprocket_specs import specs_of_sprockets
from cogs.language import FOLDER, CommandTranslator, speaking, t, tn, translated
from schedulezero.errors import ParameterError, WhenError
from schedulezero.following.event_text import check_template
from schedulezero.instants import now
from schedulezero.sentences import Sentence, all_in_a_row, in_a_row, read_sentence, sentence_fields
from schedulezero.when.language.parse import understand
from tests.catalogues import TEMPLATE, read, template, untranslated, written
from tests.support.world import World, said
from tests.texts import LANGUAGES, ROOT, sources, texts

LOCALES = {"de": "de", "fr": "fr", "es": "es-ES", "pt": "pt-BR"}
_PLACEHOLDER = re.compile(r"\{\w+(?:!r)?\}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_and_none_is_left_over(language: str) -> None:
    wanted, known = read(TEMPLATE), read(FOLDER / f"{language}.po")
    assert {(m.context, m.id) for m in known} == {(m.context, m.id) for m in wanted}
    assert not untranslated(language)


def test_the_template_and_the_catalogues_are_as_they_are_written() -> None:
    """``python -m tests.catalogues --update`` was run after the last change of a text."""
    assert written(template()).decode() == TEMPLATE.read_text(encoding="utf-8")
    for language in LANGUAGES:
        path = FOLDER / f"{language}.po"
        assert written(read(path)).decode() == path.read_text(encoding="utf-8"), language


def test_no_text_has_a_form_for_one_in_one_place_and_none_in_another() -> None:
    several = {(item.context, item.english): item.many for item in texts() if item.many is not None}
    alone = {(item.context, item.english) for item in texts() if item.many is None}
    assert several.keys() & alone == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_their_placeholders(language: str) -> None:
    wrong: list[Any] = []
    for message in read(FOLDER / f"{language}.po"):
        sources = [message.id] if isinstance(message.id, str) else list(message.id)  # for one, for several
        said = [message.string] if isinstance(message.string, str) else list(message.string or ())
        wanted = [set(_PLACEHOLDER.findall(text)) for text in sources]
        found = [set(_PLACEHOLDER.findall(text)) for text in said]
        # The form for one may do without its number.
        if found[-1] != wanted[-1] or any(not each <= wanted[0] | wanted[-1] for each in found):
            wrong.append(message.id)
    assert not wrong


# Read as: who shows a text, and how many characters Discord gives it there.
_ROOM = {"text_field": 45, "choice_field": 45, "Label": 45, "DeskButton": 80, "new_form": 45, "ask": 45,
         "DeskSelect": 150, "DeskChannelSelect": 150, "DeskRoleSelect": 150}  # fmt: skip


def shown() -> Iterator[tuple[str, int]]:
    for file in sorted((ROOT / "cogs").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            direct = [*node.args, *(k.value for k in node.keywords if k.arg == "text")]
            for argument in direct if name in _ROOM else ():
                if isinstance(argument, ast.Call) and getattr(argument.func, "id", "") == "t":
                    first = argument.args[0]
                    if isinstance(first, ast.Constant):
                        yield str(first.value), _ROOM[name]


def test_no_label_is_too_long_for_its_place() -> None:
    texts = list(shown())
    assert len(texts) > 60
    for locale in ("en-GB", *LOCALES.values()):
        with speaking(locale):
            long = [(text, t(text)) for text, room in texts if len(t(text)) > room and "{" not in text]
        assert not long, locale


# Whoever shows a text where Discord renders no markup: in forms, on buttons and in selects.
_UNFORMATTED = {*_ROOM, "SelectOption", "TextInput", "Modal", "Form", "Button", "Select", "ChannelSelect",
                "RoleSelect", "UserSelect", "Checkbox", "ReminderButton", "ReminderSelect",
                "zone_field", "describe", "command"}  # fmt: skip
_MARKUP = re.compile(r"\*\S[^*]*\*|`[^`]+`|(?<!\w)_[^_\s][^_]*_(?!\w)|~~|\[[^\]]+\]\(")


def unformatted() -> Iterator[str]:
    """Texts of forms, buttons and selects, also those that a name in the same function holds."""
    for path, tree in sources():
        functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        for function in functions if path.startswith("cogs/") else ():
            named = {
                target.id: node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for call in ast.walk(function):
                if not isinstance(call, ast.Call) or _called(call) not in _UNFORMATTED:
                    continue
                for value in [*call.args, *(keyword.value for keyword in call.keywords)]:
                    yield from _said_in(named.get(value.id, value) if isinstance(value, ast.Name) else value)
    specs = specs_of_sprockets(DEFAULT_SPROCKETS)
    yield from (
        text for spec in specs for item in spec.parameters for text in (item.label, item.help) if text
    )


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _said_in(value: ast.expr) -> Iterator[str]:
    for call in ast.walk(value):
        if isinstance(call, ast.Call) and _called(call) in ("t", "tn", "tc", "mark"):
            for text in call.args:
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield text.value


def test_no_form_button_or_select_has_markup() -> None:
    found = set(unformatted())
    assert len(found) > 300
    assert not [text for text in found if _MARKUP.search(text)]
    for locale in LOCALES.values():
        with speaking(locale):
            assert not [t(text) for text in found if _MARKUP.search(t(text))], locale


async def test_commands_and_menus_fit_in_every_language(world: World) -> None:
    translator = CommandTranslator()
    count = 0
    for locale in LOCALES.values():
        for command in world.bot.tree.walk_commands():
            assert isinstance(command, app_commands.Command | app_commands.Group)
            texts: list[tuple[Any, int]] = [(command.description, 100)]
            if isinstance(command, app_commands.Command):
                for parameter in command.parameters:
                    texts.append((str(parameter.description), 100))
                    texts += [(choice.name, 100) for choice in parameter.choices]
            for text, room in texts:
                string = (
                    text if isinstance(text, app_commands.locale_str) else app_commands.locale_str(str(text))
                )
                place = app_commands.TranslationContextLocation.choice_name
                choice = app_commands.Choice(name="x", value="x")
                context: Any = app_commands.TranslationContext(place, choice)
                said_so = await translator.translate(string, discord.Locale(locale), context)
                assert len(said_so or str(text)) <= room
                count += said_so is not None
        with speaking(locale):
            for kind in (discord.AppCommandType.message, discord.AppCommandType.user):
                assert all(len(t(menu.name)) <= 32 for menu in world.bot.tree.get_commands(type=kind))
    assert count > 100


def test_numbers_choose_between_one_and_many() -> None:
    with speaking("de"):
        assert tn("{count} job selected", "{count} jobs selected", 1) == "1 Job ausgewählt"
        assert tn("{count} job selected", "{count} jobs selected", 12000) == "12.000 Jobs ausgewählt"
    with speaking("fr"):
        assert tn("{count} job selected", "{count} jobs selected", 0).startswith("0 tâche ")
        assert "12\u202f000 tâches" in tn("{count} job selected", "{count} jobs selected", 12000)
    with speaking("en-US"):
        assert tn("{count} job selected", "{count} jobs selected", 12000) == "12,000 jobs selected"
    with speaking("ja"):
        assert t("Confirm") == "Confirm"  # a language that we do not have is English


_SAID_BY_A_CHANNEL = Sentence("The channel {channel_id} no longer exists.", "channel_missing", channel_id=5)
_VARIABLE = Sentence(
    "There is no variable {match}.{hint} You can use {known}. For a plain brace, write "
"{{.",
    "variable_unknown", match="{tiem}", hint="", known="{date}",
)  # fmt: skip


@pytest.mark.parametrize(("sentence", "english", "german"), [
    (_SAID_BY_A_CHANNEL, "The channel 5 no longer exists.", "Den Kanal 5 gibt es nicht mehr."),
    (Sentence("I couldn't {doing}: Discord says “{text}”.", "discord_refused",
              doing="post in #general", text="Unknown Channel"),
     "I couldn't post in #general: Discord says “Unknown Channel”.",
     "Ich wollte post in #general, aber Discord sagt „Unknown Channel“."),
    (Sentence("The server's quiet hours are from {begins} to {ends}.", "quiet_hours",
              begins="22:00", ends="07:00"),
     "The server's quiet hours are from 22:00 to 07:00.", "Der Server hat Ruhezeit von 22:00 bis 07:00."),
    (_VARIABLE, "There is no variable {tiem}. You can use {date}. For a plain brace, write {{.",
     "Es gibt keine Variable {tiem}. Möglich: {date}. Für eine geschweifte Klammer schreib {{."),
    (in_a_row(_SAID_BY_A_CHANNEL, _VARIABLE.changed(lambda part: part)),
     f"{_SAID_BY_A_CHANNEL} {_VARIABLE}",
     "Den Kanal 5 gibt es nicht mehr. "
     "Es gibt keine Variable {tiem}. Möglich: {date}. Für eine geschweifte Klammer schreib {{."),
])  # fmt: skip
def test_an_error_is_said_in_the_readers_language(sentence: Sentence, english: str, german: str) -> None:
    travelled = read_sentence(json.loads(json.dumps(sentence_fields("error", sentence))), "error")
    assert travelled is not None and sentence == english
    for said_so in (sentence, travelled):
        with speaking("de"):
            assert translated(said_so) == german
        with speaking("en-US"):
            assert translated(said_so) == english


def test_a_hint_within_an_error_is_said_in_the_readers_language() -> None:
    with pytest.raises(ParameterError) as refused:
        check_template("{titel}")
    with speaking("de"):
        assert "Meintest du {title}?" in translated(refused.value.message)
    with speaking("fr"):
        assert "Vouliez-vous dire {title}\u202f?" in translated(refused.value.message)


def test_the_first_example_to_try_is_one_that_the_language_reads() -> None:
    for language in LANGUAGES:
        with speaking(LOCALES[language]):
            example = t("`/schedule create`, and type `in 1 minute`").split("`")[3]
        at = now()
        found = understand(example, zone="UTC", locale=LOCALES[language], now=at)
        run = found.schedule.next_after(at)
        assert run is not None and abs(run - at - timedelta(minutes=1)) < timedelta(seconds=1), example


def test_a_text_of_one_unknown_word_is_not_said_to_be_within_itself() -> None:
    with pytest.raises(WhenError) as refused:
        understand("sometimes", zone="UTC", locale="en-GB", now=now())
    assert str(refused.value.message).startswith("“sometimes” was not understood.")


@pytest.mark.parametrize("sentence", [
    "The channel 5 no longer exists.",
    "",
    Sentence("Somebody's own sentence about a sprocket."),
    Sentence("Somebody's own {code}.", "a_code_of_their_own", code=1),
    Sentence("The channel is gone, and its id is not told.", "channel_missing", other=5),
    Sentence("What a newer server says.", "channel_missing"),
])  # fmt: skip
def test_what_cannot_be_translated_is_shown_as_it_is(sentence: str) -> None:
    with speaking("de"):
        assert translated(sentence) == str(sentence)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_wrong_with_a_time_is_said_in_every_language(language: str) -> None:
    for text in ("on blursday", "yesterday", "31 february", "every", "FREQ=SECONDLY"):
        with pytest.raises(WhenError) as refused:
            understand(text, zone="UTC", locale=LOCALES[language], now=now())
        with speaking(LOCALES[language]):
            shown_text = translated(refused.value.message)
        assert shown_text != refused.value.message, (text, shown_text)
        assert "I don't understand" not in shown_text and "For example" not in shown_text


def _everybody_is(monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    from simcord import interactions

    build = interactions.base_payload
    monkeypatch.setattr(
        interactions, "base_payload", lambda *a, **k: ((p := build(*a, **k))[0], {**p[1], "locale": locale})
    )


async def test_an_italian_is_understood_in_italian_and_sees_english(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _everybody_is(monkeypatch, "it")
    for typed in ("ogni lunedì alle 9", "every monday at 9"):
        preview = await world.draft(
            world.admin, "send_announcement", {"channel_id": [world.channel], "message": "Ciao"}, typed
        )
        shown_text = said(preview)
        assert "Check before you schedule" in shown_text and "every Monday at 09:00" in shown_text
        assert "ogni" not in shown_text.replace(typed, "")
    choices = await world.admin.autocomplete(world.channel, "schedule create", "when", "ogni lun")
    assert any("ogni lunedì alle 9:00" in choice["name"] for choice in choices), choices
    await world.plain.slash(world.channel, "remind me", what="Pasta", when="ogni domenica alle 12:30")
    shown_text = said(await world.plain.slash(world.channel, "remind list"))
    assert "**Pasta** · every Sunday at 12:30" in shown_text


async def test_a_german_sees_german(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _everybody_is(monkeypatch, "de")
    text = said(await world.admin.slash(world.channel, "schedule list"))
    assert "Geplante Jobs" in text and "Hier ist noch nichts geplant" in text
    preview = await world.draft(
        world.admin,
        "send_announcement",
        {"channel_id": [world.channel], "message": "Hallo"},
        "jeden montag um 9",
    )
    shown_text = said(preview)
    assert "Noch ist nichts geplant" in shown_text and "jeden Montag um 9:00" in shown_text
    assert "Nachricht:" in shown_text


def test_the_catalogues_are_packed() -> None:
    assert (ROOT / "cogs" / "locale").is_dir() and Path(ROOT / "pyproject.toml").read_text().count(
        "locale/*.po"
    ) == 1


def test_a_translation_is_as_short_as_its_original_may_be() -> None:
    """A template may name a value twice, and a value may be such a sentence itself."""
    text: Any = "[x](" * 400
    for _ in range(3):
        text = Sentence("{who} {channel}", "creator_is_outside_thread", who=text, channel=text)
    with speaking("de"):
        assert len(translated(text)) <= 2000


def test_a_known_code_without_its_values_is_shown_as_it_was_said() -> None:
    said_so = Sentence("It's full: {most}.", "hourly_limit", most=None)
    with speaking("de"):
        assert translated(said_so) == str(said_so)


def test_sentences_tell_methods_in_words() -> None:
    said = Sentence(
        "{method} took longer than {seconds} s and was stopped.",
        "took_too_long",
        method="send_dm",
        seconds=25,
    )
    both = all_in_a_row(said, Sentence("my_send_dm_too is kept.", "kept_too"))
    with speaking("en-GB"):
        assert translated(said) == "Send dm took longer than 25 s and was stopped."
        assert translated(both) == f"{translated(said)} my_send_dm_too is kept."
    with speaking("de"):
        assert "send_dm" not in translated(said)
