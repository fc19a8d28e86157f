"""The client of the REST API, in both dialects.

The names of `schedulezero.client.client` can be imported from here until the next release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schedulezero.moved import names_of

if TYPE_CHECKING:
    from schedulezero.client.client import Client as Client
    from schedulezero.client.client import T as T

__getattr__ = names_of(__name__, "schedulezero.client.client")
