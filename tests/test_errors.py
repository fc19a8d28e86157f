"""Errors are data: a code for each sentence, the same in all catalogues, and nobody decides on words."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterator

import pytest

import bot
import cogs
import schedulezero
import sprockets
from schedulezero import errors
from schedulezero.errors import ScheduleZeroError
from schedulezero.sentences import LONGEST_CODE, Sentence
from schedulezero.when.language.parse import SHOW_WHAT_IS_RIGHT
from tests.pieces import SAME_EVERYWHERE, in_module, pieces
from tests.texts import coded, sources, templates, without_code


def subclasses(kind: type) -> Iterator[type]:
    for found in kind.__subclasses__():
        if found.__module__.partition(".")[0] in ("bot", "cogs", "schedulezero", "sprockets"):
            yield found
            yield from subclasses(found)


@pytest.fixture(scope="module")
def tree() -> set[tuple[str, str, str]]:
    """Every error of ours: the class above it, its module and its name."""
    warnings.simplefilter("ignore", DeprecationWarning)  # old paths warn of their end
    for package in (bot, cogs, schedulezero, sprockets):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = set(subclasses(ScheduleZeroError))
    return {(kind.__bases__[0].__name__, kind.__module__, kind.__name__) for kind in found}


# ---------------------------------------------------------------- codes


def test_a_code_has_one_template_and_a_name_that_travels() -> None:
    found = templates()
    assert len(found) > 350
    assert {code: said for code, said in found.items() if len(said) != 1} == {}
    assert [
        code for code in found if not re.fullmatch(r"[a-z][a-z0-9_]*", code) or len(code) > LONGEST_CODE
    ] == []


def test_every_sentence_that_people_read_has_a_code() -> None:
    assert without_code() == []


def test_no_english_piece_stands_in_a_sentence() -> None:
    assert set(pieces()) - SAME_EVERYWHERE.keys() == set()
    assert SAME_EVERYWHERE.keys() - set(pieces()) == set(), "these no longer need to be listed"


def test_such_a_piece_is_found() -> None:
    for text in (
        'Sentence("The {what} is full.", "c", what="disk")',
        'Sentence("Its tags: {tags}.", "c", tags=", ".join(tags) or "none")',
        'counted("{what}", "{what}", "c", count=1, what=f"until {day}")',
        'raise JobFailed("It needs {what}.", code="c", what="a day" if x else y)',
        'what = "none"\nSentence("{what}", "c", what=what)',
        'try: ...\nexcept ValueError as e: raise JobFailed("No: {why}.", code="c", why=e)',
        'try: ...\nexcept ValueError as e: Sentence("No: {why}.", "c", why=str(e)[:9])',
        'def f(e: Exception): return Sentence("No: {why}.", "c", why=e)',
        'asking_discord(f"look for {user}")',
    ):
        assert len(list(in_module(ast.parse(text)))) == 1, text
    for text in (
        'Sentence("The {what} is full.", "c", what=Sentence("disk", "d"))',
        'Sentence("The {what} is full.", "c", what=name, at="…")',
        'try: ...\nexcept ValueError as e: Sentence("No: “{why}”.", "c", why=str(e))',
        'DeskButton("a", "b", code="x")',
    ):
        assert list(in_module(ast.parse(text))) == [], text


def test_the_code_of_a_class_is_not_that_of_a_sentence(tree: set[tuple[str, str, str]]) -> None:
    """A sprocket's own sentence bears the code of its class, which must find nobody else's translation."""
    assert tree
    assert {kind.code for kind in subclasses(ScheduleZeroError)} & templates().keys() == set()


def test_a_sentence_that_shows_what_is_right_is_followed_by_no_examples() -> None:
    shown = {
        code
        for path, module in sources()
        if path.startswith("schedulezero/when/") and not path.endswith(("nearest.py", "preview.py"))
        for _, code, template in coded(module)
        if "`" in template
    }
    assert shown - {"in_the_past"} == SHOW_WHAT_IS_RIGHT  # that one is raised after this is looked at


# ---------------------------------------------------------------- deciding

# Read as: a module, and why it may look at words.
MAY_READ_WORDS = {
    "bot/demo/demo_pages.py": "the simulated Discord's errors have no code",
    "schedulezero/when/calendar/calendar_trigger.py": "cronsim's errors have no code; its words are shown",
    "schedulezero/when/calendar/crontab.py": "cronsim's errors have no code; its words are shown",
}  # fmt: skip

_WORDS = {"message", "note", "error"}
_ASKING = {
    "startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "find", "index",
    "count", "replace", "isdigit",
}  # fmt: skip
_MATCHING = {"match", "search", "fullmatch", "findall", "finditer", "sub", "split"}


def test_no_module_decides_on_words() -> None:
    found = {f"{path}:{line}" for path, module in sources() for line in _decisions(module)}
    deciding = {place.partition(":")[0] for place in found}
    assert deciding - MAY_READ_WORDS.keys() == set(), sorted(found)
    assert MAY_READ_WORDS.keys() - deciding == set(), "these no longer need to be listed"


def test_such_a_decision_is_found() -> None:
    for text in (
        'if "limit" in trouble.run.note: ...',
        'if "limit" not in (run.note or ""): ...',
        'x = error.message.removeprefix("a")',
        'if str(error).startswith("Bad"): ...',
        're.match(r"\\d+", run.note or "")',
        "_NUMBER.fullmatch(run.error)",
        'if run.error == "It is gone.": ...',
        'if error.args[0] == "It is gone.": ...',
    ):
        assert list(_decisions(ast.parse(text))) == [1], text
    for text in ("if run.note is None: ...", "if error.code in KNOWN: ...", "say(error.message)"):
        assert list(_decisions(ast.parse(text))) == [], text


def _decisions(module: ast.Module) -> Iterator[int]:
    for node in ast.walk(module):
        if isinstance(node, ast.Compare):
            asks = any(isinstance(kind, ast.In | ast.NotIn | ast.Eq | ast.NotEq) for kind in node.ops)
            texts = any(
                isinstance(part, ast.Constant) and isinstance(part.value, str) for part in ast.walk(node)
            )
            if asks and texts and any(map(_are_words, (node.left, *node.comparators))):
                yield node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            asks = node.func.attr in _ASKING and _are_words(node.func.value)
            matches = node.func.attr in _MATCHING and any(map(_are_words, node.args))
            if asks or matches:
                yield node.lineno


def _are_words(node: ast.expr) -> bool:
    """Whether an expression is what an error or a note says."""
    match node:
        case ast.Attribute(attr=name):
            return name in _WORDS
        case ast.BoolOp(values=values):
            return any(map(_are_words, values))
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)]):
            return name in ("error", "exc", "exception", "failed", "e")
        case ast.Call(func=ast.Name(id="str" | "translated" | "plain"), args=[inner]):
            return _are_words(inner)
        case ast.Subscript(value=ast.Attribute(attr="args", value=ast.Name(id="error"))):
            return True
        case _:
            return False


# ---------------------------------------------------------------- the tree

_LINE = re.compile(r"((?:│   |    )*)[├└]── (\w+)\s+(?:(\.[\w.]+): )?\S")
_HEADING = re.compile(r"│   in ([\w.]+):")


def drawn() -> set[tuple[str, str, str]]:
    """The tree that stands at the top of the errors: the class above each, its module and its name."""
    found: set[tuple[str, str, str]] = set()
    place, above = errors.__name__, ["ScheduleZeroError"]
    for line in (errors.__doc__ or "").splitlines():
        stripped = line[4:]
        if heading := _HEADING.fullmatch(stripped):
            place = heading[1]
        elif found_line := _LINE.match(stripped):
            depth = len(found_line[1]) // 4
            above[depth + 1 :] = [found_line[2]]
            base = "schedulezero" if place == errors.__name__ else place
            module = f"{base}{found_line[3]}" if found_line[3] else place
            found.add((above[depth], module, found_line[2]))
    return found


def test_the_tree_is_drawn_as_it_grows(tree: set[tuple[str, str, str]]) -> None:
    assert drawn() == {kind for kind in tree if not kind[2].startswith("_")}


def test_errors_of_a_sprocket_author_stay_as_they_are() -> None:
    own = errors.JobFailed("My {own} sentence.")
    assert (str(own), own.message, own.code, dict(own.values)) == (
        "My {own} sentence.", "My {own} sentence.", "job_failed", {},
    )  # fmt: skip
    assert errors.JobFailed(message="It is gone.", retry=False).retry is False
    assert errors.TriggerError(field="trigger", message="No.").field == "trigger"
    assert errors.Uncertain("Who knows?").may_have_worked is True

    class Mine(errors.JobFailed):
        pass

    assert (Mine("x").code, errors.NotFound("x", code="job_not_found").code) == ("mine", "job_not_found")


def test_an_error_with_a_code_is_data() -> None:
    failed = errors.JobFailed("There is no shelf {shelf!r}.", code="shelf_missing", shelf="a{b}", retry=False)
    assert (failed.message, failed.code, failed.values["shelf"]) == (
        "There is no shelf 'a{b}'.", "shelf_missing", "a{b}",
    )  # fmt: skip
    assert isinstance(failed.message, Sentence) and failed.message.code == "shelf_missing"
