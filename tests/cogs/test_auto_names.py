"""What a job is called that nobody named."""

from __future__ import annotations

from typing import Any

import pytest

from cogs.desk.drafts.auto_names import auto_name
from cogs.language import speaking
from schedulezero.compose.typed_text import Directory, directory_of
from sprockets.composer_sprocket import send_post
from sprockets.moderation_sprocket import lockdown_channel


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


@pytest.mark.parametrize(
    ("locale", "lasts", "name"),
    [
        ("en-GB", "until 7", "Lock #news, until 7"),
        ("en-GB", "till half past 6", "Lock #news, till half past 6"),
        ("en-GB", "8 hours", "Lock #news, for 8 hours"),
        ("de", "bis 6 Uhr früh", "#news sperren, bis 6 Uhr früh"),
        ("fr", "jusqu'à 7 heures du matin", "Verrouiller #news, jusqu'à 7 heures du matin"),
        ("fr", "jusqu’à 7 heures", "Verrouiller #news, jusqu’à 7 heures"),
        ("es-ES", "hasta las 7", "Bloquear #news, hasta las 7"),
        ("pt-BR", "até às 7", "Bloquear #news, até às 7"),
    ],
)
def test_the_name_of_a_lock_says_how_long(locale: str, lasts: str, name: str) -> None:
    with speaking(locale):
        assert auto_name(lockdown_channel.spec, {"channel_id": 1, "lasts": lasts}, here()) == name
