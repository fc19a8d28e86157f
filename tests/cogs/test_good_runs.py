"""The call after a good run: who may have one, how many are made, and what is said of its address."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot.config import Settings
from cogs.background import success_pings
from cogs.background.ping_budget import (  # fmt: skip
    A_SECOND,
    A_SECOND_IN_A_GUILD,
    AT_ONCE,
    AT_ONCE_IN_A_GUILD,
    BURST_SECONDS,
    QUIET_SECONDS,
    PingBudget,
)
from cogs.background.success_pings import GoodRuns, ping_fault
from cogs.rights.run_guard import RunGuard
from schedulezero.errors import JobFailed
from schedulezero.handler.invocation import Invocation
from schedulezero.handler.run_context import RunContext
from schedulezero.methods.spec import MethodSpec, spec_of
from schedulezero.model import Job, Trigger
from schedulezero.wire.protocol import Call
from tests.conftest import until
from tests.support.alerting import alerts_to
from tests.support.granting import let_everybody_use
from tests.support.people import people
from tests.support.text import text_of
from tests.support.world import World, a_world, press, said

SECRET = "2f4a9c1e-s3cret"
TAKES = "Calling a URL after each successful run requires it."


class Watcher:
    """A service that waits for calls after good runs."""

    def __init__(self) -> None:
        self.url = ""
        self.calls = 0
        self.status = 200
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def handle(self, request: web.Request) -> web.Response:
        self.calls += 1
        await self.may_answer.wait()
        return web.Response(status=self.status)


@asynccontextmanager
async def watching() -> AsyncIterator[Watcher]:
    watcher, app = Watcher(), web.Application()
    app.router.add_route("*", "/{tail:.*}", watcher.handle)
    runner = web.AppRunner(app, shutdown_timeout=0, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    watcher.url = f"http://127.0.0.1:{runner.addresses[0][1]}/ping/{SECRET}?key={SECRET}"
    try:
        yield watcher
    finally:
        watcher.may_answer.set()
        await runner.cleanup()


# ---------------------------------------------------------------- who may have one


async def drafted(world: World, who: Any, ping: str) -> Any:
    """The card of a draft with a call after each good run."""
    values = {"channel_id": [world.channel], "message": "Hello"}
    preview = await world.draft(who, "send_announcement", values, "in 2 hours")
    await who.submit_modal(await press(who, preview.response, ".options"), {"o:#ping": ping})
    return preview.response


@pytest.mark.long
async def test_it_takes_the_right_of_a_web_call(world: World) -> None:
    scheduler = (await people(world))["scheduler"]
    let_everybody_use(world, "schedule")
    for who, refused in ((scheduler, True), (world.moderator, False)):
        card = await drafted(world, who, "https://hc-ping.com/x")
        assert (TAKES in text_of(card)) is refused, text_of(card)
    assert "*Manage Server*" in text_of(await drafted(world, scheduler, "https://hc-ping.com/x"))
    card = await drafted(world, scheduler, "")
    assert TAKES not in text_of(card)


@pytest.mark.long
async def test_an_import_with_one_takes_the_right_too(world: World) -> None:
    scheduler = (await people(world))["scheduler"]
    let_everybody_use(world, "schedule")
    entry = (
        "jobs:\n- do: send_announcement\n  when: every day at 9\n"
        f"  with:\n    channel_id: '{world.channel.id}'\n    message: Hi\n    ping_url: {{ping}}\n"
    )

    async def imported(who: Any, ping: str) -> str:
        file = ("jobs.yaml", entry.format(ping=ping).encode())
        return said(await who.slash(world.channel, "schedule import", file=file))

    assert TAKES in await imported(scheduler, "https://hc-ping.com/x")
    assert "1 job can be imported" in await imported(world.moderator, "https://hc-ping.com/x")
    for wrong in ("[1, 2]", "127.0.0.1", "gopher://x/", f"http://2130706433/{SECRET}", "{a: b}"):
        answer = await imported(world.moderator, wrong)
        assert "0 jobs can be imported" in answer and "Call after each successful run" in answer, answer
        assert SECRET not in answer


async def test_each_run_asks_for_the_right_again(settings: Settings) -> None:
    async with watching() as watcher, a_world(settings.model_copy(update={"private_calls": True})) as world:
        scheduler = (await people(world))["scheduler"]
        alerts = await alerts_to(world)
        client, guild_id = world.bot.services.client, str(world.guild.id)
        params = {"channel_id": str(world.channel.id), "message": "Hi", "ping_url": watcher.url}
        job = await client.create(_job(world, params, scheduler.id))
        await client.run(job)
        card = await until(lambda: next((m for m in alerts.history() if TAKES in text_of(m)), None))
        assert "*Manage Server*" in text_of(card) and SECRET not in text_of(card)
        assert (await client.job(job.id, guild_id)).state == "paused"
        assert world.channel.history() == [] and watcher.calls == 0


async def test_a_reminder_makes_none(world: World) -> None:
    function = world.handler.sprockets["remind"]
    run = RunContext(guild_id=str(world.admin.id), creator_id=str(world.admin.id))
    guard, spec = RunGuard(world.bot), spec_of("remind", function)
    await guard(run, spec, {})
    with pytest.raises(JobFailed, match="can't call an address") as caught:
        await guard(run, spec, {"ping_url": "https://example.org"})
    assert caught.value.pause and not caught.value.retry


def _job(world: World, params: dict[str, Any], creator_id: int) -> Job:
    return Job(
        id="", handler_id=world.handler.handler_id, method="send_announcement", params=params,
        trigger=Trigger("date", {"run_date": "2099-01-01T00:00:00Z"}), guild_id=str(world.guild.id),
        creator_id=str(creator_id),
    )  # fmt: skip


# ---------------------------------------------------------------- how many are made


def good_run(url: str, guild_id: str | None = "1") -> Invocation:
    context = {"guild_id": guild_id} if guild_id is not None else {}
    return Invocation(
        Call("x", {}, run_id="r", context=context), lambda bot, params: None, MethodSpec("x", "", ()),
        {"ping_url": url},
    )  # fmt: skip


async def test_a_guild_has_so_many_under_way_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with watching() as watcher:
        watcher.may_answer.clear()
        after = GoodRuns(allow_private=True)
        with caplog.at_level(logging.WARNING):
            for _ in range(3 * AT_ONCE_IN_A_GUILD):
                after(good_run(watcher.url))
            after(good_run(watcher.url, "2"))
            await until(lambda: watcher.calls == AT_ONCE_IN_A_GUILD + 1)
            watcher.may_answer.set()
            await after.close()
        assert watcher.calls == AT_ONCE_IN_A_GUILD + 1
        (line,) = [record.getMessage() for record in caplog.records]
        assert line == f"pings after good runs are dropped: {AT_ONCE_IN_A_GUILD} are under way for guild 1"
        after(good_run(watcher.url))  # what ended makes room
        await until(lambda: watcher.calls == AT_ONCE_IN_A_GUILD + 2)
        await after.close()


async def test_the_log_names_the_host_only(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(success_pings, "_BETWEEN_SECONDS", 0.0)
    async with watching() as watcher:
        after = GoodRuns(allow_private=True)
        with caplog.at_level(logging.DEBUG):
            for status, calls in ((404, 1), (503, 3)):
                watcher.status, watcher.calls = status, 0
                after(good_run(watcher.url))
                await after.close()
                assert watcher.calls == calls
                assert f"did not arrive: 127.0.0.1 answered {status}" in caplog.text
            after(good_run(watcher.url.replace("127.0.0.1", f"u:{SECRET}@127.1")))
            await after.close()
            refusing = GoodRuns(allow_private=False)
            refusing(good_run(watcher.url))
            await refusing.close()
        assert "on a private network" in caplog.text and "looks like an IP address" in caplog.text
        assert SECRET not in caplog.text


@pytest.mark.parametrize("url", [None, "", [], {}, 0, "https://hc-ping.com/x", " http://x.example:8080/y "])
def test_what_is_a_good_address_or_none(url: Any) -> None:
    assert ping_fault(url) is None


@pytest.mark.parametrize("url", [1, ["https://x.example"], {"a": 1}, True, "x", "https://x.example:0/"])
def test_what_is_not(url: Any) -> None:
    assert ping_fault(url)


def test_calls_of_a_guild_have_a_rate() -> None:
    budget, burst = PingBudget(), int(A_SECOND_IN_A_GUILD * BURST_SECONDS)

    def call(guild_id: str | None, now: float) -> str | None:
        refusal = budget.begin(guild_id, now)
        if refusal is None:
            budget.end(guild_id)
            return None
        return f"{refusal.first}: {refusal.reason}"

    assert [call("1", 0.0) for _ in range(burst)] == [None] * burst
    assert call("1", 0.0) == "True: more than 1 a second for guild 1"
    assert call("1", 0.5) == "False: more than 1 a second for guild 1"
    assert call("2", 0.5) is None and call(None, 0.5) is None
    assert call("1", 1.5) is None and call("1", 1.6) is not None
    assert call("1", QUIET_SECONDS + BURST_SECONDS) is None
    assert [call("1", QUIET_SECONDS + BURST_SECONDS) for _ in range(burst)][-1] is not None
    assert call("1", 2 * QUIET_SECONDS) is None


def test_all_guilds_together_have_a_rate_and_so_many_under_way() -> None:
    budget = PingBudget()
    for number in range(AT_ONCE):
        assert budget.begin(str(number), 0.0) is None
    refusal = budget.begin("another", 0.0)
    assert (
        refusal is not None and refusal.first and refusal.reason == f"{AT_ONCE} are under way for all guilds"
    )
    refusal = budget.begin("one more", 0.0)
    assert refusal is not None and not refusal.first
    for number in range(AT_ONCE):
        budget.end(str(number))
    made = sum(
        budget.begin(f"g{number}", 0.0) is None and not budget.end(f"g{number}") for number in range(2000)
    )
    assert made == A_SECOND * BURST_SECONDS - AT_ONCE


def test_accounts_of_guilds_are_forgotten_when_they_are_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogs.background.ping_budget._MOST_GUILDS", 3)
    budget = PingBudget()
    for number in range(3):
        assert budget.begin(str(number), 0.0) is None
    for number in range(2):
        budget.end(str(number))
    assert budget.begin("3", BURST_SECONDS * 2) is None
    assert set(budget._guilds) == {"2", "3"}  # pyright: ignore[reportPrivateUsage]
    budget.end("2")
