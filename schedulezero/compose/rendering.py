"""A post as a run sends it: its params with the variables filled in and the text of the turn chosen. Pure.

The desk shows a post beforehand with `rendered_post`. The job that posts (`sprockets.kit.composing`) takes
its pings from `called_in` and its embeds from `filled_embed`, too, and checks and sends them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from schedulezero import instants
from schedulezero.methods.variables import Facts, render, turn, turns

NOW = "now"
"""The timestamp of an embed that shows the instant of the run."""
ATTACHMENT = "attachment://"
"""What the address of a post's own file begins with in an embed."""

# Keys of an embed's JSON whose texts people read; addresses and the time have no variables.
_READ = frozenset(("title", "description", "name", "value", "text"))


@dataclass(frozen=True, slots=True)
class Rendered:
    """A post with everything filled in.

    Attributes:
        content: what it says, with the pings before it.
        embeds: its embeds, as Discord's JSON.
        files: its kept files, as params hold them (`schedulezero.compose.parts.PostFile`).
        buttons: its link buttons, as params hold them.
        poll: its poll, as params hold it; None if it has none.
        layout: its components of Discord's second version, instead of content, embeds and poll.
        title: the title of the post in a forum.
        thread: the title of the thread to open under it.
        turns: how many texts take turns.
    """

    content: str = ""
    embeds: tuple[dict[str, Any], ...] = ()
    files: tuple[dict[str, Any], ...] = ()
    buttons: tuple[dict[str, Any], ...] = ()
    poll: dict[str, Any] | None = None
    layout: tuple[dict[str, Any], ...] = ()
    title: str = ""
    thread: str = ""
    turns: int = field(default=1, compare=False)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to post."""
        return not (self.content or self.embeds or self.files or self.poll or self.layout)


def rendered_post(
    params: Mapping[str, Any], facts: Facts, number: int, *, guild_id: str = "", seed: str = ""
) -> Rendered:
    """Return the post of a run, from the params of ``send_post``.

    Parameters:
        params: the job's params, as JSON holds them.
        facts: the values of the variables.
        number: the number of the run, from 1, which picks the text.
        guild_id: the job's guild, whose id is also that of its role @everyone.
        seed: the job's id, for texts in random order.

    Raises ParameterError for a variable that is unknown or can't be filled in.
    """

    def said(text: Any) -> str:
        shuffled = bool(params.get("shuffled"))
        return render(turn(str(text or ""), number, shuffled=shuffled, seed=seed), facts)

    text = said(params.get("text"))
    content = " ".join(part for part in (*called(params, guild_id), text) if part)
    poll = cast("dict[str, Any] | None", params.get("poll"))
    return Rendered(
        content=content,
        embeds=tuple(filled_embed(embed, said, facts.now) for embed in _dicts(params.get("embeds"))),
        files=tuple(_dicts(params.get("files"))),
        buttons=tuple(_dicts(params.get("buttons"))),
        poll=_read(poll, said) if poll else None,
        layout=tuple(_read(item, said) for item in _dicts(params.get("layout"))),
        title=said(params.get("title")),
        thread=said(params.get("thread")),
        turns=len(turns(str(params.get("text") or ""))),
    )


def called(params: Mapping[str, Any], guild_id: str = "") -> tuple[str, ...]:
    """Return the pings that a post begins with, as Discord writes them.

    Parameters:
        params: the params of ``send_post``.
        guild_id: the job's guild, whose id is also that of its role @everyone.
    """
    ids = [str(item) for item in cast("list[Any]", params.get("role_ids") or [])]
    return called_in(ids, params.get("ping"), guild_id)


def called_in(role_ids: Iterable[str], ping: str | None, guild_id: str) -> tuple[str, ...]:
    """Return the pings of these roles, and of everyone or those who are online, as Discord writes them.

    Discord's menus offer @everyone as a role, whose id is the guild's.
    """
    ids = dict.fromkeys(role_ids)
    everyone = ["@everyone"] if ping == "everyone" or guild_id in ids else ["@here"] if ping == "here" else []
    return (*everyone, *(f"<@&{item}>" for item in ids if item != guild_id))


def filled_embed(embed: Mapping[str, Any], said: Callable[[Any], str], at: datetime) -> dict[str, Any]:
    """Return an embed's JSON with its texts filled in, and its time as ISO text.

    Parameters:
        embed: the embed, as params hold it.
        said: fills in a text.
        at: the instant of the run.
    """
    filled = _read(embed, said)
    if filled.get("timestamp") == NOW:
        filled["timestamp"] = instants.to_iso(at)
    return filled


def length_of(embed: Mapping[str, Any]) -> int:
    """Return how many characters of an embed count for Discord's limit on all embeds together.

    https://discord.com/developers/docs/resources/message#embed-object-embed-limits
    """

    def inner(key: str, name: str) -> int:
        part = embed.get(key)
        return len(str(cast("dict[str, Any]", part).get(name) or "")) if isinstance(part, dict) else 0

    fields = sum(
        len(str(item.get("name") or "")) + len(str(item.get("value") or ""))
        for item in _dicts(embed.get("fields"))
    )
    own = len(str(embed.get("title") or "")) + len(str(embed.get("description") or ""))
    return own + fields + inner("author", "name") + inner("footer", "text")


def _read(part: Mapping[str, Any], said: Callable[[Any], str]) -> dict[str, Any]:
    """Return a part with the texts filled in that people read, at any depth."""
    found: dict[str, Any] = {}
    for key, value in part.items():
        if isinstance(value, dict):
            found[key] = _read(cast("dict[str, Any]", value), said)
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            found[key] = [
                _read(cast("dict[str, Any]", item), said)
                if isinstance(item, dict)
                else said(item)
                if key == "answers"
                else item
                for item in items
            ]
        elif isinstance(value, str) and (key in _READ or key in ("question", "content")):
            found[key] = said(value)
        else:
            found[key] = value
    return found


def _dicts(value: Any) -> list[dict[str, Any]]:
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
