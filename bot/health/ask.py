"""``health``: reports whether the server is live or ready, for container health checks.

It needs no other program, such as curl, and no token: the server answers this to everyone. If the bot's
server runs elsewhere, it checks the handler's port instead, which the bot opens once it is logged in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from bot.config import Settings

_SECONDS = 4.0
_LARGEST_ANSWER = 64 * 1024


def add_health_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``health``."""
    parser.add_argument(
        "--live", action="store_true", help="ask whether its parts run, and not whether it takes requests"
    )
    parser.add_argument("--cluster", metavar="N/OF", help="which cluster is asked, with `server: external`")


def health(options: argparse.Namespace, settings: Settings) -> int:
    """Check the configured server or bot. Return 0 if it is healthy, or print a sentence and return 1."""
    if settings.server == "external":
        well, said = asyncio.run(listens(settings.handler_host, _port(options.cluster, settings)))
    else:
        what = "live" if options.live else "ready"
        well, said = asyncio.run(asked(settings.api_endpoint, what, settings.tls_authority))
    print(said)
    return 0 if well else 1


def _port(cluster: str | None, settings: Settings) -> int:
    from bot.cli.exit_status import USAGE, Unusable
    from bot.clusters import read_cluster

    try:
        return read_cluster(cluster or "1/1").port(settings.handler_port)
    except ValueError as error:
        raise Unusable(f"--cluster is {str(cluster)[:50]!r}: {error}.", USAGE) from error


async def listens(host: str, port: int) -> tuple[bool, str]:
    """Return whether a bot's handler listens, and a sentence about it."""
    from bot.health.unreachable import why_unreachable

    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        return False, f"The handler does not listen on {host}:{port} ({why_unreachable(error)})."
    writer.close()
    return True, f"The handler listens on {host}:{port}."


async def asked(endpoint: str, what: str, authority: str | None = None) -> tuple[bool, str]:
    """Return whether a server is ``live`` or ``ready``, and a sentence about it.

    Parameters:
        endpoint: The server's endpoint; if it listens on all interfaces, the check goes to this machine.
        what: ``live`` or ``ready``.
        authority: The path of the certificate authority to verify the server's certificate with.
    """
    import ssl

    import aiohttp

    from bot.health.unreachable import why_unreachable

    address = f"{local(endpoint)}/api/health/{what}"
    context = None
    if address.startswith("https:"):
        context = ssl.create_default_context(cafile=authority)
        # The certificate names the server's host, but this check may use a local address.
        context.check_hostname = local(endpoint) == endpoint.rstrip("/")
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(address, ssl=context if context is not None else True) as answer,
        ):
            report: Any = json.loads(await answer.content.read(_LARGEST_ANSWER))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return False, f"{address} does not answer ({why_unreachable(error)})."
    if not isinstance(report, dict) or what not in report:
        return False, f"{address} answers, but isn't the address of our server. Correct `api_endpoint`."
    if answer.status == 200:
        return True, f"The server is {what}."
    trouble = str(cast("dict[str, Any]", report).get("trouble", ""))
    return False, f"The server is not {what} ({answer.status}). {trouble}".strip()


def local(endpoint: str) -> str:
    """Return an endpoint's address as seen from the same machine."""
    parts = urlsplit(endpoint)
    if parts.hostname not in ("0.0.0.0", "::", "*"):
        return endpoint.rstrip("/")
    host = "[::1]" if parts.hostname == "::" else "127.0.0.1"
    return urlunsplit((parts.scheme, host + (f":{parts.port}" if parts.port else ""), "", "", ""))
