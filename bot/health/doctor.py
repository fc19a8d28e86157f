"""``doctor``: checks what a running bot needs; each check is a line and a suggested fix."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from bot.app import expect_free
from bot.config import Settings, source_of
from bot.environment import told, unknown_variables
from bot.health.doctor_calendar import check_calendars
from bot.health.doctor_database import bots_on, check_database, check_server_of_database
from bot.health.doctor_discord import checks_on_discord
from bot.health.doctor_folder import check_folder, check_registered, is_own_bot, sprockets_of, unnamed_faults
from bot.health.doctor_published import check_kind
from bot.health.doctor_secrets import check_secrets
from bot.health.doctor_server import Answers, check_ports, check_server, keys_for, what_answers
from bot.logs import redact
from cogs.health import Check, own_instance
from cogs.hosting import keys_of
from cogs.sprocket_loading import loader
from schedulezero.client.client import Client
from schedulezero.client.dialect import Feature
from schedulezero.errors import (
    ClientError,
    Exposed,
    KeysUnusable,
    PortTaken,
)
from schedulezero.handler.registration import ping_server
from schedulezero.server.exposure import check_rest, tls_context
from schedulezero.wire.addresses import is_loopback
from schedulezero.wire.greeting import Wire, mismatch, wire_at

_NO_SERVER = {
    Wire.NOBODY: "nothing listens at {}",
    Wire.OTHER: "what listens at {} does not speak ZeroMQ 4",
}
_WRONG_ADDRESS = "Correct `server_address`: it is where the server's handlers register, not `api_endpoint`."


async def doctor(
    settings: Settings, token: str, config: str | None = None, *, server_only: bool = False
) -> int:
    """Print every check; return 1 if one fails, or else 0.

    Parameters:
        settings: The bot's or the server's settings.
        token: Discord's token.
        config: The settings file that was named, or None for the default one.
        server_only: Skip what only a bot needs, for a machine where `schedulezero-bot server` runs.
    """
    failed = False
    server_only = server_only or await _serves_alone(settings, token)
    if server_only:
        settings = settings.model_copy(update={"server": "embedded"})  # `server` itself runs with this
    async for check in _checks(settings, token, config, server_only=server_only):
        print(redact(str(check)), flush=True)
        failed = failed or not check.well
    return 1 if failed else 0


async def _serves_alone(settings: Settings, token: str) -> bool:
    """Return whether this machine runs a server and shows no sign of a bot: no token, process or handler."""
    if token or settings.server != "embedded" or is_own_bot(Path()) or await bots_on(settings):
        return False
    try:
        expect_free(settings.handler_port)
    except PortTaken:
        return False
    token_of_api = settings.api_token.get_secret_value() if settings.api_token is not None else None
    client = Client(settings.api_endpoint, token_of_api, settings.tls_authority)
    try:
        found, _ = await what_answers(client)
    finally:
        await client.close()
    return found is Answers.SERVER


async def _checks(
    settings: Settings, token: str, config: str | None, *, server_only: bool
) -> AsyncIterator[Check]:
    own = not server_only and is_own_bot(Path())
    if own:
        settings = settings.model_copy(update={"server": "external"})  # such a bot never starts one
    whose = (
        "for a server alone" if server_only else f"handler {settings.handler_id!r}, server {settings.server}"
    )
    yield Check("config", True, f"{source_of(config)}; {whose}")
    if unknown := unknown_variables():
        yield Check("environment", True, f"warning: {told(unknown)}")
    yield exposure(settings)
    yield await check_database(settings)
    if not server_only:
        yield await asyncio.to_thread(_sprockets, settings)
        if (secrets := await check_secrets(settings)) is not None:
            yield secrets
    api_token = settings.api_token.get_secret_value() if settings.api_token is not None else None
    client = Client(settings.api_endpoint, api_token, settings.tls_authority)
    try:
        found, told_health = await what_answers(client)
        running = found is Answers.SERVER
        bots = await bots_on(settings)
        async for check in check_ports(settings, found, bots, server_only=server_only):
            yield check
        trouble = None
        if found is not Answers.STRANGER:
            trouble = await check_server_of_database(settings, running=running)
        said = trouble is not None or found is not Answers.NOBODY
        if said or not own:
            yield trouble or check_server(settings, found, told_health, server_only=server_only)
        if own:
            for check in check_folder(Path(), running=said):
                yield check
        if running:
            async for check in _wire(settings):
                yield check
            if not server_only:
                yield await _handler(settings, client, bots, "python bot.py" if own else "run")
                yield await check_registered(settings, client, Path())
            if (kind := await check_kind(client)) is not None:
                yield kind
            if not server_only and (calendars := await check_calendars(settings, client)) is not None:
                yield calendars
            yield await _runs(client)
            async for check in _busiest(client):
                yield check
        if server_only:
            return
        async for check in checks_on_discord(settings, token, client if running else None):
            yield check
    finally:
        await client.close()


def exposure(settings: Settings) -> Check:
    """Check whether the embedded server would be open to other machines without TLS."""
    tls = None
    try:
        if settings.server == "embedded":
            tls = tls_context(settings.tls_certificate, settings.tls_key)
    except Exposed as error:
        return Check("exposure", False, "there can be no TLS", error.message)
    try:
        if settings.server == "embedded":
            check_rest(
                settings.api_endpoint,
                tls=tls is not None,
                behind_proxy=settings.behind_proxy,
                has_token=True,  # made with `token make`; the server warns at its start if there is none
            )
    except Exposed as error:
        said = "would have no TLS" if is_loopback(settings.api_endpoint) else "is open to other machines"
        return Check("exposure", False, f"{settings.api_endpoint} {said}", error.message)
    if settings.is_plain_beyond_this_machine:
        said = "open, and unguarded by `plain_zeromq`: anybody on the network path can read and forge calls"
        return Check("exposure", True, f"warning: {said}")
    local = is_loopback(settings.api_endpoint)
    return Check("exposure", True, "reached from this machine only" if local else "open, and guarded")


def _sprockets(settings: Settings) -> Check:
    """Import each sprocket that the bot will load, without loading it."""
    loader.look_around()  # `create_bot` does this too
    known, names = loader.available(), sprockets_of(settings, Path())
    absent = [name for name in names if name not in known]
    faults = [loader.fault_of(name) for name in names if name in known]
    trouble = [
        *(f"There is no sprocket “{name}”. There are: {', '.join(known)}." for name in absent),
        *(fault for fault in faults if fault is not None),
        *loader.clashes(),
    ]
    remedy = " ".join(trouble)
    warnings = [f"warning: {fault} It isn't loaded at start." for fault in unnamed_faults(names)]
    said = " ".join([", ".join(names) or "none load at start", *loader.replaced()])
    return Check("sprockets", not trouble, "; ".join([said, *warnings]), remedy)


async def _runs(client: Client) -> Check:
    """Report which of the newest runs need attention."""
    try:
        counts = await client.outcomes()
    except ClientError as error:
        return Check("runs", False, "their history cannot be read", error.message)
    bad = {name: counts.get(name, 0) for name in ("missed", "failed", "uncertain")}
    said = ", ".join(f"{count} {name}" for name, count in bad.items() if count)
    if not said:
        return Check("runs", True, "none failed, missed or uncertain")
    # These runs are over: worth a look, but not a sign that something is broken now.
    return Check(
        "runs",
        True,
        f"{said} in the history. `/schedule history` says why, and has Retry; for runs of no Discord server, "
        "ask `GET /api/executions`",
    )


async def _busiest(client: Client) -> AsyncIterator[Check]:
    """Report which servers keep the bot busiest; nothing if none has runs, or the server can't tell."""
    try:
        found = await client.busiest()
    except ClientError:
        return  # a published or an older server; the check of the runs reports other reasons
    said = "; ".join(
        f"{guild.guild_id}: {guild.waiting} waiting, {guild.ran} ran, "
        f"at most {guild.late.total_seconds():.1f} s late"
        for guild in found
    )
    if said:
        yield Check("busiest", True, f"Discord servers of the last hour: {said}")


async def _wire(settings: Settings) -> AsyncIterator[Check]:
    """Check what listens at `server_address`, and whether the bot and the server agree on keys."""
    address = settings.server_address
    encrypted = settings.require_keys or (not is_loopback(address) and not settings.plain_zeromq)
    found = await asyncio.to_thread(wire_at, address)
    if found in _NO_SERVER:
        yield Check("server_address", False, _NO_SERVER[found].format(address), _WRONG_ADDRESS)
        return
    if (trouble := mismatch(address, encrypted=encrypted, found=found)) is not None:
        yield Check("keys", False, f"this bot cannot register at {address}", trouble)
        return
    try:
        keys = keys_of(settings)
    except KeysUnusable as error:
        yield Check("keys", False, "cannot be used", error.message)
        return
    answers = await asyncio.to_thread(ping_server, address, keys)
    if answers:
        yield Check("server_address", True, f"{address} answers")
    elif not encrypted:
        said = f"what listens at {address} does not answer as a ScheduleZero server"
        yield Check("server_address", False, said, _WRONG_ADDRESS)
        return
    yield Check(
        "keys",
        answers,
        _wire_finding(settings, encrypted=encrypted),
        f"The server at {address} does not answer this side: set `server_key` to its public key and let this "
        "side's key in there (`schedulezero-bot keys` on each side), or share the folder `keys`.",
    )


def _wire_finding(settings: Settings, *, encrypted: bool) -> str:
    if settings.is_plain_beyond_this_machine:
        return "none, by `plain_zeromq`: anybody on the network path can read and forge calls"
    return "needed to register" if encrypted else "not needed on this machine"


async def _handler(settings: Settings, client: Client, bots: tuple[int, ...] | None, start: str) -> Check:
    """Check whether the handler is registered and answers.

    Parameters:
        settings: The bot's settings.
        client: A client of the server.
        bots: The process ids of the bot on this database; None if it can't be told.
        start: The command that starts it.
    """
    try:
        handlers = await client.handlers()
        tells = Feature.LIVENESS not in await client.lacks()
    except ClientError as error:
        return Check("handler", False, "the server does not tell", error.message)
    found = own_instance(handlers, settings.handler_id, settings.handler_address)
    if found is None:
        return Check(
            "handler",
            False,
            f"{settings.handler_id!r} is not registered",
            "The bot runs, and its log says why it isn't registered. Check `server_address`."
            if bots
            else f"Start the bot with `{start}`; it registers by itself. Check `server_address` if it does "
            "not.",
        )
    if found.address != settings.handler_address and settings.shards is None:
        return Check(
            "handler",
            False,
            f"{settings.handler_id!r} is taken by a bot at {found.address}",
            "Two bots bear one `handler_id`: stop one, or name this one otherwise.",
        )
    if not tells or bots == ():
        # The handler itself is asked: a published server calls every handler disconnected, and ours notices
        # some seconds later that a process was killed.
        connected = await asyncio.to_thread(ping_server, found.address, keys_for(settings, found.address))
    else:
        connected = found.connected
    if not connected:
        if bots == ():
            said = f"{settings.handler_id!r} is registered, and no bot is running on this database"
            return Check("handler", False, said, f"Start the bot with `{start}`.")
        return Check(
            "handler",
            False,
            f"{settings.handler_id!r} is registered at {found.address} and does not answer",
            f"Restart the bot (`{start}`), and see that nothing else uses `handler_port`.",
        )
    return Check("handler", True, f"{settings.handler_id!r} is registered with {len(found.methods)} jobs")
