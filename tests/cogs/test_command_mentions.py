"""Commands in the bot's own texts open with a click, once Discord has given them ids."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cogs import command_mentions
from cogs.command_mentions import learn, mention_of, with_mentions
from tests.support.text import text_of
from tests.support.world import World

_LISTED = [
    {"id": "1", "name": "schedule", "type": 1, "options": [
        {"type": 1, "name": "create", "options": [{"type": 3, "name": "job"}]},
        {"type": 2, "name": "group", "options": [{"type": 1, "name": "deep"}]},
    ]},
    {"id": "2", "name": "sprockets", "options": [{"type": 3, "name": "name"}]},
    {"id": "3", "name": "Schedule this message", "type": 3},
]  # fmt: skip


@pytest.fixture
def known() -> Iterator[None]:
    before = dict(command_mentions._ids)
    learn(_LISTED)
    yield
    command_mentions._ids.clear()
    command_mentions._ids.update(before)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(("text", "said"), [
    ("Use `/schedule create`.", "Use </schedule create:1>."),
    ("`/schedule create job:` finds it", "</schedule create:1> `job:` finds it"),
    ("`/schedule group deep`", "</schedule group deep:1>"),
    ("`/sprockets`", "</sprockets:2>"),
    ("`/schedule` has parts, `/load_sprocket` is the owner's", None),
    ("/schedule create, `cat /schedule create`, ``/Schedule this message``", None),
])  # fmt: skip
def test_a_command_in_code_becomes_a_mention(text: str, said: str | None) -> None:
    assert with_mentions(text) == (said or text)


@pytest.mark.usefixtures("known")
def test_a_command_that_is_not_known_stays_in_code() -> None:
    assert mention_of("schedule create") == "</schedule create:1>"
    learn([])
    assert mention_of("schedule create") == "`/schedule create`"


async def test_an_empty_list_offers_the_command(world: World) -> None:
    offered = await world.bot.services.commands.offered(world.bot)
    shown = await world.admin.slash(world.channel, "schedule list")
    assert f"</schedule create:{offered.ids['schedule:1']}>" in text_of(shown.response)
