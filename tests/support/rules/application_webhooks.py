"""A webhook that belongs to an application may post all components.

https://discord.com/developers/docs/resources/webhook#execute-webhook, ``with_components``: "when enabled,
allows application-owned webhooks to use all components and non-owned webhooks to use non-interactive
components". A webhook is the application's if its bot made it. simcord takes every webhook for somebody
else's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from simcord.http.routes import interactions


@contextmanager
def application_webhooks() -> Iterator[None]:
    """Take the webhooks for the application's own."""
    name = "_incoming_webhook_body"
    real = getattr(interactions, name)

    def body_of(ctx: Any) -> tuple[dict[str, Any], bool]:
        body = dict(ctx.body())
        with_components = str(ctx.params.get("with_components", "")).lower() in ("1", "true")
        if not with_components:
            body.pop("components", None)
        return body, with_components

    setattr(interactions, name, body_of)
    try:
        yield
    finally:
        setattr(interactions, name, real)
