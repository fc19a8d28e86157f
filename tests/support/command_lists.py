"""Discord as it takes lists of commands, and refuses them; simcord takes any.

The tree of errors is Discord's own (https://discord.com/developers/docs/reference#error-messages).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from simcord.backend.errors import BackendError
from simcord.http import router

_TEMPLATE = ["applications", "{application_id}", "commands"]


class Refused(BackendError):
    """A refusal with a tree of errors."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(status, code, message)
        self.errors = errors

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), **({"errors": self.errors} if self.errors else {})}


def leaf(message: str) -> dict[str, Any]:
    """Return a leaf of the tree of errors."""
    return {"_errors": [{"code": "BASE_TYPE", "message": message}]}


@dataclass
class Lists:
    """What was asked about global commands.

    Attributes:
        sent: each list that was sent.
        judge: raises what Discord answers to a list instead of taking it.
    """

    sent: list[list[dict[str, Any]]] = field(default_factory=list[list[dict[str, Any]]])
    judge: Callable[[list[dict[str, Any]]], object] = lambda sent: None


@contextmanager
def command_lists() -> Iterator[Lists]:
    """Note the lists of global commands that the bot sends, and judge them first."""
    lists = Lists()
    routes = router._ROUTES["PUT"]
    place = next(number for number, (known, _) in enumerate(routes) if known == _TEMPLATE)
    _, before = routes[place]

    def take(context: router.RequestContext) -> Any:
        lists.sent.append(list(context.json or []))
        lists.judge(lists.sent[-1])
        return before(context)

    routes[place] = (_TEMPLATE, take)
    try:
        yield lists
    finally:
        routes[place] = (_TEMPLATE, before)
