"""What a job function declares, and how its parameters are checked."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

import pytest

from schedulezero.errors import ParameterError
from schedulezero.methods.parameters import Kind, kind_of
from schedulezero.methods.spec import Need, best_matches, needs, spec_of
from schedulezero.methods.values import check_params


class PartyParams(TypedDict):
    channel_id: int
    balloons: int
    motto: NotRequired[str]


@needs(Need("send_messages", channel="channel_id"))
async def party(bot: Any, params: PartyParams) -> None:
    """Throw a party."""


def sweep(bot: Any, params: dict[str, Any]) -> None:
    """Sweep the floor.

    It does so quietly.

    Params:
        channel_id: int - Where to sweep
        limit: int - How many (default 100)
        age_days: float - Only older ones, which
            are the dusty ones (optional)
        loud: bool - With noise (optional)
        message: str
        tags: list - Which tags (optional)

    Returns:
        dict: what was swept
    """


def test_the_params_block_is_read() -> None:
    spec = spec_of("sweep", sweep)  # type: ignore[arg-type]
    assert spec.summary == "Sweep the floor."
    assert [(p.name, p.kind, p.required, p.default) for p in spec.parameters] == [
        ("channel_id", Kind.CHANNEL, True, None),
        ("limit", Kind.INTEGER, False, "100"),
        ("age_days", Kind.NUMBER, False, None),
        ("loud", Kind.BOOLEAN, False, None),
        ("message", Kind.LONG_TEXT, True, None),
        ("tags", Kind.LIST, False, None),
    ]
    assert spec.parameters[2].help == "Only older ones, which are the dusty ones"
    assert spec.parameters[0].label == "Channel"


def test_a_typed_dict_says_the_same() -> None:
    spec = spec_of("party", party)  # type: ignore[arg-type]
    assert [(p.name, p.kind, p.required) for p in spec.parameters] == [
        ("channel_id", Kind.CHANNEL, True),
        ("balloons", Kind.INTEGER, True),
        ("motto", Kind.TEXT, False),
    ]
    assert spec.needs == (Need("send_messages", channel="channel_id"),)


def test_a_function_that_declares_nothing_takes_anything() -> None:
    spec = spec_of("anything_goes", lambda bot, params: None)
    assert (spec.summary, spec.parameters) == ("anything goes", ())
    assert check_params(spec, {"a": 1, "_meta": {}}) == {"a": 1}


@pytest.mark.parametrize(
    ("name", "type_text", "kind"),
    [
        ("channel_id", "int", Kind.CHANNEL),
        ("log_channel_id", "str", Kind.CHANNEL),
        ("channel_ids", "list[int]", Kind.CHANNELS),
        ("user_ids", "list", Kind.USERS),
        ("member_id", "int", Kind.USER),
        ("guild_id", "int", Kind.GUILD),
        ("color", "int | str", Kind.COLOUR),
        ("image_url", "str", Kind.URL),
        ("reason", "str", Kind.LONG_TEXT),
        ("embed", "dict", Kind.OBJECT),
        ("count", "int", Kind.INTEGER),
        ("word", "", Kind.TEXT),
    ],
)
def test_what_a_parameter_is_follows_from_name_and_type(name: str, type_text: str, kind: Kind) -> None:
    assert kind_of(name, type_text) is kind


@pytest.mark.parametrize("value", [0, -1, 2**64, "", "12x", "１２", None, [], {}, True, 1.5, "9" * 400])
def test_what_is_no_id_is_refused(value: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        check_params(spec_of("sweep", sweep), {"channel_id": value, "message": ""})  # type: ignore[arg-type]
    assert caught.value.parameter == "channel_id"


def test_an_optional_parameter_may_be_null_or_empty() -> None:
    params = {"channel_id": 1, "message": "", "limit": None, "tags": None}
    assert check_params(spec_of("sweep", sweep), params) == {"channel_id": 1, "message": ""}  # type: ignore[arg-type]


def test_suggestions_put_names_before_descriptions() -> None:
    specs = [spec_of("clean", sweep), spec_of("sweep_floor", sweep), spec_of("floor_show", sweep)]  # type: ignore[arg-type]
    assert [spec.name for spec in best_matches(specs, "floor")] == ["floor_show", "sweep_floor", "clean"]
    assert [spec.name for spec in best_matches(specs, "the floor")] == ["clean", "sweep_floor", "floor_show"]
    assert best_matches(specs, "zebra") == []
    assert len(best_matches(specs, "")) == 3
