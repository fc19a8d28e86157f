"""A form that was refused opens again as it was filled in, at one click."""

from __future__ import annotations

from typing import Any

from tests.support.acting import click
from tests.support.text import text_of
from tests.support.world import World, button_target, pick, press, said


def filled(form: Any) -> dict[str, Any]:
    """The values with which a form opens; of a select of channels, their ids."""
    controls = [item["component"] for item in form.modal["components"]]
    return {
        item["custom_id"]: [str(one["id"]) for one in item.get("default_values") or []]
        if item["type"] == 8
        else item.get("value", "")
        for item in controls
    }


async def corrected(world: World, refused: Any) -> Any:
    return await world.admin.click(refused.followups[-1], label="Correct it")


async def test_a_queues_form_opens_again_with_its_name_slots_and_channel(world: World) -> None:
    art = world.guild.create_text_channel("art")
    shown = await world.admin.slash(world.channel, "schedule queue")
    form = await press(world.admin, shown.response, "queue:edit:new")
    typed = {"name": "Art", "slots": "tomorrow at 9", "channel": [art]}
    refused = await world.admin.submit_modal(form, typed)
    assert "Slots repeat." in said(refused)
    again = await corrected(world, refused)
    assert filled(again) == {"name": "Art", "slots": "tomorrow at 9", "channel": [str(art.id)]}
    saved = await world.admin.submit_modal(again, {**typed, "slots": "every day at 9"})
    assert "Saved." in said(saved) or "Saved." in text_of(refused.followups[-1])


async def test_what_comes_before_and_after_a_job_opens_again(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "Game night"}
    card = (await world.draft(world.admin, "send_announcement", values, "every friday at 18:00")).response
    await press(world.admin, card, "draft:parts")
    form = await press(world.admin, card, "draft:ahead")
    typed: dict[str, Any] = {"before": "15 blurs", "channel_id": [world.channel], "message": "Long and dear"}
    refused = await world.admin.submit_modal(form, typed)
    assert "“15 blurs” isn't a duration" in said(refused)
    again = await corrected(world, refused)
    assert filled(again) == {**typed, "channel_id": [str(world.channel.id)]}
    await world.admin.submit_modal(again, {**typed, "before": "15 minutes"})
    assert "15 minutes before" in text_of(refused.followups[-1])

    form = await pick(world.admin, card, "draft:link", ["send_post"])
    given: dict[str, Any] = {"p:channel_ids": [world.channel], "p:text": "Thanks!", "after": "soon"}
    refused = await world.admin.submit_modal(form, given)
    assert "“soon” isn't a duration" in said(refused)
    again = await corrected(world, refused)
    known = filled(again)
    assert (known["p:text"], known["after"]) == ("Thanks!", "soon")


async def test_the_first_steps_ask_again(world: World) -> None:
    shown = (await world.admin.slash(world.channel, "schedule help")).response
    form = await press(world.admin, shown, "start:guildzone")
    refused = await world.admin.submit_modal(form, {"zone": "Atlantis"})
    assert filled(await corrected(world, refused)) == {"zone": "Atlantis"}


async def test_only_who_filled_a_form_in_opens_it_again(world: World) -> None:
    shown = (await world.admin.slash(world.channel, "schedule help")).response
    form = await press(world.admin, shown, "start:guildzone")
    refused = await world.admin.submit_modal(form, {"zone": "Atlantis"})
    kept = button_target(refused.followups[-1], "Correct it")
    told = await click(world, world.moderator, "form", "again", kept)
    assert told.modal is None and "older version" in said(told)


async def test_a_member_corrects_the_zone_of_the_first_steps(world: World) -> None:
    shown = (await world.plain.slash(world.channel, "remind help")).response
    form = await press(world.plain, shown, "start:zone")
    refused = await world.plain.submit_modal(form, {"zone": "Atlantis"})
    kept = button_target(refused.followups[-1], "Correct it")
    again = await world.plain.click(refused.followups[-1], label="Correct it")
    assert filled(again) == {"zone": "Atlantis"}
    await world.plain.submit_modal(again, {"zone": "Lisbon, Portugal"})
    assert await world.bot.memory.timezone(world.plain.id, None) == "Europe/Lisbon"
    told = await click(world, world.moderator, "form", "own", kept)
    assert told.modal is None and "older version" in said(told)
