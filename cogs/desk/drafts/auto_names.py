"""Names a job that nobody named: from its text, or from its kind and what it is about. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from cogs.desk.kit.wording import cut
from cogs.language import mark, t, translated
from schedulezero.compose.naming import LONGEST, name_from_text
from schedulezero.compose.typed_text import Directory
from schedulezero.methods.lasting import names_an_end
from schedulezero.methods.parameters import Kind
from schedulezero.methods.spec import MethodSpec
from schedulezero.web.address import AddressUnusable
from schedulezero.web.feed import feed_address

_TEXTS = ("title", "message", "question", "text", "description")
# Read as: a method, its name with what it is about: a place, a role, people, how long.
_KINDS = {
    "send_post": mark("Post in {place}"),
    "send_poll": mark("Poll in {place}"),
    "cleanup_messages": mark("Clean up {place}"),
    "lockdown_channel": mark("Lock {place}"),
    "unlock_channel": mark("Unlock {place}"),
    "set_slowmode": mark("Slow mode in {place}"),
    "add_role_scheduled": mark("Role {role} for {people}"),
    "give_role_for": mark("Role {role} for {people}"),
    "remove_role_scheduled": mark("Remove role {role} from {people}"),
    "send_dm": mark("Message to {people}"),
    "follow_calendar": mark("Calendar from {host}"),
    "send_agenda": mark("Agenda in {place}"),
}
_BY_KIND = frozenset(("follow_calendar", "send_agenda"))
"""Methods whose texts say nothing of what a job is about: templates, and headings of what isn't known yet."""
# Read as: a kind of parameter, the keys in its JSON that hold texts.
_INSIDE = {Kind.POLL: ("question",), Kind.EMBEDS: ("title", "description"), Kind.LAYOUT: ("content",)}
_SIGNS = {Kind.ROLE: "@&", Kind.ROLES: "@&", Kind.CHANNEL: "#", Kind.CHANNELS: "#"}
_FOR_A_WHILE = mark("{name}, for {length}")
_PLACED = mark("{name} in {place}")


def auto_name(spec: MethodSpec, params: Mapping[str, Any], directory: Directory) -> str:
    """Return a name for an unnamed job, in the current language, that holds no id.

    Parameters:
        spec: what its method declares.
        params: its params, or the values of its draft.
        directory: the names of channels, roles and people; who is not in it is not named.
    """
    said = () if spec.name in _BY_KIND else (params.get(key) for key in _TEXTS)
    for text in (*said, *_texts_inside(spec, params)):
        if name := name_from_text(str(text or ""), directory):
            return name
    place, role, people = (
        _names(spec, params, directory, kinds)
        for kinds in ((Kind.CHANNEL, Kind.CHANNELS), (Kind.ROLE, Kind.ROLES), (Kind.USER, Kind.USERS))
    )
    template, summary = _KINDS.get(spec.name), t(spec.summary).rstrip(".")
    values = {"place": place, "role": role.removeprefix("@"), "people": people.replace("@", "")}
    values["host"] = _host(spec, params)
    if template is not None and all(values[key] for key in values if f"{{{key}}}" in template):
        name = t(template, **values)
    else:
        name = t(_PLACED, name=summary, place=place) if place and len(summary) < LONGEST // 2 else summary
    if (length := params.get("lasts")) and template is not None and spec.name != "send_poll":
        said = translated(str(length))
        name = f"{name}, {said}" if names_an_end(said) else t(_FOR_A_WHILE, name=name, length=said)
    return cut(name, 100)


def _host(spec: MethodSpec, params: Mapping[str, Any]) -> str:
    """Return the host of the address that nobody may read; empty if there is none."""
    address = next((params.get(item.name) for item in spec.parameters if item.secret), None)
    try:
        return feed_address(str(address), allow_private=True).host if address else ""
    except AddressUnusable:
        return ""


def _texts_inside(spec: MethodSpec, params: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the first texts of a poll, of embeds and of a layout, as far as they can be read."""
    for parameter in spec.parameters:
        keys = _INSIDE.get(parameter.kind)
        if keys is not None:
            yield from _at_keys(params.get(parameter.name), keys)


def _at_keys(value: Any, keys: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _at_keys(item, keys)
    elif isinstance(value, Mapping):
        part = cast("Mapping[str, Any]", value)
        yield from (part[key] for key in keys if isinstance(part.get(key), str))
        yield from _at_keys(part.get("components"), keys)


def _names(spec: MethodSpec, params: Mapping[str, Any], directory: Directory, kinds: tuple[Kind, ...]) -> str:
    """Return the names of what the parameters of a kind name, at most three, with their signs."""
    found: list[str] = []
    for parameter in spec.parameters:
        value = params.get(parameter.name)
        if parameter.kind not in kinds or not value:
            continue
        sign = _SIGNS.get(parameter.kind, "@")
        items = cast("list[Any]", value) if isinstance(value, list) else [value]
        named = [directory.names.get(f"<{sign}{item}>", "") for item in items]
        if not found:  # the first one is what it is about
            found = [name for name in named if name]
    shown = ", ".join(found[:3])
    return f"{shown} +{len(found) - 3}" if len(found) > 3 else shown
