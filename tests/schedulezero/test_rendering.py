"""A post as a run sends it: variables, turns and pings."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schedulezero.compose.rendering import length_of, rendered_post
from schedulezero.errors import ParameterError
from schedulezero.methods.variables import Facts

FACTS = Facts(now=datetime(2026, 12, 1, 18, tzinfo=UTC), number=3, server="Town")


def test_pings_come_before_the_text_and_everyone_is_written_as_such() -> None:
    post = rendered_post({"text": "Hi {server}", "role_ids": [1, "2", 1]}, FACTS, 3, guild_id="2")
    assert post.content == "@everyone <@&1> Hi Town"
    assert rendered_post({"text": "Hi", "ping": "here"}, FACTS, 3).content == "@here Hi"


def test_texts_within_embeds_polls_and_layouts_are_filled_in_but_addresses_are_not() -> None:
    embed = {
        "title": "Run {run}",
        "url": "https://example.org/{run}",
        "footer": {"text": "{server}", "icon_url": "attachment://{run}.png"},
        "fields": [{"name": "No.", "value": "{run}", "inline": True}],
        "timestamp": "now",
    }
    poll = {"question": "Who comes to {server}?", "answers": ["I", "{run}"], "hours": 24}
    layout = [{"type": 17, "components": [{"type": 10, "content": "{run}"}]}]
    post = rendered_post({"embeds": [embed], "poll": poll, "layout": layout}, FACTS, 3)
    assert post.embeds[0] == {
        "title": "Run 3",
        "url": "https://example.org/{run}",
        "footer": {"text": "Town", "icon_url": "attachment://{run}.png"},
        "fields": [{"name": "No.", "value": "3", "inline": True}],
        "timestamp": "2026-12-01T18:00:00Z",
    }
    assert post.poll == {"question": "Who comes to Town?", "answers": ["I", "3"], "hours": 24}
    assert post.layout[0]["components"][0]["content"] == "3"


def test_each_run_takes_its_turn() -> None:
    params = {"text": "one\n---\ntwo"}
    assert [rendered_post(params, FACTS, number).content for number in (1, 2, 3)] == ["one", "two", "one"]
    assert rendered_post(params, FACTS, 1).turns == 2
    assert rendered_post({}, FACTS, 1).empty


def test_an_unknown_variable_is_told() -> None:
    with pytest.raises(ParameterError) as caught:
        rendered_post({"embeds": [{"title": "{sever}"}]}, FACTS, 1)
    assert caught.value.code == "variable_unknown"


def test_the_length_of_an_embed_counts_what_discord_counts() -> None:
    embed = {"title": "ab", "description": "c", "author": {"name": "d"}, "footer": {"text": "e"},
             "fields": [{"name": "f", "value": "gh"}], "url": "https://example.org"}  # fmt: skip
    assert length_of(embed) == 8
