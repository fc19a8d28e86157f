"""The parts of a post in words: embeds, files, link buttons, polls and layouts, as cards and lists tell them.

The values come from drafts and jobs, where anybody may have written anything, so every key is optional here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from cogs.desk.kit.wording import cut, plain
from cogs.language import in_quotes, mark, mebibytes, t, tn, with_colon
from schedulezero.methods.parameters import Kind

_LONGEST_NAME = 60
_MOST_NAMED = 10


def in_words(kind: Kind, value: object) -> str | None:
    """Return a part of a post on one line; None for a kind that is no such part, or an unreadable value."""
    say = _WORDS.get(kind)
    if say is None:
        return None
    try:
        return say(value)
    except (AttributeError, TypeError, ValueError):
        return None  # not of the part's form; the job refuses it with its own sentence


def part_lines(kind: Kind, value: object) -> list[str] | None:
    """Return all that a part says, line by line, for someone who has to read it all; None if it is no part.

    The lines are as somebody wrote them: whoever shows them escapes them.
    """
    if kind not in _WORDS:
        return None
    if kind is Kind.FILES:  # what is in a file is seen in the post; its digest says nothing to people
        value = [{key: item for key, item in file.items() if key != "file"} for file in entries(value)]
    return list(_lines_of(value, "", layout=kind is Kind.LAYOUT))


def _lines_of(value: object, before: str, *, layout: bool) -> Iterator[str]:
    """Yield each text, number and address within a value, behind what it is."""
    if isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            name = before if key in _SAID_BY_ITS_PART else f"{before}{' · ' if before else ''}{_key(key)}"
            yield from _lines_of(item, name, layout=layout)
    elif isinstance(value, list):
        items = cast("list[Any]", value)
        for number, item in enumerate(items, 1):
            yield from _lines_of(
                item, f"{before} {number}".strip() if len(items) > 1 else before, layout=layout
            )
    elif isinstance(value, bool):
        yield with_colon(before) + (f" {t('yes')}" if value else f" {t('no')}")
    elif value is not None and not (layout and isinstance(value, int)):  # numbers only arrange a layout
        first, *rest = str(value).splitlines() or [""]
        yield f"{with_colon(before)} {first}" if before else first
        yield from (f"  {line}" for line in rest)


def _key(key: str) -> str:
    return t(_KEYS[key]) if key in _KEYS else key


def named_in_words(name: str, value: object) -> str | None:
    """Return a part by its name in the params of ``send_post``, where the job's declaration isn't known."""
    kind = _NAMED.get(name)
    is_part = isinstance(value, dict) if kind is Kind.POLL else bool(entries(value))
    return in_words(kind, value) if kind is not None and is_part else None


def entries(value: object) -> list[dict[str, Any]]:
    """Return the entries of a list of JSON objects; what is none of them is left out."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def embed_name(embed: dict[str, Any]) -> str:
    """Return what an embed is called in a list: its title, or the beginning of its text."""
    fields = entries(embed.get("fields"))
    author: Any = embed.get("author")
    texts = (
        embed.get("title"),
        embed.get("description"),
        author.get("name") if isinstance(author, dict) else None,
        *(field.get("name") for field in fields),
    )
    said = next((str(text) for text in texts if text), "")
    if not said and embed.get("image"):
        return t("a picture")
    return cut(plain(said), _LONGEST_NAME) or t("empty")


def embed_in_words(embed: dict[str, Any]) -> str:
    """Return an embed on one line: its name and what it has."""
    fields, parts = entries(embed.get("fields")), list[str]()
    if fields:
        parts.append(tn("{count} field", "{count} fields", len(fields)))
    if embed.get("image") or embed.get("thumbnail"):
        parts.append(t("with a picture"))
    name = in_quotes(embed_name(embed))
    return f"{name} ({', '.join(parts)})" if parts else name


def file_in_words(file: dict[str, Any]) -> str:
    """Return a file's name, and whether it is covered."""
    name = cut(plain(str(file.get("name") or "?")), _LONGEST_NAME)
    return t("{name} (spoiler)", name=name) if file.get("spoiler") else name


def size_in_words(size: int) -> str:
    """Format a size in bytes in a suitable unit."""
    if size < 1024:
        return tn("{count} byte", "{count} bytes", size)
    if size < 1024 * 1024:
        return f"{size / 1024:.0f} KiB"
    return f"{mebibytes(size)} MiB"


def _listed(words: list[str], total: int) -> str:
    shown = ", ".join(words[:_MOST_NAMED])
    more = total - _MOST_NAMED
    return f"{shown} {tn('and {count} more', 'and {count} more', more)}" if more > 0 else shown


def _embeds(value: object) -> str:
    items = entries(value)
    return _listed([embed_in_words(item) for item in items], len(items))


def _files(value: object) -> str:
    items = entries(value)
    return _listed([file_in_words(item) for item in items], len(items))


def button_in_words(button: dict[str, Any]) -> str:
    """Return a link button's label and address."""
    label = cut(plain(f"{button.get('emoji') or ''} {button.get('label') or ''}".strip()), _LONGEST_NAME)
    return f"{label} → {cut(plain(str(button.get('url') or '?')), 100)}"


def _buttons(value: object) -> str:
    items = entries(value)
    return _listed([button_in_words(item) for item in items], len(items))


def _poll(value: object) -> str:
    poll = cast("dict[str, Any]", value)
    answers = [cut(plain(str(answer)), _LONGEST_NAME) for answer in cast("list[Any]", poll["answers"])]
    parts = [in_quotes(cut(plain(str(poll["question"])), 150)), *answers]
    hours = int(poll.get("hours") or 24)
    lasts = tn("{count} hour", "{count} hours", hours)
    if hours % 24 == 0:
        lasts = tn("{count} day", "{count} days", hours // 24)
    parts.append(lasts)
    if poll.get("several"):
        parts.append(t("multiple answers allowed"))
    return " · ".join(parts)


def _layout(value: object) -> str:
    items = entries(value)
    return tn("{count} part", "{count} parts", len(items))


# Read as: a key within a part, and what people call it.
_KEYS = {
    "title": mark("Title"), "description": mark("Text"), "content": mark("Text"), "text": mark("Text"),
    "url": mark("Address"), "color": mark("Colour"), "timestamp": mark("Time"), "author": mark("Author"),
    "footer": mark("Footer"), "image": mark("Picture"), "thumbnail": mark("Small picture"),
    "icon_url": mark("Icon"), "fields": mark("Field"), "name": mark("Name"), "value": mark("Text"),
    "inline": mark("Beside the field before it"), "label": mark("Label"), "emoji": mark("Emoji"),
    "alt": mark("Description"), "spoiler": mark("Spoiler"), "question": mark("Question"),
    "answers": mark("Answer"), "hours": mark("Hours"), "several": mark("Multiple answers"),
    "media": mark("Picture"), "file": mark("File"),
}  # fmt: skip
_SAID_BY_ITS_PART = frozenset({"components", "accessory", "items"})
"""Keys that only hold parts together, and of which a reader learns nothing."""

# Read as: the kind of a part, and the words for its value.
_WORDS: dict[Kind, Callable[[object], str]] = {
    Kind.EMBEDS: _embeds,
    Kind.FILES: _files,
    Kind.BUTTONS: _buttons,
    Kind.POLL: _poll,
    Kind.LAYOUT: _layout,
}
# Read as: the name of a parameter of ``send_post``, and its kind.
_NAMED = {
    "embeds": Kind.EMBEDS,
    "files": Kind.FILES,
    "cover": Kind.FILES,
    "buttons": Kind.BUTTONS,
    "poll": Kind.POLL,
    "layout": Kind.LAYOUT,
}
