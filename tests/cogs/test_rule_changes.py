"""A change of a server's rules names what it touches first; public holidays; jobs exempt from quiet hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from cogs.desk.settings.touched_runs import touched
from schedulezero.model import GuildRules, Job, Trigger
from schedulezero.model.job import JobState
from schedulezero.when.calendar.holidays import named_holidays
from schedulezero.when.calendar.quiet_hours import days_off, forbidden, next_allowed
from tests.support.granting import let_everybody_use
from tests.support.scheduling import hello
from tests.support.setting_up import limits, setup
from tests.support.text import text_of
from tests.support.world import World, labels, press, said

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
NOBODY = GuildRules("9", "Europe/Berlin")
BAVARIA = replace(NOBODY, holidays="DE-BY")


def daily(hour: int = 9, **fields: object) -> Job:
    trigger = Trigger("cron", {"hour": hour, "minute": 0})
    job = Job("j", "h", "m", {}, trigger, anchor_at=NOW, timezone="Europe/Berlin")
    at = NOW.replace(hour=hour - 1) + timedelta(days=hour < 14)
    return replace(job, **{"next_run_at": at, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "instant", "free"),
    [
        (BAVARIA, datetime(2027, 1, 6, 12, tzinfo=UTC), True),  # Epiphany, in Bavaria but not in Berlin
        (replace(BAVARIA, holidays="DE-BE"), datetime(2027, 1, 6, 12, tzinfo=UTC), False),
        (BAVARIA, datetime(2026, 12, 24, 23, 30, tzinfo=UTC), True),  # 25 December in Berlin
        (BAVARIA, datetime(2030, 12, 26, 12, tzinfo=UTC), True),  # follows the years
        (replace(BAVARIA, holidays="XX"), datetime(2026, 12, 25, 12, tzinfo=UTC), False),
    ],
)
def test_public_holidays_are_days_off(rules: GuildRules, instant: datetime, free: bool) -> None:
    assert (forbidden(rules, instant) is not None) is free
    assert (forbidden(rules, instant, in_quiet_hours=True) is not None) is free


def test_names_are_in_the_language_if_it_is_known() -> None:
    assert (date(2027, 1, 1), "Neujahr") in named_holidays("DE", 2027, "de")
    assert (date(2027, 1, 1), "New Year's Day") in named_holidays("DE", 2027, "en-GB")
    assert (date(2027, 1, 1), "Neujahr") in named_holidays("DE", 2027, "pt-BR"), "else the country's own"


def test_a_change_names_runs_that_are_skipped_and_freed() -> None:
    found = touched([daily(), daily(state=JobState.PAUSED)], NOBODY, BAVARIA, NOW)
    (item,) = found.jobs
    assert (
        found.whole
        and item.freed == 0
        and item.skipped == len(days_off(BAVARIA, date(2026, 11, 29), date(2027, 11, 29)))
    )
    assert item.first_skipped == datetime(2026, 12, 25, 8, tzinfo=UTC)
    (back,) = touched([daily()], BAVARIA, NOBODY, NOW).jobs
    assert (back.freed, back.skipped) == (item.skipped, 0)
    quiet = replace(NOBODY, quiet_from=time(8), quiet_to=time(10))
    assert touched([daily(in_quiet_hours=True)], NOBODY, quiet, NOW).runs == 0
    every_minute = daily(trigger=Trigger("cron", {"minute": "*"}))
    assert not touched([every_minute], NOBODY, quiet, NOW).whole


def test_the_next_run_is_one_that_the_rules_leave() -> None:
    job = daily(next_run_at=datetime(2026, 12, 25, 8, tzinfo=UTC))
    left, why = next_allowed(job, BAVARIA)
    assert left == datetime(2026, 12, 27, 8, tzinfo=UTC) and why is not None and "public holiday" in why
    assert next_allowed(job, None) == next_allowed(job, NOBODY) == (job.next_run_at, None)
    once = replace(job, trigger=Trigger("date", {"run_date": "2026-12-25T08:00:00Z"}))
    assert next_allowed(once, BAVARIA)[0] is None


async def test_a_change_is_shown_before_it_is_saved(world: World) -> None:
    await world.create(world.admin, "send_announcement", hello(world), "every day at 9")
    client, panel = world.bot.services.client, await setup(world)
    await limits(world, panel, quiet="8-10", days="2027-02-01 – 2027-02-14")
    text = text_of(panel)
    assert "This is not saved yet" in text and "Affected jobs:** 1" in text
    assert "Hello" in text and "runs will be skipped, the first" in text
    assert await client.rules(str(world.guild.id)) == GuildRules(str(world.guild.id))
    await world.admin.click(panel, label="Don't save")
    assert "Settings for" in text_of(panel) and "Save" not in labels(panel)
    await limits(world, panel, quiet="8-10", days="2027-02-01 – 2027-02-14")
    saved = await world.admin.click(panel, label="Save")
    assert "Saved." in said(saved)
    rules = await client.rules(str(world.guild.id))
    assert rules.quiet_from == time(8) and len(rules.dark_days) == 14
    answer = await world.admin.slash(world.channel, "schedule list")
    assert "all upcoming runs are blocked by the server's rules" in text_of(answer.response)


async def test_a_country_shows_its_days_and_its_runs_are_skipped(world: World) -> None:
    answer = await world.admin.slash(world.channel, "schedule setup", days_off="DE-BY")
    panel: Any = answer.response
    text = text_of(panel)
    assert "Germany (DE-BY)" in text and "This change affects no runs in the next 12 months." in text
    await world.admin.click(panel, label="Save")
    assert "nothing runs on public holidays: Germany (DE-BY)" in text_of(panel)
    preview = await world.draft(world.admin, "send_announcement", hello(world), "every 25 december at 9")
    assert "is a public holiday, so nothing runs here" in text_of(preview.response)
    refused = await limits(world, panel, holidays="Atlantis")
    assert "don't know the public holidays for “Atlantis”" in said(refused)
    wrong = await limits(world, panel, days="2027-02-14 – 2027-02-01")
    assert "isn't a valid range" in said(wrong)


async def test_only_whoever_manages_the_server_exempts_a_job(world: World) -> None:
    preview = await world.draft(world.admin, "send_announcement", hello(world), "every day at 9")
    draft = await _exempted(world, world.admin, preview.response)
    assert "Also runs in quiet hours" in text_of(draft)
    await world.admin.click(draft, label="Confirm")
    (job,) = (await world.bot.services.client.jobs(str(world.guild.id))).jobs
    assert job.in_quiet_hours
    assert "Also runs in quiet hours" in text_of(draft)
    role = world.guild.create_role("Schedulers")
    settings = await world.bot.memory.settings(world.guild.id)
    await world.bot.memory.save_settings(world.guild.id, replace(settings, manager_role_ids=(str(role.id),)))
    let_everybody_use(world, "schedule")
    member = world.guild.add_member(world.env.create_user("sam"), roles=[role])
    preview = await world.draft(member, "send_announcement", hello(world), "every day at 10")
    draft = await _exempted(world, member, preview.response)
    answer = await member.click(draft, label="Confirm")
    assert "may let a job run during quiet hours" in said(answer)


async def _exempted(world: World, who: Any, panel: Any) -> Any:
    form = await press(who, panel, ".options")
    await who.submit_modal(form, {"o:#quiet": ["run"]})
    return panel
