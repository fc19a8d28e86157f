"""Put rules in force: each one sees a request before the simulated Discord does, and its answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from simcord.backend.errors import BackendError
from simcord.http import router


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes:
        backend: The simulated Discord.
        method, path: What is asked.
        body: Its JSON, which a rule may change as Discord would; None if there is none.
        params: The parameters of the address.
    """

    backend: Any
    method: str
    path: str
    body: Any = None
    params: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def parts(self) -> list[str]:
        """The parts of the path, such as ``["channels", "1", "threads"]``."""
        return self.path.strip("/").split("/")

    def channel(self) -> Any:
        """Return the channel that the path names, if it is known."""
        parts = self.parts
        known = parts[0] == "channels" and len(parts) > 1
        return self.backend.channels.get(int(parts[1])) if known else None


class Rule:
    """A rule of Discord's. It refuses a request by raising an error, or changes it or its answer."""

    def before(self, asked: Asked) -> None:
        """Refuse or change a request."""

    def after(self, asked: Asked, answer: Any) -> Any:
        """Return the answer that Discord gives."""
        return answer


def refused(field_name: str, code: str, message: str) -> BackendError:
    """Return Discord's refusal of a form: https://discord.com/developers/docs/reference#error-messages."""
    errors: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(field_name.split(".")):
        errors = {part: errors}
    return BackendError(400, 50035, "Invalid Form Body", errors=errors)


@contextmanager
def applied(*rules: Rule) -> Iterator[None]:
    """Put rules in force, in this order, until the block ends."""
    real = router.dispatch

    def dispatch(backend: Any, method: str, path: str, **more: Any) -> Any:
        asked = Asked(backend, method, path, more.get("json"), more.get("params") or {})
        for rule in rules:
            rule.before(asked)
        answer = real(backend, method, path, **more)
        for rule in rules:
            answer = rule.after(asked, answer)
        return answer

    router.dispatch = dispatch  # type: ignore[assignment]
    try:
        yield
    finally:
        router.dispatch = real
