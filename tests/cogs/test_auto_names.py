"""What a job is called that nobody named."""

from __future__ import annotations

from typing import Any

import pytest

from cogs.desk.drafts.auto_names import auto_name
from schedulezero.compose.typed_text import Directory, directory_of
from sprockets.composer_sprocket import send_post


def here() -> Directory:
    return directory_of(channels=[(1, "news"), (2, "talk")])


# Read as: what a post has, and the name of its job.
POSTS: list[tuple[dict[str, Any], str]] = [
    ({"text": "@silent **Hello** everybody!\nMore"}, "Hello everybody!"),
    ({"title": "Ideas of the week", "text": "Hello"}, "Ideas of the week"),
    ({"embeds": [{"color": 1}, {"title": "", "description": "## The rules"}]}, "The rules"),
    ({"poll": {"question": "Lunch?", "answers": ["Pizza"]}}, "Lunch?"),
    (
        {"layout": [{"type": 17, "components": [{"type": 14}, {"type": 10, "content": "# Party"}]}]},
        "Party",
    ),
    ({"files": [{"file": "0" * 64, "name": "a.png"}]}, "Post in #news, #talk"),
    ({"embeds": "not JSON", "poll": ["?"], "layout": [None, {"components": 3}]}, "Post in #news, #talk"),
]


@pytest.mark.parametrize(("params", "name"), POSTS)
def test_the_name_of_a_post(params: dict[str, Any], name: str) -> None:
    assert auto_name(send_post.spec, {"channel_ids": [1, 2], **params}, here()) == name
