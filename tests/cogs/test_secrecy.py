"""Addresses that bear tokens, and what is sent there, are shown to those who could write such a job."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cogs.desk.jobs.approval_card import approval_card
from cogs.services import spec_for
from schedulezero.model import Job, JobState
from tests.support.acting import a_job, click, now, scheduler
from tests.support.everything import everything
from tests.support.text import text_of
from tests.support.world import World, button_target, said

URL = "https://hooks.example.org/services/S3CRET?k=S3CRET"
CALL = {"url": URL, "method": "POST", "body": '{"token": "S3CRET"}'}


async def a_call(world: World, kind: str, **given: Any) -> Job:
    if kind == "call_web":
        return await a_job(world, method="call_web", params=CALL, name="Secretive", **given)
    params = {"channel_id": str(world.channel.id), "message": "Hello", "ping_url": URL}
    return await a_job(world, params=params, name="Secretive", **given)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["call_web", "ping"])
async def test_who_only_may_schedule_sees_the_host_only(world: World, kind: str) -> None:
    sam, client = await scheduler(world), world.bot.services.client
    job = await a_call(world, kind)
    job = await client.change(replace(job, params={**job.params, "message": "x"}), 1, str(world.admin.id))
    seen = await everything(world, sam, job)
    assert "S3CRET" not in seen
    assert "the web addresses and the data sent to them are left out" in seen and "Hidden from you" in seen
    assert "S3CRET" in await everything(world, world.moderator, job)
    found = await sam.slash(world.channel, "schedule list", text="S3CRET")
    assert "Secretive" not in said(found)
    audit = await world.admin.slash(world.channel, "schedule audit")
    assert "S3CRET" not in said(audit) and "https://hooks.example.org/…" in said(audit)


@pytest.mark.long
async def test_its_creator_reads_it_and_one_who_restored_reads_only_their_own(world: World) -> None:
    sam, client = await scheduler(world), world.bot.services.client
    own = await a_call(world, "ping", creator_id=str(sam.id))
    assert "S3CRET" in await everything(world, sam, own)
    plain = await a_job(world, params={"channel_id": str(world.channel.id), "message": "Hi"})
    called = {**plain.params, "ping_url": URL}
    await client.change(replace(plain, params=called), 1, str(world.admin.id))
    await client.restore(plain.id, 1, by=str(sam.id))
    assert (await now(world, plain)).creator_id == str(sam.id)
    shown = await click(world, sam, "job", "changes", plain.id)
    assert "hooks.example.org/…" in said(shown) and "S3CRET" not in said(shown)


async def test_a_copy_has_empty_fields(world: World) -> None:
    sam, job = await scheduler(world), await a_call(world, "call_web")
    shown = await click(world, sam, "job", "clone", job.id)
    assert "Hidden from you and left empty in this copy:" in text_of(shown.response)
    assert "Still missing:" in text_of(shown.response)


@pytest.mark.parametrize("kind", ["call_web", "ping"])
async def test_an_edit_keeps_what_its_writer_does_not_see(world: World, kind: str) -> None:
    """Also when the forms are sent with the hidden fields empty, and the right comes in between."""
    sam, job = await scheduler(world), await a_call(world, kind)
    shown = await click(world, sam, "job", "edit", job.id)
    draft = button_target(shown.response, "Save the change")
    form = await click(world, sam, "draft", "edit", f"{draft}.options")
    await sam.submit_modal(form, {"o:#name": "Renamed"})
    if kind == "call_web":
        form = await click(world, sam, "draft", "edit", f"{draft}.what")
        await sam.submit_modal(form, {"p:method": ["PUT"]})
    assert "S3CRET" not in text_of(shown.response)
    await sam.click(shown.response, label="Save the change")  # type: ignore[arg-type]
    assert "*Manage Server*" in text_of(shown.response)
    assert (await now(world, job)).version == 1
    memory = world.bot.memory
    kept = await memory.draft(draft)
    assert kept is not None and "S3CRET" not in str(kept.values)
    await memory.save_draft(replace(kept, user_id=str(world.moderator.id)))
    await click(world, world.moderator, "draft", "confirm", draft)
    saved = await now(world, job)
    assert saved.name == "Renamed" and saved.version == 2
    wanted = {**job.params, **({"method": "PUT"} if kind == "call_web" else {})}
    assert saved.params == wanted


async def test_a_card_in_a_channel_hides_it_and_whoever_may_approve_reads_it(world: World) -> None:
    job = replace(await a_call(world, "ping"), state=JobState.PENDING)
    spec = spec_for(world.bot, job.method)
    posted = str(approval_card(job, spec, heading="Read").panel.to_components())
    assert "S3CRET" not in posted and "Read and approve…" in posted and f":approve:{job.id}:v" not in posted
    member: Any = world.bot.get_guild(world.guild.id)
    reader = await member.fetch_member(world.moderator.id)
    whole = str(approval_card(job, spec, heading="Read", reader=reader).panel.to_components())
    assert "S3CRET" in whole and f":v{job.version}" in whole
