"""A guild sees and touches its own jobs only, whatever ids its members send."""

from __future__ import annotations

from dataclasses import replace

import discord
import pytest

from cogs.desk.kit.components import DeskButton, DeskSelect
from tests.support.foreign_guild import Foreign, forged, untouched
from tests.support.text import text_of
from tests.support.world import World, button_target, said

pytestmark = pytest.mark.long


async def secret_job(world: World) -> str:
    values = {"channel_id": [world.channel], "message": "Secret plan"}
    return await world.create(world.admin, "send_announcement", values, "every monday at 9")


@pytest.mark.parametrize("command", ["show", "edit", "cancel", "pause", "resume", "run", "history"])
async def test_commands(world: World, command: str) -> None:
    job_id, foreign = await secret_job(world), Foreign(world)
    result = await foreign.eve.slash(foreign.channel, f"schedule {command}", job=job_id)
    assert "There is no job" in said(result) and "Secret" not in said(result)
    assert await untouched(world, job_id)


async def test_lists_suggestions_and_history(world: World) -> None:
    job_id, foreign = await secret_job(world), Foreign(world)
    await world.admin.slash(world.channel, "schedule run", job=job_id)
    await world.message_in(world.channel, "Secret plan")
    assert "Secret" not in said(await foreign.eve.slash(foreign.channel, "schedule list"))
    assert "Nothing has run yet" in said(await foreign.eve.slash(foreign.channel, "schedule history"))
    assert await foreign.eve.autocomplete(foreign.channel, "schedule show", "job", "secret") == []
    assert "Secret" not in said(await foreign.eve.slash(foreign.channel, "schedule status"))


@pytest.mark.parametrize(
    ("panel", "action"),
    [
        ("job", name)
        for name in (
            "show",
            "run",
            "pause",
            "resume",
            "edit",
            "history",
            "cancel",
            "end",
            "back",
            "skip",
            "until",
            "clone",
            "changes",
            "approve",
            "atonce",
        )
    ],
)
async def test_buttons(world: World, panel: str, action: str) -> None:
    job_id, foreign = await secret_job(world), Foreign(world)
    target = f"{job_id}:1.1" if action == "back" else job_id
    message = await forged(world, foreign.channel, DeskButton(panel, action, target, "Forged"))
    result = await foreign.eve.click(message, label="Forged")
    if result.modal is not None:
        result = await foreign.eve.submit_modal(result, {"until": "in 2 weeks"})
    assert "There is no job" in said(result)
    assert "Secret" not in said(result) + text_of(message)
    assert await untouched(world, job_id)


@pytest.mark.parametrize("action", ["confirm", "edit", "choose", "later", "cancel"])
async def test_drafts(world: World, action: str) -> None:
    values = {"channel_id": [world.channel], "message": "Secret plan"}
    preview = await world.draft(world.admin, "send_announcement", values, "in 2 hours")
    draft_id = button_target(preview.response, "Confirm")
    foreign = Foreign(world)
    message = await forged(world, foreign.channel, DeskButton("draft", action, draft_id, "Forged"))
    result = await foreign.eve.click(message, label="Forged")
    assert result.modal is None and "belongs to someone else" in said(result)
    assert await world.bot.memory.draft(draft_id) is not None


@pytest.mark.parametrize("action", ["next", "back", "refresh"])
async def test_lists_of_others(world: World, action: str) -> None:
    await secret_job(world)
    listed = await world.admin.slash(world.channel, "schedule list")
    panel_id = button_target(listed.response, "Refresh")
    foreign = Foreign(world)
    message = await forged(world, foreign.channel, DeskButton("list", action, panel_id, "Forged"))
    assert "has expired" in said(await foreign.eve.click(message, label="Forged"))


@pytest.mark.parametrize(
    ("panel", "action"), [("list", "pick"), ("bulk", "select"), ("draft", "method"), ("job", "missing")]
)
async def test_a_pick_of_somebody_elses(world: World, panel: str, action: str) -> None:
    job_id, foreign = await secret_job(world), Foreign(world)
    options = [discord.SelectOption(label="Forged", value=job_id)]
    target = job_id if panel == "job" else "x"
    message = await forged(world, foreign.channel, DeskSelect(panel, action, target, "Pick", options))
    result = await foreign.eve.select(message, [job_id])
    assert "Secret" not in said(result) + text_of(message) and said(result)
    assert await untouched(world, job_id)


async def test_a_retry_of_somebody_elses_run(world: World) -> None:
    job_id, foreign = await secret_job(world), Foreign(world)
    for target in (f"{job_id}:abc123", f"{job_id}:zzzzzzzzzz", job_id, "x:-"):
        message = await forged(world, foreign.channel, DeskButton("run", "retry", target, "Forged"))
        assert "There is no job" in said(await foreign.eve.click(message, label="Forged"))


@pytest.mark.parametrize(
    ("panel", "action"),
    [("history", name) for name in ("next", "back", "failed", "refresh")]
    + [("import", name) for name in ("do", "drop", "undo")]
    + [("run", "makeup"), ("list", "filter"), ("list", "sort"), ("draft", "method")],
)
async def test_panels_of_others(world: World, panel: str, action: str) -> None:
    job_id, foreign = await secret_job(world), Foreign(world)
    await world.bot.memory.save_panel(
        "abc", world.guild.id,
        {"history": job_id, "state": None, "cursors": [], "import": [], "by": str(foreign.eve.id),
         "imported": {job_id: 1}, "make_up": job_id, "instants": ["2026-01-01T00:00:00Z"],
         "query": {"text": "Secret"}},
    )  # fmt: skip
    message = await forged(world, foreign.channel, DeskButton(panel, action, "abc", "Forged"))
    result = await foreign.eve.click(message, label="Forged")
    assert result.modal is None and said(result) and "Secret" not in said(result)
    assert await untouched(world, job_id)
    assert await world.bot.memory.panel("abc", world.guild.id)


@pytest.mark.parametrize("action", ["pause", "resume", "cancel", "all", "do", "undo", "list"])
async def test_selections_of_others(world: World, action: str) -> None:
    job_id, foreign = await secret_job(world), Foreign(world)
    listed = await world.admin.slash(world.channel, "schedule list")
    panel_id = button_target(listed.response, "Refresh")
    message = await forged(world, foreign.channel, DeskButton("bulk", action, panel_id, "Forged"))
    assert "has expired" in said(await foreign.eve.click(message, label="Forged"))
    assert await untouched(world, job_id)


async def test_a_channel_of_another_guild_in_the_form(world: World) -> None:
    foreign = Foreign(world)
    shown = await foreign.eve.slash(foreign.channel, "schedule create", job="send_announcement")
    preview = await foreign.eve.submit_modal(
        shown, {"p:channel_id": [foreign.channel], "p:message": "Hi", "when": "in 2 hours"}
    )
    memory = world.bot.memory
    draft = await memory.draft(button_target(preview.response, "Confirm"))
    assert draft is not None
    await memory.save_draft(replace(draft, values={**draft.values, "channel_id": [str(world.channel.id)]}))
    await foreign.eve.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "isn't in this server" in text_of(preview.response)
