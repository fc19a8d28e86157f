"""Rights are compared on the values that a job gets: what cannot be converted is refused, never skipped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import pytest
import yaml

from cogs.admin_cog import DESK
from cogs.desk.drafts.draft import fill, fitting
from cogs.desk.kit.components import DeskSelect
from cogs.desk.kit.context import Desk
from cogs.memory import Draft
from cogs.rights.rights import is_risky, named_channels, problems, strangers
from cogs.rights.run_guard import RunGuard
from schedulezero.errors import JobFailed
from schedulezero.handler.run_context import RunContext
from schedulezero.methods.spec import MethodSpec, spec_of
from tests.support.acting import click
from tests.support.foreign_guild import Foreign, forged
from tests.support.granting import give_the_bot
from tests.support.text import text_of
from tests.support.world import World, button_target, said


def spec(world: World, method: str) -> MethodSpec:
    return spec_of(method, world.handler.sprockets[method])


async def hidden(world: World) -> Any:
    """A channel that the moderator cannot see."""
    give_the_bot(world, discord.Permissions(administrator=True))
    denied = discord.PermissionOverwrite(view_channel=False)
    room = world.guild.create_text_channel("council", overwrites={world.guild.default_role: denied})
    await world.env.settle()
    return room


def guild_of(world: World) -> Any:
    return world.bot.get_guild(world.guild.id)


async def member_of(world: World) -> discord.Member:
    return await guild_of(world).fetch_member(world.moderator.id)


# Ways to write an id. Read as: a form with {} in the id's place, whether a job function takes it.
WAYS = [
    ("{}", True), (" {}", True), ("{}\n", True), ("\u2003{}", True), ("0{}", True),
    ("+{}", False), ("{}.0", False), ("[{}]", False), ("<#{}>", False), ("{}_0", False), ("{},1", False),
    ("٠{}", False), ("①", False), ("١٢٣", False), ("１２３", False), ("-{}", False), ("0x10", False),
]  # fmt: skip
VALUES: list[Any] = [True, 1.5, 0, -1, 2**64, [[1]], {"id": 1}, [1, [2]], float("inf")]


@pytest.mark.parametrize(("way", "taken"), WAYS)
async def test_an_id_is_compared_however_it_is_written(world: World, way: str, taken: bool) -> None:
    room = await hidden(world)
    params = {"channel_id": way.replace("{}", str(room.id)), "message": "Hi"}
    against = problems(spec(world, "send_announcement"), params, guild_of(world), await member_of(world))
    if taken:
        assert f"You can't do this in <#{room.id}>: you don't have *View Channel* there." in against
        assert named_channels(spec(world, "send_announcement"), params) == [room.id]
    else:
        assert "'channel_id' of send_announcement must be an ID (a whole number)" in against[0]


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_no_other_value_slips_through(world: World, value: Any) -> None:
    guild, member = guild_of(world), await member_of(world)
    for method, name in (
        ("send_announcement", "channel_id"),
        ("send_announcement", "role_id"),
        ("send_to_multiple_channels", "channel_ids"),
        ("add_role_scheduled", "role_id"),
        ("add_role_scheduled", "user_ids"),
        ("add_role_scheduled", "guild_id"),
        ("edit_post", "message_url"),
    ):
        against = problems(spec(world, method), {name: value}, guild, member)
        assert any(f"'{name}' of {method} must be" in text for text in against), (name, value, against)


@pytest.mark.parametrize("value", ["false", "no", 1, "0", [True]], ids=repr)
async def test_what_is_no_yes_or_no_counts_as_risky_and_is_refused(world: World, value: Any) -> None:
    params = {"channel_id": str(world.channel.id), "message": "Hi", "everyone": value}
    announcement = spec(world, "send_announcement")
    assert is_risky(announcement, params, guild_of(world))
    against = problems(announcement, params, guild_of(world), None)
    assert any("must be true or false" in text for text in against)


@pytest.mark.long
async def test_parameters_that_nobody_declared_are_read_by_their_names(world: World) -> None:
    async def plain(bot: Any, params: dict[str, Any]) -> dict[str, Any]:
        """Do something."""
        return {}

    elsewhere = Foreign(world)
    declared = spec_of("plain", plain)
    theirs = f"https://discord.com/channels/{world.guild.id}/{elsewhere.channel.id}/{world.channel.id}"
    for name, value in (
        ("channel_id", f" {elsewhere.channel.id}"),
        ("target_channel_id", "1_0"),
        ("channel_ids", [[world.channel.id]]),
        ("role_id", "+1"),
        ("guild_id", f"{elsewhere.guild.id} "),
        ("message_url", theirs),
    ):
        assert strangers(declared, {name: value}, guild_of(world)), (name, value)
    fine = {"channel_id": f" {world.channel.id}", "guild_id": world.guild.id, "note": [1], "role_id": ""}
    assert strangers(declared, fine, guild_of(world)) == []


async def test_a_file_with_spaces_in_an_id_is_compared_like_any_other(world: World) -> None:
    room = await hidden(world)
    jobs = [
        {"name": name, "do": "send_announcement", "when": "every monday at 9", "with": params}
        for name, params in (
            ("spaced", {"channel_id": f" {room.id}", "message": "Hi"}),
            ("said no", {"channel_id": str(world.channel.id), "message": "Hi", "everyone": "no"}),
            ("float", {"channel_id": float(world.channel.id), "message": "Hi"}),
            ("remind", {"user_id": str(world.plain.id), "message": "Hi"}),
        )
    ]
    jobs[-1]["do"] = "remind"
    file = ("jobs.yaml", yaml.safe_dump({"jobs": jobs}).encode())
    result = await world.moderator.slash(world.channel, "schedule import", file=file)
    text = said(result)
    assert "4 entries can't be imported" in text
    assert "you don't have *View Channel*" in text and "must be true or false" in text
    assert "no kind of job called “remind”" in text


async def test_ids_are_saved_as_the_job_gets_them(world: World) -> None:
    filled = fill(
        spec(world, "send_announcement"), {"channel_id": [f" 0{world.channel.id}"], "message": "Hi"}, "1"
    )
    assert filled.params["channel_id"] == str(world.channel.id) and filled.complete
    several = fill(spec(world, "send_announcement"), {"channel_id": ["1", "2"], "message": "Hi"}, "1")
    assert "must be an ID (a whole number)" in several.errors["channel_id"]


async def test_the_guard_compares_what_the_function_gets(world: World) -> None:
    room = await hidden(world)
    run = RunContext(guild_id=str(world.guild.id), creator_id=str(world.moderator.id))
    params = {"channel_id": f" {room.id}", "message": "Hi"}
    with pytest.raises(JobFailed) as raised:
        await RunGuard(world.bot)(run, spec(world, "send_announcement"), params)
    assert "they don't have *View Channel*" in raised.value.message and raised.value.pause


# -------------------------------------------------------------------- drafts


async def test_a_draft_with_parameters_of_another_job_is_refused(world: World) -> None:
    preview = await world.draft(
        world.admin, "send_announcement", {"channel_id": [world.channel], "message": "Hi"}, "in 2 hours"
    )
    memory = world.bot.memory
    draft = await memory.draft(button_target(preview.response, "Confirm"))
    assert draft is not None
    await memory.save_draft(replace(draft, values={**draft.values, "role_ids": ["1"]}))
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "“role\\_ids” doesn't belong to this job" in text_of(preview.response)
    assert (await world.bot.services.client.jobs(str(world.guild.id))).jobs == ()


async def test_an_edit_does_not_turn_a_job_into_another_kind(world: World) -> None:
    job_id = await world.create(
        world.admin,
        "send_announcement",
        {"channel_id": [world.channel], "message": "Hi"},
        "every monday at 9",
    )
    shown = await world.admin.slash(world.channel, "schedule edit", job=job_id)
    draft_id = button_target(shown.response, "Save the change")
    assert "can't change what kind of job" in said(
        await click(world, world.admin, "draft", "choose", draft_id)
    )
    options = [discord.SelectOption(label="Forged", value="send_dm")]
    message = await forged(world, world.channel, DeskSelect("draft", "method", draft_id, "Forged", options))
    assert "can't change what kind of job" in said(await world.admin.select(message, ["send_dm"]))
    draft = await world.bot.memory.draft(draft_id)
    assert draft is not None
    values = {"user_id": [str(world.plain.id)], "message": "psst", "#kept": draft.values["#kept"]}
    await world.bot.memory.save_draft(replace(draft, method="send_dm", values=values))
    await world.admin.click(shown.response, label="Save the change")  # type: ignore[arg-type]
    job = await world.bot.services.client.job(job_id, str(world.guild.id))
    assert (job.method, job.version) == ("send_announcement", 1)


async def test_a_form_takes_no_field_of_another_job(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    preview = await world.draft(
        world.admin, "send_announcement", {"channel_id": [world.channel], "message": "Hi"}, "in 2 hours"
    )
    draft_id = button_target(preview.response, "Confirm")
    from cogs.desk.kit.modals import new_form, text_field

    async def open_form(desk: Desk, target: str) -> None:
        fields = [text_field("p:user_ids", "x")]
        await desk.interaction.response.send_modal(new_form("draft", "form", target, "Forged", fields))

    monkeypatch.setitem(DESK.opens, ("forged", "form"), open_form)
    form = await click(world, world.admin, "forged", "form", f"{draft_id}.what")
    assert "older version of me" in said(await world.admin.submit_modal(form, {"p:user_ids": "1"}))
    draft = await world.bot.memory.draft(draft_id)
    assert draft is not None and "user_ids" not in draft.values


async def test_what_a_draft_keeps_when_it_becomes_another_job(world: World) -> None:
    draft = Draft("d", "1", "1", "send_dm", {"user_id": ["1"], "message": "Hi", "#name": "n", "embed": "{}"})
    kept = fitting(spec(world, "send_announcement"), spec(world, "send_dm"), draft.values)
    assert kept == {"message": "Hi", "#name": "n"}


@pytest.mark.long
async def test_a_draft_that_becomes_another_job_keeps_no_value_of_another_kind(world: World) -> None:
    given = {"user_id": [world.plain], "message": "Hi"}
    preview = await world.draft(world.admin, "send_dm", given, "in 2 hours")
    draft_id = button_target(preview.response, "Confirm")
    options = [discord.SelectOption(label="Forged", value="send_announcement")]
    message = await forged(world, world.channel, DeskSelect("draft", "method", draft_id, "Forged", options))
    await world.admin.select(message, ["send_announcement"])
    draft = await world.bot.memory.draft(draft_id)
    assert draft is not None and draft.method == "send_announcement"
    values = {name: value for name, value in draft.values.items() if not name.startswith("#")}
    assert values == {"message": "Hi", "channel_id": [str(world.channel.id)]}


async def test_a_draft_of_values_that_are_no_lists_is_read_whole(world: World) -> None:
    """An id that stands there as a text is the id, and not its first digit."""
    filled = fill(spec(world, "send_announcement"), {"channel_id": "123", "message": "Hi"}, "1")
    assert filled.params["channel_id"] == "123"
