"""What people paste from other editors and bots: read into a post, or refused with where and why."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from schedulezero.compose.discohook import Pasted, read_pasted
from schedulezero.compose.parts import EmbedParts, LinkButton, PollParts
from schedulezero.compose.pasted import MOST_CHARACTERS, PasteUnreadable

HELLO = {"content": "Hello"}


def link(data: object, host: str = "https://discohook.org/?data=") -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")
    return host + encoded


def backup(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"version": "d2", "messages": [{"_id": "a1", "data": item} for item in messages], **more}


def embed(**values: Any) -> dict[str, Any]:
    return {"embeds": [values]}


# Read as: what was pasted (an object stands for its JSON), and the values of the post.
READ: list[tuple[Any, dict[str, Any]]] = [
    (HELLO, {"text": "Hello"}),
    (backup(HELLO), {"text": "Hello"}),
    ({"version": 7, "backups": [{"name": "News", "messages": [{"data": HELLO}]}]}, {"text": "Hello"}),
    ([HELLO], {"text": "Hello"}),
    ([{"data": HELLO}], {"text": "Hello"}),
    ({"title": "Party"}, embed(title="Party")),
    ([{"title": "One"}, {"description": "Two"}], {"embeds": [{"title": "One"}, {"description": "Two"}]}),
    ({"embed": {"title": "Party"}, "content": "Look"}, {"text": "Look", **embed(title="Party")}),
    ({"embeds": [{"title": "A", "color": 16711680}]}, embed(title="A", color=0xFF0000)),
    ({"title": "A", "color": "#ff0000"}, embed(title="A", color=0xFF0000)),
    ({"title": "A", "color": "0xFF0000"}, embed(title="A", color=0xFF0000)),
    ({"title": "A", "color": "10233776"}, embed(title="A", color=10233776)),
    ({"title": "A", "color": "#f00"}, embed(title="A", color=0xFF0000)),
    ({"title": "A", "color": "#5029"}, embed(title="A", color=0x005029)),
    ({"title": "A", "color": [255, 0, 0]}, embed(title="A", color=0xFF0000)),
    ({"title": "A", "color": "red"}, embed(title="A", color=0xE74C3C)),
    ({"title": "A", "color": None}, embed(title="A")),
    ({"title": "A", "color": 5793266.0}, embed(title="A", color=0x5865F2)),
    (
        {"title": "A", "timestamp": "2027-01-31T18:00:00.000Z"},
        embed(title="A", timestamp="2027-01-31T18:00:00+00:00"),
    ),
    ({"title": "A", "timestamp": "2027-01-31"}, embed(title="A", timestamp="2027-01-31T00:00:00+00:00")),
    ({"title": "A", "timestamp": 1801418400}, embed(title="A", timestamp="2027-01-31T18:00:00+00:00")),
    ({"title": "A", "timestamp": 1801418400000}, embed(title="A", timestamp="2027-01-31T18:00:00+00:00")),
    ({"title": "A", "timestamp": True}, embed(title="A", timestamp="now")),
    ({"title": "A", "image": "https://x.org/a.png"}, embed(title="A", image={"url": "https://x.org/a.png"})),
    ({"title": "A", "image": {"url": ""}, "thumbnail": {}, "footer": {}, "fields": []}, embed(title="A")),
    ({"title": "A", "footer": "small"}, embed(title="A", footer={"text": "small"})),
    (
        {"title": "A", "author": {"name": "Ann", "iconURL": "https://x.org/a.png"}},
        embed(title="A", author={"name": "Ann", "icon_url": "https://x.org/a.png"}),
    ),
    (
        {"fields": [{"name": "When", "value": 9, "inline": "true"}]},
        embed(fields=[{"name": "When", "value": "9", "inline": True}]),
    ),
    ({"plainText": "Hi", "title": "A", "color": 53380}, {"text": "Hi", **embed(title="A", color=53380)}),
    (
        {
            "content": "Hi",
            "embeds": [{"description": "B", "color": "#53dbff", "thumbnail": "https://x.org/t.png"}],
        },
        {"text": "Hi", **embed(description="B", color=0x53DBFF, thumbnail={"url": "https://x.org/t.png"})},
    ),
    (
        {**HELLO, "username": "Herald", "avatar_url": "https://x.org/h.png", "thread_name": "News"},
        {"text": "Hello", "name": "Herald", "avatar_url": "https://x.org/h.png", "title": "News"},
    ),
    ({**HELLO, "flags": 4096 + 4}, {"text": "Hello", "silent": True, "no_previews": True}),
    (
        {
            **HELLO,
            "components": [
                {
                    "type": 1,
                    "components": [
                        {
                            "type": 2,
                            "style": 5,
                            "label": "Map",
                            "url": "https://x.org",
                            "emoji": {"name": "🗺"},
                        },
                        {"type": 2, "style": 5, "url": "https://y.org", "emoji": {"name": "p", "id": "5"}},
                    ],
                }
            ],
        },
        {
            "text": "Hello",
            "buttons": [
                {"label": "Map", "url": "https://x.org", "emoji": "🗺"},
                {"label": "", "url": "https://y.org", "emoji": "<:p:5>"},
            ],
        },
    ),
    (
        {
            "poll": {
                "question": {"text": "Lunch?"},
                "answers": [{"poll_media": {"text": "Pizza"}}, {"poll_media": {"text": "Soup"}}],
                "duration": 8,
                "allow_multiselect": True,
            }
        },
        {"poll": {"question": "Lunch?", "answers": ["Pizza", "Soup"], "hours": 8, "several": True}},
    ),
    (
        {"components": [{"type": 17, "id": 3, "components": [{"type": 10, "content": "Hi"}]}]},
        {"layout": [{"type": 17, "components": [{"type": 10, "content": "Hi"}]}]},
    ),
    (f"```json\n{json.dumps(HELLO)}\n```", {"text": "Hello"}),
    (f"Here it is:\n```\n{json.dumps(HELLO)}\n```\nthanks", {"text": "Hello"}),
    ('```cembed "title" "A"```', embed(title="A")),
    ('\ufeff{"content": "```py\\nprint()\\n```"}', {"text": "```py\nprint()\n```"}),
    (link(backup(HELLO)), {"text": "Hello"}),
    (link(backup(HELLO), "https://discohook.app/?data="), {"text": "Hello"}),
    (f"<{link(backup(HELLO))}>", {"text": "Hello"}),
    (
        "https://glitchii.github.io/embedbuilder/?data="
        + base64.b64encode(b"%7B%22content%22%3A%22H%C3%A9%22%7D").decode(),
        {"text": "Hé"},
    ),
    ('-customembed {"title": "A"}', embed(title="A")),
    ('.say #news {"title": "A"}', embed(title="A")),
    ('{embed:{"title": "A"}}', embed(title="A")),
    (
        '{{ $e := cembed "title" "A" "color" 0xff0000 "fields" '
        '(cslice (sdict "name" "N" "value" `V` "inline" true)) }}'
        "\n{{ sendMessage nil $e }}",
        embed(title="A", color=0xFF0000, fields=[{"name": "N", "value": "V", "inline": True}]),
    ),
    (
        '{{ sendMessage nil (complexMessage "content" "Hi" "embed" (cembed "title" "A")) }}',
        {"text": "Hi", **embed(title="A")},
    ),
    ({"content": "On {date}"}, {"text": "On {date}"}),
    (
        {
            "poll": {
                "question": {"text": "{{user}}?"},
                "answers": [{"poll_media": {"text": "{{user}} {run}"}}],
            }
        },
        {"poll": {"question": "{{{{user}}?", "answers": ["{{{{user}} {run}"], "hours": 24, "several": False}},
    ),
    ({"content": "a\n---\nb"}, {"text": "a\n\u200b---\nb"}),
    ({"content": "{{user}} of {server}"}, {"text": "{{{{user}} of {server}"}),
    (
        {"title": "A", "image": {"url": "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3"}},
        embed(title="A", image={"url": "https://cdn.discordapp.com/attachments/1/2/a.png"}),
    ),
]


def read(pasted: Any) -> Pasted:
    return read_pasted(pasted if isinstance(pasted, str) else json.dumps(pasted))


@pytest.mark.parametrize(("pasted", "values"), READ)
def test_it_is_read(pasted: Any, values: dict[str, Any]) -> None:
    found = read(pasted)
    assert (dict(found.values), found.faults) == (values, ())
    for item in found.values.get("embeds", []):
        assert EmbedParts.model_validate(item).to_json() == item
    for item in found.values.get("buttons", []):
        LinkButton.model_validate(item)
    if "poll" in found.values:
        PollParts.model_validate(found.values["poll"])


# Read as: what was pasted, and what doesn't go along: place → code.
LEFT: list[tuple[dict[str, Any], dict[str, str]]] = [
    (backup(HELLO, {"content": "two"}), {"messages": "paste_left_messages"}),
    (
        backup(HELLO, targets=[{"url": "https://discord.com/api/webhooks/1/secret"}]),
        {"targets": "paste_left_targets"},
    ),
    ({**HELLO, "attachments": [{"id": "1"}]}, {"attachments": "paste_left_files"}),
    ({**HELLO, "tts": True}, {"tts": "paste_left_tts"}),
    ({**HELLO, "banner": 1}, {"banner": "paste_left_key"}),
    ({**HELLO, "allowed_mentions": {"parse": ["roles"]}}, {"allowed_mentions": "paste_left_mentions"}),
    ({"content": "Hi {user.mention} and {user}"}, {"content": "paste_left_variable"}),
    ({"title": "A", "video": {"url": "https://x.org"}}, {"embeds[0].video": "paste_left_by_discord"}),
    ({"title": "A", "image": {"url": "attachment://a.png"}}, {"embeds[0].image": "paste_left_attachment"}),
    ({"title": "A", "thumbnail": "%user.avatar%"}, {"embeds[0].thumbnail": "paste_left_address"}),
    (
        {"title": "A", "author": {"icon_url": "https://x.org/a.png"}},
        {"embeds[0].author": "paste_left_without_text"},
    ),
    ({"title": "A", "color": "RANDOM"}, {"embeds[0].color": "paste_left_colour"}),
    ({"title": "A", "color": "Default"}, {}),
    ({**HELLO, "embeds": [{"color": 1}]}, {"embeds[0]": "paste_left_empty_embed"}),
    (
        {
            **HELLO,
            "components": [
                {"type": 1, "components": [{"type": 3, "custom_id": "x"}]},
                {"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "y"}]},
            ],
        },
        {
            "components[0].components[0]": "paste_left_menu",
            "components[1].components[0]": "paste_left_button",
        },
    ),
    (
        {**HELLO, "components": [{"type": 10, "content": "Hi"}]},
        {"components": "paste_left_beside_layout"},
    ),
    (
        {"components": [{"type": 10, "content": "Hi"}, {"type": 13, "file": {"url": "attachment://a.pdf"}}]},
        {"components[1]": "paste_left_attachment"},
    ),
]


@pytest.mark.parametrize(("pasted", "left"), LEFT)
def test_what_stays_out_is_listed_with_the_reason(pasted: dict[str, Any], left: dict[str, str]) -> None:
    found = read(pasted)
    assert {item.place: item.why.code for item in found.left} == left and not found.faults
    assert "secret" not in repr(found)


# Read as: what was pasted, and what Discord would refuse: place → code.
FAULTS: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"content": "x" * 2001}, {"content": "paste_too_long"}),
    ({"title": "x" * 257}, {"embeds[0].title": "paste_too_long"}),
    ({"title": ["x"]}, {"embeds[0].title": "paste_not_text"}),
    ({"title": "A", "color": "no"}, {"embeds[0].color": "paste_not_colour"}),
    ({"title": "A", "color": 0x1000000}, {"embeds[0].color": "paste_not_colour"}),
    ({"title": "A", "timestamp": "tomorrow"}, {"embeds[0].timestamp": "paste_not_time"}),
    ({"title": "A", "timestamp": 1e300}, {"embeds[0].timestamp": "paste_not_time"}),
    ({"title": "A", "fields": {"1": {}}}, {"embeds[0].fields": "paste_not_list"}),
    (
        {"embeds": [{"title": "A"}, {"title": "B"}, {"fields": [{"name": "", "value": "x"}]}]},
        {"embeds[2].fields[0].name": "paste_empty_part"},
    ),
    ({"embeds": [{"title": "A"}] * 11}, {"embeds": "paste_too_many"}),
    ({"embeds": [{"description": "x" * 3001}] * 2}, {"embeds": "paste_too_long"}),
    ({"title": "A", "fields": [{"name": "n", "value": "v"}] * 26}, {"embeds[0].fields": "paste_too_many"}),
    ({"embeds": "A"}, {"embeds": "paste_not_list"}),
    ({**HELLO, "username": "x" * 81}, {"username": "paste_too_long"}),
    ({"poll": {"question": {"text": "Q"}, "answers": []}}, {"poll.answers": "paste_empty_part"}),
    (
        {"poll": {"question": {"text": "Q"}, "answers": [{"poll_media": {"text": "x" * 56}}]}},
        {"poll.answers[0]": "paste_too_long"},
    ),
]


@pytest.mark.parametrize(("pasted", "faults"), FAULTS)
def test_what_discord_would_refuse_is_named_by_its_place(
    pasted: dict[str, Any], faults: dict[str, str]
) -> None:
    assert {item.place: item.why.code for item in read(pasted).faults} == faults


# Read as: what was pasted, the error's code, and its values that say where.
REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("", "paste_empty", {}),
    ("``` \n```", "paste_empty", {}),
    ("Hello everybody", "paste_plain_text", {}),
    ("{", "paste_cut_off", {"line": 1}),
    ('{\n  "content": "Hel', "paste_cut_off", {"line": 2}),
    ('{\n  "content": "Hello",\n}', "paste_trailing_comma", {"line": 2, "column": 21}),
    ('```json\n{"a": [1,\n]}\n```', "paste_trailing_comma", {"line": 2, "column": 9}),
    ('{\n "content": “Hello”}', "paste_quotes", {"line": 2, "column": 13}),
    ("{'content': 'Hello'}", "paste_quotes", {"line": 1, "column": 2}),
    ('{"content": "Hel\nlo"}', "paste_line_break", {"line": 1}),
    ('{"content" "Hello"}', "paste_not_json", {"line": 1, "column": 12}),
    ('{"title": NaN}', "paste_constant", {"name": "NaN"}),
    ('{"color": ' + "9" * 5000 + "}", "paste_number_too_long", {}),
    ("[" * 100_000, "paste_too_deep", {}),
    ("[" * 40 + "]" * 40, "paste_too_deep", {}),
    (json.dumps([[1] * 30_000]), "paste_too_many_values", {}),
    ("x" * (MOST_CHARACTERS + 1), "paste_too_large", {"size": 512}),
    ("[]", "paste_without_post", {}),
    ("{}", "paste_without_post", {}),
    ("3", "paste_without_post", {}),
    ('{"messages": []}', "paste_without_post", {}),
    ('{"id": "5", "name": "x"}', "paste_without_post", {}),
    ('["a"]', "paste_without_post", {}),
    ("https://share.discohook.app/go/abc123", "paste_short_link", {}),
    ("https://discohook.app/?share=abc123", "paste_short_link", {}),
    ("https://discohook.org/?data=%%%", "paste_link_broken", {}),
    ("https://discohook.org/?data=eyJ", "paste_cut_off", {}),
    ("https://discord.com/channels/1/2/3", "paste_message_link", {}),
    ("https://pastebin.com/abc", "paste_link_unopened", {}),
    ("https://[::1", "paste_link_broken", {}),
    ("{{ cembed $title }}", "paste_template_unreadable", {}),
    ("{{ cembed" + " (sdict" * 500 + ")" * 500, "paste_template_unreadable", {}),
]


@pytest.mark.parametrize(("pasted", "code", "values"), REFUSED)
def test_it_is_refused_with_where_and_why(pasted: str, code: str, values: dict[str, Any]) -> None:
    with pytest.raises(PasteUnreadable) as caught:
        read_pasted(pasted)
    assert caught.value.code == code
    assert {name: caught.value.values[name] for name in values} == values


def test_the_notes_are_bounded() -> None:
    found = read({**HELLO, **{f"key{number}": 1 for number in range(1000)}})
    assert len(found.left) == 40


@pytest.mark.parametrize(
    "part", ["\n", " ", "a\n", "`", "```", "```\n", "[", "{ ", "<@", "a ", '"', "\\", ",", "%"]
)
@pytest.mark.parametrize(
    "begin", ["```", "say <@", "{{cembed ", "https://discohook.app/?data=", '{"a": "', "["]
)
def test_a_hostile_text_takes_no_time(begin: str, part: str) -> None:
    text = begin + part * ((MOST_CHARACTERS - len(begin)) // len(part))
    before = time.process_time()
    with pytest.raises(PasteUnreadable):
        read_pasted(text)
    assert time.process_time() - before < 1
