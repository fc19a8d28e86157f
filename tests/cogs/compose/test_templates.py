"""Templates of a guild: saved with blanks, used, listed, changed, and by whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cogs.desk.drafts.parts import PARTS, with_parts
from cogs.kept_templates import MOST_TEMPLATES, Outcome, Template
from cogs.memory import Memory
from schedulezero.model.part import Part
from tests.support.acting import scheduler
from tests.support.world import World, labels, pick, press, said

WELCOME = "Welcome {?guest} to {?place: Berlin}, from {?a} {?b} {?c} {?d}"


async def saved(world: World, name: str = "Welcome", text: str = WELCOME) -> str:
    """Save a template through the interface and return its id."""
    values = {"channel_id": [world.channel], "message": text}
    shown = await world.draft(world.admin, "send_announcement", values, "every monday at 9")
    tools = await world.admin.click(shown.response, label="More…")  # type: ignore[arg-type]
    form = await world.admin.click(tools.response, label="Save as template")  # type: ignore[arg-type]
    card = await world.admin.submit_modal(form, {"name": name})
    assert f"Saved: {name}" in said(card)
    found = await world.bot.memory.templates.of(str(world.guild.id))
    return next(item.id for item in found if item.name == name)


async def test_a_template_asks_for_its_blanks_and_becomes_a_job(world: World) -> None:
    await saved(world)
    (choice,) = await world.admin.autocomplete(world.channel, "schedule create", "template", "wel")
    assert choice["name"] == "Welcome"
    form = await world.admin.slash(
        world.channel, "schedule create", template=choice["value"], when="every friday at 18:00"
    )
    assert form.modal is not None
    assert [item["label"] for item in form.modal["components"]] == ["guest", "place", "a", "b", "c"]
    assert form.modal["components"][1]["description"] == "For example: Berlin"
    more = await world.admin.submit_modal(
        form, {f"b:{name}": name.upper() for name in ("guest", "place", "a", "b", "c")}
    )
    assert "Still to fill in: d" in said(more)
    form = await world.admin.click(more.response, label="Continue")  # type: ignore[arg-type]
    card = await world.admin.submit_modal(form, {"b:d": "me"})
    assert "Welcome GUEST to PLACE, from A B C me" in said(card)
    await world.admin.click(card.response, label="Confirm")  # type: ignore[arg-type]
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    assert job.params["message"] == "Welcome GUEST to PLACE, from A B C me"


@pytest.mark.parametrize("secret", [False, True])
async def test_a_template_keeps_what_happens_before_and_after_or_says_that_it_does_not(
    world: World, secret: bool
) -> None:
    values = {"channel_id": [world.channel], "message": "Hello"}
    shown = await world.draft(world.admin, "send_announcement", values, "every monday at 9")
    (draft,) = await world.bot.memory.drafts_of(world.admin.id, world.guild.id, 1)
    params = {"channel_id": str(world.channel.id), "message": "Soon"}
    part = (
        Part("t1", "call_web", {"url": "https://example.org/secret"}, after=timedelta())
        if secret
        else Part("b1", "send_announcement", params, before=timedelta(hours=1))
    )
    await world.bot.memory.save_draft(with_parts(draft, (part,)))
    tools = await world.admin.click(shown.response, label="More…")  # type: ignore[arg-type]
    form = await world.admin.click(tools.response, label="Save as template")  # type: ignore[arg-type]
    card = await world.admin.submit_modal(form, {"name": "Kept"})
    (template,) = await world.bot.memory.templates.of(str(world.guild.id))
    assert (PARTS in template.values) is not secret
    assert ("was left out of the template" in said(card)) is secret


async def test_a_draft_with_blanks_cannot_be_confirmed(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "Hello {?name}"}
    shown = await world.draft(world.admin, "send_announcement", values, "every monday at 9")
    assert "has blanks" in said(shown) and "Confirm" not in labels(shown.response)
    tools = await world.admin.click(shown.response, label="More…")  # type: ignore[arg-type]
    form = await world.admin.click(tools.response, label="Fill in the blanks")  # type: ignore[arg-type]
    card = await world.admin.submit_modal(form, {"b:name": "Ann"})
    assert "Hello Ann" in said(card) and "Confirm" in labels(card.response)


async def test_a_template_without_blanks_begins_with_when(world: World) -> None:
    await saved(world, text="Hello")
    form = await world.admin.slash(world.channel, "schedule create", template="welcome")
    assert form.modal is not None and form.modal["components"][0]["label"] == "When"
    card = await world.admin.submit_modal(form, {"when": "tomorrow at 9"})
    assert "Hello" in said(card) and "Confirm" in labels(card.response)
    shown = await world.admin.slash(
        world.channel, "schedule create", template="WELCOME", when="tomorrow at 9"
    )
    assert "Check before you schedule" in said(shown)
    shown = await world.admin.slash(world.channel, "schedule create", template="nothing")
    assert "no template called “nothing”" in said(shown)


async def test_it_is_listed_renamed_changed_and_deleted(world: World) -> None:
    template_id = await saved(world, text="Hello {?name}")
    await saved(world, "Other", "Hi")
    shown = await world.admin.slash(world.channel, "schedule templates")
    assert "**Other**" in said(shown) and "**Welcome**" in said(shown)
    card = await pick(world.admin, shown.response, "tmpl:pick", [template_id])
    assert "**1 blank:** name" in said(card)
    form = await world.admin.click(card.response, label="Rename")  # type: ignore[arg-type]
    refused = await world.admin.submit_modal(form, {"name": "OTHER"})
    assert "has this name" in said(refused)
    form = await world.admin.click(card.response, label="Rename")  # type: ignore[arg-type]
    card = await world.admin.submit_modal(form, {"name": " Hello   there "})
    assert "Changed: Hello there" in said(card)
    draft = await world.admin.click(card.response, label="Edit")  # type: ignore[arg-type]
    assert "You're editing the template" in said(draft)
    form = await press(world.admin, draft.response, ".what")
    draft = await world.admin.submit_modal(form, {"p:message": "Bye {?name}"})
    tools = await world.admin.click(draft.response, label="More…")  # type: ignore[arg-type]
    form = await world.admin.click(tools.response, label="Save the template")  # type: ignore[arg-type]
    card = await world.admin.submit_modal(form, {"name": "Hello there"})
    template = await world.bot.memory.templates.get(template_id, str(world.guild.id))
    assert template is not None and template.values["message"] == "Bye {?name}" and template.version == 3
    asked = await world.admin.click(card.response, label="Delete")  # type: ignore[arg-type]
    assert "Jobs created from it will be kept" in said(asked)
    left = await world.admin.click(asked.response, label="Delete")  # type: ignore[arg-type]
    assert "Hello there" not in said(left) and "Other" in said(left)


async def test_only_managers_change_templates_and_schedulers_use_them(world: World) -> None:
    template_id = await saved(world, text="Hello {?name}")
    sam = await scheduler(world)
    shown = await sam.slash(world.channel, "schedule templates")
    card = await pick(sam, shown.response, "tmpl:pick", [template_id])
    assert labels(card.response) == ["Use it", "All templates"]
    form = await sam.click(card.response, label="Use it")  # type: ignore[arg-type]
    assert form.modal is not None
    draft = await sam.submit_modal(form, {"b:name": "Ann"})
    tools = await sam.click(draft.response, label="More…")  # type: ignore[arg-type]
    assert "Save as template" not in labels(tools.response)


async def test_a_change_by_someone_else_in_between_is_told(world: World) -> None:
    template_id = await saved(world, text="Hello")
    templates, guild_id = world.bot.memory.templates, str(world.guild.id)
    shown = await world.admin.slash(world.channel, "schedule templates")
    card = await pick(world.admin, shown.response, "tmpl:pick", [template_id])
    form = await world.admin.click(card.response, label="Rename")  # type: ignore[arg-type]
    template = await templates.get(template_id, guild_id)
    assert template is not None and await templates.change(template) is Outcome.DONE
    assert "just changed or deleted" in said(await world.admin.submit_modal(form, {"name": "New"}))


async def test_secrets_and_what_belongs_to_one_job_stay_out(world: World) -> None:
    values = {"url": "https://example.com/secret-token"}
    shown = await world.draft(world.admin, "call_web", values, "every monday at 9")
    tools = await world.admin.click(shown.response, label="More…")  # type: ignore[arg-type]
    form = await world.admin.click(tools.response, label="Save as template")  # type: ignore[arg-type]
    assert "still empty" in said(await world.admin.submit_modal(form, {"name": "Call"}))
    assert await world.bot.memory.templates.of(str(world.guild.id)) == []


def template(number: int, **more: Any) -> Template:
    return Template(f"t{number}", "7", f"Name {number}", "send_post", {"text": "Hi"}, "5", **more)


async def test_the_store_bounds_finds_and_forgets(database: str) -> None:
    memory = Memory(database)
    await memory.open()
    templates = memory.templates
    for number in range(MOST_TEMPLATES):
        assert await templates.add(template(number)) is Outcome.DONE
    assert await templates.add(template(99)) is Outcome.FULL
    assert await templates.delete("t0", "8") is False and await templates.delete("t0", "7")
    double = Template("t98", "7", "nAME 1", "send_post", {}, "5")
    assert await templates.add(double) is Outcome.NAME_TAKEN
    assert await templates.get("t1", "8") is None
    stale = await templates.get("t1", "7")
    assert stale is not None and await templates.change(stale) is Outcome.DONE
    assert await templates.change(stale) is Outcome.CHANGED
    digest = "cd" * 32
    files = {"files": [{"file": digest, "name": "a.png"}]}
    assert await templates.add(Template("f", "8", "F", "send_post", files, "5")) is Outcome.DONE
    assert await memory.mentioned(frozenset({digest, "ef" * 32})) == {digest}
    await memory.forget_user(5)
    assert {item.creator_id for item in await templates.of("7")} == {""}
    await memory.forget_place("7")
    assert await templates.of("7") == [] and len(await templates.of("8")) == 1
    await memory.close()
