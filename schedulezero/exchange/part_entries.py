"""What a job does before and after its own runs, in our YAML file.

    parts:
    - before: 1 day
      do: send_post
      with: {channel_ids: ["123456789012345678"], text: "It starts {starts}"}
    - after: 2 hours
      do: lock_channel
      with: {channel_id: "123456789012345678"}

Lengths of time are texts or numbers of seconds. A part without ``before`` follows what stands above it, at
once without ``after``. An ``id`` names a part of a job that exists; a new one needs none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, cast

from schedulezero.model.part import LONGEST_SPAN, MAIN, MOST_LEADS, MOST_THENS, PART_ID, Part, leads, thens
from schedulezero.sentences import Sentence
from schedulezero.when.language.span_text import span_of

_KEYS = ("id", "before", "after", "do", "with")
_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
_UNREADABLE = Sentence(
    "Each entry in `parts:` needs `do:` and either `before:` or `after:`, with a duration of up to a year.",
    "yaml_part_unreadable",
)
_TOO_MANY = Sentence(
    "A job can have at most {leads} parts before it and {thens} after it, each within a year.",
    "parts_unusable",
    leads=MOST_LEADS,
    thens=MOST_THENS,
)


def written(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """Return parts as they stand in a file."""
    return [
        {
            "id": part.id,
            **({"before": _said(part.before)} if part.before is not None else {}),
            **({"after": _said(part.after)} if part.after is not None else {}),
            "do": part.method,
            "with": dict(part.params),
        }
        for part in parts
    ]


def read(given: Any) -> tuple[Part, ...] | Sentence:
    """Return the parts that a file's value describes, or what is wrong with it."""
    if not isinstance(given, list):
        return _UNREADABLE
    found: list[Part] = []
    for item in cast("list[Any]", given[: MOST_LEADS + MOST_THENS + 1]):
        part = _part(item, {part.id for part in found})
        if part is None:
            return _UNREADABLE
        found.append(part)
    parts = tuple(found)
    if len(leads(parts)) > MOST_LEADS or len(thens(parts)) > MOST_THENS:
        return _TOO_MANY
    return parts


def _part(given: Any, taken: set[str]) -> Part | None:
    if not isinstance(given, Mapping):
        return None
    item = cast("Mapping[Any, Any]", given)
    method: Any = item.get("do")
    params: Any = item.get("with") or {}
    if any(key not in _KEYS for key in item):
        return None
    if not isinstance(method, str) or not isinstance(params, Mapping):
        return None
    if "before" in item and "after" in item:
        return None
    before, after = _span(item.get("before")), _span(item.get("after"))
    if ("before" in item and not before) or ("after" in item and after is None):
        return None
    part_id = str(item.get("id") or "")
    if not PART_ID.fullmatch(part_id) or part_id == MAIN or part_id in taken:
        letter = "t" if before is None else "b"
        part_id = next(name for number in range(1, 100) if (name := f"{letter}{number}") not in taken)
    named = {str(key): value for key, value in cast("Mapping[Any, Any]", params).items()}
    return Part(part_id, method[:100], named, before, after)


def _span(given: Any) -> timedelta | None:
    """Return the length of time that a value says, or None for none within a year."""
    if isinstance(given, bool):
        return None
    if isinstance(given, int | float):
        return timedelta(seconds=given) if 0 <= given <= LONGEST_SPAN.total_seconds() else None
    span = span_of(given) if isinstance(given, str) else None
    return span if span is not None and timedelta() <= span <= LONGEST_SPAN else None


def _said(span: timedelta) -> str | float:
    """Return a length of time in whole days, hours or minutes, or else in seconds."""
    for name, unit in _UNITS:
        count, rest = divmod(span, unit)
        if count and not rest:
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return span.total_seconds()
