"""A calendar is followed from the desk: its form, its card, and its address, which nobody reads again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import pytest

from cogs.desk.jobs import running
from schedulezero.client.dialect import JobQuery
from tests.support.acting import click, now, scheduler
from tests.support.everything import everything
from tests.support.text import text_of
from tests.support.world import World, button_target, buttons, pick, press, said, selects

URL = "webcal://calendar.example.org/private-S3CRET/basic.ics?k=S3CRET"


async def test_the_address_is_sealed_once_the_job_is_saved(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "FIRST_LOOK_SECONDS", 0.0)  # no such host answers
    shown = await world.admin.slash(world.channel, "schedule create", job="follow_calendar")
    assert shown.modal is not None and "every 15 minutes" in str(shown.modal), said(shown)
    filled: dict[str, Any] = {
        "p:calendar_url": URL,
        "p:channel_id": [world.channel],
        "p:before": "1 day, 15 minutes",
        "p:text": "{title} {start|R}",
        "when": "every 15 minutes",
    }
    card = await world.admin.submit_modal(shown, filled)
    assert card.response is not None
    text = text_of(card.response)
    assert "Follows the calendar at calendar.example.org." in text and "2 times for each event" in text
    assert "S3CRET" not in text
    await world.admin.click(card.response, label="Confirm")
    saved = text_of(card.response)
    assert "Scheduled" in saved and "S3CRET" not in saved
    job_id = button_target(card.response, "Run now")
    client = world.bot.services.client
    job = await client.job(job_id, str(world.guild.id))
    assert job.params["calendar_url"] == URL
    # Not to its writer, not to anybody else, in no panel, form or file.
    job = await client.change(replace(job, params={**job.params, "days": 7}), 1, str(world.admin.id))
    sam = await scheduler(world)
    for who in (world.admin, sam):
        seen = await everything(world, who, job)
        assert "S3CRET" not in seen and "Hidden from you" in seen
    audit = await world.admin.slash(world.channel, "schedule audit")
    assert "S3CRET" not in said(audit)
    # An edit keeps it.
    answer = await click(world, world.admin, "job", "edit", job.id)
    draft = button_target(answer.response, "Discard")
    form = await click(world, world.admin, "draft", "edit", f"{draft}.which_events")
    card = await world.admin.submit_modal(form, {"p:only": "games"})
    await press(world.admin, card.response or answer.response, "draft:confirm")
    changed = await now(world, job)
    assert changed.params["only"] == "games" and changed.params["calendar_url"] == URL
    assert [item async for item in client.all_jobs(str(world.guild.id), JobQuery(text="S3CRET"))] == []


async def test_what_cannot_work_is_told_before_it_is_saved(world: World) -> None:
    rows: list[tuple[dict[str, Any], str]] = [
        ({"calendar_url": "http://example.org/a.ics"}, "must begin with https:// or webcal://"),
        ({"calendar_url": URL, "text": "{titel}"}, "Did you mean {title}?"),
        ({"calendar_url": URL, "before": "soon"}, "isn't a duration of up to"),
    ]
    for given, why in rows:
        values = {"channel_id": [world.channel], **given}
        card = await world.draft(world.admin, "follow_calendar", values, "every 15 minutes")
        text = text_of(card.response)
        assert why in text and "S3CRET" not in text, text
        await press(world.admin, card.response, "draft:cancel")


async def test_what_is_wrong_is_said_once_and_confirm_says_it_when_pressed(world: World) -> None:
    card = await world.draft(world.admin, "follow_calendar", {"calendar_url": URL}, "every 15 minutes")
    assert card.response is not None
    wrong = "Choose a channel to post in, or have Discord events created."
    text = text_of(card.response)
    assert "Fix these first" in text and text.count(wrong) == 1
    (confirm,) = [item for item in buttons(card.response) if item["label"] == "Confirm"]
    assert confirm["style"] == discord.ButtonStyle.secondary.value
    await world.admin.click(card.response, label="Confirm")
    text = text_of(card.response)
    assert "Not saved:** First fill in or fix what is listed above." in text and text.count(wrong) == 1


async def test_discords_events_and_their_days_are_asked_for_together(world: World) -> None:
    card = await world.draft(world.admin, "follow_calendar", {"calendar_url": URL}, "every 15 minutes")
    assert card.response is not None
    assert "What else should happen?" not in [each.get("placeholder") for each in selects(card.response)]
    (menu,) = [each for each in selects(card.response) if each.get("placeholder") == "Add or change…"]
    (offered,) = [each for each in menu["options"] if each["label"] == "Discord events"]
    assert offered["description"] == "Create events, Days"
    form = await pick(world.admin, card.response, "draft:more", [offered["value"]])
    assert form.modal is not None
    fields = {item["label"]: item["component"]["type"] for item in form.modal["components"]}
    assert list(fields) == ["Create events (optional)", "Days (optional)"]
    await world.admin.submit_modal(form, {"p:make_events": True, "p:days": "30"})
    text = text_of(card.response)
    assert (
        "Keeps Discord events in sync with the calendar, 30 days ahead." in text and "**Days:** 30" in text
    ), text
    form = await pick(world.admin, card.response, "draft:more", [offered["value"]])
    await world.admin.submit_modal(form, {"p:make_events": False, "p:days": "30"})
    text = text_of(card.response)
    assert "in sync with the calendar" not in text and "Days" not in text, text


async def test_the_usual_time_of_one_kind_of_job_is_not_that_of_another(world: World) -> None:
    shown = await world.admin.slash(world.channel, "schedule create")
    card = await pick(world.admin, shown.response, ".posts", ["follow_calendar"])
    assert "every 15 minutes" in text_of(card.response or shown.response)
    again = await press(world.admin, card.response or shown.response, "draft:choose")
    message = again.response or card.response or shown.response
    card = await pick(world.admin, message, ".posts", ["send_post"])
    assert "15 minutes" not in text_of(card.response or message)
