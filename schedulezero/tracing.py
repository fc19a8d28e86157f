"""Spans around what takes time, for whoever wants to see them; nothing until somebody does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Span = Callable[[str, dict[str, str]], AbstractContextManager[None]]

_span: Span | None = None


def use(span: Span | None) -> None:
    """Makes spans from now on: a context manager from a name and attributes. None makes none."""
    global _span
    _span = span


def span(name: str, **attributes: str) -> AbstractContextManager[None]:
    """A span of that name while the context is entered."""
    return _span(name, attributes) if _span is not None else nullcontext()
