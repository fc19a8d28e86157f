"""What the bot keeps from earlier versions has weekday numbers that count from Monday; it now keeps names."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cogs.desk.drafts.draft import KEPT
from cogs.desk.kit.components import DeskButton
from schedulezero.model import Trigger
from schedulezero.model.audit import Change
from tests.support.foreign_guild import forged
from tests.support.scheduling import hello
from tests.support.text import text_of
from tests.support.world import World, button_target, pick, said

MONDAY = {"day_of_week": 0, "hour": 9}
FOUND = [("cron", MONDAY), ("calendar", {"cron": MONDAY, "until": "2100-01-01T00:00:00Z"})]


async def announced(world: World, when: str = "every day at 9") -> str:
    return await world.create(world.admin, "send_announcement", hello(world), when)


@pytest.mark.parametrize(("kind", "args"), FOUND)
async def test_a_kept_draft(world: World, kind: str, args: dict[str, object]) -> None:
    job_id = await announced(world)
    shown = await world.admin.slash(world.channel, "schedule edit", job=job_id)
    memory = world.bot.memory
    draft = await memory.draft(button_target(shown.response, "Save the change"))
    assert draft is not None
    kept = {**draft.values[KEPT], "type": kind, "args": args}
    await memory.save_draft(replace(draft, values={**draft.values, KEPT: kept}))
    listed = await world.admin.slash(world.channel, "schedule drafts")
    await pick(world.admin, listed.response, "drafts:open", [draft.id])
    assert "Monday" in text_of(listed.response) and "Sunday" not in text_of(listed.response)


@pytest.mark.long
@pytest.mark.parametrize(("kind", "args"), FOUND)
async def test_a_dry_run(world: World, kind: str, args: dict[str, object]) -> None:
    client = world.bot.services.client
    job = await client.job(await announced(world), str(world.guild.id))
    kept = replace(job, id="", trigger=Trigger(kind, args)).to_json()
    await world.bot.memory.save_panel("dry", world.guild.id, {"import": [kept], "by": str(world.admin.id)})
    message = await forged(world, world.channel, DeskButton("import", "do", "dry", "Import"))
    await world.admin.click(message, label="Import")
    found = [item async for item in client.all_jobs(str(world.guild.id)) if item.id != job.id]
    assert "mon" in json.dumps(found[0].trigger.to_json())


@pytest.mark.parametrize(("kind", "args"), FOUND)
async def test_an_entry_of_the_audit(world: World, kind: str, args: dict[str, object]) -> None:
    change = Change("trigger", {"type": "cron", "args": {"hour": 9}}, {"type": kind, "args": args})
    guild_id, person = str(world.guild.id), str(world.admin.id)
    await world.bot.services.client.note("rules", guild_id=guild_id, changes=(change,), by=person)
    text = said(await world.admin.slash(world.channel, "schedule audit"))
    assert "Monday" in text and "Sunday" not in text


async def test_a_typed_number_is_kept_as_the_name_it_means_now(world: World) -> None:
    shown = await world.admin.slash(
        world.channel, "schedule edit", job=await announced(world, "cron fields hour=9 day_of_week=0")
    )
    draft = await world.bot.memory.draft(button_target(shown.response, "Save the change"))
    assert draft is not None and draft.values[KEPT]["args"]["day_of_week"] == "sun"
