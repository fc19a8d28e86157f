"""What an owner sees from outside: metrics, the start screen, JSON logs, spans, events without secrets."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import discord
import httpx
import pytest
import sentry_sdk
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rich.console import Console

from bot.config import DEFAULT_SPROCKETS
from bot.health.screen import show_screen
from bot.logs import JsonFormatter, RunFilter, hide
from bot.observing import serving_metrics, trace_with, without_secrets
from bot.sprocket_specs import specs_of_sprockets
from cogs.rights.permissions import invite, invited, wanted
from cogs.services import offered_specs
from schedulezero import tracing
from schedulezero.errors import PortTaken
from schedulezero.wire.addresses import free_ports
from tests.conftest import until
from tests.support.granting import give_the_bot
from tests.support.world import World


def value(text: str, name: str) -> float:
    """A figure of Prometheus' text format."""
    return next(
        (float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name} ")), 0.0
    )


async def scraped(world: World) -> str:
    async with httpx.AsyncClient(base_url=world.settings.api_endpoint) as client:
        response = await client.get("/metrics")
    assert response.status_code == 200 and "text/plain" in response.headers["content-type"]
    return response.text


async def test_metrics_count_runs_and_requests(world: World) -> None:
    before = await scraped(world)
    values = {"channel_id": [world.channel], "message": "Hello"}
    job_id = await world.create(world.admin, "send_announcement", values, "in 2 hours")
    await world.admin.slash(world.channel, "schedule run", job=job_id)
    await world.message_in(world.channel, "Hello")
    name = 'schedulezero_runs_total{outcome="succeeded"}'

    async def counted() -> bool:
        return value(await scraped(world), name) == value(before, name) + 1

    await until(counted)
    after = await scraped(world)
    assert value(after, "schedulezero_run_lateness_seconds_count") > value(
        before, "schedulezero_run_lateness_seconds_count"
    )
    assert value(after, 'schedulezero_handler_up{handler_id="discord-bot"}') == 1
    for gauge in ("schedulezero_queue_depth", "schedulezero_runs_under_way"):
        assert f"\n{gauge} " in after


async def test_the_screen_says_how_everything_is_and_invites(world: World) -> None:
    output = io.StringIO()
    await show_screen(world.bot, asyncio.Event(), Console(file=output, width=300))
    text = output.getvalue()
    assert "server" in text and world.settings.api_endpoint in text
    assert "ok  database" in text and "!!  sprockets" not in text
    assert "permissions=" in text and "applications.commands" in text
    assert "ok  servers" in text and "Without these" not in text
    give_the_bot(world, discord.Permissions(view_channel=True))
    output.truncate(0)
    await show_screen(world.bot, asyncio.Event(), Console(file=output, width=1000))
    assert "Without these, some jobs are refused: Moonbase: " in output.getvalue()


def test_the_invitation_asks_what_the_jobs_need_and_no_more() -> None:
    few = specs_of_sprockets(["announcement"])
    query = parse_qs(urlsplit(invite(1, few)).query)
    permissions = discord.Permissions(int(query["permissions"][0]))
    assert permissions.mention_everyone and not permissions.manage_roles and not permissions.administrator
    assert "manage_roles" in wanted(specs_of_sprockets(["announcement", "roles"]))


def test_the_invitation_grants_everything_that_a_job_of_ours_needs() -> None:
    specs = specs_of_sprockets(DEFAULT_SPROCKETS)
    needed = {need.permission for spec in specs for need in spec.needs if need.of != "person"}
    assert {"manage_channels", "manage_roles", "mute_members", "create_events"} <= needed
    granted = invited(specs)
    assert all(getattr(granted, name) for name in needed) and not granted.manage_guild


async def test_a_run_has_its_id_in_each_of_its_lines(world: World) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(RunFilter())
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    try:
        values = {"channel_id": [world.channel], "message": "Hello"}
        job_id = await world.create(world.admin, "send_announcement", values, "in 2 hours")
        await world.admin.slash(world.channel, "schedule run", job=job_id)

        def both() -> Any:
            lines = [json.loads(line) for line in stream.getvalue().splitlines()]
            click = [line for line in lines if "on demand" in line["message"]]
            posted = [line for line in lines if line["message"] == "send_announcement done"]
            return (click, posted) if click and posted else None

        click, posted = await until(both)
        assert click[0]["run_id"] == posted[0]["run_id"] and click[0]["level"] == "info"
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(logging.WARNING)


async def test_runs_make_spans_when_somebody_asks(world: World) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_with(provider.get_tracer("test"))
    try:
        await world.run("send_announcement", {"channel_id": world.channel.id, "message": "Hello"})
    finally:
        tracing.use(None)
    assert [item.name for item in exporter.get_finished_spans()] == ["run send_announcement"]


def test_no_secret_goes_to_sentry() -> None:
    hide("hunter2-hunter2")
    sent: list[Any] = []
    with sentry_sdk.isolation_scope():
        client = sentry_sdk.Client(
            dsn="https://key@sentry.example/1", before_send=cast(Any, without_secrets), transport=sent.append
        )
        with sentry_sdk.new_scope() as scope:
            scope.set_client(client)
            try:
                raise ValueError("postgresql://me:hunter2-hunter2@host/db")
            except ValueError as error:
                scope.capture_exception(error)
        client.flush()
    assert sent and "hunter2" not in repr([item.get_event() for item in sent if hasattr(item, "get_event")])


def test_every_offered_job_has_its_permissions_declared(world: World) -> None:
    for spec in offered_specs(world.bot):
        assert all(getattr(discord.Permissions.all(), need.permission) for need in spec.needs), spec.name


async def test_the_bots_own_metrics_are_served_to_few_connections_at_once() -> None:
    (port,) = free_ports(1)
    async with serving_metrics(port, "127.0.0.1"):
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/metrics")
        assert answer.status_code == 200 and "schedulezero_runs" in answer.text
        async with asyncio.timeout(60):
            for reader, writer in silent[:60]:  # they made room for those that came later
                assert await reader.read() == b""
                writer.close()
        with pytest.raises(PortTaken, match="another `metrics_port`"):
            async with serving_metrics(port, "127.0.0.1"):
                pass
        for _, writer in silent[60:]:
            writer.close()
