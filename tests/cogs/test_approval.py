"""A second person approves exactly what they read, and nobody approves what they wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest

from cogs.desk.jobs.approval_card import approval_card
from schedulezero.errors import Conflict
from schedulezero.methods.spec import spec_of
from schedulezero.model import Job, JobState, JobVersion, Trigger
from schedulezero.model.authorship import unchanged_since, writers
from tests.support.acting import click, now
from tests.support.approving import changed, waiting
from tests.support.granting import give_the_bot
from tests.support.text import text_of
from tests.support.world import World, custom_id, labels, press, said

MONDAYS = Trigger("cron", {"day_of_week": "mon", "hour": 9, "minute": 0})


@pytest.mark.long
async def test_what_was_edited_after_the_card_is_not_approved_with_it(world: World) -> None:
    job, _, card = await waiting(world)
    await changed(world, job, world.admin, message="Something else")
    answer = await world.owner.click(card, label="Approve")
    assert "The job has changed since that card" in said(answer) and "Something else" in said(answer)
    assert (await now(world, job)).state is JobState.PENDING
    approved = await world.owner.click(answer.response, label="Approve")  # type: ignore[arg-type]
    assert "Approved: Everybody!" in said(approved) + text_of(answer.response)
    assert (await now(world, job)).state is JobState.ACTIVE


@pytest.mark.long
async def test_the_server_approves_the_version_that_it_is_told(world: World) -> None:
    job, _, _ = await waiting(world)
    client = world.bot.services.client
    await changed(world, job, world.admin, message="Something else")
    with pytest.raises(Conflict) as raised:
        await client.approve(job.id, str(world.owner.id), version=job.version)
    assert raised.value.code == "job_changed"
    assert (await client.approve(job.id, str(world.owner.id))).state is JobState.ACTIVE  # as it always was


@pytest.mark.long
async def test_a_button_without_a_version_shows_what_there_is_to_read(world: World) -> None:
    job, _, _ = await waiting(world)
    answer = await click(world, world.owner, "job", "approve", job.id)
    assert "Read the whole job before you approve it" in said(answer) and "Everybody!" in said(answer)
    assert (await now(world, job)).state is JobState.PENDING
    assert custom_id(answer.response, "approve").endswith(f"{job.id}:v{job.version}")


@pytest.mark.long
async def test_the_author_does_not_approve_what_a_second_person_brought_back(world: World) -> None:
    job, _, _ = await waiting(world)
    client = world.bot.services.client
    cancelled = await client.cancel(job, str(world.owner.id))
    back = await client.restore(job.id, job.version, expected=cancelled.version, by=str(world.owner.id))
    assert back.state is JobState.PENDING
    answer = await click(world, world.admin, "job", "approve", f"{job.id}:v{back.version}")
    assert "Someone other than you" in said(answer)
    assert (await now(world, job)).state is JobState.PENDING


@pytest.mark.long
async def test_who_wrote_an_earlier_version_does_not_approve_what_another_made_of_it(world: World) -> None:
    job, _, _ = await waiting(world)
    edited = await changed(world, job, world.owner, message="Everybody, please!")
    assert edited.creator_id == str(world.owner.id)
    for writer in (world.owner, world.admin):
        answer = await click(world, writer, "job", "approve", f"{job.id}:v{edited.version}")
        assert "Someone other than you" in said(answer)
    assert (await now(world, job)).state is JobState.PENDING


@pytest.mark.long
async def test_undoing_a_cancel_does_not_approve(world: World) -> None:
    job, _, _ = await waiting(world)
    client = world.bot.services.client
    await client.cancel(job, str(world.admin.id))
    assert (await client.restore(job.id, by=str(world.admin.id))).state is JobState.PENDING


@pytest.mark.long
async def test_a_version_from_before_the_approval_is_not_brought_back_past_it(world: World) -> None:
    """Made while nobody had to approve; edited, so that it waits; the old version would run unseen."""
    give_the_bot(world, discord.Permissions(administrator=True))
    client = world.bot.services.client
    values = {"channel_id": [world.channel], "message": "Loud", "everyone": True}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    panel = (await world.admin.slash(world.channel, "schedule setup")).response
    await press(world.admin, panel, "setup:approval")
    job = await client.job(job_id, str(world.guild.id))
    pending = await changed(world, job, world.admin, message="Louder")
    answer = await click(world, world.admin, "job", "back", f"{job.id}:1.{pending.version}")
    assert "needs approval: edit it instead" in said(answer)
    assert (await now(world, job)).state is JobState.PENDING


@pytest.mark.long
async def test_who_may_not_do_what_a_job_does_does_not_approve_it(world: World) -> None:
    job, _, card = await waiting(world)
    answer = await world.moderator.click(card, label="Approve")
    assert "you don't have *Mention @everyone" in said(answer)
    assert (await now(world, job)).state is JobState.PENDING


@pytest.mark.long
async def test_the_card_shows_all_of_a_job(world: World) -> None:
    _, _, card = await waiting(world, "First line\n||hidden|| [here](https://example.org)")
    text = text_of(card)
    assert f"<#{world.channel.id}>" in text and "every Monday at 09:00" in text and "(UTC)" in text
    assert "> \\|\\|hidden\\|\\|" in text and "https://example.org" in text and "version 1" in text
    assert "||" not in text.replace("\\|", "")  # not in its name either
    assert '{"type": ' in text.replace("\\", "")  # the schedule itself, and not our words for it alone


@pytest.mark.long
async def test_what_is_too_long_for_a_card_is_in_a_file_whole(world: World) -> None:
    job, _, _ = await waiting(world)
    spec = spec_of("send_announcement", world.handler.sprockets["send_announcement"])
    text = "x" * 3900 + " and the end"
    card = approval_card(replace(job, params={**job.params, "message": text}), spec, heading="Read")
    ((name, data),) = card.files
    assert name.endswith(".json") and "and the end" in data.decode()
    assert approval_card(job, spec, heading="Read").files == ()


# -------------------------------------------------------------------- who wrote it


def history(*changes: tuple[str, str, str]) -> tuple[JobVersion, ...]:
    """Versions, newest first, of (what was done, by whom, what the job says afterwards)."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    pending = Job("j", "h", "m", {}, MONDAYS, JobState.PENDING, creator_id="ann")
    made = [
        JobVersion(
            replace(pending, params={"message": text}, version=number),
            action,
            who,
            at + timedelta(minutes=number),
        )
        for number, (action, who, text) in enumerate(changes, 1)
    ]
    return tuple(reversed(made))


# Read as: what was done, and who may not approve the job as it is in the end.
WRITERS: list[tuple[tuple[tuple[str, str, str], ...], set[str]]] = [
    ((("created", "ann", "x"),), {"ann"}),
    ((("created", "ann", "x"), ("changed", "ben", "y")), {"ann", "ben"}),
    ((("created", "ann", "x"), ("cancelled", "cy", "x"), ("restored", "cy", "x")), {"ann"}),
    ((("created", "ben", "x"), ("approved", "cy", "x"), ("changed", "ann", "y")), {"ann"}),
    # Ben wrote x, which was never approved; somebody else brought it back after y was.
    (
        (("created", "ben", "x"), ("changed", "cy", "y"), ("approved", "dan", "y"), ("restored", "eve", "x")),
        {"ann", "ben", "eve"},
    ),
    ((("created", "ben", "x"), ("changed", "cy", "y"), ("changed", "ben", "x")), {"ann", "ben", "cy"}),
]


@pytest.mark.parametrize(("changes", "expected"), WRITERS)
def test_who_had_a_part_in_it(changes: tuple[tuple[str, str, str], ...], expected: set[str]) -> None:
    versions = history(*changes)
    assert writers(versions[0].job, versions) == expected


def test_a_version_that_waited_is_not_one_that_ran_all_along() -> None:
    versions = history(("created", "ann", "x"), ("paused", "ann", "x"))
    assert not unchanged_since(1, versions)
    active = tuple(replace(item, job=replace(item.job, state=JobState.ACTIVE)) for item in versions)
    assert unchanged_since(1, active) and not unchanged_since(7, active)
    edited = (replace(active[0], job=replace(active[0].job, params={"message": "y"})), active[1])
    assert not unchanged_since(1, edited)


@pytest.mark.long
async def test_an_edit_that_makes_a_waiting_job_loud_is_not_approved_as_the_quiet_one(world: World) -> None:
    """Edited to be quiet while it waits, read so by a second person, and then made loud again."""
    job, _, _ = await waiting(world)

    async def edited(*, loud: bool, button: str) -> Job:
        shown: Any = (await world.admin.slash(world.channel, "schedule edit", job=job.id)).response
        form = await press(world.admin, shown, ".what")
        await world.admin.submit_modal(form, {"p:message": "Everybody!", "p:everyone": loud})
        await world.admin.click(shown, label=button)
        return await now(world, job)

    quiet = await edited(loud=False, button="Save the change")
    assert quiet.state is JobState.PENDING and not quiet.params.get("everyone")
    read = (await click(world, world.owner, "job", "approve", job.id)).response
    await edited(loud=True, button="Ask for approval")
    assert (await now(world, job)).params["everyone"] is True
    answer = await world.owner.click(read, label="Approve")  # type: ignore[arg-type]
    assert "The job has changed since that card" in said(answer)
    assert (await now(world, job)).state is JobState.PENDING
    with pytest.raises(Conflict):
        await world.bot.services.client.approve(job.id, str(world.owner.id), version=quiet.version)


@pytest.mark.long
async def test_an_edit_that_makes_an_approved_job_loud_waits_again(world: World) -> None:
    job, _, card = await waiting(world)
    await changed(world, job, world.admin, everyone=False)
    answer = await world.owner.click(card, label="Approve")
    await world.owner.click(answer.response, label="Approve")  # type: ignore[arg-type]
    assert (await now(world, job)).state is JobState.ACTIVE
    shown: Any = (await world.admin.slash(world.channel, "schedule edit", job=job.id)).response
    form = await press(world.admin, shown, ".what")
    await world.admin.submit_modal(form, {"p:message": "Everybody!", "p:everyone": True})
    assert "Save the change" not in labels(shown)
    await world.admin.click(shown, label="Ask for approval")
    loud = await now(world, job)
    assert loud.state is JobState.PENDING and loud.next_run_at is None
    assert "waiting for approval" in said(await click(world, world.owner, "job", "run", job.id))
    assert "Someone other than you" in said(
        await click(world, world.admin, "job", "approve", f"{job.id}:v{loud.version}")
    )


async def timed(world: World, job: Job, trigger: Trigger) -> str:
    """Let a job that waits have another time, and return the target of its newest card's buttons."""
    present = await now(world, job)
    edited = replace(present, trigger=trigger, state=JobState.PENDING)
    edited = await world.bot.services.client.change(edited, present.version, str(world.admin.id))
    return f"{edited.id}:v{edited.version}"


@pytest.mark.long
async def test_a_time_that_passed_before_the_approval_is_no_dead_end(world: World) -> None:
    job, _, _ = await waiting(world)
    due_at = datetime.now(UTC) - timedelta(minutes=5)
    target = await timed(world, job, Trigger("date", {"run_date": due_at.isoformat()}))
    answer = await click(world, world.owner, "job", "approve", target)
    assert "The time of “Everybody!” has passed" in said(answer)
    assert f"<t:{int(due_at.timestamp())}:F>" in said(answer)
    assert labels(answer.response) == ["Approve and run now", "Request changes…", "Open the job"]
    assert (await now(world, job)).state is JobState.PENDING
    own = await click(world, world.admin, "job", "atonce", target)
    assert "Someone other than you must approve this." in said(own)
    stale = await click(world, world.owner, "job", "atonce", f"{job.id}:v1")
    assert "The job has changed since that card was posted" in said(stale)
    assert (await now(world, job)).state is JobState.PENDING
    await world.owner.click(answer.response, label="Approve and run now")  # type: ignore[arg-type]
    await world.message_in(world.channel, "Everybody!")
    assert (await now(world, job)).state is not JobState.PENDING


@pytest.mark.long
async def test_a_series_that_ended_before_the_approval_goes_back_to_its_author(world: World) -> None:
    job, _, _ = await waiting(world)
    ended = Trigger("cron", {**MONDAYS.args, "end_date": "2020-01-01T00:00:00Z"})
    answer = await click(world, world.owner, "job", "approve", await timed(world, job, ended))
    assert "Let its author choose another time." in said(answer)
    assert labels(answer.response) == ["Request changes…", "Open the job"]
    assert (await now(world, job)).state is JobState.PENDING
