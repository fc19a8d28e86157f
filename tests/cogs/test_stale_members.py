"""Without the members intent, the cache isn't believed: neither its members nor their number."""

from __future__ import annotations

from typing import Any

import pytest
import simcord

from schedulezero.client.dialect import JobQuery
from schedulezero.methods import members
from schedulezero.model import JobState
from tests.conftest import until
from tests.support.private_threads import ended
from tests.support.rules.applying import applied
from tests.support.rules.member_counts import MemberCounts
from tests.support.world import World, pick, said


async def cached(world: World) -> tuple[simcord.MemberActor, Any]:
    """Return somebody who is in the cache, as a voice channel puts people there, and the bot's guild."""
    person = world.guild.add_member(world.env.create_user("vic"))
    await world.env.settle()
    guild: Any = world.bot.get_guild(world.guild.id)
    guild._add_member(await guild.fetch_member(person.id))
    assert guild.get_member(person.id) is not None
    return person, guild


async def test_the_cache_is_stale(world: World) -> None:
    person, guild = await cached(world)
    role = world.guild.create_role("Guests")
    world.env.backend.add_member_role(world.guild.id, person.id, role.id)
    await world.env.settle()
    assert role.id not in {item.id for item in guild.get_member(person.id).roles}
    assert role.id in {item.id for item in (await members.member_of(guild, person.id)).roles}


async def test_a_role_for_good_is_kept_by_somebody_in_the_cache(world: World) -> None:
    person, _ = await cached(world)
    role = world.guild.create_role("Guests")
    world.invite()
    world.env.backend.add_member_role(world.guild.id, person.id, role.id)
    await world.env.settle()
    params = {
        "guild_id": str(world.guild.id),
        "user_ids": [str(person.id)],
        "role_id": str(role.id),
        "lasts": "2h",
    }
    answer = await world.run("give_role_for", params)
    assert "permanently, so they keep it" in answer["message"], answer
    query = JobQuery(method="remove_role_scheduled", state=JobState.ACTIVE)
    assert not (await world.bot.services.client.jobs(str(world.guild.id), query)).jobs


async def test_a_person_who_left_and_is_in_the_cache_gets_no_message(world: World) -> None:
    person, _ = await cached(world)
    job = await world.schedule("send_dm", {"user_id": str(person.id), "message": "Hi"}, "in 1 hour")
    world.env.backend.remove_member(world.guild.id, person.id)
    await world.env.settle()
    await world.advance(hours=1, minutes=1)
    assert "isn't in this server" in str((await ended(world, job)).error)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[float, int]]:
    empty: dict[int, tuple[float, int]] = {}
    monkeypatch.setattr(members, "_counts", empty)
    return empty


async def test_members_are_counted_for_texts_that_tell_them(
    world: World, counts: dict[int, tuple[float, int]]
) -> None:
    rule = MemberCounts()
    with applied(rule):
        before = len(world.env.backend.guilds[world.guild.id].members)
        world.guild.add_member(world.env.create_user("new"))
        await world.env.settle()
        for text in ("Hello", "We are {members}", "We are {Members}"):
            job = await world.schedule(
                "send_announcement", {"channel_id": str(world.channel.id), "message": text}, "in 1 hour"
            )
            before_it = len(world.posted())
            await world.bot.services.client.run(job)
            await until(lambda before_it=before_it: len(world.posted()) > before_it)
        texts = [message.content for message in world.posted()]
        assert texts[1:] == [f"We are {before + 1}"] * 2 and rule.asked == 1
        counts[world.guild.id] = float("-inf"), 0  # long ago
        assert members.noted_count(world.guild.id) is None


def test_a_layout_or_an_embed_may_tell_how_many_members_there_are() -> None:
    layout = [{"type": 17, "components": [{"type": 10, "content": "We are {members}"}]}]
    embeds = [{"title": "Hi", "fields": [{"name": "Members", "value": "{members}"}]}]
    assert members.tells_members([layout]) and members.tells_members(["Hi", embeds])
    assert not members.tells_members([[{"type": 10, "content": "We are {{members}}"}], 5, None])


async def test_help_and_a_text_of_a_job_tell_the_number_of_members(
    world: World, counts: dict[int, tuple[float, int]]
) -> None:
    with applied(MemberCounts()):
        world.guild.add_member(world.env.create_user("new"))
        await world.env.settle()
        there = len(world.env.backend.guilds[world.guild.id].members)
        assert f"*{there} {world.guild.name}*" in said(
            await world.admin.slash(world.channel, "schedule help")
        )
        values = {"channel_id": [world.channel], "message": "Hello\n---\nWe are {members}"}
        shown: Any = await world.draft(world.admin, "send_announcement", values, "every monday at 9")
        await world.admin.click(shown.response, label="More…")
        await world.admin.click(shown.response, label="Several texts: Message")
        counts.clear()  # as after a while
        card = await pick(world.admin, shown.response, "texts:pick", ["1"])
        assert f"We are {there}" in said(card)


async def test_a_number_that_cannot_be_asked_for_is_the_last_known(
    world: World, counts: dict[int, tuple[float, int]]
) -> None:
    world.env.inject_error("GET", f"/guilds/{world.guild.id}", status=500)
    params = {"channel_id": str(world.channel.id), "message": "We are {members}"}
    job = await world.schedule("send_announcement", params, "in 1 hour")
    await world.bot.services.client.run(job)
    posted = await world.message_in(world.channel, "We are")
    assert posted.content.removeprefix("We are ").isdecimal() and counts == {}
