"""The walk: every command, button, select and form that there is, with a foreign guild's ids.

Whatever a later change adds is walked by itself, because the walk asks the bot what there is. A member of
another guild, who is its administrator, knows every id of ours (job, run, draft, panel, guild, channel,
message) and sends each of them to everything. Nothing of ours may be seen, changed or posted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import discord
import pytest
import yaml
from discord import app_commands

from cogs.admin_cog import DESK
from cogs.desk.kit.components import DeskButton, DeskSelect
from cogs.desk.kit.context import Desk
from cogs.desk.kit.modals import new_form, text_field
from tests.support.foreign_guild import Foreign, forged, untouched
from tests.support.text import text_of
from tests.support.world import World, button_target, said

pytestmark = pytest.mark.long

ACTIONS = sorted({**DESK.clicks, **DESK.opens})
FORMS = sorted(DESK.forms)
SECRET = "Secret plan"
OWNERS = ("load_sprocket", "unload_sprocket", "reload_sprocket", "sprockets")


class Known:
    """Ids of ours that somebody found out."""

    def __init__(self, job_id: str, draft_id: str, panels: list[str], world: World, message_id: int) -> None:
        self.job_id = job_id
        self.draft_id = draft_id
        self.panels = panels
        self.guild_id = str(world.guild.id)
        self.message_id = str(message_id)

    def targets(self) -> Iterator[str]:
        """Everything that could be the target of a custom id."""
        yield from (self.job_id, self.draft_id, *self.panels, self.guild_id, self.message_id)
        for ending in ("0", "1", "1.1", "abc123", f"{self.panels[0]}"):
            yield f"{self.job_id}:{ending}"
        for part in ("when", "params", "channel_id", "options", "name"):
            yield f"{self.draft_id}.{part}"
            yield f"{self.draft_id}:{part}"


async def discovered(world: World) -> Known:
    """Makes one of everything and returns the ids."""
    values = {"channel_id": [world.channel], "message": SECRET}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    preview = await world.draft(world.admin, "send_announcement", values, "in 2 hours")
    draft_id = button_target(preview.response, "Confirm")
    memory, panels = world.bot.memory, ["abc0", "abc1", "abc2"]
    states: list[dict[str, Any]] = [
        {"history": job_id, "state": None, "cursors": []},
        {"import": [{"name": SECRET}], "by": "1", "imported": {job_id: 1}, "make_up": job_id,
         "instants": ["2026-01-01T00:00:00Z"], "query": {"text": SECRET}, "cursors": []},
        {"guild_id": str(world.guild.id), "kind": "failed", "reason": SECRET, "items": [],
         "first_at": "2026-01-01T00:00:00Z", "selected": [job_id], "undo": {job_id: 1}},
    ]  # fmt: skip
    for panel, state in zip(panels, states, strict=True):
        await memory.save_panel(panel, world.guild.id, state)
    await memory.put("rules", str(world.guild.id), {"quiet": SECRET, "days": SECRET, "jobs": SECRET})
    message = await world.admin.send(world.channel, "a message of ours")
    await world.env.settle()
    return Known(job_id, draft_id, panels, world, message.id)


async def left_alone(world: World, known: Known) -> None:
    """Fails when something of ours was touched."""
    assert await untouched(world, known.job_id)
    draft = await world.bot.memory.draft(known.draft_id)
    assert draft is not None and draft.values["message"] == SECRET
    settings = await world.bot.memory.settings(world.guild.id)
    assert settings == type(settings)()
    rules = await world.bot.services.client.rules(str(world.guild.id))
    assert rules.most_jobs is None and rules.quiet_from is None
    assert [message.content for message in world.channel.history()] == ["a message of ours"]


def expect_nothing(text: str, what: object) -> None:
    assert SECRET not in text, f"{what} shows what is ours: {text}"
    assert "Something went wrong" not in text, f"{what} ends in a defect of ours: {text}"


@pytest.mark.parametrize("panel", sorted({panel for panel, _ in ACTIONS}))
async def test_every_button_and_select(world: World, panel: str) -> None:
    known, foreign = await discovered(world), Foreign(world)
    for _, name in [key for key in ACTIONS if key[0] == panel]:
        for target in known.targets():
            options = [discord.SelectOption(label="Forged", value=known.job_id)]
            for item in (
                DeskButton(panel, name, target, "Forged"),
                DeskSelect(panel, name, target, "Forged", options),
            ):
                message = await forged(world, foreign.channel, item)
                if isinstance(item, DeskButton):
                    result = await foreign.eve.click(message, label="Forged")
                else:
                    result = await foreign.eve.select(message, [known.job_id])
                if result.modal is not None:
                    expect_nothing(str(result.modal), (panel, name, target))
                expect_nothing(said(result) + text_of(message), (panel, name, target))
    await left_alone(world, known)


@pytest.mark.parametrize(("panel", "name"), FORMS)
async def test_every_form(world: World, monkeypatch: pytest.MonkeyPatch, panel: str, name: str) -> None:
    known, foreign = await discovered(world), Foreign(world)

    async def open_form(desk: Desk, target: str) -> None:
        fields = [text_field(field, field) for field in ("when", "until", "zone", "text", "p:message")]
        await desk.interaction.response.send_modal(new_form(panel, name, target, "Forged", fields))

    monkeypatch.setitem(DESK.opens, ("forged", "form"), open_form)
    for target in known.targets():
        message = await forged(world, foreign.channel, DeskButton("forged", "form", target, "Forged"))
        shown = await foreign.eve.click(message, label="Forged")
        result = await foreign.eve.submit_modal(
            shown, {"when": "in 3 hours", "until": "in 2 weeks", "zone": "Berlin", "text": "Secret"}
        )
        expect_nothing(said(result) + text_of(message), (panel, name, target))
    await left_alone(world, known)


def every_command(world: World) -> Iterator[tuple[str, app_commands.Command[Any, Any, Any]]]:
    tree, here = world.bot.tree, discord.Object(world.guild.id)
    for command in (*tree.walk_commands(), *tree.walk_commands(guild=here)):
        if isinstance(command, app_commands.Command):
            yield command.qualified_name, command


async def test_every_command(world: World) -> None:
    known, foreign = await discovered(world), Foreign(world)
    walked: set[str] = set()
    for name, command in every_command(world):
        walked.add(name)
        if name not in foreign.eve.available_commands(foreign.channel):
            assert name in OWNERS  # they are not even shown in a guild that is no owner's
            continue
        for given in (known.job_id, known.draft_id, SECRET):
            options: dict[str, Any] = {}
            for parameter in command.parameters:
                if parameter.type is discord.AppCommandOptionType.string and not parameter.choices:
                    options[parameter.name] = given
                elif parameter.required:
                    options[parameter.name] = _required(parameter, foreign)
            if name == "schedule create":
                options["job"] = "send_announcement"
            try:
                result = await foreign.eve.slash(foreign.channel, name, **options)
            except Exception as error:  # noqa: BLE001 - simcord refuses what Discord would
                assert "option" in str(error).casefold() or "hidden" in str(error).casefold(), (name, error)
                continue
            answer = said(result).replace(f"“{given}”", "").replace(f"'{given}'", "")
            if given != SECRET:
                expect_nothing(answer, name)
            elif "schedule" in name:
                assert "every Monday" not in answer, f"{name} shows a job of ours: {answer}"
    assert {"schedule show", "schedule export", "schedule import", "load_sprocket"} <= walked
    await left_alone(world, known)


def _required(parameter: app_commands.Parameter, foreign: Foreign) -> Any:
    if parameter.type is discord.AppCommandOptionType.attachment:
        return ("jobs.yaml", b"jobs: []")
    return foreign.channel


async def test_every_suggestion(world: World) -> None:
    known, foreign = await discovered(world), Foreign(world)
    suggested = 0
    for name, command in every_command(world):
        for parameter in command.parameters:
            if not parameter.autocomplete or name in OWNERS:
                continue
            suggested += 1
            for typed in ("", "secret", known.job_id):
                found = await foreign.eve.autocomplete(foreign.channel, name, parameter.name, typed)
                assert SECRET not in str(found) and known.job_id not in str(found), name
    assert suggested >= 8


async def test_a_job_that_names_what_is_ours_is_refused_when_saved(world: World) -> None:
    """Sprockets' own ids: a channel, a role, a guild of ours in the params of a foreign job."""
    known, foreign = await discovered(world), Foreign(world)
    role = world.guild.create_role("Ours")
    posting = {"channel_id": str(world.channel.id), "message": "hi"}
    giving = {"guild_id": known.guild_id, "user_ids": [str(foreign.eve.id)], "role_id": str(role.id)}
    jobs = [
        {"name": "a", "do": "send_announcement", "when": "every monday at 9", "with": posting},
        {"name": "b", "do": "add_role_scheduled", "when": "every monday at 9", "with": giving},
    ]
    text = yaml.safe_dump({"jobs": jobs})
    result = await foreign.eve.slash(foreign.channel, "schedule import", file=("jobs.yaml", text.encode()))
    assert "2 entries can't be imported" in said(result) and "isn't in this server" in said(result)
    assert (await world.bot.services.client.jobs(str(foreign.guild.id))).jobs == ()
    await left_alone(world, known)
