"""How long before an event something is posted, as people type it: ``1 day, 15 minutes, 0``. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

from schedulezero.errors import ParameterError
from schedulezero.when.language.span_text import span_of

MOST = 5
LONGEST = timedelta(days=7)
_NOW = re.compile(r"0+(?:\s*[^\W\d]+)?")


def read_leads(text: str) -> tuple[timedelta, ...]:
    """Return the lengths of time in a list, the longest first; of an empty one, the event's start alone.

    Raises ParameterError for what isn't a length of time, or too many.
    """
    items = [item.strip() for item in re.split(r"[,;\n]", text) if item.strip()] or ["0"]
    if len(items) > MOST:
        raise ParameterError(
            "before",
            "{count} times before an event is too many; the limit is {most}.",
            code="too_many_leads",
            count=len(items),
            most=MOST,
        )
    return tuple(sorted({_lead(item) for item in items}, reverse=True))


def _lead(text: str) -> timedelta:
    if _NOW.fullmatch(text):
        return timedelta()
    found = span_of(text)
    if found is None or found > LONGEST:
        raise ParameterError(
            "before",
            "“{text}” isn't a duration of up to 7 days. Examples: 1 day; 15 minutes; 0.",
            code="lead_unreadable",
            text=text[:40],
        )
    return found
