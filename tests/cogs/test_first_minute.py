"""The first minute with the bot: the steps that its help offers, to whom, and how few clicks they take."""

from __future__ import annotations

from typing import Any

import pytest

from cogs.desk.kit.components import DeskButton, DeskChannelSelect
from cogs.desk.kit.dispatch import Dispatcher, Panel
from cogs.desk.start.first_actions import PANELS
from tests.support.foreign_guild import forged
from tests.support.granting import let_everybody_use
from tests.support.people import people
from tests.support.scheduling import scheduled
from tests.support.setting_up import setup
from tests.support.text import text_of
from tests.support.world import World, labels, pick, press, said


async def help_of(world: World, who: Any, command: str = "schedule help") -> Any:
    return await panel(world, who, command)


async def panel(world: World, who: Any, command: str) -> Any:
    return (await who.slash(world.channel, command)).response


async def test_an_administrator_gets_to_the_first_post_in_four_steps(world: World) -> None:
    shown = await help_of(world, world.admin)  # 1
    text = text_of(shown)
    assert text.index("Start here") < text.index("/schedule create")
    assert "○ **This server's time zone:** UTC" in text and "○ **The first post:**" in text
    form = await world.admin.click(shown, label="Schedule the first post")  # 2
    filled = {"p:channel_ids": [world.channel], "p:text": "Hello", "when": "in 2 hours"}
    card = await world.admin.submit_modal(form, filled)  # 3
    assert card.response is not None
    await world.admin.click(card.response, label="Confirm")  # 4
    assert "Scheduled: Hello" in text_of(card.response)
    later = await help_of(world, world.admin)
    assert "✓ **The first post:**" in text_of(later)
    assert "Schedule a post" in labels(later) and "Schedule the first post" not in labels(later)


async def test_the_steps_change_the_settings_and_show_what_is_done(world: World) -> None:
    alerts = world.guild.create_text_channel("alerts")
    shown = await help_of(world, world.admin)
    form = await press(world.admin, shown, "start:guildzone")
    assert "don't know the time zone" in said(await world.admin.submit_modal(form, {"zone": "Atlantis"}))
    form = await press(world.admin, shown, "start:guildzone")
    await world.admin.submit_modal(form, {"zone": "berlin"})
    assert "✓ **This server's time zone:** Europe/Berlin" in text_of(shown)
    assert "○ **Send alerts" in text_of(shown)
    await pick(world.admin, shown, "start:alerts", [alerts])
    assert "✓ **Send alerts" in text_of(shown)
    assert (await world.bot.memory.settings(world.guild.id)).alert_channel_id == str(alerts.id)
    audit = text_of((await world.admin.slash(world.channel, "schedule audit")).response)
    assert "time zone changed" in audit and "settings changed" in audit


async def test_the_first_steps_offer_to_move_jobs_to_the_new_zone(world: World) -> None:
    await scheduled(world)
    shown = await help_of(world, world.admin)
    form = await press(world.admin, shown, "start:guildzone")
    await world.admin.submit_modal(form, {"zone": "berlin"})
    assert "1 job still runs on UTC time" in text_of(shown) and "Move 1 job" in labels(shown)


async def test_a_member_has_a_zone_and_a_first_reminder_in_three_steps(world: World) -> None:
    assert "remind help" in world.plain.available_commands(world.channel)
    shown = await help_of(world, world.plain, "remind help")  # 1
    text = text_of(shown)
    assert "/schedule" not in text and "Schedule" not in " ".join(labels(shown))
    form = await world.plain.click(shown, label="Try a reminder")  # 2
    assert form.modal is not None
    values = {item["component"]["custom_id"]: item["component"]["value"] for item in form.modal["components"]}
    made = await world.plain.submit_modal(form, values)  # 3
    assert "I will remind you" in said(made) and "Drink a glass of water" in said(made)

    shown = await help_of(world, world.plain, "remind help")
    assert "✓ **A reminder for yourself" in text_of(shown) and "○ **Your time zone:**" in text_of(shown)
    form = await press(world.plain, shown, "start:zone")
    await world.plain.submit_modal(form, {"zone": "tokyo"})
    assert "✓ **Your time zone:** Asia/Tokyo" in text_of(shown)
    assert await world.bot.memory.timezone(world.plain.id, None) == "Asia/Tokyo"


async def test_everyone_sees_what_they_may_use(world: World) -> None:
    found = await people(world)
    let_everybody_use(world, "schedule")
    for command in ("schedule help", "remind help"):
        seen = {name: await help_of(world, who, command) for name, who in found.items()}
        texts = {name: text_of(panel) for name, panel in seen.items()}
        assert {name for name, text in texts.items() if "/schedule create" in text} == found.keys() - {
            "plain"
        }
        may_set = {name for name, text in texts.items() if "This server's time zone" in text}
        assert may_set == {name for name, text in texts.items() if "/schedule setup" in text}
        assert may_set == found.keys() - {"plain", "scheduler"}
        assert "Your time zone" in texts["scheduler"] and "Schedule the first post" in labels(
            seen["scheduler"]
        )


async def test_help_answers_in_direct_messages(world: World) -> None:
    shown = await world.plain.user.slash("remind help")
    assert "Start here" in said(shown) and "/remind me" in said(shown)


async def test_a_forged_click_needs_the_rights_of_the_setting(world: World) -> None:
    scheduler = (await people(world))["scheduler"]
    target = str(world.guild.id)
    zone = await forged(world, world.channel, DeskButton("start", "guildzone", target, "Zone"))
    assert "permission to change settings" in said(await scheduler.click(zone, label="Zone"))
    assert "role that may schedule" in said(await world.plain.click(zone, label="Zone"))
    alerts = await forged(world, world.channel, DeskChannelSelect("start", "alerts", target, "Alerts"))
    assert "permission to change settings" in said(
        await pick(scheduler, alerts, "start:alerts", [world.channel])
    )
    post = await forged(world, world.channel, DeskButton("draft", "post", "here", "Post"))
    assert "role that may schedule" in said(await world.plain.click(post, label="Post"))
    assert (await world.bot.memory.settings(world.guild.id)).alert_channel_id is None


def test_an_action_is_either_for_everyone_or_for_those_with_rights() -> None:
    twice = Panel("start", clicks={"zone": lambda desk, target: None})  # type: ignore[arg-type, return-value]
    with pytest.raises(ValueError, match="two actions are called start:zone"):
        Dispatcher([*PANELS, twice])


async def test_the_kinds_of_jobs_are_sentences_with_posts_first_and_used_ones_on_top(world: World) -> None:
    shown = await panel(world, world.admin, "schedule create")
    assert labels(shown)[0] == "Post something"
    everything = str(shown.components)
    for spec in ("add_role_scheduled", "cleanup_messages", "send_post"):
        assert f"'label': '{spec}'" not in everything and f"'description': '{spec}'" not in everything
    await pick(world.admin, shown, ".channels", ["set_slowmode"])
    assert "Put a channel in slow mode" in text_of(shown)

    await world.create(
        world.admin,
        "cleanup_messages",
        {"channel_id": [world.channel]},
        "every day at 9",
    )
    shown = await panel(world, world.admin, "schedule create")
    assert labels(shown)[0] == "Delete messages in a channel; pinned ones stay"
    await press(world.admin, shown, "draft:pick")
    assert "Delete messages" in text_of(shown) and "Still missing" in text_of(shown)
    choices = await world.admin.autocomplete(world.channel, "schedule create", "job", "")
    assert [choice["value"] for choice in choices][:2] == ["cleanup_messages", "send_post"]


async def test_the_list_begins_a_new_job(world: World) -> None:
    shown = await panel(world, world.admin, "schedule list")
    assert "Nothing is scheduled here yet" in text_of(shown)
    form = await world.admin.click(shown, label="Schedule the first post")
    assert form.modal is not None
    await world.admin.click(shown, label="New")
    assert "What should I schedule?" in text_of(shown)


async def test_nobody_reads_the_name_of_a_method(world: World) -> None:
    role = world.guild.create_role("Guests")
    await press(world.admin, await setup(world), "setup:approval")
    values = {"user_ids": [world.plain], "role_id": [role]}
    draft = await world.draft(world.admin, "add_role_scheduled", values, "in 2 hours")
    assert draft.response is not None
    await world.admin.click(draft.response, label="Ask for approval")
    read = [text_of(draft.response)]
    for command in ("schedule list", "schedule history", "schedule audit", "sprockets"):
        read.append(said(await world.admin.slash(world.channel, command)))
    for text in read:
        assert "add_role_scheduled" not in text, text
