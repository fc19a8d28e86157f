"""Pings that somebody typed into a text, where they ping nobody. Pure.

A job pings the people that its text names, and a role or everyone only by the parameter for it, whose right
is checked. So that nobody relies on a ping that doesn't come, the card says so before a job is saved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cogs.language import t
from schedulezero.methods.spec import MethodSpec

_TYPED = re.compile(r"@(?:everyone|here)\b|<@&\d+>")


def typed_ping_caution(spec: MethodSpec, params: Mapping[str, Any]) -> str | None:
    """Return what a reader of the card should know about pings in a job's texts; None if there are none.

    Parameters:
        spec: The job's method.
        params: Its parameters. A ping that a parameter asks for is no mistake.
    """
    asked = {"@everyone", "@here"} if params.get("everyone") or params.get("ping") else set[str]()
    roles: list[Any] = [params.get("role_id"), *(params.get("role_ids") or ())]
    asked |= {f"<@&{role_id}>" for role_id in roles if role_id}
    texts = [value for value in params.values() if isinstance(value, str)]
    typed = [ping for text in texts for ping in _TYPED.findall(text) if ping not in asked]
    if not typed:
        return None
    ping = typed[0]
    if any(parameter.name in ("everyone", "role_id", "ping", "role_ids") for parameter in spec.parameters):
        return t(
            "{ping} in a text pings nobody. To ping a role or everyone, choose it in the form.", ping=ping
        )
    return t("{ping} in a text pings nobody.", ping=ping)
