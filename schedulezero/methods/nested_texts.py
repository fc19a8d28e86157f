"""Finds the texts in a value of a job, however deep they are in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text of a value, at any depth, such as those of a layout."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in cast("Mapping[str, Any]", value).values():
            yield from texts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in cast("list[Any]", value):
            yield from texts_in(inner)
