"""What the demo adds to simcord: languages, Discord's events, and the menus on messages and people."""

from __future__ import annotations

from typing import Any

import pytest
import simcord

from bot.demo.app_menus import AppMenus, NoTarget, Target
from bot.demo.demo_guild import furnish
from bot.demo.demo_languages import Languages, translated
from bot.demo.guild_events import GuildEvents, rrule
from cogs.language import catalogue
from tests.support.world import World, said

START = "2026-11-27T19:00:00Z"
# Read as: one of Discord's recurrence rules beside its start, and how iCalendar says it.
RULES = [
    ({"frequency": 3, "interval": 1}, "FREQ=DAILY"),
    ({"frequency": 3, "interval": 1, "by_weekday": [5, 6]}, "FREQ=DAILY;BYDAY=SA,SU"),
    ({"frequency": 2, "interval": 2, "by_weekday": [4]}, "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
    ({"frequency": 1, "interval": 1, "by_n_weekday": [{"n": 4, "day": 4}]}, "FREQ=MONTHLY;BYDAY=4FR"),
    ({"frequency": 0, "interval": 1, "by_month": [11], "by_month_day": [27]},
     "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=27"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "line"), RULES, ids=[line for _, line in RULES])
def test_discords_rules_are_said_as_icalendars(rule: dict[str, Any], line: str) -> None:
    assert rrule({"start": START, **rule}) == f"DTSTART:20261127T190000Z\nRRULE:{line}"


def test_the_list_of_commands_is_translated_where_there_is_a_translation() -> None:
    leaf = {
        "name": "create", "description": "Plan", "description_localizations": {"de": "Planen"},
        "options": [
            {"name": "job", "description": "Which", "description_localizations": {"de": "Welcher"},
             "choices": [{"name": "Post", "value": "post", "name_localizations": {"de": "Beitrag"}}]},
            {"name": "when", "description": "When"},
        ],
    }  # fmt: skip
    entry: dict[str, Any] = {
        "commandId": "7", "path": ["schedule", "create"], "description": "Plan",
        "options": [
            {"name": "job", "description": "Which", "choices": [{"name": "Post", "value": "post"}]},
            {"name": "when", "description": "When", "choices": []},
        ],
    }  # fmt: skip
    unknown: dict[str, Any] = {**entry, "commandId": "8", "options": []}
    catalogue = {"entries": [entry, unknown]}
    translated(catalogue, {"7": {"name": "schedule", "options": [leaf]}}, "de")
    assert entry["description"] == "Planen" and unknown["description"] == "Plan"
    job, when = entry["options"]
    assert (job["description"], job["choices"]) == ("Welcher", [{"name": "Beitrag", "value": "post"}])
    assert when["description"] == "When"


async def test_the_bot_hears_each_persons_language_and_the_servers(world: World) -> None:
    languages = Languages(world.env)
    assert languages.of(world.admin.id) == "en-US"
    languages.choose(world.admin.id, "de")
    with pytest.raises(KeyError):
        languages.choose(world.plain.id, "tlh")
    assert "Geplante Jobs" in said(await world.admin.slash(world.channel, "schedule list"))
    assert "Scheduled jobs" in said(await world.moderator.slash(world.channel, "schedule list"))
    languages.choose_for_guild(world.guild.id, "fr")
    await world.env.settle()
    guild = world.bot.get_guild(world.guild.id)
    assert guild is not None and guild.preferred_locale.value == "fr"


async def test_the_bot_knows_how_many_members_the_demos_server_has(world: World) -> None:
    guild, _ = furnish(world.env, world.bot)
    await world.env.settle()
    known = world.bot.get_guild(guild.id)
    assert known is not None
    assert known.member_count == len(world.env.backend.get_guild(guild.id).members) == 4


async def test_repeating_events_are_kept_with_their_rule(world: World) -> None:
    events = GuildEvents(world.env, world.guild)
    assert events.listed(world.admin.id, "en-GB") == []
    asked = {
        "guild_id": str(world.guild.id), "title": "Games", "place": "Attic", "starts_in": "1h",
        "series": True,
    }  # fmt: skip
    with events.kept_whole():
        await world.schedule("create_event", asked, "every day at 9")
        await world.advance(days=1)
        while not (listed := events.listed(world.admin.id, "en-GB")):
            await world.env.settle()
    (event,) = listed
    assert event["repeats"] == "every day at 10:00 (UTC)" and not event["cover"]
    assert (event["place"], event["count"], event["interested"]) == ("Attic", 0, False)
    (said_in_german,) = events.listed(world.admin.id, "de")
    assert said_in_german["repeats"] == "jeden Tag um 10:00 (UTC)"


async def test_menus_offer_what_one_may_use_on_what_one_sees(world: World) -> None:
    message = await world.plain.send(world.channel, "Hello")
    answer = await world.admin.slash(world.channel, "schedule list")
    assert answer.response is not None
    menus = AppMenus(world.env, world.channel, world.admin)
    on_message = Target(message_id=message.id)
    german = catalogue("de").gettext
    assert [entry["label"] for entry in menus.offered(on_message, "de")] == [
        german("Post again at…"), german("Schedule this message"), german("Which job posted this?"),
    ]  # fmt: skip
    for target in (Target(message_id=message.id, author=True), Target(user_id=world.plain.id)):
        assert menus.title(target) == world.plain.name
        assert [entry["name"] for entry in menus.offered(target, "en-US")] == ["Schedule a role…"]
    assert "post this message" in said(await menus.choose(on_message, "Which job posted this?"))

    # Read as: what is forged or gone.
    for target in (Target(message_id=1), Target(user_id=1), Target(message_id=answer.response.id)):
        with pytest.raises(NoTarget):
            menus.offered(target, "en-US")
    with pytest.raises(NoTarget):
        await menus.choose(on_message, "Schedule a role…")  # that one is for people
    plain = AppMenus(world.env, world.channel, world.plain)
    assert plain.offered(on_message, "en-US") == []
    with pytest.raises(NoTarget):
        await plain.choose(on_message, "Schedule this message")

    user = simcord.UserHandle(world.env, world.env.backend.get_user(world.admin.id))
    alone = await user.send_dm("A note")
    assert AppMenus(world.env, user.dm_channel, user).offered(Target(message_id=alone.id), "en-US") == []
