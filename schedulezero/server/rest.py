"""The REST API as one application: its middlewares, its resources and its listening socket."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from schedulezero.errors import PortTaken
from schedulezero.server.api.audit import AuditResource
from schedulezero.server.api.bulk import BulkResource
from schedulezero.server.api.busiest import BusiestResource
from schedulezero.server.api.calendar_feed import CalendarResource
from schedulezero.server.api.feeds import FeedsResource
from schedulezero.server.api.front_page import FrontPageResource
from schedulezero.server.api.jobs import JobsResource
from schedulezero.server.api.limits import LimitsResource
from schedulezero.server.api.preview import PreviewResource
from schedulezero.server.api.rules import RulesResource
from schedulezero.server.api.runs import RunsResource
from schedulezero.server.api.schedules import SchedulesResource
from schedulezero.server.api.system import SystemResource
from schedulezero.server.api.troubles import TroublesResource
from schedulezero.server.config import ServerConfig
from schedulezero.server.http.access import Access, AccessRules, loopback_hosts
from schedulezero.server.http.connections import Connections
from schedulezero.server.http.errors import error_middleware, options_middleware, texts_middleware
from schedulezero.server.http.masks import Masks
from schedulezero.server.parts import Callees, Engine, Kept
from schedulezero.server.records.announcer import Announcer
from schedulezero.wire.addresses import is_loopback
from schedulezero.wire.port_owner import said_of_owner
from schedulezero.wire.protocol import MAX_FRAME_BYTES


async def answering(
    stack: AsyncExitStack,
    config: ServerConfig,
    kept: Kept,
    callees: Callees,
    engine: Engine,
    connections: Connections,
    now: Callable[[], datetime],
) -> web.Server:
    """Return the web server that answers requests from `connections` until the stack closes."""
    local = is_loopback(config.api_endpoint)
    rules_of_access = AccessRules(
        required=config.require_token or not local,
        hosts=loopback_hosts(config.api_endpoint) if local else None,
        own_token=config.own_token,
        requests_per_second=config.requests_per_second,
    )
    access = Access(rules_of_access, kept.tokens, connections)
    masks = Masks(callees.registry.schema, callees.registry.all_schemas)
    app = web.Application(
        middlewares=[
            connections.middleware(),
            error_middleware(kept.jobs.outage),
            access.middleware(),
            options_middleware,
            texts_middleware,
            masks.middleware(),
            _announcing(kept.announcer),
        ],
        client_max_size=MAX_FRAME_BYTES,
    )
    for resource in (
        JobsResource(engine.jobs, config.timezone, masks),
        BulkResource(engine.jobs, config.timezone, masks),
        RunsResource(kept.runs, kept.audit),
        AuditResource(kept.audit),
        TroublesResource(kept.troubles),
        RulesResource(kept.rules, config.limits),
        LimitsResource(engine.jobs),
        BusiestResource(kept.runs, now),
        FeedsResource(kept.feeds, now),
        CalendarResource(kept.feeds, kept.jobs, kept.runs, kept.rules, now, behind_proxy=config.behind_proxy),
        SchedulesResource(engine.jobs, callees.registry, engine.dispatcher, config.timezone, masks),
        PreviewResource(config.timezone, now),
        FrontPageResource(
            callees.registry,
            engine.health,
            kept.jobs.outlook,
            engine.dispatcher.waiting,
            access.may_read,
            now,
        ),
        SystemResource(callees.registry, config.to_json(), engine.health, kept.jobs.count_by_state),
    ):
        app.router.add_routes(resource.routes())
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    stack.callback(kept.announcer.close)  # runs before the cleanup above, which would wait for long polls
    assert runner.server is not None
    return runner.server


def _announcing(announcer: Announcer) -> Middleware:
    """Wake the waiting readers after each request that may have changed something."""

    @web.middleware
    async def announce(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        finally:
            if request.method not in ("GET", "HEAD"):
                announcer.announce()

    return announce


def listen(endpoint: str) -> socket.socket:
    """Return a socket that listens at an endpoint. Raises PortTaken when it can't."""
    parts = urlsplit(endpoint)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Not on Windows, where SO_REUSEADDR lets two programs share the port.
        if hasattr(socket, "SO_REUSEPORT"):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"REST cannot listen on {host}:{port}: {said_of_owner(port)} does. Stop it, or set another "
                "`api_endpoint`."
            ) from error
        raise PortTaken(
            f"REST cannot listen on {host}:{port} ({error.strerror}). Set another `api_endpoint`."
        ) from error
    listening.setblocking(False)
    return listening
