"""Schedules that other clients of a published server made: a malformed ``_meta`` breaks nobody's list."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from tests.support.scheduling import hello
from tests.support.world import World, press, said


@pytest.fixture
def world(published_world: World, patient: None) -> World:
    return published_world


async def plant(world: World, schedule_id: str, meta: Any) -> None:
    """Create a schedule as any client of the published server can."""
    async with httpx.AsyncClient(base_url=world.settings.api_endpoint) as rest:
        answer = await rest.post(
            "/api/schedule",
            json={
                "handler_id": world.settings.handler_id,
                "job_method": "send_announcement",
                "job_params": {"channel_id": str(world.channel.id), "message": "Planted", "_meta": meta},
                "trigger": {"type": "interval", "hours": 5},
                "job_id": schedule_id,
            },
        )
        assert answer.status_code < 300, answer.text


CRON = {"type": "cron", "args": {"hour": 9}}

# Read as: what such a client may write beside the guild's own id.
MALFORMED: list[dict[str, Any]] = [
    {"name": 5}, {"name": {}}, {"name": "x" * 101}, {"meta": [1]}, {"meta": "x"},
    {"creator_id": 7}, {"creator_id": "x"}, {"timezone": "Mars/Base"}, {"timezone": 5}, {"timezone": ""},
    {"trigger": "daily"}, {"trigger": {"type": 5, "args": {}}}, {"trigger": {"type": "cron", "args": [1]}},
    {"trigger": {"type": "cron"}}, {"created_at": 5}, {"created_at": "yesterday"}, {"anchor_at": []},
    {"anchor_at": "soon"}, {"schedule_id": 1}, {"schedule_id": "x" * 256},
    {"meta": {"x": "y" * 40_000}},
]  # fmt: skip
# Ids that no button of ours can hold.
UNUSABLE = ["j" * 101, "j" * 76, "j" * 65, "a job", "..", "ö"]


@pytest.mark.long
async def test_a_malformed_one_is_left_out_of_the_list_and_logged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.create(world.admin, "send_announcement", hello(world), "every day at 9", name="Ours")
    guild_id = str(world.guild.id)
    broken: list[Any] = []
    for number, wrong in enumerate(MALFORMED):
        await plant(world, f"m{number}", {"guild_id": guild_id, "trigger": CRON, **wrong})
    for schedule_id in UNUSABLE:
        await plant(world, schedule_id, {"guild_id": guild_id, "trigger": CRON})
    with caplog.at_level(logging.WARNING):
        for name in ("list", "list", "history", "status"):
            text = said(await world.admin.slash(world.channel, f"schedule {name}"))
            if "went wrong" in text or "Planted" in text:
                broken.append((name, text))
    assert not broken
    assert "Ours" in said(await world.admin.slash(world.channel, "schedule list"))
    logged = [record.getMessage() for record in caplog.records if "isn't ours" in record.getMessage()]
    assert len(logged) == len(set(logged)) == len(MALFORMED) + len(UNUSABLE)


@pytest.mark.parametrize(
    "wrong",
    [{}, {"trigger": {"type": "cron", "args": {"hour": "x"}}}, {"trigger": {"type": "x", "args": {}}},
     {"trigger": None}, {"name": None, "meta": None}, {"name": ""},
     {"meta": {"alert": 5}}, {"meta": {"alert": [1]}}, {"meta": {"managers": 5}},
     {"meta": {"managers": [{}]}}, {"trigger": {"type": "cron", "args": {"hour": {}}}}],
    ids=str,
)  # fmt: skip
async def test_a_sound_one_is_listed(world: World, wrong: dict[str, Any]) -> None:
    await plant(world, "sound", {"guild_id": str(world.guild.id), "trigger": CRON, **wrong})
    text = said(await world.admin.slash(world.channel, "schedule list"))
    assert "Send announcement" in text
    card = await world.admin.slash(world.channel, "schedule show", job="sound")
    assert "Planted" in said(card)
    copied = await press(world.admin, card.response, "job:clone")
    assert "went wrong" not in said(copied)
    (draft,) = await world.bot.memory.drafts_of(world.admin.id, world.guild.id, 5)
    assert draft.values["message"] == "Planted"


async def test_the_longest_id_has_buttons(world: World) -> None:
    longest = "j" * 64
    await plant(world, longest, {"guild_id": str(world.guild.id), "trigger": CRON})
    card = await world.admin.slash(world.channel, "schedule show", job=longest)
    assert "Planted" in said(card)
    assert "went wrong" not in said(await press(world.admin, card.response, "job:history"))
