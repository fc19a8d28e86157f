"""Whatever makes a job wait for approval asks for it; one tap does one thing, however fast it is repeated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cogs.background.double_taps import DoubleTaps
from cogs.desk.jobs.pinged import asks_first, whom_it_pings
from cogs.desk.kit.components import DeskButton
from cogs.rights.rights import is_risky
from cogs.services import spec_for
from schedulezero.client.dialect import JobQuery
from schedulezero.model import JobState
from tests.conftest import until
from tests.support.acting import WEEKLY, a_job, at_once, click, now, runs
from tests.support.alerting import alerts_to
from tests.support.foreign_guild import forged
from tests.support.private_threads import imported_by
from tests.support.reminding import jobs_of
from tests.support.setting_up import limits, setup
from tests.support.text import text_of
from tests.support.world import World, labels, pick, press, said


async def waiting_room(world: World) -> Any:
    """The alert channel of a guild that asks for a second person."""
    alerts = await alerts_to(world)
    settings = await world.bot.memory.settings(world.guild.id)
    await world.bot.memory.save_settings(world.guild.id, replace(settings, approval=True))
    return alerts


def loud(world: World, name: str) -> dict[str, Any]:
    params = {"channel_id": str(world.channel.id), "message": "x", "everyone": True}
    return {"name": name, "do": "send_announcement", "when": "every monday at 9", "with": params}


@pytest.mark.long
async def test_an_import_that_waits_is_told_of_once(world: World) -> None:
    alerts, job = await waiting_room(world), await a_job(world)
    await world.bot.services.client.cancel(job)
    shown = await imported_by(world.admin, world, [loud(world, "Single")])
    await press(world.admin, shown.response, "import:do")
    assert "1 job is waiting for approval." in text_of(shown.response)
    (card,) = alerts.history()
    assert (
        "is asking for approval" in text_of(card) and "Single" in text_of(card) and "Approve" in labels(card)
    )
    quiet = {**loud(world, "Quiet"), "with": {"channel_id": str(world.channel.id), "message": "x"}}
    shown = await imported_by(world.admin, world, [*(loud(world, f"Loud {n}") for n in range(30)), quiet])
    await press(world.admin, shown.response, "import:do")
    assert "30 jobs are waiting for approval." in text_of(shown.response)
    _, many = alerts.history()
    assert "is asking for approval of 30 jobs" in text_of(many) and "and 5 more" in text_of(many)
    (first,) = (await world.bot.services.client.jobs(str(world.guild.id), JobQuery(text="Loud 13"))).jobs
    looked = await pick(world.moderator, many, "alert:look", [first.id])
    assert "Read and approve…" in labels(looked.response)
    await click(world, world.owner, "job", "approve", f"{first.id}:v{first.version}")

    def told() -> bool:
        text = text_of(next(item for item in alerts.history() if item.id == many.id))
        return "▶ active · Loud 13" in text and "✋ waiting for approval · Loud 12" in text

    await until(told)
    assert "and 5 more" in text_of(next(item for item in alerts.history() if item.id == many.id))


@pytest.mark.long
async def test_a_job_that_comes_back_to_wait_is_told_of(world: World) -> None:
    alerts, job = await waiting_room(world), await a_job(world, state=JobState.PENDING, name="Council")
    assert job.state is JobState.PENDING
    asked = await click(world, world.admin, "job", "cancel", job.id)
    await press(world.admin, asked.response, "job:end")
    assert alerts.history() == []
    await press(world.admin, asked.response, "job:back")
    assert (await now(world, job)).state is JobState.PENDING and "Waiting for approval" in text_of(
        asked.response
    )
    assert len(alerts.history()) == 1
    listed = await world.admin.slash(world.channel, "schedule list")
    await pick(world.admin, listed.response, "bulk:select", [job.id])
    await press(world.admin, listed.response, "bulk:cancel")
    await world.admin.click(listed.response, label="Yes, do it")  # type: ignore[arg-type]
    await world.admin.click(listed.response, label="Undo")  # type: ignore[arg-type]
    assert (await now(world, job)).state is JobState.PENDING and len(alerts.history()) == 2


async def test_a_double_tap_snoozes_and_runs_once(world: World) -> None:
    await world.plain.user.slash("remind me", what="Drink", when="in 2 hours")
    (job,) = await jobs_of(world, world.plain.id)
    await world.bot.services.client.run(job, str(world.plain.id))
    dm = world.plain.user.dm_channel
    message = await until(lambda: next((m for m in dm.history() if m.content == "⏰ Drink"), None))
    before = len(await jobs_of(world, world.plain.id))
    await at_once(world.plain.user, message, 4, custom_id="sz-remind:snooze:10")
    assert len(await jobs_of(world, world.plain.id)) == before + 1
    assert any(item.content.startswith("💤 Drink") for item in dm.history())


async def test_run_now_runs_once_for_a_double_tap_and_again_for_a_second_click(world: World) -> None:
    job = await a_job(world, params={"channel_id": str(world.channel.id), "message": "Council"})
    shown = await world.admin.slash(world.channel, "schedule show", job=job.id)
    await at_once(world.admin, shown.response, 2, label="Run now")
    assert await runs(world, job) == 1
    await world.admin.click(shown.response, label="Run now")  # type: ignore[arg-type]
    assert await runs(world, job) == 2
    message = await forged(world, world.channel, DeskButton("job", "run", job.id, "Forged"))
    answers = await at_once(world.admin, message, 3, label="Forged")
    assert await runs(world, job) == 3
    assert sum("This has already been done." in said(answer) for answer in answers) == 2


async def test_a_double_tap_on_skip_next_skips_one_run(world: World) -> None:
    job = await a_job(world)
    assert job.next_run_at is not None
    stamp = f"{job.next_run_at.timestamp():.0f}"
    shown = await world.admin.slash(world.channel, "schedule show", job=job.id)
    await at_once(world.admin, shown.response, 2, label="Skip next")
    skipped = await now(world, job)
    assert skipped.held_until == job.next_run_at and skipped.version == 2
    assert f"Skipped: <t:{stamp}:F>" in text_of(shown.response)
    late = said(await click(world, world.admin, "job", "skip", f"{job.id}:{stamp}"))
    assert f"The run on <t:{stamp}:F> is already skipped." in late
    await world.admin.click(shown.response, label="Undo")  # type: ignore[arg-type]
    undone = await now(world, job)
    assert undone.next_run_at == job.next_run_at
    other = replace(undone, trigger=replace(WEEKLY, args={**WEEKLY.args, "day_of_week": "tue"}))
    await world.bot.services.client.change(other, undone.version, str(world.admin.id))
    late = said(await click(world, world.admin, "job", "skip", f"{job.id}:{stamp}"))
    assert f"<t:{stamp}:F> is no longer the next run" in late
    assert (await now(world, job)).held_until is None
    await click(world, world.admin, "job", "skip", job.id)  # a card of an earlier version of the bot
    assert (await now(world, job)).held_until is not None


def test_a_tap_counts_again_after_a_while_or_when_it_came_to_nothing() -> None:
    taps = DoubleTaps()
    assert [taps.is_first("a", at) for at in (0, 5, 9, 11)] == [True, False, False, True]
    taps.forget("a")
    assert taps.is_first("a", 12) and taps.is_first("b", 12)


async def test_a_double_tap_changes_many_jobs_once_and_undoes_that_once(world: World) -> None:
    job = await a_job(world)
    panel: Any = (await world.admin.slash(world.channel, "schedule list")).response
    await pick(world.admin, panel, "bulk:select", [job.id])
    await press(world.admin, panel, "bulk:cancel")
    answers = await at_once(world.admin, panel, 3, label="Yes, do it")
    assert sorted("already been done" in said(answer) for answer in answers) == [False, True, True]
    assert "Cancelled 1 job." in text_of(panel) and "Undo" in labels(panel)
    await at_once(world.admin, panel, 3, label="Undo")
    assert "Restored 1 job." in text_of(panel) and (await now(world, job)).state is JobState.ACTIVE


@pytest.mark.long
async def test_a_double_tap_undoes_an_import_once(world: World) -> None:
    panel: Any = (
        await imported_by(world.admin, world, [loud(world, f"Loud {n}") for n in range(3)])
    ).response
    await press(world.admin, panel, "import:do")
    await at_once(world.admin, panel, 2, label="Undo")
    assert "3 imported jobs were cancelled" in text_of(panel)


@pytest.mark.long
async def test_a_double_tap_saves_limits_once(world: World) -> None:
    await a_job(world)
    panel = await setup(world)
    await limits(world, panel, quiet="8-10")
    answers = await at_once(world.admin, panel, 2, label="Save")
    assert sorted("already been saved" in said(answer) for answer in answers) == [False, True]


async def test_a_reminder_of_nothing_is_refused_in_words(world: World) -> None:
    answer = said(await world.plain.user.slash("remind me", what="\n\n", when="in 1 hour"))
    assert answer == "Enter what I should remind you of, such as `Water the plants`."


async def test_a_text_that_names_many_people_pings_many(world: World) -> None:
    guild, spec = world.bot.get_guild(world.guild.id), spec_for(world.bot, "send_announcement")
    assert guild is not None and spec is not None

    def risky(count: int, times: int = 1) -> bool:
        text = " ".join(f"<@{10**17 + number}>" for number in range(count)) * times
        return is_risky(spec, {"channel_id": str(world.channel.id), "message": text}, guild)

    assert not risky(10) and not risky(10, times=3) and risky(11)


@pytest.mark.parametrize("count", [10, 11])
async def test_a_layout_pings_as_a_text_does(world: World, count: int) -> None:
    guild, spec = world.bot.get_guild(world.guild.id), spec_for(world.bot, "send_post")
    assert guild is not None and spec is not None
    role = world.guild.create_role("Quiet")
    await world.env.settle()
    place = {"channel_ids": [str(world.channel.id)]}
    people = [f"<@{10**17 + number}>" for number in range(count)]
    texts = [{"type": 10, "content": each} for each in people]  # one person each
    layout = {**place, "layout": [{"type": 17, "components": texts}]}
    assert is_risky(spec, layout, guild) is (count > 10)
    assert is_risky(spec, {**place, "text": people[0], "layout": texts[1:]}, guild) is (count > 10)
    assert asks_first(spec, layout, guild) is (count > 10)
    assert whom_it_pings(spec, layout, guild) == (", ".join(people) if count <= 10 else f"{count} people")
    named = {**place, "layout": [{"type": 10, "content": f"Hi\n---\n<@&{role.id}>"}]}
    assert is_risky(spec, named, guild) and asks_first(spec, named, guild)
    assert [whom_it_pings(spec, named, guild, number) for number in (1, 2)] == ["", role.mention]


@pytest.mark.long
async def test_an_imported_layout_that_pings_many_waits(world: World) -> None:
    await a_job(world)
    await waiting_room(world)
    people = " ".join(f"<@{10**17 + number}>" for number in range(11))
    given = {"channel_ids": [str(world.channel.id)], "layout": [{"type": 10, "content": people}]}
    entry = {"name": "Laid out", "do": "send_post", "when": "every monday at 9", "with": given}
    shown = await imported_by(world.admin, world, [entry])
    await press(world.admin, shown.response, "import:do")
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id), JobQuery(text="Laid out"))).jobs
    assert job.state is JobState.PENDING
