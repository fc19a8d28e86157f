"""What is done for a while and undone by a job that is scheduled first: slow mode, and roles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
import pytest
import simcord

from schedulezero import instants
from schedulezero.client.dialect import JobQuery
from schedulezero.model import GuildRules, Job, JobState
from tests.conftest import until
from tests.support.for_a_while import endings
from tests.support.world import World


@pytest.mark.long
async def test_slow_mode_for_some_hours_is_taken_back(world: World) -> None:
    values = {"channel_id": [world.channel], "seconds": "30", "lasts": "2h"}
    job_id = await world.create(world.admin, "set_slowmode", values, "in 2 hours")
    await world.admin.slash(world.channel, "schedule run", job=job_id)
    channel = world.bot.get_channel(world.channel.id)
    assert isinstance(channel, discord.TextChannel)
    await until(lambda: channel.slowmode_delay == 30)
    client = world.bot.services.client
    jobs = (await client.jobs(str(world.guild.id), JobQuery(method="set_slowmode"))).jobs
    (back,) = [job for job in jobs if job.id != job_id]
    assert back.params["seconds"] == 0
    await world.admin.slash(world.channel, "schedule run", job=back.id)
    await until(lambda: channel.slowmode_delay == 0)


@pytest.mark.long
async def test_a_slow_mode_within_another_ends_as_it_was_before_both(world: World) -> None:
    client, channel = world.bot.services.client, world.bot.get_channel(world.channel.id)
    assert isinstance(channel, discord.TextChannel)

    async def the_only_one_to_end_it() -> list[Job] | None:
        query = JobQuery(method="set_slowmode", state=JobState.ACTIVE, text="Restore the previous slow mode")
        found = list((await client.jobs(str(world.guild.id), query)).jobs)
        return found if len(found) == 1 else None

    for seconds, lasts in ((30, "4h"), (60, "1h")):
        values = {"channel_id": [world.channel], "seconds": str(seconds), "lasts": lasts}
        job_id = await world.create(world.admin, "set_slowmode", values, "in 2 hours")
        await world.admin.slash(world.channel, "schedule run", job=job_id)
        await until(lambda seconds=seconds: channel.slowmode_delay == seconds)
    (back,) = await until(the_only_one_to_end_it)
    assert back.params["seconds"] == 0 and back.next_run_at is not None
    assert back.next_run_at - instants.now() > timedelta(hours=3, minutes=50), "the latest end counts"


@pytest.mark.long
async def test_a_role_for_a_while_is_taken_again(world: World) -> None:
    role = world.guild.create_role("Guests")
    values = {"user_ids": [world.plain], "role_id": [role], "lasts": "2h"}
    job_id = await world.create(world.admin, "give_role_for", values, "in 2 hours")
    await world.admin.slash(world.channel, "schedule run", job=job_id)

    async def given() -> bool:
        member = await world.bot.get_guild(world.guild.id).fetch_member(world.plain.id)  # type: ignore[union-attr]
        return any(item.id == role.id for item in member.roles)

    await until(given)
    client = world.bot.services.client
    query = JobQuery(method="remove_role_scheduled", state=JobState.ACTIVE)
    (first,) = (await client.jobs(str(world.guild.id), query)).jobs
    await world.admin.slash(world.channel, "schedule run", job=job_id)  # given anew, for as long again

    async def renewed() -> bool:
        return [job.id for job in (await client.jobs(str(world.guild.id), query)).jobs] not in (
            [first.id],
            [],
        )

    await until(renewed)
    (taking,) = (await client.jobs(str(world.guild.id), query)).jobs
    assert taking.creator_id == str(world.admin.id) and taking.name == "Remove the role Guests from pia"
    await world.admin.slash(world.channel, "schedule run", job=taking.id)

    async def taken() -> bool:
        return not await given()

    await until(taken)


@pytest.mark.long
async def test_a_role_that_somebody_has_for_good_is_not_taken(world: World) -> None:
    role = world.guild.create_role("Guests")
    ever = world.guild.add_member(world.env.create_user("eve"), roles=[role])
    client = world.bot.services.client

    async def give(lasts: str, *people: simcord.MemberActor) -> str:
        ids = [str(person.id) for person in people]
        params = {"guild_id": str(world.guild.id), "user_ids": ids, "role_id": str(role.id), "lasts": lasts}
        saved = await world.schedule("give_role_for", params, "in 3 days")
        await client.run(saved)

        async def message() -> str | None:
            (run,) = (await client.runs(str(world.guild.id), job_id=saved.id)).runs
            return (run.result or {}).get("message")

        return await until(message)

    async def to_be_taken() -> dict[str, Job]:
        query = JobQuery(method="remove_role_scheduled", state=JobState.ACTIVE)
        found = (await client.jobs(str(world.guild.id), query)).jobs
        return {user_id: job for job in found for user_id in job.params["user_ids"]}

    message = await give("2h", ever, world.plain, world.moderator)
    assert message.startswith("Done for 2 of 2 people. Until ") and message.endswith(
        "1 already had it permanently and will keep it."
    )
    assert set(await to_be_taken()) == {str(world.plain.id), str(world.moderator.id)}
    assert "permanently" in await give("2h", ever)

    # Given anew to one of them, for longer: that one's time ends then, the other's as before.
    await give("9h", world.plain)
    taking = await to_be_taken()
    ends = [taking[str(person.id)].next_run_at for person in (world.plain, world.moderator)]
    assert ends[0] and ends[1] and ends[0] - ends[1] > timedelta(hours=6)
    assert len((await client.jobs(str(world.guild.id), JobQuery(method="remove_role_scheduled"))).jobs) == 2


async def test_an_ending_comes_on_time_in_quiet_hours(world: World) -> None:
    client, guild_id = world.bot.services.client, str(world.guild.id)
    now = instants.now()
    quiet = (
        (now + timedelta(hours=1)).time(),
        (now + timedelta(hours=4)).time().replace(second=0, microsecond=0),
    )
    await client.save_rules(GuildRules(guild_id, quiet_from=quiet[0], quiet_to=quiet[1]))
    params = {"channel_id": str(world.channel.id), "seconds": "30", "lasts": "2h"}
    job = await world.schedule("set_slowmode", params, "in 3 days")
    await client.run(job)

    async def ending() -> Job | None:
        found = (await client.jobs(guild_id, JobQuery(method="set_slowmode"))).jobs
        return next((item for item in found if item.id != job.id), None)

    ends = (await until(ending)).next_run_at
    assert ends is not None and ends - now < timedelta(hours=2, minutes=1)
    channel = world.bot.get_channel(world.channel.id)
    assert isinstance(channel, discord.TextChannel)
    await until(lambda: channel.slowmode_delay == 30)
    await world.advance(hours=2, minutes=1)
    await until(lambda: channel.slowmode_delay == 0)


async def test_an_ending_finds_room_where_a_job_would_not(world: World) -> None:
    client, guild_id = world.bot.services.client, str(world.guild.id)
    params = {"channel_id": str(world.channel.id), "seconds": "30", "lasts": "2h"}
    job = await world.schedule("set_slowmode", params, "in 3 days")
    await client.save_rules(GuildRules(guild_id, most_jobs=1, most_runs_an_hour=1))
    await client.run(job)
    channel = world.bot.get_channel(world.channel.id)
    assert isinstance(channel, discord.TextChannel)
    await until(lambda: channel.slowmode_delay == 30)
    await world.advance(hours=3)
    await until(lambda: channel.slowmode_delay == 0)


@pytest.mark.long
async def test_a_role_that_could_not_be_taken_again_is_not_given(world: World) -> None:
    role = world.guild.create_role("Guests")
    client, guild_id = world.bot.services.client, str(world.guild.id)
    params = {"guild_id": guild_id, "user_ids": [str(world.plain.id)], "role_id": str(role.id), "lasts": "2h"}
    job = await world.schedule("give_role_for", params, "in 3 days")
    cog: Any = world.bot.get_cog("ScheduleZeroCog")
    cog.unregister_sprocket("remove_role_scheduled")  # the server refuses a job that nobody can carry out
    await world.ready()
    await client.run(job)

    async def error() -> str | None:
        (run,) = (await client.runs(guild_id, job_id=job.id)).runs
        return run.error

    assert "so nothing was started. The handler 'discord-bot' doesn't offer" in await until(error)
    guild: Any = world.bot.get_guild(world.guild.id)
    assert role.id not in {item.id for item in (await guild.fetch_member(world.plain.id)).roles}


@pytest.mark.parametrize("method", ["set_slowmode", "give_role_for"])
async def test_a_change_that_begins_when_the_one_before_ends_holds(world: World, method: str) -> None:
    client, guild_id = world.bot.services.client, str(world.guild.id)
    role = world.guild.create_role("Guests")
    person = {"guild_id": guild_id, "user_ids": [str(world.plain.id)], "role_id": str(role.id)}
    params = {
        "set_slowmode": {"channel_id": str(world.channel.id), "seconds": "30", "lasts": "1 day"},
        "give_role_for": {**person, "lasts": "1 day"},
    }[method]
    undoing = {"set_slowmode": "set_slowmode", "give_role_for": "remove_role_scheduled"}[method]
    job = await world.schedule(method, params, "every day at 22")

    async def all_over(times: int) -> bool:
        runs = (await client.runs(guild_id)).runs
        over = [run for run in runs if run.finished_at is not None]
        assert all(run.error is None for run in over), over
        return sum(run.job_id == job.id for run in over) == times and len(over) == len(runs) == 2 * times - 1

    await world.advance(hours=24)
    await until(lambda: all_over(1))
    (ending,) = await endings(world, undoing)
    at = ending.next_run_at
    assert at is not None and (at.hour, at.minute, at.second, at.microsecond) == (22, 0, 0, 0)
    await world.advance(hours=24)
    await until(lambda: all_over(2))
    backend = world.env.backend
    if method == "set_slowmode":
        assert backend.channels[world.channel.id].rate_limit_per_user == 30
    else:
        assert role.id in backend.get_guild(world.guild.id).members[world.plain.id].role_ids
    (following,) = await endings(world, undoing)
    assert following.next_run_at == at + timedelta(days=1)
