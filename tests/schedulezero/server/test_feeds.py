"""Calendar feeds: what programs get at a secret address, how often, and that nobody else gets anything."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from icalendar import Calendar

from benchmarks.growing import grow
from schedulezero.instants import to_iso
from schedulezero.model import GuildRules, Job, Run, RunState, Trigger
from schedulezero.model.feed import FEEDS_OF_A_PERSON, Shown
from schedulezero.model.part import Part
from schedulezero.server.api.calendar_feed import address_of
from schedulezero.server.decisions.feed_events import MOST_EVENTS, MOST_OF_A_JOB, events_of
from schedulezero.server.decisions.feed_text import feed_text
from schedulezero.server.http.rates import Rates
from schedulezero.server.service import ServerConfig, serving
from tests.conftest import Api, execute
from tests.support.clocks import Clock
from tests.support.loop_watch import held_at_most, watched_loop
from tests.support.serving import served

GUILD, PERSON, OPEN, HIDDEN = "900", "42", "111111111111111111", "222222222222222222"
METHODS = {"send": ["channel_id", "channel_ids"]}
SHOWN = {"name": "Moonbase", "timezone": "Europe/Berlin", "channels": {OPEN: "general"}, "methods": METHODS}
ADA = {"X-ScheduleZero-Actor": PERSON}
DAILY = {"type": "cron", "args": {"hour": 19, "timezone": "Europe/Berlin"}}


class Served:
    """A server with feeds, and a client of it."""

    def __init__(self, api: Api, clock: Clock, config: ServerConfig) -> None:
        self.api, self.clock, self.config = api, clock, config

    async def job(self, name: str, params: Any = None, **changes: Any) -> str:
        body = {
            "handler_id": "raw", "method": "send",
            "params": params or {"channel_id": OPEN, "message": "psst"},
            "trigger": DAILY, "guild_id": GUILD, "creator_id": PERSON, "name": name, **changes,
        }  # fmt: skip
        response = await self.api.post("/api/jobs", json=body)
        assert response.status_code == 201, response.text
        return response.json()["job_id"]

    async def feed(self, **changes: Any) -> dict[str, Any]:
        body = {"place": GUILD, **SHOWN, **changes}
        response = await self.api.post("/api/feeds", json=body, headers=ADA)
        assert response.status_code == 201, response.text
        return response.json()

    async def poll(self, secret: str, method: str = "GET", **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.config.api_endpoint) as http:
            return await http.request(method, f"/calendar/{secret}.ics", headers=headers)

    async def titles(self, secret: str) -> set[str]:
        return {str(event["SUMMARY"]) for event in events(await self.poll(secret))}


def events(response: httpx.Response) -> list[Any]:
    assert response.status_code == 200, response.text
    calendar: Any = Calendar.from_ical(response.content)
    return calendar.walk("VEVENT")


@pytest_asyncio.fixture
async def desk(server_config: ServerConfig) -> AsyncIterator[Served]:
    clock = Clock()
    async with served(server_config, clock) as api:
        yield Served(api, clock, server_config)


async def test_a_calendar_program_gets_what_every_member_may_see(desk: Served) -> None:
    shown = await desk.job("Game night")
    await desk.job("Layoffs", {"channel_id": HIDDEN, "message": "x"})
    await desk.job("Partly", {"channel_ids": [OPEN, HIDDEN], "message": "x"})
    await desk.job("Nowhere", {"message": "x"})
    await desk.job("Odd", {"channel_id": f"<#{OPEN}>", "message": "x"})
    await desk.job("Other kind", {"channel_id": OPEN}, method="call")
    await desk.job("Elsewhere", guild_id="901")
    made = await desk.feed()
    response = await desk.poll(made["secret"])
    found = events(response)
    assert {str(event["SUMMARY"]) for event in found} == {"Game night"}
    assert 91 <= len(found) <= 93 and len({str(event["UID"]) for event in found}) == len(found)
    assert str(found[0]["UID"]).startswith(shown) and str(found[0]["LOCATION"]) == "#general"
    assert found[0]["DTSTART"].dt.tzinfo is not None and "psst" not in response.text
    calendar: Any = Calendar.from_ical(response.content)
    assert str(calendar["X-WR-CALNAME"]) == str(calendar["NAME"]) == "Moonbase"
    assert str(calendar["X-WR-TIMEZONE"]) == "Europe/Berlin"
    assert calendar["REFRESH-INTERVAL"].dt == timedelta(hours=1)
    assert str(calendar["X-PUBLISHED-TTL"]) == "PT1H"
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Cache-Control"].startswith("private")
    head = await desk.poll(made["secret"], "HEAD")
    assert head.status_code == 200 and not head.content and head.headers["ETag"] == response.headers["ETag"]


async def test_a_feed_that_has_not_changed_is_not_sent_again(desk: Served) -> None:
    job_id = await desk.job("Game night")
    made = await desk.feed()
    first = await desk.poll(made["secret"])
    etag, since = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in (
        {"If-None-Match": etag},
        {"If-None-Match": f'"x", W/{etag}'},
        {"If-Modified-Since": since},
    ):
        again = await desk.poll(made["secret"], **headers)
        assert again.status_code == 304 and not again.content and again.headers["ETag"] == etag
    changed = await desk.api.patch(f"/api/jobs/{job_id}", json={"name": "Film night"})
    assert changed.status_code == 200
    desk.clock.offset += timedelta(minutes=1)
    later = await desk.poll(made["secret"], **{"If-None-Match": etag, "If-Modified-Since": since})
    assert later.headers["ETag"] != etag and {str(item["SUMMARY"]) for item in events(later)} == {
        "Film night"
    }
    await desk.api.delete(f"/api/jobs/{job_id}")
    desk.clock.offset += timedelta(minutes=1)
    assert await desk.titles(made["secret"]) == set()


async def test_the_bot_says_what_may_be_shown_and_it_counts_at_once(desk: Served) -> None:
    await desk.job("Game night")
    made = await desk.feed()
    assert await desk.titles(made["secret"]) == {"Game night"}
    hidden = await desk.api.put("/api/feeds", json={"place": GUILD, **SHOWN, "channels": {}})
    assert hidden.json() == {"feeds": 1}
    assert await desk.titles(made["secret"]) == set()
    assert (await desk.api.get("/api/feeds/guilds")).json() == {"guilds": [GUILD]}


async def test_days_off_have_no_events(desk: Served) -> None:
    await desk.job("Game night")
    made = await desk.feed()
    days = [str((desk.clock() + timedelta(days=offset)).date()) for offset in range(120)]
    rules = await desk.api.put(f"/api/guilds/{GUILD}/rules", json={"dark_days": days})
    assert rules.status_code == 200
    assert await desk.titles(made["secret"]) == set()


async def test_nobody_gets_anything_without_the_secret(
    desk: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = await desk.feed()
    secret, feed = made["secret"], made["feed"]
    forged = feed["id"] + "A" * 43
    answers = [
        await desk.poll(text)
        for text in (forged, secret[:-1], f"{secret}x", feed["id"], "x", "%00", "..%2F..", secret.upper())
    ]
    assert {answer.status_code for answer in answers[:5]} == {404}
    assert all(answer.status_code in (400, 404) for answer in answers)
    assert len({answer.text for answer in answers[:5]}) == 1
    listed = (await desk.api.get("/api/feeds", params={"place": GUILD})).json()["feeds"]
    assert listed == [feed] and secret not in str(listed)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]
    assert secret[:-1] not in "\n".join(ours)
    audit = (await desk.api.get("/api/audit", params={"guild_id": GUILD})).json()["entries"]
    assert [entry["action"] for entry in audit] == ["feed_made"] and secret[16:] not in str(audit)


async def test_a_revoked_and_a_renewed_address_are_gone_at_once(desk: Served) -> None:
    await desk.job("Game night")
    made = await desk.feed()
    old, path = made["secret"], f"/api/feeds/{made['feed']['id']}"
    assert await desk.titles(old) == {"Game night"}
    assert (await desk.api.get("/api/feeds", params={"place": GUILD})).json()["feeds"][0]["polled_at"]
    for place in ("901", PERSON):
        assert (await desk.api.post(f"{path}/renew", json={"place": place})).status_code == 404
        assert (await desk.api.post(f"{path}/revoke", json={"place": place})).status_code == 404
    renewed = (await desk.api.post(f"{path}/renew", json={"place": GUILD}, headers=ADA)).json()
    assert renewed["feed"]["polled_at"] is None and renewed["secret"] != old
    assert (await desk.poll(old)).status_code == 404
    assert await desk.titles(renewed["secret"]) == {"Game night"}
    assert (await desk.api.post(f"{path}/revoke", json={"place": GUILD})).json() == {"status": "success"}
    assert (await desk.poll(renewed["secret"])).status_code == 404


@pytest.mark.parametrize("place", [GUILD, PERSON])
async def test_what_is_forgotten_takes_its_feeds_along(desk: Served, place: str) -> None:
    made = await desk.feed(place=place)
    assert (await desk.poll(made["secret"])).status_code == 200
    assert (await desk.api.delete(f"/api/guilds/{place}")).status_code == 200
    assert (await desk.poll(made["secret"])).status_code == 404
    assert (await desk.api.get("/api/feeds", params={"place": place})).json() == {"feeds": []}


async def test_a_persons_feed_holds_their_reminders_alone_with_their_texts(desk: Served) -> None:
    await desk.job("Tea", {"message": "Drink; the, tea"}, guild_id=PERSON, method="send_reminder")
    await desk.job("Game night")
    await desk.job("Theirs", {"message": "x"}, guild_id="43", creator_id="43", method="send_reminder")
    made = await desk.feed(place=PERSON, personal=True, channels={}, methods={})
    (first, *_) = found = events(await desk.poll(made["secret"]))
    assert {str(event["SUMMARY"]) for event in found} == {"Tea"}
    assert str(first["DESCRIPTION"]) == "Drink; the, tea"
    for _ in range(FEEDS_OF_A_PERSON - 1):
        await desk.feed(place=PERSON, personal=True)
    body = {"place": PERSON, **SHOWN, "personal": True}
    refused = await desk.api.post("/api/feeds", json=body)
    assert refused.status_code == 409 and refused.json()["error"]["code"] == "too_many_feeds"


async def test_who_asks_too_often_is_told_when_to_ask_again(desk: Served) -> None:
    made = await desk.feed()
    async with httpx.AsyncClient(base_url=desk.config.api_endpoint) as http:

        async def status(secret: str, address: str) -> httpx.Response:
            headers = {"X-Forwarded-For": f"10.0.0.1, {address}"}
            return await http.get(f"/calendar/{secret}.ics", headers=headers)

        answers = [await status("x" * 59, "203.0.113.7") for _ in range(70)]
        assert answers[0].status_code == 404 and answers[-1].status_code == 429
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert (await status(made["secret"], "203.0.113.8")).status_code == 200  # others still get in
        answers = [await status(made["secret"], f"203.0.113.{10 + number}") for number in range(80)]
        assert answers[0].status_code == 200 and answers[-1].status_code == 429  # one feed, from everywhere


def test_only_what_the_proxy_itself_appended_tells_who_asks() -> None:
    """A client writes lines and entries of its own before the proxy's, and can't get uncounted."""
    # Read as: the peer, whether a proxy elsewhere is trusted, the lines, and by what the client is counted.
    for peer, trusting, lines, counted in (
        ("127.0.0.1", False, ["9.9.9.9"], "9.9.9.9"),
        ("127.0.0.1", False, ["9.9.9.9", "8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", False, ["9.9.9.9, 7.7.7.7", "6.6.6.6, 8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", False, ["127.0.0.1", "8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", False, ["8.8.8.8", "127.0.0.1"], "forwarded"),
        ("127.0.0.1", False, ["::ffff:127.0.0.1"], "forwarded"),
        ("127.0.0.1", False, ["8.8.8.8", "rubbish"], "forwarded"),
        ("127.0.0.1", False, [""], "forwarded"),
        ("127.0.0.1", False, [], "loopback"),
        ("203.0.113.1", False, ["8.8.8.8"], "203.0.113.1"),
        ("203.0.113.1", True, ["127.0.0.1", "8.8.8.8"], "8.8.8.8"),
        ("203.0.113.1", True, ["127.0.0.1"], "forwarded"),
    ):
        assert address_of(peer, lines, trusting=trusting) == counted, (peer, lines)


async def test_a_guarded_server_answers_a_feed_and_nothing_else_without_a_token(
    server_config: ServerConfig,
) -> None:
    config = replace(server_config, require_token=True, own_token="own-token")
    async with served(config) as api:
        headers = {"Authorization": "Bearer own-token"}
        body = {"place": GUILD, **SHOWN}
        assert (await api.post("/api/feeds", json=body)).status_code == 401
        made = (await api.post("/api/feeds", json=body, headers=headers)).json()
        async with httpx.AsyncClient(base_url=config.api_endpoint) as http:
            behind = {"Host": "calendar.example.org", "Sec-Fetch-Site": "cross-site"}
            polled = await http.get(f"/calendar/{made['secret']}.ics", headers=behind)
            assert polled.status_code == 200 and "Access-Control-Allow-Origin" not in polled.headers
            assert (await http.post(f"/calendar/{made['secret']}.ics")).status_code == 405
            assert (await http.get("/calendar/../api/jobs")).status_code in (401, 404)


async def test_what_a_proxy_forwards_is_not_trusted_like_this_machine(desk: Served) -> None:
    for name, value in (("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=203.0.113.7")):
        assert (await desk.api.get("/api/jobs", headers={name: value})).status_code == 401
    assert (await desk.api.get("/api/jobs")).status_code == 200


async def test_the_database_has_no_secret_and_a_failure_logs_none(
    desk: Served, caplog: pytest.LogCaptureFixture
) -> None:
    made = await desk.feed()
    await execute(desk.config.database, "UPDATE feeds SET shown = '{}'")
    failed = await desk.poll(made["secret"])
    assert failed.status_code == 500 and "/calendar/…" in caplog.text and made["secret"] not in caplog.text


# -------------------------------------------------------------------- the pure parts

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def a_job(job_id: str, trigger: Trigger, **changes: Any) -> Job:
    job = Job(
        job_id, "raw", "send", {"channel_id": OPEN}, trigger, guild_id=GUILD, timezone="Europe/Berlin",
        anchor_at=NOW, next_run_at=NOW + timedelta(minutes=1), created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    return replace(job, **changes)


def test_no_busy_job_crowds_out_the_others_and_a_feed_is_bounded() -> None:
    minutely = Trigger("interval", {"minutes": 1})
    jobs = [a_job(f"m{number}", minutely, name="Busy") for number in range(30)]
    jobs.append(a_job("weekly", Trigger("interval", {"weeks": 1}), name="Weekly"))
    shown = Shown("Moonbase", channels={OPEN: "general"}, methods=METHODS)
    found = events_of(jobs, [], None, shown, personal=False, now=NOW)
    assert len(found) == MOST_EVENTS and sum(event.title == "Weekly" for event in found) == 14
    assert max(sum(event.uid.startswith(f"m{n}-") for event in found) for n in range(30)) <= MOST_OF_A_JOB


def test_a_job_with_a_part_in_a_hidden_channel_is_hidden() -> None:
    shown = Shown("Moonbase", channels={OPEN: "general"}, methods={**METHODS, "call": []})
    at = NOW + timedelta(minutes=1)
    daily = Trigger("interval", {"days": 1})
    # Read as: a part's method and params, and whether its job is in a feed.
    for method, params, is_shown in (
        ("send", {"channel_id": OPEN}, True),
        ("send", {"channel_ids": [OPEN, HIDDEN]}, False),
        ("send", {"channel_id": HIDDEN}, False),
        ("send", {}, True),  # it fails, and posts nowhere
        ("call", {"url": "https://a.example"}, True),
        ("unknown", {}, False),
    ):
        part = Part("t1", method, params, timedelta(hours=1))
        run = Run("tea", "raw", "send", {"channel_id": OPEN}, NOW - timedelta(days=1), RunState.SUCCEEDED)
        of_part = replace(run, method=method, params=params, part="t1", scheduled_at=NOW - timedelta(days=2))
        for job in (a_job("tea", daily, next_run_at=at, parts=(part,)), a_job("tea", daily, next_run_at=at)):
            runs = [run] if job.parts else [replace(run, part="main"), of_part]
            found = events_of([job], runs, None, shown, personal=False, now=NOW)
            assert bool(found) is is_shown, (method, params, job.parts)
            assert len(events_of([job], runs, None, shown, personal=True, now=NOW)) > 1


def test_a_run_keeps_its_event_after_it_began() -> None:
    at = NOW - timedelta(hours=1)
    job = a_job("tea", Trigger("interval", {"days": 1}), name="Tea", next_run_at=at + timedelta(days=1))
    shown = Shown("Moonbase", channels={OPEN: "general"}, methods=METHODS)
    before = events_of([replace(job, next_run_at=at)], [], None, shown, personal=False, now=at)[0]
    runs = [
        Run("tea", "raw", "send", {"channel_id": OPEN}, at, RunState.SUCCEEDED, name="Tea"),
        Run("tea", "raw", "send", {"channel_id": OPEN}, at - timedelta(days=1), RunState.FAILED, name="Tea"),
        Run("old", "raw", "send", {"channel_id": OPEN}, at - timedelta(days=30), RunState.SUCCEEDED),
        Run("tea", "raw", "send", {"channel_id": HIDDEN}, at, RunState.SUCCEEDED, name="Hidden"),
    ]
    after = events_of([job], runs, None, shown, personal=False, now=NOW)
    assert after[0].uid == before.uid and after[0].at == at
    assert [event.at for event in after[:2]] == [at, at + timedelta(days=1)]
    rules = GuildRules(GUILD, "UTC", dark_days=((at + timedelta(days=1)).date(),))
    first = events_of([job], [], rules, shown, personal=False, now=NOW)[0]
    assert first.at.date() == (at + timedelta(days=2)).date()


@pytest.mark.parametrize(
    "title",
    [
        "Game night",
        "a,b;c\\d\nBEGIN:VEVENT\r\nSUMMARY:x",
        "日本語" * 60,
        "🎲" * 40,
        "\u2028x\x00\x1by",
        "é" * 37,
    ],
)
def test_any_title_is_read_back_and_no_line_is_too_long(title: str) -> None:
    shown = Shown("Moonbase", channels={OPEN: "gene\nral"}, methods=METHODS)
    job = a_job("tea", Trigger("date", {"run_date": to_iso(NOW + timedelta(minutes=1))}), name=title)
    data = feed_text(
        events_of([job], [], None, shown, personal=False, now=NOW), name=title, zone="Europe/Berlin"
    )
    assert all(len(line) <= 75 for line in data.split(b"\r\n")) and b"\n\n" not in data
    calendar: Any = Calendar.from_ical(data)
    (event,) = calendar.walk("VEVENT")
    plain = title.replace("\r\n", "\n")
    for character in "\u2028\x00\x1b":
        plain = plain.replace(character, " ")
    assert str(event["SUMMARY"]) == plain
    assert event["DTSTART"].dt == NOW + timedelta(minutes=1)


def test_a_bucket_fills_again_as_time_goes_by() -> None:
    seconds = 0.0
    rates = Rates(2, 3, lambda: seconds)
    assert [rates.take("a") for _ in range(4)] == [0, 0, 0, 0.5] and rates.take("b") == 0
    seconds = 0.5
    assert rates.take("a") == 0 and rates.take("a") > 0
    assert not any(Rates(0, 0).take("a") for _ in range(100))


@pytest.mark.long
@pytest.mark.sqlite
async def test_two_thousand_busy_jobs_leave_the_servers_loop_alone(server_config: ServerConfig) -> None:
    clock = Clock()
    async with (
        serving(server_config, clock),
        Api(base_url=server_config.api_endpoint, timeout=60) as api,
    ):
        desk = Served(api, clock, server_config)
        later = to_iso(clock() + timedelta(hours=3))
        busy_job = {"cron": {"minute": "*"}, "starting": later, "timezone": "Europe/Berlin"}
        await desk.job("Busy", trigger={"type": "calendar", "args": busy_job})
        made = await desk.feed()
        grow(Path(server_config.database), 2000)
        async with watched_loop() as busy:
            response = await desk.poll(made["secret"])
        assert response.status_code == 200 and response.text.count("BEGIN:VEVENT") == MOST_EVENTS
        assert max(busy) < held_at_most() / 2
