"""Who may do what, as tables: commands by role, jobs by right, and runs by what became of their creator.

Read a table as: a row for each command (or job, or change), a column for each role; ``yes`` works, anything
else is a part of what the person is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import discord
import pytest
import simcord

from cogs.rights.run_guard import RunGuard
from schedulezero.handler.run_context import RunContext
from schedulezero.methods.spec import spec_of
from tests.conftest import until
from tests.support.alerting import alerts_to
from tests.support.granting import bot_role, give_the_bot, let_everybody_use
from tests.support.people import people
from tests.support.text import text_of
from tests.support.world import World, labels, said

pytestmark = pytest.mark.long

MANAGE = "You need the *Manage Server* permission here, or a role that may schedule."
OWNER = "Only the bot's owner"
SETTINGS = "You need the *Manage Server* permission to change settings."

# plain: no rights; scheduler: has a role that may schedule; moderator: Manage Server; admin; owner of the bot
COMMANDS = """
command                  | plain  | scheduler | moderator | admin | owner
schedule create          | MANAGE | yes       | yes       | yes   | yes
schedule drafts          | MANAGE | yes       | yes       | yes   | yes
schedule list            | MANAGE | yes       | yes       | yes   | yes
schedule queue           | MANAGE | yes       | yes       | yes   | yes
schedule templates       | MANAGE | yes       | yes       | yes   | yes
schedule show            | MANAGE | yes       | yes       | yes   | yes
schedule edit            | MANAGE | yes       | yes       | yes   | yes
schedule cancel          | MANAGE | yes       | yes       | yes   | yes
schedule pause           | MANAGE | yes       | yes       | yes   | yes
schedule resume          | MANAGE | yes       | yes       | yes   | yes
schedule run             | MANAGE | yes       | yes       | yes   | yes
schedule history         | MANAGE | yes       | yes       | yes   | yes
schedule audit           | MANAGE | yes       | yes       | yes   | yes
schedule calendar        | MANAGE | yes       | yes       | yes   | yes
schedule export          | MANAGE | yes       | yes       | yes   | yes
schedule import          | MANAGE | yes       | yes       | yes   | yes
schedule setup           | MANAGE | SETTINGS  | yes       | yes   | yes
schedule help            | yes    | yes       | yes       | yes   | yes
schedule status          | MANAGE | yes       | yes       | yes   | yes
schedule reload          | MANAGE | yes       | yes       | yes   | yes
schedule timezone        | MANAGE | yes       | yes       | yes   | yes
load_sprocket            | MANAGE | OWNER     | OWNER     | OWNER | yes
unload_sprocket          | MANAGE | OWNER     | OWNER     | OWNER | yes
reload_sprocket          | MANAGE | OWNER     | OWNER     | OWNER | yes
sprockets                | MANAGE | yes       | yes       | yes   | yes
remind me                | yes    | yes       | yes       | yes   | yes
remind list              | yes    | yes       | yes       | yes   | yes
remind timezone          | yes    | yes       | yes       | yes   | yes
remind forget            | yes    | yes       | yes       | yes   | yes
remind help              | yes    | yes       | yes       | yes   | yes
question                 | yes    | yes       | yes       | yes   | yes
"""

# What a job takes of the person who makes it, whose only other right is Manage Server.
JOBS = """
job                       | nothing          | with that right
send_announcement         | yes              | yes
send_announcement+all     | Mention          | mention_everyone
send_announcement+role    | Mention          | mention_everyone
send_embed_announcement   | yes              | yes
send_to_multiple_channels | yes              | yes
cleanup_messages          | Manage Messages  | manage_messages
lockdown_channel          | Manage Channels  | manage_channels manage_roles
unlock_channel            | Manage Channels  | manage_channels manage_roles
add_role_scheduled        | Manage Roles     | manage_roles
remove_role_scheduled     | Manage Roles     | manage_roles
send_dm                   | yes              | yes
give_role_for             | Manage Roles     | manage_roles
set_slowmode              | Manage Channels  | manage_channels
set_channel_text          | Manage Channels  | manage_channels
send_as                   | Manage Webhooks  | manage_webhooks
create_event              | Create Events    | create_events
start_event               | Manage Events    | manage_events
end_event                 | Manage Events    | manage_events
delete_post               | Manage Messages  | manage_messages
edit_post                 | Manage Messages  | manage_messages
call_web                  | yes              | yes
"""

# What the newer jobs are asked besides where and whom.
FILLED: dict[str, dict[str, str]] = {
    "set_slowmode": {"seconds": "10"},
    "set_channel_text": {"text": "Hello"},
    "send_as": {"name": "Captain"},
    "create_event": {"title": "Games", "starts_in": "2 days", "place": "Attic"},
    "start_event": {"title": "Games"},
    "end_event": {"title": "Games"},
    "edit_post": {"text": "Hello"},
    "call_web": {"url": "https://example.org"},
}

# What befalls a job that was saved in good order, and what its next run comes to.
RUNS = """
change                             | the run | the job | the alert says
nothing                            | done    | active  |
the creator left                   | failed  | paused  | is no longer in this server
the creator may not schedule       | failed  | paused  | can no longer schedule here
the creator lost the channel       | failed  | paused  | they don't have *View Channel*
the creator may not post           | failed  | paused  | they don't have *Send Messages*
the creator may not ping all       | failed  | paused  | they don't have *Mention
the creator is timed out           | failed  | paused  | is timed out in this server
the bot may not post               | failed  | active  | Give my role *Send Messages*
the bot cannot see the channel     | failed  | active  | Give my role *View Channel*
the channel is deleted             | failed  | paused  | no longer exists
"""


def rows(table: str) -> list[dict[str, str]]:
    """A table's lines as dicts by the names of its columns."""
    lines = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


@pytest.mark.parametrize("row", rows(COMMANDS), ids=lambda row: row["command"])
async def test_commands_by_role(world: World, row: dict[str, str]) -> None:
    command = row["command"]
    for who, actor in (await people(world)).items():
        let_everybody_use(world, command.split()[0])
        result = await actor.slash(world.channel, command, **_options(command))
        answer = said(result)
        wanted = {"MANAGE": MANAGE, "OWNER": OWNER, "SETTINGS": SETTINGS}.get(row[who])
        if wanted is None:
            refused = "*Manage Server* permission" in answer or OWNER in answer
            assert not refused, f"{who} may not use {command}: {answer}"
            assert result.acknowledged
        else:
            assert result.modal is None and wanted in answer, f"{who} may use {command}: {answer}"


async def test_the_table_has_every_command(world: World) -> None:
    tree, here = world.bot.tree, discord.Object(world.guild.id)
    walked = {command.qualified_name for command in (*tree.walk_commands(), *tree.walk_commands(guild=here))}
    walked -= {"schedule", "remind"}
    assert walked == {row["command"] for row in rows(COMMANDS)}


def _options(command: str) -> dict[str, Any]:
    if command.removeprefix("schedule ") in ("show", "edit", "cancel", "pause", "resume", "run"):
        return {"job": "x"}
    if command == "schedule import":
        return {"file": ("jobs.yaml", b"jobs: []")}
    if command == "remind me":
        return {"what": "Tea", "when": "in 2 hours"}
    if command.endswith("_sprocket"):
        return {"name": "nothing"}
    return {}


@pytest.mark.parametrize("row", rows(JOBS), ids=lambda row: row["job"])
async def test_jobs_by_right(world: World, row: dict[str, str]) -> None:
    method, _, extra = row["job"].partition("+")
    values: dict[str, Any] = {}
    filled = dict(FILLED.get(method, {}))
    if method == "delete_post":
        filled["message_url"] = (await world.plain.send(world.channel, "old")).jump_url
    elif method == "edit_post":
        posted = await world.run("send_announcement", {"channel_id": world.channel.id, "message": "old"})
        filled["message_url"] = posted["url"]
    if method.endswith(("_event", "_post", "_web")):
        values = {}
    elif "role_" in method:
        values |= {"user_ids": [world.plain], "role_id": [world.guild.create_role("Guests")]}
    elif method == "send_dm":
        values |= {"user_id": [world.plain]}
    elif method == "send_to_multiple_channels":
        values |= {"channel_ids": [world.channel]}
    else:
        values |= {"channel_id": [world.channel]}
    if "embed" in method:
        values |= {"title": "Hello", "description": "there"}
    elif method.startswith("send"):
        values |= {"message": "Hello"}
    if method == "give_role_for":
        filled["lasts"] = "2h"
    values |= filled
    values |= {"all": {"everyone": True}, "role": {"role_id": [world.guild.create_role("Ping")]}}.get(
        extra, {}
    )

    preview = await world.draft(world.moderator, method, values, "in 2 hours")
    text = text_of(preview.response)
    if row["nothing"] == "yes":
        assert "Fix these first" not in text, text
        return
    assert row["nothing"] in text and "Fix these first" in text, text
    rights = {name: True for name in row["with that right"].split()}
    role = world.guild.create_role("More", permissions=discord.Permissions(manage_guild=True, **rights))
    able = world.guild.add_member(world.env.create_user("able"), roles=[role])
    _raise_role(world, role)
    preview = await world.draft(able, method, values, "in 2 hours")
    assert "Fix these first" not in text_of(preview.response), text_of(preview.response)


def _raise_role(world: World, role: simcord.builders.RoleHandle) -> None:
    """Puts a role above the ones it is to give, and below the bot's."""
    backend = world.env.backend
    top = max(item.position for item in backend.get_guild(world.guild.id).roles.values())
    places = [{"id": str(role.id), "position": top}, {"id": str(bot_role(world)), "position": top + 1}]
    backend.reorder_roles(world.guild.id, places)


@pytest.mark.parametrize("row", rows(RUNS), ids=lambda row: row["change"])
async def test_runs_by_what_became_of_the_creator(world: World, row: dict[str, str]) -> None:
    alerts = await alerts_to(world)
    creators = world.guild.create_role(
        "Creators", permissions=discord.Permissions(manage_guild=True, mention_everyone=True)
    )
    creator = world.guild.add_member(world.env.create_user("cleo"), roles=[creators])
    room = world.guild.create_text_channel("room")
    values = {"channel_id": [room], "message": "Hello", "everyone": True}
    job_id = await world.create(creator, "send_announcement", values, "every monday at 9")

    await _changes(world, creator, creators, room)[row["change"]]()
    await world.env.settle()
    asked = (await world.admin.slash(world.channel, "schedule run", job=job_id)).response
    if asked is not None and "Run it now" in labels(asked):
        await world.admin.click(asked, label="Run it now")  # it pings everyone
    client, guild_id = world.bot.services.client, str(world.guild.id)

    async def ended() -> str | None:
        runs = (await client.runs(guild_id, job_id=job_id)).runs
        return runs[0].state.value if runs and runs[0].state != "queued" else None

    state = await until(ended)
    assert state == {"done": "succeeded", "failed": "failed"}[row["the run"]]
    assert (await client.job(job_id, guild_id)).state == row["the job"]
    if row["the alert says"]:
        part = row["the alert says"]
        card = await until(lambda: next((m for m in alerts.history() if part in text_of(m)), None))
        assert ("Resume" if row["the job"] == "paused" else "Pause") in labels(card)
        if row["change"] != "the channel is deleted":
            assert room.history() == []
    else:
        assert (await world.message_in(room, "@everyone Hello")).mention_everyone


def _changes(
    world: World,
    creator: simcord.MemberActor,
    creators: simcord.builders.RoleHandle,
    room: simcord.ChannelHandle,
) -> dict[str, Callable[[], Awaitable[None]]]:
    guild: Any = world.bot.get_guild(world.guild.id)
    channel = guild.get_channel(room.id)

    async def nothing() -> None:
        return

    async def left() -> None:
        world.guild.remove_member(creator)

    def may_only(**permissions: bool) -> Callable[[], Awaitable[None]]:
        async def change() -> None:
            value = discord.Permissions(**permissions).value
            world.env.backend.edit_role(guild.id, creators.id, {"permissions": value})

        return change

    def not_here(**denied: bool) -> Callable[[], Awaitable[None]]:
        async def change() -> None:
            await channel.set_permissions(guild.get_role(creators.id), **denied)

        return change

    async def timed_out() -> None:
        give_the_bot(world, discord.Permissions(administrator=True))
        await (await guild.fetch_member(creator.id)).timeout(timedelta(hours=1))

    async def bot_may_not_post() -> None:
        await channel.set_permissions(guild.get_role(creators.id), send_messages=True)
        await channel.set_permissions(guild.default_role, send_messages=False)
        give_the_bot(world, discord.Permissions(view_channel=True, send_messages=True, mention_everyone=True))

    async def bot_cannot_see() -> None:
        # As Discord shows such a channel to bots, whoever may see it in truth.
        await channel.set_permissions(guild.default_role, view_channel=False)

    async def deleted() -> None:
        await channel.delete()

    return {
        "nothing": nothing,
        "the creator left": left,
        "the creator may not schedule": may_only(mention_everyone=True),
        "the creator lost the channel": not_here(view_channel=False),
        "the creator may not post": not_here(send_messages=False),
        "the creator may not ping all": may_only(manage_guild=True),
        "the creator is timed out": timed_out,
        "the bot may not post": bot_may_not_post,
        "the bot cannot see the channel": bot_cannot_see,
        "the channel is deleted": deleted,
    }


async def test_a_job_of_no_guild_acts_with_the_bots_rights(world: World) -> None:
    function = world.handler.sprockets["send_announcement"]
    await RunGuard(world.bot)(RunContext(), spec_of("send_announcement", function), {})
