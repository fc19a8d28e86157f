"""A second person approves exactly what they read, and nobody approves what they wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest
import simcord
from discord import ui

from cogs.desk.drafts.parts import unknown
from cogs.desk.jobs.approval_card import approval_card
from cogs.desk.kit.wording import readable
from schedulezero.errors import Conflict
from schedulezero.methods.spec import spec_of
from schedulezero.model import Job, JobState, JobVersion, Trigger
from schedulezero.model.authorship import before_waiting, unchanged_since, writers
from tests.conftest import until
from tests.support.acting import click, now
from tests.support.approving import changed, waiting
from tests.support.granting import give_the_bot
from tests.support.keeping import kept
from tests.support.text import text_of
from tests.support.world import World, custom_id, labels, press, said

MONDAYS = Trigger("cron", {"day_of_week": "mon", "hour": 9, "minute": 0})


@pytest.mark.long
async def test_what_was_edited_after_the_card_is_not_approved_with_it(world: World) -> None:
    job, _, _ = await waiting(world)
    await changed(world, job, world.admin, message="Something else")
    answer = await click(world, world.owner, "job", "approve", f"{job.id}:v{job.version}")
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


async def _loud_before_approval(world: World) -> Job:
    """A job that pings everyone since before anybody had to approve such jobs."""
    give_the_bot(world, discord.Permissions(administrator=True))
    values = {"channel_id": [world.channel], "message": "Loud", "everyone": True}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    panel = (await world.admin.slash(world.channel, "schedule setup")).response
    await press(world.admin, panel, "setup:approval")
    return await world.bot.services.client.job(job_id, str(world.guild.id))


@pytest.mark.long
async def test_a_version_from_before_the_approval_is_not_brought_back_past_it(world: World) -> None:
    """Loud at first, then quiet, then edited so that it waits; the loud version would run unseen."""
    job = await _loud_before_approval(world)
    quiet = replace(job, params={**job.params, "everyone": False})
    await world.bot.services.client.change(quiet, job.version, str(world.admin.id))
    pending = await changed(world, job, world.admin, message="Louder", everyone=True)
    answer = await click(world, world.admin, "job", "back", f"{job.id}:1.{pending.version}")
    assert "needs approval: edit it instead" in said(answer)
    assert (await now(world, job)).state is JobState.PENDING


async def test_the_writer_takes_a_change_back_and_the_job_runs_as_before(world: World) -> None:
    job = await _loud_before_approval(world)
    shown: Any = (await world.admin.slash(world.channel, "schedule edit", job=job.id)).response
    form = await press(world.admin, shown, ".what")
    await world.admin.submit_modal(form, {"p:message": "Louder", "p:everyone": True})
    assert job.next_run_at is not None
    text = text_of(shown)
    assert "the job won't run at all, not even as it was before" in text
    assert f"Its next run would be <t:{job.next_run_at.timestamp():.0f}:F>" in text
    await world.admin.click(shown, label="Ask for approval")
    assert (await now(world, job)).next_run_at is None
    text = text_of(shown)
    assert "Read and approve…" not in labels(shown)  # nobody approves what they wrote
    assert (
        "until someone other than you approves it. Anyone who may schedule here" in text
        and "switch approval off" in text
    )
    own = said(await click(world, world.admin, "job", "approve", job.id))
    assert "Someone other than you" in own and "*Take back the change*" in own
    theirs = (await world.owner.slash(world.channel, "schedule show", job=job.id)).response
    assert "Read and approve…" in labels(theirs) and "Take back the change" not in labels(theirs)
    await world.admin.click(shown, label="Take back the change")
    back = await now(world, job)
    assert (back.state, back.params, back.next_run_at) == (JobState.ACTIVE, job.params, job.next_run_at)


async def _settled(alerts: simcord.ChannelHandle, card: Any, *parts: str) -> Any:
    """Return a request for approval once it says what became of it, with these parts."""

    def there() -> Any:
        found = next(item for item in alerts.history() if item.id == card.id)
        text = text_of(found)
        return found if "is asking" not in text and all(part in text for part in parts) else None

    return await until(there)


async def test_a_request_says_what_became_of_its_job(world: World) -> None:
    job, alerts, card = await waiting(world)
    await world.owner.click(card, label="Approve")
    over = await _settled(alerts, card, "“Everybody!”", "active", f"approved by <@{world.owner.id}>")
    assert labels(over) == ["Open the job"]
    late = said(await click(world, world.owner, "job", "approve", f"{job.id}:v{job.version}"))
    assert "You have changed “Everybody!”" in late and "someone else" not in late
    others = said(await click(world, world.moderator, "job", "approve", f"{job.id}:v{job.version}"))
    assert "was just changed by someone else" in others and f"approved by <@{world.owner.id}>" in others
    # The next request is a card of its own.
    shown: Any = (await world.admin.slash(world.channel, "schedule edit", job=job.id)).response
    await world.admin.submit_modal(await press(world.admin, shown, ".what"), {"p:message": "All!"})
    await world.admin.click(shown, label="Ask for approval")
    again = next(item for item in alerts.history() if "is asking for approval" in text_of(item))
    assert again.id != card.id and "Approve" in labels(again)
    await world.admin.click(shown, label="Cancel this job")
    await world.admin.click(shown, label="Cancel the job")
    await _settled(alerts, again, "cancelled", f"cancelled by <@{world.admin.id}>")


async def test_a_request_that_is_changed_while_it_waits_ends_its_card(world: World) -> None:
    job, alerts, card = await waiting(world)
    shown: Any = (await world.admin.slash(world.channel, "schedule edit", job=job.id)).response
    await world.admin.submit_modal(await press(world.admin, shown, ".what"), {"p:message": "All!"})
    await world.admin.click(shown, label="Ask for approval")
    await _settled(alerts, card, "waiting for approval", f"changed by <@{world.admin.id}>")
    (again,) = [item for item in alerts.history() if "is asking for approval" in text_of(item)]
    assert "All!" in text_of(again) and "Approve" in labels(again)
    form = await press(world.owner, again, "objections")
    await world.owner.submit_modal(form, {"comment": "Quieter"})
    await _settled(alerts, again, f"changes requested by <@{world.owner.id}>")


async def test_what_still_waits_is_released_once_approval_is_off(world: World) -> None:
    job, _, _ = await waiting(world)
    panel = (await world.admin.slash(world.channel, "schedule setup")).response
    off = await press(world.admin, panel, "setup:approval")
    assert "1 job is still waiting" in said(off) and "Everybody!" in said(off)
    refused = await click(world, world.moderator, "job", "approve", f"{job.id}:v{job.version}")
    assert "you don't have *Mention @everyone" in said(refused)
    card: Any = (await world.admin.slash(world.channel, "schedule show", job=job.id)).response
    assert "Approval is switched off now" in text_of(card)
    await world.admin.click(card, label="Read and let it run…")
    await world.admin.click(card, label="Let it run")
    assert (await now(world, job)).state is JobState.ACTIVE


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
    assert '"' not in text and "Next runs:" in text and text.count(":F>") == 3


def test_emphasis_and_mentions_stay_and_what_hides_text_is_escaped() -> None:
    assert readable("**Movie night** for <@&123456789012345678>, *really*") == (
        "**Movie night** for <@&123456789012345678>, *really*"
    )
    assert readable("||a|| [b](https://c) `d` -# <#e>") == (
        "\\|\\|a\\|\\| \\[b\\](https://c) \\`d\\` -# \\<#e>"
    )
    assert readable("-# small") == "\\-# small" and readable("\\*") == "\\\\*"
    assert readable("@everyone") == "@\u200beveryone"


async def test_a_posts_parts_are_told_in_words(world: World) -> None:
    spec = spec_of("send_post", world.handler.sprockets["send_post"])
    params = {
        "channel_ids": [str(world.channel.id)],
        "text": "Doors at {at:20:00|t}",
        "files": [{"file": "a" * 64, "name": "poster.png", "alt": "A poster"}],
        "buttons": [{"label": "Tickets", "url": "https://moonbase.example/tickets?[x](y)"}],
        "embeds": [{"title": "Where", "image": {"url": "attachment://poster.png"}, "color": 255}],
        "poll": {"question": "Who is in?", "answers": ["Me", "Not me"], "hours": 48, "several": False},
        "layout": [{"type": 10, "content": "A ||covered|| text"}, {"type": 14, "spacing": 2}],
    }
    job = Job("j", "h", "send_post", params, MONDAYS, JobState.PENDING, name="Movie night")
    card = approval_card(job, spec, heading="Read", spec_of=unknown)
    text = "\n".join(item.content for item in card.panel.walk_children() if isinstance(item, ui.TextDisplay))
    for part in (
        "> Name: poster.png", "> Description: A poster", "> Label: Tickets", "\\[x\\](y)", "> Title: Where",
        "> Question: Who is in?", "> Answer 2: Not me", "> Hours: 48", "\\|\\|covered\\|\\| text",
        "> Picture · Address: attachment://poster.png",
    ):  # fmt: skip
        assert part in text, text
    assert "aaaa" not in text and "1 label" not in text and "spacing" not in text
    labelled = [item.label for item in card.panel.walk_children() if isinstance(item, ui.Button)]
    assert labelled == ["Approve", "Request changes…", "Show exact preview", "Open the job"]


async def test_a_second_person_sees_the_post_with_its_picture(world: World) -> None:
    file = await kept(world, b"a picture", "poster.png")
    params = {
        "channel_ids": [str(world.channel.id)],
        "text": "**Movie night**",
        "files": [file],
    }
    given = Job("", world.settings.handler_id, "send_post", params, MONDAYS, JobState.PENDING)
    given = replace(given, guild_id=str(world.guild.id), creator_id=str(world.admin.id), name="Movies")
    job = await world.bot.services.client.create(given, str(world.admin.id))
    answer = await click(world, world.owner, "trial", "job", job.id)
    shown = [answer.response, *answer.followups]
    (post,) = [item for item in shown if item is not None and item.content == "**Movie night**"]
    assert [item.filename for item in post.attachments] == ["poster.png"]


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


def test_before_it_waited_is_the_version_that_ran_until_then() -> None:
    asked = history(("created", "ann", "x"), ("changed", "ann", "y"), ("changes_asked", "ben", "y"))

    def states(*found: JobState) -> tuple[JobVersion, ...]:
        """The versions, oldest first in the states, newest first in the result."""
        return tuple(
            replace(item, job=replace(item.job, state=state))
            for item, state in zip(asked, reversed(found), strict=True)
        )

    active, pending, cancelled = JobState.ACTIVE, JobState.PENDING, JobState.CANCELLED
    assert before_waiting(states(active, pending, pending)) == 1
    assert before_waiting(states(JobState.PAUSED, pending, pending)) == 1
    assert before_waiting(states(active, active, pending)) == 2
    assert before_waiting(states(pending, pending, pending)) is None  # new
    assert before_waiting(states(active, pending, active)) is None  # it doesn't wait
    assert before_waiting(states(active, cancelled, pending)) is None


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
    job, _, _ = await waiting(world)
    await changed(world, job, world.admin, everyone=False)
    answer = await click(world, world.owner, "job", "approve", f"{job.id}:v{job.version}")
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
    assert "The time for “Everybody!” has passed" in said(answer)
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
    assert "Ask its author to choose another time." in said(answer)
    assert labels(answer.response) == ["Request changes…", "Open the job"]
    assert (await now(world, job)).state is JobState.PENDING
