"""Texts that rotate, edited as a list."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from cogs.desk.creating.draft_view import RUN_COUNT
from tests.support.acting import click
from tests.support.scheduling import scheduled
from tests.support.text import text_of
from tests.support.world import World, custom_id, labels, pick, press, said, selects


async def listed(world: World, text: str) -> Any:
    """Return the list of the texts of a new draft."""
    values = {"channel_id": [world.channel], "message": text}
    shown = await world.draft(world.admin, "send_announcement", values, "every monday at 9")
    tools = await world.admin.click(shown.response, label="More…")  # type: ignore[arg-type]
    return (await world.admin.click(tools.response, label="Several texts: Message")).response  # type: ignore[arg-type]


async def texts(world: World) -> str:
    (draft,) = await world.bot.memory.drafts_of(world.admin.id, world.guild.id, 5)
    return draft.values["message"]


async def test_texts_are_added_changed_moved_and_removed(world: World) -> None:
    shown = await listed(world, "one")
    for text in ("two on {date}", "three\n---\nwith a line"):
        form = await world.admin.click(shown, label="Add a text")
        result = await world.admin.submit_modal(form, {"text": text})
    assert "Number 1 is next" in said(result) and "**3** three" in said(result)
    assert await texts(world) == "one\n---\ntwo on {date}\n---\nthree\n\u200b---\nwith a line"
    card = await pick(world.admin, shown, "texts:pick", ["1"])
    assert "Text 2 of 3" in said(card) and "{date}" not in said(card)
    await world.admin.click(shown, label="Move up")
    assert (await texts(world)).startswith("two on {date}\n---\none\n---")
    form = await world.admin.click(shown, label="Edit")
    await world.admin.submit_modal(form, {"text": "second"})
    assert (await texts(world)).startswith("second\n---\none\n---")
    gone = custom_id(shown, "texts:remove")
    await world.admin.click(shown, label="Remove")
    assert await texts(world) == "one\n---\nthree\n\u200b---\nwith a line"
    card = await pick(world.admin, shown, "texts:pick", ["0"])
    assert custom_id(shown, "texts:remove") != gone


async def test_it_starts_with_a_chosen_one(world: World) -> None:
    shown = await listed(world, "one\n---\ntwo\n---\nthree")
    await pick(world.admin, shown, "texts:pick", ["2"])
    result = await world.admin.click(shown, label="Start with this one")
    assert "▶ **1** three" in said(result) and await texts(world) == "three\n---\none\n---\ntwo"


async def test_the_next_one_follows_from_the_runs(world: World) -> None:
    job_id = await scheduled(world, "one\n---\ntwo")
    shown = await world.admin.slash(world.channel, "schedule edit", job=job_id)
    (draft,) = await world.bot.memory.drafts_of(world.admin.id, world.guild.id, 1)
    await world.bot.memory.save_draft(replace(draft, values={**draft.values, RUN_COUNT: 3}))
    tools = await world.admin.click(shown.response, label="More…")  # type: ignore[arg-type]
    result = await world.admin.click(tools.response, label="Several texts: Message")  # type: ignore[arg-type]
    assert "▶ **2** two" in said(result)
    await pick(world.admin, result.response, "texts:pick", ["0"])
    result = await world.admin.click(result.response, label="Start with this one")  # type: ignore[arg-type]
    assert "▶ **2** one" in said(result) and "**1** two" in said(result)


async def test_a_file_adds_texts_or_replaces_them(world: World) -> None:
    shown = await listed(world, "one")
    form = await world.admin.click(shown, label="From a file")
    many = "\n".join(f"line {number}" for number in range(2, 43))
    result = await world.admin.submit_modal(form, {"file": ("texts.txt", many.encode())})
    assert (await texts(world)).startswith("one\n---\nline 2\n---\nline 3") and "**1** one" in said(result)
    assert "◀" not in labels(shown) and "▶" in labels(shown)
    result = await press(world.admin, shown, ".message.1")
    assert "**21** line 21" in said(result)
    form = await world.admin.click(shown, label="From a file")
    table = b'"a, b";x\nc;y\n'
    result = await world.admin.submit_modal(form, {"file": ("texts.csv", table), "instead": True})
    assert await texts(world) == "a, b\n---\nc", said(result)
    form = await world.admin.click(shown, label="From a file")
    result = await world.admin.submit_modal(form, {"file": ("texts.txt", b"x" * 2001)})
    assert "no. 1" in said(result)


async def test_shuffled_texts_are_said_to_be(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "one\n---\ntwo"}
    shown = await world.draft(world.admin, "send_announcement", values, "every monday at 9")
    form = await press(world.admin, shown.response, ".what")
    shown = await world.admin.submit_modal(form, {"p:message": "one\n---\ntwo", "p:shuffled": True})
    tools = await world.admin.click(shown.response, label="More…")  # type: ignore[arg-type]
    result = await world.admin.click(tools.response, label="Several texts: Message")  # type: ignore[arg-type]
    assert "one of them at random" in said(result) and "is next" not in said(result)
    await pick(world.admin, result.response, "texts:pick", ["0"])
    assert "Start with this one" not in labels(result.response)


async def test_a_form_cuts_no_list_of_texts_off(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "one"}
    shown = (await world.draft(world.admin, "send_announcement", values, "every monday at 9")).response
    (draft,) = await world.bot.memory.drafts_of(world.admin.id, world.guild.id, 1)
    many = "\n---\n".join(f"{number} {'x' * 900}" for number in range(6))
    await world.bot.memory.save_draft(replace(draft, values={**draft.values, "message": many}))
    form = await press(world.admin, shown, ".what")
    assert form.modal is not None
    assert "Message" not in [item["label"] for item in form.modal["components"]]
    await world.admin.submit_modal(form, {"p:shuffled": True})
    assert await texts(world) == many


async def test_mentions_are_shown_as_names_and_typed_names_become_mentions(world: World) -> None:
    role = world.guild.create_role("Heralds")
    shown = await listed(world, f"one <@&{role.id}> in <#{world.channel.id}>\n---\ntwo")
    (menu,) = [item for item in selects(shown) if "texts:pick" in item["custom_id"]]
    assert menu["options"][0]["label"] == f"1 · one @Heralds in #{world.channel.name}"
    assert str(role.id) not in text_of(shown) and str(world.channel.id) not in text_of(shown)
    await pick(world.admin, shown, "texts:pick", ["0"])
    form = await world.admin.click(shown, label="Edit")
    assert form.modal is not None
    typed = form.modal["components"][0]["component"]["value"]
    assert typed == f"one @Heralds in #{world.channel.name}"
    await world.admin.submit_modal(form, {"text": f"{typed} again"})
    assert (await texts(world)).startswith(f"one <@&{role.id}> in <#{world.channel.id}> again")


@pytest.mark.long
@pytest.mark.parametrize("part", ["@user ", "@nobody ", "{date}", "\\`"])
async def test_a_long_list_of_texts_is_shown_at_once(world: World, part: str) -> None:
    for number in range(60):
        world.guild.create_role(f"user {number} x")
    shown = await listed(world, "one")
    form = await world.admin.click(shown, label="From a file")
    line = part * (1990 // len(part))
    await world.admin.submit_modal(form, {"file": ("texts.txt", "\n".join([line] * 499).encode())})
    before = time.process_time()
    assert "every Monday" in said(await world.admin.click(shown, label="Back"))
    (draft,) = await world.bot.memory.drafts_of(world.admin.id, world.guild.id, 5)
    assert "every Monday" in said(await click(world, world.admin, "draft", "show", draft.id))
    assert time.process_time() - before < 2
