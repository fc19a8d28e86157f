"""Composing a post on Discord: its first form, the editors of its parts, without JSON."""

from __future__ import annotations

from typing import Any

import pytest_asyncio

from tests.support.text import text_of
from tests.support.world import World, custom_id, labels, pick, press, said

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@pytest_asyncio.fixture
async def desk(world: World) -> World:
    """The world with the job that posts."""
    if "send_post" not in world.handler.sprockets:
        await world.load("composer")
    return world


async def composed(world: World, when: str = "every friday at 18:00", **values: Any) -> Any:
    """Fill in the first form of a post and return the card that follows."""
    shown = await world.admin.slash(world.channel, "schedule create", job="send_post")
    assert shown.modal is not None, said(shown)
    filled = {f"p:{name}": value for name, value in {"channel_ids": [world.channel], **values}.items()}
    card = await world.admin.submit_modal(shown, {**filled, "when": when})
    assert card.response is not None
    return card.response


async def form(world: World, message: Any, part: str, values: dict[str, Any]) -> None:
    """Click a button that opens a form, and submit it."""
    shown = await press(world.admin, message, part)
    assert shown.modal is not None, said(shown)
    await world.admin.submit_modal(shown, values)


async def draft_of(world: World) -> Any:
    """The administrator's newest draft."""
    return (await world.bot.memory.drafts_of(world.admin.id, world.guild.id, 1))[0]


async def test_the_first_form_asks_for_five_things(desk: World) -> None:
    shown = await desk.admin.slash(desk.channel, "schedule create", job="send_post")
    assert shown.modal is not None
    asked = {item["label"]: item["component"]["type"] for item in shown.modal["components"]}
    assert asked == {
        "Channels": 8,
        "Text (optional)": 4,
        "Roles (optional)": 6,
        "Files (optional)": 19,
        "When": 4,
    }


async def test_an_embed_is_made_by_one_form(desk: World) -> None:
    card = await composed(desk, text="Party!", files=[("poster.png", PNG)])
    assert "poster.png" in text_of(card)
    await press(desk.admin, card, "embeds:open")
    assert labels(card) == ["Add embed", "Back to the post"]
    embed = {
        "title": "Summer party",
        "fields": "When: 8 pm\nWhere: The old mill",
        "image": "poster.png",
        "color": "red",
    }
    await form(desk, card, "embeds:add", embed)
    assert "Summer party" in text_of(card) and "The old mill" in text_of(card)
    draft = await draft_of(desk)
    assert draft.values["embeds"] == [
        {
            "title": "Summer party",
            "fields": [{"name": "When", "value": "8 pm"}, {"name": "Where", "value": "The old mill"}],
            "image": {"url": "attachment://poster.png"},
            "color": 0xE74C3C,
        }
    ]
    await press(desk.admin, card, "embeds:back")
    assert "Confirm" in labels(card)


async def test_fields_are_added_moved_and_removed(desk: World) -> None:
    card = await composed(desk, text="Hi")
    await press(desk.admin, card, "embeds:open")
    await form(desk, card, "embeds:add", {"title": "T", "fields": "One: 1\nTwo: 2"})
    await press(desk.admin, card, "fields:open")
    await form(desk, card, "fields:add", {"name": "Three", "value": "3", "inline": True})
    await press(desk.admin, card, "fields:up")
    await pick(desk.admin, card, "fields:pick", ["0"])
    await press(desk.admin, card, "fields:remove")
    await press(desk.admin, card, "fields:beside")
    (embed,) = (await draft_of(desk)).values["embeds"]
    assert embed["fields"] == [
        {"name": "Three", "value": "3"}, {"name": "Two", "value": "2"},
    ]  # fmt: skip
    await press(desk.admin, card, "embeds:open")
    assert "Add embed" in labels(card)


async def test_what_happens_with_it_is_switched_on_the_card(desk: World) -> None:
    card = await composed(desk, text="Hi")
    await pick(desk.admin, card, "draft:switch", ["publish", "pin"])
    values = (await draft_of(desk)).values
    assert values["publish"] is True and values["pin"] is True and values["silent"] is False
    await pick(desk.admin, card, "draft:switch", [])
    assert (await draft_of(desk)).values["publish"] is False


async def test_files_are_described_covered_moved_replaced_and_removed(desk: World) -> None:
    card = await composed(desk, text="Hi", files=[("a.png", PNG), ("a.png", PNG + b"1")])
    await pick(desk.admin, card, "draft:more", ["files"])
    assert "a-2.png" in text_of(card) and "72 bytes" in text_of(card)
    await form(desk, card, "files:describe", {"alt": "A mill"})
    await press(desk.admin, card, "files:spoiler")
    await press(desk.admin, card, "files:down")
    await form(desk, card, "files:swap", {"files": [("b.png", PNG + b"22")]})
    first, second = (await draft_of(desk)).values["files"]
    assert first["name"] == "a-2.png" and "alt" not in first
    assert {**second, "file": ""} == {"file": "", "name": "b.png", "alt": "A mill", "spoiler": True}
    await press(desk.admin, card, "files:remove")
    assert [file["name"] for file in (await draft_of(desk)).values["files"]] == ["a-2.png"]


async def test_embeds_follow_the_file_that_they_show(desk: World) -> None:
    card = await composed(desk, text="Hi", files=[("a.png", PNG)])
    await press(desk.admin, card, "embeds:open")
    await form(desk, card, "embeds:add", {"title": "T"})
    await press(desk.admin, card, "embeds:take")
    await press(desk.admin, card, "embeds:back")
    await pick(desk.admin, card, "draft:more", ["files"])
    await form(desk, card, "files:swap", {"files": [("b.png", PNG + b"1")]})
    assert (await draft_of(desk)).values["embeds"][0]["image"] == {"url": "attachment://b.png"}
    await press(desk.admin, card, "files:remove")
    assert (await draft_of(desk)).values["embeds"] == [{"title": "T"}]


async def test_buttons_and_a_poll(desk: World) -> None:
    card = await composed(desk, text="Hi")
    await pick(desk.admin, card, "draft:more", ["buttons"])
    await form(desk, card, "links:add", {"label": "Tickets", "url": "example.org/tickets", "emoji": "🎟"})
    await form(desk, card, "links:add", {"url": "https://example.org"})
    await press(desk.admin, card, "links:up")
    await press(desk.admin, card, "links:back")
    shown = await pick(desk.admin, card, "draft:more", ["poll"])
    assert shown.modal is not None
    await desk.admin.submit_modal(
        shown, {"question": "Who comes?", "answers": "I\nNot I", "hours": "2 days", "several": True}
    )
    values = (await draft_of(desk)).values
    assert values["buttons"] == [
        {"label": "example.org", "url": "https://example.org"},
        {"label": "Tickets", "emoji": "🎟", "url": "https://example.org/tickets"},
    ]
    assert values["poll"] == {
        "question": "Who comes?", "answers": ["I", "Not I"], "hours": 48, "several": True,
    }  # fmt: skip
    assert "“Who comes?” · I · Not I · 2 days · several answers" in text_of(card)
    await desk.admin.click(card, label="Confirm")
    assert "Scheduled" in text_of(card)


async def test_a_layout_takes_texts_pictures_and_sections(desk: World) -> None:
    card = await composed(desk, files=[("a.png", PNG)])
    await pick(desk.admin, card, "draft:more", ["layout"])
    await form(desk, card, "layout:text", {"content": "# Hello"})
    await press(desk.admin, card, "layout:line")
    await form(desk, card, "layout:gallery", {"pictures": "a.png\nhttps://example.org/b.png"})
    await form(desk, card, "layout:section", {"content": "Text", "picture": "a.png"})
    assert (await draft_of(desk)).values["layout"] == [
        {"type": 10, "content": "# Hello"},
        {"type": 14},
        {
            "type": 12,
            "items": [
                {"media": {"url": "attachment://a.png"}}, {"media": {"url": "https://example.org/b.png"}},
            ],
        },
        {
            "type": 9,
            "components": [{"type": 10, "content": "Text"}],
            "accessory": {"type": 11, "media": {"url": "attachment://a.png"}},
        },
    ]  # fmt: skip


async def test_an_editor_outlives_a_restart_and_belongs_to_its_draft(desk: World) -> None:
    card = await composed(desk, text="Hi")
    await press(desk.admin, card, "embeds:open")
    refused = await desk.moderator.click(card, custom_id=custom_id(card, "embeds:add"))
    assert "belongs to someone else" in said(refused) or refused.modal is None


async def test_what_isnt_understood_in_a_form_is_told_and_the_rest_kept(desk: World) -> None:
    card = await composed(desk, text="Hi")
    await press(desk.admin, card, "embeds:open")
    await form(desk, card, "embeds:add", {"title": "T", "color": "blurry", "image": "nope.png"})
    text = text_of(card)
    assert "blurry" in text and "nope.png" in text
    assert (await draft_of(desk)).values["embeds"] == [{"title": "T"}]
    await form(desk, card, "embeds:edit", {"title": ""})
    assert "needs a title" in text_of(card)
    assert (await draft_of(desk)).values["embeds"] == [{"title": "T"}]
