"""A server's settings: zone, alerts, who may schedule, approval, limits and hours."""

from __future__ import annotations

import asyncio
from datetime import date, time
from typing import Any

import discord
import pytest
from simcord.actors import _component_click as tap  # pyright: ignore[reportPrivateUsage]
from simcord.actors import _component_select as choose  # pyright: ignore[reportPrivateUsage]
from simcord.backend.errors import SetupError

from cogs.desk.kit.components import DeskButton
from schedulezero.model import JobState
from tests.support.acting import click
from tests.support.foreign_guild import forged
from tests.support.granting import give_the_bot
from tests.support.setting_up import limits, setup
from tests.support.text import text_of
from tests.support.world import World, custom_id, labels, pick, press, said


async def test_the_first_visit_shows_settings_permissions_and_things_to_try(world: World) -> None:
    give_the_bot(world, discord.Permissions(view_channel=True, send_messages=True))
    text = text_of(await setup(world))
    assert "Settings for Moonbase" in text and "Three things to try" in text
    assert "❌ *Manage Webhooks*: Post under another name and avatar" in text
    assert "*Send Messages*" not in text
    give_the_bot(world, discord.Permissions(administrator=True))
    assert "all the permissions" in text_of(await setup(world))


async def test_the_zone_is_found_by_a_city(world: World) -> None:
    panel = await setup(world)
    form = await press(world.admin, panel, "setup:zone")
    await world.admin.submit_modal(form, {"zone": "berlin"})
    assert "Europe/Berlin" in text_of(panel)
    form = await press(world.admin, panel, "setup:zone")
    refused = await world.admin.submit_modal(form, {"zone": "Atlantis-on-Sea"})
    assert "don't know the time zone" in said(refused)
    again = await world.admin.click(refused.followups[-1], label="Correct it")
    assert "Atlantis-on-Sea" in str(again.modal)
    assert await world.bot.memory.timezone(world.admin.id, world.guild.id) == "Europe/Berlin"


@pytest.mark.long
async def test_the_servers_zone_is_the_same_by_command_and_noted(world: World) -> None:
    await limits(world, await setup(world), quiet="10pm-7am")
    options = {"zone": "Asia/Tokyo", "whose": "guild"}
    answer = await world.admin.slash(world.channel, "schedule timezone", **options)
    assert "time zone is now **Asia/Tokyo**" in said(answer)
    client = world.bot.services.client
    assert (await client.rules(str(world.guild.id))).timezone == "Asia/Tokyo"
    audit = await world.admin.slash(world.channel, "schedule audit")
    assert "Asia/Tokyo" in text_of(audit.response)


@pytest.mark.long
async def test_roles_may_schedule_but_not_set(world: World) -> None:
    role = world.guild.create_role("Schedulers")
    await pick(world.admin, await setup(world), "setup:roles", [role])
    member = world.guild.add_member(world.env.create_user("sam"), roles=[role])
    values = {"channel_id": [world.channel], "message": "x"}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    allowed = await forged(world, world.channel, DeskButton("job", "show", job_id, "Look"))
    assert "every Monday" in said(await member.click(allowed, label="Look"))
    settings = await forged(
        world, world.channel, DeskButton("setup", "approval", str(world.guild.id), "Switch")
    )
    assert "*Manage Server* permission to change settings" in said(
        await member.click(settings, label="Switch")
    )
    assert "*Manage Server* permission here" in said(await world.plain.click(allowed, label="Look"))


@pytest.mark.long
async def test_what_is_risky_waits_for_a_second_person(world: World) -> None:
    alerts = world.guild.create_text_channel("alerts")
    panel = await setup(world)
    await pick(world.admin, panel, "setup:alerts", [alerts])
    await press(world.admin, panel, "setup:approval")
    assert "need a second person's approval" in text_of(panel)
    values = {"channel_id": [world.channel], "message": "Everybody!", "everyone": True}
    preview = await world.draft(world.admin, "send_announcement", values, "every monday at 9")
    assert "Ask for approval" in labels(preview.response)
    await world.admin.click(preview.response, label="Ask for approval")  # type: ignore[arg-type]
    assert "Waiting for approval: Everybody!" in text_of(preview.response)
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    assert job.state is JobState.PENDING and job.next_run_at is None
    assert "Read and approve…" not in labels(preview.response)
    own = await click(world, world.admin, "job", "approve", job.id)
    assert "Someone other than you" in said(own)
    card = next(message for message in alerts.history() if "is asking for approval" in text_of(message))
    approved = await world.owner.click(card, label="Approve")
    assert "Approved: Everybody!" in said(approved)
    late = await click(world, world.moderator, "job", "approve", f"{job.id}:v{job.version}")
    assert f"approved by <@{world.owner.id}>" in said(late)
    harmless = await world.draft(
        world.admin, "send_announcement", {"channel_id": [world.channel], "message": "Hi"}, "in 2 hours"
    )
    assert "Confirm" in labels(harmless.response)


@pytest.mark.long
async def test_two_managers_change_settings_at_once(world: World) -> None:
    theirs: Any = (await world.moderator.slash(world.channel, "schedule setup")).response
    panel = await setup(world)
    for language in ("de", "fr", "es"):
        switch = custom_id(panel, "setup:approval")
        on = switch.endswith(".on")
        await asyncio.gather(
            tap(world.admin, panel, label=None, custom_id=switch),
            choose(world.moderator, theirs, [language], custom_id=custom_id(theirs, "setup:language")),
        )
        settings = await world.bot.memory.settings(world.guild.id)
        assert (settings.approval, settings.language) == (on, language)


async def test_two_who_switch_approval_on_leave_it_on(world: World) -> None:
    panel = await setup(world)
    switch = custom_id(panel, "setup:approval")
    await asyncio.gather(*(tap(world.admin, panel, label=None, custom_id=switch) for _ in range(2)))
    assert (await world.bot.memory.settings(world.guild.id)).approval
    await press(world.admin, panel, "setup:approval")
    assert not (await world.bot.memory.settings(world.guild.id)).approval


async def test_quiet_hours_and_free_days_show_in_the_preview(world: World) -> None:
    panel = await setup(world)
    answer = await limits(world, panel, quiet="22-7", days="2099-12-24, 2099-12-25", jobs="5", runs="60")
    assert "Saved." in said(answer)
    text = text_of(panel)
    assert "quiet from 22:00 to 07:00" in text and "at most 5 jobs" in text and "24 December 2099" in text
    rules = await world.bot.services.client.rules(str(world.guild.id))
    assert (rules.quiet_from, rules.quiet_to) == (time(22), time(7))
    assert rules.dark_days == (date(2099, 12, 24), date(2099, 12, 25))
    values = {"channel_id": [world.channel], "message": "Late"}
    preview = await world.draft(world.admin, "send_announcement", values, "every day at 23:30")
    assert "quiet hours are from 22:00 to 07:00" in text_of(preview.response)


async def test_a_limit_of_jobs_is_told_and_the_draft_kept(world: World) -> None:
    await limits(world, await setup(world), jobs="1")
    values = {"channel_id": [world.channel], "message": "First"}
    await world.create(world.admin, "send_announcement", values, "every monday at 9")
    preview = await world.draft(world.admin, "send_announcement", values, "every friday at 9")
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "1 of 1 scheduled jobs" in text_of(preview.response) and "Confirm" in labels(preview.response)


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"quiet": "at night"}, "“at night” isn't a valid time range"),
        ({"quiet": "13pm-7am"}, "isn't a valid time range"),
        ({"quiet": "25:00-07:00"}, "isn't a valid time range"),
        ({"days": "blursday"}, "“blursday” isn't a valid day"),
        ({"jobs": "many"}, "“many” isn't a valid limit"),
        ({"runs": "-1"}, "-1” isn't a valid limit"),
        ({"runs": "٣"}, "“٣” isn't a valid limit"),
    ],
)
async def test_limits_that_make_no_sense_are_refused_and_kept(
    world: World, fields: dict[str, str], part: str
) -> None:
    panel = await setup(world)
    assert part in said(await limits(world, panel, **fields))
    form = await press(world.admin, panel, "setup:limits")
    assert form.modal is not None
    values = {
        item["component"]["custom_id"]: item["component"].get("value") for item in form.modal["components"]
    }
    assert all(values[name] == text for name, text in fields.items())


async def test_all_faults_of_limits_are_told_at_once_and_days_are_taken_in_words(world: World) -> None:
    panel = await setup(world)
    text = said(await limits(world, panel, quiet="at night", days="blursday", runs="many"))
    assert all(f"“{wrong}” isn't a valid" in text for wrong in ("at night", "blursday", "many"))
    assert "Try again" in labels(panel)
    assert "Saved." in said(await limits(world, panel, days="24 dec, 30 dec - 2 jan"))
    days = (await world.bot.services.client.rules(str(world.guild.id))).dark_days
    assert [(day.month, day.day) for day in days] == [(12, 24), (12, 30), (12, 31), (1, 1), (1, 2)]
    assert "isn't a valid day" in said(await limits(world, panel, days="24 dec at 17:00"))
    await press(world.admin, panel, "setup:back")
    assert "Three things to try" in text_of(panel)


async def test_words_that_make_no_sense_can_be_typed_again(world: World) -> None:
    panel = await setup(world)
    form = await press(world.admin, panel, "setup:hours")
    assert "isn't a time of day" in said(await world.admin.submit_modal(form, {"morning": "dawn"}))
    form = await world.admin.click(panel, label="Try again")
    assert form.modal is not None and "dawn" in str(form.modal)


async def test_help_and_drafts_answer(world: World) -> None:
    text = said(await world.admin.slash(world.channel, "schedule help"))
    assert "/schedule create" in text and "{countdown:2027-01-01}" in text


async def test_setup_says_which_roles_discord_hides_the_commands_from(world: World) -> None:
    hidden, manages = world.guild.create_role("Schedulers"), world.guild.create_role("Mods")
    world.env.backend.edit_role(
        world.guild.id, manages.id, {"permissions": discord.Permissions(manage_guild=True).value}
    )
    sam = world.guild.add_member(world.env.create_user("sam"), roles=[hidden])
    panel = await pick(world.admin, await setup(world), "setup:roles", [hidden, manages])
    told = said(panel)
    assert f"hides the commands from <@&{hidden.id}>. An administrator" in told
    assert "Integrations → " in told and "→ /schedule → Add Roles" in told
    with pytest.raises(SetupError, match="not visible to this user"):
        await sam.slash(world.channel, "schedule list")

    commands = world.env.backend.commands[None]
    world.guild.set_command_permissions(int(commands["schedule", 1]["id"]), {hidden: True})
    told = text_of(await setup(world))
    assert "see `/schedule`, but not" in told and f": <@&{hidden.id}>. An administrator" in told
    assert "*Schedule this message*" in told
    assert "not visible" not in said(await sam.slash(world.channel, "schedule list"))
    for command in commands.values():
        if command["default_member_permissions"] is not None:
            world.guild.set_command_permissions(int(command["id"]), {hidden: True})
    assert "Discord shows the commands to these roles" in text_of(await setup(world))

    schedule = int(commands["schedule", 1]["id"])
    world.guild.set_command_permissions(schedule, {hidden: True, world.channel: False})
    assert "Commands have been turned off in some channels" in text_of(await setup(world))


async def test_setup_says_which_roles_may_use_no_app(world: World) -> None:
    barred = world.guild.create_role("Schedulers")
    everyone = discord.Permissions(view_channel=True, send_messages=True)
    world.env.backend.edit_role(world.guild.id, world.guild.default_role.id, {"permissions": everyone.value})
    told = said(await pick(world.admin, await setup(world), "setup:roles", [barred]))
    assert f"can't use any app's commands: <@&{barred.id}>. Give them *Use Application Commands*" in told


async def test_without_discords_settings_the_default_permission_counts(world: World) -> None:
    role = world.guild.create_role("Schedulers")
    panel = await setup(world)
    world.env.inject_error("GET", "/applications/*/guilds/*/commands/permissions", status=503)
    told = said(await pick(world.admin, panel, "setup:roles", [role]))
    assert f"hides the commands from <@&{role.id}>" in told and "I couldn't check Discord's settings" in told
