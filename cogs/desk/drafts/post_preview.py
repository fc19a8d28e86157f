"""Preview a job's post: its message, and its embed as an embed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from discord import ui

from cogs.desk.kit.wording import cut
from cogs.language import t, translated
from schedulezero.errors import ParameterError
from schedulezero.methods.colours import parse_colour
from schedulezero.methods.spec import MethodSpec
from schedulezero.methods.variables import Facts, render, turn, turns

_LONGEST = 1500
_MOST_FIELDS = 6


@dataclass(frozen=True, slots=True)
class Post:
    """A post: a message, an embed's JSON, or both; ``turns`` texts rotate."""

    content: str = ""
    embed: Mapping[str, Any] | None = None
    turns: int = 1


def post_of(
    spec: MethodSpec, params: Mapping[str, Any], facts: Facts, number: int, *, guild_id: str
) -> Post | None:
    """Return the post of a job, as far as its params define it; None for a job that posts nothing.

    Parameters:
        spec: what its method declares; variables are rendered in the same texts as in a run.
        params: the job's params.
        facts: the values of the variables.
        number: the number of the run, from 1, which picks the text to show.
        guild_id: the job's guild, whose id is also that of its role @everyone.
    """
    if not spec.variables:
        return None
    texts = {name: _rendered(params.get(name), facts, number) for name in spec.variables}
    if "description" in texts and "channel_id" in params:
        if not (texts.get("title") or texts.get("description")):
            return None
        return Post(
            embed={
                "title": texts.get("title"),
                "description": texts.get("description"),
                "footer": texts.get("footer"),
                "color": params.get("color"),
                "thumbnail": params.get("thumbnail_url"),
                "image": params.get("image_url"),
                "fields": params.get("fields"),
            }
        )
    role_id = str(params.get("role_id") or "")
    called = ["@everyone"] if params.get("everyone") or role_id == guild_id else []
    called += [f"<@&{role_id}>"] if role_id and role_id != guild_id else []
    heading = f"**{title}**\n" if (title := texts.pop("title", "")) else ""
    content = heading + " ".join([*called, *(text for text in texts.values() if text)])
    given = params.get("embed")
    embed = _flat(cast("dict[str, Any]", given)) if isinstance(given, dict) else None
    count = max((len(turns(str(params.get(name) or ""))) for name in spec.variables), default=1)
    return Post(content, embed, count) if content or embed else None


def _rendered(text: Any, facts: Facts, number: int) -> str:
    if not text:
        return ""
    try:
        return render(turn(str(text), number), facts)
    except ParameterError as error:
        return f"{text}\n-# ⚠ {translated(error.message)}"


def _flat(data: dict[str, Any]) -> dict[str, Any]:
    """Reduce an embed's JSON to the parts that the preview shows."""

    def inner(key: str, name: str) -> Any:
        part = data.get(key)
        return cast("dict[str, Any]", part).get(name) if isinstance(part, dict) else None

    return {
        "title": data.get("title"),
        "description": data.get("description"),
        "footer": inner("footer", "text"),
        "color": data.get("color"),
        "thumbnail": inner("thumbnail", "url"),
        "image": inner("image", "url"),
        "fields": data.get("fields"),
    }


def post_items(post: Post) -> list[ui.Item[Any]]:
    """Return the components that show a post below a panel; they may be added to any layout."""
    heading = t("This is how it will look:")
    if post.turns > 1:
        heading = t("This is how it will look next, one of {count} texts in turn:", count=post.turns)
    items: list[ui.Item[Any]] = [ui.TextDisplay(f"-# {heading}")]
    if post.content:
        items.append(ui.TextDisplay(cut(post.content, _LONGEST)))
    if post.embed is not None:
        items.append(_embed_container(post.embed))
    return items


def _embed_container(embed: Mapping[str, Any]) -> ui.Container[Any]:
    container: ui.Container[Any] = ui.Container(accent_colour=parse_colour(embed.get("color")))
    lines = [f"### {cut(str(embed['title']), 256)}"] if embed.get("title") else []
    if embed.get("description"):
        lines.append(cut(str(embed["description"]), _LONGEST))
    text = "\n".join(lines) or "…"
    thumbnail, image = _address(embed.get("thumbnail")), _address(embed.get("image"))
    if thumbnail:
        picture: ui.Thumbnail[Any] = ui.Thumbnail(thumbnail, description=t("small picture of the embed"))
        container.add_item(ui.Section(ui.TextDisplay(text), accessory=picture))
    else:
        container.add_item(ui.TextDisplay(text))
    if fields := _fields(embed.get("fields")):
        container.add_item(ui.TextDisplay(fields))
    if image:
        gallery: ui.MediaGallery[Any] = ui.MediaGallery()
        gallery.add_item(media=image, description=t("large picture of the embed"))
        container.add_item(gallery)
    if embed.get("footer"):
        container.add_item(ui.TextDisplay(f"-# {cut(str(embed['footer']), 200)}"))
    return container


def _fields(value: Any) -> str:
    items = cast("list[Any]", value)[:_MOST_FIELDS] if isinstance(value, list) else []
    shown = [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
    return "\n".join(
        f"**{cut(str(item.get('name', '')), 100)}**\n{cut(str(item.get('value', '')), 150)}" for item in shown
    )


def _address(value: Any) -> str | None:
    text = str(value or "")
    return text if text.startswith(("http://", "https://")) and len(text) <= 2048 else None
