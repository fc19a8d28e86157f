"""Check a layout: a tree of Discord's components (*Components V2*) in place of a text and embeds. Pure.

https://discord.com/developers/docs/components/reference says what each component has, and which may stand
where. A post's buttons can only be links, because a scheduled post has nobody to answer a click.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from schedulezero.compose import limits
from schedulezero.compose.expecting import expect_within
from schedulezero.errors import JobFailed
from schedulezero.model import JsonObject

ROW, BUTTON, SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 1, 2, 9, 10, 11, 12, 13, 14, 17
LINK = 5
"""The style of a button that opens an address."""
_INSIDE = frozenset({ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR})
# Read as: the type of a component, or None for the layout itself, and the types that it may hold.
_HOLDS: dict[int | None, frozenset[int]] = {
    None: _INSIDE | {CONTAINER},
    CONTAINER: _INSIDE,
    SECTION: frozenset({TEXT}),
    ROW: frozenset({BUTTON}),
}
_MOST = {SECTION: limits.SECTION_TEXTS, ROW: limits.ROW_BUTTONS}
_DROPPED = ("id", "custom_id", "proxy_url", "height", "width", "content_type", "attachment_id")


def read_layout(layout: list[JsonObject]) -> list[JsonObject]:
    """Return a layout without what Discord adds to it. Raises JobFailed if Discord would refuse it."""
    found = [_read(item, None, str(number)) for number, item in enumerate(layout, 1)]
    everything = list(parts_of(found))
    expect_within(limits.LAYOUT_COMPONENTS, len(everything))
    expect_within(limits.LAYOUT_TEXT, sum(len(item["content"]) for item in everything if "content" in item))
    return found


def parts_of(layout: list[JsonObject]) -> Iterator[JsonObject]:
    """Yield each component of a layout, from top to bottom."""
    for item in layout:
        yield item
        yield from parts_of(item.get("components", []))
        if "accessory" in item:
            yield item["accessory"]


def addresses_of(layout: list[JsonObject]) -> list[str]:
    """Return the addresses of a layout's pictures and files."""
    return [media["url"] for item in parts_of(layout) for media in _media_of(item)]


def with_addresses(layout: list[JsonObject], sent_as: dict[str, str]) -> list[JsonObject]:
    """Return a layout whose pictures and files have other addresses.

    Parameters:
        layout: The layout.
        sent_as: The old address → the new one.
    """

    def changed(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: changed(inner, name) for name, inner in cast("JsonObject", value).items()}
        if isinstance(value, list):
            return [changed(inner) for inner in cast("list[Any]", value)]
        return sent_as.get(value, value) if key == "url" and isinstance(value, str) else value

    return cast("list[JsonObject]", changed(layout))


def _media_of(item: JsonObject) -> list[JsonObject]:
    match item["type"]:
        case 11:
            return [item["media"]]
        case 12:
            return [picture["media"] for picture in item["items"]]
        case 13:
            return [item["file"]]
        case _:
            return []


def _read(item: Any, parent: int | None, place: str) -> JsonObject:
    """Return one component, checked with all that it holds."""
    if not isinstance(item, dict):
        raise _misplaced(place, type(item).__name__)
    part = {key: value for key, value in cast("JsonObject", item).items() if key not in _DROPPED}
    kind = part.get("type")
    if isinstance(kind, bool) or kind not in _HOLDS[parent]:
        raise _misplaced(place, kind)
    if isinstance(kind, int) and kind in _HOLDS:
        part["components"] = _held(part.get("components"), kind, place)
    match kind:
        case 10:
            part["content"] = _text(part.get("content"), place)
        case 2:
            _expect_link(part, place)
        case 9:
            part["accessory"] = _accessory(part.get("accessory"), f"{place}.accessory")
        case 12:
            part["items"] = _pictures(part.get("items"), place)
        case 13:
            part["file"] = _media(part.get("file"), place, only_attached=True)
        case 14 if part.get("spacing", 1) not in (1, 2):
            raise _unusable(place, "spacing")
        case 17 if not _is_colour(part.get("accent_color")):
            raise _unusable(place, "accent_color")
        case _:
            pass
    for key in ("spoiler", "divider", "disabled"):
        if not isinstance(part.get(key, False), bool):
            raise _unusable(place, key)
    return part


def _held(items: Any, kind: int, place: str) -> list[JsonObject]:
    if not isinstance(items, list) or not items:
        raise _unusable(place, "components")
    listed = cast("list[Any]", items)
    if kind in _MOST:
        expect_within(_MOST[kind], len(listed))
    return [_read(item, kind, f"{place}.{number}") for number, item in enumerate(listed, 1)]


def _text(content: Any, place: str) -> str:
    if not isinstance(content, str) or not content.strip():
        raise _unusable(place, "content")
    return content


def _accessory(item: Any, place: str) -> JsonObject:
    part = cast("JsonObject", item) if isinstance(item, dict) else {}
    if part.get("type") == BUTTON:
        return _read(part, ROW, place)
    if part.get("type") != THUMBNAIL:
        raise _misplaced(place, part.get("type"))
    return _picture(part, place)


def _pictures(items: Any, place: str) -> list[JsonObject]:
    listed = cast("list[Any]", items) if isinstance(items, list) else []
    expect_within(limits.GALLERY_PICTURES, len(listed))
    return [_picture(item, f"{place}.{number}") for number, item in enumerate(listed, 1)]


def _picture(item: Any, place: str) -> JsonObject:
    if not isinstance(item, dict):
        raise _misplaced(place, type(item).__name__)
    part = {key: value for key, value in cast("JsonObject", item).items() if key not in _DROPPED}
    said = part.get("description")
    if said is not None and not isinstance(said, str):
        raise _unusable(place, "description")
    expect_within(limits.FILE_ALT, len(said or ""))
    if not isinstance(part.get("spoiler", False), bool):
        raise _unusable(place, "spoiler")
    return {**part, "media": _media(part.get("media"), place)}


def _media(media: Any, place: str, *, only_attached: bool = False) -> JsonObject:
    address = cast("JsonObject", media).get("url") if isinstance(media, dict) else None
    begins = ("attachment://",) if only_attached else ("attachment://", "https://", "http://")
    if not isinstance(address, str) or not address.startswith(begins) or any(map(str.isspace, address)):
        raise _unusable(place, "url")
    expect_within(limits.ADDRESS, len(address))
    return {"url": address}


def _expect_link(part: JsonObject, place: str) -> None:
    address, label = part.get("url"), part.get("label", "")
    if part.get("style") != LINK:
        raise JobFailed(
            "Part {place} of the layout is a button that isn't a link. Give it the style {link} and an "
            "address.",
            retry=False,
            code="layout_button_no_link",
            place=place,
            link=LINK,
        )
    if not isinstance(address, str) or not address.startswith(("https://", "http://", "discord://")):
        raise _unusable(place, "url")
    expect_within(limits.BUTTON_ADDRESS, len(address))
    if not isinstance(label, str) or not (label.strip() or isinstance(part.get("emoji"), dict)):
        raise _unusable(place, "label")
    expect_within(limits.BUTTON_LABEL, len(label))


def _is_colour(value: Any) -> bool:
    return value is None or (
        isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= limits.LARGEST_COLOUR
    )


def _misplaced(place: str, kind: Any) -> JobFailed:
    return JobFailed(
        "Part {place} of the layout can't be a component of type {kind}.",
        retry=False,
        code="layout_part_misplaced",
        place=place,
        kind=str(kind)[:40],
    )


def _unusable(place: str, key: str) -> JobFailed:
    return JobFailed(
        "Part {place} of the layout has no “{key}” that Discord accepts.",
        retry=False,
        code="layout_part_unusable",
        place=place,
        key=key,
    )
