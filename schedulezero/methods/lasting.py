"""How long something lasts, as people type it: a length such as ``8 hours``, or an end such as ``until 7``.

An end is read anew at each run, in the job's time zone, so that *every day at 22, until 7* works.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from schedulezero import instants
from schedulezero.errors import WhenError
from schedulezero.instants import from_iso
from schedulezero.methods.parameters import Kind
from schedulezero.sentences import Sentence
from schedulezero.when.language.parse import understand
from schedulezero.when.language.span_text import span_of

_LONGEST = 60
# Read as: the word before an end, the language of what follows, and the word before a bare hour.
_UNTIL = (
    ("until", "en-GB", "at"), ("till", "en-GB", "at"), ("bis", "de", "um"), ("jusqu'à", "fr", "à"),
    ("jusqu’à", "fr", "à"), ("hasta las", "es-ES", "a las"), ("hasta la", "es-ES", "a la"),
    ("hasta", "es-ES", "a las"), ("até às", "pt-BR", "às"), ("até as", "pt-BR", "às"), ("até", "pt-BR", "às"),
    ("fino alle", "it", "alle"), ("fino a", "it", "alle"), ("tot", "nl", "om"),
)  # fmt: skip

_UNREADABLE = Sentence(
    "it is neither a length of time such as “8 hours” nor an end such as “until 7”", "lasting_unreadable"
)


def end_of(text: str, now: datetime, zone: str) -> datetime | None:
    """Return the instant at which something that begins now ends; None if the text doesn't say.

    Parameters:
        text: a length of time, or an end after *until*.
        now: when it begins.
        zone: the time zone in which an end is meant.
    """
    wanted = text.strip()
    if not 0 < len(wanted) <= _LONGEST:
        return None
    if (span := span_of(wanted)) is not None:
        return now + span
    for word, locale, at in _UNTIL:
        before, _, rest = wanted[: len(word)].casefold(), None, wanted[len(word) :].strip()
        if before != word or not rest:
            continue
        for candidate in (rest, f"{at} {rest}", f"{rest}h" if locale == "fr" else rest):
            if (found := _moment(candidate, now, zone, locale)) is not None:
                return found
    return None


def names_an_end(text: str) -> bool:
    """Return whether a text such as ``until 7`` names an end, and no length of time."""
    return any(text.strip().casefold().startswith(word) for word, _, _ in _UNTIL)


def _moment(text: str, now: datetime, zone: str, locale: str) -> datetime | None:
    try:
        trigger = understand(text, zone=zone, locale=locale, now=now).trigger
    except WhenError:
        return None
    return from_iso(str(trigger.args["run_date"])) if trigger.type == "date" else None


def _check(text: str) -> str:
    if text.strip() and end_of(text, instants.now(), "UTC") is None:
        raise ValueError(_UNREADABLE)
    return text


Lasting = Annotated[str, Kind.TEXT, Field(max_length=_LONGEST), AfterValidator(_check)]
"""How long something lasts: ``8 hours`` or ``until 7``."""
