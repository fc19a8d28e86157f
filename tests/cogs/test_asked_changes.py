"""A second person asks for changes: the author's draft opens again, and the pending job stays harmless."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import simcord

from schedulezero.errors import Conflict
from schedulezero.model import Job, JobState
from tests.support.acting import click, now, runs
from tests.support.approving import changed, waiting
from tests.support.text import text_of
from tests.support.world import World, custom_id, press, said


async def asked(
    world: World, who: simcord.MemberActor, message: Any, comment: str
) -> simcord.InteractionResult:
    """Request changes from a card."""
    form = await press(who, message, "objections")
    return await who.submit_modal(form, {"comment": comment})


async def test_asking_for_changes_reopens_the_authors_draft(world: World) -> None:
    job, _, card = await waiting(world)
    answer = await asked(world, world.owner, card, "Not *everyone*.\nThe role is enough.")
    assert "Its author has a draft" in said(answer) and "couldn't" not in said(answer)
    present = await now(world, job)
    assert present.state is JobState.PENDING and present.next_run_at is None
    assert present.version == job.version + 1

    drafts = await world.bot.memory.drafts_of(world.admin.id, world.guild.id, 5)
    (draft,) = drafts
    assert draft.job_id == job.id and draft.job_version == present.version
    assert draft.values["message"] == "Everybody!" and draft.values["everyone"] is True
    told = text_of(world.admin.user.dm_channel.history()[-1])  # type: ignore[union-attr]
    assert "> The role is enough." in told and "/schedule drafts" in told

    shown: Any = (await world.admin.slash(world.channel, "schedule drafts")).response
    opened = await world.admin.select(shown, [draft.id], custom_id=custom_id(shown, "drafts:open"))
    assert "Changes requested" in said(opened) + text_of(shown)
    assert "\\*everyone\\*" in said(opened) + text_of(shown)


async def test_the_author_changes_it_and_the_comment_is_gone(world: World) -> None:
    job, _, card = await waiting(world)
    await asked(world, world.owner, card, "Quieter")
    shown: Any = (await world.admin.slash(world.channel, "schedule edit", job=job.id)).response
    assert "> Quieter" in text_of(shown)  # from the job itself, if the draft was lost
    await world.admin.submit_modal(
        await press(world.admin, shown, ".what"), {"p:message": "Hello", "p:everyone": True}
    )
    await world.admin.click(shown, label="Ask for approval")
    present = await now(world, job)
    assert present.state is JobState.PENDING and "asked" not in present.meta
    await click(world, world.owner, "job", "approve", f"{job.id}:v{present.version}")
    assert (await now(world, job)).state is JobState.ACTIVE


async def test_an_approval_of_the_version_sent_back_is_refused(world: World) -> None:
    job, _, card = await waiting(world)
    await asked(world, world.owner, card, "Quieter")
    with pytest.raises(Conflict) as raised:
        await world.bot.services.client.approve(job.id, str(world.owner.id), version=job.version)
    assert raised.value.code == "job_changed"
    answer = await click(world, world.owner, "job", "approve", f"{job.id}:v{job.version}")
    assert "The job has changed since that card" in said(answer)
    again = await click(world, world.owner, "job", "objections", f"{job.id}:v{job.version}")
    assert again.modal is None and "The job has changed since that card" in said(again)
    assert (await now(world, job)).meta["asked"] == "Quieter"


async def test_approving_it_after_all_forgets_the_comment(world: World) -> None:
    job, _, card = await waiting(world)
    await asked(world, world.owner, card, "Quieter")
    await click(world, world.owner, "job", "approve", f"{job.id}:v{job.version + 1}")
    present = await now(world, job)
    assert present.state is JobState.ACTIVE and "asked" not in present.meta


async def test_the_changes_and_the_audit_tell_who_asked(world: World) -> None:
    job, _, card = await waiting(world)
    await asked(world, world.owner, card, "Quieter")
    for shown in (
        said(await click(world, world.admin, "job", "changes", job.id)),
        said(await world.admin.slash(world.channel, "schedule audit", job=job.id)),
    ):
        assert "changes requested" in shown and f"<@{world.owner.id}>" in shown and "Quieter" in shown


async def test_the_author_is_not_asked_to_write_to_themselves(world: World) -> None:
    _, _, card = await waiting(world)
    answer = await press(world.admin, card, "objections")
    assert answer.modal is None and "edit it instead" in said(answer)


async def test_who_lacks_the_rights_to_approve_asks_for_changes_all_the_same(world: World) -> None:
    """It only stops something, and whoever could cancel the job may do that."""
    job, _, card = await waiting(world)
    answer = await asked(world, world.moderator, card, "Quieter")
    assert "Its author has a draft" in said(answer)
    assert (await now(world, job)).meta["asked"] == "Quieter"


async def test_who_may_not_touch_the_job_is_told_before_they_write(world: World) -> None:
    job, _, card = await waiting(world)
    form = await press(world.moderator, card, "objections")
    client = world.bot.services.client
    restricted = replace(await now(world, job), meta={"managers": ["1"]})
    job = await client.change(restricted, job.version, str(world.admin.id))
    late = await world.moderator.submit_modal(form, {"comment": "Much quieter"})
    assert "may change it" in said(late) and "> Much quieter" in said(late)
    for panel, name, target in (("job", "objections", f"{job.id}:v{job.version}"), ("job", "until", job.id)):
        answer = await click(world, world.moderator, panel, name, target)
        assert answer.modal is None and "may change it" in said(answer)


async def test_a_job_that_runs_is_not_sent_back(world: World) -> None:
    job, _, card = await waiting(world)
    form = await press(world.owner, card, "objections")
    await click(world, world.owner, "job", "approve", f"{job.id}:v{job.version}")
    answer = await world.owner.submit_modal(form, {"comment": "Much quieter"})
    assert f"approved by <@{world.owner.id}>" in said(answer) and "> Much quieter" in said(answer)
    present: Job = await now(world, job)
    assert present.state is JobState.ACTIVE and await runs(world, present) == 0


async def test_a_job_edited_since_is_shown_and_not_sent_back(world: World) -> None:
    job, _, card = await waiting(world)
    form = await press(world.owner, card, "objections")
    edited = await changed(world, job, world.admin, message="Something else")
    answer = await world.owner.submit_modal(form, {"comment": "Much quieter"})
    assert "Something else" in said(answer) and "> Much quieter" in said(answer)
    assert (await now(world, job)).version == edited.version


async def test_an_author_who_takes_no_messages_is_told_in_the_alert_channel(world: World) -> None:
    _, alerts, card = await waiting(world)
    dm = world.env.backend.get_dm_channel(world.admin.id)
    world.env.inject_error("POST", f"/channels/{dm.id}/messages", status=403, code=50007, message="Closed")
    await asked(world, world.owner, card, "Quieter")
    assert any("> Quieter" in text_of(message) for message in alerts.history())
