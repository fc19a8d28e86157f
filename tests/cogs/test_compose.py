"""Composing a post on Discord: its first form, the editors of its parts, without JSON."""

from __future__ import annotations

import pytest
import pytest_asyncio
from discord.ui import TextDisplay

from cogs.desk.jobs.approval_card import approval_card
from cogs.desk.kit.components import DeskButton
from cogs.language import speaking
from cogs.services import spec_for
from tests.support.composing import PNG, composed, form, newest_draft, with_posts
from tests.support.foreign_guild import forged
from tests.support.text import text_of
from tests.support.world import World, labels, pick, press, said


@pytest_asyncio.fixture
async def desk(world: World) -> World:
    """The world with the job that posts."""
    return await with_posts(world)


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
    assert "📎 poster.png" in text_of(card)
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
    draft = await newest_draft(desk)
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
    assert "📎" not in text_of(card)  # Discord shows the file in the embed alone


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
    (embed,) = (await newest_draft(desk)).values["embeds"]
    assert embed["fields"] == [
        {"name": "Three", "value": "3"}, {"name": "Two", "value": "2"},
    ]  # fmt: skip
    await press(desk.admin, card, "embeds:open")
    assert "Add embed" in labels(card)


async def test_what_happens_with_it_is_switched_on_the_card(desk: World) -> None:
    card = await composed(desk, text="Hi")
    await pick(desk.admin, card, "draft:switch", ["publish", "pin"])
    values = (await newest_draft(desk)).values
    assert values["publish"] is True and values["pin"] is True and values["silent"] is False
    await pick(desk.admin, card, "draft:switch", [])
    assert (await newest_draft(desk)).values["publish"] is False


async def test_files_are_described_covered_moved_replaced_and_removed(desk: World) -> None:
    card = await composed(desk, text="Hi", files=[("a.png", PNG), ("a.png", PNG + b"1")])
    await pick(desk.admin, card, "draft:more", ["files"])
    assert "a-2.png" in text_of(card) and "72 bytes" in text_of(card)
    await form(desk, card, "files:describe", {"alt": "A mill"})
    await press(desk.admin, card, "files:spoiler")
    await press(desk.admin, card, "files:down")
    await form(desk, card, "files:swap", {"files": [("b.png", PNG + b"22")]})
    first, second = (await newest_draft(desk)).values["files"]
    assert first["name"] == "a-2.png" and "alt" not in first
    assert {**second, "file": ""} == {"file": "", "name": "b.png", "alt": "A mill", "spoiler": True}
    await press(desk.admin, card, "files:remove")
    assert [file["name"] for file in (await newest_draft(desk)).values["files"]] == ["a-2.png"]


async def test_embeds_follow_the_file_that_they_show(desk: World) -> None:
    card = await composed(desk, text="Hi", files=[("a.png", PNG)])
    await press(desk.admin, card, "embeds:open")
    await form(desk, card, "embeds:add", {"title": "T"})
    await press(desk.admin, card, "embeds:take")
    await press(desk.admin, card, "embeds:back")
    await pick(desk.admin, card, "draft:more", ["files"])
    await form(desk, card, "files:swap", {"files": [("b.png", PNG + b"1")]})
    assert (await newest_draft(desk)).values["embeds"][0]["image"] == {"url": "attachment://b.png"}
    await press(desk.admin, card, "files:remove")
    assert (await newest_draft(desk)).values["embeds"] == [{"title": "T"}]


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
    values = (await newest_draft(desk)).values
    assert values["buttons"] == [
        {"label": "example.org", "url": "https://example.org"},
        {"label": "Tickets", "emoji": "🎟", "url": "https://example.org/tickets"},
    ]
    assert values["poll"] == {
        "question": "Who comes?", "answers": ["I", "Not I"], "hours": 48, "several": True,
    }  # fmt: skip
    assert "“Who comes?” · I · Not I · 2 days · multiple answers allowed" in text_of(card)
    await desk.admin.click(card, label="Confirm")
    assert "Scheduled" in text_of(card)


async def test_a_layout_takes_texts_pictures_and_sections(desk: World) -> None:
    card = await composed(desk, files=[("a.png", PNG)])
    await pick(desk.admin, card, "draft:more", ["layout"])
    await form(desk, card, "layout:text", {"content": "# Hello"})
    await press(desk.admin, card, "layout:line")
    await form(desk, card, "layout:gallery", {"pictures": "a.png\nhttps://example.org/b.png"})
    await form(desk, card, "layout:section", {"content": "Text", "picture": "a.png"})
    assert (await newest_draft(desk)).values["layout"] == [
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


async def test_an_editor_outlives_a_restart(desk: World) -> None:
    card = await composed(desk, text="Hi")
    await press(desk.admin, card, "embeds:open")
    await desk.restart_bot()
    await with_posts(desk)
    await form(desk, card, "embeds:add", {"title": "Still here"})
    assert "Still here" in text_of(card)


@pytest.mark.parametrize("panel", ["embeds", "files", "links", "layout"])
@pytest.mark.parametrize("action", ["remove", "up", "open"])
async def test_a_part_belongs_to_whoever_has_the_draft(desk: World, panel: str, action: str) -> None:
    part = {"embeds": "embeds", "files": "files", "links": "buttons", "layout": "layout"}[panel]
    await composed(desk, text="Hi")
    draft = await newest_draft(desk)
    message = await forged(desk, desk.channel, DeskButton(panel, action, f"{draft.id}.{part}.0", "X"))
    refused = await desk.moderator.click(message, label="X")
    assert "belongs to someone else" in said(refused)
    own = await desk.admin.click(message, label="X")
    if action != "open":
        assert "no longer exists" in said(own)


@pytest.mark.parametrize(
    "target", ["text.0", "nothing.0", "embeds.x", "embeds.99999", "embeds.-1", "embeds."]
)
async def test_a_forged_place_is_refused_in_words(desk: World, target: str) -> None:
    await composed(desk, text="Hi")
    draft = await newest_draft(desk)
    message = await forged(desk, desk.channel, DeskButton("embeds", "remove", f"{draft.id}.{target}", "X"))
    answer = said(await desk.admin.click(message, label="X"))
    assert "older version" in answer or "no longer exists" in answer


async def test_what_isnt_understood_in_a_form_is_told_and_the_rest_kept(desk: World) -> None:
    card = await composed(desk, text="Hi")
    await press(desk.admin, card, "embeds:open")
    await form(desk, card, "embeds:add", {"title": "T", "color": "blurry", "image": "nope.png"})
    text = text_of(card)
    assert "blurry" in text and "nope.png" in text
    assert (await newest_draft(desk)).values["embeds"] == [{"title": "T"}]
    await form(desk, card, "embeds:edit", {"title": ""})
    assert "needs a title" in text_of(card)
    assert (await newest_draft(desk)).values["embeds"] == [{"title": "T"}]


async def test_a_saved_post_tells_its_parts_in_words_everywhere(desk: World) -> None:
    card = await composed(desk, text="Hi", files=[("a.png", PNG)])
    await press(desk.admin, card, "embeds:open")
    await form(desk, card, "embeds:add", {"title": "Party", "fields": "When: 8 pm"})
    await press(desk.admin, card, "embeds:back")
    await desk.admin.click(card, label="Confirm")
    text = text_of(card)
    assert "“Party” (1 field)" in text and "a.png" in text and "{" not in text
    await desk.admin.click(card, label="Edit")
    await press(desk.admin, card, "embeds:open")
    await form(desk, card, "embeds:edit", {"title": "Summer", "fields": ""})
    await press(desk.admin, card, "embeds:back")
    await desk.admin.click(card, label="Save the change")
    await desk.admin.click(card, label="Changes")
    assert "“Party” (1 field) → “Summer”" in text_of(card)
    (job,) = (await desk.bot.services.client.jobs(str(desk.guild.id))).jobs
    spec = spec_for(desk.bot, "send_post")
    with speaking("en-GB"):
        panel = approval_card(job, spec, heading="Read").panel
    whole = "\n".join(item.content for item in panel.walk_children() if isinstance(item, TextDisplay))
    assert "> Title: Summer" in whole and '{"' not in whole.split("Embeds")[1]
