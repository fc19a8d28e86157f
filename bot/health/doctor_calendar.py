"""What `doctor` says about calendar feeds: whether calendar programs elsewhere can reach them."""

from __future__ import annotations

import json
import secrets

import aiohttp

from bot.config import Settings
from cogs.health import Check
from schedulezero.client.client import Client
from schedulezero.client.dialect import Feature
from schedulezero.errors import ClientError

_SECONDS = 10.0
_CODE = "calendar_not_found"
_MOST = 2000
_GUIDE = "See *Subscribe to the calendar* in the documentation."


async def check_calendars(settings: Settings, client: Client) -> Check | None:
    """Ask for a calendar that doesn't exist, at the public address; the server's own refusal is the proof.

    Returns None if the server has no feeds, or can't be asked.
    """
    try:
        if Feature.FEEDS in await client.lacks():
            return None
    except ClientError:
        return None  # the other checks report the reason
    if settings.calendar_url is None:
        said = "nobody can subscribe to a calendar; to allow it, set `calendar_url`"
        return Check("calendars", True, said)
    found = await _asked(settings.calendar_url)
    if found is None:
        return Check("calendars", True, f"calendar programs reach {settings.calendar_url}")
    return Check("calendars", False, f"{settings.calendar_url} {found}", _remedy(settings))


async def _asked(base: str) -> str | None:
    """Return what is wrong with the answer at the public address; None if it is our server's."""
    address = f"{base}/calendar/{secrets.token_hex(8)}.ics"
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.get(address, allow_redirects=False) as response,
        ):
            text = (await response.content.read(_MOST)).decode(errors="replace")
    except (aiohttp.ClientError, OSError) as error:
        return f"does not answer ({type(error).__name__})"
    return None if _is_ours(text) else f"answers {response.status}, but not with this server's calendars"


def _is_ours(text: str) -> bool:
    try:
        return json.loads(text)["error"]["code"] == _CODE
    except (ValueError, KeyError, TypeError):
        return False


def _remedy(settings: Settings) -> str:
    return f"Let the proxy there forward `/calendar/` to {settings.api_endpoint}. {_GUIDE}"
