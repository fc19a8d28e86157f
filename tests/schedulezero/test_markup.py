"""Other people's text is shown as it was typed: nothing in it formats, links, pings, or costs much time."""

from __future__ import annotations

import re

import pytest

from schedulezero.methods.markup import escaped

# Read as: what somebody types, and what is sent to Discord.
TYPED = {
    "plain words, 3 of them": "plain words, 3 of them",
    "role_ids": "role\\_ids",
    "*a* **b** __c__ ~~d~~ ||e|| `f`": (
        "\\*a\\* \\*\\*b\\*\\* \\_\\_c\\_\\_ \\~\\~d\\~\\~ \\|\\|e\\|\\| \\`f\\`"
    ),
    "[a](b) [Free Nitro](https://evil.example)": "\\[a\\](b) \\[Free Nitro\\](https://evil.example)",
    "<x:/[click](https://evil.example)>": "\\<x:/\\[click\\](https://evil.example)>",
    "https://x.example/[click](https://evil.example)": (
        "https://x.example/\\[click\\](https://evil.example)"
    ),
    "https://x.example/a_b_c?d=*e*": "https://x.example/a_b_c?d=\\*e\\*",
    "</ban:123456789012345678>": "\\</ban:123456789012345678>",
    "<t:1:R> <#5> <id:browse>": "\\<t:1:R> \\<#5> \\<id:browse>",
    "@everyone <@123456789012345678>": "@\u200beveryone \\<@\u200b123456789012345678>",
    "# big": "\\# big",
    "a\n- b\n  > c\n1. d\n31. December": "a\n\\- b\n  \\> c\n1\\. d\n31\\. December",
    "\\": "\\\\",
    "a\u202eb\x1bc\x07d\u2066e": "abcde",
    "👩\u200d🚀 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f": (
        "👩\u200d🚀 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
    ),
}


@pytest.mark.parametrize("typed", TYPED)
def test_markup_is_shown_and_not_obeyed(typed: str) -> None:
    assert escaped(typed) == TYPED[typed]


@pytest.mark.parametrize("piece", ["[x](", "<", "<@", "https://", "_", "`", "\t", "1.", "@here", "[", "\\"])
def test_a_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    shown = escaped(piece * 100_000)  # cubic time, as in discord.py, would take days
    assert len(shown) >= len(piece) * 100_000
    assert not re.search(r"(?<!\\)[\[`_]", shown)
