"""Which params of a job are secrets: not everyone who may see the job may read them. Pure.

A parameter that declares itself `secret` is one. In a job that calls an address, so are the address and what
is sent there. Of a method that isn't known, and of params that it doesn't declare, the names tell, at any
depth. A method's JSON Schema marks its secrets as ``writeOnly``, so that the server knows them, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from schedulezero.methods.parameters import Kind, names_an_address, tells_a_secret
from schedulezero.methods.spec import CALLING, MethodSpec

_SENT = (Kind.URL, Kind.TEXT, Kind.LONG_TEXT, Kind.OBJECT, Kind.LIST)


def is_secret(spec: MethodSpec | None, name: str) -> bool:
    """Return whether a param is a secret; ``spec`` is None if its method isn't known."""
    parameter = spec.parameter(name) if spec is not None else None
    if spec is None or parameter is None:
        return is_secret_by_name(name)
    if any(item.secret for item in spec.parameters):
        return parameter.secret
    if CALLING in spec.needs:
        return parameter.kind in _SENT
    return parameter.kind is Kind.URL and "webhook" in name.casefold()


@lru_cache(4096)
def is_secret_by_name(name: str) -> bool:
    """Return whether a param is a secret as far as its name tells: an address, a token, what is sent."""
    return tells_a_secret(name) or names_an_address(name)


def open_by_name(value: Any) -> Any:
    """Return a JSON value without what is a secret by its name, at any depth."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {name: open_by_name(item) for name, item in items if not is_secret_by_name(str(name))}
    return [open_by_name(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value
