"""Reads somebody's calendar in a short-lived process with limits; its output is validated as data."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from schedulezero.exchange.limited_reading import UnreadableFile, run_limited
from schedulezero.exchange.occurrences import (
    LONGEST_DESCRIPTION,
    LONGEST_LINK,
    LONGEST_PLACE,
    LONGEST_TITLE,
    Agenda,
    Occurrence,
    Window,
)
from schedulezero.instants import from_iso, from_iso_or_none
from schedulezero.sentences import LONGEST_CODE, read_sentence

_Instant = Annotated[str, Field(max_length=40)]
_Short = Annotated[str, Field(pattern="^[0-9a-f]{24}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Occurrence(_Strict):
    key: _Short
    uid: _Short
    starts: _Instant
    ends: _Instant | None
    whole: bool
    title: Annotated[str, Field(max_length=LONGEST_TITLE)]
    place: Annotated[str, Field(max_length=LONGEST_PLACE)]
    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)]
    link: Annotated[str, Field(max_length=LONGEST_LINK)]


class _End(_Strict):
    end: bool
    unread: list[_Short]
    cut_at: _Instant | None


class _Refusal(_Strict):
    why: Annotated[str, Field(max_length=500)]
    why_code: Annotated[str, Field(max_length=LONGEST_CODE)] | None = None
    why_values: dict[str, JsonValue] | None = None


async def read_agenda(data: bytes, window: Window) -> Agenda:
    """Return what a calendar says about a window. Raises UnreadableFile if it can't be read within limits."""
    if sys.platform == "win32":
        return await asyncio.to_thread(asyncio.run, _read(data, window))
    return await _read(data, window)


async def _read(data: bytes, window: Window) -> Agenda:
    found: list[Occurrence] = []
    ends: list[_End] = []
    refusals: list[_Refusal] = []

    def take(line: Any) -> bool:
        if isinstance(line, dict) and "why" in line:
            refusals.append(_Refusal.model_validate(line))
            return True
        if isinstance(line, dict) and "end" in line:
            end = _End.model_validate(line)
            from_iso_or_none(end.cut_at)
            ends.append(end)
            return True
        _Occurrence.model_validate(line)
        found.append(Occurrence.from_json(line))
        if len(found) > window.most:
            raise ValueError("more occurrences than asked for")
        return False

    said = await run_limited("schedulezero.exchange.occurrence_process", window.to_json(), data, take)
    if refusals:
        raise UnreadableFile(read_sentence(refusals[0].model_dump(), "why") or refusals[0].why)
    if said is not None or not ends:
        raise UnreadableFile(said or "")
    cut_at = ends[0].cut_at
    return Agenda(tuple(found), frozenset(ends[0].unread), from_iso(cut_at) if cut_at is not None else None)
