"""A job with leads and thens: made from its draft, shown as one thing, changed and undone as one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import simcord

from schedulezero.exchange.yaml_file import write_jobs
from schedulezero.model import Job, RunState
from schedulezero.model.part import Part, leads
from tests.conftest import until
from tests.support.acting import click, now, scheduler
from tests.support.text import text_of
from tests.support.world import World, custom_id, pick, press, said

FRIDAYS = "every friday at 19:00"


async def drafted(world: World, when: str = FRIDAYS) -> Any:
    """The panel of what a draft's job does before and after."""
    values = {"channel_id": [world.channel], "message": "Game night"}
    card = (await world.draft(world.admin, "send_announcement", values, when)).response
    await press(world.admin, card, "draft:parts")
    return card


async def announced(
    world: World, panel: Any, before: str, text: str | None = None
) -> simcord.InteractionResult:
    form = await press(world.admin, panel, "draft:ahead")
    fields: dict[str, Any] = {"before": before, "channel_id": [world.channel]}
    return await world.admin.submit_modal(form, {**fields, "message": text or "{starts}, come!"})


async def followed(world: World, panel: Any, text: str, after: str = "") -> simcord.InteractionResult:
    form = await pick(world.admin, panel, "draft:link", ["send_post"])
    fields: dict[str, Any] = {"p:channel_ids": [world.channel], "p:text": text, "after": after}
    return await world.admin.submit_modal(form, fields)


async def confirmed(world: World, panel: Any) -> Job:
    await press(world.admin, panel, "draft:show")
    await world.admin.click(panel, label="Confirm")
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    return job


async def test_leads_and_thens_are_made_from_the_draft_and_shown_as_one(world: World) -> None:
    panel = await drafted(world)
    await announced(world, panel, "1 day, 15 minutes")
    await followed(world, panel, "Thanks!", "2 hours")
    assert "1 day before" in text_of(panel) and "15 minutes before" in text_of(panel)
    assert "2 hours afterwards" in text_of(panel)
    job = await confirmed(world, panel)
    assert [(part.id, part.method) for part in job.parts] == [
        ("b1", "send_post"), ("b2", "send_post"), ("t1", "send_post"),
    ]  # fmt: skip
    assert [item.part for item in job.waiting] == ["b1", "b2"]
    card = said(await click(world, world.admin, "job", "show", job.id))
    assert "1 day before" in card and "2 hours afterwards" in card
    listed = said(await world.admin.slash(world.channel, "schedule list"))
    assert "◀ 2 · ▶ 1" in listed and listed.count("Game night") == 1


async def test_the_parts_run_and_the_history_tells_which(world: World) -> None:
    panel = await drafted(world, "in 2 hours")
    await announced(world, panel, "1 hour")
    await followed(world, panel, "Thanks!", "30 minutes")
    job = await confirmed(world, panel)
    (lead,) = job.waiting
    client = world.bot.services.client
    for count, minutes in enumerate((61, 60, 31), 1):
        await world.advance(minutes=minutes)

        async def over(count: int = count) -> bool:
            runs = (await client.runs(str(world.guild.id), job_id=job.id)).runs
            return len(runs) == count and all(run.finished_at is not None for run in runs)

        await until(over)
    first, second, third = (message.content for message in world.posted()[-3:])
    assert first == f"<t:{int(lead.of.timestamp())}:R>, come!"
    assert (second, third) == ("Game night", "Thanks!")
    history = said(await click(world, world.admin, "job", "history", job.id))
    assert "◀ Post something" in history and "▶ Post something" in history
    found = (await client.runs(str(world.guild.id), job_id=job.id)).runs
    assert [run.state for run in found] == [RunState.SUCCEEDED] * 3


async def test_parts_have_the_number_of_the_run_to_which_they_belong(world: World) -> None:
    panel = await drafted(world, "every friday at 19:00")
    await announced(world, panel, "8 days, 1 hour", "Soon {run}")
    await followed(world, panel, "Thanks for {run}", "10 days")
    job = await confirmed(world, panel)
    client, instants = world.bot.services.client, []
    for _ in range(7):
        fresh = await now(world, job)
        at = min(at for at in (fresh.next_run_at, *(item.due_at for item in fresh.waiting)) if at is not None)
        instants.append(at)
        await world.advance(minutes=int((at - world.clock()).total_seconds()) // 60 + 1)

        async def over(count: int = len(instants)) -> bool:
            runs = (await client.runs(str(world.guild.id), job_id=job.id)).runs
            return len(runs) == count and all(run.finished_at is not None for run in runs)

        await until(over)
    found = (await client.runs(str(world.guild.id), job_id=job.id)).runs
    own = {run.scheduled_at: run.number for run in found if run.of is None}
    parts = [run for run in found if run.of is not None]
    assert {run.part for run in parts} == {"b1", "b2", "t1"}
    first = min(own)
    assert [(run.part, run.number) for run in parts if run.part != "main"] == [
        (run.part, round((run.of - first).total_seconds() / 604800) + 1)
        for run in parts
        if run.of is not None
    ]


async def test_a_lead_that_has_passed_is_said_before_it_is_saved(world: World) -> None:
    panel = await drafted(world, "in 2 hours")
    await announced(world, panel, "1 day, 15 minutes")
    await press(world.admin, panel, "draft:show")
    assert "1 day before: this time has already passed" in text_of(panel)
    assert "15 minutes before: that" not in text_of(panel)


async def test_an_edit_and_a_clone_take_the_parts_along(world: World) -> None:
    panel = await drafted(world)
    await announced(world, panel, "1 day")
    job = await confirmed(world, panel)
    shown: Any = (
        await world.admin.slash(world.channel, "schedule edit", job=job.id, when="every monday at 9")
    ).response
    assert "1 day before" in text_of(shown)
    await world.admin.click(shown, label="Save the change")
    moved = await now(world, job)
    assert moved.parts == job.parts and moved.waiting[0].at != job.waiting[0].at
    copy: Any = (await click(world, world.admin, "job", "clone", job.id)).response
    await world.admin.click(copy, label="Confirm")
    jobs = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    assert [each.parts for each in jobs] == [job.parts] * 2


async def test_a_part_is_removed(world: World) -> None:
    panel = await drafted(world)
    await announced(world, panel, "1 day, 15 minutes")
    await pick(world.admin, panel, "draft:unlink", ["b1"])
    assert [part.id for part in (await confirmed(world, panel)).parts] == ["b2"]


@pytest.mark.parametrize("before", ["soon", "2 years", "0 minutes", ",".join(["1 day"] * 6)])
async def test_a_lead_that_cannot_be_is_refused(world: World, before: str) -> None:
    panel = await drafted(world)
    answer = await announced(world, panel, before)
    assert "isn't a duration" in said(answer) or "at most 5" in said(answer)
    assert (await confirmed(world, panel)).parts == ()


async def test_who_may_not_do_what_follows_neither_saves_nor_runs_it(world: World) -> None:
    """The rights for every part are needed, as for the job itself."""
    panel = await drafted(world)
    job = await confirmed(world, panel)
    params = {"channel_ids": [str(world.channel.id)], "text": "All!", "ping": "everyone"}
    part = Part("t1", "send_post", params, after=timedelta())
    job = await world.bot.services.client.change(
        replace(job, parts=(part,)), job.version, str(world.admin.id)
    )
    sam = await scheduler(world, manage_messages=True)
    assert "Mention @everyone" in said(await click(world, sam, "job", "run", job.id))
    assert custom_id((await click(world, world.admin, "job", "show", job.id)).response, "job:run")


SECRET = "https://hooks.example.org/S3CRET"


async def with_a_secret(world: World) -> Job:
    """A job with a lead, and a call of an address whose path nobody else may read."""
    panel = await drafted(world)
    await announced(world, panel, "1 day")
    job = await confirmed(world, panel)
    params = {"url": SECRET, "method": "POST", "body": "B0DY"}
    call = Part("t1", "call_web", params, after=timedelta())
    client = world.bot.services.client
    job = await client.change(replace(job, parts=(*job.parts, call)), job.version, str(world.admin.id))
    call = replace(call, params={**params, "url": f"{SECRET}/2", "body": "B0DY2"})
    (lead,) = leads(job.parts)
    lead = replace(lead, params={**lead.params, "text": "Soon!"})
    return await client.change(replace(job, parts=(lead, call)), job.version, str(world.admin.id))


async def test_changes_and_audit_tell_of_the_parts_without_their_secrets(world: World) -> None:
    job = await with_a_secret(world)
    sam = await scheduler(world)
    panels = [
        said(await click(world, sam, "job", "changes", job.id)),
        said(await world.admin.slash(world.channel, "schedule audit", job=job.id)),
    ]
    for text in panels:
        assert "S3CRET" not in text
        assert "Before and after: – → ▶ **right afterwards:** Call web" in text
        assert "Before and after · Text: {starts}, come! → Soon!" in text
        assert "https://hooks.example.org/… → https://hooks.example.org/…" in text
    assert "B0DY" not in panels[0]


async def test_an_export_takes_the_parts_along_and_leaves_out_their_secrets(world: World) -> None:
    await with_a_secret(world)
    sam = await scheduler(world)
    answer = await sam.slash(world.channel, "schedule export")
    assert "the web addresses and the data sent to them are left out" in said(answer)
    assert answer.response is not None
    (file,) = answer.response.attachments
    data = (await file.read()).decode()
    assert "parts:" in data and "S3CRET" not in data and "B0DY" not in data and "Soon!" in data


async def test_an_import_makes_the_parts_and_finds_them_unchanged(world: World) -> None:
    panel = await drafted(world)
    await announced(world, panel, "1 day, 90 minutes")
    await followed(world, panel, "Thanks!")
    job = await confirmed(world, panel)
    file = ("jobs.yaml", write_jobs([job]).encode())
    shown: Any = (await world.admin.slash(world.channel, "schedule import", file=file)).response
    assert "1 job already exists here" in text_of(shown) and "0 are different" in text_of(shown)
    await press(world.admin, shown, "import:copy")
    jobs = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    assert [each.parts for each in jobs] == [job.parts] * 2


async def test_an_import_updates_the_parts_and_keeps_those_it_does_not_name(world: World) -> None:
    job = await with_a_secret(world)
    text = write_jobs([job])
    silent = write_jobs([replace(job, parts=())])
    shown: Any = (
        await world.admin.slash(world.channel, "schedule import", file=("a.yaml", silent.encode()))
    ).response
    assert "0 are different" in text_of(shown)
    data = text.replace("Soon!", "Now!").encode()
    shown = (await world.admin.slash(world.channel, "schedule import", file=("b.yaml", data))).response
    await press(world.admin, shown, "import:update")
    lead, call = (await now(world, job)).parts
    assert lead.params["text"] == "Now!" and call == job.parts[1]


async def test_who_may_not_do_a_part_cannot_import_it(world: World) -> None:
    job = await with_a_secret(world)
    sam = await scheduler(world)
    file = ("jobs.yaml", write_jobs([replace(job, id="")]).encode())
    shown = await sam.slash(world.channel, "schedule import", file=file)
    assert "0 jobs can be imported" in said(shown) and "*Manage Server*" in said(shown)
