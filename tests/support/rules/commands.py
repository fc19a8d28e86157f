"""A list of commands is taken or refused as a whole.

https://discord.com/developers/docs/interactions/application-commands#application-command-object: names have 1
to 32 characters, descriptions of slash commands and of options 1 to 100. Kinds of installation that the
application doesn't support are refused; see ``integration_types`` there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.rules.applying import Asked, Rule, refused

_LENGTH = "BASE_TYPE_BAD_LENGTH"


class Commands(Rule):
    """Refuse lists with such a command. ``installs``: the kinds of installation that are switched on."""

    def __init__(self, *installs: int) -> None:
        self._installs = set(installs or (0,))

    def before(self, asked: Asked) -> None:
        if asked.method != "PUT" or asked.parts[-1] != "commands":
            return
        for number, command in enumerate(asked.body):
            for part, slash in _described(command):
                if not 1 <= len(part.get("name", "")) <= 32:
                    raise refused(f"{number}.name", _LENGTH, "Must be between 1 and 32")
                if slash and not 1 <= len(part.get("description", "")) <= 100:
                    raise refused(
                        f"{number}.description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100"
                    )
            if not set(command.get("integration_types") or ()) <= self._installs:
                raise refused(f"{number}.integration_types", "INVALID_INTEGRATION_TYPE", "Not supported")


def _described(command: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bool]]:
    yield command, command.get("type", 1) == 1
    for option in command.get("options") or ():
        yield from _described({**option, "type": 1})
