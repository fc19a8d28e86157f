"""``doctor``'s checks of the server at `api_endpoint`, and of the ports that the bot and the server need."""

from __future__ import annotations

import asyncio
import errno
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from enum import Enum, auto
from urllib.parse import urlsplit

import zmq

from bot.app import expect_free
from bot.config import Settings
from cogs.health import Check
from cogs.hosting import keys_of
from schedulezero.client.client import Client
from schedulezero.errors import BadAnswer, ClientError, KeysUnusable, PortTaken, RequestRefused, ServerBusy
from schedulezero.handler.registration import ping_server
from schedulezero.model import JsonObject
from schedulezero.server.service import bind, listen
from schedulezero.wire.keys import KeyRing

_SERVICE = "ScheduleZero"
_UNREADY = "It goes on by itself once that is over; until then it refuses changes, and runs wait."
_EVERY_HOST = {"*", "0.0.0.0", "::"}
_UNKNOWN_CODE = RequestRefused.code
"""The code of a refusal that isn't in our form."""


class Answers(Enum):
    """What answers at `api_endpoint`."""

    NOBODY = auto()
    SERVER = auto()
    STRANGER = auto()
    """Another program, such as a web server."""


async def what_answers(client: Client) -> tuple[Answers, JsonObject]:
    """Return what answers at the client's endpoint, and what a server tells of its health."""
    try:
        found = await client.health()
    except ServerBusy:
        return Answers.SERVER, {}
    except RequestRefused as error:
        # A server of ours refuses the token, in its own form; the checks that need one report that.
        return (Answers.STRANGER if error.code == _UNKNOWN_CODE else Answers.SERVER), {}
    except BadAnswer:
        return Answers.STRANGER, {}
    except ClientError:
        return Answers.NOBODY, {}
    return (Answers.SERVER if found.get("service") == _SERVICE else Answers.STRANGER), found


def check_server(settings: Settings, found: Answers, told: JsonObject, *, server_only: bool) -> Check:
    """Check what answers at `api_endpoint`.

    Parameters:
        settings: The bot's or the server's settings.
        found: What answers there.
        told: What a server tells of its health; a published server doesn't say whether it is ready.
        server_only: Name the command that runs a server alone.
    """
    endpoint = settings.api_endpoint
    if found is Answers.SERVER and told.get("ready") is False:
        said = f"{endpoint} answers, but isn't ready: {told.get('trouble') or 'it does not say why.'}"
        return Check("server", False, said, _UNREADY)
    if found is Answers.SERVER:
        return Check("server", True, f"{endpoint} answers")
    if found is Answers.STRANGER:
        remedy = "Correct `api_endpoint`, or stop the program that listens there."
        return Check("server", False, f"{endpoint} answers, but isn't a ScheduleZero server", remedy)
    if settings.server == "embedded":
        return Check("server", True, f"not running; `{'server' if server_only else 'run'}` starts it")
    return Check(
        "server",
        False,
        f"{endpoint} does not answer",
        "Start the server with `schedulezero-bot server`, correct `api_endpoint`, or set `server: embedded`.",
    )


async def check_ports(
    settings: Settings, found: Answers, bots: tuple[int, ...] | None, *, server_only: bool
) -> AsyncIterator[Check]:
    """Check whether the ports are free, or used by the processes that may use them.

    Parameters:
        settings: The bot's or the server's settings.
        found: What answers at `api_endpoint`.
        bots: The process ids of the bot on this database; None if it can't be told.
        server_only: Skip the handler's port.
    """
    if not server_only:
        yield await _handler_port(settings, bots, running=found is Answers.SERVER)
    for check in _clashes(settings, server_only=server_only):
        yield check
    if settings.server != "embedded":
        return
    if found is Answers.SERVER:
        yield Check("ports", True, f"api_endpoint {settings.api_endpoint} is used by a server")
        return
    for name, address, try_it in (
        ("api_endpoint", settings.api_endpoint, _listen),
        ("server_address", settings.server_address, _bind),
    ):
        try:
            try_it(address)
            yield Check("ports", True, f"{name} {address} is free")
        except PortTaken as error:
            taken = isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE
            if taken:
                remedy = f"Stop the program that listens there, or set another `{name}`."
                yield Check("ports", False, f"{name} {address} is taken", remedy)
            else:
                yield Check("ports", False, f"{name} {address} cannot be used", error.message)


def _listen(endpoint: str) -> None:
    listen(endpoint).close()


def _bind(address: str) -> None:
    """Bind `server_address` as the server does: libzmq takes addresses such as ``tcp://*:4242``."""
    with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
        bind(socket, address)


def _clashes(settings: Settings, *, server_only: bool) -> Iterator[Check]:
    """Yield a failed check for each two settings that name the same port."""
    wanted: list[tuple[str, str, int]] = []
    if not server_only:
        wanted.append(("handler_port", settings.handler_host, settings.handler_port))
        if settings.metrics_port is not None:
            wanted.append(("metrics_port", settings.handler_host, settings.metrics_port))
    if settings.server == "embedded":
        for name in ("api_endpoint", "server_address"):
            parts = urlsplit(getattr(settings, name))
            wanted.append((name, parts.hostname or "*", parts.port or 80))
    for (first, here, port), (second, there, other) in itertools.combinations(wanted, 2):
        hosts = {"127.0.0.1" if host == "localhost" else host for host in (here, there)}
        if port == other and (len(hosts) == 1 or hosts & _EVERY_HOST):
            said = f"`{first}` and `{second}` both name port {port}"
            yield Check("ports", False, said, "Give each of them a port of its own.")


async def _handler_port(settings: Settings, bots: tuple[int, ...] | None, *, running: bool) -> Check:
    port = settings.handler_port
    try:
        expect_free(port)
    except PortTaken as error:
        # A bot whose server is gone goes on listening; while there is a server, its handler is checked, too.
        may_be_ours = bots or running or (bots is None and settings.server == "external")
        if may_be_ours and await asyncio.to_thread(_handler_answers, settings):
            who = f"this bot (process {', '.join(map(str, bots))})" if bots else "a handler"
            return Check("ports", True, f"handler port {port} is used by {who}")
        return Check("ports", False, f"handler port {port} is taken", error.message)
    return Check("ports", True, f"handler port {port} is free")


def _handler_answers(settings: Settings) -> bool:
    try:
        return ping_server(settings.handler_address, keys_for(settings, settings.handler_address))
    except KeysUnusable:
        return False  # the check of the keys says why


def keys_for(settings: Settings, address: str) -> KeyRing | None:
    """Return the keys with which to ask this side's own handler; None if its wire is plain."""
    keys = keys_of(settings)
    return replace(keys, peer=keys.public) if keys is not None and keys.cover(address) else None
