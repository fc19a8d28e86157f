"""*Subscribe*: who makes addresses for calendar programs, what those read there, and until when."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

import discord
import httpx
import pytest
import pytest_asyncio
from icalendar import Calendar

from bot.config import Settings
from cogs.desk.kit.components import DeskButton, DeskSelect
from cogs.desk.reminders.controls import ReminderSelect
from tests.conftest import until
from tests.support.acting import a_job, scheduler
from tests.support.foreign_guild import Foreign, forged
from tests.support.granting import give_the_bot
from tests.support.scheduling import scheduled
from tests.support.sending_away import sent_away
from tests.support.text import text_of
from tests.support.world import World, a_world, labels, pick, said, selects

BASE = "https://calendar.example.org"


@pytest_asyncio.fixture
async def reachable(settings: Settings) -> AsyncIterator[World]:
    async with a_world(settings.model_copy(update={"calendar_url": BASE})) as built:
        yield built


def secret_in(message: Any) -> str:
    found = re.search(rf"{BASE}/calendar/([\w-]+)\.ics", text_of(message))
    assert found is not None, text_of(message)
    assert f"webcal://calendar.example.org/calendar/{found[1]}.ics" in text_of(message)
    return found[1]


async def poll(world: World, secret: str) -> httpx.Response:
    """Read an address as a calendar program does, behind the proxy that BASE stands for."""
    async with httpx.AsyncClient(base_url=world.settings.api_endpoint) as http:
        headers = {"Host": "calendar.example.org", "X-Forwarded-For": "203.0.113.7"}
        return await http.get(f"/calendar/{secret}.ics", headers=headers)


async def titles(world: World, secret: str) -> set[str]:
    response = await poll(world, secret)
    assert response.status_code == 200
    calendar: Any = Calendar.from_ical(response.content)
    return {str(event["SUMMARY"]) for event in calendar.walk("VEVENT")}


async def test_a_manager_makes_an_address_that_shows_what_members_see(reachable: World) -> None:
    world = reachable
    give_the_bot(world, discord.Permissions(administrator=True))
    nobody: dict[Any, discord.PermissionOverwrite] = {
        world.guild.default_role: discord.PermissionOverwrite(view_channel=False)
    }
    hidden = world.guild.create_text_channel("council", overwrites=nobody)
    await world.env.settle()
    await scheduled(world, "Game night", "every friday at 19:00")
    params = {"channel_id": str(hidden.id), "message": "psst"}
    await a_job(world, name="Layoffs", method="send_announcement", params=params)
    params = {"user_id": str(world.plain.id), "message": "psst"}
    await a_job(world, name="Whisper", method="send_dm", params=params)
    shown = (await world.admin.slash(world.channel, "schedule calendar")).response
    assert shown is not None
    await world.admin.click(shown, label="Subscribe")
    assert "There is no address yet." in text_of(shown)
    await world.admin.click(shown, label="Create an address")
    secret = secret_in(shown)
    assert await titles(world, secret) == {"Game night"}
    response = await poll(world, secret)
    assert "X-WR-CALNAME:" in response.text and f"LOCATION:#{world.channel.name}" in response.text
    assert "psst" not in response.text

    # What members see changes on Discord, and the address follows.
    channel: Any = world.bot.get_channel(world.channel.id)
    await channel.set_permissions(channel.guild.default_role, view_channel=False)
    await world.env.settle()

    async def hidden_too() -> bool:
        return await titles(world, secret) == set()

    await until(hidden_too)

    await world.admin.click(shown, label="All addresses")
    assert "last read" in text_of(shown) and f"<@{world.admin.id}>" in text_of(shown)
    await pick(world.admin, shown, "feeds:renew", [selects(shown)[0]["options"][0]["value"]])
    renewed = secret_in(shown)
    assert renewed != secret and (await poll(world, secret)).status_code == 404
    await world.admin.click(shown, label="All addresses")
    await pick(world.admin, shown, "feeds:revoke", [selects(shown)[1]["options"][0]["value"]])
    assert "There is no address yet." in text_of(shown)
    assert (await poll(world, renewed)).status_code == 404
    audit = said(await world.admin.slash(world.channel, "schedule audit"))
    for words in ("calendar address created", "calendar address replaced", "calendar address revoked"):
        assert words in audit
    assert secret not in audit and renewed not in audit


async def test_who_only_schedules_makes_no_address_and_no_forged_click_does(reachable: World) -> None:
    world = reachable
    sam = await scheduler(world)
    shown = (await world.admin.slash(world.channel, "schedule calendar")).response
    assert shown is not None
    await world.admin.click(shown, label="Subscribe")
    await world.admin.click(shown, label="Create an address")
    secret = secret_in(shown)
    client, place = world.bot.services.client, str(world.guild.id)
    (feed,) = await client.feeds(place)
    own = (await sam.slash(world.channel, "schedule calendar")).response
    assert own is not None
    assert "Manage Server" in said(await sam.click(own, label="Subscribe"))
    message = await forged(world, world.channel, DeskButton("feeds", "make", "guild", "Forged"))
    assert "Manage Server" in said(await sam.click(message, label="Forged"))
    options = [discord.SelectOption(label="x", value=feed.id)]
    for action in ("renew", "revoke"):
        message = await forged(world, world.channel, DeskSelect("feeds", action, "guild", "Pick", options))
        assert "Manage Server" in said(await sam.select(message, [feed.id]))
    assert await client.feeds(place) == (feed,) and (await poll(world, secret)).status_code == 200


async def test_another_servers_manager_touches_no_address(reachable: World) -> None:
    world = reachable
    shown = (await world.admin.slash(world.channel, "schedule calendar")).response
    assert shown is not None
    await world.admin.click(shown, label="Subscribe")
    await world.admin.click(shown, label="Create an address")
    secret, client, place = secret_in(shown), world.bot.services.client, str(world.guild.id)
    (feed,) = await client.feeds(place)
    foreign = Foreign(world)
    await world.env.settle()
    options = [discord.SelectOption(label="x", value=feed.id)]
    for action, words in (("renew", "no longer exists"), ("revoke", "There is no address yet.")):
        message = await forged(world, foreign.channel, DeskSelect("feeds", action, "guild", "Pick", options))
        assert words in said(await foreign.eve.select(message, [feed.id]))
    message = await forged(
        world, world.channel, ReminderSelect("Pick", options, action="feedrevoke", target="me")
    )
    await world.plain.select(message, [feed.id])
    assert await client.feeds(place) == (feed,) and (await poll(world, secret)).status_code == 200


async def test_a_server_that_the_bot_left_has_no_address(reachable: World) -> None:
    world = reachable
    shown = (await world.admin.slash(world.channel, "schedule calendar")).response
    assert shown is not None
    await world.admin.click(shown, label="Subscribe")
    await world.admin.click(shown, label="Create an address")
    secret = secret_in(shown)
    await sent_away(world)

    async def gone() -> bool:
        return (await poll(world, secret)).status_code == 404

    await until(gone)


async def test_a_persons_reminders_are_in_their_own_calendar_alone(reachable: World) -> None:
    world = reachable
    await world.plain.slash(world.channel, "remind me", what="Drink tea", when="every day at 9")
    await world.admin.slash(world.channel, "remind me", what="Not theirs", when="every day at 9")
    shown = (await world.plain.slash(world.channel, "remind list")).response
    assert shown is not None
    await world.plain.click(shown, label="In your calendar")
    await world.plain.click(shown, label="Create an address")
    secret = secret_in(shown)
    assert await titles(world, secret) == {"Drink tea"}
    await world.plain.click(shown, label="All addresses")
    await pick(world.plain, shown, "feedrenew", [selects(shown)[0]["options"][0]["value"]])
    renewed = secret_in(shown)
    assert (await poll(world, secret)).status_code == 404 and await titles(world, renewed) == {"Drink tea"}
    kept = await world.plain.slash(world.channel, "remind forget")
    assert "1 calendar address" in said(kept) and renewed not in said(kept)
    await world.plain.click(kept.response, label="Delete everything")  # type: ignore[arg-type]
    assert (await poll(world, renewed)).status_code == 404


async def test_without_a_public_address_the_button_says_what_to_do(world: World) -> None:
    shown = (await world.admin.slash(world.channel, "schedule calendar")).response
    assert shown is not None
    await world.admin.click(shown, label="Subscribe")
    assert "`calendar_url`" in text_of(shown) and "Create an address" not in labels(shown)
    message = await forged(world, world.channel, DeskButton("feeds", "make", "guild", "Forged"))
    refused = await world.admin.click(message, label="Forged")
    assert "`calendar_url`" in said(refused)
    assert await world.bot.services.client.feeds(str(world.guild.id)) == ()


async def test_a_published_server_has_no_calendars_to_subscribe_to(published_world: World) -> None:
    world = published_world
    shown = (await world.admin.slash(world.channel, "schedule calendar")).response
    refused = await world.admin.click(shown, label="Subscribe")  # type: ignore[arg-type]
    assert "support calendar subscriptions" in said(refused)
    own = (await world.plain.slash(world.channel, "remind list")).response
    refused = await world.plain.click(own, label="In your calendar")  # type: ignore[arg-type]
    assert "support calendar subscriptions" in said(refused)


@pytest.mark.parametrize("text", ["http://example.org", "https://a@b.org", "https://x.org?y", "nonsense", ""])
def test_an_address_that_programs_cannot_use_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="calendar_url"):
        Settings(calendar_url=text)


def test_an_address_may_have_a_path() -> None:
    assert Settings(calendar_url="https://example.org/bot/").calendar_url == "https://example.org/bot"


async def test_a_program_reads_the_instants_that_the_list_tells(reachable: World) -> None:
    world, berlin = reachable, ZoneInfo("Europe/Berlin")
    await world.admin.slash(world.channel, "schedule timezone", zone="Europe/Berlin", whose="guild")
    await scheduled(world, "Game night", "every friday at 19:00")
    await scheduled(world, "Summer party", "in 20 days at 10:15")
    await world.bot.services.client.pause(await scheduled(world, "Rehearsal", "every monday at 8"))
    listed = text_of((await world.admin.slash(world.channel, "schedule list")).response)
    told = re.findall(r"\*\*(.+)\*\* .*\n.* next <t:(\d+):", listed)
    shown = (await world.admin.slash(world.channel, "schedule calendar")).response
    assert shown is not None
    await world.admin.click(shown, label="Subscribe")
    await world.admin.click(shown, label="Create an address")
    calendar: Any = Calendar.from_ical((await poll(world, secret_in(shown))).content)
    events = [
        (str(each["SUMMARY"]), each["DTSTART"].dt.astimezone(berlin)) for each in calendar.walk("VEVENT")
    ]
    firsts = {title: min(at for name, at in events if name == title) for title, _ in events}
    assert {title: int(at.timestamp()) for title, at in firsts.items()} == {
        title: int(at) for title, at in told
    }
    assert set(firsts) == {"Game night", "Summer party"} and "Rehearsal** · ⏸ paused" in listed
    assert {(at.weekday(), at.hour, at.minute) for name, at in events if name == "Game night"} == {(4, 19, 0)}
    assert (firsts["Summer party"].hour, firsts["Summer party"].minute) == (10, 15)
    assert str(calendar["X-WR-TIMEZONE"]) == "Europe/Berlin"
