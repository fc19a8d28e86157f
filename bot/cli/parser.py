"""A parser of arguments whose errors are one sentence, and name what a misspelt word resembles."""

from __future__ import annotations

import argparse
import re
import sys
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from cogs.config.nearest import nearest

_MOST_SHOWN = 300
_LONGEST_WORD = 50


class Parser(argparse.ArgumentParser):
    """A parser that accepts ``--config`` and ``--verbose`` at every level."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        # No default, so that a level without the option doesn't override one that has it.
        self.add_argument(
            "--config",
            metavar="FILE",
            default=argparse.SUPPRESS,
            help="the settings (default: config/schedulezero.yaml in this folder)",
        )
        self.add_argument("--verbose", action="store_true", default=argparse.SUPPRESS, help="log everything")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse the arguments of this level, and refuse those that it doesn't know.

        argparse would tell first that an option is missing, even where it is there, misspelt.
        """
        given = list(sys.argv[1:] if args is None else args)
        for word in self._options_in(given):
            if not self._knows(word):
                self.error(f"unrecognized arguments: {word}" + _did_you_mean(word, self._own_options()))
        options, unknown = super().parse_known_args(given, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, []

    def _options_in(self, given: Iterable[str]) -> Iterable[str]:
        """Yield the long options of this level, not those of its subcommands."""
        has_commands = self._subparsers is not None
        for word in given:
            if word == "--" or (has_commands and not word.startswith("-")):
                return
            if word.startswith("--"):
                yield word.partition("=")[0][:_LONGEST_WORD]

    def _own_options(self) -> list[str]:
        return [name for name in self._option_string_actions if name.startswith("--")]

    def _knows(self, word: str) -> bool:
        return any(name.startswith(word) for name in self._option_string_actions)  # argparse completes them

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = [str(choice) for choice in action.choices or ()]
        known = [*choices, *self._own_options()] if action.nargs == argparse.PARSER else choices
        if choices and str(value) not in choices and (near := nearest(str(value), known)) is not None:
            said = f"invalid choice: {str(value)[:_LONGEST_WORD]!r}; did you mean {near!r}?"
            raise argparse.ArgumentError(action, said)
        super()._check_value(action, value)

    @abstractmethod
    def refuse(self, sentence: str) -> NoReturn:
        """End the program with a sentence about its arguments."""

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            (file or sys.stderr).write(message)  # argparse itself ignores errors here

    def error(self, message: str) -> NoReturn:
        if any("://" in item for item in sys.argv):
            # An unquoted address that the shell split may contain parts of a password.
            message = re.sub(
                r"(unrecognized arguments):.*", r"\1; put addresses in quotes", message, flags=re.S
            )
        said = message[:_MOST_SHOWN].rstrip(".")
        self.refuse(
            f"{said}{'' if said.endswith('?') else '.'} `{self.prog} --help` shows what can be given."
        )


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    near = nearest(word, known)
    return f"; did you mean {near}?" if near is not None else ""
