"""A stand-in of the published ScheduleZero server, written from what one was seen to answer.

It answers dialect B of the REST API field by field, takes registrations on a ZeroMQ REP socket, and calls
handlers with REQ sockets: 10 s to answer, three attempts, 1 s before the second and 2 s before the third. It
has the real one's flaws, because the bot must live with them:

* without ``start_time``, an interval fires at once and a cron takes the present UTC time for local time;
* ``status`` in ``GET /api/handlers`` is always ``Disconnected``;
* executions are kept in memory only, and the newest 1,000 of them; handlers and schedules outlive a restart;
* a repeated ``job_id`` replaces a schedule, and any schedule can be deleted, whether it exists or not.

It runs in a thread of its own. ``scale`` shortens its time-outs and delays, and `advance` moves its clock.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import zmq
from aiohttp import web

from tests.support.published_times import first_fire, following_fire

MOST_KEPT = 1000
CALL_SECONDS = 10.0
BASE_DELAY_SECONDS = 1.0
ATTEMPTS = 3


class CallFailed(Exception):
    """A handler answered with an error, or not at all."""


@dataclass
class Schedule:
    """A schedule, with its trigger as it was sent."""

    id: str
    handler_id: str
    method: str
    params: dict[str, Any]
    trigger: dict[str, Any]
    created_at: datetime
    next_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "next_fire_time": self.next_at.isoformat() if self.next_at is not None else None,
            "trigger": f"{str(self.trigger['type']).capitalize()}Trigger({self.trigger})",
            "args": [self.handler_id, self.method, self.params, self.id],
        }


@dataclass
class Handler:
    """A registered handler and the cached connection to it."""

    id: str
    address: str
    methods: list[str]
    lock: threading.Lock = field(default_factory=threading.Lock)
    socket: Any = None


class PublishedServer:
    """The stand-in; start it, stop it, and start it again as a restart.

    Parameters:
        api_endpoint, server_address: where it listens.
        folder: where it keeps its handlers and schedules.
        scale: a factor for its time-outs and delays.
    """

    def __init__(self, api_endpoint: str, server_address: str, folder: Path, scale: float = 1.0) -> None:
        self.api_endpoint, self.server_address = api_endpoint, server_address
        self.scale = scale
        self.offset = timedelta()
        self.wrong_by = timedelta()
        """Added to the first fire of new schedules, as if its zones were wrong."""
        self.requests: list[tuple[str, str, Any]] = []
        """Every request: method, path with query, body."""
        self.registrations: list[dict[str, Any]] = []
        """Every message on the registration socket."""
        self.records: deque[dict[str, Any]] = deque(maxlen=MOST_KEPT)
        self.lifetime = 0
        self.handlers: dict[str, Handler] = {}
        self.schedules: dict[str, Schedule] = {}
        self._file = folder / "published.json"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def now(self) -> datetime:
        """The present instant by its clock."""
        return datetime.now(UTC) + self.offset

    def advance(self, **span: float) -> None:
        """Move its clock forward; what falls due fires."""
        self.offset += timedelta(**span)
        self._wake()

    def start(self) -> None:
        """Start; returns once both sockets listen."""
        self._stopping.clear()
        self.records.clear()
        self._load()
        ready = [threading.Event(), threading.Event()]
        self._threads = [
            threading.Thread(target=self._serve_rest, args=(ready[0],), daemon=True),
            threading.Thread(target=self._serve_registrations, args=(ready[1],), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        assert all(event.wait(60) for event in ready), "the stand-in does not start"

    def stop(self) -> None:
        """Stop at once, as when its process is killed: nothing is saved, and calls are given up."""
        self._stopping.set()
        self._wake()
        for thread in self._threads:
            thread.join(10)
        self._threads = []

    def _wake(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._changed.set)

    # ---------------------------------------------------------------- what it keeps on disk

    def _load(self) -> None:
        self.handlers, self.schedules = {}, {}
        if not self._file.exists():
            return
        kept = json.loads(self._file.read_text())
        for item in kept["handlers"]:
            self.handlers[item["id"]] = Handler(**item)
        for item in kept["schedules"]:
            for name in ("created_at", "next_at"):
                item[name] = datetime.fromisoformat(item[name]) if item[name] else None
            self.schedules[item["id"]] = Schedule(**item)

    def _save(self) -> None:
        handlers = [{"id": h.id, "address": h.address, "methods": h.methods} for h in self.handlers.values()]
        schedules = [vars(schedule) for schedule in self.schedules.values()]
        text = json.dumps({"handlers": handlers, "schedules": schedules}, default=lambda at: at.isoformat())
        self._file.write_text(text)

    # ---------------------------------------------------------------- registration

    def _serve_registrations(self, ready: threading.Event) -> None:
        context = zmq.Context()
        socket = context.socket(zmq.REP)
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind(self.server_address)
        ready.set()
        while not self._stopping.is_set():
            if socket.poll(20):
                socket.send(json.dumps(self._registered(json.loads(socket.recv()))).encode())
        socket.close(0)
        context.term()

    def _registered(self, message: dict[str, Any]) -> dict[str, Any]:
        self.registrations.append(message)
        params: dict[str, Any] = message.get("params") or {}
        match message.get("method"):
            case "register":
                handler_id, address = params["handler_id"], params["address"]
                methods = list(params.get("methods") or [])
                status = "re-registered" if handler_id in self.handlers else "registered"
                self.handlers[handler_id] = Handler(handler_id, address, methods)
                self._save()
                return {
                    "success": True, "handler_id": handler_id, "address": address, "status": status,
                    "methods": methods, "message": f"Handler '{handler_id}' {status}",
                }  # fmt: skip
            case "report_status":
                if params.get("handler_id") not in self.handlers:
                    return {"success": False, "error": "Handler not registered"}
                return {"success": True, "handler_id": params["handler_id"], "status": params.get("status")}
            case "ping":
                return {"success": True, "message": "pong"}
            case unknown:
                return {"success": False, "error": f"Unknown method: {unknown}"}

    # ---------------------------------------------------------------- calls

    def _call(self, handler: Handler, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Call a handler, again after a time-out; raise CallFailed in the end."""
        delay, failure = BASE_DELAY_SECONDS, CallFailed("")
        for attempt in range(ATTEMPTS):
            if attempt:
                self._stopping.wait(delay * random.uniform(0.5, 1.5) * self.scale)
                delay *= 2
            try:
                with handler.lock:
                    return self._attempt(handler, method, params)
            except CallFailed as error:
                failure = error
            if self._stopping.is_set():
                break
        raise failure

    def _attempt(self, handler: Handler, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        if handler.socket is not None:  # it pings before it uses a connection again
            self._ask(handler, {"method": "ping", "params": {}})
        answer = self._ask(handler, {"method": method, "params": dict(params)})
        if answer.get("success") is False:
            raise CallFailed(f"Handler returned error: {answer.get('error')}")
        return {**answer, "success": True}

    def _ask(self, handler: Handler, message: dict[str, Any]) -> dict[str, Any]:
        if handler.socket is None:
            handler.socket = zmq.Context.instance().socket(zmq.REQ)
            handler.socket.setsockopt(zmq.LINGER, 0)
            handler.socket.connect(handler.address)
        handler.socket.send(json.dumps(message).encode())
        left = CALL_SECONDS * self.scale
        while left > 0 and not self._stopping.is_set():
            if handler.socket.poll(20):
                return json.loads(handler.socket.recv())
            left -= 0.02
        handler.socket.close(0)
        handler.socket = None
        raise CallFailed(f"Timeout calling handler '{handler.id}'")

    def _execute(self, job_id: str, handler_id: str, method: str, params: Mapping[str, Any]) -> Any:
        began = self.now()
        record: dict[str, Any] = {
            "job_id": job_id, "handler_id": handler_id, "method_name": method,
            "started_at": began.isoformat(), "completed_at": None, "duration_ms": None,
            "status": "running", "result": None, "error": None,
        }  # fmt: skip
        self.records.appendleft(record)
        self.lifetime += 1
        try:
            if handler_id not in self.handlers:
                raise CallFailed(f"Handler '{handler_id}' not registered.")
            ended: dict[str, Any] = {"result": self._call(self.handlers[handler_id], method, params)}
            ended["status"] = "success"
        except CallFailed as error:
            ended = {"status": "error", "error": str(error)}
        now = self.now()
        ended |= {"completed_at": now.isoformat(), "duration_ms": (now - began).total_seconds() * 1000}
        record.update(ended)
        if record["status"] == "error":
            raise CallFailed(record["error"])
        return record["result"]

    # ---------------------------------------------------------------- the clock

    async def _fire_what_is_due(self) -> None:
        running: set[asyncio.Task[None]] = set()
        while not self._stopping.is_set():
            self._changed.clear()
            now = self.now()
            due = [
                item for item in self.schedules.values() if item.next_at is not None and item.next_at <= now
            ]
            for item in due:
                task = asyncio.create_task(self._fire(item))
                running.add(task)
                task.add_done_callback(running.discard)
                assert item.next_at is not None
                item.next_at = following_fire(item.trigger, item.next_at, now)
                if item.next_at is None:
                    del self.schedules[item.id]
            if due:
                self._save()
            waits = [(item.next_at - now).total_seconds() for item in self.schedules.values() if item.next_at]
            try:
                async with asyncio.timeout(min([*waits, 3600.0])):
                    await self._changed.wait()
            except TimeoutError:
                continue
        await asyncio.gather(*running)

    async def _fire(self, item: Schedule) -> None:
        try:
            await asyncio.to_thread(self._execute, item.id, item.handler_id, item.method, item.params)
        except CallFailed:
            return  # the record says so

    # ---------------------------------------------------------------- REST

    def _serve_rest(self, ready: threading.Event) -> None:
        asyncio.run(self._rest(ready))

    async def _rest(self, ready: threading.Event) -> None:
        self._changed = asyncio.Event()
        app = web.Application(middlewares=[self._noted])
        app.router.add_routes(
            [
                web.get("/", _page),
                web.get("/api/health", self._health),
                web.get("/api/config", self._config),
                web.get("/api/handlers", self._handlers),
                web.post("/api/schedule", self._schedule),
                web.post("/api/run_now", self._run_now),
                web.get("/api/schedules", self._schedules),
                web.delete("/api/schedules/{id:.+}", self._delete),
                web.get("/api/executions", self._executions),
                web.get("/api/executions/stats", self._stats),
                web.get("/api/executions/errors", self._errors),
                web.post("/api/executions/clear", self._clear),
                web.get("/view/{any}", _traceback),
            ]
        )
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        port = int(self.api_endpoint.rsplit(":", 1)[1])
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        self._loop = asyncio.get_running_loop()
        ready.set()
        try:
            await self._fire_what_is_due()
        finally:
            self._loop = None
            await runner.cleanup()

    @web.middleware
    async def _noted(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method == "OPTIONS":
            return web.Response(status=204)
        self.requests.append((request.method, request.path_qs, await _body(request)))
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return web.Response(status=404, text="<html>404: Not Found</html>", content_type="text/html")

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "service": "ScheduleZero"})

    async def _config(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "instance_name": "ScheduleZero (Default)",
                "description": "Config file not found.",
                "admin_contact": "N/A",
                "version": "N/A",
            }
        )

    async def _handlers(self, request: web.Request) -> web.Response:
        found = [
            {"id": item.id, "address": item.address, "methods": item.methods, "status": "Disconnected"}
            for item in self.handlers.values()
        ]
        return web.json_response({"handlers": found})

    def _refused(self, body: Any, wanted: tuple[str, ...]) -> web.Response | None:
        """Return why a call in a body can't be made; None if it can."""
        absent = [name for name in wanted if name not in body]
        if absent:
            return _error(400, f"Missing required fields: {absent}")
        if not isinstance(body["job_params"], dict):
            return _error(400, "'job_params' must be a dictionary/object.")
        handler = self.handlers.get(body["handler_id"])
        if handler is None:
            return _error(404, f"Handler '{body['handler_id']}' not registered.")
        if body["job_method"] not in (*handler.methods, "ping"):
            return _error(
                400, f"Method '{body['job_method']}' not exposed by handler '{body['handler_id']}'."
            )
        return None

    async def _schedule(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if "trigger" not in body:
            return _error(400, "Missing required field: 'trigger'")
        refused = self._refused(body, ("handler_id", "job_method", "job_params"))
        if refused is not None:
            return refused
        trigger = body["trigger"]
        now = self.now()
        try:
            if "args" in trigger:
                raise ValueError("unexpected keyword argument 'args'")
            next_at = first_fire(trigger, now) + self.wrong_by
        except (ValueError, TypeError, KeyError) as error:
            return _error(400, f"Invalid trigger configuration: {error}")
        made = f"{body['handler_id']}_{body['job_method']}_{now.timestamp()}"
        item = Schedule(
            str(body.get("job_id") or made), body["handler_id"], body["job_method"], body["job_params"],
            trigger, now, next_at,
        )  # fmt: skip
        self.schedules[item.id] = item
        self._save()
        self._changed.set()
        return web.json_response({"status": "success", "job_id": item.id}, status=201)

    async def _run_now(self, request: web.Request) -> web.Response:
        body = await _body(request)
        refused = self._refused(body, ("handler_id", "job_method", "job_params"))
        if refused is not None:
            return refused
        handler_id, method = body["handler_id"], body["job_method"]
        job_id = f"immediate_{handler_id}_{method}_{self.now().timestamp()}"
        try:
            result = await asyncio.to_thread(self._execute, job_id, handler_id, method, body["job_params"])
        except CallFailed as error:
            return _error(500, f"Failed to execute job: {error}")
        said = f"Job executed on handler '{handler_id}'"
        return web.json_response({"status": "success", "result": result, "message": said})

    async def _schedules(self, request: web.Request) -> web.Response:
        found = [item.to_json() for item in self.schedules.values()]
        return web.json_response({"schedules": found, "count": len(found)})

    async def _delete(self, request: web.Request) -> web.Response:
        schedule_id = request.match_info["id"]
        self.schedules.pop(schedule_id, None)
        self._save()
        said = f"Schedule '{schedule_id}' removed"
        return web.json_response({"status": "success", "message": said, "schedule_id": schedule_id})

    async def _executions(self, request: web.Request) -> web.Response:
        return self._listed(request, "records", request.query.get("status"))

    async def _errors(self, request: web.Request) -> web.Response:
        return self._listed(request, "errors", "error")

    def _listed(self, request: web.Request, key: str, status: str | None) -> web.Response:
        try:
            limit = min(int(request.query.get("limit", "100")), MOST_KEPT)
        except ValueError as error:
            return _error(400, f"Invalid parameter: {error}")
        query = request.query
        found = [
            record
            for record in self.records
            if record["handler_id"] == query.get("handler_id", record["handler_id"])
            and record["job_id"] == query.get("job_id", record["job_id"])
            and record["status"] == (status or record["status"])
        ][:limit]
        return web.json_response({"count": len(found), "limit": limit, key: found})

    async def _stats(self, request: web.Request) -> web.Response:
        counts = Counter(record["status"] for record in self.records)
        by_handler: dict[str, Counter[str]] = {}
        for record in self.records:
            by_handler.setdefault(record["handler_id"], Counter()).update(["total", record["status"]])
        total, spans = len(self.records), [r["duration_ms"] for r in self.records if r["duration_ms"]]
        return web.json_response(
            {
                "total_executions": total,
                "lifetime_executions": self.lifetime,
                "success_count": counts["success"],
                "error_count": counts["error"],
                "success_rate": 100 * counts["success"] / total if total else 0.0,
                "avg_duration_ms": sum(spans) / len(spans) if spans else 0.0,
                "by_handler": by_handler,
                "buffer_size": MOST_KEPT,
            }
        )

    async def _clear(self, request: web.Request) -> web.Response:
        self.records.clear()
        return await _traceback(request)


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"code": status, "message": message}}, status=status)


async def _body(request: web.Request) -> Any:
    text = await request.read()
    return json.loads(text) if text else None


async def _page(request: web.Request) -> web.Response:
    return web.Response(text="<html>ScheduleZero</html>", content_type="text/html")


async def _traceback(request: web.Request) -> web.Response:
    return web.Response(status=500, text="Traceback (most recent call last): …")
