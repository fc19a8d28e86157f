"""A job's card: holding, skipping, cloning, its changes, and two people at once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cogs.desk.jobs.changes import differences
from cogs.desk.kit.wording import MISSED, OVERLAP, job_state
from cogs.language import speaking, t
from schedulezero import instants
from schedulezero.model import Job, JobState, MissedPolicy, OverlapPolicy, Trigger
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of
from tests.conftest import until
from tests.support.acting import click
from tests.support.scheduling import scheduled
from tests.support.text import text_of
from tests.support.world import World, labels, press, said


async def card(world: World, job_id: str) -> Any:
    return (await world.admin.slash(world.channel, "schedule show", job=job_id)).response


async def job(world: World, job_id: str) -> Any:
    return await world.bot.services.client.job(job_id, str(world.guild.id))


@pytest.mark.long
async def test_skipping_the_next_run_and_undoing_it(world: World) -> None:
    job_id = await scheduled(world)
    before = await job(world, job_id)
    panel = await card(world, job_id)
    await world.admin.click(panel, label="Skip next")
    after = await job(world, job_id)
    text, stamp = text_of(panel), f"{before.next_run_at.timestamp():.0f}"
    assert f"Skipped: <t:{stamp}:F>\n**Hello**" in text and "⏭ next run skipped" in text
    assert "on hold" not in text
    assert f"⏭ **Skipped:** <t:{stamp}:F>" in text and "paused until" not in text
    assert f"**Next run:** <t:{after.next_run_at.timestamp():.0f}:F>" in text
    assert after.next_run_at - before.next_run_at == timedelta(days=7)
    await world.admin.click(panel, label="Undo")
    assert "Job restored: Hello" in text_of(panel)
    assert (await job(world, job_id)).next_run_at == before.next_run_at


async def test_a_job_with_a_skipped_run_can_be_paused_or_not_skipped_after_all(world: World) -> None:
    job_id = await scheduled(world)
    before = await job(world, job_id)
    panel = await card(world, job_id)
    await world.admin.click(panel, label="Skip next")
    assert {"Pause", "Undo"} <= set(labels(panel)) and not {"Resume", "Don't skip"} & set(labels(panel))
    await world.admin.click(panel, label="Refresh")  # the change before isn't the panel's to undo any more
    assert {"Pause", "Don't skip"} <= set(labels(panel)) and "Undo" not in labels(panel)
    await world.admin.click(panel, label="Don't skip")
    assert "No longer skipped: Hello" in text_of(panel)
    assert (await job(world, job_id)).next_run_at == before.next_run_at


async def test_the_card_says_in_words_what_the_job_does(world: World) -> None:
    job_id = await scheduled(world)
    text = text_of(await card(world, job_id))
    assert "active** · Post a message in a channel" in text and "send_announcement" not in text


async def test_pausing_until_a_day(world: World) -> None:
    job_id = await scheduled(world, when="every day at 9")
    panel = await card(world, job_id)
    form = await world.admin.click(panel, label="Pause until…")
    refused = await world.admin.submit_modal(form, {"until": "every monday"})
    assert "Enter a single point in time" in said(refused) and "every monday" in said(refused)
    for text in ("after new year", "at the twelfth of never"):
        form = await world.admin.click(panel, label="Pause until…")
        vague = said(await world.admin.submit_modal(form, {"until": text}))
        assert "Enter a single point in time" in vague, vague
        assert "every monday" not in vague and "how often" not in vague
    form = await world.admin.click(panel, label="Pause until…")
    await world.admin.submit_modal(form, {"until": "until 7 January"})
    assert "⏸ paused until <t:" in text_of(panel)
    await world.admin.click(panel, label="Resume")
    form = await world.admin.click(refused.followups[0], label="Correct it")
    assert form.modal is not None and '"value": "every monday"' in json.dumps(form.modal)
    await world.admin.submit_modal(form, {"until": "in 2 weeks"})
    await until(lambda: "⏸ paused until <t:" in text_of(panel))
    form = await world.admin.click(panel, label="Resume")
    form = await world.admin.click(panel, label="Pause until…")
    await world.admin.submit_modal(form, {"until": "in 2 weeks"})
    assert "On hold: Hello" in text_of(panel) and "⏸ paused until <t:" in text_of(panel)
    assert (await job(world, job_id)).next_run_at > instants.now() + timedelta(days=13)
    await world.admin.click(panel, label="Resume")
    assert (await job(world, job_id)).held_until is None


@pytest.mark.long
async def test_a_clone_is_a_new_draft_like_the_job(world: World) -> None:
    job_id = await scheduled(world)
    panel = await card(world, job_id)
    await world.admin.click(panel, label="Clone")
    text = text_of(panel)
    assert "Check before you schedule" in text and "Hello (copy)" in text and "every Monday at 09:00" in text
    await world.admin.click(panel, label="Confirm")
    assert "Scheduled: Hello (copy)" in text_of(panel)
    copy = next(j for j in (await world.bot.services.client.jobs(str(world.guild.id))).jobs if j.id != job_id)
    original = await job(world, job_id)
    assert (copy.params, copy.next_run_at) == (original.params, original.next_run_at)


@pytest.mark.long
async def test_changes_say_who_changed_what_and_can_be_restored(world: World) -> None:
    job_id = await scheduled(world)
    edit: Any = (await world.moderator.slash(world.channel, "schedule edit", job=job_id)).response
    await world.moderator.submit_modal(await press(world.moderator, edit, ".what"), {"p:message": "Goodbye"})
    await world.moderator.submit_modal(
        await press(world.moderator, edit, ".when"), {"when": "every friday at 18:00"}
    )
    await world.moderator.click(edit, label="Save the change")
    panel = await card(world, job_id)
    await world.admin.click(panel, label="Changes")
    text = text_of(panel)
    assert f"**2.** changed · <@{world.moderator.id}>" in text
    assert "Message: Hello → Goodbye" in text
    assert "When: every Monday at 09:00 (UTC) → every Friday at 18:00 (UTC)" in text
    await press(world.admin, panel, f"job:back:{job_id}:1.2")
    assert "Job restored: Hello" in text_of(panel) and "every Monday at 09:00" in text_of(panel)
    assert (await job(world, job_id)).params["message"] == "Hello"


async def test_a_version_that_was_cancelled_is_not_restored(world: World) -> None:
    """It would cancel the job once more, under the words that it was restored."""
    job_id = await scheduled(world)
    await world.bot.services.client.cancel(await job(world, job_id), str(world.admin.id))
    await click(world, world.admin, "job", "back", f"{job_id}:1.2")
    panel = await card(world, job_id)
    await world.admin.click(panel, label="Changes")
    assert "**2.** cancelled" in text_of(panel) and labels(panel) == ["Restore", "Back to the job"]
    refused = await click(world, world.admin, "job", "back", f"{job_id}:2.3")  # an older panel has it
    assert "In version 2, the job was cancelled." in said(refused)
    assert (await job(world, job_id)).state is JobState.ACTIVE


async def test_a_job_that_comes_back_too_late_says_so(world: World) -> None:
    job_id, other = [await scheduled(world, message, "in 2 hours") for message in ("One", "Two")]
    await click(world, world.admin, "job", "end", job_id)
    await world.bot.services.client.pause(other, by=str(world.admin.id))
    await world.advance(hours=3)
    late = "⚠ Its time has passed. Choose another with *Edit*."
    assert late in said(await click(world, world.admin, "job", "back", f"{job_id}:1.2"))
    assert late in said(await click(world, world.admin, "job", "resume", other))


async def test_the_second_of_two_clicks_is_told_who_was_faster(world: World) -> None:
    job_id = await scheduled(world)
    panel = await card(world, job_id)
    others: Any = (await world.moderator.slash(world.channel, "schedule show", job=job_id)).response
    await world.admin.click(panel, label="Pause")
    await until(lambda: "Resume" in labels(others))
    late = await click(world, world.moderator, "job", "pause", job_id)  # as if both had clicked at once
    text = said(late)
    assert "was just changed by someone else" in text and f"paused by <@{world.admin.id}>" in text
    await world.admin.click(panel, label="Cancel this job")
    await world.admin.click(panel, label="Cancel the job")
    await until(lambda: labels(others) == [])
    gone = await click(world, world.moderator, "job", "run", job_id)
    assert "was cancelled" in said(gone) and f"cancelled by <@{world.admin.id}>" in said(gone)


@pytest.mark.long
async def test_undo_takes_back_nobody_elses_change(world: World) -> None:
    job_id = await scheduled(world)
    panel = await card(world, job_id)
    await world.admin.click(panel, label="Pause")
    assert "Undo" in labels(panel)
    await world.moderator.slash(world.channel, "schedule resume", job=job_id)
    await until(lambda: "Undo" not in labels(panel))
    late = await click(world, world.admin, "job", "back", f"{job_id}:1.2")
    assert "was just changed by someone else" in said(late)
    assert (await job(world, job_id)).state is JobState.ACTIVE


@pytest.mark.long
async def test_only_the_named_roles_may_change_a_job(world: World) -> None:
    preview = await world.draft(
        world.admin,
        "send_announcement",
        {"channel_id": [world.channel], "message": "Mine"},
        "every monday at 9",
    )
    form = await press(world.admin, preview.response, ".options")
    role = world.guild.create_role("Keepers")
    await world.admin.submit_modal(form, {"o:#name": "", "o:#managers": [role]})
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    (mine,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    for command in ("pause", "cancel", "edit", "run"):
        refused = await world.moderator.slash(world.channel, f"schedule {command}", job=mine.id)
        assert "Only the creator of" in said(refused), command
    assert (await job(world, mine.id)).version == 1


@pytest.mark.long
async def test_a_failed_run_is_tried_again_from_the_history(world: World) -> None:
    doomed = world.guild.create_text_channel("doomed")
    values = {"channel_id": [doomed], "message": "Second life"}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    world.env.inject_error("POST", f"/channels/{doomed.id}/messages", status=403, code=50013)
    await world.admin.slash(world.channel, "schedule run", job=job_id)

    async def failed() -> Any:
        shown = await world.admin.slash(world.channel, "schedule history", job=job_id)
        return shown if "❌ failed" in said(shown) else None

    shown = await until(failed)
    assert "Retry" in labels(shown.response)
    answer = await world.admin.click(shown.response, label="Retry")
    assert "Retrying “Second life”" in said(answer) and "Quiet hours and days off" in said(answer)
    assert (await world.message_in(doomed, "Second life")).content == "Second life"


def test_a_changed_policy_is_told_in_the_readers_words() -> None:
    before = Job("1", "bot", "post", {}, Trigger("cron", {"hour": 9}))
    after = replace(before, missed=MissedPolicy.SKIP, overlap=OverlapPolicy.WAIT)
    with speaking("de"):
        missed, overlap = differences(before, after)
        assert t(MISSED[MissedPolicy.SKIP]) in missed and t(OVERLAP[OverlapPolicy.WAIT]) in overlap
        assert "skip" not in missed and "wait" not in overlap


def test_a_skip_stays_a_skip_in_the_changes_once_its_run_has_passed() -> None:
    made = instants.now() - timedelta(days=30)
    trigger = Trigger("cron", {"hour": 9, "minute": 0})
    before = Job("1", "bot", "post", {}, trigger, anchor_at=made, created_at=made, updated_at=made)
    skipped_at = next(upcoming(schedule_of(trigger, anchor=made, zone="UTC"), made, 1))
    skipped = replace(before, held_until=skipped_at, updated_at=made + timedelta(seconds=5), version=2)
    (line,) = differences(before, skipped)
    assert line.startswith(f"Skipped: <t:{skipped_at.timestamp():.0f}:F>")

    until_then = skipped_at + timedelta(days=3, minutes=7)
    held = replace(skipped, held_until=until_then, version=3)
    assert f"Paused until <t:{until_then.timestamp():.0f}:F>" in differences(before, held)[-1]


def test_a_version_that_is_restored_after_its_hold_has_passed_holds_nothing() -> None:
    now = instants.now()
    before = Job("1", "bot", "post", {}, Trigger("cron", {"hour": 9}), created_at=now, updated_at=now)
    restored = replace(before, held_until=now - timedelta(days=2), version=2)
    assert differences(before, restored) == []


@pytest.mark.parametrize(
    ("locale", "until_then", "paused"),
    [("en-GB", "⏸ paused until <t:{}:f>", "⏸ paused"), ("de", "⏸ angehalten bis <t:{}:f>", "⏸ angehalten")],
)
def test_a_hold_is_shown_with_its_end(locale: str, until_then: str, paused: str) -> None:
    end = instants.now().replace(microsecond=0) + timedelta(days=40, minutes=7)
    held = Job("1", "bot", "post", {}, Trigger("cron", {"day_of_week": "mon", "hour": 9}), held_until=end)
    with speaking(locale):
        assert job_state(held) == until_then.format(f"{end.timestamp():.0f}")
        assert job_state(replace(held, state=JobState.PAUSED)) == paused
