"""Answers of the REST API as JSON that every client reads: no ``Infinity``, no half of a surrogate pair."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from schedulezero.wire.storable import clean


def json_answer(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer with a JSON body.

    Nothing that JSON cannot hold is taken in any more; rows of earlier versions, and a request's own words in
    an error, may still hold it.
    """
    return web.json_response(data, status=status, headers=headers, dumps=_to_strict_json)


def _to_strict_json(data: Any) -> str:
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError:  # NaN and infinities, or (UnicodeEncodeError) half of a surrogate pair
        return json.dumps(clean(data), ensure_ascii=False, allow_nan=False)
    return text
