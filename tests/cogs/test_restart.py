"""What was open before a restart of the bot goes on after it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.text import text_of
from tests.support.world import World, labels, pick, press, said


@pytest.mark.long
async def test_buttons_forms_and_drafts_outlive_the_bot(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "Hello"}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    card = await world.admin.slash(world.channel, "schedule show", job=job_id)
    listed = await world.admin.slash(world.channel, "schedule list")
    drafted = {**values, "message": "Draft"}
    preview = await world.draft(world.admin, "send_announcement", drafted, "in 3 hours")
    form = await world.admin.slash(world.channel, "schedule create", job="send_announcement")

    await world.restart_bot()

    await world.admin.click(card.response, label="Pause")  # type: ignore[arg-type]
    assert "Paused: Hello" in text_of(card.response)
    await world.admin.click(listed.response, label="Refresh")  # type: ignore[arg-type]
    assert "⏸ paused" in text_of(listed.response)
    await pick(world.admin, listed.response, "bulk:select", [job_id])
    assert "1 job selected" in text_of(listed.response)
    await world.admin.click(listed.response, label="Back to the list")  # type: ignore[arg-type]
    await press(world.admin, listed.response, f"job:show:{job_id}")
    assert "Resume" in labels(listed.response)
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "Scheduled: Draft" in text_of(preview.response)
    submitted = await world.admin.submit_modal(
        form, {"p:channel_id": [world.channel], "p:message": "Late form", "when": "in 4 hours"}
    )
    assert "> Late form" in said(submitted)
    await world.admin.click(submitted.response, label="Confirm")  # type: ignore[arg-type]
    assert "Scheduled: Late form" in text_of(submitted.response)


@pytest.mark.long
async def test_a_job_that_falls_due_while_the_bot_is_away_runs_when_it_is_back(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "Better late"}
    await world.create(world.admin, "send_announcement", values, "in 1 hour")
    world.clock.offset += timedelta(hours=1)
    await world.restart_bot()
    assert (await world.message_in(world.channel, "Better late")).content == "Better late"
    posts = [message for message in world.channel.history() if message.content == "Better late"]
    assert len(posts) == 1
