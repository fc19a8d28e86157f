"""An edit by somebody in another time zone leaves the job in its own; the audit tells instants."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from schedulezero.instants import from_iso
from tests.support.scheduling import hello
from tests.support.text import text_of
from tests.support.world import World, press, said


async def zurich_job(world: World, when: str = "every friday at 19:00") -> str:
    """Return a job of the guild's zone; the administrator's own is New York afterwards."""
    await world.admin.slash(world.channel, "schedule timezone", zone="Europe/Zurich", whose="guild")
    job_id = await world.create(world.admin, "send_announcement", hello(world), when)
    await world.admin.slash(world.channel, "schedule timezone", zone="America/New_York")
    return job_id


async def test_a_new_time_is_read_in_the_jobs_zone(world: World) -> None:
    job_id = await zurich_job(world)
    shown = await world.admin.slash(world.channel, "schedule edit", job=job_id, when="every friday at 20:00")
    text = text_of(shown.response)
    assert "(Europe/Zurich)" in text and "not in yours (America/New_York)" in text
    await world.admin.click(shown.response, label="Save the change")  # type: ignore[arg-type]
    job = await world.bot.services.client.job(job_id, str(world.guild.id))
    assert job.timezone == "Europe/Zurich" and job.next_run_at is not None
    assert job.next_run_at.astimezone(ZoneInfo("Europe/Zurich")).hour == 20


async def test_another_zone_is_taken_where_the_text_names_it(world: World) -> None:
    job_id = await zurich_job(world)
    shown = await world.admin.slash(
        world.channel, "schedule edit", job=job_id, when="every friday at 20:00 America/New_York"
    )
    text = text_of(shown.response)
    assert "(America/New_York)" in text and "not in yours" not in text


async def test_the_form_says_in_which_zone_the_job_is(world: World) -> None:
    job_id = await zurich_job(world)
    shown = await world.admin.slash(world.channel, "schedule edit", job=job_id)
    form = await press(world.admin, shown.response, ".when")
    assert form.modal is not None
    assert "every Friday at 19:00 (Europe/Zurich)" in str(form.modal["components"][0])


async def test_a_single_time_in_the_audit_is_an_instant(world: World) -> None:
    await zurich_job(world, "2031-12-24 12:00")
    text = said(await world.admin.slash(world.channel, "schedule audit"))
    at = int(from_iso("2031-12-24T11:00:00Z").timestamp())
    assert f"<t:{at}:f>" in text
