"""Who changed what: kept with each change, shown to managers, told in the log channel, never altered."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from cogs.desk.settings.audit_panel import entry_text
from schedulezero.instants import now
from schedulezero.model.audit import AuditEntry, Change
from tests.conftest import Api, execute, until
from tests.support.foreign_guild import Foreign
from tests.support.text import text_of
from tests.support.world import World, pick, press, said


async def changed_job(world: World) -> str:
    values = {"channel_id": [world.channel], "message": "Hello"}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9", name="Standup")
    shown = await world.moderator.slash(world.channel, "schedule edit", job=job_id, when="every friday at 10")
    await world.moderator.click(shown.response, label="Save the change")  # type: ignore[arg-type]
    return job_id


@pytest.mark.long
async def test_each_change_is_told_with_who_and_old_and_new(world: World) -> None:
    job_id = await changed_job(world)
    await world.admin.slash(world.channel, "schedule run", job=job_id)
    shown = await world.admin.slash(world.channel, "schedule setup")
    await press(world.admin, shown.response, "setup:approval")
    text = said(await world.admin.slash(world.channel, "schedule audit"))
    assert f"<@{world.moderator.id}> · **changed** · “Standup”" in text
    assert "When: every Monday at 09:00 → every Friday at 10:00" in text
    assert f"<@{world.admin.id}> · **created** · “Standup”" in text and "Message: Hello" in text
    assert "**run on demand**" in text
    assert "**settings changed**" in text and "Approval by a second person: no → yes" in text

    only = said(await world.admin.slash(world.channel, "schedule audit", person=world.moderator))
    assert "**changed**" in only and "**created**" not in only
    of_job = said(await world.admin.slash(world.channel, "schedule audit", job=job_id))
    assert "**created**" in of_job and "**settings changed**" not in of_job


def told(action: str, *changes: Change) -> str:
    entry = AuditEntry(1, now(), action, "7", "j", "Job", "5", changes=changes)
    return entry_text(entry).partition("\n")[2]


def test_an_entry_is_in_the_words_of_the_settings() -> None:
    new = [
        Change("params.channel_id", None, "123456789012345678"),
        Change("params.guild_id", None, "1576591634198429699"),
        Change("params.whole_server", None, False),
    ]
    assert told("created", *new) == "-# Channel: <#123456789012345678>"
    assert (
        told("paused", Change("held_until", None, "2026-12-03T16:00:00Z"))
        == "-# No runs until: <t:1796313600:f>"
    )
    assert told("skipped", Change("held_until", None, "2026-12-03T16:00:00Z")) == (
        "-# Skipped: <t:1796313600:f>"
    )
    assert told("resumed", Change("held_until", "2026-12-03T16:00:00Z", None)) == ""
    assert told("changed", Change("in_quiet_hours", False, True)) == (
        "-# In the server's quiet hours: skip the run → run anyway"
    )
    assert told("changed", Change("missed", "latest", "skip")) == (
        "-# Missed runs: run the latest only → skip them"
    )
    assert told("settings", Change("manager_role_ids", [], ["123456789012345678"])) == (
        "-# Roles that may schedule: – → <@&123456789012345678>"
    )
    assert told("settings", Change("language", None, "de")) == (
        "-# Language of alerts and posted changes: – → Deutsch"
    )
    assert told("rules", Change("holidays", None, "CH")) == "-# Off on public holidays in: – → Switzerland"
    assert told("settings", Change("habits.place", "DE-BY", "CH")) == (
        "-# Public holidays in: Germany (DE-BY) → Switzerland"
    )
    retried = entry_text(AuditEntry(1, now(), "made_up", "7", "j", "Job", "5"))
    assert "**retried or backfilled**" in retried


@pytest.mark.long
async def test_pages(world: World) -> None:
    job_id = await changed_job(world)
    for _ in range(10):
        await world.admin.slash(world.channel, "schedule run", job=job_id)
    shown = await world.admin.slash(world.channel, "schedule audit")
    assert "**created**" not in text_of(shown.response)
    await press(world.admin, shown.response, "audit:next")
    assert "**created**" in text_of(shown.response)
    await press(world.admin, shown.response, "audit:back")
    assert "**created**" not in text_of(shown.response)


@pytest.mark.long
async def test_the_log_channel_is_told_once_of_each(world: World) -> None:
    log = world.guild.create_text_channel("log")
    shown = await world.admin.slash(world.channel, "schedule setup")
    await pick(world.admin, shown.response, "setup:log", [log])
    await changed_job(world)
    await until(lambda: "**changed**" in "".join(message.content for message in log.history()))
    await world.restart_bot()
    await world.admin.slash(world.channel, "schedule timezone", zone="Europe/Berlin", whose="guild")
    text = "".join(message.content for message in log.history())
    assert text.count("**created**") == 1 and text.count("**changed**") == 1
    told = [
        entry.json
        for entry in world.env.backend.http_requests
        if entry.method == "POST" and entry.path == f"/channels/{log.id}/messages"
    ]
    assert told and all((body or {})["allowed_mentions"] == {"parse": []} for body in told)


async def test_an_address_is_told_without_what_may_be_secret_in_it(world: World) -> None:
    log = world.guild.create_text_channel("log")
    shown = await world.admin.slash(world.channel, "schedule setup")
    await pick(world.admin, shown.response, "setup:log", [log])
    values = {"url": "https://key:t0ken@hooks.example/services/s3cret?key=s3cret"}
    await world.create(world.admin, "call_web", values, "every monday at 9")
    await until(lambda: "**created**" in "".join(message.content for message in log.history()))
    text = "".join(message.content for message in log.history())
    text += said(await world.admin.slash(world.channel, "schedule audit"))
    assert text.count("https://hooks.example/…") == 2 and "s3cret" not in text and "t0ken" not in text


@pytest.mark.long
async def test_another_guild_sees_none_of_it(world: World) -> None:
    job_id, foreign = await changed_job(world), Foreign(world)
    assert "Standup" not in said(await foreign.eve.slash(foreign.channel, "schedule audit"))
    result = await foreign.eve.slash(foreign.channel, "schedule audit", job=job_id)
    assert "There is no job" in said(result)


async def test_changes_over_rest_are_kept_too(api: Api) -> None:
    job = {
        "handler_id": "nobody",
        "method": "send",
        "guild_id": "7",
        "trigger": {"type": "interval", "args": {"hours": 1}},
    }
    job_id = (await api.post("/api/jobs", json=job)).json()["job_id"]
    await api.patch(f"/api/jobs/{job_id}", json={"name": "Hourly"})
    await api.post("/api/executions/clear")
    answer = await api.post(
        "/api/audit", json={"action": "settings", "guild_id": "7"}, headers={"X-ScheduleZero-Actor": "5"}
    )
    assert answer.status_code == 201
    entries = (await api.get("/api/audit", params={"guild_id": "7"})).json()["entries"]
    assert [(item["action"], item["via"], item["actor_id"]) for item in entries] == [
        ("settings", "discord", "5"),
        ("changed", "rest", None),
        ("created", "rest", None),
    ]
    assert entries[1]["changes"] == [{"field": "name", "old": None, "new": "Hourly"}]
    everything = (await api.get("/api/audit")).json()["entries"]
    assert everything[1]["action"] == "history_cleared"
    later = (await api.get("/api/audit", params={"after": entries[2]["sequence"]})).json()["entries"]
    assert [item["action"] for item in later] == ["changed", "history_cleared", "settings"]


@pytest.mark.long
async def test_the_database_lets_nobody_rewrite_it(world: World) -> None:
    await changed_job(world)
    for statement in ("UPDATE audit SET actor_id = '1'", "DELETE FROM audit"):
        with pytest.raises(DBAPIError, match="only added to"):
            await execute(world.settings.database, statement)
