"""The card of a post stays within Discord's limit of components, whatever there is to say and to offer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from discord import ui

from cogs.desk.drafts.draft import HIDDEN, Filled
from cogs.desk.drafts.draft_card import draft_panel
from cogs.desk.drafts.post_preview import Post
from cogs.desk.drafts.review import Review
from cogs.desk.kit.layout import MOST_COMPONENTS, count_of
from cogs.memory import Draft
from schedulezero.methods.spec import spec_of
from sprockets.composer_sprocket import send_post

SPEC = spec_of("send_post", send_post)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
EMBED = {"title": "A", "image": {"url": "https://example.org/a.png"}, "footer": "f"}
POST = Post("Hello", (EMBED,) * 10, ("a.png", "a poll"))
HANDY = tuple((f"in {hours} hours", f"2026-11-24T0{hours}:00:00+00:00") for hours in range(1, 6))


@pytest.mark.parametrize("is_edit", [False, True])
@pytest.mark.parametrize("handy", [(), HANDY])
def test_everything_at_once_fits_with_the_button_for_more(
    is_edit: bool, handy: tuple[tuple[str, str], ...]
) -> None:
    draft = Draft(
        "d1", "42", "7", SPEC.name, {HIDDEN: ["text"], "embeds": [dict(EMBED)]}, "" if handy else "noon?",
        job_id="j1" if is_edit else None,
    )  # fmt: skip
    wrong = Filled({}, {"tags": "wrong"}, tuple(item for item in SPEC.parameters if item.required))
    reviewed = Review(
        wrong, None, None, "UTC", "unclear", ["no right"], offers=("12:00", "0:00"), cautions=("a", "b", "c"),
        handy=handy,
    )  # fmt: skip
    panel = draft_panel(
        SPEC, draft, reviewed, now=NOW, post=POST, notice="a file", told="one\ntwo", queues=[("q", "Queue")]
    )
    assert count_of(panel) <= MOST_COMPONENTS
    labels = [item.label for item in panel.walk_children() if isinstance(item, ui.Button)]
    assert {"More…", "Discard", "Show exact preview"} <= set(labels)


def test_a_plain_card_offers_all_and_shows_the_post() -> None:
    draft = Draft("d1", "42", "7", SPEC.name, {"text": "Hello"}, "")
    reviewed = Review(Filled({"text": "Hello"}, {}, ()), None, None, "UTC", None, [], handy=HANDY)
    panel = draft_panel(SPEC, draft, reviewed, now=NOW, post=Post("Hello"), queues=[("q", "Queue")])
    said = str([item.content for item in panel.walk_children() if isinstance(item, ui.TextDisplay)])
    asked = {item.placeholder for item in panel.walk_children() if isinstance(item, ui.Select)}
    labels = {item.label for item in panel.walk_children() if isinstance(item, ui.Button)}
    assert "Add to a queue…" in asked and "More…" in labels and HANDY[0][0] in labels
    assert "This is how it will look" in said and count_of(panel) <= MOST_COMPONENTS
