"""What the bot assumes about Discord: one statement each, with a check against the real one. Pure.

A check asks Discord once or twice. It returns what it saw if that is as assumed, and raises `Differs` or
`NotTried` otherwise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from bot.first_day.visit import Visit

DOCS = "https://discord.com/developers/docs"
SECONDS = 90.0
"""How long a check may take unless it says otherwise."""


class Verdict(Enum):
    """What became of an assumption."""

    AS_ASSUMED = "as assumed"
    DIFFERS = "differs"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Assumption:
    """One statement about Discord that the bot relies on.

    Attributes:
        code: Names it, as ``subject.what``.
        says: The statement.
        matters: Where the bot relies on it.
        source: The address of the documentation that it follows.
        check: Compares it with Discord.
        seconds: How long the check may take.
    """

    code: str
    says: str
    matters: str
    source: str
    check: Callable[[Visit], Awaitable[str]]
    seconds: float = SECONDS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one assumption, and what Discord said or why it wasn't tried."""

    assumption: Assumption
    verdict: Verdict
    said: str


def exit_status(outcomes: list[Outcome]) -> int:
    """Return 1 if anything differs, 2 if nothing could be tried, and 0 otherwise."""
    verdicts = {outcome.verdict for outcome in outcomes}
    if Verdict.DIFFERS in verdicts:
        return 1
    return 0 if Verdict.AS_ASSUMED in verdicts else 2


def assumes(
    code: str, says: str, matters: str, source: str, *, seconds: float = SECONDS
) -> Callable[[Callable[[Visit], Awaitable[str]]], Assumption]:
    """Turn a check into the assumption that it tries; see `Assumption`.

    Parameters:
        source: The path below Discord's documentation.
    """

    def made(check: Callable[[Visit], Awaitable[str]]) -> Assumption:
        return Assumption(code, says, matters, f"{DOCS}{source}", check, seconds)

    return made
