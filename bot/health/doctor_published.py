"""What `doctor` says about the kind of server that answers."""

from __future__ import annotations

from cogs.health import Check
from schedulezero.client.client import Client
from schedulezero.errors import ClientError


async def check_kind(client: Client) -> Check | None:
    """Say that the server is a published ScheduleZero server; None for our own or an unknown one."""
    try:
        published = await client.is_published()
    except ClientError:
        return None  # the other checks report the reason
    found = "a published ScheduleZero server, which lacks some features (docs: *On a published server*)"
    return Check("server", True, found) if published else None
