"""Preview a job's post: its message, its embeds as embeds, its files, buttons and poll.

It shows about what Discord will; `cogs.desk.compose.trying` shows exactly that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from discord import ui

from cogs.desk.kit.in_words import in_words
from cogs.desk.kit.layout import MOST_COMPONENTS, count_of
from cogs.desk.kit.wording import cut, plain
from cogs.language import t, tn, translated
from schedulezero.compose.rendering import ATTACHMENT, Rendered, rendered_post
from schedulezero.errors import ParameterError
from schedulezero.methods.colours import parse_colour
from schedulezero.methods.parameters import Kind
from schedulezero.methods.spec import MethodSpec
from schedulezero.methods.variables import Facts, render, turn, turns

_LONGEST = 1500
_MOST_FIELDS = 6


@dataclass(frozen=True, slots=True)
class Post:
    """A post; ``turns`` texts rotate.

    Attributes:
        content: its text, with the pings before it.
        embeds: its embeds, reduced to what the preview shows.
        notes: its files, buttons and poll, each in words.
        turns: how many texts it has.
    """

    content: str = ""
    embeds: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    turns: int = 1


def is_composed(spec: MethodSpec) -> bool:
    """Return whether a job's post has the parts of ``send_post``."""
    return any(parameter.kind is Kind.EMBEDS for parameter in spec.parameters)


def post_of(
    spec: MethodSpec,
    params: Mapping[str, Any],
    facts: Facts,
    number: int,
    *,
    guild_id: str,
    faults: bool = True,
) -> Post | None:
    """Return the post of a job, as far as its params define it; None for a job that posts nothing.

    Parameters:
        spec: what its method declares; variables are rendered in the same texts as in a run.
        params: the job's params.
        facts: the values of the variables.
        number: the number of the run, from 1, which picks the text to show.
        guild_id: the job's guild, whose id is also that of its role @everyone.
        faults: whether to say in the preview what is wrong with a text.
    """
    if not spec.variables:
        return None
    if is_composed(spec):
        return _composed(params, facts, number, guild_id, faults=faults)
    texts = {name: _rendered(params.get(name), facts, number, faults=faults) for name in spec.variables}
    if "description" in texts and "channel_id" in params:
        if not (texts.get("title") or texts.get("description")):
            return None
        return Post(
            embeds=(
                {
                    "title": texts.get("title"),
                    "description": texts.get("description"),
                    "footer": texts.get("footer"),
                    "color": params.get("color"),
                    "thumbnail": params.get("thumbnail_url"),
                    "image": params.get("image_url"),
                    "fields": params.get("fields"),
                },
            )
        )
    role_id = str(params.get("role_id") or "")
    called = ["@everyone"] if params.get("everyone") or role_id == guild_id else []
    called += [f"<@&{role_id}>"] if role_id and role_id != guild_id else []
    heading = f"**{title}**\n" if (title := texts.pop("title", "")) else ""
    content = heading + " ".join([*called, *(text for text in texts.values() if text)])
    given = params.get("embed")
    embeds = (_flat(cast("dict[str, Any]", given)),) if isinstance(given, dict) else ()
    count = max((len(turns(str(params.get(name) or ""))) for name in spec.variables), default=1)
    return Post(content, embeds, turns=count) if content or embeds else None


def _composed(
    params: Mapping[str, Any], facts: Facts, number: int, guild_id: str, *, faults: bool
) -> Post | None:
    """Return the preview of a composed post; one that can't be rendered is shown as it was typed."""
    said = list[str]()
    try:
        post = rendered_post(params, facts, number, guild_id=guild_id)
    except ParameterError as error:
        said += [f"⚠ {translated(error.message)}"] if faults else []
        post = Rendered(content=str(params.get("text") or ""))
    if post.empty and not said:
        return None
    for kind, part in (
        (Kind.FILES, _not_embedded(post)),
        (Kind.BUTTONS, list(post.buttons)),
        (Kind.POLL, post.poll),
        (Kind.LAYOUT, list(post.layout)),
    ):
        if part and (words := in_words(kind, part)) is not None:
            said.append(f"{_SIGNS[kind]} {words}")
    content = f"**{post.title}**\n{post.content}" if post.title else post.content
    return Post(content, tuple(_flat(embed) for embed in post.embeds), tuple(said), post.turns)


def _not_embedded(post: Rendered) -> list[dict[str, Any]]:
    """Return the files that the embeds don't show; the others are seen in the embeds alone."""
    pictures = [
        cast("dict[str, Any]", embed[key]).get("url")
        for embed in post.embeds
        for key in _PICTURES
        if isinstance(embed.get(key), dict)
    ]
    return [item for item in post.files if f"{ATTACHMENT}{item.get('name')}" not in pictures]


_PICTURES = ("thumbnail", "image")

# Read as: a kind of part, and the sign of its line in the preview.
_SIGNS = {Kind.FILES: "📎", Kind.BUTTONS: "🔗", Kind.POLL: "📊", Kind.LAYOUT: "▦"}


def _rendered(text: Any, facts: Facts, number: int, *, faults: bool) -> str:
    if not text:
        return ""
    try:
        return render(turn(str(text), number), facts)
    except ParameterError as error:
        return f"{text}\n-# ⚠ {translated(error.message)}" if faults else str(text)


def _flat(data: dict[str, Any]) -> dict[str, Any]:
    """Reduce an embed's JSON to the parts that the preview shows."""

    def inner(key: str, name: str) -> Any:
        part = data.get(key)
        return cast("dict[str, Any]", part).get(name) if isinstance(part, dict) else None

    return {
        "title": data.get("title"),
        "description": data.get("description"),
        "author": inner("author", "name"),
        "footer": inner("footer", "text"),
        "color": data.get("color"),
        "thumbnail": inner("thumbnail", "url"),
        "image": inner("image", "url"),
        "fields": data.get("fields"),
    }


def post_items(post: Post, room: int = MOST_COMPONENTS) -> list[ui.Item[Any]]:
    """Return the components that show a post below a panel; they may be added to any layout.

    Parameters:
        post: the post.
        room: how many components may be added; what doesn't fit is counted in words.
    """
    heading = t("This is how it will look:")
    if post.turns > 1:
        heading = t("This is how the next of {count} texts will look:", count=post.turns)
    items: list[ui.Item[Any]] = [ui.TextDisplay(f"-# {heading}")]
    if post.content:
        items.append(ui.TextDisplay(cut(post.content, _LONGEST)))
    room -= len(items) + bool(post.notes)
    left = len(post.embeds)
    for embed in post.embeds:
        container = _embed_container(embed)
        needs = count_of(container)
        if needs > room - (left > 1):  # a line that counts the others must fit, too
            break
        items.append(container)
        room, left = room - needs, left - 1
    notes = list(post.notes)
    if left and room > 0:
        notes.insert(0, tn("and {count} more embed", "and {count} more embeds", left))
    if notes:
        items.append(ui.TextDisplay("\n".join(cut(note, 400) for note in notes)))
    return items if room >= 0 else items[: max(room + len(items), 0)]


def embed_preview(embed: Mapping[str, Any]) -> ui.Container[Any]:
    """Return the component that shows an embed's JSON, its variables not filled in."""
    return _embed_container(_flat(dict(embed)))


def _embed_container(embed: Mapping[str, Any]) -> ui.Container[Any]:
    container: ui.Container[Any] = ui.Container(accent_colour=parse_colour(embed.get("color")))
    lines = [f"-# {cut(str(embed['author']), 256)}"] if embed.get("author") else []
    lines += [f"### {cut(str(embed['title']), 256)}"] if embed.get("title") else []
    if embed.get("description"):
        lines.append(cut(str(embed["description"]), _LONGEST))
    if fields := _fields(embed.get("fields")):
        lines.append(fields)
    image = embed.get("image")
    lines += [f"🖼 {own}" for key in _PICTURES if (own := _own_file(embed.get(key))) is not None]
    text = "\n".join(lines) or "…"
    thumbnail, address = _address(embed.get("thumbnail")), _address(image)
    if thumbnail:
        picture: ui.Thumbnail[Any] = ui.Thumbnail(thumbnail, description=t("embed thumbnail"))
        container.add_item(ui.Section(ui.TextDisplay(text), accessory=picture))
    else:
        container.add_item(ui.TextDisplay(text))
    if address:
        gallery: ui.MediaGallery[Any] = ui.MediaGallery()
        gallery.add_item(media=address, description=t("large picture of the embed"))
        container.add_item(gallery)
    if embed.get("footer"):
        container.add_item(ui.TextDisplay(f"-# {cut(str(embed['footer']), 200)}"))
    return container


def _own_file(address: Any) -> str | None:
    """Return the name of the post's own file that an embed shows; None for an address elsewhere."""
    text = str(address or "")
    return cut(plain(text.removeprefix(ATTACHMENT)), 100) if text.startswith(ATTACHMENT) else None


def _fields(value: Any) -> str:
    items = cast("list[Any]", value)[:_MOST_FIELDS] if isinstance(value, list) else []
    shown = [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
    return "\n".join(
        f"**{cut(str(item.get('name', '')), 100)}**\n{cut(str(item.get('value', '')), 150)}" for item in shown
    )


def _address(value: Any) -> str | None:
    text = str(value or "")
    return text if text.startswith(("http://", "https://")) and len(text) <= 2048 else None
