"""Discord's limits of a post: what is at the edge is taken, and one more is refused before it is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord
import pytest

from cogs.rights.own_checks import OwnChecks
from schedulezero.compose import limits
from schedulezero.compose.limits import TABLE, Limit
from schedulezero.methods.spec import MethodSpec, spec_of
from schedulezero.methods.values import read_params
from sprockets.composer_sprocket import send_post
from tests.support.keeping import kept
from tests.support.world import World

SPEC: MethodSpec = spec_of("send_post", send_post)
MB = 1024 * 1024
LAYOUT: dict[str, Any] = {"layout": [{"type": 10, "content": "x"}]}


def embed(**parts: Any) -> dict[str, Any]:
    return {"embeds": [{"title": "T", **parts}]}


def texts(count: int) -> dict[str, Any]:
    """Embeds of so many characters in all, none of whose texts is too long."""
    whole = [{"description": "x" * 4000}] if count > 4000 else []
    return {"embeds": [*whole, {"description": "x" * (count - 4000 * len(whole))}]}


def address(count: int) -> str:
    return "https://example.com/".ljust(count, "x")


def text_part(count: int) -> dict[str, Any]:
    return {"type": 10, "content": "x" * count}


def components(count: int) -> dict[str, Any]:
    """A layout of so many components, of which a container holds all but itself."""
    return {"layout": [{"type": 17, "components": [text_part(1) for _ in range(count - 1)]}]}


def roles(world: World, count: int) -> dict[str, Any]:
    return {"role_ids": [world.guild.create_role(f"R{number}").id for number in range(count)], **LAYOUT}


def section(count: int) -> dict[str, Any]:
    button = {"type": 2, "style": 5, "label": "B", "url": "https://example.com"}
    return {"layout": [{"type": 9, "components": [text_part(1)] * count, "accessory": button}]}


def row(count: int) -> dict[str, Any]:
    button = {"type": 2, "style": 5, "label": "B", "url": "https://example.com"}
    return {"layout": [{"type": 1, "components": [button] * count}]}


def gallery(count: int) -> dict[str, Any]:
    return {"layout": [{"type": 12, "items": [{"media": {"url": "https://example.com/a"}}] * count}]}


def poll(**parts: Any) -> dict[str, Any]:
    return {"poll": {"question": "Q", "answers": ["a"], **parts}}


def button(**parts: Any) -> dict[str, Any]:
    return {"text": "x", "buttons": [{"label": "B", "url": "https://example.com", **parts}]}


# Read as: the limit's name, and the params of a post that has so much of what it limits.
ROWS: dict[str, Callable[[int], dict[str, Any]]] = {
    "TEXT": lambda n: {"text": "x" * n},
    "EMBEDS": lambda n: {"embeds": [{"title": "T"}] * n},
    "EMBED_TOTAL": texts,
    "EMBED_TITLE": lambda n: embed(title="x" * n),
    "EMBED_DESCRIPTION": lambda n: embed(description="x" * n),
    "EMBED_AUTHOR": lambda n: embed(author={"name": "x" * n}),
    "EMBED_FOOTER": lambda n: embed(footer={"text": "x" * n}),
    "EMBED_FIELDS": lambda n: embed(fields=[{"name": "N", "value": "V"}] * n),
    "EMBED_FIELD_NAME": lambda n: embed(fields=[{"name": "x" * n, "value": "V"}]),
    "EMBED_FIELD_VALUE": lambda n: embed(fields=[{"name": "N", "value": "x" * n}]),
    "ADDRESS": lambda n: embed(url=address(n)),
    "BUTTONS": lambda n: {"text": "x", "buttons": [{"label": "B", "url": "https://example.com"}] * n},
    "BUTTON_LABEL": lambda n: button(label="x" * n),
    "BUTTON_ADDRESS": lambda n: button(url=address(n)),
    "POLL_QUESTION": lambda n: poll(question="x" * n),
    "POLL_ANSWERS": lambda n: poll(answers=["a"] * n),
    "POLL_ANSWER": lambda n: poll(answers=["x" * n]),
    "POLL_HOURS": lambda n: poll(hours=n),
    "WEBHOOK_NAME": lambda n: {"text": "x", "name": "x" * n},
    "LAYOUT_COMPONENTS": components,
    "LAYOUT_TEXT": lambda n: {"layout": [text_part(n)]},
    "SECTION_TEXTS": section,
    "ROW_BUTTONS": row,
    "GALLERY_PICTURES": gallery,
}
# Read as: the name of a limit that needs more than params, and where it is tested.
ELSEWHERE = {
    "FILES": "below", "FILE_ALT": "below", "FILE_BYTES": "below", "MENTIONED_ROLES": "below",
    "THREAD_TITLE": "below", "FORUM_TAGS": "below", "REACTIONS": "sprockets.kit.afterwards",
    "MENTIONED_PEOPLE": "cut, never refused", "TOPIC": "tests/sprockets/test_channel_texts.py",
    "CHANNEL_NAME": "tests/sprockets/test_channel_texts.py",
}  # fmt: skip


async def against(world: World, params: dict[str, Any]) -> str | None:
    """Return why a post can't be saved: what its form says, or its own check."""
    whole = {"channel_ids": [str(world.channel.id)], **params}
    errors = read_params(SPEC, whole).errors
    if errors:
        return str(next(iter(errors.values())).message)
    bot: Any = world.bot
    guild = bot.get_guild(world.guild.id)
    return await OwnChecks(bot, guild, str(world.admin.id), seconds=30).against(SPEC, whole)


async def expect_edge(world: World, limit: Limit, at_edge: dict[str, Any], over: dict[str, Any]) -> None:
    assert await against(world, at_edge) is None, limit
    refused = await against(world, over)
    assert refused is not None and f"{limit.most}" in refused, (limit, refused)


def test_every_limit_is_tested() -> None:
    assert set(TABLE) == ROWS.keys() | ELSEWHERE.keys()


async def test_the_edge_is_taken_and_one_more_refused(world: World) -> None:
    for name, params in ROWS.items():
        limit = TABLE[name]
        await expect_edge(world, limit, params(limit.most), params(limit.most + 1))
        if limit.least > 0 and name != "WEBHOOK_NAME":  # without a name, the post is the bot's own
            assert await against(world, params(limit.least)) is None, name
            assert await against(world, params(limit.least - 1)) is not None, name


async def test_files_at_the_edge(world: World) -> None:
    file = await kept(world)
    await expect_edge(world, limits.FILES, {"files": [file] * 10}, {"files": [file] * 11})
    alt = limits.FILE_ALT.most
    await expect_edge(
        world,
        limits.FILE_ALT,
        {"files": [{**file, "alt": "x" * alt}]},
        {"files": [{**file, "alt": "x" * (alt + 1)}]},
    )


async def test_a_file_as_large_as_the_server_takes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guild's own limit holds, which boosts raise; its limit here is a small one, to keep little."""
    monkeypatch.setattr(discord.Guild, "filesize_limit", property(lambda _: 2 * MB))
    edge, over = await kept(world, bytes(2 * MB), "a.bin"), await kept(world, bytes(2 * MB + 1), "b.bin")
    assert await against(world, {"files": [edge]}) is None
    refused = await against(world, {"files": [over]})
    assert refused == "The file “b.bin” is 2.01 MB; this server allows up to 2 MB."


async def test_roles_at_the_edge(world: World) -> None:
    most = limits.MENTIONED_ROLES.most
    found = roles(world, most + 1)
    await world.env.settle()
    await expect_edge(world, limits.MENTIONED_ROLES, {**found, "role_ids": found["role_ids"][1:]}, found)


async def test_a_forum_post_at_the_edge(world: World) -> None:
    forum = world.guild.create_forum_channel("ideas")
    tags = [
        {"id": str(world.env.backend.snowflake()), "name": f"t{n}", "moderated": False, "emoji_name": None}
        for n in range(6)
    ]
    world.env.backend.edit_channel(forum.id, {"available_tags": tags})
    await world.env.settle()
    most, where = limits.THREAD_TITLE.most, {"channel_ids": [forum.id], "text": "x"}
    await expect_edge(
        world, limits.THREAD_TITLE, {**where, "title": "x" * most}, {**where, "title": "x" * (most + 1)}
    )
    named = [f"t{number}" for number in range(6)]
    await expect_edge(
        world, limits.FORUM_TAGS, {**where, "title": "T", "tags": ",".join(named[:5])},
        {**where, "title": "T", "tags": ",".join(named)},
    )  # fmt: skip


LINK = {"type": 2, "style": 5, "label": "B", "url": "https://example.com"}
# Read as: what is wrong, the params, and a part of what is said.
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("nothing", {}, "There is nothing to post"),
    ("only blanks", {"text": "  "}, "There is nothing to post"),
    ("a variable that there isn't", {"text": "{nobody}"}, "There is no variable"),
    ("one in an embed", embed(footer={"text": "{nobody}"}), "There is no variable"),
    ("a title that grows", embed(title="{date} " * 30), "characters; Discord allows 256"),
    ("embeds that grow together", {"embeds": [{"description": "{server}{server}" * 125}] * 4},
     "Discord allows 6000"),
    ("an embed of a colour", {"embeds": [{"color": 5}]}, "One of the embeds is empty"),
    ("a field without a name", embed(fields=[{"name": " ", "value": "V"}]), 'needs a `name` and a `value`'),
    ("a picture of no file", embed(image={"url": "attachment://a.png"}),
     "The post shows a picture from the file “a.png”"),
    ("an unknown file", {"files": [{"file": "0" * 64, "name": "a.png"}]}, "“a.png” is no longer stored"),
    ("a forged digest", {"files": [{"file": "../etc", "name": "a.png"}]}, "'files' of send_post"),
    ("a button of nothing", button(label=" "), "needs text or an emoji"),
    ("a button with a word for an emoji", button(emoji="smile"), "“smile” isn't an emoji"),
    ("a button to a file", button(url="file:///etc/passwd"), "'buttons' of send_post"),
    ("a blank question", poll(question=" "), "The question is empty"),
    ("a blank answer", poll(answers=["a", " "]), "The answer is empty"),
    ("an answer that grows", poll(answers=["{date}" * 9]), "Discord allows 55"),
    ("a layout with a text", {**LAYOUT, "text": "x"}, "A layout takes the place"),
    ("a layout with a poll", {**LAYOUT, **poll()}, "A layout takes the place"),
    ("a layout with an embed", {**LAYOUT, **embed()}, "A layout takes the place"),
    ("a select in a layout", {"layout": [{"type": 1, "components": [{"type": 3, "custom_id": "x"}]}]},
     "Part 1.1 of the layout can't be a component of type 3"),
    ("a button that clicks", {"layout": [{"type": 1, "components": [{**LINK, "style": 1}]}]},
     "a button that isn't a link"),
    ("a container in a container", {"layout": [{"type": 17, "components": [{"type": 17, "components": []}]}]},
     "Part 1.1 of the layout"),
    ("a section without a picture", {"layout": [{"type": 9, "components": [{"type": 10, "content": "x"}]}]},
     "Part 1.accessory"),
    ("a layout's picture of no file", {"layout": [{"type": 12, "items": [{"media": {"url": "attachment://b"}}]}]},
     "The post shows a picture from the file “b”"),
    ("a layout of no objects", {"layout": ["x"]}, "'layout' of send_post"),
    ("a refused name", {"text": "x", "name": "Discord"}, "doesn't accept the name"),
    ("a nameless face", {"text": "x", "avatar_url": "https://example.com"}, "An avatar can only be shown"),
    ("no previews of embeds", {**embed(), "no_previews": True}, "doesn't show embeds either"),
    ("a role that there isn't", {"text": "x", "role_ids": [5]}, "The role 5 no longer exists"),
    ("a ping of nobody known", {"text": "x", "ping": "all"}, "must be one of"),
]  # fmt: skip


async def test_what_would_fail_is_refused_before_it_is_saved(world: World) -> None:
    for wrong, params, said in WRONG:
        refused = await against(world, params)
        assert refused is not None and said in refused, (wrong, refused)
        answer = await world.run("send_post", {"channel_ids": [str(world.channel.id)], **params})
        assert answer["success"] is False, f"{wrong}: the run refuses it, too"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"text": f"a\n---\n{'x' * 2001}"}, "has 2001 characters"),
        (embed(title=f"a\n---\n{'x' * 257}"), "has 257 characters"),
        ({"embeds": [{"title": f"a\n---\n{'x' * 200}", "description": f"{'x' * 4000}\n---\nb"}] * 2}, "8002"),
    ],
)
async def test_each_turn_of_a_text_is_looked_at(world: World, params: dict[str, Any], said: str) -> None:
    refused = await against(world, params)
    assert refused is not None and said in refused, refused


async def test_a_file_of_another_server_is_unknown(world: World) -> None:
    foreign = await kept(world, guild_id=5)
    refused = await against(world, {"files": [foreign]})
    assert refused is not None and "is no longer stored" in refused


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"text": "x"}, "needs a title"),
        ({"text": "x", "title": "{nobody}"}, "There is no variable"),
        ({"text": "x", "title": "T", "tags": "none"}, "has no tag “none”"),
        ({**poll(), "title": "T"}, "A forum can't have polls"),
    ],
)
async def test_what_a_forum_refuses(world: World, params: dict[str, Any], said: str) -> None:
    forum = world.guild.create_forum_channel("ideas")
    await world.env.settle()
    refused = await against(world, {**params, "channel_ids": [forum.id]})
    assert refused is not None and said in refused
