"""What is clicked and submitted finds what it does, by its custom id alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.config import Settings
from cogs.admin_cog import DESK
from cogs.desk.kit.components import DeskButton
from cogs.desk.kit.context import Desk
from cogs.desk.kit.dispatch import Dispatcher, Panel
from tests.support.foreign_guild import forged
from tests.support.world import World, a_world, said


async def nothing(desk: Desk, target: str) -> None:
    """Does nothing."""


async def no_form(desk: Desk, target: str, fields: Mapping[str, Any]) -> None:
    """Takes in nothing."""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Panel("job", clicks={"show": nothing}), Panel("job", clicks={"show": nothing})),
        (Panel("job", clicks={"show": nothing}), Panel("job", opens={"show": nothing})),
        (Panel("job", opens={"show": nothing}), Panel("job", clicks={"show": nothing})),
        (Panel("job", forms={"show": no_form}), Panel("job", forms={"show": no_form})),
    ],
)
def test_two_actions_of_one_name_are_refused(one: Panel, other: Panel) -> None:
    with pytest.raises(ValueError, match="two actions are called job:show"):
        Dispatcher((one, other))


def test_panels_may_share_a_name_and_a_form_the_name_of_what_opens_it() -> None:
    shared = Dispatcher(
        (
            Panel("job", clicks={"show": nothing}),
            Panel("job", opens={"edit": nothing}, forms={"edit": no_form}),
        )
    )
    assert set(shared.clicks) == {("job", "show")}
    assert set(shared.opens) == set(shared.forms) == {("job", "edit")}


def test_what_cannot_be_a_custom_id_is_not_made_into_one() -> None:
    with pytest.raises(ValueError, match="cannot be the end of a custom id"):
        DeskButton("job", "show", "two words", "Look")


async def test_a_click_on_what_no_longer_is_there_is_answered(world: World) -> None:
    message = await forged(world, world.channel, DeskButton("gone", "away", "x", "Old"))
    assert "is from an older version" in said(await world.admin.click(message, label="Old"))


async def test_discord_py_keeps_no_view_of_the_desk(world: World) -> None:
    """A panel that is open for months costs no memory: its clicks are found by their custom id."""
    shown = await world.admin.slash(world.channel, "schedule list")
    assert "Nothing is scheduled here yet" in said(shown)
    assert list(world.bot.persistent_views) == []
    assert "Nothing is scheduled here yet" in said(await world.admin.click(shown.response, label="Refresh"))  # type: ignore[arg-type]


def test_every_panel_of_the_desk_is_in_the_table() -> None:
    names = {panel for panel, _ in (*DESK.clicks, *DESK.opens, *DESK.forms)}
    assert names == {
        "alert", "audit", "bulk", "calendar", "draft", "drafts", "embeds", "feeds", "fields", "files",
        "history", "import", "job", "layout", "links", "list", "own", "paste", "poll", "queue", "run",
        "setup", "sprocket", "start", "texts", "tmpl", "tools", "trial", "zone",
    }  # fmt: skip


async def test_a_bot_with_shards_has_a_desk_too(settings: Settings) -> None:
    async with a_world(settings.model_copy(update={"shards": 1})) as world:
        assert "**Handler:**" in said(await world.owner.slash(world.channel, "schedule status"))
