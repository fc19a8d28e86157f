"""``/schedule status`` shows the owner what went wrong in the background, and everyone why jobs wait."""

from __future__ import annotations

import time

import pytest

from cogs.desk.settings.database_status import standby_lines
from cogs.services import services_of
from tests.conftest import until
from tests.support.world import World, said


async def test_the_owner_sees_what_went_wrong_and_others_do_not(world: World) -> None:
    services = services_of(world.bot)
    services.supervisor.note("looking ahead", OSError("reset"))
    services.invalid_requests.note(403, None, time.time())
    shown = said(await world.owner.slash(world.channel, "schedule status"))
    assert "`looking ahead` had problems (×1)" in shown and "`unreachable`" in shown
    assert "1 request in the last ten minutes; the limit is 5,000" in shown and "tasks run" in shown
    shown = said(await world.admin.slash(world.channel, "schedule status"))
    assert "looking ahead" not in shown and "ten minutes" not in shown


@pytest.mark.parametrize(
    ("kind", "well", "said"),
    [
        ("none", True, "none"),
        ("synchronous", True, "loses nothing"),
        ("asynchronous", True, "loses the latest changes"),
        ("is_one", False, "doesn't accept changes"),
    ],
)
def test_the_kind_of_standby_is_told(kind: str, well: bool, said: str) -> None:
    (line,) = standby_lines({"standby": kind})
    assert line.well is well and said in line.finding


def test_a_server_without_standbys_or_of_another_version_has_no_such_line() -> None:
    assert standby_lines({}) == standby_lines({"standby": "quorum"}) == []


async def test_the_owner_sees_the_busiest_servers_and_others_do_not(world: World) -> None:
    values = {"channel_id": [world.channel], "message": "Busy"}
    job_id = await world.create(world.admin, "send_announcement", values, "every monday at 9")
    assert "Busiest servers" not in said(await world.owner.slash(world.channel, "schedule status"))
    answer = said(await world.admin.slash(world.channel, "schedule run", job=job_id))
    assert "Counts towards this server's limits. Quiet hours and days off don't apply." in answer
    await world.message_in(world.channel, "Busy")

    async def shown() -> bool:
        text = said(await world.owner.slash(world.channel, "schedule status"))
        return f"{world.guild.name}: 0 waiting, 1 ran, up to" in text

    await until(shown)
    assert "Busiest servers" not in said(await world.admin.slash(world.channel, "schedule status"))


async def test_everyone_sees_that_jobs_wait(world: World) -> None:
    counted = services_of(world.bot).invalid_requests
    for _ in range(counted.hold_at):
        counted.note(403, None, time.time())
    shown = said(await world.admin.slash(world.channel, "schedule status"))
    assert "5000 requests in the last ten minutes; jobs will run again" in shown


async def test_the_count_survives_a_restart(world: World) -> None:
    for _ in range(7):
        services_of(world.bot).invalid_requests.note(403, None, time.time())
    await world.restart_bot()
    assert services_of(world.bot).invalid_requests.lately(time.time()) == 7
