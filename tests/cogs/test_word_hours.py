"""A server's own hours of words and its public holidays: set in the panel, used wherever texts are read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.granting import let_everybody_use
from tests.support.reminding import jobs_of
from tests.support.scheduling import hello
from tests.support.setting_up import setup
from tests.support.text import text_of
from tests.support.world import World, pick, press, said

HOURS = {"morning": "10", "lunch": "12:30", "afternoon": "14h", "evening": "8 pm", "night": "23.00"}
DAYS = {"day": "8:15", "early": "5", "end": "16:00", "place": "de-by"}


async def given(world: World, form: str, fields: dict[str, str]) -> Any:
    opened = await press(world.admin, await setup(world), f"setup:{form}")
    return await world.admin.submit_modal(opened, fields)


def shown(form: Any) -> dict[str, str]:
    return {
        item["component"]["custom_id"]: item["component"].get("value") or ""
        for item in form.modal["components"]
    }


async def test_hours_that_a_server_sets_are_used_wherever_its_texts_are_read(world: World) -> None:
    await given(world, "hours", HOURS)
    await given(world, "days", DAYS)
    panel = text_of(await setup(world))
    assert "Morning 10:00 · Lunch 12:30 · Afternoon 14:00 · Evening 20:00 · Night 23:00" in panel
    assert "A day without a time 08:15" in panel and "public holidays: Germany (DE-BY)" in panel
    preview = await world.draft(world.admin, "send_announcement", hello(world), "every morning")
    assert "every day at 10:00" in text_of(preview.response)
    preview = await world.draft(
        world.admin, "send_announcement", hello(world), "every friday except public holidays"
    )
    assert "every Friday at 08:15, except public holidays (DE-BY)" in text_of(preview.response)
    job_id = await world.create(world.admin, "send_announcement", hello(world), "every monday evening")
    job = await world.bot.services.client.job(job_id, str(world.guild.id))
    assert job.trigger.args["hour"] == "20"
    options = {"what": "Sleep", "when": "every night"}
    answer = await world.admin.slash(world.channel, "remind me", **options)
    assert "every day at 23:00" in said(answer)
    assert len(await jobs_of(world, world.admin.id)) == 1


async def test_what_was_saved_stays_and_a_change_is_noted(world: World) -> None:
    job_id = await world.create(world.admin, "send_announcement", hello(world), "every morning")
    client = world.bot.services.client
    before = (await client.job(job_id, str(world.guild.id))).trigger
    await given(world, "hours", HOURS)
    assert (await client.job(job_id, str(world.guild.id))).trigger == before
    audit = text_of((await world.admin.slash(world.channel, "schedule audit")).response)
    assert "Morning: 09:00 → 10:00" in audit


async def test_every_fault_is_told_at_once_and_the_form_reopens_filled_in(world: World) -> None:
    wrong = {"morning": "15:00", "lunch": "later", "afternoon": "", "evening": "25:00", "night": "23:00"}
    text = said(await given(world, "hours", wrong))
    assert "Morning: 15:00 isn't possible; choose an hour from 00 to 11." in text
    assert "Lunch: “later” isn't a time of day" in text and "Evening: “25:00” isn't a time of day" in text
    form = await press(world.admin, await setup(world), "setup:hours")
    assert shown(form) == wrong
    assert "Morning 09:00" in text_of(await setup(world))
    await world.admin.submit_modal(form, {**wrong, "morning": "", "lunch": "", "evening": ""})
    form = await press(world.admin, await setup(world), "setup:hours")
    assert shown(form)["night"] == "23:00" and shown(form)["morning"] == "09:00"


async def test_the_holidays_of_a_place_that_is_not_known_are_refused(world: World) -> None:
    text = said(await given(world, "days", {**DAYS, "place": "Atlantis"}))
    assert "I don't know the public holidays for “Atlantis”." in text
    answer = await world.admin.slash(world.channel, "schedule setup", holidays="US-CA")
    assert "public holidays: United States (US-CA)" in said(answer)
    refused = await world.admin.slash(world.channel, "schedule setup", holidays="DE-ZZ")
    assert "DE-ZZ" in said(refused) and "public holidays: United States (US-CA)" in text_of(
        await setup(world)
    )


async def test_the_place_is_offered_while_it_is_typed(world: World) -> None:
    offered = await world.admin.autocomplete(world.channel, "schedule setup", "holidays", "bay")
    assert ("Germany, Bayern (DE-BY)", "DE-BY") in [(item["name"], item["value"]) for item in offered]


@pytest.mark.long
async def test_only_who_manages_the_server_may_set_it(world: World) -> None:
    let_everybody_use(world, "schedule")
    role = world.guild.create_role("Schedulers")
    await pick(world.admin, await setup(world), "setup:roles", [role])
    member = world.guild.add_member(world.env.create_user("sam"), roles=[role])
    answer = await member.slash(world.channel, "schedule setup", holidays="US")
    assert "*Manage Server* permission to change settings" in said(answer)
