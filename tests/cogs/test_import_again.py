"""Importing one's own export: what exists is recognised, and people choose to update, skip or copy."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from schedulezero import instants
from schedulezero.exchange.calendar_export import calendar_of
from schedulezero.exchange.yaml_file import write_jobs
from schedulezero.instants import to_iso
from schedulezero.model import Job, JobState, Trigger
from schedulezero.model.authorship import FOLLOWS
from tests.support.scheduling import hello
from tests.support.text import text_of
from tests.support.world import World, labels, pick, press, said


async def jobs(world: World) -> list[Job]:
    found = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    return sorted(
        (job for job in found if job.state in (JobState.ACTIVE, JobState.PAUSED)),
        key=lambda job: job.name or "",
    )


async def imported(world: World, data: str | bytes, name: str = "jobs.yaml") -> Any:
    data = data.encode() if isinstance(data, str) else data
    result = await world.admin.slash(world.channel, "schedule import", file=(name, data))
    return result.response


async def two_jobs(world: World) -> list[Job]:
    """One that runs, and one that is paused."""
    for name in ("one", "two"):
        await world.create(
            world.admin, "send_announcement", {**hello(world), "message": name}, "every 90 minutes"
        )
    client = world.bot.services.client
    found = await jobs(world)
    await client.pause(found[1].id, by=str(world.admin.id))
    return await jobs(world)


async def test_an_export_that_is_imported_at_once_changes_nothing(world: World) -> None:
    before = await two_jobs(world)
    shown = await imported(world, write_jobs(before))
    text = text_of(shown)
    assert "0 jobs can be imported" in text and "2 jobs already exist here" in text
    assert "0 are different in the file" in text and "can't be imported" not in text
    assert not [label for label in labels(shown) if "Update" in label]
    calendar = calendar_of(before, name="x", now=instants.now()).data
    shown = await imported(world, calendar, "schedule.ics")
    assert "already exist here" in text_of(shown) and "0 jobs can be imported" in text_of(shown)
    await press(world.admin, shown, "import:drop")
    assert await jobs(world) == before


async def test_a_post_without_a_channel_goes_where_one_is_and_nothing_else_does(world: World) -> None:
    text = """
- {do: send_announcement, when: every day at 9, with: {message: Hi}}
- {do: send_post, when: every day at 9, with: {text: Hi}, parts: [
   {before: 1 hour, do: send_post, with: {text: So}}]}
- {do: lockdown_channel, when: every day at 9}
"""
    shown = await imported(world, text)
    assert "2 jobs can be imported" in text_of(shown) and "1 entry can't be imported" in text_of(shown)
    await press(world.admin, shown, "import:do")
    own = str(world.channel.id)
    found = {job.method: job for job in await jobs(world)}
    assert found["send_announcement"].params["channel_id"] == own
    assert found["send_post"].params["channel_ids"] == [own]
    assert found["send_post"].parts[0].params["channel_ids"] == [own]


async def test_the_sample_of_the_guide_can_be_imported_as_it_is(world: World) -> None:
    guide = Path("docs/how-to/import-jobs.md").read_text("utf-8")
    shown = await imported(world, guide.partition("```yaml\n")[2].partition("```")[0])
    assert "1 job can be imported" in text_of(shown) and "can't be imported" not in text_of(shown)


async def test_what_is_different_in_the_file_can_be_updated_and_undone(world: World) -> None:
    before = await two_jobs(world)
    text = write_jobs(before).replace("message: one", "message: uno")
    values = f"{{channel_id: '{world.channel.id}', message: new}}"
    text += f"- do: send_announcement\n  when: every day at 9\n  with: {values}\n"
    shown = await imported(world, text)
    assert "1 is different in the file" in text_of(shown)
    await press(world.admin, shown, "import:update")
    assert "1 job was imported" in text_of(shown) and "1 job was updated" in text_of(shown)
    found = {job.id: job for job in await jobs(world)}
    assert len(found) == 3 and found[before[0].id].params["message"] == "uno"
    assert found[before[1].id] == before[1]  # paused, and left alone
    await press(world.admin, shown, "import:undo")
    assert "1 job is back to how it was" in text_of(shown)
    after = await jobs(world)
    assert [(job.params, job.state) for job in after] == [(job.params, job.state) for job in before]


async def test_a_job_that_somebody_changed_since_the_dry_run_is_not_updated(world: World) -> None:
    before = await two_jobs(world)
    shown = await imported(world, write_jobs(before).replace("message: one", "message: uno"))
    await world.bot.services.client.pause(before[0].id, by=str(world.admin.id))
    await press(world.admin, shown, "import:update")
    assert "0 jobs were updated" in text_of(shown)
    assert "one" in [job.params["message"] for job in await jobs(world)]


async def test_all_can_be_imported_as_copies_and_paused_ones_stay_paused(world: World) -> None:
    before = await two_jobs(world)
    shown = await imported(world, write_jobs(before))
    await press(world.admin, shown, "import:copy")
    after = await jobs(world)
    assert sorted(job.state for job in after) == [JobState.ACTIVE] * 2 + [JobState.PAUSED] * 2
    assert all(job.next_run_at is None for job in after if job.state is JobState.PAUSED)


async def test_what_ends_another_job_is_not_exported(world: World) -> None:
    (one, _) = await two_jobs(world)
    soon = to_iso(instants.now() + timedelta(days=1))
    await world.bot.services.client.create(
        Job(
            "", one.handler_id, one.method, one.params, Trigger("date", {"run_date": soon}), name="ending",
            guild_id=one.guild_id, creator_id=one.creator_id, meta={FOLLOWS: one.id},
        )
    )  # fmt: skip
    assert "2 jobs are in this file" in said(await world.admin.slash(world.channel, "schedule export"))


async def test_what_is_imported_says_where_and_by_which_zone_and_is_opened_by_a_click(world: World) -> None:
    await world.admin.slash(world.channel, "schedule timezone", zone="Berlin", whose="guild")
    values = f"{{channel_id: '{world.channel.id}', message: Hi}}"
    data = f"- do: send_announcement\n  when: every day at 9\n  with: {values}\n"
    shown = await imported(world, data)
    assert f"Hi · <#{world.channel.id}> · every day at 09:00 (Europe/Berlin)" in text_of(shown)
    await press(world.admin, shown, "import:do")
    (job,) = await jobs(world)
    await pick(world.admin, shown, "history:job", [job.id])
    assert "Run now" in labels(shown)
