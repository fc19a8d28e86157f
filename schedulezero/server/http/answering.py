"""Answers of the REST API in strict JSON, without ``Infinity`` or unpaired surrogates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from schedulezero.wire.storable import clean


def json_answer(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return an answer with a JSON body.

    The API rejects values that JSON can't represent, but rows of earlier versions, and error messages that
    quote a request, may still contain them; they are cleaned.
    """
    return web.json_response(data, status=status, headers=headers, dumps=_to_strict_json)


def _to_strict_json(data: Any) -> str:
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError:  # NaN and infinities, or (UnicodeEncodeError) unpaired surrogates
        return json.dumps(clean(data), ensure_ascii=False, allow_nan=False)
    return text
