"""Looking after jobs: list, show, edit, pause, resume, run, cancel with Undo, history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schedulezero import instants
from schedulezero.model import JobState
from tests.conftest import until
from tests.support.scheduling import scheduled
from tests.support.text import text_of
from tests.support.world import World, labels, press, said


@pytest.mark.long
async def test_the_list_shows_pages_next_run_first(world: World) -> None:
    for number in range(10):
        await scheduled(world, f"Job {number}", f"in {20 - number} hours")
    listed = await world.admin.slash(world.channel, "schedule list")
    first = text_of(listed.response)
    assert first.index("Job 9") < first.index("Job 8") < first.index("Job 2")
    assert "Job 1" not in first and "page 1 of 2 · 10 jobs" in first
    assert labels(listed.response)[-3:] == ["Next", "Filter…", "Refresh"]
    await world.admin.click(listed.response, label="Next")  # type: ignore[arg-type]
    second = text_of(listed.response)
    assert "Job 1" in second and "Job 0" in second and "Job 9" not in second
    assert "Previous" in labels(listed.response) and "Next" not in labels(listed.response)
    await world.admin.click(listed.response, label="Previous")  # type: ignore[arg-type]
    assert text_of(listed.response) == first


@pytest.mark.long
async def test_the_list_is_filtered_by_state_and_text(world: World) -> None:
    job_id = await scheduled(world, "Game night")
    await scheduled(world, "Book club")
    await world.admin.slash(world.channel, "schedule pause", job=job_id)
    paused = said(await world.admin.slash(world.channel, "schedule list", state="paused"))
    assert "Game night" in paused and "Book club" not in paused
    found = said(await world.admin.slash(world.channel, "schedule list", text="BOOK"))
    assert "Book club" in found and "Game night" not in found
    assert "Nothing matches" in said(await world.admin.slash(world.channel, "schedule list", text="zebra"))


@pytest.mark.long
async def test_picking_from_the_list_opens_the_card(world: World) -> None:
    job_id = await scheduled(world)
    listed = await world.admin.slash(world.channel, "schedule list")
    await press(world.admin, listed.response, f"job:show:{job_id}")
    text = text_of(listed.response)
    assert "every Monday at 09:00 (UTC)" in text and "> Hello" in text
    assert labels(listed.response) == [
        "Run now", "Pause", "Pause until…", "Skip next", "Edit", "Clone", "History", "Changes", "Refresh",
        "Close", "Cancel this job",
    ]  # fmt: skip


@pytest.mark.long
async def test_jobs_are_suggested_by_name(world: World) -> None:
    job_id = await scheduled(world, "Game night")
    await scheduled(world, "Book club")
    for command in ("show", "edit", "cancel", "pause", "run", "history"):
        choices = await world.admin.autocomplete(world.channel, f"schedule {command}", "job", "game")
        assert [choice["value"] for choice in choices] == [job_id], command
        assert choices[0]["name"].startswith("Game night · every Monday")
    assert await world.admin.autocomplete(world.channel, "schedule resume", "job", "") == []


async def test_pause_and_resume(world: World) -> None:
    job_id = await scheduled(world)
    card = await world.admin.slash(world.channel, "schedule pause", job=job_id)
    assert "Paused: Hello" in said(card) and "⏸ paused" in said(card)
    await world.admin.click(card.response, label="Resume")  # type: ignore[arg-type]
    assert "Resumed: Hello" in text_of(card.response)
    assert "▶ active" in said(await world.admin.slash(world.channel, "schedule show", job=job_id))


async def test_run_now_posts_and_the_history_tells(world: World) -> None:
    job_id = await scheduled(world, "On demand")
    await world.admin.slash(world.channel, "schedule run", job=job_id)
    message = await world.message_in(world.channel, "On demand")

    async def told() -> str | None:
        text = said(await world.admin.slash(world.channel, "schedule history", job=job_id))
        return text if "✅ done" in text else None

    text = await until(told)
    assert message.jump_url in text and "Run on demand" in text
    assert "History of “On demand” · 1 run\n" in text


@pytest.mark.long
async def test_cancelling_asks_first_and_can_be_undone(world: World) -> None:
    job_id = await scheduled(world)
    asked = await world.admin.slash(world.channel, "schedule cancel", job=job_id)
    assert "Cancel “Hello”?" in said(asked)
    await world.admin.click(asked.response, label="Keep it")  # type: ignore[arg-type]
    assert "▶ active" in text_of(asked.response)
    await world.admin.click(asked.response, label="Cancel this job")  # type: ignore[arg-type]
    await world.admin.click(asked.response, label="Cancel the job")  # type: ignore[arg-type]
    assert "will no longer run" in text_of(asked.response)
    assert "Nothing is scheduled here yet" in said(await world.admin.slash(world.channel, "schedule list"))
    gone = said(await world.admin.slash(world.channel, "schedule show", job=job_id))
    assert "“Hello” was cancelled." in gone
    await world.admin.click(asked.response, label="Undo")  # type: ignore[arg-type]
    assert "Job restored: Hello" in text_of(asked.response)
    assert "Hello" in said(await world.admin.slash(world.channel, "schedule list"))


@pytest.mark.long
async def test_an_edit_keeps_the_schedule_that_it_does_not_touch(world: World) -> None:
    job_id = await scheduled(world)
    before = await world.bot.services.client.job(job_id, str(world.guild.id))
    panel = await world.admin.slash(world.channel, "schedule edit", job=job_id)
    assert "Your change" in said(panel) and "every Monday at 09:00" in said(panel)
    form = await press(world.admin, panel.response, ".when")
    assert form.modal is not None
    when = form.modal["components"][0]
    assert "keep: every Monday at 09:00" in when["description"]
    assert when["component"]["required"] is False
    await world.admin.submit_modal(form, {"when": ""})
    what = await press(world.admin, panel.response, ".what")
    await world.admin.submit_modal(what, {"p:message": "Goodbye"})
    await world.admin.click(panel.response, label="Save the change")  # type: ignore[arg-type]
    assert "Changed: Hello" in text_of(panel.response) and "> Goodbye" in text_of(panel.response)
    after = await world.bot.services.client.job(job_id, str(world.guild.id))
    assert after.next_run_at == before.next_run_at and after.anchor_at == before.anchor_at
    assert after.params["message"] == "Goodbye" and after.version == before.version + 1


async def test_an_edit_of_when_moves_the_job(world: World) -> None:
    job_id = await scheduled(world)
    panel = await world.admin.slash(world.channel, "schedule edit", job=job_id)
    form = await press(world.admin, panel.response, ".when")
    await world.admin.submit_modal(form, {"when": "every friday at 18:00"})
    await world.admin.click(panel.response, label="Save the change")  # type: ignore[arg-type]
    assert "every Friday at 18:00" in text_of(panel.response)


async def test_an_edit_of_when_keeps_a_hold_and_names_a_skip_that_it_ends(world: World) -> None:
    client, by = world.bot.services.client, str(world.admin.id)
    job_id = await scheduled(world)

    async def edited(when: str) -> str:
        shown = await world.admin.slash(world.channel, "schedule edit", job=job_id, when=when)
        await world.admin.click(shown.response, label="Save the change")  # type: ignore[arg-type]
        return text_of(shown.response)

    held = await client.pause(job_id, instants.now() + timedelta(days=60), by)
    assert "⏸ paused until <t:" in await edited("every tuesday at 9")
    assert (await client.job(job_id, str(world.guild.id))).held_until == held.held_until
    told = await edited("in 3 days")
    assert "The job is on hold beyond its last run. Resume it first, or choose a later time." in told
    await client.resume(job_id, by)
    await client.skip(job_id, by)
    assert "⏭ **Skipped:**" in await edited("every tuesday at 10")
    told = await edited("every friday at 10")
    assert "No longer skipped: " in told and "⏭ **Skipped:**" not in told
    changes = await world.admin.slash(world.channel, "schedule show", job=job_id)
    await world.admin.click(changes.response, label="Changes")  # type: ignore[arg-type]
    assert text_of(changes.response).count("No longer") == 2  # that, and the hold that was resumed


@pytest.mark.long
async def test_an_edit_that_somebody_overtook_loses_nobodys_work(world: World) -> None:
    job_id = await scheduled(world)
    panel = await world.admin.slash(world.channel, "schedule edit", job=job_id)
    await world.admin.slash(world.channel, "schedule pause", job=job_id)
    await world.admin.click(panel.response, label="Save the change")  # type: ignore[arg-type]
    assert "Someone changed this job after you started" in text_of(panel.response)
    job = await world.bot.services.client.job(job_id, str(world.guild.id))
    assert job.state is JobState.PAUSED


@pytest.mark.long
async def test_a_failed_run_is_told_in_words(world: World) -> None:
    doomed = world.guild.create_text_channel("doomed")
    values = {"channel_id": [doomed], "message": "Into the void"}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    world.env.backend.delete_channel(doomed.id)
    await world.admin.slash(world.channel, "schedule run", job=job_id)

    async def told() -> str | None:
        text = said(await world.admin.slash(world.channel, "schedule history", state="failed"))
        return text if "❌ failed" in text else None

    text = await until(told)
    assert f"The channel <#{doomed.id}> no longer exists." in text
    card = said(await world.admin.slash(world.channel, "schedule show", job=job_id))
    assert "no longer exists" in card


HOSTILE_IDS = [
    "nope",
    "..",
    "../handlers",
    "../executions/clear?",
    "../../etc/passwd",
    "a/b?c=d#e",
    "x" * 500,
    "@everyone",
    "%00",
    " ",
]


@pytest.mark.parametrize("command", ["show", "edit", "cancel", "pause", "resume", "run", "history"])
async def test_an_id_that_is_none_is_answered_in_words(world: World, command: str) -> None:
    for job in HOSTILE_IDS:
        text = said(await world.admin.slash(world.channel, f"schedule {command}", job=job))
        assert "There is no job" in text, (job, text)


async def test_reload_registers_again_and_says_what_changed(world: World) -> None:
    assert "Nothing changed" in said(await world.admin.slash(world.channel, "schedule reload"))


async def test_status_shows_everything_well(world: World) -> None:
    await scheduled(world)
    text = said(await world.owner.slash(world.channel, "schedule status"))
    assert "❌" not in text and "**Runs:** 0 waiting" in text
    assert f"registered with {len(world.handler.sprockets)} kinds of job" in text
    text = said(await world.admin.slash(world.channel, "schedule status"))
    assert text.count("✅") == 6 and "❌" not in text and "**Runs:** 0 waiting" in text
    assert "**Scheduling:** working" in text and f"{len(world.handler.sprockets)} kinds of job" in text
    for word in (world.settings.api_endpoint, world.settings.handler_id, "127.0.0.1", "ZeroMQ", "andler"):
        assert word not in text, word


@pytest.mark.long
async def test_zones_of_a_person_and_of_the_guild(world: World) -> None:
    choices = await world.admin.autocomplete(world.channel, "schedule timezone", "zone", "berl")
    assert choices[0]["value"] == "Europe/Berlin" and choices[0]["name"].startswith("Berlin, Germany · ")
    assert await world.admin.autocomplete(world.channel, "schedule timezone", "zone", "new york")
    zone: Any = {"zone": "Asia/Tokyo", "whose": "guild"}
    assert "This server's time zone" in said(
        await world.admin.slash(world.channel, "schedule timezone", **zone)
    )
    text = said(await world.moderator.slash(world.channel, "schedule timezone"))
    assert "**Asia/Tokyo**" in text
    await world.admin.slash(world.channel, "schedule timezone", zone="Europe/Paris")
    assert "**Europe/Paris**" in said(await world.admin.slash(world.channel, "schedule timezone"))
    wrong = said(await world.admin.slash(world.channel, "schedule timezone", zone="USA"))
    assert "could be any of these" in wrong and "`America/New_York`" in wrong
    wrong = said(await world.admin.slash(world.channel, "schedule timezone", zone="pari"))
    assert "Did you mean `Europe/Paris`?" in wrong
    assert "**Europe/Paris**" in said(await world.admin.slash(world.channel, "schedule timezone"))
