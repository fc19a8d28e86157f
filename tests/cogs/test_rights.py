"""Who may schedule what: the person and the bot each need the right to do it by hand."""

from __future__ import annotations

import re
from typing import Any

import discord
import pytest
import simcord

from cogs.rights.rights import problems
from cogs.services import spec_for
from schedulezero.methods.spec import spec_of
from tests.support.granting import bot_role, give_the_bot, let_everybody_use
from tests.support.text import text_of
from tests.support.world import World, labels, said

COMMANDS: dict[str, dict[str, str]] = {
    "schedule create": {"job": "send_announcement"},
    "schedule list": {},
    "schedule show": {"job": "x"},
    "schedule edit": {"job": "x"},
    "schedule cancel": {"job": "x"},
    "schedule pause": {"job": "x"},
    "schedule resume": {"job": "x"},
    "schedule run": {"job": "x"},
    "schedule history": {},
    "schedule status": {},
    "schedule reload": {},
    "schedule timezone": {},
}
OWNER_COMMANDS: dict[str, dict[str, str]] = {
    "load_sprocket": {"name": "example"},
    "unload_sprocket": {"name": "example"},
    "reload_sprocket": {"name": "example"},
}


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_plain_member_gets_nowhere_even_when_discord_lets_them(world: World, command: str) -> None:
    let_everybody_use(world, command.split()[0])
    result = await world.plain.slash(world.channel, command, **COMMANDS[command])
    assert result.modal is None
    assert "*Manage Server* permission here" in said(result)


@pytest.mark.long
@pytest.mark.parametrize("command", OWNER_COMMANDS)
async def test_only_the_bots_owner_loads_sprockets(world: World, command: str) -> None:
    result = await world.admin.slash(world.channel, command, **OWNER_COMMANDS[command])
    assert said(result) == "Only the bot's owner may do this."
    assert await world.admin.autocomplete(world.channel, "unload_sprocket", "name", "") == []


async def test_a_plain_member_gets_no_suggestions_of_jobs(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "secret plan"}
    await world.create(world.admin, "send_announcement", values, "in 2 hours")
    let_everybody_use(world, "schedule")
    assert await world.plain.autocomplete(world.channel, "schedule show", "job", "") == []


async def test_a_plain_member_cannot_click(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "Hello"}
    job_id = await world.create(world.admin, "send_announcement", values, "in 2 hours")
    from cogs.desk.kit.components import DeskButton

    panel = discord.ui.LayoutView(timeout=None)
    row: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
    row.add_item(DeskButton("job", "end", job_id, "Cancel the job"))
    panel.add_item(row)
    channel: Any = world.bot.get_channel(world.channel.id)
    message = await channel.send(view=panel)
    assert "*Manage Server* permission here" in said(await world.plain.click(message, label="Cancel the job"))
    assert (await world.bot.services.client.job(job_id, str(world.guild.id))).state == "active"


# Read as: method, its values, what the moderator lacks for it (Manage Server is all that they have).
LACKING: list[tuple[str, dict[str, Any], str]] = [
    ("send_announcement", {"everyone": True}, "you don't have *Mention @everyone, @here and All Roles*"),
    ("send_announcement", {"role": True}, "you don't have *Mention @everyone, @here and All Roles*"),
    ("cleanup_messages", {}, "you don't have *Manage Messages*"),
    ("lockdown_channel", {}, "you don't have *Manage Channels*"),
    ("add_role_scheduled", {"role": True}, "You don't have the *Manage Roles* permission"),
]


@pytest.mark.long
@pytest.mark.parametrize(("method", "given", "part"), LACKING, ids=str)
async def test_a_moderator_cannot_schedule_what_they_may_not_do(
    world: World, method: str, given: dict[str, Any], part: str
) -> None:
    values = values_for(world, method, given)
    preview = await world.draft(world.moderator, method, values, "in 2 hours")
    assert part.lower() in text_of(preview.response).lower()
    await world.moderator.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "Fix these first" in text_of(preview.response)
    assert (await world.bot.services.client.jobs(str(world.guild.id))).jobs == ()


@pytest.mark.parametrize(("method", "given", "part"), LACKING, ids=str)
async def test_an_administrator_can(world: World, method: str, given: dict[str, Any], part: str) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    values = values_for(world, method, given)
    preview = await world.draft(world.admin, method, values, "in 2 hours")
    assert "Fix these first" not in text_of(preview.response), text_of(preview.response)
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "Scheduled" in text_of(preview.response)


async def test_a_channel_where_the_bot_may_not_post_is_told_before(world: World) -> None:
    secret = world.guild.create_text_channel(
        "secret", overwrites={world.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    )
    values = {"channel_id": [secret], "message": "Hello"}
    preview = await world.draft(world.admin, "send_announcement", values, "in 2 hours")
    text = text_of(preview.response)
    assert f"I can't do this in <#{secret.id}>. Give my role *Send Messages* there." in text
    # Mended meanwhile, the same button works.
    give_the_bot(world, discord.Permissions(administrator=True))
    assert "Confirm" in labels(preview.response)
    await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
    assert "Scheduled" in text_of(preview.response)


async def test_a_stage_takes_more_of_whoever_announces_an_event_there(world: World) -> None:
    hall, stage = world.guild.create_voice_channel("Hall"), world.guild.create_stage_channel("Stage")
    await world.env.settle()
    guild: Any = world.bot.get_guild(world.guild.id)
    spec = spec_of("create_event", world.handler.sprockets["create_event"])

    async def against(who: simcord.MemberActor, where: simcord.ChannelHandle) -> list[tuple[str, str]]:
        found = problems(spec, {"voice_channel_id": where.id}, guild, await guild.fetch_member(who.id))
        return re.findall(r"^(\w+) .*\*(.+)\*", "\n".join(found), re.MULTILINE)

    mine = [("I", name) for name in ("Mute Members", "Move Members")]
    fewer = guild.me.guild_permissions
    fewer.update(mute_members=False, move_members=False)
    give_the_bot(world, fewer)
    await world.env.settle()
    assert await against(world.admin, hall) == []
    assert await against(world.admin, stage) == mine
    give_the_bot(world, discord.Permissions(administrator=True))
    assert await against(world.admin, stage) == []
    asked = ("Create Events", "Manage Channels", "Mute Members", "Move Members")
    assert await against(world.moderator, stage) == [("You", name) for name in asked]


async def test_roles_above_ones_own_are_out_of_reach(world: World) -> None:
    high = world.guild.create_role("High")
    keeping = discord.Permissions(manage_guild=True, manage_roles=True)
    low = world.guild.create_role("Low", permissions=keeping)
    keeper = world.guild.add_member(world.env.create_user("keeper"), roles=[low])
    top = world.env.backend.get_role(world.guild.id, bot_role(world)).position
    places = [{"id": str(high.id), "position": top}, {"id": str(bot_role(world)), "position": top - 1}]
    world.env.backend.reorder_roles(world.guild.id, places)
    values = {"user_ids": [world.plain], "role_id": [high]}
    preview = await world.draft(keeper, "add_role_scheduled", values, "in 2 hours")
    text = text_of(preview.response)
    assert f"<@&{high.id}> isn't one of them" in text
    assert f"Move mine above <@&{high.id}>" in text


def values_for(world: World, method: str, given: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if method != "add_role_scheduled":
        values["channel_id"] = [world.channel]
    else:
        values["user_ids"] = [world.plain]
    if method == "send_announcement":
        values["message"] = "Hello"
    if given.get("everyone"):
        values["everyone"] = True
    if given.get("role"):
        values["role_id"] = [world.guild.create_role("Guests")]
    return values


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"bot_id": "1"}, "<@&{id}> can't be assigned: it is a bot's own role."),
        (
            {"premium_subscriber": None},
            "<@&{id}> can't be assigned: Discord gives it to the server's boosters.",
        ),
        ({"integration_id": "1"}, "<@&{id}> can't be assigned: an integration manages it."),
        (None, "@everyone can't be assigned: every member has it."),
    ],
    ids=["bot", "boosters", "integration", "everyone"],
)
async def test_why_nobody_can_assign_a_role_is_said(
    world: World, tags: dict[str, Any] | None, reason: str
) -> None:
    give_the_bot(world, discord.Permissions(administrator=True))
    guild = world.bot.get_guild(world.guild.id)
    assert guild is not None
    role = guild.default_role
    if tags is not None:
        created = world.guild.create_role("Theirs")
        await world.env.settle()
        found = guild.get_role(created.id)
        assert found is not None
        role = found
        role.managed, role.tags = True, discord.RoleTags(tags)  # type: ignore[arg-type]  # simcord tells none
    spec = spec_for(world.bot, "remove_role_scheduled")
    assert spec is not None
    params = {"guild_id": str(guild.id), "user_ids": [str(world.plain.id)], "role_id": str(role.id)}
    told = [str(item) for item in problems(spec, params, guild, None)]
    assert any(reason.format(id=role.id) in item for item in told), told
