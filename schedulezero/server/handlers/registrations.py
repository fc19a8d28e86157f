"""Answers registering handlers, many at a time, so that a slow one doesn't block the others.

Accepts ``{"method": "register", "params": {…}}`` and also the older ``{"action": "register", …}``, whose
parameters may be next to the action. Every message gets an answer, and no message ends the loop. Beyond
loopback, and everywhere with `require_keys`, the socket uses CURVE and rejects peers whose key is not on the
list before their messages arrive here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence, Sized
from typing import Any, cast

import zmq
import zmq.asyncio

from schedulezero.errors import DatabaseUnavailable, PortTaken, ValueUnusable
from schedulezero.model import JsonObject
from schedulezero.server.handlers.crowd import MOST_METHODS, MOST_SCHEMA_BYTES, MOST_SCHEMA_DEPTH, Crowded
from schedulezero.server.handlers.registry import Registry, Taken
from schedulezero.server.records.instances import Instance
from schedulezero.wire.addresses import is_handler_address, is_loopback, is_own_address
from schedulezero.wire.doorkeeper import Doorkeeper
from schedulezero.wire.keys import KeyRing, proved_key
from schedulezero.wire.port_owner import said_of_owner
from schedulezero.wire.protocol import (
    MAX_FRAME_BYTES,
    PONG,
    BadFrame,
    decode,
    encode,
    envelope_of,
    failure,
    split_envelope,
)
from schedulezero.wire.shards import read_shards

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 10_000
_MOST_UNDER_WAY = 64
_MOST_WAITING = 16
"""The most messages of one peer that wait to be read, and the most that wait to be sent."""


def bind(socket: zmq.Socket[Any], address: str) -> None:
    """Have the socket of the registrations listen at `server_address`; raises PortTaken if it can't."""
    try:
        socket.bind(address)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            who = said_of_owner(int(address.rpartition(":")[2]))
            raise PortTaken(
                f"{who[0].upper()}{who[1:]} listens on {address}. Stop it, or set another `server_address`."
            ) from error
        raise PortTaken(f"`server_address` {address} cannot be bound: {error.strerror}.") from error


class Registrations:
    """The registration socket, bound from its creation until it is closed.

    Parameters:
        context: the ZeroMQ context that owns the socket.
        registry: stores the registered handlers.
        address: where to listen.
        doorkeeper: decides which peers may connect.
        keys: our own keys if the wire is encrypted.
        own_ports: the server's own ports, where no handler can listen.

    Raises PortTaken when the address can't be bound.
    """

    def __init__(
        self,
        context: zmq.asyncio.Context,
        registry: Registry,
        address: str,
        doorkeeper: Doorkeeper,
        keys: KeyRing | None = None,
        own_ports: Collection[int] = (),
    ) -> None:
        self._registry = registry
        self._keys = keys
        self._own_ports = own_ports
        self._socket = context.socket(zmq.ROUTER)
        for option, value in (
            (zmq.LINGER, 0),
            (zmq.MAXMSGSIZE, 2 * MAX_FRAME_BYTES),
            (zmq.RCVHWM, _MOST_WAITING),
            (zmq.SNDHWM, _MOST_WAITING),
        ):
            self._socket.setsockopt(option, value)
        self.monitor: zmq.asyncio.Socket = doorkeeper.guard(self._socket, keys)
        """Reports when connections open and close."""
        try:
            bind(self._socket, address)
        except PortTaken:
            self.close()
            raise

    async def serve(self) -> None:
        """Answer registrations until cancelled."""
        places = asyncio.Semaphore(_MOST_UNDER_WAY)
        async with asyncio.TaskGroup() as group:
            while True:
                parts = await cast(Any, self._socket).recv_multipart(copy=False)
                key = proved_key(parts[-1]) if self._keys is not None else None
                await places.acquire()
                task = group.create_task(self._serve_one([bytes(part) for part in parts], key))
                task.add_done_callback(lambda _: places.release())

    async def _serve_one(self, frames: list[bytes], key: str | None) -> None:
        try:
            answer = await self._answer(frames, key)
        except Exception:
            log.exception("a registration failed")
            answer = failure("The server failed on this; its log says why.")
        sending: Any = cast(Any, self._socket).send_multipart([*envelope_of(frames), encode(answer)])
        await sending

    def close(self) -> None:
        """Close the socket and free its address."""
        cast(Any, self._socket).disable_monitor()
        self.monitor.close(linger=0)
        self._socket.close(linger=0)

    async def _answer(self, frames: list[bytes], key: str | None) -> JsonObject:
        try:
            message = decode(split_envelope(frames)[1])
        except BadFrame as error:
            return failure(str(error))
        if self._keys is not None and not self._keys.lets_in(key):
            return failure(
                "This key was taken out of the list of keys that are let in."
            )  # since it connected
        method = message.get("method", message.get("action"))
        given = message.get("params", message)
        params = cast(JsonObject, given) if isinstance(given, dict) else {}
        if method == "register":
            return await self._register(params, key, older_form="method" not in message)
        if method == "report_status":
            return await self._report_status(params, key)
        if method == "ping":
            return dict(PONG)
        return failure(f"Unknown method: {str(method)[:100]}")

    async def _register(self, params: JsonObject, key: str | None, *, older_form: bool) -> JsonObject:
        handler_id, address = params.get("handler_id"), params.get("address")
        if not isinstance(handler_id, str) or not 0 < len(handler_id) <= 100:
            return failure('"handler_id" must be a text of 1 to 100 characters.')
        if not isinstance(address, str) or not is_handler_address(address):
            return failure('"address" must be where the handler listens, such as tcp://127.0.0.1:5000.')
        methods = _methods(params.get("methods", []))
        if methods is None:
            return failure(
                f'"methods" must be a list of at most {MOST_METHODS} method names of 1 to 100 characters.'
            )
        if is_own_address(address, self._own_ports):
            return failure(f'"address" must be where the handler listens; the server does at {address}.')
        if is_loopback(address) and not (self._keys is not None and self._keys.everywhere):
            key = None  # calls on this machine are in plain text
        elif key is None:
            return failure(
                "A handler beyond this machine registers over CURVE, at an address beyond loopback."
            )
        try:
            shards = read_shards(params["shards"]) if params.get("shards") is not None else None
        except ValueError as error:
            return failure(str(error))
        concurrency = _concurrency(params.get("concurrency"))
        schemas = _schemas(params.get("schemas"), methods)
        instance = Instance(
            handler_id, address, methods, concurrency, key, shards, schemas=schemas, older_form=older_form
        )
        try:
            known = await self._registry.register(instance)
        except Taken as error:
            log.warning("%s is refused as handler %r: %s", address, handler_id, error)
            return failure(
                f"{error} Another one cannot take its place without its key, nor stand beside it unless "
                "both declare their shards."
            )
        except (Crowded, ValueUnusable) as error:
            return failure(str(error))
        except zmq.ZMQError as error:
            return failure(f'"address" cannot be called ({error.strerror}).')
        except DatabaseUnavailable as error:
            log.error("handler %r cannot be registered: %s", handler_id, error)
            return failure("The database cannot be used now; register again in a moment.")
        status = "re-registered" if known else "registered"
        log.info("handler %r %s at %s with %s", handler_id, status, address, _counted(methods))
        return {
            "success": True,
            "handler_id": handler_id,
            "address": address,
            "status": status,
            "methods": list(methods),
            "digest": instance.digest,
            "message": f"Handler {handler_id} {status} with {_counted(methods)}.",
        }

    async def _report_status(self, params: JsonObject, key: str | None) -> JsonObject:
        handler_id, status, address = params.get("handler_id"), params.get("status"), params.get("address")
        if status not in ("online", "offline"):
            return failure('"status" must be "online" or "offline".')
        address = address if isinstance(address, str) else None
        digest = params.get("digest")
        digest = digest if isinstance(digest, str) else None
        if not isinstance(handler_id, str) or not await self._registry.report(
            handler_id, status, key, address, digest
        ):
            return failure("Handler not registered")
        return {"success": True, "handler_id": handler_id, "status": status}


def _schemas(value: Any, methods: Sequence[str]) -> dict[str, JsonObject]:
    """Return the JSON Schemas of methods, or none if they are too large. They are display only."""
    given = cast(JsonObject, value) if isinstance(value, dict) else {}
    found = {name: given[name] for name in methods if isinstance(given.get(name), dict)}
    small = _is_shallow(found, MOST_SCHEMA_DEPTH) and len(encode(found)) <= MOST_SCHEMA_BYTES
    return found if small else {}


def _is_shallow(value: Any, depth: int) -> bool:
    inner: list[Any] = []
    if isinstance(value, dict):
        inner = list(cast(JsonObject, value).values())
    elif isinstance(value, list):
        inner = cast("list[Any]", value)
    return depth > 0 and all(_is_shallow(item, depth - 1) for item in inner)


def _concurrency(value: Any) -> int:
    """Return how many calls a handler takes at once; 1 by default, as with a REP socket."""
    if isinstance(value, bool) or not isinstance(value, int):
        return 1
    return min(max(value, 1), _MOST_AT_ONCE)


def _methods(value: Any) -> tuple[str, ...] | None:
    """Return the method names of a registration, or None if they aren't a valid list of names."""
    if not isinstance(value, list):
        return None
    names: list[str] = []
    for name in value:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(name, str) or not 0 < len(name) <= 100 or len(names) >= MOST_METHODS:
            return None
        names.append(name)
    return tuple(dict.fromkeys(names))


def _counted(methods: Sized) -> str:
    return f"{len(methods)} method{'' if len(methods) == 1 else 's'}"
