"""A chart parser: builds all pieces that rules can make of tokens and of each other.

A rule is a pattern of categories and a function. The parser works from the last token to the first. An item
that begins at a token triggers the rules whose first category it has; the rest of the pattern is matched
against items that begin further right, which are complete by then. So each piece is built once, in whatever
way it can be built, and the cost is bounded by the `Steps` of a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Any

from schedulezero.when.grammar.core.tokens import Token

MOST_STEPS = 33_000
"""Steps of all charts of one text, some 40 ms. A phrase takes hundreds, a list of twenty dates 26,000."""
_STEPS_OF_AN_ITEM = 4
_STEPS_OF_A_MATCH = 4


FILLER_COST = 0.05
"""What a word costs that adds nothing, such as *the*. It may stand between the elements of any rule."""
_MOST_FILLERS = 4
"""Words in a row that add nothing between two elements; more would only cost time."""
NEVER = 9.0
"""The cost from which on nothing is made: a language's costs may forbid a category, or ask for one."""


class TooMuch(Exception):
    """A text makes more pieces than are worth reading."""


@dataclass(slots=True)
class Steps:
    """What reading one text may still cost: in every language, and to explain why it is refused.

    A step is a rule that is tried; to keep a piece, or to make one, counts as several.
    """

    left: int = MOST_STEPS

    def take(self, steps: int) -> None:
        """Count so many steps. Raises TooMuch if there are not so many left."""
        self.left -= steps
        if self.left < 0:
            raise TooMuch


@dataclass(frozen=True, slots=True)
class Item:
    """A piece and where it stands.

    Attributes:
        category: What it is, such as ``clock`` or ``weekday``.
        value: What it means.
        end: The token behind it.
        cost: How far it is from what people usually mean; 0 for the plain reading.
    """

    category: str
    value: Any
    end: int
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class _Element:
    categories: tuple[str, ...]
    glued: bool
    """Whether it follows without a space."""
    next: bool
    """Whether it follows without a filler."""
    used: bool
    """Whether the rule's function takes its value."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a piece is made: a sequence of elements, and the function that takes the values of some."""

    category: str
    elements: tuple[_Element, ...]
    make: Callable[..., Any]
    cost: float
    second: frozenset[str]
    """What may follow the first element: the rule is not tried where nothing of it does."""


_ELEMENT = re.compile(r"(?P<glue>[~=])?(?P<names>[\w|]+)(?P<optional>\?)?")


@dataclass(slots=True)
class Rules:
    """The rules of a grammar, by the category that they begin with."""

    by_first: dict[str, list[Rule]] = field(default_factory=dict[str, list[Rule]])

    def rule(
        self, category: str, *patterns: str, cost: float = 0.0
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Add a rule: a decorator for the function that makes the value.

        Parameters:
            category: The category of what it makes.
            patterns: Alternatives, each a sequence of elements. ``A`` or ``a|b`` are categories; a capital
                letter means that the function takes the value. ``~a`` stands without a space before it,
                ``=a`` without a filler.
                ``a?`` may be missing.
            cost: What the reading costs beyond its parts.

        The function returns the value, or None if these parts make no such piece.
        """

        def add(make: Callable[..., Any]) -> Callable[..., Any]:
            expanded = (elements for pattern in patterns for elements in _expanded(pattern))
            for elements in dict.fromkeys(expanded):
                made = Rule(category, elements, make, cost, _second(elements))
                for first in elements[0].categories:
                    self.by_first.setdefault(first, []).append(made)
            return make

        return add

    def __add__(self, other: Rules) -> Rules:
        joined = {key: list(rules) for key, rules in self.by_first.items()}
        for key, rules in other.by_first.items():
            joined.setdefault(key, []).extend(rules)
        return Rules(joined)


def _second(elements: tuple[_Element, ...]) -> frozenset[str]:
    """The categories of the second element, and fillers where they may stand before it."""
    if len(elements) == 1:
        return frozenset()
    element = elements[1]
    between = () if element.next else ("filler",)
    return frozenset((*element.categories, *between))


def _expanded(pattern: str) -> Iterator[tuple[_Element, ...]]:
    """A pattern without optional elements, once for each choice of them."""
    choices: list[tuple[_Element | None, ...]] = []
    for part in pattern.split():
        match = _ELEMENT.fullmatch(part)
        assert match is not None, f"{part!r} is not an element"
        names = tuple(match["names"].split("|"))
        element = _Element(
            tuple(name.lower() for name in names),
            match["glue"] == "~",
            bool(match["glue"]),
            names[0][0].isupper(),
        )
        choices.append((element, None) if match["optional"] else (element,))
    seen: set[tuple[_Element, ...]] = set()
    for chosen in product(*choices):
        elements = tuple(element for element in chosen if element is not None)
        if elements and elements not in seen:
            seen.add(elements)
            yield elements


Begins = Sequence[Mapping[str, list[Item]]]


def parse(
    tokens: Sequence[Token],
    words: Sequence[Sequence[Item]],
    rules: Rules,
    costs: Mapping[str, float] = MappingProxyType({}),
    steps: Steps | None = None,
) -> Begins:
    """Build every piece.

    Parameters:
        tokens: The text.
        words: For each token, the items that begin there before any rule: words and numbers.
        rules: The grammar.
        costs: What a category that rules make costs more or less in one language.
        steps: What the text may still cost; as much as any text if None.

    Returns the items that begin at each token, by category. Raises TooMuch.
    """
    begins: list[dict[str, list[Item]]] = [{} for _ in tokens]
    size = len(tokens)
    steps = steps or Steps()
    for start in range(len(tokens) - 1, -1, -1):
        here = begins[start]
        agenda = list(words[start])
        known: dict[tuple[str, int, Any], float] = {}
        while agenda:
            item = agenda.pop()
            key = (item.category, item.end, item.value)
            if known.get(key, 9e9) <= item.cost:
                continue
            known[key] = item.cost
            here.setdefault(item.category, []).append(item)
            steps.left -= _STEPS_OF_AN_ITEM
            if steps.left < 0:
                raise TooMuch
            following = begins[item.end] if item.end < size else None
            for rule in rules.by_first.get(item.category, ()):
                if rule.second and (following is None or rule.second.isdisjoint(following)):
                    continue
                steps.left -= 1
                extra = rule.cost + costs.get(rule.category, 0.0)
                if extra >= NEVER:
                    continue
                values = (item.value,) if rule.elements[0].used else ()
                for rest, end, cost in _matches(rule.elements, 1, item.end, begins, tokens, steps):
                    steps.take(_STEPS_OF_A_MATCH)
                    value = rule.make(*values, *rest)
                    if value is not None:
                        agenda.append(Item(rule.category, value, end, item.cost + cost + extra))
    return begins


def _matches(
    elements: tuple[_Element, ...],
    index: int,
    position: int,
    begins: Begins,
    tokens: Sequence[Token],
    steps: Steps,
    fillers: int = 0,
) -> Iterator[tuple[tuple[Any, ...], int, float]]:
    """The ways in which the rest of a pattern matches from a token on: values, end, cost."""
    steps.left -= 1
    if index == len(elements):
        yield (), position, 0.0
        return
    if position >= len(tokens):
        return
    element = elements[index]
    if element.glued and not tokens[position].glued:
        return
    here = begins[position]
    for category in element.categories:
        for item in here.get(category, ()):
            for rest, end, cost in _matches(elements, index + 1, item.end, begins, tokens, steps):
                yield ((item.value, *rest) if element.used else rest), end, cost + item.cost
    if not element.next and fillers < _MOST_FILLERS:
        for item in here.get("filler", ()):
            for rest, end, cost in _matches(elements, index, item.end, begins, tokens, steps, fillers + 1):
                yield rest, end, cost + FILLER_COST
