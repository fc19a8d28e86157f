"""Discord's developer portal: what an application was granted, as Discord tells it to its bot.

simcord tells that no application was granted anything
(https://discord.com/developers/docs/resources/application#application-object-application-flags).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from simcord.http import router

_ROUTE = ("GET", ["oauth2", "applications", "@me"])


@contextmanager
def portal(**fields: Any) -> Iterator[dict[str, Any]]:
    """Let Discord tell these fields of the application, such as ``flags``, until the end; they may change."""
    method, template = _ROUTE
    routes = router._ROUTES[method]
    place = next(number for number, (known, _) in enumerate(routes) if known == template)
    _, before = routes[place]
    routes[place] = (template, lambda context: {**before(context), **fields})
    try:
        yield fields
    finally:
        routes[place] = (template, before)
