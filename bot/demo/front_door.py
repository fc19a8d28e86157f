"""The demo's web address: one port, one path for each place, and simcord's page with ours around it.

``/lounge`` or ``/@ada`` (Ada's direct messages with the bot) opens that place and redirects to its page, with
the secret that simcord's page asks for. The page itself and all that it asks for come from simcord, which
serves each place on a port of its own; this module passes them on, adds the scripts and styles in ``page/``,
and answers what those ask for (`demo_api`).
"""

from __future__ import annotations

import errno
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.demo.demo_api import DemoApi
from bot.demo.demo_languages import translated
from bot.demo.demo_pages import DemoPages
from schedulezero.errors import PortTaken
from schedulezero.wire.port_owner import said_of_owner

_HOSTS = ("127.0.0.1", "localhost")
_IDLE_SECONDS = 30.0
_MOST_BYTES = 27 * 2**20
"""A little more than simcord takes of one upload."""
_OURS = Path(__file__).parent / "page"
_PARTS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_HEAD = (
    '<link rel="icon" href="/demo/icon.svg"><link rel="stylesheet" href="/demo/page.css">'
    '<script type="module" src="/demo/page.js"></script></head>'
)
_PASSED_ON = ("Content-Type", "X-Simcord-Capability", "X-Simcord-Context")
_HOP_BY_HOP = frozenset(
    {"connection", "content-encoding", "content-length", "date", "server", "transfer-encoding"}
)


class FrontDoor:
    """Answers requests from the demo's page, and from nobody else."""

    def __init__(self, pages: DemoPages, session: aiohttp.ClientSession) -> None:
        self._pages, self._session = pages, session

    async def send_there(self, request: web.Request) -> web.StreamResponse:
        """Redirect the browser to a place's page; pass on the files of simcord's page beside it."""
        name = request.match_info["name"] or next(iter(self._pages.places))
        if name not in self._pages.places:
            return await self._file(request)
        preview = await self._pages.enter(name)
        page = f"{request.url.origin()}/{name}/#{urlsplit(preview.url).fragment}"
        raise web.HTTPFound(page, headers={"Cache-Control": "no-store"})

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Serve simcord's page with ours around it."""
        if request.match_info["name"] not in self._pages.places:
            raise self._nothing_there(request)
        status, headers, body = await self._asked(request, "/")
        return web.Response(status=status, headers=headers, body=body.replace(b"</head>", _HEAD.encode(), 1))

    async def part(self, request: web.Request) -> web.StreamResponse:
        """Serve one of our own files."""
        path = _OURS / request.match_info["file"]
        if path.suffix not in _PARTS or path.parent != _OURS or not path.is_file():
            raise web.HTTPNotFound
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=path.read_bytes(), content_type=_PARTS[path.suffix], headers=headers)

    async def open_page(self, request: web.Request) -> web.StreamResponse:
        """Open a page of simcord's as the person who reads."""
        body = await _json(request)
        body.setdefault("viewer_id", str(self._pages.reader.id))
        return _answer(await self._asked(request, request.path, json.dumps(body).encode()))

    async def commands(self, request: web.Request) -> web.StreamResponse:
        """Pass on the list of commands, in the reader's language."""
        status, headers, body = await self._asked(request, request.path)
        if status == 200:
            catalogue, backend = json.loads(body), self._pages.env.backend
            registered = {
                str(command["id"]): command
                for scope in backend.commands.values()
                for command in scope.values()
            }
            translated(catalogue, registered, self._pages.languages.of(self._pages.reader.id))
            body = json.dumps(catalogue, separators=(",", ":")).encode()
        return web.Response(status=status, headers=headers, body=body)

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """Pass on a request of simcord's page."""
        return _answer(await self._asked(request, request.raw_path, await request.read()))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        answer = await self._asked(request, request.raw_path)
        if answer[0] == 404:
            raise self._nothing_there(request)
        return _answer(answer)

    def _nothing_there(self, request: web.Request) -> web.HTTPNotFound:
        known = "\n".join(f"{request.url.origin()}/{name}" for name in self._pages.places)
        return web.HTTPNotFound(text=f"There is no such channel. These are there:\n{known}\n")

    async def _asked(
        self, request: web.Request, path: str, body: bytes | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask simcord's page, and return its status, headers and body; 410 if no page is open."""
        preview = self._pages.preview
        if preview is None:
            raise web.HTTPGone
        address = urlsplit(preview.url)
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        try:
            async with self._session.request(
                request.method,
                f"{address.scheme}://{address.netloc}{path}",
                headers=headers,
                data=body or None,
            ) as answer:
                kept = {
                    name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP
                }
                return answer.status, kept, await answer.read()
        except aiohttp.ClientError as error:  # the place was changed while the page asked
            raise web.HTTPGone from error


def _answer(answer: tuple[int, Mapping[str, str], bytes]) -> web.Response:
    status, headers, body = answer
    return web.Response(status=status, headers=headers, body=body)


async def _json(request: web.Request) -> dict[str, object]:
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest
    return body


@web.middleware
async def _only_our_page(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests from other web pages, as the REST API does.

    A link may come from another port of this machine, which browsers treat as the same site.
    """
    try:
        host = request.url.host or ""
    except ValueError:  # a port that is none
        raise web.HTTPBadRequest from None
    if host not in _HOSTS:  # a foreign page whose host name resolves to our address
        raise web.HTTPForbidden(text="The demo answers on this machine only.")
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    link = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.headers.get("Sec-Fetch-Dest") in (
        "document",
        None,
    )
    foreign_origin = origin is not None and origin != f"{request.scheme}://{request.host}"
    if foreign_origin or site == "cross-site" or (site == "same-site" and not link):
        raise web.HTTPForbidden(text="The demo is not for other web pages; open its address by itself.")
    return await handler(request)


@asynccontextmanager
async def front_door(pages: DemoPages, api: DemoApi, port: int) -> AsyncIterator[str]:
    """Serve the demo on a port (0 picks a free one) and yield the front door's address.

    Raises:
        PortTaken: If another program listens there, or this one may not.
    """
    async with aiohttp.ClientSession(auto_decompress=True) as session:
        door = FrontDoor(pages, session)
        app = web.Application(middlewares=[_only_our_page], client_max_size=_MOST_BYTES)
        app.add_routes(api.routes())
        app.router.add_get("/demo/{file}", door.part)
        app.router.add_post("/api/pages", door.open_page)
        app.router.add_get("/api/commands", door.commands)
        app.router.add_route("*", "/api/{rest:.+}", door.pass_on)
        for folder in ("fonts", "vendor"):
            app.router.add_get(f"/{folder}/{{rest:.+}}", door.pass_on)
        app.router.add_get("/{name:[^/]*}", door.send_there)
        app.router.add_get("/{name:[^/]*}/", door.show)
        runner = web.AppRunner(app, access_log=None, keepalive_timeout=_IDLE_SECONDS)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, "127.0.0.1", port).start()
            except OSError as error:
                who = said_of_owner(port)
                taken = f"{who[0].upper()}{who[1:]} listens on"
                why = taken if error.errno == errno.EADDRINUSE else "The demo may not use"
                raise PortTaken(f"{why} port {port}; give another one with --port.") from error
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await pages.leave()
            await runner.cleanup()
