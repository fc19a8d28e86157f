"""``GET /``: a page for people about this server, in plain HTML.

It loads nothing, runs no script, and escapes everything. Without the token that the server needs, it shows no
more than ``GET /api/health`` does.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

from aiohttp import web

from schedulezero.errors import DatabaseUnavailable
from schedulezero.model import HandlerInfo, JsonObject
from schedulezero.server.handlers.registry import Registry
from schedulezero.server.health import Health
from schedulezero.version import installed_version

MOST_HANDLERS = 100
MOST_METHODS = 20
_REFERENCE = "https://schedulezero.github.io/schedulezero-discord/reference/rest/"

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
code { font-family: ui-monospace, monospace; font-size: .9em; }
ul { padding-left: 1.2rem; }
li { margin: .35rem 0; }
.badge { font-size: .85rem; font-weight: 600; padding: .1rem .5rem; border-radius: 1rem; }
.good { background: #1a7f3722; color: light-dark(#116329, #7ee2a8); }
.bad { background: #cf222e22; color: light-dark(#a40e26, #ffaba8); }
.handler { border: 1px solid #8886; border-radius: .5rem; padding: .6rem .8rem; margin: .6rem 0; }
.handler p { margin: .2rem 0; }
.muted { opacity: .75; font-size: .9rem; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

# Read as: a path of this server, and what is there.
_LINKS = (
    ("/api/openapi.json", "the REST API, described as OpenAPI"),
    ("/api/health", "whether this server is well"),
    ("/api/handlers", "the handlers, as JSON"),
    ("/api/schedules", "the schedules"),
    ("/api/executions", "what ran"),
    ("/metrics", "numbers for Prometheus"),
)


@dataclass(frozen=True, slots=True)
class Details:
    """The part of the page for clients that may read.

    Attributes:
        version: the server's version.
        handlers: the first handlers.
        more: how many more there are.
        outlook: how many jobs are active, and when the next one falls due; None if the database doesn't say.
        stranded: how many runs wait for handlers that are disconnected.
        now: the current instant.
    """

    version: str
    handlers: Sequence[HandlerInfo]
    more: int = 0
    outlook: tuple[int, datetime | None] | None = None
    stranded: int = 0
    now: datetime | None = None


def front_page(health: JsonObject, details: Details | None) -> str:
    """Return the page as HTML.

    Parameters:
        health: the report of ``GET /api/health``.
        details: what needs a token; None for a client without one.
    """
    well = health.get("status") == "ok"
    badge = f'<span class="badge {"good" if well else "bad"}">{escape(str(health.get("status")))}</span>'
    trouble = f"<p>{escape(str(health['trouble']))}</p>" if health.get("trouble") else ""
    links = "".join(f'<li><a href="{path}"><code>{path}</code></a>: {text}</li>' for path, text in _LINKS)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>ScheduleZero server</title><style>{_STYLE}</style></head><body><main>"
        "<h1>ScheduleZero server</h1>"
        "<p>This server keeps scheduled jobs and calls their handlers when the jobs fall due. People use it "
        "through a Discord bot, and programs over REST.</p>"
        f"{_version(details)}"
        f"<h2>Health</h2><p>{badge}</p>{trouble}"
        f"<p>{_waiting(health)}, and "
        f"{_count(health.get('runs_under_way'), 'is', 'are')} under way.{_stranded(details)}</p>"
        f"{_jobs(details)}{_handlers(details)}"
        f"<h2>For programs</h2><ul>{links}"
        f'<li><a href="{_REFERENCE}">REST reference</a>: how to use the API</li></ul>'
        "</main></body></html>"
    )


def _version(details: Details | None) -> str:
    return f'<p class="muted">Version {escape(details.version)}</p>' if details is not None else ""


def _stranded(details: Details | None) -> str:
    if details is None or not details.stranded:
        return ""
    return f" {_count(details.stranded, 'run waits', 'runs wait')} for handlers that are disconnected."


def _jobs(details: Details | None) -> str:
    if details is None or details.outlook is None:
        return ""
    count, next_at = details.outlook
    if count == 0:
        return "<h2>Jobs</h2><p>No job is active.</p>"
    due = f" The next run is due at {_clock(next_at)}." if next_at is not None else ""
    return f"<h2>Jobs</h2><p>{_count(count, 'job is', 'jobs are')} active.{due}</p>"


def _last_sign(info: HandlerInfo, now: datetime | None) -> str:
    if info.heard_at is None:
        return ""
    ago = f" ({_ago(now - info.heard_at)})" if now is not None else ""
    return f", last sign of life: {_clock(info.heard_at)}{ago}"


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _ago(span: timedelta) -> str:
    """Return a span in its largest unit, such as ``5 min ago``."""
    seconds = max(0, int(span.total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"


def _handlers(details: Details | None) -> str:
    if details is None:
        return "<h2>Handlers</h2><p>This server shows its handlers to clients with a token.</p>"
    if not details.handlers:
        return "<h2>Handlers</h2><p>No handler is registered.</p>"
    shown = "".join(_handler(info, details.now) for info in details.handlers[:MOST_HANDLERS])
    left = max(0, len(details.handlers) - MOST_HANDLERS) + details.more
    more = f"<p>{left} more are in <code>/api/handlers</code>.</p>" if left > 0 else ""
    return f"<h2>Handlers</h2>{shown}{more}"


def _handler(info: HandlerInfo, now: datetime | None) -> str:
    kind, status = ("good", "connected") if info.connected else ("bad", "disconnected")
    methods = ", ".join(f"<code>{escape(name)}</code>" for name in info.methods[:MOST_METHODS])
    left = len(info.methods) - MOST_METHODS
    return (
        f'<div class="handler"><p><strong>{escape(info.id)}</strong> '
        f'<span class="badge {kind}">{status}</span></p>'
        f'<p class="muted"><code>{escape(info.address)}</code>{_last_sign(info, now)}</p>'
        f"<p>{methods or 'No methods'}{f' and {left} more' if left > 0 else ''}</p></div>"
    )


def _waiting(health: JsonObject) -> str:
    """Say how many runs wait, which a server without its database doesn't know."""
    waiting = health.get("runs_waiting")
    return "How many runs wait is unknown" if waiting is None else _count(waiting, "run waits", "runs wait")


def _count(number: object, one: str, many: str) -> str:
    return f"{escape(str(number))} {one if number == 1 else many}"


class FrontPageResource:
    """The route handler of the page.

    Parameters:
        registry: the known handlers.
        health: the health of this node.
        outlook: returns how many jobs are active, and when the next one falls due.
        waiting: returns how many runs wait, by handler.
        may_read: tells whether a request may see what needs a token.
        now: returns the current instant.
    """

    def __init__(
        self,
        registry: Registry,
        health: Health,
        outlook: Callable[[], Awaitable[tuple[int, datetime | None]]],
        waiting: Callable[[], Counter[str]],
        may_read: Callable[[web.Request], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._registry = registry
        self._health = health
        self._outlook = outlook
        self._waiting = waiting
        self._may_read = may_read
        self._now = now

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.get("/", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        details = None
        if self._may_read(request):
            shown = await self._registry.list(MOST_HANDLERS)
            details = Details(
                installed_version(),
                shown,
                max(0, self._registry.count - MOST_HANDLERS),
                await self._known_outlook(),
                self._stranded(shown),
                self._now(),
            )
        text = front_page(await self._health.report(), details)
        return web.Response(text=text, content_type="text/html", headers=HEADERS)

    async def _known_outlook(self) -> tuple[int, datetime | None] | None:
        try:
            return await self._outlook()
        except DatabaseUnavailable:
            return None  # the health above says so

    def _stranded(self, shown: Sequence[HandlerInfo]) -> int:
        up = {info.id for info in shown if info.connected}
        up |= {handler_id for handler_id, alive in self._registry.signs_of_life() if alive}
        return sum(count for handler_id, count in self._waiting().items() if handler_id not in up)
