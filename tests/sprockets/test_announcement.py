"""Each announcement job over the wire, as the server calls it: success, failure, mentions."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from tests.support.world import World


async def post(world: World, **params: Any) -> dict[str, Any]:
    return await world.run("send_announcement", {"channel_id": str(world.channel.id), **params})


def mentions_of(world: World) -> dict[str, Any]:
    """The allowed_mentions of the newest message that the bot asked Discord to post."""
    sent = [entry for entry in world.env.http_requests if entry.path.endswith("/messages")]
    return (sent[-1].json or {})["allowed_mentions"]


async def test_a_message_is_posted_and_its_link_returned(world: World) -> None:
    answer = await post(world, message="Hello **there**")
    assert answer["success"] is True
    message = await world.message_in(world.channel, "Hello")
    assert answer["message_id"] == str(message.id)
    assert answer["url"] == message.jump_url
    assert mentions_of(world)["parse"] == []


async def test_mentions_are_no_wider_than_asked(world: World) -> None:
    role = world.guild.create_role("Fans")
    sneaky = f"@everyone @here <@&{role.id}> <@{world.plain.id}>"
    await post(world, message=sneaky)
    assert mentions_of(world)["parse"] == [] and not mentions_of(world).get("roles")
    assert [str(item) for item in mentions_of(world)["users"]] == [str(world.plain.id)]
    await post(world, message="Hi", role_id=str(role.id))
    assert [str(item) for item in mentions_of(world)["roles"]] == [str(role.id)]
    assert mentions_of(world)["parse"] == []
    assert (await world.message_in(world.channel, "Hi")).content == f"<@&{role.id}> Hi"
    await post(world, message="All", everyone=True)
    assert mentions_of(world)["parse"] == ["everyone"]
    assert (await world.message_in(world.channel, "All")).content == "@everyone All"


@pytest.mark.parametrize(
    ("params", "part"),
    [
        ({"channel_id": 1, "message": "x"}, "The channel 1 no longer exists."),
        ({"message": "x" * 2001}, "2001 characters; Discord allows 2000"),
        ({"message": "x", "role_id": 5}, "The role 5 no longer exists."),
        ({}, "needs 'message'"),
        ({"message": 5}, "must be text"),
        ({"message": "x", "everyone": "yes"}, "true or false"),
    ],
    ids=str,
)
async def test_what_cannot_help_is_said_and_not_tried_again(
    world: World, params: dict[str, Any], part: str
) -> None:
    answer = await post(world, **params)
    assert answer["success"] is False and part in answer["error"]
    assert answer["retry"] is False


async def test_a_channel_where_it_may_not_post(world: World) -> None:
    closed = world.guild.create_text_channel(
        "closed", overwrites={world.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    )
    answer = await world.run("send_announcement", {"channel_id": closed.id, "message": "x"})
    assert answer["success"] is False and answer["retry"] is False
    assert "I couldn't post in #closed. I'm missing a permission" in answer["error"]


async def test_an_outage_of_discord_may_be_tried_again(world: World) -> None:
    world.env.inject_error("POST", "/channels/*/messages", status=503, times=1)
    answer = await post(world, message="x")
    assert answer["success"] is False and "retry" not in answer
    assert (await post(world, message="x"))["success"] is True


async def test_a_category_is_no_place_to_post(world: World) -> None:
    category = world.guild.create_category("Stuff")
    answer = await world.run("send_announcement", {"channel_id": category.id, "message": "x"})
    assert "Choose a text channel" in answer["error"]


async def test_an_embed_with_everything(world: World) -> None:
    answer = await world.run(
        "send_embed_announcement",
        {
            "channel_id": world.channel.id,
            "title": "Party",
            "description": "Tonight",
            "color": "#5865F2",
            "footer": "small print",
            "thumbnail_url": "https://example.com/a.png",
            "image_url": "https://example.com/b.png",
            "fields": [{"name": "When", "value": "8 pm", "inline": True}],
        },
    )
    assert answer["success"] is True, answer
    embed = (await world.message_in(world.channel, "Party")).embeds[0]
    assert (embed.title, embed.description, embed.footer.text) == ("Party", "Tonight", "small print")
    assert embed.colour == discord.Colour(0x5865F2)
    assert (embed.fields[0].name, embed.fields[0].inline) == ("When", True)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"color": "colourful"}, "“colourful” isn't a colour"),
        ({"color": 2**24}, "isn't a colour"),
        ({"fields": [{"name": "x"}]}, "needs a `name` and a `value`"),
        ({"fields": ["x"]}, "needs a `name` and a `value`"),
        ({"fields": "x"}, "must be a JSON list"),
        ({"description": "x" * 6001}, "6002 characters"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_an_embed_that_cannot_be(world: World, change: dict[str, Any], part: str) -> None:
    params = {"channel_id": world.channel.id, "title": "t", "description": "d", **change}
    answer = await world.run("send_embed_announcement", params)
    assert answer["success"] is False and part in answer["error"]


@pytest.mark.long
@pytest.mark.parametrize(
    "colour", [255, "255", "#ff0000", "ff0000", "0xff0000", "blue", "Dark Red", "rgb(1, 2, 3)"]
)
async def test_colours_as_people_write_them(world: World, colour: Any) -> None:
    params = {"channel_id": world.channel.id, "title": "t", "description": "d", "color": colour}
    answer = await world.run("send_embed_announcement", params)
    assert answer["success"] is (colour != "255"), answer


async def test_several_channels_with_partial_success(world: World) -> None:
    other = world.guild.create_text_channel("other")
    params = {"channel_ids": [str(world.channel.id), other.id, 99], "message": "News"}
    answer = await world.run("send_to_multiple_channels", params)
    assert answer["success"] is True and answer["partial"] is True
    assert answer["message"].startswith("Done for 2 of 3 channels. Failed: ")
    assert answer["failed"] == [{"channel_id": "99", "error": "The channel 99 no longer exists."}]
    assert (await world.message_in(other, "News")).content == "News"
    none = await world.run("send_to_multiple_channels", {"channel_ids": [98, 99], "message": "News"})
    assert none["success"] is False and none["error"].startswith("Failed for all 2 channels: The channel 98")


async def test_several_channels_with_an_embed(world: World) -> None:
    params = {"channel_ids": [world.channel.id], "message": "News", "embed": {"title": "Extra"}}
    assert (await world.run("send_to_multiple_channels", params))["success"] is True
    assert (await world.message_in(world.channel, "Extra")).embeds[0].title == "Extra"
    empty = await world.run("send_to_multiple_channels", {**params, "embed": {"x": 1}})
    assert "The embed can't be used" in empty["error"]


async def test_a_direct_message_and_closed_doors(world: World) -> None:
    answer = await world.run("send_dm", {"user_id": str(world.plain.id), "message": "psst"})
    assert answer["success"] is True and answer["user_id"] == str(world.plain.id)
    assert world.plain.user.dm_channel.last_message is not None
    assert world.plain.user.dm_channel.last_message.content == "psst"
    world.env.inject_error("POST", "/channels/*/messages", status=403, code=50007, message="Cannot send")
    closed = await world.run("send_dm", {"user_id": world.plain.id, "message": "psst"})
    assert closed["success"] is False and closed["retry"] is False
    assert "can't send direct messages to user" in closed["error"]
    nobody = await world.run("send_dm", {"user_id": 12345, "message": "psst"})
    assert "There is no user 12345" in nobody["error"]
