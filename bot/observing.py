"""Monitoring for bot owners: metrics, Sentry and OpenTelemetry; the latter two if they are installed."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiohttp import web

from bot.logs import redact
from schedulezero import metrics, tracing
from schedulezero.background import run_in_background
from schedulezero.errors import PortTaken
from schedulezero.server.http.connections import Bounds, Connections
from schedulezero.server.service import listen

log = logging.getLogger(__name__)

_METRICS_CONNECTIONS = 32


@asynccontextmanager
async def serving_metrics(port: int, host: str) -> AsyncGenerator[None]:
    """Serve `/metrics` for a bot whose server runs elsewhere. Raises PortTaken if the port is in use.

    This doesn't use prometheus_client's own server, which starts an unlimited number of threads, one for each
    connection.
    """
    connections = Connections(Bounds(connections=_METRICS_CONNECTIONS, under_way=_METRICS_CONNECTIONS // 2))
    app = web.Application(middlewares=[connections.middleware()])
    app.router.add_get("/", _show_metrics)
    app.router.add_get("/metrics", _show_metrics)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    accepting: asyncio.Task[None] | None = None
    try:
        try:
            listening = listen(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
        except PortTaken as error:
            raise PortTaken(
                f"Metrics cannot be served on port {port}; set another `metrics_port`."
            ) from error
        assert runner.server is not None
        accepting = run_in_background(
            connections.accept(listening, runner.server, None), "taking connections to the metrics"
        )
        yield
    finally:
        if accepting is not None:
            accepting.cancel()
            await asyncio.wait((accepting,))
        await runner.cleanup()


async def _show_metrics(request: web.Request) -> web.Response:
    return web.Response(body=metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})


def observe() -> list[str]:
    """Start reporting to Sentry and OpenTelemetry, if the environment asks for it.

    Reads ``SENTRY_DSN`` and ``OTEL_EXPORTER_OTLP_ENDPOINT``.

    Returns the names of the services it reports to. Logs a warning about a service that is configured but not
    installed.
    """
    begun: list[str] = []
    if os.environ.get("SENTRY_DSN") and _have("sentry_sdk", "sentry-sdk"):
        sentry: Any = importlib.import_module("sentry_sdk")
        sentry.init(
            send_default_pii=False,
            include_local_variables=False,
            before_send=without_secrets,
            before_send_transaction=without_secrets,
        )
        begun.append("Sentry")
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") and _have(
        "opentelemetry.sdk.trace", "opentelemetry-sdk opentelemetry-exporter-otlp"
    ):
        _begin_tracing()
        begun.append("OpenTelemetry")
    return begun


def without_secrets(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    """Return an event for Sentry with all tokens and passwords hidden."""
    return _clean(event)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def _have(module: str, packages: str) -> bool:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError:
        log.warning("%s is not installed; it takes: pip install %s", module, packages)
        return False
    return True


def _begin_tracing() -> None:
    trace: Any = importlib.import_module("opentelemetry.trace")
    sdk: Any = importlib.import_module("opentelemetry.sdk.trace")
    export: Any = importlib.import_module("opentelemetry.sdk.trace.export")
    otlp: Any = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    trace_with(trace.get_tracer("schedulezero"))


def trace_with(tracer: Any) -> None:
    """Create a span for every run with this OpenTelemetry tracer."""

    @contextmanager
    def span(name: str, attributes: dict[str, str]) -> Generator[None]:
        with tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as current:
            try:
                yield
            except Exception as error:
                # OpenTelemetry's own handling would send the message and the traceback unredacted.
                status: Any = importlib.import_module("opentelemetry.trace")
                text = redact(f"{type(error).__name__}: {error}")
                current.set_status(status.Status(status.StatusCode.ERROR, text))
                current.add_event(
                    "exception", {"exception.type": type(error).__name__, "exception.message": text}
                )
                raise

    tracing.use(span)
