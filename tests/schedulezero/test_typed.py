"""Typed jobs: what is read of annotations, what they refuse, and that they are jobs like any other."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

import discord
import jsonschema_rs
import pytest
from pydantic import AfterValidator, Field

from schedulezero.errors import ParameterError
from schedulezero.handler.invocation import is_async
from schedulezero.methods.parameters import Kind
from schedulezero.methods.schema import schema_of
from schedulezero.methods.spec import Need, in_channel, spec_of
from schedulezero.methods.typed import ChannelId, Colour, Duration, LongText, MemberIds, Text, job
from schedulezero.methods.values import check_params, errors_in


@job(needs=(Need("send_messages", channel="channel_id"),), variables=("message",), resumable=True)
async def greet(
    bot: Any,
    channel_id: ChannelId,
    message: Annotated[LongText, Field(max_length=20)],
    mood: Literal["glad", "very_glad"] = "glad",
    wait: Annotated[Duration, Field(le=timedelta(hours=2))] = timedelta(minutes=5),
    times: Annotated[int, Field(ge=1, le=3, description="How often, seriously")] = 1,
    colour: Colour | None = None,
    people: MemberIds | None = None,
    title: Text = "",
    extra: list[dict[str, int]] | None = None,
) -> dict[str, Any]:
    """Greet a channel.

    Params:
        channel_id: Where to greet
        message: What to say,
            in a few words.
        times: How often
    """
    return {"channel_id": channel_id, "wait": wait, "mood": mood, "times": times}


def test_everything_is_said_by_annotations() -> None:
    spec = spec_of("greet", greet)
    assert spec.summary == "Greet a channel." and spec.needs and spec.variables == ("message",)
    found = {item.name: (item.kind, item.required, item.default) for item in spec.parameters}
    assert found == {
        "channel_id": (Kind.CHANNEL, True, None),
        "message": (Kind.LONG_TEXT, True, None),
        "mood": (Kind.CHOICE, False, "glad"),
        "wait": (Kind.DURATION, False, "5 minutes"),
        "times": (Kind.INTEGER, False, "1"),
        "colour": (Kind.COLOUR, False, None),
        "people": (Kind.USERS, False, None),
        "title": (Kind.TEXT, False, None),
        "extra": (Kind.LIST, False, None),
    }
    helps = {item.name: item.help for item in spec.parameters}
    assert helps["message"] == "What to say, in a few words" and helps["times"] == "How often, seriously"
    mood, times = spec.parameter("mood"), spec.parameter("times")
    assert mood and mood.choices == ("glad", "very_glad") and times and (times.least, times.most) == (1, 3)


async def test_it_is_a_job_like_any_other() -> None:
    assert is_async(greet)
    result = await greet(
        None, {"channel_id": "123456789012345678", "message": "Hi", "wait": "1h", "other": 1}
    )
    assert result == {
        "channel_id": 123456789012345678, "wait": timedelta(hours=1), "mood": "glad", "times": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"message": "x" * 21}, "'message' of greet has 21 characters; the limit is 20."),
        ({"mood": "sad"}, "'mood' of greet must be one of glad, very_glad, not 'sad'."),
        ({"times": 4}, "'times' of greet must be 3 or less, not 4."),
        ({"times": "0"}, "'times' of greet must be 1 or more, not 0."),
        ({"times": "many"}, "'times' of greet must be a whole number, not 'many'."),
        ({"wait": "3h"}, "'wait' of greet must be 2 hours or less, not 3 hours."),
        (
            {"wait": "soon"},
            "'wait' of greet must be a duration such as `90 minutes` or `2h 30m`, not 'soon'.",
        ),
        ({"wait": 1e300}, "'wait' of greet must be a duration such as"),
        ({"channel_id": True}, "'channel_id' of greet must be an ID (a whole number)"),
        ({"extra": [{"a": "b"}]}, "'extra' of greet can't be used (0) (a)"),
        ({"message": None}, "greet needs 'message'"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(change: dict[str, Any], said: str) -> None:
    params = {"channel_id": 1, "message": "Hi", **change}
    with pytest.raises(ParameterError) as raised:
        check_params(spec_of("greet", greet), params)
    assert raised.value.message.startswith(said), raised.value.message


def test_all_errors_are_told_together() -> None:
    found = errors_in(spec_of("greet", greet), {"times": 9, "mood": "sad", "title": "fine"})
    assert found == {
        "times": "must be 3 or less, not 9.",
        "mood": "must be one of glad, very_glad, not 'sad'.",
    }


def test_the_schema_admits_what_the_job_admits() -> None:
    schema = schema_of(spec_of("greet", greet))
    validator = jsonschema_rs.Draft202012Validator(schema)
    assert validator.is_valid({"channel_id": "123456789012345678", "message": "Hi", "wait": "1h"})
    for wrong in (
        {"message": "Hi"},
        {"channel_id": 1, "message": "x" * 21},
        {"channel_id": 1, "message": "x", "mood": ""},
    ):
        assert not validator.is_valid(wrong), wrong


def test_a_function_that_cannot_be_one_says_why() -> None:
    with pytest.raises(TypeError, match="'where' needs an annotation"):

        @job()
        async def unsaid(bot: Any, where) -> None:  # type: ignore[no-untyped-def]
            """Say nothing."""

    with pytest.raises(TypeError, match="speak of 'chanel_id', but its parameters are channel_id"):

        @job(needs=in_channel("chanel_id", "send_messages"))
        async def misspelt(bot: Any, channel_id: ChannelId) -> None:
            """Would be done without a look at the rights."""

    with pytest.raises(TypeError, match=r"greet: 'who' can't be discord.Client"):

        @job()
        async def greet(bot: Any, who: list[discord.Client]) -> None:
            """Greet people."""

    with pytest.raises(TypeError, match="cannot be a parameter"):

        @job()
        async def open_ended(bot: Any, **rest: int) -> None:
            """Take everything."""


CODES = {"cactus": "C1"}


def code_of(name: str) -> str:
    if name == "exit":
        raise SystemExit(3)
    return CODES[name]


@job()
async def measure(bot: Any, name: Annotated[Text, AfterValidator(code_of)]) -> dict[str, Any]:
    """Measure."""
    return {"code": name}


@measure.preview
async def _preview(bot: Any, name: str) -> str:
    return name


async def test_what_a_validator_converts_is_converted_once() -> None:
    spec = spec_of("measure", measure)
    params = check_params(spec, {"name": "cactus"})
    assert params == {"name": "C1"} and check_params(spec, params) is params
    assert await measure(None, params) == {"code": "C1"} == await measure(None, {"name": "cactus"})
    assert spec.preview is not None and await spec.preview(None, params) == "C1"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("monstera", "'name' of measure can't be used: KeyError: 'monstera'."),
        ("exit", "'name' of measure can't be used: SystemExit: 3."),
    ],
)
def test_a_validator_may_raise_anything(name: str, said: str) -> None:
    with pytest.raises(ParameterError) as raised:
        check_params(spec_of("measure", measure), {"name": name})
    assert raised.value.message == said


def test_the_decorator_needs_no_brackets() -> None:
    @job
    async def bare(bot: Any, times: int = 1) -> None:
        """Be declared without brackets."""

    assert [item.name for item in spec_of("bare", bare).parameters] == ["times"]
