"""The handler: answers the calls of a server and carries them out.

The names of `schedulezero.handler.handler` can be imported from here until the next release.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from schedulezero.moved import warn_moved

if TYPE_CHECKING:
    from schedulezero.handler.handler import Handler as Handler


def __getattr__(name: str) -> Any:
    module = importlib.import_module("schedulezero.handler.handler")
    if name.startswith("_") or not hasattr(module, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warn_moved(f"{__name__}.{name}", "schedulezero.handler.handler")
    return getattr(module, name)
