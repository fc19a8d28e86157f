"""Read the components of a message: its buttons that are links, or its layout. Pure.

Source: https://discord.com/developers/docs/components/reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from schedulezero.compose import limits
from schedulezero.compose.pasted_notes import Notes

_ROW, _BUTTON, _LINK = 1, 2, 5
_SECTION, _TEXT, _THUMBNAIL, _GALLERY, _FILE, _SEPARATOR, _CONTAINER = 9, 10, 11, 12, 13, 14, 17
_LAYOUT = (_SECTION, _TEXT, _THUMBNAIL, _GALLERY, _FILE, _SEPARATOR, _CONTAINER)
_MENUS = (3, 5, 6, 7, 8)


@dataclass(slots=True)
class Components:
    """A message's components: buttons below it, or a layout that is the message."""

    buttons: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    layout: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def read_components(value: Any, notes: Notes) -> Components:
    """Return the components that go along; note the others."""
    items = _objects(value)
    if any(item.get("type") in _LAYOUT for item in items):
        layout = [
            kept
            for number, item in enumerate(items)
            if (kept := _kept(item, f"components[{number}]", notes)) is not None
        ]
        if (count := sum(_count(item) for item in layout)) > limits.LAYOUT_COMPONENTS.most:
            notes.too_many("components", count, limits.LAYOUT_COMPONENTS.most)
        return Components(layout=layout)
    buttons: list[dict[str, Any]] = []
    for number, row in enumerate(items):
        inner = _objects(row.get("components")) if row.get("type") == _ROW else [row]
        for place, item in enumerate(inner):
            if (button := _button(item, f"components[{number}].components[{place}]", notes)) is not None:
                buttons.append(button)
    if len(buttons) > limits.BUTTONS.most:
        notes.too_many("components", len(buttons), limits.BUTTONS.most)
    return Components(buttons=buttons[: limits.BUTTONS.most])


def _objects(value: Any) -> list[dict[str, Any]]:
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def _button(item: dict[str, Any], place: str, notes: Notes) -> dict[str, Any] | None:
    """Return a link button as a post holds it; None after noting why another component stays out."""
    if not _is_link(item, place, notes):
        return None
    address = str(item["url"]).strip()
    if not address.startswith("discord://"):
        found = notes.address(address, f"{place}.url", limits.BUTTON_ADDRESS)
        if found is None:
            return None
        address = found
    label = notes.text(item.get("label"), f"{place}.label", limits.BUTTON_LABEL, variables=False)
    button = {"label": label, "url": address}
    if (emoji := _emoji(item.get("emoji"))) is not None:
        button["emoji"] = emoji
    return button


def _is_link(item: dict[str, Any], place: str, notes: Notes) -> bool:
    kind = item.get("type")
    if kind in _MENUS:
        notes.leave(
            place, "Menus can't be carried over: choosing from one would do nothing.", code="paste_left_menu"
        )
    elif kind != _BUTTON:
        notes.leave(place, "I don't know this component.", code="paste_left_component")
    elif item.get("style") != _LINK or not isinstance(item.get("url"), str):
        notes.leave(place, "Only buttons that open a link can be carried over.", code="paste_left_button")
    else:
        return True
    return False


def _emoji(value: Any) -> str | None:
    if isinstance(value, str):
        return value[:100] or None
    data = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    name, identifier = data.get("name"), data.get("id")
    if not isinstance(name, str) or not name:
        return None
    if identifier and str(identifier).isdigit():
        return f"<{'a' if data.get('animated') else ''}:{name}:{identifier}>"[:100]
    return name[:100]


def _kept(item: dict[str, Any], place: str, notes: Notes) -> dict[str, Any] | None:
    """Return a component of a layout without what can't go along; None if nothing of it is left."""
    kind = item.get("type")
    kept = {key: value for key, value in item.items() if key not in ("id", "_id")}
    if kind == _FILE or "attachment://" in str(
        item.get("media") or item.get("items") or item.get("file") or ""
    ):
        notes.leave(place, "Its file isn't carried over. Add it in the form.", code="paste_left_attachment")
        return None
    if kind in (_BUTTON, *_MENUS) or kind not in (_ROW, *_LAYOUT):
        return kept if _is_link(item, place, notes) else None
    if kind == _TEXT:
        kept["content"] = notes.text(item.get("content"), f"{place}.content", limits.LAYOUT_TEXT)
    if kind in (_ROW, _SECTION, _CONTAINER):
        kept["components"] = [
            found
            for number, inner in enumerate(_objects(item.get("components")))
            if (found := _kept(inner, f"{place}.components[{number}]", notes)) is not None
        ]
        if not kept["components"]:
            return None
    if kind == _SECTION:
        beside = item.get("accessory")
        accessory = (
            _kept(cast("dict[str, Any]", beside), f"{place}.accessory", notes)
            if isinstance(beside, dict)
            else None
        )
        if accessory is None:  # Discord requires one; without it, a section is the texts in it
            inner = kept["components"]
            return inner[0] if len(inner) == 1 else {"type": _CONTAINER, "components": inner}
        kept["accessory"] = accessory
    return kept


def _count(item: dict[str, Any]) -> int:
    inner = sum(_count(child) for child in _objects(item.get("components")))
    return 1 + inner + (1 if isinstance(item.get("accessory"), dict) else 0)
