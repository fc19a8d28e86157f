"""Typed jobs' parameters that are days, times, choices of other types, lists of ids and Discord's objects."""

from __future__ import annotations

from datetime import date, time
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal

import discord
import jsonschema_rs
import pytest
from pydantic import Field

from schedulezero.errors import ParameterError
from schedulezero.methods.parameters import Kind
from schedulezero.methods.schema import schema_of
from schedulezero.methods.typed import ChannelId, ForumId, MemberId, RoleId, job
from schedulezero.methods.values import check_params
from schedulezero.when.language.day_text import clock_of, day_of


class Mood(Enum):
    GLAD = "glad"
    CALM = "calm"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


@job()
async def plan(
    bot: Any,
    day: date,
    at: time = time(9),
    mood: Mood = Mood.CALM,
    size: Size = Size.SMALL,
    weeks: Literal[1, 2, 4] = 1,
    roles: list[RoleId] | None = None,
    channels: Annotated[list[ChannelId], Field(max_length=3)] | None = None,
    forums: list[ForumId] | None = None,
    people: list[MemberId] | None = None,
) -> dict[str, Any]:
    """Plan something."""
    return {"day": day, "at": at, "mood": mood, "size": size, "weeks": weeks, "channels": channels}


def test_each_annotation_is_a_field_of_its_kind() -> None:
    assert {item.name: (item.kind, item.default) for item in plan.spec.parameters} == {
        "day": (Kind.DATE, None),
        "at": (Kind.TIME, "09:00"),
        "mood": (Kind.CHOICE, "calm"),
        "size": (Kind.CHOICE, "small"),
        "weeks": (Kind.CHOICE, "1"),
        "roles": (Kind.ROLES, None),
        "channels": (Kind.CHANNELS, None),
        "forums": (Kind.CHANNELS, None),
        "people": (Kind.USERS, None),
    }
    forums, size = plan.spec.parameter("forums"), plan.spec.parameter("size")
    assert forums and forums.channels == ("forum",) and size and size.choices == ("small", "large")


@pytest.mark.parametrize("size", ["large", 2, "2"])
async def test_the_function_gets_what_its_annotations_say(size: Any) -> None:
    params = {
        "day": "2027-12-31", "at": "18:30", "mood": "glad", "size": size, "weeks": "4", "channels": ["5"],
    }  # fmt: skip
    assert await plan(None, params) == {
        "day": date(2027, 12, 31), "at": time(18, 30), "mood": Mood.GLAD, "size": Size.LARGE, "weeks": 4,
        "channels": [5],
    }  # fmt: skip
    validator = jsonschema_rs.Draft202012Validator(schema_of(plan.spec))
    assert all(validator.is_valid({**params, "weeks": weeks, "size": 2}) for weeks in (4, "4"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"day": "tomorrow"}, "'day' of plan must be a date such as `2026-12-31`, not 'tomorrow'."),
        ({"day": 20271231}, "'day' of plan must be a date"),
        ({"at": "25:00"}, "'at' of plan must be a time of day such as `18:30`, not '25:00'."),
        ({"at": "18:30+02:00"}, "'at' of plan must be a time of day"),
        ({"mood": "sad"}, "'mood' of plan must be one of glad, calm, not 'sad'."),
        ({"size": True}, "'size' of plan must be one of small, large, not 'True'."),
        ({"weeks": 3}, "'weeks' of plan must be one of 1, 2, 4, not '3'."),
        ({"weeks": True}, "'weeks' of plan must be one of 1, 2, 4, not 'True'."),
        ({"roles": ["x"]}, "'roles' of plan must be a list of IDs"),
        ({"channels": [1, 2, 3, 4]}, "'channels' of plan has 4 entries; the limit is 3."),
    ],
)
def test_what_does_not_fit_is_said(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError) as raised:
        check_params(plan.spec, {"day": "2027-12-31", **wrong})
    assert raised.value.message.startswith(said), raised.value.message


@pytest.mark.parametrize(
    ("text", "locale", "day"),
    [
        ("2027-12-31", "en-GB", date(2027, 12, 31)),
        ("31 December 2027", "en-GB", date(2027, 12, 31)),
        ("31. Dezember 2027", "de", date(2027, 12, 31)),
        ("3/4/1990", "en-GB", date(1990, 4, 3)),
        ("3/4/1990", "en-US", date(1990, 3, 4)),
        ("31 de diciembre de 2027", "es-ES", date(2027, 12, 31)),
        ("31.12.2027", "en-US", date(2027, 12, 31)),
        ("12/31/2027", "en-GB", date(2027, 12, 31)),
        ("31.2.2027", "de", None),
        ("31 February 2027", "en-GB", None),
        ("December", "en-GB", None),
        ("tomorrow", "en-GB", None),
        ("x" * 5000, "en-GB", None),
    ],
)
def test_a_day_is_read_as_people_type_it(text: str, locale: str, day: date | None) -> None:
    assert day_of(text, locale) == day


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("18:30", time(18, 30)), ("6:30 pm", time(18, 30)), ("12am", time(0)), ("18h30", time(18, 30)),
        ("18 Uhr", time(18)), ("9:05:07", time(9, 5, 7)), ("9", None), ("25:00", None), ("13 pm", None),
        ("noonish", None),
    ],
)  # fmt: skip
def test_a_time_of_day_is_read_as_people_type_it(text: str, at: time | None) -> None:
    assert clock_of(text) == at


def test_discords_classes_are_stored_as_ids() -> None:
    @job()
    async def show(
        bot: Any,
        where: discord.TextChannel,
        voice: discord.VoiceChannel | discord.StageChannel,
        who: discord.Member,
        roles: list[discord.Role],
        forum: discord.ForumChannel | None = None,
    ) -> None:
        """Show it."""

    found = {item.name: (item.kind, item.channels, item.required) for item in show.spec.parameters}
    assert found == {
        "where": (Kind.CHANNEL, ("text", "news"), True),
        "voice": (Kind.CHANNEL, ("voice", "stage_voice"), True),
        "who": (Kind.USER, (), True),
        "roles": (Kind.ROLES, (), True),
        "forum": (Kind.CHANNEL, ("forum",), False),
    }
    assert check_params(show.spec, {"where": "5", "voice": 6, "who": "7", "roles": ["8"]}) == {
        "where": 5, "voice": 6, "who": 7, "roles": [8],
    }  # fmt: skip
