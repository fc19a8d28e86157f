"""*Paste an existing post*: other programs' messages become a draft, and nothing is lost unasked."""

from __future__ import annotations

import json
from typing import Any

from cogs.memory import Draft
from tests.support.acting import scheduler
from tests.support.world import World, custom_id, labels, press, said

PARTY = {"content": "Tonight", "embeds": [{"title": "Party", "color": "#ff0000"}], "tts": True}


async def begun(world: World) -> Any:
    """Return the choice of jobs that `/schedule create` shows."""
    if "send_post" not in world.handler.sprockets:
        await world.load("composer")
    return (await world.admin.slash(world.channel, "schedule create")).response


async def pasted(world: World, message: Any, given: dict[str, Any]) -> Any:
    form = await press(world.admin, message, "paste:ask")
    assert form.modal is not None
    return await world.admin.submit_modal(form, given)


async def draft_in(world: World) -> Draft:
    (draft,) = await world.bot.memory.drafts_of(world.admin.id, world.guild.id, 1)
    return draft


async def test_a_message_becomes_a_draft_of_a_post(world: World) -> None:
    picker = await begun(world)
    shown = await pasted(world, picker, {"json": json.dumps(PARTY)})
    text = said(shown)
    assert "Check before you schedule" in text and "Left out:\n- `tts`: The post won't be read aloud." in text
    draft = await draft_in(world)
    assert draft.method == "send_post"
    assert draft.values == {
        "channel_ids": [str(world.channel.id)],
        "text": "Tonight",
        "embeds": [{"title": "Party", "color": 0xFF0000}],
    }


async def test_a_file_is_read(world: World) -> None:
    picker = await begun(world)
    data = "\ufeff" + json.dumps({"messages": [{"data": PARTY}]})
    await pasted(world, picker, {"file": ("backup.json", data.encode())})
    assert (await draft_in(world)).values["text"] == "Tonight"


async def test_a_file_that_cannot_be_read_is_refused(world: World) -> None:
    picker = await begun(world)
    for file, why in (
        (("a.png", b"x"), "ends in .json, .txt"),
        (("a.txt", b"\xff\xfa\xf0"), "isn't UTF-8 text"),
        (("a.json", b" " * (512 * 1024 + 1)), "larger than 512 KiB"),
    ):
        assert why in said(await pasted(world, picker, {"file": file}))


async def test_what_is_wrong_is_told_with_its_place_and_can_be_tried_again(world: World) -> None:
    picker = await begun(world)
    shown = await pasted(world, picker, {"json": '{"content": "a",}'})
    assert "Line 1, column 16: remove the comma" in said(shown)
    shown = await pasted(world, shown.response, {"json": json.dumps({"title": "x" * 300})})
    assert "`embeds[0].title`: has 300 characters; Discord allows 256." in said(shown)
    assert (await draft_in(world)).method == ""
    shown = await pasted(world, shown.response, {"json": '{"content": "a"}'})
    assert (await draft_in(world)).values["text"] == "a"


async def test_trying_again_begins_with_what_was_pasted(world: World) -> None:
    wrong = '{"content": "a",}'
    shown = await pasted(world, await begun(world), {"json": wrong})
    form = await press(world.admin, shown.response, "paste:ask")
    assert form.modal is not None and form.modal["components"][0]["component"]["value"] == wrong
    shown = await world.admin.submit_modal(form, {"file": ("a.json", b"{")})
    form = await press(world.admin, shown.response, "paste:ask")
    assert form.modal is not None and not form.modal["components"][0]["component"].get("value")


async def test_a_draft_is_replaced_or_added_to_only_by_choice(world: World) -> None:
    shown = await pasted(world, await begun(world), {"json": json.dumps(PARTY)})
    other = {"content": "Tomorrow", "embeds": [{"title": "Rest"}]}
    for label, text, titles in (
        ("Add to it", "Tonight\nTomorrow", ["Party", "Rest"]),
        ("Replace", "Tomorrow", ["Rest"]),
    ):
        tools = await world.admin.click(shown.response, label="More…")  # type: ignore[arg-type]
        asked = await pasted(world, tools.response, {"json": json.dumps(other)})
        assert "Your draft already has: Text, Embeds" in said(asked)
        shown = await world.admin.click(asked.response, label=label)
        assert "Check before you schedule" in said(shown)
        values = (await draft_in(world)).values
        assert values["text"] == text and [item["title"] for item in values["embeds"]] == titles
    tools = await world.admin.click(shown.response, label="More…")  # type: ignore[arg-type]
    asked = await pasted(world, tools.response, {"json": json.dumps({"embeds": [{"title": "x"}] * 10})})
    assert "Add to it" not in labels(asked.response), "eleven embeds are one too many"
    kept = await world.admin.click(asked.response, label="Keep my draft")
    assert "Check before you schedule" in said(kept)


async def test_nothing_is_asked_if_nothing_is_lost(world: World) -> None:
    shown = await pasted(world, await begun(world), {"json": '{"content": "Hi"}'})
    tools = await world.admin.click(shown.response, label="More…")
    shown = await pasted(world, tools.response, {"json": '{"title": "Party"}'})
    assert "Check before you schedule" in said(shown)
    values = (await draft_in(world)).values
    assert values["text"] == "Hi" and values["embeds"] == [{"title": "Party"}]


async def test_an_announcement_keeps_its_text_and_channel(world: World) -> None:
    await begun(world)
    values = {"channel_id": [world.channel], "message": "Hello"}
    shown = await world.draft(world.admin, "send_announcement", values, "every monday at 9")
    tools = await world.admin.click(shown.response, label="More…")  # type: ignore[arg-type]
    await pasted(world, tools.response, {"json": '{"title": "Party"}'})
    draft = await draft_in(world)
    assert draft.method == "send_post" and draft.when == "every monday at 9"
    assert draft.values["text"] == "Hello" and draft.values["channel_ids"] == [str(world.channel.id)]


async def test_another_person_can_paste_into_nobody_elses_draft(world: World) -> None:
    sam = await scheduler(world)
    picker = await begun(world)
    target = custom_id(picker, "paste:ask").rsplit(":", 1)[1]
    forged = await sam.slash(world.channel, "schedule create")
    own = custom_id(forged.response, "paste:ask").rsplit(":", 1)[1]
    draft = await world.bot.memory.draft(target)
    assert draft is not None and own != target
    await world.bot.memory.take_draft(own)
    await world.bot.memory.save_draft(Draft(own, draft.user_id, draft.guild_id, ""))
    assert "belongs to someone else" in said(await press(sam, forged.response, "paste:ask"))
