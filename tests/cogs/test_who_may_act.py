"""What a click may do is what the person who clicks may do, whoever made the job."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord

from cogs.admin_cog import DESK
from cogs.desk.kit.components import DeskButton, DeskChannelSelect, DeskRoleSelect, DeskSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.modals import new_form, text_field
from schedulezero import instants
from schedulezero.client.dialect import JobQuery
from schedulezero.methods.sprocket_settings import settings_of
from schedulezero.model import Job, JobState, Trigger
from schedulezero.model.part import Part
from sprockets.web_sprocket import WebSettings
from tests.conftest import until
from tests.support.acting import a_job, began, click, now, run_now, runs, scheduler
from tests.support.foreign_guild import forged
from tests.support.text import text_of
from tests.support.world import World, button_target, labels, pick, press, said

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent.parent


# -------------------------------------------------------------------- one act at a time


async def test_who_cannot_see_a_channel_does_not_run_a_job_in_it(world: World) -> None:
    sam, job = await scheduler(world), await a_job(world)
    for answer in (
        await click(world, sam, "job", "run", job.id),
        await sam.slash(world.channel, "schedule run", job=job.id),
    ):
        assert "you don't have *View Channel*" in said(answer)
    assert await runs(world, job) == 0
    assert began(await run_now(world, world.admin, job))


async def test_a_job_in_a_channel_that_the_bot_cannot_see_is_run_by_administrators_only(world: World) -> None:
    """Nobody's rights are known there, but an administrator's, who may do everything everywhere."""
    sam, job = await scheduler(world), await a_job(world, params={"channel_id": "1", "message": "Hi"})
    assert "or I can't see it" in said(await click(world, sam, "job", "run", job.id))
    assert await runs(world, job) == 0
    assert began(await run_now(world, world.admin, job))


async def test_an_older_version_comes_back_with_the_rights_of_whoever_restores_it(world: World) -> None:
    client = world.bot.services.client
    sam = await scheduler(world)
    job = await a_job(world, params={"channel_id": str(world.channel.id), "message": "Hi", "everyone": True})
    quiet = {"channel_id": str(world.channel.id), "message": "Hi"}
    await client.change(replace(job, params=quiet), 1, str(world.admin.id))
    changes = await sam.slash(world.channel, "schedule show", job=job.id)
    await press(sam, changes.response, "job:changes")
    answer = await press(sam, changes.response, "job:back")
    assert "you don't have *Mention @everyone" in said(answer)
    assert (await now(world, job)).params == quiet
    await press(world.admin, (await _changes(world, job)), "job:back")
    assert (await now(world, job)).params["everyone"] is True


async def _changes(world: World, job: Job) -> Any:
    shown = await world.admin.slash(world.channel, "schedule show", job=job.id)
    await press(world.admin, shown.response, "job:changes")
    return shown.response


async def test_whoever_changes_what_a_job_does_answers_for_it(world: World) -> None:
    """An edit, a move and a version that is restored make the writer the one in whose name it runs."""
    client = world.bot.services.client
    job = await a_job(world, params={"channel_id": str(world.channel.id), "message": "Hi"})
    shown = await world.moderator.slash(world.channel, "schedule edit", job=job.id)
    draft_id = button_target(shown.response, "Save the change")
    form = await click(world, world.moderator, "draft", "edit", f"{draft_id}.what")
    await world.moderator.submit_modal(form, {"p:message": "Hello"})
    await world.moderator.click(shown.response, label="Save the change")  # type: ignore[arg-type]
    edited = await now(world, job)
    assert edited.params["message"] == "Hello" and edited.creator_id == str(world.moderator.id)
    paused = await client.pause(job.id, by=str(world.admin.id))
    assert paused.creator_id == str(world.moderator.id)  # nothing about what it does changed
    back = await client.restore(job.id, 1, by=str(world.moderator.id))
    assert back.params["message"] == "Hi" and back.creator_id == str(world.moderator.id)


async def test_what_was_edited_runs_with_the_editors_rights_only(world: World) -> None:
    client = world.bot.services.client
    pinging = world.guild.create_role(
        "Pinging", permissions=discord.Permissions(manage_guild=True, mention_everyone=True)
    )
    editor = world.guild.add_member(world.env.create_user("edda"), roles=[pinging])
    job = await a_job(world, params={"channel_id": str(world.channel.id), "message": "Hi"})
    loud = {"channel_id": str(world.channel.id), "message": "All", "everyone": True}
    await client.change(replace(job, params=loud), 1, str(editor.id))
    value = discord.Permissions(manage_guild=True).value
    world.env.backend.edit_role(world.guild.id, pinging.id, {"permissions": value})
    await world.env.settle()
    asked = await world.admin.slash(world.channel, "schedule run", job=job.id)
    assert asked.response is not None
    await world.admin.click(asked.response, label="Run it now")  # it pings everyone

    async def ended() -> str | None:
        found = (await client.runs(str(world.guild.id), job_id=job.id)).runs
        return found[0].error if found and found[0].state == "failed" else None

    assert "they don't have *Mention" in await until(ended)
    assert (await now(world, job)).state is JobState.PAUSED


async def test_a_run_that_is_tried_again_after_an_edit_runs_in_the_editors_name(world: World) -> None:
    client = world.bot.services.client
    job = await a_job(world, params={"channel_id": "1", "message": "Hi"})
    await client.run(job, str(world.admin.id))

    async def failed() -> Any:
        found = (await client.runs(str(world.guild.id), job_id=job.id)).runs
        return found[0] if found and found[0].state == "failed" else None

    run = await until(failed)
    present = await now(world, job)
    room = world.guild.create_text_channel("staff")
    await world.env.settle()
    guild: Any = world.bot.get_guild(world.guild.id)
    moderators = next(role for role in guild.roles if role.name == "Moderators")
    await guild.get_channel(room.id).set_permissions(moderators, view_channel=False)
    await client.change(
        replace(present, params={"channel_id": str(room.id), "message": "Hi"}),
        present.version,
        str(world.moderator.id),
    )
    await client.make_up(job.id, [run.scheduled_at], str(world.admin.id))

    async def refused() -> str | None:
        found = (await client.runs(str(world.guild.id), job_id=job.id)).runs
        return found[0].error if found and "don't have" in (found[0].error or "") else None

    assert f"<@{world.moderator.id}>" in await until(refused)


@pytest.mark.parametrize("act", ["cancel", "end", "pause", "skip", "run", "edit", "clone", "bulk", "until"])
async def test_the_person_whose_role_is_taken_back_does_not_touch_the_taking_back(
    world: World, act: str
) -> None:
    role = world.guild.create_role("Guests")
    taking = {
        "guild_id": str(world.guild.id),
        "user_ids": [str(world.moderator.id)],
        "role_id": str(role.id),
    }
    at = instants.to_iso(instants.now().replace(year=2099))
    job = await a_job(
        world,
        id="after-0123456789abcdef01234567",
        method="remove_role_scheduled",
        params=taking,
        trigger=Trigger("date", {"run_date": at}),
        name="Take the role back",
    )
    if act == "bulk":
        listed = await world.moderator.slash(world.channel, "schedule list")
        await pick(world.moderator, listed.response, "bulk:select", [job.id])
        await press(world.moderator, listed.response, "bulk:cancel")
        text = text_of(listed.response)
        assert "Yes, do it" not in labels(listed.response) and "and administrators may change it" in text
    else:
        answer = await click(world, world.moderator, "job", act, job.id)
        if answer.modal is not None:
            answer = await world.moderator.submit_modal(answer, {"until": "in 2 weeks"})
        assert "and administrators may change it" in said(answer)
    assert (await now(world, job)).version == 1
    assert "Cancel Take" in said(await click(world, world.admin, "job", "cancel", job.id)).replace("“", "")
    assert "Cancelled" in said(await click(world, world.admin, "job", "end", job.id))


async def test_a_cancelled_job_is_brought_back_with_the_rights_of_whoever_clicks(world: World) -> None:
    sam, job = await scheduler(world), await a_job(world)
    await click(world, world.admin, "job", "end", job.id)
    assert "you don't have" in said(await click(world, sam, "job", "back", f"{job.id}:1.2"))
    assert (await now(world, job)).state is JobState.CANCELLED


async def _pings_staff(world: World, **given: Any) -> Job:
    """Return a job of the administrator's that pings a role which not everyone may mention."""
    staff = world.guild.create_role("Staff")
    params = {"channel_id": str(world.channel.id), "message": f"Hi <@&{staff.id}>"}
    return await a_job(world, params=params, **given)


@pytest.mark.parametrize("stop", ["end", "pause"])
async def test_nobody_wakes_a_job_that_pings_what_they_may_not_ping(world: World, stop: str) -> None:
    """It would ping in the name of its creator, who may: *Undo* takes the same right as *Resume*."""
    sam = await scheduler(world, send_messages=True, view_channel=True)
    job = await _pings_staff(world)
    await click(world, world.admin, "job", stop, job.id)
    stopped = await now(world, job)
    answer = await click(world, sam, "job", "back", f"{job.id}:1.2")
    assert "you don't have *Mention" in said(answer)
    assert await now(world, job) == stopped
    await click(world, world.admin, "job", "back", f"{job.id}:1.2")
    assert (await now(world, job)).state is JobState.ACTIVE


@pytest.mark.parametrize("skipped", [False, True])
async def test_a_hold_is_shortened_by_those_only_who_may_resume(world: World, skipped: bool) -> None:
    sam, job, client = await scheduler(world), await a_job(world), world.bot.services.client
    if skipped:
        held = await client.skip(job.id, str(world.admin.id))
    else:
        held = await client.pause(job.id, instants.now() + timedelta(days=60), str(world.admin.id))
    form = await click(world, sam, "job", "until", job.id)
    assert "you don't have" in said(await sam.submit_modal(form, {"until": "in 1 minute"}))
    assert await now(world, job) == held
    form = await click(world, sam, "job", "until", job.id)
    await sam.submit_modal(form, {"until": "in 90 days"})  # which only stops it for longer
    longer = await now(world, job)
    assert longer.held_until is not None and held.held_until is not None
    assert longer.held_until > held.held_until
    form = await click(world, world.admin, "job", "until", job.id)
    await world.admin.submit_modal(form, {"until": "in 1 minute"})
    assert (await now(world, job)).next_run_at == job.next_run_at


async def test_many_are_not_brought_back_where_they_ping_what_one_may_not_ping(world: World) -> None:
    sam = await scheduler(world, send_messages=True, view_channel=True)
    job = await _pings_staff(world)
    listed = await sam.slash(world.channel, "schedule list")
    await pick(sam, listed.response, "bulk:select", [job.id])
    await press(sam, listed.response, "bulk:cancel")
    await sam.click(listed.response, label="Yes, do it")  # type: ignore[arg-type]
    await sam.click(listed.response, label="Undo")  # type: ignore[arg-type]
    assert "1 job was left unchanged" in text_of(listed.response)
    assert (await now(world, job)).state is JobState.CANCELLED


async def test_a_part_that_pings_is_brought_back_by_those_only_who_may_ping(world: World) -> None:
    sam = await scheduler(world, send_messages=True, view_channel=True)
    staff = world.guild.create_role("Staff")
    loud = {"channel_ids": [str(world.channel.id)], "text": f"Soon <@&{staff.id}>"}
    plain = {"channel_id": str(world.channel.id), "message": "Hi"}
    job = await a_job(
        world, params=plain, parts=(Part("lead", "send_post", loud, before=timedelta(hours=1)),)
    )
    await click(world, world.admin, "job", "end", job.id)
    assert "you don't have *Mention" in said(await click(world, sam, "job", "back", f"{job.id}:1.2"))
    assert (await now(world, job)).state is JobState.CANCELLED


async def test_who_brings_back_another_text_answers_for_it_and_pings_what_they_may(world: World) -> None:
    """The version is theirs from then on, so that it pings nobody whom they may not ping."""
    client = world.bot.services.client
    sam = await scheduler(world, send_messages=True, view_channel=True)
    job = await _pings_staff(world)
    await client.change(replace(job, params={**job.params, "message": "Hi"}), 1, str(world.admin.id))
    assert "restored" in said(await click(world, sam, "job", "back", f"{job.id}:1.2"))
    back = await now(world, job)
    assert back.params == job.params and back.creator_id == str(sam.id)


async def test_who_writes_what_runs_in_quiet_hours_manages_the_server(world: World) -> None:
    """Neither an older version nor somebody else's exemption lets a person's own words out at night."""
    client = world.bot.services.client
    sam = await scheduler(world, send_messages=True, view_channel=True)
    params = {"channel_id": str(world.channel.id), "message": "Hi"}
    job = await a_job(world, params=params, in_quiet_hours=True)
    shown = await sam.slash(world.channel, "schedule edit", job=job.id, when="every day at 3")
    refused = await sam.click(shown.response, label="Save the change")  # type: ignore[arg-type]
    assert "may let a job run during quiet hours" in said(refused) + text_of(shown.response)
    assert await now(world, job) == job
    await client.change(replace(job, in_quiet_hours=False), 1, str(world.admin.id))
    refused = await click(world, sam, "job", "back", f"{job.id}:1.2")
    assert "may let a job run during quiet hours" in said(refused)
    assert (await now(world, job)).in_quiet_hours is False
    # What stays its creator's is brought back as it was.
    await click(world, world.admin, "job", "back", f"{job.id}:1.2")
    await click(world, world.admin, "job", "end", job.id)
    assert "restored" in said(await click(world, sam, "job", "back", f"{job.id}:3.4"))
    back = await now(world, job)
    assert back.in_quiet_hours and back.creator_id == str(world.admin.id)


async def test_many_are_resumed_and_brought_back_as_far_as_one_may(world: World) -> None:
    client = world.bot.services.client
    sam, job = await scheduler(world), await a_job(world)
    own = await a_job(world, params={"channel_id": str(world.channel.id), "message": "Open"}, name="Open")
    for item in (job, own):
        await client.pause(item.id, by=str(world.admin.id))
    listed = await sam.slash(world.channel, "schedule list")
    await pick(sam, listed.response, "bulk:select", [job.id, own.id])
    await press(sam, listed.response, "bulk:resume")
    text = text_of(listed.response)
    assert "Resume 1 job?" in text and "“Council”: You can't do this" in text
    await sam.click(listed.response, label="Yes, do it")  # type: ignore[arg-type]
    assert (await now(world, job)).state is JobState.PAUSED
    assert (await now(world, own)).state is JobState.ACTIVE
    # Pausing many again is allowed, and undone only as far as resuming them is.
    await client.resume(job.id, str(world.admin.id))
    await click(world, sam, "bulk", "list", button_target(listed.response, "Back to the list"))
    again = await sam.slash(world.channel, "schedule list")
    await pick(sam, again.response, "bulk:select", [job.id, own.id])
    await press(sam, again.response, "bulk:pause")
    await sam.click(again.response, label="Yes, do it")  # type: ignore[arg-type]
    await sam.click(again.response, label="Undo")  # type: ignore[arg-type]
    assert "1 job was left unchanged" in text_of(again.response)
    assert (await now(world, job)).state is JobState.PAUSED
    assert (await now(world, own)).state is JobState.ACTIVE


async def test_a_job_that_changed_between_the_look_and_the_click_is_not_run(world: World) -> None:
    """The server is told which version the person's rights were compared with."""
    client = world.bot.services.client
    job = await a_job(world, params={"channel_id": str(world.channel.id), "message": "Hi"})
    await client.change(replace(job, name="New"), 1, str(world.admin.id))
    from schedulezero.errors import Conflict

    for act in (
        client.run(job, "1"),
        client.resume(job.id, "1", version=1),
        client.pause(job.id, instants.now() + timedelta(days=1), "1", version=1),
        client.make_up(job.id, [instants.now()], "1", version=1),
        client.approve(job.id, "1", version=1),
    ):
        with pytest.raises(Conflict):
            await act
    assert await runs(world, job) == 0


# -------------------------------------------------------------------- every act that there is

ACTIONS = sorted({**DESK.clicks, **DESK.opens})
FORMS = sorted(DESK.forms)


async def targets_for(world: World, panel: str, jobs: list[Job], who: simcord.MemberActor) -> list[str]:
    """What the custom ids of a panel may be about: jobs, their versions and runs, or a state that is kept."""
    targets: list[str] = []
    if panel not in ("bulk", "import", "list", "history"):
        for job in jobs:
            ends = ("", f":1.{job.version}", f":v{job.version}", ":0")
            targets += [f"{job.id}{end}" for end in ends]
    if panel in ("job", "alert"):
        return targets
    memory, ids = world.bot.memory, [job.id for job in jobs]
    for action in ("pause", "resume", "cancel", "change") if panel == "bulk" else ("resume",):
        await memory.save_panel(
            f"walk{action}",
            world.guild.id,
            {
                "query": {}, "cursors": [], "selected": ids, "make_up": ids[0],
                "instants": [instants.to_iso(instants.now().replace(year=2025))],
                "bulk": {
                    "action": action, "jobs": {job.id: job.version for job in jobs},
                    "params": {"channel_id": str(world.channel.id)} if action == "change" else {},
                },
                "undo": {job.id: [1, job.version] for job in jobs if job.version > 1},
                "imported": {job.id: job.version for job in jobs},
                # No file holds an ending; as a job of one's own it would be harmless.
                "import": [replace(job, id="").to_json() for job in jobs if not job.id.startswith("after-")],
                "by": str(who.id),
            },
        )  # fmt: skip
        targets.append(f"walk{action}")
    return targets


async def touched(world: World, before: list[Job], *, stops: bool) -> list[str]:
    """What happened to jobs that somebody without their rights was let loose on."""
    found: list[str] = []
    stopped = (JobState.PAUSED, JobState.CANCELLED)
    for job in before:
        after = await now(world, job)
        if await runs(world, job):
            found.append(f"{job.title} ran")
        if (after.params, after.trigger, after.creator_id) != (job.params, job.trigger, job.creator_id):
            found.append(f"{job.title} does something else: {after}")
        if after.state is job.state and after.held_until == job.held_until:
            if after.version != job.version and not stops:
                found.append(f"{job.title} was changed: {after}")
        elif not stops or not (after.state in stopped or after.held_until is not None):
            found.append(f"{job.title} is {after.state}")
    total = len([item async for item in world.bot.services.client.all_jobs(str(world.guild.id))])
    known = {item.id for item in before}
    if total > len(known):
        found.append("there are new jobs")
    return found


async def the_jobs(world: World, **given: Any) -> list[Job]:
    """Jobs of the administrator's in each state from which something could be made to happen."""
    client = world.bot.services.client
    made = [await a_job(world, **given)]
    made.append(await client.pause((await a_job(world, **given)).id, by=str(world.admin.id)))
    made.append(await client.cancel(await a_job(world, **given), str(world.admin.id)))
    made.append(await a_job(world, state=JobState.PENDING, **given))
    quiet = await a_job(world, **given)
    harmless = {"channel_id": str(world.channel.id), "message": "Hi"}
    made.append(await client.change(replace(quiet, params=harmless), 1, str(world.admin.id)))
    return made


async def _let_loose(world: World, who: simcord.MemberActor, jobs: list[Job], panel: str) -> None:
    options = [discord.SelectOption(label="Forged", value=job.id) for job in jobs]
    for _, name in [key for key in ACTIONS if key[0] == panel]:
        for target in await targets_for(world, panel, jobs, who):
            result = await click(world, who, panel, name, target)
            assert "Something went wrong" not in said(result), (panel, name, target, said(result))
        for target in ("any", *(job.id for job in jobs if panel in ("job", "alert", "run"))):
            message = await forged(world, world.channel, DeskSelect(panel, name, target, "Forged", options))
            await who.select(message, [jobs[0].id])
            message = await forged(world, world.channel, DeskChannelSelect(panel, name, target, "Forged"))
            await who.select(message, [world.channel])


SETTINGS = ("audit", "calendar", "setup", "sprocket")
"""Panels that are about no single job."""
PANELS = sorted({panel for panel, _ in ACTIONS if panel not in SETTINGS})


@pytest.mark.parametrize("panel", PANELS)
async def test_nothing_that_can_be_clicked_does_more_than_the_person_may(world: World, panel: str) -> None:
    """Every action there is, on jobs in every state: who lacks the rights can only stop them."""
    sam, jobs = await scheduler(world), await the_jobs(world)
    jobs = jobs[:4]  # the fifth is harmless as it stands; its first version is the subject of its own test
    await _let_loose(world, sam, jobs, panel)
    assert await touched(world, jobs, stops=True) == []


@pytest.mark.parametrize("panel", PANELS)
async def test_nothing_that_can_be_clicked_touches_what_somebody_may_not_manage(
    world: World, panel: str
) -> None:
    """Every action there is, on jobs that only a role may manage, and on the ending of another job."""
    role = world.guild.create_role("Keepers")
    sam = await scheduler(world, mention_everyone=True, manage_guild=True)
    harmless = {"channel_id": str(world.channel.id), "message": "Hi"}
    jobs = await the_jobs(world, params=harmless, meta={"managers": [str(role.id)]})
    jobs.append(await a_job(world, id=f"after-{panel}", params=harmless))
    await _let_loose(world, sam, jobs, panel)
    assert await touched(world, jobs, stops=False) == []


@pytest.mark.parametrize(("panel", "name"), FORMS)
async def test_no_form_touches_what_somebody_may_not_manage(
    world: World, monkeypatch: pytest.MonkeyPatch, panel: str, name: str
) -> None:
    sam = await scheduler(world)
    jobs = [await a_job(world, id="after-form"), await a_job(world, meta={"managers": ["1"]})]

    async def open_form(desk: Desk, target: str) -> None:
        fields = [text_field(field, field) for field in ("when", "until", "zone", "text", "p:message")]
        await desk.interaction.response.send_modal(new_form(panel, name, target, "Forged", fields))

    monkeypatch.setitem(DESK.opens, ("forged", "form"), open_form)
    for target in await targets_for(world, panel, jobs, sam):
        message = await forged(world, world.channel, DeskButton("forged", "form", target, "Forged"))
        shown = await sam.click(message, label="Forged")
        await sam.submit_modal(
            shown, {"when": "in 3 hours", "until": "in 2 weeks", "zone": "Berlin", "text": "x"}
        )
    assert await touched(world, jobs, stops=False) == []


async def _settings(world: World) -> dict[str, Any]:
    """What a guild sets once, as it is kept."""
    guild_id, memory = str(world.guild.id), world.bot.memory
    return {
        "settings": await memory.settings(world.guild.id),
        "zone": await memory.timezone(0, world.guild.id),
        "rules": await world.bot.services.client.rules(guild_id),
        "typed": await memory.kept("rules", guild_id),
        "web": await settings_of(world.bot, "web", WebSettings, guild_id),
    }


def test_each_panel_is_in_one_of_the_walks() -> None:
    assert sorted({panel for panel, _ in ACTIONS}) == sorted({*PANELS, *SETTINGS})
    assert {panel for panel, _ in FORMS if panel in SETTINGS} == {"setup", "sprocket"}


@pytest.mark.parametrize("panel", SETTINGS)
async def test_nothing_that_can_be_clicked_changes_what_those_who_manage_the_server_set(
    world: World, panel: str
) -> None:
    """Every button and select of settings, the audit and the calendar, by somebody who only may schedule."""
    sam, job = await scheduler(world, mention_everyone=True), await a_job(world)
    guild: Any = world.bot.get_guild(world.guild.id)
    await guild.get_channel(world.channel.id).set_permissions(guild.default_role, send_messages=False)
    await world.env.settle()
    role, before = world.guild.create_role("Friends"), await _settings(world)
    await world.bot.memory.save_panel("walk", world.guild.id, {"audit": "", "actor": "", "cursors": []})
    targets = ["walk", "all", "web", "any", str(world.guild.id), job.id]
    targets += [f"{instants.now():%Y-%m-%d}.{view}" for view in ("month", "week")]
    options = [discord.SelectOption(label=name, value=name) for name in ("web", job.id)]
    for _, name in [key for key in ACTIONS if key[0] == panel]:
        for target in targets:
            answers = [await click(world, sam, panel, name, target)]
            for item, value in (
                (DeskSelect(panel, name, target, "Forged", options), "web"),
                (DeskChannelSelect(panel, name, target, "Forged"), world.channel),
                (DeskRoleSelect(panel, name, target, "Forged"), role),
            ):
                message = await forged(world, world.channel, item)
                answers.append(await sam.select(message, [value]))
            for answer in answers:
                assert answer.modal is None or panel not in ("setup", "sprocket"), (name, target)
                assert "Something went wrong" not in said(answer), (name, target, said(answer))
    assert await _settings(world) == before
    assert await touched(world, [job], stops=False) == []
    assert not [message for message in world.channel.history() if message.attachments]  # nothing was posted


@pytest.mark.parametrize(("panel", "name"), [key for key in FORMS if key[0] in SETTINGS])
async def test_no_form_changes_what_those_who_manage_the_server_set(
    world: World, monkeypatch: pytest.MonkeyPatch, panel: str, name: str
) -> None:
    given = {"zone": "Berlin", "quiet": "22-7", "days": "saturday", "jobs": "3", "runs": "5", "p:secret": "x"}
    if (panel, name) in (("setup", "hours"), ("setup", "days")):
        given = {"morning": "8:00", "day": "8:00"}
    fields = {item: text for item, text in given.items() if (item == "p:secret") == (panel == "sprocket")}

    async def open_form(desk: Desk, target: str) -> None:
        inputs = [text_field(field, field) for field in fields]
        await desk.interaction.response.send_modal(new_form(panel, name, target, "Forged", inputs))

    monkeypatch.setitem(DESK.opens, ("forged", "form"), open_form)
    sam, before = await scheduler(world), await _settings(world)
    for who, changes in ((sam, False), (world.admin, True)):
        shown = await click(world, who, "forged", "form", "web" if panel == "sprocket" else "any")
        answer = await who.submit_modal(shown, fields)
        assert ("*Manage Server* permission to change settings" in said(answer)) is not changes
        assert (await _settings(world) != before) is changes


# Read as: what changes or runs a job, asked of the server.
_CHANGING = {
    "run", "make_up", "pause", "resume", "skip", "cancel", "restore", "change", "approve", "bulk", "create",
    "create_many",
}  # fmt: skip
_DECIDING = {"job_for", "check", "verdicts"}
# Read as: a function that asks for such a change and leaves the decision to another; which, and why.
_DECIDED_ELSEWHERE = {
    "bulk._do": "_allowed",
    "bulk._undo": "_restorable",
    "running._run": "its two callers, by job_for",
    "history._queue": "its two callers, by job_for",
    "running.look_at_once": "its callers, who have just saved or approved the job",
    "reading.save": "a person's own reminder, under their own id",
    "reading.changed": "its callers, by own_reminder",
    "reminders._instead": "a person's own reminder, by own_reminder",
    "listing.cancel": "a person's own reminder, by own_reminder",
    "listing.undo": "a person's own reminder, by own_reminder",
    "own_zone.move": "a person's own reminders, under their own id",
    "listing.resume": "a person's own reminder, by own_reminder",
    "forgetting._cancel_all": "its callers: a person's own jobs, or those of a guild without the bot",
    "guilds_cog._resume": "nobody asks: it undoes what the bot's absence did",
    "debts_cog._try": "nobody asks: it settles what the bot owes",
    "own_schedules.follow_new_texts": "nobody asks: a sprocket's new times reach jobs that nobody changed",
    "panel._moved": "its callers: a queue closes up, or one is put first, with those jobs that may be moved",
}


def test_whatever_changes_a_job_decides_first() -> None:
    """A function of the desk that asks the server for a change decides first, or is listed with a reason."""
    found: set[str] = set()
    undecided: list[str] = []
    for file in sorted((ROOT / "cogs").rglob("*.py")):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.AsyncFunctionDef):
                continue
            calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
            changing = [
                call for call in calls
                if isinstance(call, ast.Attribute) and call.attr in _CHANGING
                and ast.unparse(call.value).endswith("client")
            ]  # fmt: skip
            if not changing:
                continue
            name = f"{file.stem}.{function.name}"
            found.add(name)
            decides = any(isinstance(call, ast.Name) and call.id in _DECIDING for call in calls)
            if not decides and name not in _DECIDED_ELSEWHERE:
                undecided.append(name)
    assert undecided == []
    assert found >= {"job_card.pause", "create._save", "approval.approve", *_DECIDED_ELSEWHERE}


async def test_the_list_of_jobs_is_empty_of_new_ones(world: World) -> None:
    """What the walks count by: a job that is cancelled is not in the list."""
    job = await a_job(world)
    await world.bot.services.client.cancel(job)
    page = await world.bot.services.client.jobs(str(world.guild.id), JobQuery())
    assert page.jobs == ()
