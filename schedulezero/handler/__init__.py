"""The handler: receives a server's calls and runs job functions.

The names of `schedulezero.handler.handler` can be imported from here until the next release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schedulezero.moved import names_of

if TYPE_CHECKING:
    from schedulezero.handler.handler import Handler as Handler

__getattr__ = names_of(__name__, "schedulezero.handler.handler")
