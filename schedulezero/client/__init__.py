"""The client of the REST API, in both dialects.

The names of `schedulezero.client.client` can be imported from here until the next release.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from schedulezero.moved import warn_moved

if TYPE_CHECKING:
    from schedulezero.client.client import Client as Client
    from schedulezero.client.client import T as T


def __getattr__(name: str) -> Any:
    module = importlib.import_module("schedulezero.client.client")
    if name.startswith("_") or not hasattr(module, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warn_moved(f"{__name__}.{name}", "schedulezero.client.client")
    return getattr(module, name)
