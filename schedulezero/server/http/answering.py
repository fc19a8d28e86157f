"""Answers of the REST API in strict JSON, without ``Infinity`` or unpaired surrogates.

A small answer is written at once, a large one in a thread and in pieces, because ``json`` lets no other
thread go on until it is done with what it was given.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_request import BaseRequest

from schedulezero.wire.storable import clean

LARGE = 64 * 1024
"""The characters from which an answer is written in a thread."""
_EACH = 8
"""What a value takes beside its text, about."""
Change = Callable[[Any], Any]


class JsonAnswer(web.Response):
    """An answer whose JSON is still data, until `encode` or until it is sent."""

    def __init__(self, data: Any, *, status: int, headers: Mapping[str, str] | None) -> None:
        super().__init__(status=status, headers=headers, content_type="application/json", charset="utf-8")
        self._data = data
        self._is_encoded = False

    async def encode(self, change: Change | None = None) -> None:
        """Encode the data, after a change of it if one is given; has no effect after the first time."""
        if self._is_encoded:
            return
        self._is_encoded = True
        data, self._data = self._data, None
        if is_large(data):
            self.body = await asyncio.to_thread(_encoded, data, change)
        else:
            self.body = _encoded(data, change)

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        await self.encode()
        return await super().prepare(request)


def json_answer(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> JsonAnswer:
    """Return an answer with a JSON body.

    The API rejects values that JSON can't represent, but rows of earlier versions, and error messages that
    quote a request, may still contain them; they are cleaned.
    """
    return JsonAnswer(data, status=status, headers=headers)


def is_large(data: Any) -> bool:
    """Return whether JSON takes more than `LARGE` characters, about, without looking at more than that."""
    left, waiting = LARGE, [data]
    while waiting and left > 0:
        value = waiting.pop()
        left -= _EACH
        if isinstance(value, str):
            left -= len(value)
        elif isinstance(value, Mapping):
            items = cast("Mapping[str, Any]", value)
            left -= _EACH * len(items)
            if left > 0:
                left -= sum(map(len, map(str, items)))
                waiting += items.values()
        elif isinstance(value, list | tuple):
            items = cast("list[Any]", value)
            left -= _EACH * len(items)
            if left > 0:
                waiting += items
    return left <= 0


def _encoded(data: Any, change: Change | None) -> bytes:
    return b"".join(piece.encode() for piece in _pieces(data if change is None else change(data)))


def _pieces(data: Any) -> Iterator[str]:
    """Yield a value's JSON: an object's values, and a list's items, one by one."""
    if isinstance(data, dict) and data:
        opening = "{"
        for key, value in cast("dict[str, Any]", data).items():
            yield f"{opening}{_to_strict_json(str(key))}: "
            yield from _pieces_of_list(value)
            opening = ", "
        yield "}"
    else:
        yield from _pieces_of_list(data)


def _pieces_of_list(data: Any) -> Iterator[str]:
    if isinstance(data, list) and data:
        opening = "["
        for item in cast("list[Any]", data):
            yield opening + _to_strict_json(item)
            opening = ", "
        yield "]"
    else:
        yield _to_strict_json(data)


def _to_strict_json(data: Any) -> str:
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError:  # NaN and infinities, or (UnicodeEncodeError) unpaired surrogates
        return json.dumps(clean(data), ensure_ascii=False, allow_nan=False)
    return text
