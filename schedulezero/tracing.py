"""Spans around slow operations, for an optional tracer; they do nothing until one is set."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Span = Callable[[str, dict[str, str]], AbstractContextManager[None]]

_span: Span | None = None


def use(span: Span | None) -> None:
    """Set the factory of spans: a name and attributes in, a context manager out. None disables spans."""
    global _span
    _span = span


def span(name: str, **attributes: str) -> AbstractContextManager[None]:
    """Return a span with that name, which lasts while the context is entered."""
    return _span(name, attributes) if _span is not None else nullcontext()
