"""Birthdays in a simulated guild."""

from __future__ import annotations

import asyncio
import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any

import discord
import pytest
from sprockets.birthdays_sprocket import is_celebrated

from schedulezero.testing import SimulatedGuild


@pytest.fixture
def bot_settings(bot_settings: Any) -> Any:
    """Load the sprocket at each start of the bot."""
    return bot_settings.model_copy(update={"sprockets": ["birthdays"]})


async def buttons(guild: SimulatedGuild) -> discord.Message:
    """Post the buttons."""
    answered = await guild.run("ask_for_birthdays", {"where": guild.channel.id})
    assert answered["success"] is True, answered
    return guild.posted()[-1]


async def enter(guild: SimulatedGuild, who: Any, month: int, day: object) -> str:
    """Fill in the form, and return the answer."""
    shown = await who.click(await buttons(guild), label="Enter it")
    done = await who.submit_modal(shown, {"month": [str(month)], "day": str(day)})
    assert done.ephemeral
    return done.response.content


async def click(guild: SimulatedGuild, who: Any, label: str) -> str:
    return (await who.click(await buttons(guild), label=label)).response.content


def noon(days: int) -> datetime:
    """Return an instant in the future, at noon."""
    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=days)


async def advance_to(guild: SimulatedGuild, at: datetime) -> None:
    await guild.advance(seconds=(at - datetime.now(UTC)).total_seconds())


def test_29_february_is_celebrated_each_year() -> None:
    on = {
        (day, leap_day)
        for leap_day in ("28 February", "1 March")
        for day in (
            date(2028, 2, 28),
            date(2028, 2, 29),
            date(2028, 3, 1),
            date(2027, 2, 28),
            date(2027, 3, 1),
        )
        if is_celebrated(2, 29, day, leap_day)
    }
    assert on == {
        (date(2028, 2, 29), "28 February"),
        (date(2028, 2, 29), "1 March"),
        (date(2027, 2, 28), "28 February"),
        (date(2027, 3, 1), "1 March"),
    }


async def test_a_member_enters_sees_and_deletes_their_own(guild: SimulatedGuild) -> None:
    assert await enter(guild, guild.plain, 2, 29) == "Your birthday is on 29 February."
    assert await click(guild, guild.plain, "Show mine") == "Your birthday is on 29 February."
    assert await click(guild, guild.admin, "Show mine") == "I don't know your birthday."
    assert await enter(guild, guild.plain, 3, 1) == "Your birthday is on 1 March."
    await click(guild, guild.plain, "Delete mine")
    assert await click(guild, guild.plain, "Show mine") == "I don't know your birthday."


async def test_the_buttons_still_work_after_a_restart(guild: SimulatedGuild) -> None:
    message = await buttons(guild)
    await guild.restart_bot()
    shown = await guild.plain.click(message, label="Enter it")
    await guild.plain.submit_modal(shown, {"month": ["7"], "day": "4"})
    assert await click(guild, guild.plain, "Show mine") == "Your birthday is on 4 July."


@pytest.mark.parametrize("day", [30, 0, "x"])
async def test_a_day_that_is_not_in_the_month_is_refused(guild: SimulatedGuild, day: object) -> None:
    assert await enter(guild, guild.plain, 2, day) == f"February has no day “{day}”. Try again."
    assert await click(guild, guild.plain, "Show mine") == "I don't know your birthday."


async def test_the_role_is_given_for_the_day_and_taken_away_at_midnight(guild: SimulatedGuild) -> None:
    role, day = guild.guild.create_role("Birthday"), noon(2)
    await enter(guild, guild.plain, day.month, day.day)
    await enter(guild, guild.moderator, (day + timedelta(days=1)).month, (day + timedelta(days=1)).day)
    params = {"where": guild.channel.id, "role": role.id, "message": "All the best!"}
    job = await guild.schedule("congratulate", params, f"on {day:%Y-%m-%d} at {day:%H:%M}")
    await advance_to(guild, day)
    run = await guild.outcome(job)
    assert run.error is None, run
    sent = await guild.message_in(guild.channel, "All the best!")
    assert sent.content == f"{guild.plain.mention}\nAll the best!"
    assert [person.id for person in sent.mentions] == [guild.plain.id]
    assert await has(guild, guild.plain, role) and not await has(guild, guild.moderator, role)
    await guild.restart_bot()
    await advance_to(guild, day + timedelta(hours=14))
    for _ in range(200):
        if not await has(guild, guild.plain, role):
            break
        await asyncio.sleep(0.05)
    else:
        pytest.fail("The role was not taken away.")


async def test_a_role_that_somebody_has_anyway_stays(guild: SimulatedGuild) -> None:
    role = guild.guild.create_role("Birthday")
    person = guild.guild.add_member(guild.env.create_user("Robin"), roles=[role])
    today = datetime.now(UTC)
    await enter(guild, person, today.month, today.day)
    answered = await guild.run("congratulate", {"where": guild.channel.id, "role": role.id})
    assert answered["people"] == 1, answered
    await guild.advance(days=2)
    await asyncio.sleep(0.5)
    assert await has(guild, person, role)


async def test_a_day_without_birthdays_is_silent(guild: SimulatedGuild) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await enter(guild, guild.plain, tomorrow.month, tomorrow.day)
    answered = await guild.run("congratulate", {"where": guild.channel.id})
    assert answered["people"] == 0, answered
    assert not [message for message in guild.posted() if "Happy birthday" in message.content]


async def test_who_has_left_is_not_congratulated(guild: SimulatedGuild) -> None:
    today = datetime.now(UTC)
    await enter(guild, guild.plain, today.month, today.day)
    guild.guild.remove_member(guild.plain)
    answered = await guild.run("congratulate", {"where": guild.channel.id})
    assert answered["people"] == 0, answered


async def test_another_guild_knows_nothing(guild: SimulatedGuild) -> None:
    today = datetime.now(UTC)
    await enter(guild, guild.plain, today.month, today.day)
    other = guild.env.create_guild("Other")
    channel = other.create_text_channel("general")
    answered = await guild.run("congratulate", {"where": channel.id}, guild=other)
    assert answered["people"] == 0, answered


async def test_it_is_forgotten_with_everything_else_of_a_person(guild: SimulatedGuild) -> None:
    today = datetime.now(UTC)
    await enter(guild, guild.plain, today.month, today.day)
    shown = await guild.plain.slash(guild.channel, "remind forget")
    assert shown.response is not None
    await guild.plain.click(shown.response, label="Delete everything")
    assert await click(guild, guild.plain, "Show mine") == "I don't know your birthday."
    answered = await guild.run("congratulate", {"where": guild.channel.id})
    assert answered["people"] == 0, answered


async def test_a_server_chooses_when_29_february_is_celebrated(guild: SimulatedGuild) -> None:
    await guild.configure("birthdays", leap_day="1 March")
    await enter(guild, guild.plain, 2, 29)
    years = (datetime.now(UTC).year + more for more in range(1, 3))
    day = datetime(next(year for year in years if not calendar.isleap(year)), 3, 1, 12, tzinfo=UTC)
    job = await guild.schedule("congratulate", {"where": guild.channel.id}, f"on {day:%Y-%m-%d} at 12:00")
    await advance_to(guild, day)
    run = await guild.outcome(job)
    assert run.result is not None and run.result["people"] == 1, run


async def test_who_may_not_give_roles_gives_none(guild: SimulatedGuild) -> None:
    role = guild.guild.create_role("Birthday")
    params = {"where": guild.channel.id, "role": role.id}
    answered = await guild.run("congratulate", params, creator=guild.moderator)
    assert "Manage Roles" in answered["error"]


async def has(guild: SimulatedGuild, person: Any, role: Any) -> bool:
    place = guild.bot.get_guild(guild.guild.id)
    assert place is not None
    return place.get_role(role.id) in (await place.fetch_member(person.id)).roles
