"""A draft without a time offers some, as buttons on its card and in the form of its time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cogs.desk.kit.suggesting import handy_choices
from cogs.language import speaking
from schedulezero.when.language.handy import Handy
from tests.support.scheduling import hello
from tests.support.text import text_of
from tests.support.world import World, custom_id, labels, pick, press

OFFERED = ("In an hour", "This evening, ", "Tomorrow, ", "Monday, ")


async def a_draft_without_time(world: World) -> Any:
    shown = await world.admin.slash(world.channel, "schedule create")
    await pick(world.admin, shown.response, ".posts", ["send_post"])
    form = await press(world.admin, shown.response, ".post")
    await world.admin.submit_modal(form, {"p:channel_ids": [world.channel], "p:text": "Hello"})
    return shown.response


async def test_a_time_is_chosen_with_one_tap(world: World) -> None:
    card = await a_draft_without_time(world)
    offered = [label for label in labels(card) if label.startswith(OFFERED)]
    assert (
        "In an hour" in offered and len(offered) >= 2
    )  # late on a Sunday, no evening and no other Monday is left
    await world.admin.click(card, label="In an hour")
    assert "Confirm" in labels(card) and not [item for item in labels(card) if item.startswith(OFFERED)]
    await world.admin.click(card, label="Confirm")
    assert "Scheduled: Hello" in text_of(card)


async def test_a_time_is_picked_in_the_form_instead_of_typed(world: World) -> None:
    card = await a_draft_without_time(world)
    form = await press(world.admin, card, ".when")
    assert form.modal is not None
    (field,) = [item for item in form.modal["components"] if item["component"]["custom_id"] == "soon"]
    value = field["component"]["options"][0]["value"]
    await world.admin.submit_modal(form, {"soon": [value]})
    assert "Confirm" in labels(card)


async def test_equal_names_are_numbered(world: World) -> None:
    for name in ("Scheduled: Hello", "Scheduled: Hello (2)"):
        preview = await world.draft(world.admin, "send_announcement", hello(world), "tomorrow at 9")
        await world.admin.click(preview.response, label="Confirm")  # type: ignore[arg-type]
        assert name in text_of(preview.response)
    assert custom_id(preview.response, "job:run:")


def test_an_evening_that_begins_in_the_afternoon_is_not_called_evening() -> None:
    found = [(Handy.EVENING, datetime(2026, 12, 24, hour, tzinfo=UTC)) for hour in (16, 19)]
    labels_of = [label for label, _ in handy_choices(found, "UTC")]
    assert labels_of == ["Today, 16:00", "This evening, 19:00"]
    with speaking("pt-BR"):
        assert [label.partition(",")[0] for label, _ in handy_choices(found, "UTC")] == [
            "Hoje",
            "Hoje à noite",
        ]
