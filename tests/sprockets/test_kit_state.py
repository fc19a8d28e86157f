"""What sprockets remember: of a guild, a person and a job; its bounds; and when it is deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cogs.forgetting import forget_person, forget_place
from cogs.sprocket_state import forget_states_of_ended_jobs, states_of_person
from schedulezero import instants
from schedulezero.errors import JobFailed
from schedulezero.handler.run_context import RunContext, running
from sprockets.kit import Saved, get, put, saved, state
from tests.support.world import World


async def test_code_outside_of_a_run_names_the_guild(world: World) -> None:
    bot, guild, pia, mo = world.bot, world.guild.id, world.plain.id, world.moderator.id
    await put(bot, "birthdays", "date", [2, 29], person=pia, guild=guild)
    await put(bot, "birthdays", "date", [7, 4], person=mo, guild=guild)
    await put(bot, "birthdays", "note", "x", guild=guild)
    await put(bot, "other", "date", 1, guild=guild)
    await put(bot, "birthdays", "date", [1, 1], person=pia, guild=5)
    assert await get(bot, "birthdays", "date", person=pia, guild=guild) == [2, 29]
    both = [Saved("date", [2, 29], pia), Saved("date", [7, 4], mo)]
    both.sort(key=lambda item: str(item.person))
    assert await saved(bot, "birthdays", "date", guild=guild) == both
    assert await saved(bot, "birthdays", guild=guild) == [*both, Saved("note", "x")]
    assert await saved(bot, "birthdays", guild=guild, most=1) == both[:1]
    assert await saved(bot, "birthdays", guild=6) == []
    with running(RunContext(guild_id=str(guild), job_id="j")):
        assert await saved(bot, "birthdays", "date") == both
        assert await get(bot, "birthdays", "note", guild=guild) == "x"
        await put(bot, "birthdays", "note", "of the job", job=True)
        assert await saved(bot, "birthdays", "note") == [
            Saved("note", "x"),
            Saved("note", "of the job", job_id="j"),
        ]
        for wrong in (
            lambda: get(bot, "birthdays", "note", guild=5),
            lambda: put(bot, "birthdays", "note", 1, guild=5),
            lambda: saved(bot, "birthdays", guild=5),
        ):
            with pytest.raises(JobFailed) as refused:
                await wrong()
            assert refused.value.code == "state_of_another_guild"
    for wrong in (
        lambda: get(bot, "birthdays", "note"),
        lambda: saved(bot, "birthdays"),
        lambda: get(bot, "birthdays", "note", job=True, guild=guild),
    ):
        with pytest.raises(JobFailed) as refused:
            await wrong()
        assert refused.value.code == "job_without_guild"
    await forget_person(world.bot.services, pia)
    assert await saved(bot, "birthdays", "date", guild=guild) == [Saved("date", [7, 4], mo)]


async def test_values_of_a_guild_a_person_and_a_job(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bot, guild, pia = world.bot, str(world.guild.id), world.plain.id
    params = {"channel_id": str(world.channel.id), "message": "x"}
    job = await world.schedule("send_announcement", params, "in 2 hours")
    run = RunContext(guild_id=guild, job_id=job.id)
    with running(run):
        assert await get(bot, "standup", "streak", default=0) == 0
        await put(bot, "standup", "streak", 1)
        await put(bot, "standup", "streak", {"days": 2}, person=pia)
        await put(bot, "standup", "streak", [3], job=True)
        assert await get(bot, "standup", "streak") == 1
        assert await get(bot, "standup", "streak", person=pia) == {"days": 2}
        assert await get(bot, "standup", "streak", job=True) == [3]
        assert await get(bot, "other", "streak") is None
    with running(RunContext(guild_id="5", job_id=job.id)):
        assert await get(bot, "standup", "streak", job=True) is None
    for place, wrong, code in (
        (run, lambda: put(bot, "standup", "k", "x" * 5000), "state_unstorable"),
        (run, lambda: put(bot, "standup", "k", ["xy"] * 1000), "state_too_large"),
        (run, lambda: put(bot, "standup", "k", object()), "state_unstorable"),
        (run, lambda: put(bot, "standup", "k" * 101, 1), "state_key_length"),
        (run, lambda: put(bot, "standup", "\ud800", 1), "state_unstorable"),
        (run, lambda: get(bot, "standup", "\ud800"), "state_unstorable"),
        (run, lambda: put(bot, "standup", 7, 1), "state_unstorable"),  # type: ignore[arg-type]
        (run, lambda: put(bot, "\ud800", "k", 1), "state_unstorable"),
        (run, lambda: put(bot, "s" * 101, "k", 1), "state_unstorable"),
        (RunContext(), lambda: put(bot, "standup", "k", 1), "job_without_guild"),
    ):
        with running(place), pytest.raises(JobFailed) as refused:
            await wrong()
        assert refused.value.code == code
        assert refused.value.message.encode()
    monkeypatch.setattr(state, "MOST", 3)
    with running(run):
        with pytest.raises(JobFailed, match="have saved 3 values"):
            await put(bot, "other", "one", 1)
        await put(bot, "standup", "streak", 5)  # replaces one
        await put(bot, "standup", "streak", None)
        await put(bot, "other", "one", 1)

    memory, services = world.bot.memory, world.bot.services
    assert await states_of_person(memory, pia) == [
        {"guild_id": guild, "sprocket": "standup", "key": "streak", "value": {"days": 2}}
    ]
    await forget_person(services, pia)
    assert await states_of_person(memory, pia) == []

    now = instants.now()
    assert await forget_states_of_ended_jobs(services.client, memory, now + timedelta(days=40)) == 0
    await services.client.cancel(job)
    assert await forget_states_of_ended_jobs(services.client, memory, now) == 0  # undo may bring it back
    assert await forget_states_of_ended_jobs(services.client, memory, now + timedelta(days=31)) == 1
    with running(run):
        assert await get(bot, "standup", "streak", job=True) is None
        assert await get(bot, "other", "one") == 1
        await forget_place(services, guild)
        await put(bot, "other", "two", 2)  # by a run that began before
        assert await get(bot, "other", "one") is None and await get(bot, "other", "two") is None
